"""The audit: rows that nothing changes or deletes but a purge, closed in batches by seals.

A downgrade leaves both tables in place, so that going back is no way to lose them; an upgrade finds them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_REFUSAL = "the audit is append-only"
_IS_PURGED = "EXISTS (SELECT 1 FROM audit_seal WHERE through_id >= OLD.{column})"
#: What must not happen to a row: any change but that it is sealed, once; being deleted where no purge has said so.
_FORBIDDEN = (
    ("audit", "UPDATE", "OLD.seal_id IS NOT NULL OR NEW.id <> OLD.id OR NEW.happened_at <> OLD.happened_at"),
    ("audit", "DELETE", f"OLD.seal_id IS NULL OR NOT {_IS_PURGED.format(column='seal_id')}"),
    ("audit_seal", "UPDATE", "1 = 1"),
    ("audit_seal", "DELETE", f"NOT {_IS_PURGED.format(column='id')}"),
)
_KEPT = ("actor_kind", "actor", "address", "kind", "record_kind", "record")


def upgrade() -> None:
    if sa.inspect(op.get_bind()).has_table("audit"):
        return
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(length=12), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("record_kind", sa.String(length=20), nullable=False),
        sa.Column("record", sa.String(length=60), nullable=False),
        sa.Column("seal_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    for columns in (
        ("seal_id", "id"),
        ("happened_at", "id"),
        ("actor", "happened_at", "id"),
        ("kind", "happened_at", "id"),
        ("record_kind", "record", "happened_at", "id"),
    ):
        op.create_index(f"ix_audit_{'_'.join(columns)}", "audit", columns)
    op.create_table(
        "audit_seal",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=True),
        sa.Column("last_id", sa.Integer(), nullable=True),
        sa.Column("through_id", sa.Integer(), nullable=True),
        sa.Column("through_digest", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_seal"),
    )
    op.create_index("ix_audit_seal_sealed_at", "audit_seal", ["sealed_at"])
    op.create_index("ix_audit_seal_through_id", "audit_seal", ["through_id"])
    for table, change, condition in _FORBIDDEN:
        _forbid(table, change, condition)


def _forbid(table: str, change: str, condition: str) -> None:
    name = f"{table}_{change.lower()}_refused"
    if (table, change) == ("audit", "UPDATE"):
        other_agent = "COALESCE(NEW.agent_id, 0) <> COALESCE(OLD.agent_id, 0)"
        condition = " OR ".join([condition, other_agent, *(f"NEW.{column} <> OLD.{column}" for column in _KEPT)])
    if op.get_bind().dialect.name == "sqlite":
        work = f"SELECT RAISE(ABORT, '{_REFUSAL}');"
        op.execute(f"CREATE TRIGGER {name} BEFORE {change} ON {table} WHEN {condition} BEGIN {work} END")
        return
    given = "NEW" if change == "UPDATE" else "OLD"
    body = f"BEGIN IF {condition} THEN RAISE EXCEPTION '{_REFUSAL}'; END IF; RETURN {given}; END"
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    op.execute(f"CREATE TRIGGER {name} BEFORE {change} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    """Leave the tables in place."""
