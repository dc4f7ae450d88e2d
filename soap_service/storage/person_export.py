"""All that is kept about one person, to be handed to them: plain values, and a text to read. Changes nothing."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from soap_service.errors import RequesterNotFound
from soap_service.model import Call, Contact, Group, Request, Requester, RequestEvent, Service
from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.rules.documents import format_document
from soap_service.rules.erasing import is_placeholder
from soap_service.rules.situations import SITUATION_LABELS, known_situation
from soap_service.storage.audit import Audit
from soap_service.storage.database import Database
from soap_service.storage.part import Part
from soap_service.storage.person_traces import Subject, find_subject, searched_words, subject_of_document
from soap_service.storage.search import Search
from soap_service.tables.people import PersonChange

_ROWS_AT_ONCE = 500
Exported = dict[str, Any]
#: The words of the text, by the keys of the values.
_WORDS = {
    "exported_at": "Exportado em",
    "people": "Cadastros",
    "contacts": "Contatos",
    "requests": "Solicitações",
    "calls": "Ligações",
    "changes": "Alterações do cadastro",
    "mentioned_in_requests": "Citado em solicitações de outras pessoas",
    "document": "CPF/CNPJ",
    "name": "Nome",
    "email": "E-mail",
    "phone": "Telefone",
    "extension": "Ramal",
    "unit": "Unidade",
    "external_id": "Identificador em outro sistema",
    "left_at": "Saiu em",
    "is_merged": "Unido ao cadastro principal",
    "role": "Função",
    "number": "Número",
    "service": "Serviço",
    "group": "Grupo executor",
    "situation": "Situação",
    "opened_at": "Aberta em",
    "due_at": "Prazo",
    "closed_at": "Encerrada em",
    "description": "Descrição",
    "contact": "Contato",
    "contact_phone": "Telefone de contato",
    "contact_email": "E-mail de contato",
    "source": "Origem",
    "history": "Histórico",
    "happened_at": "Quando",
    "actor": "Quem",
    "action": "O quê",
    "note": "Anotação",
    "created_at": "Recebida em",
    "operation": "Operação",
    "request": "Sobre a solicitação",
    "answered_at": "Atendida em",
    "returned_at": "Retornada em",
    "changed_at": "Quando",
    "fields": "Campos",
}


class PersonExports(Part):
    """Exporting a person."""

    def __init__(self, database: Database, search: Search, audit: Audit) -> None:
        super().__init__(database)
        self._search, self._audit = search, audit

    def export(self, requester_id: int, zone: tzinfo) -> Exported:
        """Return all that is kept about a requester, times in a zone; raises RequesterNotFound."""
        with self._database.reading() as session:
            subject = find_subject(session, requester_id)
        found = self._exported(subject, zone)
        self._audit.write(AuditKind.PERSON_EXPORTED, RecordKind.REQUESTER, subject.ids[0])
        return found

    def export_document(self, document: str, zone: tzinfo) -> Exported:
        """Return all that is kept about who has a normalised document; raises RequesterNotFound if that is nothing."""
        with self._database.reading() as session:
            subject = subject_of_document(session, document)
        found = self._exported(subject, zone)
        if not (subject.ids or found["calls"] or found["mentioned_in_requests"]):
            raise RequesterNotFound
        self._audit.write(AuditKind.PERSON_EXPORTED, RecordKind.REQUESTER, next(iter(subject.ids), ""))
        return found

    def _exported(self, subject: Subject, zone: tzinfo) -> Exported:
        """Return it, read in pieces: however much there is, no connection is held for more than one of them."""

        def moment(at: datetime | None) -> str:
            return "" if at is None else at.astimezone(zone).replace(microsecond=0).isoformat(" ")

        with self._database.reading() as session:
            people = list(_people(session, subject.ids, moment))
            contacts = list(_contacts(session, subject.ids, moment))
            changes = list(_changes(session, subject.ids, moment))
        requests = list(self._requests(subject.ids, moment))
        own = {one["number"] for one in requests}
        return {
            "exported_at": moment(self._database.now()),
            "people": people,
            "contacts": contacts,
            "requests": requests,
            "calls": list(self._calls(subject, moment)),
            "changes": changes,
            "mentioned_in_requests": [number for number in self._mentions(subject) if number not in own],
        }

    def _requests(self, ids: Sequence[int], moment: Any) -> Iterator[Exported]:
        last = 0
        while ids:
            with self._database.reading() as session:
                page = list(_requests_after(session, ids, last, moment))
            if not page:
                return
            yield from page
            last = page[-1]["number"]

    def _calls(self, subject: Subject, moment: Any) -> Iterator[Exported]:
        """Yield the calls of the person, and those with their document for which nobody was known, by pieces of ids."""
        own = select(Call.id).where(Call.requester_id.in_(subject.ids)).order_by(Call.id)
        with self._database.reading() as session:
            newest = session.scalar(select(func.max(Call.id))) or 0
            numbers = list(session.scalars(own)) if subject.ids else []
        unknown = Call.requester_id.is_(None) & Call.document.in_(subject.documents)
        for first in range(0, newest + 1, 10 * _ROWS_AT_ONCE):
            within = Call.id.between(first, first + 10 * _ROWS_AT_ONCE - 1)
            with self._database.reading() as session:
                numbers += session.scalars(select(Call.id).where(within, unknown)).all()
        numbers.sort()
        for place in range(0, len(numbers), _ROWS_AT_ONCE):
            some = select(Call).where(Call.id.in_(numbers[place : place + _ROWS_AT_ONCE])).order_by(Call.id)
            with self._database.reading() as session:
                calls = session.scalars(some).all()
            yield from (_call(call, moment) for call in calls)

    def _mentions(self, subject: Subject) -> list[int]:
        """Return the numbers of the requests whose texts have a document or an e-mail address of the person."""
        traces = subject.traces.unmistakable
        numbers = sorted({number for words in searched_words(traces) for number in self._search.list_with_words(words)})
        return [number for number in numbers if any(traces.are_in(text) for text in self._texts(number))]

    def _texts(self, number: int) -> Sequence[str]:
        with self._database.reading() as session:
            description = session.scalar(select(Request.description).where(Request.id == number)) or ""
            return [description, *session.scalars(select(RequestEvent.note).where(RequestEvent.request_id == number))]


def _people(session: Session, ids: Sequence[int], moment: Any) -> Iterator[Exported]:
    rows = {row.id: row for row in session.scalars(select(Requester).where(Requester.id.in_(ids)))}
    for row in (rows[one] for one in ids):
        yield {
            "document": "" if is_placeholder(row.document) else row.document,
            "name": row.name,
            "email": row.email,
            "phone": row.phone,
            "extension": row.extension,
            "unit": row.unit,
            "external_id": row.external_id or "",
            "left_at": moment(row.left_at),
            "is_merged": row.merged_into_id is not None,
        }


def _contacts(session: Session, ids: Sequence[int], moment: Any) -> Iterator[Exported]:
    for one in session.scalars(select(Contact).where(Contact.requester_id.in_(ids)).order_by(Contact.id)):
        values = {name: getattr(one, name) for name in ("name", "role", "email", "phone", "extension")}
        yield {"number": one.id, **values, "left_at": moment(one.left_at)}


def _requests_after(session: Session, ids: Sequence[int], last: int, moment: Any) -> Iterator[Exported]:
    """Yield some of the requests of records, those after a number."""
    query = (
        select(Request, Service.name, Group.name, Contact.name)
        .outerjoin(Service, Service.id == Request.service_id)
        .outerjoin(Group, Group.id == Request.group_id)
        .outerjoin(Contact, Contact.id == Request.contact_id)
        .where(Request.requester_id.in_(ids), Request.id > last)
        .order_by(Request.id)
        .limit(_ROWS_AT_ONCE)
    )
    rows = session.execute(query).all()
    histories: dict[int, list[Exported]] = {}
    numbers = [row[0].id for row in rows]
    events = select(RequestEvent).where(RequestEvent.request_id.in_(numbers)).order_by(RequestEvent.id)
    for line in session.scalars(events):
        told = {"happened_at": moment(line.happened_at), "actor": line.actor, "action": line.action}
        histories.setdefault(line.request_id, []).append({**told, "note": line.note})
    for request, service, group, contact in rows:
        known = known_situation(request.situation)
        yield {
            "number": request.id,
            "service": service or "",
            "group": group or "",
            "situation": SITUATION_LABELS[known] if known else str(request.situation),
            "opened_at": moment(request.opened_at),
            "due_at": moment(request.due_at),
            "closed_at": moment(request.closed_at),
            "contact": contact or "",
            "contact_phone": request.contact_phone,
            "contact_email": request.contact_email,
            "description": request.description or "",
            "source": request.source,
            "history": histories.get(request.id, []),
        }


def _call(call: Call, moment: Any) -> Exported:
    return {
        "created_at": moment(call.created_at),
        "operation": call.operation,
        "document": call.document,
        "extension": call.extension or "",
        "request": call.request_id,
        "answered_at": moment(call.answered_at),
        "returned_at": moment(call.returned_at),
    }


def _changes(session: Session, ids: Sequence[int], moment: Any) -> Iterator[Exported]:
    for one in session.scalars(
        select(PersonChange).where(PersonChange.requester_id.in_(ids)).order_by(PersonChange.id)
    ):
        told = {"changed_at": moment(one.changed_at), "actor": one.actor, "action": one.action}
        yield {**told, "fields": json.loads(one.details)}


def write_text(exported: Exported) -> str:
    """Return an export as a text to read, in Portuguese."""
    return "\n".join(_lines(exported, 0)) + "\n"


def _lines(value: Any, depth: int, key: str = "") -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, dict):
        for name, one in value.items():
            if one in ("", None, [], {}):
                continue
            word = _WORDS.get(str(name), str(name))
            if isinstance(one, dict | list):
                yield f"{indent}{word}:"
                yield from _lines(one, depth + 1, name)
            else:
                yield from _written(indent, word, _value(name, one))
    else:
        for place, one in enumerate(value):
            if isinstance(one, dict):
                if place:
                    yield ""
                yield from _lines(one, depth, key)
            else:
                yield f"{indent}{one}"


def _written(indent: str, word: str, text: str) -> Iterator[str]:
    first, *others = text.splitlines() or [""]
    yield f"{indent}{word}: {first}"
    yield from (f"{indent}    {line}" for line in others)


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "sim" if value else "não"
    if name == "document":
        return format_document(str(value))
    return str(value)
