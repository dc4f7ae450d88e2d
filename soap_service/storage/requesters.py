"""Requesters: found by document and by name, registered. Knows neither requests nor calls.

Every name is kept a second time in `requester_name`, folded, by the events below: whatever writes a `Requester` in a
session writes its entries too. There a requester is found by the names of contacts and of merged records as well.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, event, func, insert, inspect, literal_column, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session

from soap_service.errors import AlreadyExists, RequesterNotFound
from soap_service.model import Contact, Requester, RequesterName
from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.rules.documents import documents_to_look_up
from soap_service.rules.former_documents import read_again
from soap_service.rules.names import entries_of, fold_name
from soap_service.storage.audit import write_entry
from soap_service.storage.part import Part
from soap_service.tables.people import PersonChange

#: How many requesters a search shows.
MATCHES_SHOWN = 20
_MOST_WORDS = 8
_ROWS_AT_ONCE = 1000
#: Above this many entries a word is common, however many it has.
_COMMON = 2000
_AFTER_ALL = "\U0010ffff"


@dataclass(frozen=True)
class MisreadRequester:
    """A requester whose document the former rule made; its text's reading today (empty: none), and whose that is."""

    id: int
    name: str
    document: str
    reading: str
    other_id: int | None


class Requesters(Part):
    """Who calls the service desk."""

    def find(self, document: str) -> Requester:
        """Return the requester with that normalised document, else with what it may stand for.

        The document of a merged record means the one it was merged into. Raises: RequesterNotFound.
        """
        with self._database.reading() as session:
            for meant in documents_to_look_up(document):
                requester = session.scalar(select(Requester).where(Requester.document == meant))
                if requester is not None:
                    return _merged_into(session, requester)
        raise RequesterNotFound

    def find_by_id(self, requester_id: int) -> Requester:
        """Return the requester with that id, or the one they were merged into; raises RequesterNotFound."""
        with self._database.reading() as session:
            requester = session.get(Requester, requester_id)
            if requester is None:
                raise RequesterNotFound(requester_id)
            return _merged_into(session, requester)

    def list_named(self, typed: str) -> Sequence[Requester]:
        """Return the first requesters with words in their name that begin as the typed ones, at most `MATCHES_SHOWN`.

        Case, accents and signs do not count. They come by the word that is looked up, then by name.
        """
        words = sorted(set(fold_name(typed).split()), key=len, reverse=True)[:_MOST_WORDS]
        if not words:
            return []
        with self._database.reading() as session:
            rarest = words[0] if len(words) == 1 else min(words, key=lambda word: _commonness(session, word))
            others = [RequesterName.entry.contains(f" {word}") for word in words if word != rarest]
            query = select(RequesterName.requester_id).where(*_begins_with(rarest), *others)
            # Somebody two of whose words begin so comes twice.
            ids = session.scalars(query.order_by(RequesterName.entry).limit(3 * MATCHES_SHOWN)).all()
            shown = list(dict.fromkeys(ids))[:MATCHES_SHOWN]
            if not shown:
                return []
            found = {one.id: one for one in session.scalars(select(Requester).where(Requester.id.in_(shown)))}
        return [found[one] for one in shown if one in found]

    def list_misread(self) -> Sequence[MisreadRequester]:
        """Return, by id, who is stored under a document whose text is read differently today; reads every requester."""
        query = select(Requester.id, Requester.name, Requester.document).order_by(Requester.id).limit(_ROWS_AT_ONCE)
        query = query.where(Requester.merged_into_id.is_(None), Requester.erased_at.is_(None))
        found, last = [], 0
        with self._database.reading() as session:
            while rows := session.execute(query.where(Requester.id > last)).all():
                last = rows[-1].id
                found += [(row, reading) for row in rows if (reading := read_again(row.document)) is not None]
            return [MisreadRequester(*row, reading, _id_under(session, reading)) for row, reading in found]

    def add(
        self,
        document: str,
        name: str,
        email: str = "",
        phone: str = "",
        extension: str = "",
        unit: str = "",
        actor: str = "",
    ) -> Requester:
        """Register a requester under a normalised document; raises AlreadyExists when the document has one.

        The history says which `actor` did, if one is given.
        """
        requester = Requester(document=document, name=name, email=email, phone=phone, extension=extension, unit=unit)
        try:
            with self._database.writing() as session:
                session.add(requester)
                session.flush()
                write_entry(session, self._database.now(), AuditKind.PERSON_ADDED, RecordKind.REQUESTER, requester.id)
                if actor:
                    record_change(session, self._database.now(), actor, requester.id, "added")
        except IntegrityError:
            raise AlreadyExists from None
        return requester


def _merged_into(session: Session, requester: Requester) -> Requester:
    other = session.get(Requester, requester.merged_into_id) if requester.merged_into_id is not None else None
    return requester if other is None else other


def record_change(
    session: Session,
    now: datetime,
    actor: str,
    requester_id: int,
    action: str,
    details: Mapping[str, tuple[str, str]] | None = None,
    form_key: str | None = None,
) -> None:
    """Write a line of a requester's history: each detail is a field's name with its text before and after."""
    session.add(
        PersonChange(
            requester_id=requester_id,
            changed_at=now,
            actor=actor,
            action=action,
            details=json.dumps(dict(details or {}), ensure_ascii=False),
            form_key=form_key,
        )
    )


def write_names(connection: Connection, requester_id: int) -> None:
    """Write what a requester is found by: their name, those of records merged into theirs, of contacts still there."""
    connection.execute(delete(RequesterName).where(RequesterName.requester_id == requester_id))
    own = select(Requester.name).where(
        or_(Requester.id == requester_id, Requester.merged_into_id == requester_id),
        or_(Requester.id != requester_id, Requester.merged_into_id.is_(None)),
        Requester.erased_at.is_(None),
    )
    theirs = select(Contact.name).where(Contact.requester_id == requester_id, Contact.left_at.is_(None))
    names = [*connection.scalars(own), *connection.scalars(theirs)]
    entries = sorted({entry for name in names for entry in entries_of(name)})
    if entries:
        rows = [{"entry": entry, "requester_id": requester_id} for entry in entries]
        connection.execute(insert(RequesterName), rows)


def _id_under(session: Session, document: str) -> int | None:
    return session.scalar(select(Requester.id).where(Requester.document == document)) if document else None


def _begins_with(word: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return RequesterName.entry >= word, RequesterName.entry < word + _AFTER_ALL


def _commonness(session: Session, word: str) -> int:
    """Return how many entries begin with a word, as far as it matters."""
    some: Any = select(literal_column("1")).select_from(RequesterName).where(*_begins_with(word)).limit(_COMMON)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


@event.listens_for(Requester, "after_insert")
def _write_entries(_mapper: Mapper[Any], connection: Connection, requester: Requester) -> None:
    rows = [{"entry": entry, "requester_id": requester.id} for entry in entries_of(requester.name)]
    if rows:
        connection.execute(insert(RequesterName), rows)


@event.listens_for(Requester, "after_update")
def _rewrite_entries(_mapper: Mapper[Any], connection: Connection, requester: Requester) -> None:
    if inspect(requester).attrs.name.history.has_changes():
        write_names(connection, requester.id)
