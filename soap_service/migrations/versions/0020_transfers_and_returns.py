"""Where a call was transferred to; who returned a missed one, and when. A downgrade forgets both."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("call", sa.Column("transferred_to", sa.String(length=20), nullable=True))
    op.add_column("call", sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True))
    # Both databases understand it within the column; SQLite adds no constraint to a table that is there.
    op.execute(
        "ALTER TABLE call ADD COLUMN returned_by_id INTEGER CONSTRAINT fk_call_returned_by_id REFERENCES agent (id)"
    )
    op.create_index("ix_call_returned_by_id", "call", ["returned_by_id"])
    op.create_index("ix_call_requester_id_created_at", "call", ["requester_id", "created_at"])
    op.drop_index("ix_call_requester_id", "call")


def downgrade() -> None:
    op.create_index("ix_call_requester_id", "call", ["requester_id"])
    op.drop_index("ix_call_requester_id_created_at", "call")
    op.drop_index("ix_call_returned_by_id", "call")
    for column in ("returned_by_id", "returned_at", "transferred_to"):
        op.drop_column("call", column)
