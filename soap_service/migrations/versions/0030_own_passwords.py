"""Agents who must choose a password of their own; of those that are there, none must."""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

log = logging.getLogger(__name__)


def upgrade() -> None:
    op.add_column("agent", sa.Column("must_change_password", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    if count := op.get_bind().scalar(sa.text("SELECT count(*) FROM agent WHERE must_change_password")):
        log.warning("lost by going back before schema 0030: %d agents keep the password that they were given", count)
    op.drop_column("agent", "must_change_password")
