"""Erasing a person: what is known of them goes, what the desk has done stays.

Texts and calls are cleaned in short transactions, so that nobody waits for them, and the record last: an erasure that
was broken off has left the person there, and the next one ends it. Once the record is gone, so is the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, or_, select, update

from soap_service.errors import ContactNotFound, RequesterNotFound, StoreUnavailable
from soap_service.model import Call, Contact, Request, Requester, RequesterName, RequestEvent
from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.rules.erasing import ERASED_NAME, Traces, key_of_contact, placeholder_of
from soap_service.storage.audit import write_entry
from soap_service.storage.database import Database
from soap_service.storage.erasure_list import add_erasures, erased_documents, file_beside, list_of, write_list
from soap_service.storage.indexing import REQUESTER, Indexing, compact_index, index_request, index_requester
from soap_service.storage.part import Part
from soap_service.storage.person_traces import (
    ContactSubject,
    Subject,
    find_contact_subject,
    find_subject,
    searched_words,
    subject_of_document,
)
from soap_service.storage.requesters import write_names
from soap_service.storage.search import Search
from soap_service.storage.unknown_asked import forget_answered
from soap_service.tables.people import PersonChange
from soap_service.tables.search import RequesterContact, Unindexed

_REQUESTS_AT_ONCE, _CALLS_AT_ONCE, _CALLS_LOOKED_AT = 50, 200, 5000
#: How often what came meanwhile is cleaned again before the record goes.
_ROUNDS = 20
_requester: Any = Requester.__table__
_call: Any = Call.__table__
_NAMES_SOMEBODY = or_(Request.contact_phone != "", Request.contact_email != "", Request.contact_id.is_not(None))


@dataclass(frozen=True)
class Erased:
    """What an erasure did, or would do: how many of each are kept without the person, and how many texts changed."""

    requests: int = 0
    calls: int = 0
    contacts: int = 0
    texts: int = 0
    other_texts: int = 0
    is_known: bool = True

    @property
    def has_changed(self) -> bool:
        """Whether there was anything to erase."""
        return self.is_known or bool(self.calls or self.texts or self.other_texts)


class Erasures(Part):
    """Erasing people, and the list of those who were."""

    def __init__(self, database: Database, search: Search, indexing: Indexing) -> None:
        super().__init__(database)
        self._search, self._indexing = search, indexing

    def erase(self, requester_id: int, actor: str) -> Erased:
        """Erase a requester, the records merged into theirs and their contacts; again, and nothing is left to do.

        Raises: RequesterNotFound.
        """
        with self._database.reading() as session:
            subject = find_subject(session, requester_id)
        return self._erase(subject, actor)

    def erase_document(self, document: str, actor: str) -> Erased:
        """Erase who has a normalised document; calls and texts that name it where nobody does.

        Raises: RequesterNotFound when there is nothing, and never was.
        """
        with self._database.reading() as session:
            subject = subject_of_document(session, document)
        return self._erase(subject, actor)

    def erase_contact(self, requester_id: int, contact_id: int, actor: str) -> Erased:
        """Erase one contact of a requester, whose record stays; again, and nothing is left to do.

        Raises: RequesterNotFound, ContactNotFound for one that is nobody's or another's.
        """
        with self._database.reading() as session:
            subject = find_contact_subject(session, contact_id)
            if subject.ids[0] != find_subject(session, requester_id).ids[0]:
                raise ContactNotFound(contact_id)
        if subject.is_erased:
            self._settle()
            return Erased(is_known=False)
        while self._indexing.index_marked():  # texts are found by their words
            pass
        requests, texts = self._clean_requests_for(subject)
        others, calls = self._clean_others(subject.traces), 0
        for _ in range(_ROUNDS):
            calls += self._clean_calls_of(subject)
            if self._finish_contact(subject, actor):
                break
            more, changed = self._clean_requests_for(subject)
            requests, texts = requests + more, texts + changed
        else:
            raise StoreUnavailable("the contact's requests and calls do not end; try again")
        self._settle()
        return Erased(requests, calls, 1, texts, others)

    def _clean_requests_for(self, subject: ContactSubject) -> tuple[int, int]:
        """Clean the requester's requests of a contact; return how many named them, and of how many texts changed."""
        traces = subject.traces
        is_theirs = or_(
            Request.contact_id == subject.id,
            Request.contact_phone.in_(traces.phones),
            Request.contact_email.in_(traces.emails),
        )
        with self._database.reading() as session:
            query = select(Request.id).where(Request.requester_id.in_(subject.ids), is_theirs)
            named = session.scalars(query.order_by(Request.id)).all()
        changed = sum(
            self._clean(named[place : place + _REQUESTS_AT_ONCE], traces, is_own=True)
            for place in range(0, len(named), _REQUESTS_AT_ONCE)
        )
        return len(named), changed + self._clean_requests(subject.ids, traces, is_own=False)

    def _clean_calls_of(self, subject: ContactSubject) -> int:
        """Have calls name a contact no more; the document is the requester's and stays. Return how many there were."""
        cleaned = 0
        own = select(Call.id).where(Call.requester_id.in_(subject.ids), Call.contact_id == subject.id)
        while True:
            with self._database.transaction() as connection:
                ids = connection.scalars(own.limit(_CALLS_AT_ONCE)).all()
                if ids:
                    connection.execute(update(_call).where(_call.c.id.in_(ids)).values(contact_id=None))
            if not ids:
                return cleaned
            cleaned += len(ids)

    def _finish_contact(self, subject: ContactSubject, actor: str) -> bool:
        """Erase the contact, unless a request or a call has come to name them meanwhile."""

        def finish() -> bool:
            with self._database.transaction(notifies=True) as connection:
                kept_id = subject.ids[0]
                connection.execute(select(_requester.c.id).where(_requester.c.id == kept_id).with_for_update())
                for table in (Request, Call):
                    if connection.scalar(select(table.id).where(table.contact_id == subject.id).limit(1)) is not None:
                        return False
                now = self._database.now()
                _erase_contacts(connection, Contact.id == subject.id, now)
                told = update(PersonChange).where(PersonChange.id.in_(subject.changes))
                connection.execute(told.values(details="{}"))
                line = {"requester_id": kept_id, "changed_at": now, "actor": actor}
                connection.execute(insert(PersonChange), {**line, "action": "contact-erased", "details": "{}"})
                write_names(connection, kept_id)
                index_requester(connection, kept_id)
                add_erasures(connection, [key_of_contact(subject.id)], now)
                write_entry(connection, now, AuditKind.CONTACT_ERASED, RecordKind.REQUESTER, kept_id)
                return True

        return self._database.retrying(finish)

    def count(self, document: str) -> Erased:
        """Return what an erasure would find of who has a normalised document, but for texts of others."""
        with self._database.reading() as session:
            subject = subject_of_document(session, document)
            return _counted(session.connection(), subject)

    def _erase(self, subject: Subject, actor: str) -> Erased:
        if subject.is_erased:
            self._settle()
            return Erased(is_known=False)
        with self._database.reading() as session:
            counted = _counted(session.connection(), subject)
        while self._indexing.index_marked():  # texts are found by their words
            pass
        texts = self._clean_requests(subject.ids, subject.traces)
        others = self._clean_others(subject.traces)
        calls = self._clean_unknown_calls(subject)
        if not (subject.ids or others or calls):
            self._refuse_unknown(subject)
            return counted
        for _ in range(_ROUNDS):
            self._clean_calls(subject)
            if self._finish(subject, actor):
                break
            texts += self._clean_requests(subject.ids, subject.traces)
        else:
            raise StoreUnavailable("the person's calls do not end; try again")
        self._settle()
        return replace(counted, calls=counted.calls + calls, texts=texts, other_texts=others)

    def _refuse_unknown(self, subject: Subject) -> None:
        with self._database.reading() as session:
            if not erased_documents(session.connection(), subject.documents):
                raise RequesterNotFound

    def _clean_requests(self, ids: Sequence[int], traces: Traces, is_own: bool = True) -> int:
        """Clean the requests of some records; return of how many the texts changed."""
        changed, last = 0, 0
        while ids:
            with self._database.reading() as session:
                some = select(Request.id).where(Request.requester_id.in_(ids), Request.id > last)
                numbers = session.scalars(some.order_by(Request.id).limit(_REQUESTS_AT_ONCE)).all()
            if not numbers:
                break
            changed += self._clean(numbers, traces, is_own)
            last = numbers[-1]
        return changed

    def _clean_others(self, traces: Traces) -> int:
        """Take what is the person's alone out of the requests of others; return of how many the texts changed."""
        traces = traces.unmistakable
        found: set[int] = set()
        for words in searched_words(traces):
            found.update(self._search.list_with_words(words))
        numbers = sorted(found)
        return sum(
            self._clean(numbers[place : place + _REQUESTS_AT_ONCE], traces)
            for place in range(0, len(numbers), _REQUESTS_AT_ONCE)
        )

    def _clean(self, numbers: Sequence[int], traces: Traces, is_own: bool = False) -> int:
        """Clean the texts of some requests, in one transaction with their words of search."""

        def clean() -> int:
            with self._database.transaction() as connection:
                return _clean_requests(connection, numbers, traces, is_own)

        return self._database.retrying(clean)

    def _clean_calls(self, subject: Subject) -> None:
        """Take the documents from the person's own calls."""
        own = select(Call.id).where(Call.requester_id.in_(subject.ids or [0]), Call.document != "")
        while self._without_documents(own.limit(_CALLS_AT_ONCE)):
            pass

    def _clean_unknown_calls(self, subject: Subject) -> int:
        """Take the documents from calls that nobody was known for, which no index has; return how many there were."""
        with self._database.reading() as session:
            newest = session.scalar(select(func.max(Call.id))) or 0
        cleaned = 0
        for first in range(0, newest + 1, _CALLS_LOOKED_AT):
            within = Call.id.between(first, first + _CALLS_LOOKED_AT - 1), Call.requester_id.is_(None)
            query = select(Call.id).where(*within, Call.document.in_(subject.documents))
            with self._database.reading() as session:
                ids = session.scalars(query).all()
            for place in range(0, len(ids), _CALLS_AT_ONCE):
                cleaned += self._without_documents(
                    select(Call.id).where(Call.id.in_(ids[place : place + _CALLS_AT_ONCE]))
                )
        return cleaned

    def _without_documents(self, which: Select[Any]) -> int:
        with self._database.transaction() as connection:
            ids = connection.scalars(which).all()
            if ids:
                connection.execute(update(_call).where(_call.c.id.in_(ids)).values(document="", contact_id=None))
            return len(ids)

    def _finish(self, subject: Subject, actor: str) -> bool:
        """Erase the record, unless something came meanwhile that must be cleaned first."""

        def finish() -> bool:
            with self._database.transaction(notifies=True) as connection:
                _lock(connection, subject)
                if _has_more(connection, subject):
                    return False
                now = self._database.now()
                for requester_id in subject.ids:
                    _erase_record(connection, requester_id, subject.ids[0], now)
                if subject.ids:
                    line = {"requester_id": subject.ids[0], "changed_at": now, "actor": actor}
                    connection.execute(insert(PersonChange), {**line, "action": "erased", "details": "{}"})
                add_erasures(connection, subject.documents, now)
                forget_answered(connection, subject.documents)
                write_entry(connection, now, AuditKind.PERSON_ERASED, RecordKind.REQUESTER, next(iter(subject.ids), ""))
                return True

        return self._database.retrying(finish)

    def _settle(self) -> None:
        """Have nothing of it left in the files of an embedded database either, and the list beside it."""
        write_list_beside(self._database)
        compact_index(self._database)
        self._database.forget_removed()


