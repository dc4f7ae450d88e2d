"""Languages: an agent's own, empty for that of the browser; an integration's, for receipts and faults."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("agent", sa.Column("language", sa.String(10), server_default="", nullable=False))
    op.add_column("integration", sa.Column("language", sa.String(10), server_default="pt-BR", nullable=False))


def downgrade() -> None:
    op.drop_column("integration", "language")
    op.drop_column("agent", "language")
