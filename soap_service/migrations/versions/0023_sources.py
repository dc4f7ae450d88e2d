"""Where imported requests and requesters come from: the source of a request, another system's id of a requester."""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

log = logging.getLogger(__name__)


def upgrade() -> None:
    op.add_column("request", sa.Column("source", sa.String(length=60), server_default="", nullable=False))
    op.add_column("requester", sa.Column("external_id", sa.String(length=100), nullable=True))
    op.create_index("ix_requester_external_id", "requester", ["external_id"], unique=True)


def downgrade() -> None:
    connection = op.get_bind()
    for what, query in (
        ("sources of imported requests: they become like those opened here", "request WHERE source <> ''"),
        ("other systems' ids of requesters", "requester WHERE external_id IS NOT NULL"),
    ):
        if count := connection.scalar(sa.text(f"SELECT count(*) FROM {query}")):  # noqa: S608
            log.warning("lost by going back before schema 0023: %d %s", count, what)
    op.drop_index("ix_requester_external_id", table_name="requester")
    op.drop_column("requester", "external_id")
    op.drop_column("request", "source")