def write_list_beside(database: Database) -> None:
    """Write the list of erasures beside an embedded database; a server keeps its own."""
    file = file_beside(database)
    if file is None:
        return
    with database.reading() as session:
        known = list_of(session.connection())
    with database.as_domain_errors():
        write_list(file, known)


def _clean_requests(connection: Connection, numbers: Sequence[int], traces: Traces, is_own: bool) -> int:
    """Clean the texts of some requests and, of the person's own, what names them; return of how many texts changed."""
    columns = (Request.id, Request.description, Request.current_task, Request.contact_phone, Request.contact_email)
    rows = connection.execute(select(*columns).where(Request.id.in_(numbers)).order_by(Request.id).with_for_update())
    notes: dict[int, list[tuple[int, str]]] = {}
    lines = select(RequestEvent.request_id, RequestEvent.id, RequestEvent.note)
    for number, line_id, note in connection.execute(lines.where(RequestEvent.request_id.in_(numbers))):
        notes.setdefault(number, []).append((line_id, note or ""))
    changed = 0
    for row in rows.all():
        own = traces
        if is_own and (row.contact_phone or row.contact_email):
            emails, phones = (*traces.emails, row.contact_email or ""), (*traces.phones, row.contact_phone or "")
            own = replace(traces, emails=emails, phones=phones)
        changed += _clean_texts(connection, row, notes.get(row.id, ()), own)
    if is_own:
        nobody = {"contact_phone": "", "contact_email": "", "contact_id": None}
        connection.execute(update(Request).where(Request.id.in_(numbers), _NAMES_SOMEBODY).values(nobody))
    return changed


