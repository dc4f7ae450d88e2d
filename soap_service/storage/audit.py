"""The audit: written with what it is about, or soon after; read by administrators; changed by nobody.

What changes something is recorded in its transaction (`record`). What only looks is noted in memory and written in
batches, off the page's path: `flush` writes them, as the keeper does every second and the store when it closes.
"""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, tuple_
from sqlalchemy.orm import Session

from soap_service.rules.auditing import AuditEntry, AuditKind, RecordKind, entry_of
from soap_service.storage.database import Database
from soap_service.storage.part import Part
from soap_service.tables.audit import AuditRow

ROWS_SHOWN = 50
#: So many entries wait for a database that is away; then pages wait for it, too, rather than be unrecorded.
_MOST_WAITING = 10_000
_ROWS_AT_ONCE = 1000
_WARNINGS = (AuditKind.MANY_PERSONS, AuditKind.MANY_UNKNOWN)


@dataclass(frozen=True)
class AuditFilter:
    """Which rows; what is empty means any. From `since` until before `until`."""

    actor: str = ""
    kind: str = ""
    record_kind: str = ""
    record: str = ""
    since: datetime | None = None
    until: datetime | None = None


class Audit(Part):
    """Noting what was looked at, and reading the rows."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._waiting: deque[AuditEntry] = deque()
        self._writing = threading.Lock()

    def note(self, kind: AuditKind, record_kind: RecordKind = RecordKind.NONE, record: object = "") -> None:
        """Have the current actor's deed written soon; raises StoreUnavailable only when too many wait already."""
        self._waiting.append(entry_of(self._database.now(), kind, record_kind, record))
        if len(self._waiting) > _MOST_WAITING:
            self.flush()

    def write(self, kind: AuditKind, record_kind: RecordKind = RecordKind.NONE, record: object = "") -> None:
        """Write the current actor's deed at once; raises StoreUnavailable."""
        with self._database.writing() as session:
            write_entry(session, self._database.now(), kind, record_kind, record)

    def flush(self) -> None:
        """Write what was noted; what cannot be written goes on waiting. Raises: StoreUnavailable."""
        with self._writing:
            while waiting := list(self._waiting)[:_ROWS_AT_ONCE]:
                with self._database.transaction() as connection:
                    connection.execute(insert(AuditRow), [entry.values() for entry in waiting])
                for _ in waiting:
                    self._waiting.popleft()

    def list_page(self, wanted: AuditFilter, before: int = 0) -> Sequence[AuditRow]:
        """Return a page of rows, newest first: `ROWS_SHOWN`, and one if more follow; those before a row if given."""
        query = _chosen(wanted).order_by(AuditRow.happened_at.desc(), AuditRow.id.desc()).limit(ROWS_SHOWN + 1)
        if before:
            query = query.where(tuple_(AuditRow.happened_at, AuditRow.id) < tuple_(_moment_of(before), before))
        with self._database.reading() as session:
            return session.scalars(query).all()

    def iterate(self, wanted: AuditFilter, after: int = 0) -> Iterator[AuditRow]:
        """Yield rows in the order of their numbers, those after a number; a piece of them is in memory at a time."""
        query = _chosen(wanted).order_by(AuditRow.id).limit(_ROWS_AT_ONCE)
        while True:
            with self._database.reading() as session:
                rows = session.scalars(query.where(AuditRow.id > after)).all()
            yield from rows
            if len(rows) < _ROWS_AT_ONCE:
                return
            after = rows[-1].id

    def iterate_sealed(self, wanted: AuditFilter, after: int, through: int) -> Iterator[AuditRow]:
        """Yield the rows of seals after a number, through another, in their order."""
        for seal in range(after + 1, through + 1):
            query = _chosen(wanted).where(AuditRow.seal_id == seal).order_by(AuditRow.id)
            with self._database.reading() as session:
                rows = session.scalars(query).all()
            yield from rows

    def list_warnings(self, since: datetime) -> Sequence[AuditRow]:
        """Return who saw more persons in an hour than is usual, or asked about more unknown ones, newest first."""
        query = _chosen(AuditFilter(since=since)).where(AuditRow.kind.in_(_WARNINGS))
        with self._database.reading() as session:
            return session.scalars(query.order_by(AuditRow.happened_at.desc()).limit(ROWS_SHOWN)).all()


def write_entry(
    transaction: Session | Connection, now: datetime, kind: AuditKind, record_kind: RecordKind, record: object
) -> None:
    """Record what the current actor does, in the transaction that does it."""
    transaction.execute(insert(AuditRow), entry_of(now, kind, record_kind, record).values())


def _chosen(wanted: AuditFilter) -> Select[Any]:
    query: Select[Any] = select(AuditRow)
    for column, value in (
        (AuditRow.actor, wanted.actor),
        (AuditRow.kind, wanted.kind),
        (AuditRow.record_kind, wanted.record_kind),
        (AuditRow.record, wanted.record),
    ):
        if value:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(AuditRow.happened_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditRow.happened_at < wanted.until)
    return query


def _moment_of(number: int) -> Any:
    return select(AuditRow.happened_at).where(AuditRow.id == number).scalar_subquery()
