"""Log-ins that their agents can tell apart: since when, from where, in which browser, used when."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    for name in ("opened_at", "used_at"):
        op.add_column("login_session", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for name, length in (("address", 45), ("browser", 60)):
        column = sa.Column(name, sa.String(length=length), server_default="", nullable=False)
        op.add_column("login_session", column)


def downgrade() -> None:
    for name in ("browser", "address", "used_at", "opened_at"):
        op.drop_column("login_session", name)
