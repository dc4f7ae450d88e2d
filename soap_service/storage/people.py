"""People as records: a requester's page, and what is changed on it. Each change leaves a line of its history.

`view` is the one way to look at a person, `change`, `set_left` and `merge` the ways to change one; to export and to
erase them there are `person_export` and `erasures`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from soap_service.errors import (
    AlreadyExists,
    CallNotFound,
    ChangedMeanwhile,
    ContactNotFound,
    PersonNotMergeable,
    RequesterNotFound,
    RequestNotFound,
)
from soap_service.model import Call, Contact, Request, Requester, RequesterName
from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.rules.edits import ContactEdit, PersonEdit
from soap_service.storage.audit import write_entry
from soap_service.storage.history import is_to_be_made
from soap_service.storage.indexing import index_requester
from soap_service.storage.part import Part
from soap_service.storage.requesters import record_change, write_names
from soap_service.tables.people import PersonChange
from soap_service.tables.search import RequesterContact

#: How much of a person's calls and history the page shows.
CALLS_SHOWN, CHANGES_SHOWN = 20, 100
#: Rows that one statement of a merge moves: none takes long.
_ROWS_AT_ONCE = 500
_MERGED_FIELDS = ("document", "name", "email", "phone", "extension", "unit", "external_id")


@dataclass(frozen=True)
class Change:
    """A line of a person's history; `details` are fields with their texts before and after."""

    changed_at: datetime
    actor: str
    action: str
    details: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class PersonView:
    """All that a requester's page shows, but for their requests. `changes` are the newest, first."""

    requester: Requester
    contacts: Sequence[Contact]
    calls: Sequence[Call]
    changes: Sequence[Change]
    request_count: int
    call_count: int


