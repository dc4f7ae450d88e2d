"""Tries of passwords, counted by all nodes together, and the browsers that have budgets of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_table(
        "login_budget",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("full_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_login_budget"),
    )
    op.create_index("ix_login_budget_full_at", "login_budget", ["full_at"])
    op.create_table(
        "known_browser",
        sa.Column("id_hash", sa.LargeBinary(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_known_browser_agent_id"),
        sa.PrimaryKeyConstraint("id_hash", "agent_id", name="pk_known_browser"),
    )
    op.create_index("ix_known_browser_agent_id", "known_browser", ["agent_id"])


def downgrade() -> None:
    op.drop_index("ix_known_browser_agent_id", table_name="known_browser")
    op.drop_table("known_browser")
    op.drop_index("ix_login_budget_full_at", table_name="login_budget")
    op.drop_table("login_budget")
