"""Roles: what an agent may do. Who administers today does so afterwards; all others are agents."""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

log = logging.getLogger(__name__)


def upgrade() -> None:
    op.add_column("agent", sa.Column("role", sa.String(length=20), server_default="agent", nullable=False))
    op.execute(sa.text("UPDATE agent SET role = 'administrator' WHERE is_admin"))


def downgrade() -> None:
    query = sa.text("SELECT count(*) FROM agent WHERE role IN ('viewer', 'supervisor')")
    if count := op.get_bind().scalar(query):
        log.warning("lost by going back before schema 0025: the roles of %d agents: they become plain agents", count)
    op.drop_column("agent", "role")
