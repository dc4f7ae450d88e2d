"""What agents' browsers are told while it happens, kept until every process has told its own."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "live_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("extension", sa.String(length=20), nullable=True),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_live_event_created_at", "live_event", ["created_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_live_event_created_at", table_name="live_event")
    op.drop_table("live_event")