def _clean_texts(connection: Connection, row: Any, notes: Sequence[tuple[int, str]], traces: Traces) -> int:
    """Clean the texts of a request; return whether they changed, as a number."""
    texts = {"description": row.description or "", "current_task": row.current_task or ""}
    values = {name: clean for name, was in texts.items() if (clean := traces.redact(was)) != was}
    changed = [(line_id, clean) for line_id, note in notes if (clean := traces.redact(note)) != note]
    for line_id, clean in changed:
        connection.execute(update(RequestEvent).where(RequestEvent.id == line_id).values(note=clean))
    if values:
        connection.execute(update(Request).where(Request.id == row.id).values(values))
    if values or changed:
        index_request(connection, row.id)
    return int(bool(values or changed))


def _lock(connection: Connection, subject: Subject) -> None:
    if subject.ids:
        connection.execute(select(_requester.c.id).where(_requester.c.id.in_(subject.ids)).with_for_update())


def _has_more(connection: Connection, subject: Subject) -> bool:
    """Tell whether there are calls or requests of the person that have not been cleaned."""
    if not subject.ids:
        return False
    calls = select(Call.id).where(Call.requester_id.in_(subject.ids), Call.document != "").limit(1)
    newer = select(Request.id).where(Request.requester_id.in_(subject.ids), _NAMES_SOMEBODY)
    return connection.scalar(calls) is not None or connection.scalar(newer.limit(1)) is not None


