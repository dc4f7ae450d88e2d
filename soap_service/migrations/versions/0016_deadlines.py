"""Deadlines: when a clock stopped and when it ran again, an SLA for each priority, half-days, optional holidays.

Stops that are over are taken from the history; a request that was suspended while late comes back due at that moment,
as it would have, for what it was late by was not kept.
"""

import logging
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0013"

log = logging.getLogger(__name__)

_STOPS = ("suspensão", "resolução", "encerramento")
_RESUMES = ("reativação", "reabertura")
_ROWS_AT_ONCE = 5000
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("request", sa.Column("stopped_at", _MOMENT, nullable=True))
    stop = op.create_table(
        "request_stop",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("stopped_at", _MOMENT, nullable=False),
        sa.Column("resumed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_request_stop_request_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_request_stop"),
    )
    op.create_index("ix_request_stop_request_id", "request_stop", ["request_id"], unique=False)
    op.create_table(
        "priority_sla",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sla_minutes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name="fk_priority_sla_service_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("service_id", "priority", name="pk_priority_sla"),
    )
    op.add_column("calendar_day", sa.Column("shifts", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "working_calendar", sa.Column("skips_optional", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    _keep_stops(op.get_bind(), stop)


def _keep_stops(connection: sa.Connection, stop: sa.Table) -> None:
    rows: list[dict[str, object]] = []
    for row in _stops_of(connection):
        rows.append(row)
        if len(rows) == _ROWS_AT_ONCE:
            connection.execute(sa.insert(stop), rows)
            rows.clear()
    if rows:
        connection.execute(sa.insert(stop), rows)
    suspended = "SELECT max(happened_at) FROM request_event WHERE request_id = request.id AND action = 'suspensão'"
    connection.execute(
        sa.text(f"UPDATE request SET stopped_at = ({suspended}) WHERE situation = 'Suspensa'")  # noqa: S608
    )
    connection.execute(
        sa.text("UPDATE request SET remaining_seconds = NULL WHERE situation = 'Suspensa' AND remaining_seconds = 0")
    )


def _stops_of(connection: sa.Connection) -> Iterator[dict[str, object]]:
    """Yield the stops that the history tells of, in order: from what stopped a request's clock to what let it run."""
    event = sa.table(
        "request_event",
        sa.column("id", sa.Integer),
        sa.column("request_id", sa.Integer),
        sa.column("action", sa.Text),
        sa.column("happened_at", _MOMENT),
    )
    resumed = sa.select(event.c.request_id).where(event.c.action.in_(_RESUMES))
    query = sa.select(event.c.request_id, event.c.action, event.c.happened_at)
    query = query.where(event.c.request_id.in_(resumed), event.c.action.in_(_STOPS + _RESUMES))
    number = stopped_at = None
    for row in connection.execute(query.order_by(event.c.request_id, event.c.id)).all():
        if row.request_id != number:
            number, stopped_at = row.request_id, None
        if row.action in _STOPS:
            stopped_at = stopped_at or row.happened_at
        elif stopped_at is not None:
            yield {"request_id": number, "stopped_at": stopped_at, "resumed_at": row.happened_at}
            stopped_at = None


def downgrade() -> None:
    connection = op.get_bind()
    for what, query in (
        ("SLAs of single priorities: their services keep the one SLA", "SELECT count(*) FROM priority_sla"),
        ("half-days: they become days off", "SELECT count(*) FROM calendar_day WHERE shifts <> ''"),
        (
            "calendars without optional holidays: they are worked again",
            "SELECT count(*) FROM working_calendar WHERE skips_optional",
        ),
        (
            "requests suspended while late: they come back due when they were",
            "SELECT count(*) FROM request WHERE situation = 'Suspensa' AND remaining_seconds < 0",
        ),
        ("kept times in which a clock stood", "SELECT count(*) FROM request_stop"),
    ):
        if count := connection.scalar(sa.text(query)):
            log.warning("lost by going back before schema 0016: %d %s", count, what)
    connection.execute(
        sa.text(
            "UPDATE request SET remaining_seconds = 0 WHERE situation = 'Suspensa' AND due_at IS NOT NULL "
            "AND (remaining_seconds IS NULL OR remaining_seconds < 0)"
        )
    )
    connection.execute(
        sa.text("UPDATE request SET remaining_seconds = NULL WHERE situation <> 'Suspensa' AND remaining_seconds <> 0")
    )
    op.drop_column("working_calendar", "skips_optional")
    op.drop_column("calendar_day", "shifts")
    op.drop_table("priority_sla")
    op.drop_index("ix_request_stop_request_id", table_name="request_stop")
    op.drop_table("request_stop")
    op.drop_column("request", "stopped_at")
