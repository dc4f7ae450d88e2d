"""Extensions that only some agents may take."""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

log = logging.getLogger(__name__)


def upgrade() -> None:
    op.create_table(
        "extension_permit",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_extension_permit_agent_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", "agent_id", name="pk_extension_permit"),
    )
    op.create_index("ix_extension_permit_agent_id", "extension_permit", ["agent_id"])


def downgrade() -> None:
    if count := op.get_bind().scalar(sa.text("SELECT count(DISTINCT number) FROM extension_permit")):
        log.warning("lost by going back before schema 0029: %d extensions were limited and are anybody's again", count)
    op.drop_index("ix_extension_permit_agent_id", table_name="extension_permit")
    op.drop_table("extension_permit")
