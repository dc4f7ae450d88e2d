"""Need to know: groups whose agents see only their own requests. Every group sees all until somebody restricts it."""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

log = logging.getLogger(__name__)


def upgrade() -> None:
    op.add_column("executor_group", sa.Column("sees_all", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    query = sa.text("SELECT count(*) FROM executor_group WHERE NOT sees_all")
    if count := op.get_bind().scalar(query):
        log.warning("lost by going back before schema 0027: %d groups were restricted and see all again", count)
    op.drop_column("executor_group", "sees_all")
