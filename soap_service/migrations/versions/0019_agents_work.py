"""The request that was opened from a call, and what agents choose for themselves. A downgrade forgets both."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "call_link",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_call_link_call_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_call_link_request_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", name="pk_call_link"),
    )
    op.create_index("ix_call_link_request_id", "call_link", ["request_id"], unique=False)
    op.create_table(
        "agent_choice",
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_agent_choice_agent_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("agent_id", "name", name="pk_agent_choice"),
    )


def downgrade() -> None:
    op.drop_table("agent_choice")
    op.drop_index("ix_call_link_request_id", table_name="call_link")
    op.drop_table("call_link")
