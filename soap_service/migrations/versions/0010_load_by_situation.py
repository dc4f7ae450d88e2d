"""The index of requests in progress begins with the situation, so that SQLite counts each group within it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    _index("situation", "group_id", "due_at")


def downgrade() -> None:
    _index("group_id", "due_at")


def _index(*columns: str) -> None:
    where = sa.text("situation IN ('EmAndamento', 'Reaberta')")
    op.drop_index("ix_request_load", "request")
    op.create_index("ix_request_load", "request", [*columns], sqlite_where=where, postgresql_where=where)
