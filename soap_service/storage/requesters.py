"""Requesters: found by document and by name, registered. Knows neither requests nor calls.

Every name is kept a second time in `requester_name`, folded, by the events below: whatever writes a `Requester` in a
session writes its entries too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, event, func, insert, inspect, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session

from soap_service.errors import AlreadyExists, RequesterNotFound
from soap_service.model import Requester, RequesterName
from soap_service.rules.documents import documents_to_look_up
from soap_service.rules.former_documents import read_again
from soap_service.rules.names import entries_of, fold_name
from soap_service.storage.database import Database

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


class Requesters(Database):
    """Who calls the service desk."""

    def find_requester(self, document: str) -> Requester:
        """Return the requester with that normalised document, else with what it may stand for.

        Raises: RequesterNotFound.
        """
        with self.reading() as session:
            for meant in documents_to_look_up(document):
                requester = session.scalar(select(Requester).where(Requester.document == meant))
                if requester is not None:
                    return requester
        raise RequesterNotFound

    def find_requester_by_id(self, requester_id: int) -> Requester:
        """Return the requester with that id; raises RequesterNotFound."""
        with self.reading() as session:
            requester = session.get(Requester, requester_id)
        if requester is None:
            raise RequesterNotFound(requester_id)
        return requester

    def list_requesters_named(self, typed: str) -> Sequence[Requester]:
        """Return the first requesters with words in their name that begin as the typed ones, at most `MATCHES_SHOWN`.

        Case, accents and signs do not count. They come by the word that is looked up, then by name.
        """
        words = sorted(set(fold_name(typed).split()), key=len, reverse=True)[:_MOST_WORDS]
        if not words:
            return []
        with self.reading() as session:
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

    def list_misread_requesters(self) -> Sequence[MisreadRequester]:
        """Return, by id, who is stored under a document whose text is read differently today; reads every requester."""
        query = select(Requester.id, Requester.name, Requester.document).order_by(Requester.id).limit(_ROWS_AT_ONCE)
        found, last = [], 0
        with self.reading() as session:
            while rows := session.execute(query.where(Requester.id > last)).all():
                last = rows[-1].id
                found += [(row, reading) for row in rows if (reading := read_again(row.document)) is not None]
            return [MisreadRequester(*row, reading, _id_under(session, reading)) for row, reading in found]

    def add_requester(
        self, document: str, name: str, email: str = "", phone: str = "", extension: str = "", unit: str = ""
    ) -> Requester:
        """Register a requester under a normalised document; raises AlreadyExists when the document has one."""
        requester = Requester(document=document, name=name, email=email, phone=phone, extension=extension, unit=unit)
        try:
            with self.writing() as session:
                session.add(requester)
        except IntegrityError:
            raise AlreadyExists from None
        return requester


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
def _rewrite_entries(mapper: Mapper[Any], connection: Connection, requester: Requester) -> None:
    if inspect(requester).attrs.name.history.has_changes():
        connection.execute(delete(RequesterName).where(RequesterName.requester_id == requester.id))
        _write_entries(mapper, connection, requester)
