"""Lines of history from another desk's file, batch by batch; each is written once, however often it comes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from soap_service.importing.running import ADDED, LEFT
from soap_service.model import Request, RequestEvent
from soap_service.rules.deadlines import WorkingCalendar
from soap_service.rules.import_causes import Cause
from soap_service.rules.import_values import HistoryLine, read_history_line
from soap_service.storage.database import Database
from soap_service.storage.indexing import NOT_WRITTEN, index_request

EVENTS: Any = RequestEvent.__table__
_request: Any = Request.__table__


@dataclass(frozen=True)
class RequestImportOptions:
    """How requests are taken in: from which source, what is made, whether those known are changed."""

    source: str
    calendar: WorkingCalendar
    first_number: int = 1
    is_updating: bool = False
    is_creating: bool = False
    is_dry: bool = False
    has_history_file: bool = False


class HistoryImport:
    """Takes a file of history lines in, for requests of one source; a line that is there already is left alone."""

    def __init__(self, database: Database, options: RequestImportOptions) -> None:
        self._database = database
        self._options = options
        self._planned: set[str] = set()
        self.held = 0.0

    def read(self, cells: Mapping[str, str]) -> tuple[int, str, HistoryLine]:
        """Return what a line says; raises Unreadable."""
        number, line = read_history_line(cells, self._options.calendar.zone)
        return number, cells.get("source", "").strip() or self._options.source, line

    def keys_of(self, line: tuple[int, str, HistoryLine]) -> Sequence[str]:
        """Return what makes it the same line."""
        return (line[2].key(line[0]),)

    def take(self, lines: Sequence[tuple[int, str, HistoryLine]]) -> list[str]:
        """Take lines in; return for each what became of it."""
        return self._database.retrying(lambda: self._take(lines))

    def _take(self, lines: Sequence[tuple[int, str, HistoryLine]]) -> list[str]:
        if self._options.is_dry:
            with self._database.reading() as session:
                return [outcome for outcome, _ in self._decide(session.connection(), lines)]
        with self._database.transaction() as connection:
            begun = time.monotonic()
            self._database.backend.begin_import(connection)
            decided = self._decide(connection, lines)
            events: dict[int, list[HistoryLine]] = {}
            for outcome, (number, line) in decided:
                if outcome == ADDED:
                    events.setdefault(number, []).append(line)
            insert_events(self._database, connection, events)
            for number, some in events.items():
                if any(line.note and line.action not in NOT_WRITTEN for line in some):
                    index_request(connection, number)
        self.held = (time.monotonic() - begun) / self._database.backend.traits.import_seconds
        return [outcome for outcome, _ in decided]

    def _decide(
        self, connection: Connection, lines: Sequence[tuple[int, str, HistoryLine]]
    ) -> list[tuple[str, tuple[int, HistoryLine]]]:
        numbers = sorted({number for number, _, _ in lines})
        query = select(_request.c.id, _request.c.source).where(_request.c.id.in_(numbers))
        sources: dict[int, str] = {row.id: row.source for row in connection.execute(query)}
        keys = [line.key(number) for number, _, line in lines]
        present = set(connection.scalars(select(EVENTS.c.form_key).where(EVENTS.c.form_key.in_(keys))))
        decided = []
        for key, (number, source, line) in zip(keys, lines, strict=True):
            if sources.get(number) != source:
                outcome: str = Cause.NOT_OF_SOURCE(source=source)
            else:
                outcome = LEFT if key in present else ADDED
            decided.append((outcome, (number, line)))
        return decided


def insert_events(database: Database, connection: Connection, events: Mapping[int, Sequence[HistoryLine]]) -> None:
    """Write lines of history that are not there, in the order of their times; their keys keep them once."""
    if rows := rows_of_events(events):
        connection.execute(database.insert_into(RequestEvent).on_conflict_do_nothing(index_elements=["form_key"]), rows)


def rows_of_events(events: Mapping[int, Sequence[HistoryLine]]) -> list[dict[str, Any]]:
    """Return the rows of lines of history, in the order of their times, each once."""
    rows: dict[str, dict[str, Any]] = {}
    for number, lines in events.items():
        for line in sorted(lines, key=lambda one: one.happened_at):
            key = line.key(number)
            rows[key] = {
                "request_id": number,
                "happened_at": line.happened_at,
                "actor": line.actor,
                "action": line.action,
                "note": line.note,
                "form_key": key,
            }
    return list(rows.values())
