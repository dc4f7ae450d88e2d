"""Templates of description for services. A downgrade forgets them."""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

log = logging.getLogger(__name__)


def upgrade() -> None:
    op.add_column("service", sa.Column("description_template", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    query = sa.text("SELECT count(*) FROM service WHERE description_template <> ''")
    if count := op.get_bind().scalar(query):
        log.warning("lost by going back before schema 0021: %d templates of description", count)
    op.drop_column("service", "description_template")
