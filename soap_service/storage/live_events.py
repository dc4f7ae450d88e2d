"""Live events: written in the transaction of what happened, read by every process that has browsers to tell."""

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, union_all
from sqlalchemy.orm import Session

from soap_service.rules.cursor import MOST_MISSING, Position
from soap_service.rules.live_events import LiveEvent, LiveEventKind
from soap_service.storage.backend import Question, Row
from soap_service.storage.expressions import IsAmong, insert_of
from soap_service.storage.part import Part
from soap_service.tables.live_events import LiveEventRow

log = logging.getLogger(__name__)

#: Every process has read an event long before.
_KEPT = timedelta(hours=1)


def publish(transaction: Session | Connection, event: LiveEvent, now: datetime) -> None:
    """Write an event within a transaction that notifies when it commits: `writing(notifies=True)`."""
    transaction.execute(PUBLISH, row_of(event, now))


def row_of(event: LiveEvent, now: datetime) -> dict[str, Any]:
    """Return the values of an event's row."""
    return {
        "kind": str(event.kind),
        "agent_id": event.agent_id,
        "extension": event.extension,
        "ref": event.ref,
        "data": json.dumps(dict(event.data), ensure_ascii=False),
        "created_at": now,
    }


def publish_request_change(
    transaction: Session | Connection, number: int, version: int, by: str, now: datetime, **data: str
) -> None:
    """Tell pages that a request is new, has another version, or has a new child."""
    told = {"by": by, "version": str(version), **data}
    publish(transaction, LiveEvent(LiveEventKind.REQUEST_CHANGED, ref=str(number), data=told), now)


class LiveEvents(Part):
    """What the streams ask of live events."""

    def list_after(self, position: Position) -> Sequence[LiveEvent]:
        """Return the events that a position does not cover, by id; one round trip."""
        statement, values = events_not_covered(position)
        return events_of(self._database.fetch(statement, **values))

    def pass_on_proofs(self, stream_ids: Sequence[str]) -> None:
        """Tell other processes whose streams were proved to be received here."""
        with self._database.writing(notifies=True) as session:
            event = LiveEvent(LiveEventKind.STREAMS_PROVED, data={"streams": " ".join(stream_ids)})
            publish(session, event, self._database.now())

    def newest_position(self) -> Position:
        """Return the position of who has read every event that is there now."""
        return Position.of(row[0] for row in self._database.fetch(_NEWEST))

    def forget(self) -> None:
        """Forget the events of more than an hour ago; the newest stays, so that positions go on from it."""
        newest = select(func.max(LiveEventRow.id)).scalar_subquery()
        old = delete(LiveEventRow).where(
            LiveEventRow.created_at < self._database.now() - _KEPT, LiveEventRow.id < newest
        )
        with self._database.writing() as session:
            session.execute(old)


#: Writes an event from the values of `row_of`.
PUBLISH = insert_of(
    LiveEventRow.kind,
    LiveEventRow.agent_id,
    LiveEventRow.extension,
    LiveEventRow.ref,
    LiveEventRow.data,
    LiveEventRow.created_at,
).returning(LiveEventRow.id)
_EVENT = select(
    LiveEventRow.id,
    LiveEventRow.kind,
    LiveEventRow.agent_id,
    LiveEventRow.extension,
    LiveEventRow.ref,
    LiveEventRow.data,
)
_NEWER = _EVENT.where(LiveEventRow.id > bindparam("last"))
_AFTER = _NEWER.order_by(LiveEventRow.id)
_LATE = _EVENT.where(IsAmong(LiveEventRow.id, "missing"))
_NOT_COVERED = union_all(_LATE, _NEWER).order_by("id")
_NEWEST = select(LiveEventRow.id).where(
    LiveEventRow.id > select(func.max(LiveEventRow.id) - MOST_MISSING).scalar_subquery()
)


def events_not_covered(position: Position) -> Question:
    """Return what asks for the events that a position does not cover, by id; `events_of` takes the rows."""
    if position.missing:
        return Question(_NOT_COVERED, {"last": position.last, "missing": sorted(position.missing)})
    return Question(_AFTER, {"last": position.last})


def events_of(rows: Sequence[Row]) -> list[LiveEvent]:
    """Return the events of rows."""
    return [_event(*row) for row in rows]


def _event(number: int, kind: str, agent_id: int | None, extension: str | None, ref: str, data: str) -> LiveEvent:
    """Return the event of a row; one of no kind, and for nobody, for a row that was damaged by hand."""
    try:
        return LiveEvent(kind, agent_id, extension, ref, json.loads(data), number)
    except (ValueError, TypeError):
        log.error("live event %d cannot be read and is passed over", number)
        return LiveEvent("", agent_id=0, id=number)
