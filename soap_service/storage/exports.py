"""What the desk holds as lines of a table, page after page: its length costs no memory and holds nothing up."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from soap_service.model import Agent, Call, Contact, Group, Integration, Request, Requester, RequestEvent, Service
from soap_service.rules.erasing import is_placeholder
from soap_service.rules.import_values import write_history_line
from soap_service.rules.situations import SITUATION_LABELS, Situation, known_situation
from soap_service.storage.database import Database

_ROWS_AT_ONCE = 1000
REQUESTER_HEADER = ("documento", "nome", "e-mail", "telefone", "ramal", "unidade", "id_externo")
REQUEST_HEADER = (
    "numero",
    "documento",
    "nome",
    "contato",
    "servico",
    "tipo",
    "situacao",
    "grupo",
    "responsavel",
    "contrato",
    "urgencia",
    "impacto",
    "prioridade",
    "aberta_em",
    "prazo",
    "suspensa_em",
    "encerrada_em",
    "contato_telefone",
    "contato_e-mail",
    "descricao",
    "historico",
    "origem",
)
CALL_HEADER = (
    "chamada",
    "criada_em",
    "operacao",
    "integracao",
    "documento",
    "nome",
    "contato",
    "ramal",
    "solicitacao",
    "entregue_em",
    "vista_em",
    "atendida_em",
    "atendida_por",
    "transferida_para",
    "retornada_em",
)


class Exports:
    """Lines of requesters, requests and calls; times are in the desk's zone, with their offset."""

    def __init__(self, database: Database, zone: tzinfo) -> None:
        self._database = database
        self._zone = zone

    def requesters(self) -> Iterator[Sequence[str]]:
        """Yield the requesters, by id, but for those who were erased or merged into another."""
        columns = (Requester.document, Requester.name, Requester.email, Requester.phone, Requester.extension)
        query: Any = select(Requester.id, *columns, Requester.unit, Requester.external_id)
        query = query.where(Requester.merged_into_id.is_(None), Requester.erased_at.is_(None))
        for row in self._pages(query, Requester.id):
            yield [value or "" for value in row[1:]]

    def requests(self) -> Iterator[Sequence[str]]:
        """Yield the requests with their histories, by number."""
        query = (
            select(
                Request.__table__,
                Requester.document,
                Requester.name.label("requester_name"),
                Contact.name.label("contact_name"),
                Service.name.label("service_name"),
                Group.name.label("group_name"),
                Agent.login.label("responsible"),
            )
            .join(Requester, Requester.id == Request.requester_id)
            .join(Service, Service.id == Request.service_id)
            .join(Group, Group.id == Request.group_id)
            .outerjoin(Agent, Agent.id == Request.responsible_id)
            .outerjoin(Contact, Contact.id == Request.contact_id)
        )
        for page in self._grouped(query, Request.id):
            histories: dict[int, list[str]] = {}
            events = select(RequestEvent.__table__).where(RequestEvent.request_id.in_([row.id for row in page]))
            with self._database.reading() as session:
                for line in session.execute(events.order_by(RequestEvent.id)):
                    told = write_history_line(self._moment(line.happened_at), line.actor, line.action, line.note)
                    histories.setdefault(line.request_id, []).append(told)
            for row in page:
                yield self._request(row, "\n".join(histories.get(row.id, ())))

    def _request(self, row: Any, history: str) -> Sequence[str]:
        known = known_situation(row.situation)
        is_suspended = known is Situation.SUSPENDED
        return [
            str(row.id),
            "" if is_placeholder(row.document) else row.document,
            row.requester_name,
            row.contact_name or "",
            row.service_name,
            row.kind,
            SITUATION_LABELS[known] if known else str(row.situation),
            row.group_name,
            row.responsible or "",
            row.contract,
            row.urgency,
            row.impact,
            str(row.priority),
            self._moment(row.opened_at),
            self._moment(row.due_at),
            self._moment(row.stopped_at) if is_suspended else "",
            self._moment(row.closed_at),
            row.contact_phone,
            row.contact_email,
            row.description or "",
            history,
            row.source,
        ]

    def calls(self) -> Iterator[Sequence[str]]:
        """Yield the calls, by id."""
        answerer = aliased(Agent)
        query = (
            select(
                Call.__table__,
                Integration.name.label("integration"),
                Requester.name.label("requester_name"),
                Contact.name.label("contact_name"),
                answerer.login.label("answerer"),
            )
            .join(Integration, Integration.id == Call.integration_id)
            .outerjoin(Requester, Requester.id == Call.requester_id)
            .outerjoin(answerer, answerer.id == Call.answered_by_id)
            .outerjoin(Contact, Contact.id == Call.contact_id)
        )
        for row in self._pages(query, Call.id):
            yield [
                str(row.id),
                self._moment(row.created_at),
                row.operation,
                row.integration,
                row.document,
                row.requester_name or "",
                row.contact_name or "",
                row.extension or "",
                str(row.request_id or ""),
                *(self._moment(moment) for moment in (row.delivered_at, row.seen_at, row.answered_at)),
                row.answerer or "",
                row.transferred_to or "",
                self._moment(row.returned_at),
            ]

    def _moment(self, moment: datetime | None) -> str:
        if moment is None:
            return ""
        return moment.astimezone(self._zone).replace(microsecond=0).isoformat(" ")

    def _pages(self, query: Select[Any], key: Any) -> Iterator[Any]:
        for page in self._grouped(query, key):
            yield from page

    def _grouped(self, query: Select[Any], key: Any) -> Iterator[Sequence[Any]]:
        last = 0
        while True:
            with self._database.reading() as session:
                page = session.execute(query.where(key > last).order_by(key).limit(_ROWS_AT_ONCE)).all()
            if not page:
                return
            last = page[-1].id
            yield page