def _erase_record(connection: Connection, requester_id: int, kept_id: int, now: datetime) -> None:
    blank = {"email": "", "phone": "", "extension": "", "unit": "", "external_id": None}
    values = {"document": placeholder_of(requester_id), "name": ERASED_NAME, "erased_at": now, **blank}
    connection.execute(update(_requester).where(_requester.c.id == requester_id).values(values))
    _erase_contacts(connection, Contact.requester_id == requester_id, now)
    connection.execute(update(PersonChange).where(PersonChange.requester_id == requester_id).values(details="{}"))
    for table in (RequesterName, RequesterContact):
        connection.execute(delete(table).where(table.requester_id == requester_id))
    connection.execute(delete(Unindexed).where(Unindexed.kind == REQUESTER, Unindexed.row_id == requester_id))


def _erase_contacts(connection: Connection, which: ColumnElement[bool], now: datetime) -> None:
    contact = {"name": ERASED_NAME, "role": "", "email": "", "phone": "", "extension": ""}
    connection.execute(update(Contact).where(which).values(**contact, left_at=func.coalesce(Contact.left_at, now)))


def _counted(connection: Connection, subject: Subject) -> Erased:
    def count(table: Any) -> int:
        query = select(func.count()).select_from(table).where(table.requester_id.in_(subject.ids))
        return int(connection.scalar(query) or 0)

    if not subject.ids:
        return Erased(is_known=False)
    return Erased(count(Request), count(Call), count(Contact), is_known=not subject.is_erased)
