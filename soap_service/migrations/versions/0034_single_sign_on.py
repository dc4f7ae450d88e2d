"""Single sign-on: agents' identities at a provider, browsers that are on their way there and back."""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

log = logging.getLogger(__name__)


def upgrade() -> None:
    column = sa.Column("by_provider", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("login_session", column)
    op.create_table(
        "agent_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("login", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_agent_identity_agent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_agent_identity"),
    )
    op.create_index("ix_agent_identity_issuer_subject", "agent_identity", ["issuer", "subject"], unique=True)
    op.create_index("ix_agent_identity_agent_id", "agent_identity", ["agent_id"])
    op.create_table(
        "pending_sign_on",
        sa.Column("id_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=43), nullable=False),
        sa.Column("nonce", sa.String(length=43), nullable=False),
        sa.Column("verifier", sa.String(length=64), nullable=False),
        sa.Column("return_path", sa.String(length=2000), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name="pk_pending_sign_on"),
    )
    op.create_index("ix_pending_sign_on_expires_at", "pending_sign_on", ["expires_at"])


def downgrade() -> None:
    if count := op.get_bind().scalar(sa.text("SELECT count(*) FROM agent_identity WHERE agent_id IS NOT NULL")):
        log.warning("lost by going back before schema 0034: %d identities of agents at their provider", count)
    op.drop_table("pending_sign_on")
    op.drop_table("agent_identity")
    op.drop_column("login_session", "by_provider")
