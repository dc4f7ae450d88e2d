"""What platforms ask in vain, counted by the hour; of what they were told, as keyed hashes.

Both begin with the calls of the last days: who has many unknown callers is not limited on the day of the upgrade.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from soap_service.rules.unknown_budgets import ANSWERED_FOR, LEARNED_DAYS, hash_asked, hour_of

revision = "0035"
down_revision = "0034"

_ROWS_AT_ONCE = 1000


def upgrade() -> None:
    hours = op.create_table(
        "unknown_hour",
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["integration_id"], ["integration.id"], name="fk_unknown_hour_integration_id"),
        sa.PrimaryKeyConstraint("integration_id", "hour", name="pk_unknown_hour"),
    )
    op.create_index("ix_unknown_hour_hour", "unknown_hour", ["hour"])
    answered = op.create_table(
        "answered_before",
        sa.Column("asked_hash", sa.String(length=32), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("asked_hash", name="pk_answered_before"),
    )
    op.create_index("ix_answered_before_answered_at", "answered_before", ["answered_at"])
    unknown, told = _learn()
    counted = [{"integration_id": one, "hour": hour, "unknown": len(who)} for (one, hour), who in unknown.items()]
    _insert(hours, counted)
    _insert(answered, [{"asked_hash": one, "answered_at": told[one]} for one in sorted(told)])


def _learn() -> tuple[dict[tuple[int, datetime], set[str]], dict[str, datetime]]:
    """Return whom nobody knew by integration and hour, and when integrations were last told of whom."""
    connection = op.get_bind()
    key = bytes(connection.scalar(sa.text("SELECT key FROM erasure_key ORDER BY id LIMIT 1")))
    names = ("integration_id", "document", "requester_id", "request_id")
    call = sa.table("call", sa.column("created_at", sa.DateTime(timezone=True)), *map(sa.column, names))
    now = datetime.now(UTC)
    since = (now - ANSWERED_FOR).replace(tzinfo=None) if connection.dialect.name == "sqlite" else now - ANSWERED_FOR
    query = sa.select(call).where(call.c.created_at >= since, call.c.document != "")
    unknown: dict[tuple[int, datetime], set[str]] = {}
    told: dict[str, datetime] = {}
    for row in connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)):
        at = row.created_at.replace(tzinfo=UTC) if row.created_at.tzinfo is None else row.created_at.astimezone(UTC)
        if row.requester_id is None:
            if at >= now - timedelta(days=LEARNED_DAYS):
                unknown.setdefault((row.integration_id, hour_of(at)), set()).add(row.document)
            continue
        for asked in (row.document, row.request_id):
            if asked is not None:
                asked_hash = hash_asked(key, row.integration_id, asked)
                told[asked_hash] = max(at, told.get(asked_hash, at))
    return unknown, told


def _insert(table: sa.Table, rows: list[dict[str, object]]) -> None:
    for place in range(0, len(rows), _ROWS_AT_ONCE):
        op.bulk_insert(table, rows[place : place + _ROWS_AT_ONCE])


def downgrade() -> None:
    op.drop_table("answered_before")
    op.drop_table("unknown_hour")
