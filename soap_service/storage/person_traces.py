"""Whose data it is: the rows of a person, and by what they are recognised in texts."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from soap_service.errors import ContactNotFound, RequesterNotFound
from soap_service.model import Contact, Requester
from soap_service.rules.documents import documents_to_look_up
from soap_service.rules.erasing import ERASED_NAME, Traces, is_placeholder, spellings_of
from soap_service.rules.names import fold_name
from soap_service.tables.people import PersonChange


@dataclass(frozen=True)
class Subject:
    """A person: the ids of their record, first, and of those merged into it. Without ids only a document is known."""

    ids: Sequence[int]
    documents: Sequence[str]
    traces: Traces
    is_erased: bool = False


@dataclass(frozen=True)
class ContactSubject:
    """A contact of a requester: by what they are recognised, and the lines of the record's history that tell of them.

    `ids` are the requester's record, first, and those merged into it.
    """

    id: int
    ids: Sequence[int]
    traces: Traces
    changes: Sequence[int]
    is_erased: bool


def find_contact_subject(session: Session, contact_id: int) -> ContactSubject:
    """Return a contact; raises ContactNotFound.

    What the requester or another contact has too, such as a company's telephone, is not by what they are recognised.
    """
    contact = session.get(Contact, contact_id)
    if contact is None:
        raise ContactNotFound(contact_id)
    ids = find_subject(session, contact.requester_id).ids
    query = select(PersonChange.id, PersonChange.details).where(PersonChange.requester_id.in_(ids))
    of_contacts = query.where(PersonChange.action.in_(("contact-added", "contact-changed")))
    names, changes, said = {contact.name}, [], []
    for row in session.execute(of_contacts.order_by(PersonChange.id.desc())):
        details = json.loads(row.details)
        before, after = details.get("name") or details.get("contact") or ("", "")
        if after in names:
            names.update({before} - {""})
            changes.append(row.id)
            said.append(details)
    people: list[Requester | Contact] = [*session.scalars(select(Requester).where(Requester.id.in_(ids)))]
    others = Contact.requester_id.in_(ids), Contact.id != contact_id
    people += session.scalars(select(Contact).where(*others))

    def own(field: str) -> tuple[str, ...]:
        had = {getattr(contact, field) or "", *(text for details in said for text in details.get(field, ()))}
        return tuple(sorted(had - {"", *(getattr(one, field) for one in people)}))

    traces = Traces((), own("email"), own("phone"), tuple(sorted(names - {one.name for one in people})))
    return ContactSubject(contact_id, ids, traces, changes, contact.name == ERASED_NAME)


def find_subject(session: Session, requester_id: int) -> Subject:
    """Return who has a record; raises RequesterNotFound."""
    one = session.get(Requester, requester_id)
    if one is None:
        raise RequesterNotFound(requester_id)
    kept_id = one.id if one.merged_into_id is None else one.merged_into_id
    query = select(Requester).where(or_(Requester.id == kept_id, Requester.merged_into_id == kept_id))
    rows = sorted(session.scalars(query), key=lambda row: (row.id != kept_id, row.id))
    ids = [row.id for row in rows]
    changes = session.scalars(select(PersonChange.details).where(PersonChange.requester_id.in_(ids)))
    said = [detail for details in changes for detail in json.loads(details).items()]
    documents = _documents(session, rows, [text for name, texts in said if name == "document" for text in texts])
    contacts = session.scalars(select(Contact).where(Contact.requester_id.in_(ids))).all()
    people = [*rows, *contacts]

    def all_of(field: str) -> tuple[str, ...]:
        former = [text for name, texts in said if name == field for text in texts]
        return tuple(sorted({text for text in (*(getattr(one, field) or "" for one in people), *former) if text}))

    traces = Traces(tuple(documents), all_of("email"), all_of("phone"), all_of("name"))
    return Subject(ids, documents, traces, rows[0].erased_at is not None)


def subject_of_document(session: Session, document: str) -> Subject:
    """Return who has a normalised document, or what it may stand for; where nobody does, the document alone."""
    for meant in documents_to_look_up(document):
        found = session.scalar(select(Requester.id).where(Requester.document == meant))
        if found is not None:
            return find_subject(session, found)
    documents = list(documents_to_look_up(document))
    return Subject((), documents, Traces(tuple(documents)))


def searched_words(traces: Traces) -> Iterator[Sequence[str]]:
    """Yield the words that a search finds texts by which may have a document or an e-mail address."""
    for document in traces.documents:
        yield from spellings_of(document)
    for email in traces.emails:
        if words := fold_name(email).split():
            yield words


def _documents(session: Session, rows: Iterable[Requester], former: Sequence[str]) -> list[str]:
    """Return the documents of some records, and those they had which are nobody else's now."""
    rows = list(rows)
    own = {row.document for row in rows if not is_placeholder(row.document)}
    former = sorted({one for one in former if one and not is_placeholder(one)} - own)
    others = session.scalars(select(Requester.document).where(Requester.document.in_(former))).all()
    return [*sorted(own), *(one for one in former if one not in others)]
