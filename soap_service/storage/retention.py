"""What is kept no longer: old calls, documents of unknown callers, finished requests, refusals. For ever unless told.

Everything goes in small pieces, each a short transaction that leaves nothing half: whoever calls meanwhile waits for
one at most, and a purge that is killed is ended by the next. Numbers once given are not given again.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, exists, func, select, update
from sqlalchemy.orm import aliased

from soap_service.model import Call, CallRequest, Refusal, Request, RequestEvent
from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.rules.situations import FINISHED_SITUATIONS
from soap_service.storage.audit import Audit
from soap_service.storage.database import Database
from soap_service.storage.indexing import compact_index
from soap_service.storage.part import Part

_REQUESTS_AT_ONCE, _ROWS_AT_ONCE, _LOOKED_AT = 25, 200, 5000
_REST_SECONDS = 0.05
_FINISHED = [str(situation) for situation in FINISHED_SITUATIONS]
_call: Any = Call.__table__


@dataclass(frozen=True)
class Retention:
    """For how many days each is kept; 0 for ever."""

    calls: int = 0
    unknown_documents: int = 0
    finished_requests: int = 0
    refusals: int = 0


@dataclass(frozen=True)
class Purged:
    """How many of each are gone, or would be."""

    calls: int = 0
    unknown_documents: int = 0
    finished_requests: int = 0
    refusals: int = 0

    @property
    def total(self) -> int:
        """How many rows that is."""
        return sum(getattr(self, one.name) for one in fields(self))


class Retentions(Part):
    """Purging."""

    def __init__(self, database: Database, audit: Audit) -> None:
        super().__init__(database)
        self._audit = audit

    def count(self, kept: Retention) -> Purged:
        """Return what a purge would take; child requests alone may keep their parents for one more."""
        return Purged(
            calls=self._count(Call, Call.created_at < self._before(kept.calls)) if kept.calls else 0,
            unknown_documents=sum(map(len, self._unknown(kept.unknown_documents))) if kept.unknown_documents else 0,
            finished_requests=sum(map(len, self._finished(kept.finished_requests))) if kept.finished_requests else 0,
            refusals=self._count(Refusal, Refusal.minute < self._before(kept.refusals)) if kept.refusals else 0,
        )

    def purge(self, kept: Retention, rest: Callable[[float], object] = time.sleep) -> Purged:
        """Take away what is older than it is kept, resting between pieces; `rest` may return true to end it early."""
        purged = Purged(
            calls=self._purge_calls(kept.calls, rest) if kept.calls else 0,
            unknown_documents=self._forget_unknown(kept.unknown_documents, rest) if kept.unknown_documents else 0,
            finished_requests=self._purge_requests(kept.finished_requests, rest) if kept.finished_requests else 0,
            refusals=self._purge_refusals(kept.refusals) if kept.refusals else 0,
        )
        if purged.total:
            self._audit.write(AuditKind.PURGED, RecordKind.DATABASE)
            compact_index(self._database)
            self._database.forget_removed()
        return purged

    def _before(self, days: int) -> Any:
        return self._database.now() - timedelta(days=days)

    def _count(self, table: Any, condition: Any) -> int:
        with self._database.reading() as session:
            return session.scalar(select(func.count()).select_from(table).where(condition)) or 0

    def _pieces(self, table: Any, *conditions: Any) -> Iterator[Sequence[int]]:
        """Yield the ids of rows by ranges of ids: what no index has is looked for without a long statement."""
        with self._database.reading() as session:
            newest = session.scalar(select(func.max(table.id))) or 0
        for first in range(0, newest + 1, _LOOKED_AT):
            within = table.id.between(first, first + _LOOKED_AT - 1)
            with self._database.reading() as session:
                ids = session.scalars(select(table.id).where(within, *conditions).order_by(table.id)).all()
            if ids:
                yield ids

    def _unknown(self, days: int) -> Iterator[Sequence[int]]:
        is_old = Call.created_at < self._before(days)
        return self._pieces(Call, Call.requester_id.is_(None), Call.document != "", is_old)

    def _finished(self, days: int) -> Iterator[Sequence[int]]:
        """Yield the numbers of requests that are long finished and have no child left."""
        child = aliased(Request)
        has_child = exists().where(child.parent_id == Request.id)
        is_old = Request.closed_at < self._before(days)
        return self._pieces(Request, Request.situation.in_(_FINISHED), is_old, ~has_child)

    def _purge_calls(self, days: int, rest: Callable[[float], object]) -> int:
        old = select(Call.id).where(Call.created_at < self._before(days)).order_by(Call.created_at).limit(_ROWS_AT_ONCE)
        purged = 0
        while True:
            with self._database.transaction() as connection:
                ids = connection.scalars(old.with_for_update(skip_locked=True)).all()
                _delete_calls(connection, ids)
            purged += len(ids)
            if not ids or rest(_REST_SECONDS):
                return purged

    def _forget_unknown(self, days: int, rest: Callable[[float], object]) -> int:
        forgotten = 0
        for ids in self._unknown(days):
            for some in _split(ids, _ROWS_AT_ONCE):
                with self._database.transaction() as connection:
                    changed = update(_call).where(_call.c.id.in_(some), _call.c.document != "").values(document="")
                    forgotten += connection.execute(changed).rowcount
                if rest(_REST_SECONDS):
                    return forgotten
        return forgotten

    def _purge_requests(self, days: int, rest: Callable[[float], object]) -> int:
        """Take requests away, children before their parents: as often as there are some without children."""
        purged, found = 0, True
        while found:
            found = False
            for ids in self._finished(days):
                for some in _split(ids, _REQUESTS_AT_ONCE):
                    taken = self._database.retrying(lambda some=some: self._delete_requests(some, days))  # type: ignore[misc]
                    purged += taken
                    found = found or taken > 0
                    if rest(_REST_SECONDS):
                        return purged
        return purged

    def _delete_requests(self, numbers: Sequence[int], days: int) -> int:
        with self._database.transaction() as connection:
            # Somebody may have reopened one meanwhile.
            child = aliased(Request)
            has_child = exists().where(child.parent_id == Request.id)
            still = Request.situation.in_(_FINISHED), Request.closed_at < self._before(days), ~has_child
            query = select(Request.id).where(Request.id.in_(numbers), *still).order_by(Request.id)
            found = connection.scalars(query.with_for_update(skip_locked=True)).all()
            if found:
                connection.execute(update(_call).where(_call.c.request_id.in_(found)).values(request_id=None))
                connection.execute(delete(CallRequest).where(CallRequest.request_id.in_(found)))
                connection.execute(delete(RequestEvent).where(RequestEvent.request_id.in_(found)))
                connection.execute(delete(Request).where(Request.id.in_(found)))
        return len(found)

    def _purge_refusals(self, days: int) -> int:
        with self._database.transaction() as connection:
            return connection.execute(delete(Refusal).where(Refusal.minute < self._before(days))).rowcount


def _delete_calls(connection: Connection, ids: Sequence[int]) -> None:
    if ids:
        connection.execute(delete(CallRequest).where(CallRequest.call_id.in_(ids)))
        connection.execute(delete(_call).where(_call.c.id.in_(ids)))


def _split(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for place in range(0, len(ids), size):
        yield ids[place : place + size]
