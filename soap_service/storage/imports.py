"""Requesters from another desk's file, batch by batch, each in a transaction of its own.

The rows are written without the ORM, and with them what its events else write: the words of names, the contacts.
"""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from soap_service.importing.running import ADDED, CHANGED, LEFT
from soap_service.model import Requester, RequesterName
from soap_service.rules.import_causes import Cause
from soap_service.rules.import_values import PersonLine, read_person
from soap_service.rules.names import entries_of
from soap_service.rules.searching import contacts_of
from soap_service.storage.database import Database
from soap_service.storage.erasure_list import erased_documents
from soap_service.storage.history import COMMAND
from soap_service.storage.indexing import REQUESTER, index_requester
from soap_service.storage.requesters import write_names
from soap_service.tables.people import PersonChange
from soap_service.tables.search import RequesterContact, Unindexed

_requester: Any = Requester.__table__
_COLUMNS = ("name", "email", "phone", "extension", "unit", "external_id")


class RequesterImport:
    """Takes requesters in; those who are known stay as they are unless it is `updating`."""

    def __init__(self, database: Database, is_updating: bool = False, is_dry: bool = False) -> None:
        self._database = database
        self._is_updating = is_updating
        self._is_dry = is_dry
        self._planned: set[str] = set()
        self.held = 0.0

    def read(self, cells: Mapping[str, str]) -> PersonLine:
        """Return what a line says; raises Unreadable."""
        return read_person(cells)

    def keys_of(self, line: PersonLine) -> Sequence[str]:
        """Return the document and the other system's id."""
        return line.keys

    def take(self, lines: Sequence[PersonLine]) -> list[str]:
        """Take lines in; return for each what became of it."""
        return self._database.retrying(lambda: self._take(lines), len(lines))

    def _take(self, lines: Sequence[PersonLine]) -> list[str]:
        prepared = [_prepared(line) for line in lines]
        if self._is_dry:
            with self._database.reading() as session:
                return self._decide(session.connection(), lines)[0]
        with self._database.transaction() as connection:
            begun = time.monotonic()
            self._database.backend.begin_import(connection)
            outcomes, changes = self._decide(connection, lines)
            added = [n for n, outcome in enumerate(outcomes) if outcome == ADDED]
            _insert(self._database, connection, [lines[n] for n in added], [prepared[n] for n in added])
            for known, values in changes:
                _update(connection, known, values, self._database.now())
        self.held = (time.monotonic() - begun) / self._database.backend.traits.import_seconds
        return outcomes

    def _decide(
        self, connection: Connection, lines: Sequence[PersonLine]
    ) -> tuple[list[str], list[tuple[Any, dict[str, str]]]]:
        """Return what becomes of each line, and the changes of those who are known."""
        by_document, by_id = _known(connection, lines)
        new = [line.document for line in lines if line.document and line.document not in by_document]
        erased = erased_documents(connection, new)
        outcomes: list[str] = []
        changes = []
        for line in lines:
            by_own = by_document.get(line.document)
            by_other = by_id.get(line.given.get("external_id", ""))
            known = by_own or by_other
            if by_own is not None and by_other is not None and by_own.id != by_other.id:
                outcomes.append(Cause.TWO_REQUESTERS())
            elif known is None:
                outcomes.append(Cause.ERASED() if line.document in erased else self._new(line))
            elif known.merged_into_id is not None or known.erased_at is not None:
                outcomes.append(LEFT)
            elif not self._is_updating:
                is_other = bool(line.document) and known.document != line.document
                outcomes.append(Cause.TAKEN_ID() if is_other else LEFT)
            else:
                said = {**line.given, **({"document": line.document} if line.document else {})}
                values = {name: value for name, value in said.items() if getattr(known, name) != value}
                outcomes.append(CHANGED if values else LEFT)
                if values:
                    changes.append((known, values))
        return outcomes, changes

    def _new(self, line: PersonLine) -> str:
        if not line.document:
            return Cause.NOBODYS_ID()
        if not line.given.get("name"):
            return Cause.NO_NAME()
        if self._is_dry:
            if not self._planned.isdisjoint(line.keys):
                return LEFT
            self._planned.update(line.keys)
        return ADDED


def requesters_by(connection: Connection, documents: Sequence[str], ids: Sequence[str]) -> Sequence[Any]:
    """Return the rows of the requesters with one of some documents or of another system's ids."""
    columns = [_requester.c[name] for name in ("id", "document", *_COLUMNS, "merged_into_id", "erased_at")]
    found: list[Any] = []
    if documents:
        found += connection.execute(select(*columns).where(_requester.c.document.in_(documents))).all()
    if ids:
        found += connection.execute(select(*columns).where(_requester.c.external_id.in_(ids))).all()
    return found


def meant_by(row: Any) -> int:
    """Return the id of the requester whom a row means: that of who they were merged into, if they were."""
    return int(row.id if row.merged_into_id is None else row.merged_into_id)


def _known(connection: Connection, lines: Sequence[PersonLine]) -> tuple[dict[str, Any], dict[str, Any]]:
    documents = [line.document for line in lines if line.document]
    rows = requesters_by(connection, documents, [line.given["external_id"] for line in lines if line.has_id])
    return {row.document: row for row in rows}, {row.external_id: row for row in rows if row.external_id}


def _prepared(line: PersonLine) -> tuple[list[str], list[str]]:
    """Return the entries of the name and the contacts, made before the transaction begins."""
    given = line.given
    contacts = contacts_of(given.get("email", ""), given.get("phone", ""), given.get("extension", ""))
    return entries_of(given.get("name", "")), contacts


def _insert(
    database: Database,
    connection: Connection,
    lines: Sequence[PersonLine],
    prepared: Sequence[tuple[list[str], list[str]]],
) -> None:
    if not lines:
        return
    blank = dict.fromkeys(_COLUMNS, "") | {"external_id": None}
    rows = [{"document": line.document, **blank, **line.given} for line in lines]
    database.insert_rows(connection, Requester, rows)
    documents = [line.document for line in lines]
    query = select(_requester.c.document, _requester.c.id).where(_requester.c.document.in_(documents))
    ids: dict[str, int] = {row.document: row.id for row in connection.execute(query)}
    names, contacts = [], []
    for line, (entries, found) in zip(lines, prepared, strict=True):
        requester_id = ids[line.document]
        names += [{"entry": entry, "requester_id": requester_id} for entry in entries]
        contacts += [{"entry": entry, "requester_id": requester_id} for entry in found]
    database.insert_rows(connection, RequesterName, names)
    database.insert_rows(connection, RequesterContact, contacts)
    unmark(connection, REQUESTER, list(ids.values()))


def _update(connection: Connection, known: Any, values: dict[str, str], now: datetime) -> None:
    """Change a requester, with a line of their history."""
    requester_id = known.id
    connection.execute(update(_requester).where(_requester.c.id == requester_id).values(values))
    details = {name: (getattr(known, name) or "", value) for name, value in values.items()}
    line = {
        "requester_id": requester_id,
        "changed_at": now,
        "actor": COMMAND,
        "action": "imported",
        "details": json.dumps(details, ensure_ascii=False),
    }
    connection.execute(insert(PersonChange), line)
    if "name" in values:
        write_names(connection, requester_id)
    if not values.keys().isdisjoint(("email", "phone", "extension")):
        index_requester(connection, requester_id)


def unmark(connection: Connection, kind: str, ids: Sequence[int]) -> None:
    """Take the marks away of what was indexed with its rows."""
    if ids:
        connection.execute(delete(Unindexed).where(Unindexed.kind == kind, Unindexed.row_id.in_(ids)))
