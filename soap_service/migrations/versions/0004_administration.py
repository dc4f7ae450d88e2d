"""Administration: the history of changes, the working calendar, when each platform last called."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "admin_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("origin_key", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_admin_change"),
        sa.UniqueConstraint("origin_key", name="uq_admin_change_origin_key"),
    )
    op.create_table(
        "working_calendar",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("week", sa.Text(), nullable=False),
        sa.Column("skips_national", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_working_calendar"),
    )
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("is_yearly", sa.Boolean(), nullable=False),
        sa.Column("is_worked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_calendar_day"),
    )
    op.create_table(
        "integration_use",
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["integration_id"], ["integration.id"], name="fk_integration_use_integration_id"),
        sa.PrimaryKeyConstraint("integration_id", name="pk_integration_use"),
    )


def downgrade() -> None:
    for name in ("integration_use", "calendar_day", "working_calendar", "admin_change"):
        op.drop_table(name)
