"""What is unfinished and nobody's, by group: few where it matters, and counted on every first page."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

_UNASSIGNED = sa.text("situation NOT IN ('Cancelada', 'Resolvida', 'Fechada') AND responsible_id IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_request_unassigned",
        "request",
        ["group_id", "situation", "due_at", "id", "responsible_id", "priority", "opened_at"],
        unique=False,
        sqlite_where=_UNASSIGNED,
        postgresql_where=_UNASSIGNED,
    )


def downgrade() -> None:
    op.drop_index("ix_request_unassigned", table_name="request")
