"""What agents open and resolve, by time, for the panel: the child requests that calls launch are not in the index."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_WORK = sa.text("action IN ('abertura', 'resolução') AND actor <> 'Automático'")


def upgrade() -> None:
    op.create_index(
        "ix_request_event_work",
        "request_event",
        ["happened_at", "action", "actor"],
        unique=False,
        sqlite_where=_WORK,
        postgresql_where=_WORK,
    )


def downgrade() -> None:
    op.drop_index("ix_request_event_work", table_name="request_event")
