"""Names of requesters in the order of their bytes on PostgreSQL, as on SQLite: the search by beginning needs it."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE requester ALTER COLUMN name TYPE varchar(200) COLLATE "C"')


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE requester ALTER COLUMN name TYPE varchar(200) COLLATE "default"')
