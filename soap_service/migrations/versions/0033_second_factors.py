"""Codes beside the password: agents' authenticators, their recovery codes, log-ins that wait for a code."""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

log = logging.getLogger(__name__)


def upgrade() -> None:
    op.add_column("agent", sa.Column("second_factor_at", sa.DateTime(timezone=True), nullable=True))
    column = sa.Column("must_set_up_factor", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("login_session", column)
    op.create_table(
        "second_factor",
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_second_factor_agent_id"),
        sa.PrimaryKeyConstraint("agent_id", name="pk_second_factor"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_recovery_code_agent_id"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_recovery_code"),
    )
    op.create_index("ix_recovery_code_agent_id", "recovery_code", ["agent_id"])
    op.create_table(
        "pending_login",
        sa.Column("id_hash", sa.LargeBinary(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_kept", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_pending_login_agent_id"),
        sa.PrimaryKeyConstraint("id_hash", name="pk_pending_login"),
    )
    op.create_index("ix_pending_login_agent_id", "pending_login", ["agent_id"])
    op.create_index("ix_pending_login_expires_at", "pending_login", ["expires_at"])


def downgrade() -> None:
    if count := op.get_bind().scalar(sa.text("SELECT count(*) FROM second_factor WHERE is_confirmed")):
        log.warning("lost by going back before schema 0033: %d agents log in with their password alone", count)
    for table in ("pending_login", "recovery_code", "second_factor"):
        op.drop_table(table)
    op.drop_column("login_session", "must_set_up_factor")
    op.drop_column("agent", "second_factor_at")
