"""What an agent wants of calls: a pause, and since when missed ones are new. Refusals at the SOAP endpoint, counted."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("agent", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("agent", sa.Column("calls_looked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "refusal",
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("integration", sa.String(length=60), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "integration", "operation", "reason", name="pk_refusal"),
    )


def downgrade() -> None:
    op.drop_table("refusal")
    op.drop_column("agent", "calls_looked_at")
    op.drop_column("agent", "paused_at")
