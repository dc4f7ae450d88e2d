"""Keeping what a search looks into true to the texts, in the transaction that changes them.

Triggers mark what changed, whoever changes it: this program, an older node beside it, a repair by hand. What this
program writes is indexed at once by the events below; what else is marked, the next search indexes first.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, delete, event, insert, inspect, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Mapper

from soap_service.errors import StoreUnavailable
from soap_service.model import Contact, Request, Requester, RequestEvent
from soap_service.rules.searching import contacts_of, subject_of, words_of
from soap_service.rules.situations import Action
from soap_service.storage.database import Database
from soap_service.storage.part import Part
from soap_service.tables.search import RequesterContact, RequestWords, Unindexed

REQUEST, REQUESTER = "request", "requester"
#: Lines of the history whose note nobody wrote.
NOT_WRITTEN = (Action.TASK, Action.FORWARD, Action.RESPONSIBLE, Action.RECLASSIFY)
_MOST_AT_ONCE = 500
_COMPACT_SECONDS = 20.0
_FIRST_MARKED = select(Unindexed.kind, Unindexed.row_id).limit(1)


class Indexing(Part):
    """Indexing what is marked."""

    def index_marked(self) -> bool:
        """Index some of what is marked and tell whether there was any. What is being changed is left to who does."""
        if not self._database.fetch(_FIRST_MARKED):
            return False
        with self._database.transaction() as connection:
            requests = _lock_marked(connection, REQUEST, Request.id)
            requesters = _lock_marked(connection, REQUESTER, Requester.id)
            for number in requests:
                index_request(connection, number)
            for requester_id in requesters:
                index_requester(connection, requester_id)
        return bool(requests or requesters)

    def index_before_search(self) -> None:
        """Index what is marked, if it can be; a search in what there is is better than none."""
        with suppress(StoreUnavailable):
            self.index_marked()


def compact_index(database: Database, seconds: float = _COMPACT_SECONDS) -> bool:
    """Have words that no text has any more leave the full-text index, piece by piece, in so many seconds at most.

    Tell whether it is done; the rest is left to the next time.
    """
    deadline, is_first = time.monotonic() + seconds, True
    while time.monotonic() < deadline:
        with database.transaction() as connection:
            if database.backend.compact_words(connection, is_first):
                return True
        is_first = False
        time.sleep(0.002)  # a writer of another process looks every 2 ms whether it is its turn
    return False


def _lock_marked(connection: Connection, kind: str, key: InstrumentedAttribute[int]) -> Sequence[int]:
    marked = select(Unindexed.row_id).where(Unindexed.kind == kind)
    query = select(key).where(key.in_(marked)).order_by(key).limit(_MOST_AT_ONCE)
    return connection.scalars(query.with_for_update(skip_locked=True)).all()


def index_request(connection: Connection, number: int) -> None:
    """Write the words of a request as it stands in this transaction."""
    locked = select(Request.description).where(Request.id == number).with_for_update()
    description = connection.scalar(locked)
    if description is not None:
        written = RequestEvent.action.not_in(NOT_WRITTEN), RequestEvent.note != ""
        notes = connection.scalars(select(RequestEvent.note).where(RequestEvent.request_id == number, *written))
        row = {"subject": subject_of(description), "words": words_of([description, *notes])}
        if not connection.execute(update(RequestWords).where(RequestWords.request_id == number).values(row)).rowcount:
            connection.execute(insert(RequestWords).values(request_id=number, **row))
    _unmark(connection, REQUEST, number)


def index_requester(connection: Connection, requester_id: int) -> None:
    """Write what a requester is found by, as it stands in this transaction; of a merged record its other's.

    That is their own telephone and so on, and those of records merged into theirs and of contacts who are still there.
    """
    connection.execute(select(Requester.id).where(Requester.id == requester_id).with_for_update())
    connection.execute(delete(RequesterContact).where(RequesterContact.requester_id == requester_id))
    own = select(Requester.email, Requester.phone, Requester.extension).where(
        or_(Requester.id == requester_id, Requester.merged_into_id == requester_id),
        or_(Requester.id != requester_id, Requester.merged_into_id.is_(None)),
    )
    theirs = select(Contact.email, Contact.phone, Contact.extension).where(
        Contact.requester_id == requester_id, Contact.left_at.is_(None)
    )
    found = [*connection.execute(own), *connection.execute(theirs)]
    entries = sorted({entry for texts in found for entry in contacts_of(*(text or "" for text in texts))})
    if entries:
        rows = [{"entry": entry, "requester_id": requester_id} for entry in entries]
        connection.execute(insert(RequesterContact), rows)
    _unmark(connection, REQUESTER, requester_id)


def _unmark(connection: Connection, kind: str, row_id: int) -> None:
    connection.execute(delete(Unindexed).where(Unindexed.kind == kind, Unindexed.row_id == row_id))


@event.listens_for(Request, "after_insert")
def _index_new_request(_mapper: Mapper[Any], connection: Connection, request: Request) -> None:
    index_request(connection, request.id)


@event.listens_for(Request, "after_update")
def _index_changed_request(mapper: Mapper[Any], connection: Connection, request: Request) -> None:
    if inspect(request).attrs.description.history.has_changes():
        _index_new_request(mapper, connection, request)


@event.listens_for(RequestEvent, "after_insert")
def _index_note(_mapper: Mapper[Any], connection: Connection, line: RequestEvent) -> None:
    if line.note and line.action not in NOT_WRITTEN:
        index_request(connection, line.request_id)


@event.listens_for(Requester, "after_insert")
def _index_new_requester(_mapper: Mapper[Any], connection: Connection, requester: Requester) -> None:
    index_requester(connection, requester.id)


@event.listens_for(Requester, "after_update")
def _index_changed_requester(mapper: Mapper[Any], connection: Connection, requester: Requester) -> None:
    history = inspect(requester).attrs
    if any(history[name].history.has_changes() for name in ("email", "phone", "extension")):
        _index_new_requester(mapper, connection, requester)