class People(Part):
    """Looking at people closely, and changing their records."""

    def view(self, requester_id: int) -> PersonView:
        """Return a requester with what surrounds them; of a merged record the other's. Raises: RequesterNotFound."""
        with self._database.reading() as session:
            requester = _person(session, requester_id)
            found = requester.id
            calls = select(Call).where(Call.requester_id == found).order_by(Call.created_at.desc(), Call.id.desc())
            shown = map(joinedload, (Call.answered_by, Call.returned_by, Call.contact, Call.integration))
            changes = select(PersonChange).where(PersonChange.requester_id == found).order_by(PersonChange.id.desc())
            return PersonView(
                requester,
                _contacts(session, found),
                session.scalars(calls.options(*shown).limit(CALLS_SHOWN)).all(),
                [_change_of(one) for one in session.scalars(changes.limit(CHANGES_SHOWN))],
                *_counts(session, found),
            )

    def list_contacts(self, requester_id: int) -> Sequence[Contact]:
        """Return the contacts of a requester who are still there, by name."""
        with self._database.reading() as session:
            return [one for one in _contacts(session, requester_id) if one.left_at is None]

    def change(self, requester_id: int, edit: PersonEdit, stamp: str, actor: str) -> None:
        """Change a requester's data, the document too.

        Raises: RequesterNotFound; AlreadyExists with the id of who has the document; ChangedMeanwhile when it is no
        longer the record with that stamp.
        """
        self._database.retrying(lambda: self._change(requester_id, edit, stamp, actor))

    def _change(self, requester_id: int, edit: PersonEdit, stamp: str, actor: str) -> None:
        with self._database.writing() as session:
            requester = _person(session, requester_id, is_changed=True)
            before = edit_of(requester)
            if not is_to_be_made(edit, before, stamp, "requester"):
                return
            if requester.erased_at is not None:
                raise ChangedMeanwhile("requester")
            owner = session.scalar(select(Requester).where(Requester.document == edit.document))
            if owner is not None and owner.id != requester.id:
                raise AlreadyExists(owner.id if owner.merged_into_id is None else owner.merged_into_id)
            for name, value in vars(edit).items():
                if getattr(requester, name) != value:
                    setattr(requester, name, value)
            _record(session, self._database.now(), actor, requester.id, "changed", before.differences(edit))

    def set_left(self, requester_id: int, has_left: bool, actor: str) -> None:
        """Mark a requester as having left, or as back; raises RequesterNotFound."""
        with self._database.writing() as session:
            requester = _person(session, requester_id, is_changed=True)
            if (requester.left_at is not None) == has_left:
                return
            now = self._database.now()
            requester.left_at = now if has_left else None
            _record(session, now, actor, requester.id, "left" if has_left else "returned")

    def add_contact(self, requester_id: int, edit: ContactEdit, actor: str, form_key: str) -> None:
        """Add a contact of a requester; a second post of the same form finds the first one's."""
        self._database.retrying(lambda: self._add_contact(requester_id, edit, actor, form_key))

    def _add_contact(self, requester_id: int, edit: ContactEdit, actor: str, form_key: str) -> None:
        with self._database.writing() as session:
            requester = _person(session, requester_id, is_changed=True)
            made = select(PersonChange.id).where(PersonChange.form_key == form_key)
            if session.scalar(made) is not None:
                return
            if requester.erased_at is not None:
                raise ChangedMeanwhile("requester")
            now = self._database.now()
            contact = Contact(requester_id=requester.id, name=edit.name)
            session.add(_filled(contact, edit, now))
            details = ContactEdit("").differences(edit)
            _record(session, now, actor, requester.id, "contact-added", details, form_key)
            _index(session, requester.id)

    def find_contact(self, requester_id: int, contact_id: int) -> Contact:
        """Return a contact of a requester; raises ContactNotFound."""
        with self._database.reading() as session:
            return _contact(session, requester_id, contact_id)

    def change_contact(self, requester_id: int, contact_id: int, edit: ContactEdit, stamp: str, actor: str) -> None:
        """Change a contact, or mark that they have left; raises ContactNotFound, ChangedMeanwhile."""
        with self._database.writing() as session:
            requester = _person(session, requester_id, is_changed=True)
            contact = _contact(session, requester.id, contact_id)
            before = contact_edit_of(contact)
            if not is_to_be_made(edit, before, stamp, "contact"):
                return
            if requester.erased_at is not None:
                raise ChangedMeanwhile("contact")
            now = self._database.now()
            _filled(contact, edit, now)
            details = {"contact": (before.name, before.name), **before.differences(edit)}
            _record(session, now, actor, requester.id, "contact-changed", details)
            _index(session, requester.id)

    def name_contact_of_call(self, token: str, contact_id: int | None) -> None:
        """Record which contact of its requester calls; raises CallNotFound, ContactNotFound."""
        with self._database.writing() as session:
            call = session.scalar(select(Call).where(Call.token == token).with_for_update())
            if call is None:
                raise CallNotFound
            if contact_id is not None:
                _contact(session, call.requester_id or 0, contact_id)
            call.contact_id = contact_id

    def name_contact_of_request(self, number: int, contact_id: int | None) -> None:
        """Record for which contact of its requester a request is; raises RequestNotFound, ContactNotFound."""
        with self._database.writing() as session:
            request = session.get(Request, number, with_for_update=True)
            if request is None:
                raise RequestNotFound(number)
            if contact_id is not None:
                _contact(session, request.requester_id, contact_id)
            request.contact_id = contact_id

    def merge(self, kept_id: int, merged_id: int, actor: str) -> None:
        """Merge a record into another of the same person: requests, calls, contacts and history follow, at once.

        The merged one stays as a row: its document, name and telephone lead to the other, and the history says what it
        was. What the kept one does not say is taken from it. A second time nothing is left to do.
        Raises: RequesterNotFound; PersonNotMergeable for the same record, one that was erased, or one that was merged
        into a third.
        """
        self._database.retrying(lambda: self._merge(kept_id, merged_id, actor))

    def _merge(self, kept_id: int, merged_id: int, actor: str) -> None:
        with self._database.writing(notifies=True) as session:
            query = select(Requester).where(Requester.id.in_([kept_id, merged_id])).order_by(Requester.id)
            found = {one.id: one for one in session.scalars(query.with_for_update())}
            kept, merged = found.get(kept_id), found.get(merged_id)
            if kept is None or merged is None:
                raise RequesterNotFound(merged_id if kept is not None else kept_id)
            if merged.merged_into_id == kept_id:
                return
            is_done = kept.merged_into_id is not None or merged.merged_into_id is not None
            if kept is merged or is_done or kept.erased_at is not None or merged.erased_at is not None:
                raise PersonNotMergeable(merged_id)
            moved = {
                "requests": _move(session, Request, merged_id, kept_id),
                "calls": _move(session, Call, merged_id, kept_id),
                "contacts": _move(session, Contact, merged_id, kept_id),
            }
            _move(session, PersonChange, merged_id, kept_id)
            before = edit_of(kept)
            was = {name: getattr(merged, name) or "" for name in _MERGED_FIELDS}
            _join(session, kept, merged)
            details = {name: (value, "") for name, value in was.items() if value}
            details |= {name: ("", str(count)) for name, count in moved.items() if count}
            now = self._database.now()
            _record(session, now, actor, kept_id, "merged", details)
            if differences := before.differences(edit_of(kept)):
                record_change(session, now, actor, kept_id, "changed", differences)
            session.flush()
            for table in (RequesterName, RequesterContact):
                session.execute(delete(table).where(table.requester_id == merged_id))
            _index(session, kept_id)


