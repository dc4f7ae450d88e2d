"""The panel: hours of calls that are over, counted; and the requests in progress of each group, by deadline."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "call_hour",
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("delays", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("begins_at", name="pk_call_hour"),
    )
    where = sa.text("situation IN ('EmAndamento', 'Reaberta')")
    columns = ["group_id", "due_at"]
    op.create_index("ix_request_load", "request", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_request_load", "request")
    op.drop_table("call_hour")
