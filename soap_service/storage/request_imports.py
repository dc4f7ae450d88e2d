"""Requests from another desk's file, batch by batch: each keeps its number, source, times, deadline and history.

A batch is one transaction with all that belongs to its requests: counters by their triggers, history, words of search.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from soap_service.importing.running import ADDED, CHANGED, LEFT
from soap_service.model import Contact, Request, RequestEvent, RequestStop
from soap_service.rules.deadlines import resumed_deadline, time_left
from soap_service.rules.import_causes import Cause, Unreadable
from soap_service.rules.import_values import (
    HistoryLine,
    PersonLine,
    RequestLine,
    read_request,
)
from soap_service.rules.names import fold_name
from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.rules.searching import subject_of, words_of
from soap_service.rules.situations import (
    AUTOMATIC,
    FINISHED_SITUATIONS,
    STOPPED_SITUATIONS,
    Action,
    Situation,
    known_situation,
)
from soap_service.storage.database import Database
from soap_service.storage.history_imports import EVENTS, RequestImportOptions, insert_events, rows_of_events
from soap_service.storage.import_catalogue import CatalogueEntry, ImportCatalogue
from soap_service.storage.imports import RequesterImport, meant_by, requesters_by, unmark
from soap_service.storage.indexing import NOT_WRITTEN, REQUEST, index_request
from soap_service.storage.live_events import publish_request_change
from soap_service.storage.requests import deadline_of
from soap_service.storage.sequences import advance_numbers
from soap_service.tables.search import RequestWords

#: What is left to the requests opened here where no first number is set.
OWN_NUMBERS = 1_000_000
_request: Any = Request.__table__
_KEPT_OPEN = "Atendimento"


@dataclass
class _Prepared:
    """A line with the ids it means; `cause` where it is rejected."""

    line: RequestLine
    source: str = ""
    cause: str = ""
    requester_id: int = 0
    service: CatalogueEntry | None = None
    group_id: int = 0
    responsible_id: int | None = None
    contact_id: int | None = None


class RequestImport:
    """Takes requests in; those imported before stay as they are unless it is updating, those opened here always."""

    def __init__(self, database: Database, options: RequestImportOptions) -> None:
        self._database = database
        self._options = options
        self._catalogue = ImportCatalogue(database, options.is_creating, options.is_dry)
        self._requesters = RequesterImport(database, is_dry=options.is_dry)
        self._planned: set[int] = set()
        self.unknown_responsibles = 0
        self.unknown_contacts = 0
        self.held = 0.0

    def read(self, cells: Mapping[str, str]) -> RequestLine:
        """Return what a line says; raises Unreadable."""
        return read_request(cells, self._options.calendar.zone, self._database.now())

    def keys_of(self, line: RequestLine) -> Sequence[int]:
        """Return the number."""
        return (line.number,)

    def take(self, lines: Sequence[RequestLine]) -> list[str]:
        """Take lines in; return for each what became of it."""
        return self._database.retrying(lambda: self._take(lines), len(lines))

    def _take(self, lines: Sequence[RequestLine]) -> list[str]:
        prepared = [self._prepare(line) for line in lines]
        self._find_requesters([one for one in prepared if not one.cause])
        self._find_contacts([one for one in prepared if not one.cause and one.line.contact])
        now = self._database.now().replace(microsecond=0)
        usable = [one for one in prepared if not one.cause]
        if self._options.is_dry:
            with self._database.reading() as session:
                connection = session.connection()
                known = _known_requests(connection, usable)
                for one in usable:
                    one.cause = self._outcome(one, known.get(one.line.number))
                    if one.cause == CHANGED and not self._changes(connection, one, known[one.line.number], now):
                        one.cause = LEFT
            return [one.cause for one in prepared]
        rows = {one.line.number: self._row(one, now) for one in usable}
        events = {one.line.number: one.line.events(self._options.has_history_file) for one in usable}
        words = {number: _words(rows[number]["description"], events[number]) for number in rows}
        with self._database.transaction(notifies=self._options.is_updating) as connection:
            begun = time.monotonic()
            self._database.backend.begin_import(connection)
            known = _known_requests(connection, usable)
            new = []
            for one in usable:
                number = one.line.number
                one.cause = self._outcome(one, known.get(number))
                if one.cause == ADDED:
                    new.append(number)
                elif one.cause == CHANGED and not self._update(connection, one, known[number], now):
                    one.cause = LEFT
            if new:
                self._insert(connection, new, rows, events, words)
        self.held = (time.monotonic() - begun) / self._database.backend.traits.import_seconds
        return [one.cause for one in prepared]

    def _prepare(self, line: RequestLine) -> _Prepared:
        """Find what a line names in the catalogue; it is made if that is wanted."""
        one = _Prepared(line, line.source or self._options.source)
        try:
            one.service, one.group_id = self._catalogue.service_and_group(line)
        except Unreadable as unreadable:
            one.cause = unreadable.told
            return one
        if line.responsible:
            one.responsible_id = self._catalogue.agent(line.responsible)
            self.unknown_responsibles += one.responsible_id is None
        first = self._options.first_number
        if first > 1 and line.number >= first:
            one.cause = Cause.OWN_NUMBER(first=first)
        elif first <= 1 and line.number > HIGHEST_NUMBER - OWN_NUMBERS:
            one.cause = Cause.NO_NUMBERS_LEFT()
        return one

    def _find_requesters(self, usable: Sequence[_Prepared]) -> None:
        by_document, by_id = self._requester_ids(usable)
        missing = [one for one in usable if not _requester_id(one.line, by_document, by_id)]
        planned: set[str] = set()
        if missing and self._options.is_creating:
            people: dict[str, PersonLine] = {}
            for one in missing:
                line = one.line
                if line.document and line.name:
                    given = {"name": line.name, **({"external_id": line.external_id} if line.external_id else {})}
                    people.setdefault(line.document, PersonLine(line.document, given))
            if people and self._options.is_dry:
                planned = set(people)
            elif people:
                self._requesters.take(list(people.values()))
                by_document, by_id = self._requester_ids(usable)
        for one in usable:
            one.requester_id = _requester_id(one.line, by_document, by_id)
            if not one.requester_id and one.line.document not in planned:
                cause = Cause.REQUESTER_NEEDS_NAME if self._options.is_creating else Cause.UNKNOWN_REQUESTER
                one.cause = cause()

    def _requester_ids(self, usable: Sequence[_Prepared]) -> tuple[dict[str, int], dict[str, int]]:
        documents = sorted({one.line.document for one in usable if one.line.document})
        ids = sorted({one.line.external_id for one in usable if one.line.external_id})
        if not documents and not ids:
            return {}, {}
        with self._database.reading() as session:
            rows = requesters_by(session.connection(), documents, ids)
        return {row.document: meant_by(row) for row in rows}, {
            row.external_id: meant_by(row) for row in rows if row.external_id
        }

    def _find_contacts(self, named: Sequence[_Prepared]) -> None:
        """Find the contacts that lines name among those of their requesters; unknown ones are left out and counted."""
        ids = sorted({one.requester_id for one in named})
        if not ids:
            return
        with self._database.reading() as session:
            query = select(Contact.requester_id, Contact.name, Contact.id).where(Contact.requester_id.in_(ids))
            found = {(row.requester_id, fold_name(row.name)): row.id for row in session.execute(query)}
        for one in named:
            one.contact_id = found.get((one.requester_id, fold_name(one.line.contact)))
            self.unknown_contacts += one.contact_id is None

    def _outcome(self, one: _Prepared, known: Any) -> str:
        if one.cause:
            return one.cause
        if known is None:
            if self._options.is_dry:
                if one.line.number in self._planned:
                    return LEFT
                self._planned.add(one.line.number)
            return ADDED
        if known.source != one.source:
            return Cause.NUMBER_OF_SOURCE(source=known.source) if known.source else Cause.NUMBER_OF_OURS()
        return CHANGED if self._options.is_updating else LEFT

    def _row(self, one: _Prepared, now: datetime) -> dict[str, Any]:
        """Return the row of a new request."""
        line, service = one.line, one.service
        assert service is not None  # noqa: S101 - only of what is usable
        due_at = line.due_at or self._deadline(one, line.priority_or_computed)
        row = {
            "id": line.number,
            "requester_id": one.requester_id,
            "service_id": service.id,
            "group_id": one.group_id,
            "responsible_id": one.responsible_id,
            "situation": line.situation,
            "kind": line.kind or service.kind,
            "contract": line.contract or service.contract,
            "current_task": _KEPT_OPEN,
            "description": line.description,
            "urgency": line.urgency or "B",
            "impact": line.impact or "B",
            "priority": line.priority_or_computed,
            "contact_id": one.contact_id,
            "contact_phone": line.contact_phone,
            "contact_email": line.contact_email,
            "opened_at": line.opened_at,
            "closed_at": line.closed_at,
            "due_at": due_at,
            "source": one.source,
        }
        return {**row, **self._stopped(line, line.situation, line.closed_at, due_at, now)}

    def _deadline(self, one: _Prepared, priority: int) -> datetime | None:
        assert one.service is not None  # noqa: S101
        minutes = self._catalogue.sla_minutes(one.service, priority)
        sla = None if minutes is None else timedelta(minutes=minutes)
        return deadline_of(sla, one.line.opened_at, self._options.calendar)

    def _stopped(
        self,
        line: RequestLine,
        situation: Situation,
        closed_at: datetime | None,
        due_at: datetime | None,
        now: datetime,
    ) -> dict[str, Any]:
        """Return since when the clock stands and what was left; of the finished the latter is counted when needed."""
        if situation in FINISHED_SITUATIONS:
            return {"stopped_at": closed_at, "remaining_seconds": None}
        if situation is not Situation.SUSPENDED:
            return {"stopped_at": None, "remaining_seconds": None}
        told = [event.happened_at for event in line.history if event.action is Action.SUSPEND]
        stopped_at = line.suspended_at or (max(told) if told else now)
        left = None if due_at is None else time_left(self._options.calendar, due_at, stopped_at)
        return {"stopped_at": stopped_at, "remaining_seconds": None if left is None else int(left.total_seconds())}

    def _insert(
        self,
        connection: Connection,
        numbers: Sequence[int],
        rows: Mapping[int, dict[str, Any]],
        events: Mapping[int, Sequence[HistoryLine]],
        words: Mapping[int, dict[str, str]],
    ) -> None:
        self._database.insert_rows(connection, Request, [rows[number] for number in numbers])
        if self._options.first_number <= 1:
            advance_numbers(self._database, connection, max(numbers))
        self._database.insert_rows(
            connection, RequestEvent, rows_of_events({number: events[number] for number in numbers})
        )
        said = [{"request_id": number, **words[number]} for number in numbers]
        self._database.insert_rows(connection, RequestWords, said)
        unmark(connection, REQUEST, numbers)

    def _changes(self, connection: Connection, one: _Prepared, known: Any, now: datetime) -> bool:
        return bool(self._changed_values(one, known, now) or _new_events(connection, one.line))

    def _update(self, connection: Connection, one: _Prepared, known: Any, now: datetime) -> bool:
        """Change a request to what the line says; tell whether anything was another."""
        values = self._changed_values(one, known, now)
        lines = _new_events(connection, one.line)
        if not values and not lines:
            return False
        number = one.line.number
        was, situation = known_situation(known.situation), one.line.situation
        if was in STOPPED_SITUATIONS and situation not in STOPPED_SITUATIONS and known.stopped_at is not None:
            stop = {"request_id": number, "stopped_at": known.stopped_at, "resumed_at": now}
            connection.execute(insert(RequestStop), stop)
        values["version"] = known.version + 1
        connection.execute(update(_request).where(_request.c.id == number).values(values))
        insert_events(self._database, connection, {number: lines})
        index_request(connection, number)
        publish_request_change(connection, number, known.version + 1, AUTOMATIC, now)
        return True

    def _changed_values(self, one: _Prepared, known: Any, now: datetime) -> dict[str, Any]:
        line, service = one.line, one.service
        assert service is not None  # noqa: S101
        said: dict[str, Any] = {
            "requester_id": one.requester_id,
            "service_id": service.id,
            "situation": str(line.situation),
            "opened_at": line.opened_at,
            "closed_at": line.closed_at,
        }
        if line.group or service.id != known.service_id:
            said["group_id"] = one.group_id
        if one.responsible_id is not None:
            said["responsible_id"] = one.responsible_id
        if one.contact_id is not None:
            said["contact_id"] = one.contact_id
        for name in ("kind", "contract", "description", "urgency", "impact", "contact_phone", "contact_email"):
            if given := getattr(line, name):
                said[name] = given
        if line.priority or line.urgency or line.impact:
            levels = replace(line, urgency=line.urgency or known.urgency, impact=line.impact or known.impact)
            said["priority"] = levels.priority_or_computed
        values = {name: value for name, value in said.items() if getattr(known, name) != value}
        due_at = known.due_at
        was = known_situation(known.situation)
        if line.due_at is not None:
            due_at = line.due_at
        elif not values.keys().isdisjoint(("service_id", "priority", "opened_at")):
            due_at = self._deadline(one, said.get("priority", known.priority))
        elif was in STOPPED_SITUATIONS and line.situation not in STOPPED_SITUATIONS and due_at is not None:
            left = None if known.remaining_seconds is None else timedelta(seconds=known.remaining_seconds)
            if left is None and known.stopped_at is not None:
                left = time_left(self._options.calendar, due_at, known.stopped_at)
            due_at = resumed_deadline(self._options.calendar, due_at, left, now)
        if due_at != known.due_at:
            values["due_at"] = due_at
        is_told = line.suspended_at is not None and line.suspended_at != known.stopped_at
        if is_told or not values.keys().isdisjoint(("situation", "due_at", "closed_at")):
            since = known.stopped_at if was is line.situation is Situation.SUSPENDED and known.stopped_at else now
            stopped = self._stopped(line, line.situation, line.closed_at, due_at, since)
            values.update({name: value for name, value in stopped.items() if getattr(known, name) != value})
        return values


def _requester_id(line: RequestLine, by_document: Mapping[str, int], by_id: Mapping[str, int]) -> int:
    return by_document.get(line.document, 0) or by_id.get(line.external_id, 0)


def _known_requests(connection: Connection, usable: Sequence[_Prepared]) -> dict[int, Any]:
    numbers = [one.line.number for one in usable]
    if not numbers:
        return {}
    query = select(_request).where(_request.c.id.in_(numbers)).order_by(_request.c.id)
    return {row.id: row for row in connection.execute(query.with_for_update())}


def _new_events(connection: Connection, line: RequestLine) -> list[HistoryLine]:
    """Return the lines of history that are not there yet; of a request that is, nobody tells the opening again."""
    lines = [one for one in line.events() if one.actor != AUTOMATIC or one.action is not Action.OPEN]
    keys = [one.key(line.number) for one in lines]
    if not keys:
        return []
    present = set(connection.scalars(select(EVENTS.c.form_key).where(EVENTS.c.form_key.in_(keys))))
    return [one for one, key in zip(lines, keys, strict=True) if key not in present]


def _words(description: str, events: Sequence[HistoryLine]) -> dict[str, str]:
    notes = [line.note for line in events if line.note and line.action not in NOT_WRITTEN]
    return {"subject": subject_of(description), "words": words_of([description, *notes])}