def _record(
    session: Session,
    now: datetime,
    actor: str,
    requester_id: int,
    action: str,
    details: Mapping[str, tuple[str, str]] | None = None,
    form_key: str | None = None,
) -> None:
    """Write a line of a requester's history, and one of the audit."""
    record_change(session, now, actor, requester_id, action, details, form_key)
    kind = AuditKind.PERSONS_MERGED if action == "merged" else AuditKind.PERSON_CHANGED
    write_entry(session, now, kind, RecordKind.REQUESTER, requester_id)


def edit_of(requester: Requester) -> PersonEdit:
    """Return what can be changed of a requester."""
    given = ("email", "phone", "extension", "unit")
    return PersonEdit(requester.document, requester.name, *(getattr(requester, name) or "" for name in given))


def contact_edit_of(contact: Contact) -> ContactEdit:
    """Return what can be changed of a contact."""
    given = (contact.name, contact.role, contact.email, contact.phone, contact.extension)
    return ContactEdit(*given, has_left=contact.left_at is not None)


def _person(session: Session, requester_id: int, is_changed: bool = False) -> Requester:
    """Return a requester, or the one they were merged into; raises RequesterNotFound."""
    requester = session.get(Requester, requester_id, with_for_update=is_changed or None)
    if requester is not None and requester.merged_into_id is not None:
        requester = session.get(Requester, requester.merged_into_id, with_for_update=is_changed or None)
    if requester is None:
        raise RequesterNotFound(requester_id)
    return requester


def _contact(session: Session, requester_id: int, contact_id: int) -> Contact:
    contact = session.get(Contact, contact_id)
    if contact is None or contact.requester_id != requester_id:
        raise ContactNotFound(contact_id)
    return contact


def _contacts(session: Session, requester_id: int) -> Sequence[Contact]:
    """Return the contacts of a requester, those who are still there first, by name."""
    query = select(Contact).where(Contact.requester_id == requester_id)
    return session.scalars(query.order_by(Contact.left_at.is_not(None), Contact.name, Contact.id)).all()


def _filled(contact: Contact, edit: ContactEdit, now: datetime) -> Contact:
    contact.name, contact.role = edit.name, edit.role
    contact.email, contact.phone, contact.extension = edit.email, edit.phone, edit.extension
    contact.left_at = (contact.left_at or now) if edit.has_left else None
    return contact


def _change_of(row: PersonChange) -> Change:
    details = {name: (str(before), str(after)) for name, (before, after) in json.loads(row.details).items()}
    return Change(row.changed_at, row.actor, row.action, details)


def _counts(session: Session, requester_id: int) -> tuple[int, int]:
    count: Any = select(func.count())
    requests = session.scalar(count.select_from(Request).where(Request.requester_id == requester_id))
    calls = session.scalar(count.select_from(Call).where(Call.requester_id == requester_id))
    return requests or 0, calls or 0


def _index(session: Session, requester_id: int) -> None:
    session.flush()
    write_names(session.connection(), requester_id)
    index_requester(session.connection(), requester_id)


def _move(session: Session, table: Any, merged_id: int, kept_id: int) -> int:
    """Have the rows of one requester be another's, and tell how many there were."""
    moved = 0
    some = select(table.id).where(table.requester_id == merged_id).limit(_ROWS_AT_ONCE)
    while ids := session.scalars(some).all():
        session.execute(
            update(table).where(table.id.in_(ids)).values(requester_id=kept_id),
            execution_options={"synchronize_session": False},
        )
        moved += len(ids)
    return moved


def _join(session: Session, kept: Requester, merged: Requester) -> None:
    """Fill what the kept record does not say from the merged one, which leads to it from now on."""
    external_id, merged.external_id = merged.external_id, None
    session.flush()  # it is unique
    if kept.external_id is None:
        kept.external_id = external_id
    else:
        merged.external_id = external_id
    for name in ("email", "phone", "extension", "unit"):
        if not getattr(kept, name):
            setattr(kept, name, getattr(merged, name))
    session.execute(
        update(Requester)
        .where(or_(Requester.id == merged.id, Requester.merged_into_id == merged.id))
        .values(merged_into_id=kept.id)
    )
