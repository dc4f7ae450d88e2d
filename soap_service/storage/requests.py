"""Requests: look-ups of the SOAP operations, opening, executing, history. Knows nothing of calls but their id."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, case, func, literal_column, select
from sqlalchemy.orm import Session, joinedload, selectinload

from soap_service.errors import AgentNotFound, RequesterNotFound, RequestNotFound, TransitionRefused
from soap_service.model import Agent, CallRequest, PrioritySla, Request, Requester, RequestEvent, RequestStop, Service
from soap_service.rules.deadlines import WorkingCalendar, is_late, resumed_deadline, time_left
from soap_service.rules.documents import documents_to_look_up
from soap_service.rules.situations import (
    FINISHED_SITUATIONS,
    OPEN_SITUATIONS,
    SITUATION_LABELS,
    STOPPED_SITUATIONS,
    Action,
    Situation,
    known_situation,
    next_situation,
    priority_of,
)
from soap_service.storage.administration import active_service
from soap_service.storage.calendar import Calendars


@dataclass(frozen=True)
class NewRequest:
    """What an agent fills in to open a request. Urgency and impact are A, M or B."""

    requester_id: int
    service_id: int
    description: str
    kind: str
    contract: str = ""
    urgency: str = "B"
    impact: str = "B"
    contact_phone: str = ""
    contact_email: str = ""


class RequestSummary(NamedTuple):
    """What obterDadosSolicitacao tells of a request."""

    number: int
    opened_at: datetime
    deadline: datetime | None
    situation: str
    is_late: bool


class Requests(Calendars):
    """The work of the service desk."""

    def count_open_requests(self, document: str) -> tuple[int, int | None]:
        """Return how many requests of a requester are in progress, and the number of the only one if it is one.

        One round trip for a document that somebody has, by index, at a price that does not grow.
        Raises: RequesterNotFound for an unknown document.
        """
        for meant in documents_to_look_up(document):
            for count, number in self.ask(_OPEN_REQUESTS, document=meant):
                return count, number
        raise RequesterNotFound

    def summarise_request(self, number: int) -> RequestSummary:
        """Return what the telephony may know of a request, in one round trip; raises RequestNotFound."""
        for opened_at, due_at, closed_at, stored in self.ask(_SUMMARY, number=number):
            situation = Situation(stored)
            return RequestSummary(
                number=number,
                opened_at=opened_at,
                deadline=None if situation is Situation.SUSPENDED else due_at,
                situation=SITUATION_LABELS[situation],
                is_late=is_late(situation, due_at, closed_at, self.now()),
            )
        raise RequestNotFound(number)

    def find_request(self, number: int) -> Request:
        """Return a request with its requester, service, group, responsible and history; raises RequestNotFound."""
        with self.reading() as session:
            return _request(session, number)

    def list_children(self, number: int) -> Sequence[Request]:
        """Return the child requests of a request with their services, oldest first."""
        query = select(Request).where(Request.parent_id == number).order_by(Request.id)
        with self.reading() as session:
            return session.scalars(query.options(joinedload(Request.service))).all()

    def may_execute(self, number: int, agent_id: int) -> bool:
        """Tell whether the agent may execute the request, from what the database says now; raises RequestNotFound."""
        with self.reading() as session:
            request = _request(session, number)
            return request.situation in OPEN_SITUATIONS and is_executor(session, request, agent_id)

    def may_act(self, number: int, agent_id: int) -> bool:
        """Tell whether the agent may do anything to the request, whatever its situation; raises RequestNotFound."""
        with self.reading() as session:
            return is_executor(session, _request(session, number), agent_id) or is_administrator(session, agent_id)

    def open_request(self, new: NewRequest, agent_id: int, origin_key: str, call_id: int | None = None) -> Request:
        """Open a request; a second post of the same form (`origin_key`) returns the first one's request.

        A call that it was opened in is kept with it.
        Raises: RequesterNotFound, ServiceNotFound, AgentNotFound.
        """
        return self.find_request(self.resolving(lambda: self._open(new, agent_id, origin_key, call_id)))

    def _open(self, new: NewRequest, agent_id: int, origin_key: str, call_id: int | None) -> int:
        calendar = self.calendar
        with self.writing() as session:
            existing = session.scalar(select(Request.id).where(Request.origin_key == origin_key))
            if existing is not None:
                return existing
            if session.get(Requester, new.requester_id) is None:
                raise RequesterNotFound(new.requester_id)
            service = active_service(session, new.service_id)
            now = self.now()
            request = create_request(session, new, service, calendar, origin_key, now)
            add_event(session, request.id, active_agent(session, agent_id).name, Action.OPEN, now)
            if call_id is not None:
                session.add(CallRequest(request_id=request.id, call_id=call_id))
            return request.id

    def list_requests_of_call(self, call_id: int) -> Sequence[int]:
        """Return the numbers of the requests that were opened in a call, in order."""
        query = select(CallRequest.request_id).where(CallRequest.call_id == call_id).order_by(CallRequest.request_id)
        with self.reading() as session:
            return session.scalars(query).all()


_IS_OPEN = Request.situation.in_([literal_column(f"'{situation}'") for situation in OPEN_SITUATIONS])
_ONLY_REQUEST = select(func.max(Request.id)).where(Request.requester_id == Requester.id, _IS_OPEN).scalar_subquery()
# The number is looked up only where it is the only one, so the answer costs the same whatever somebody's requests.
_OPEN_REQUESTS = select(Requester.open_requests, case((Requester.open_requests == 1, _ONLY_REQUEST))).where(
    Requester.document == bindparam("document")
)
_SUMMARY = select(Request.opened_at, Request.due_at, Request.closed_at, Request.situation).where(
    Request.id == bindparam("number")
)


def create_request(
    session: Session,
    new: NewRequest,
    service: Service,
    calendar: WorkingCalendar,
    origin_key: str,
    now: datetime,
    parent_id: int | None = None,
) -> Request:
    """Insert a request for a service, opened now, its deadline counted; its number is known afterwards."""
    now = now.replace(microsecond=0)
    priority = priority_of(new.urgency, new.impact)
    request = Request(
        parent_id=parent_id,
        requester_id=new.requester_id,
        service_id=service.id,
        group_id=service.group_id,
        situation=Situation.IN_PROGRESS,
        kind=new.kind,
        contract=new.contract or service.contract,
        current_task="Atendimento",
        description=new.description,
        urgency=new.urgency,
        impact=new.impact,
        priority=priority,
        contact_phone=new.contact_phone,
        contact_email=new.contact_email,
        opened_at=now,
        due_at=deadline_of(sla_of(session, service, priority), now, calendar),
        origin_key=origin_key,
    )
    session.add(request)
    session.flush()
    return request


def sla_of(session: Session, service: Service, priority: int) -> timedelta | None:
    """Return the working time that a service promises for a priority; None without an SLA."""
    own = session.get(PrioritySla, (service.id, priority))
    minutes = service.sla_minutes if own is None else own.sla_minutes
    return None if minutes is None else timedelta(minutes=minutes)


def deadline_of(sla: timedelta | None, opened_at: datetime, calendar: WorkingCalendar) -> datetime | None:
    """Return when a request opened then is due; None without an SLA."""
    return None if sla is None else calendar.add(opened_at, sla)


def add_event(
    session: Session,
    number: int,
    actor: str,
    action: Action,
    now: datetime,
    note: str = "",
    form_key: str | None = None,
) -> None:
    """Write a line of a request's history."""
    line = RequestEvent(request_id=number, happened_at=now, actor=actor, action=action, note=note, form_key=form_key)
    session.add(line)


def change_situation(
    session: Session, request: Request, action: Action, now: datetime, calendar: WorkingCalendar
) -> None:
    """Do an action on the row; suspending and finishing stop the clock, reactivating and reopening let it run again.

    Raises: TransitionRefused.
    """
    situation = known_situation(request.situation)
    if situation is None:
        raise TransitionRefused(request.id, action, request.situation)
    following = next_situation(request.id, situation, action)
    was_stopped, is_stopped = situation in STOPPED_SITUATIONS, following in STOPPED_SITUATIONS
    request.situation = following
    if is_stopped and not was_stopped:
        _stop_clock(request, now, calendar)
    elif was_stopped and not is_stopped:
        _resume_clock(session, request, now, calendar)
    elif situation is Situation.SUSPENDED and following is not situation:
        _set_deadline(request, now, calendar)  # finished without a reactivation: it shows what was left
    if following in FINISHED_SITUATIONS:
        request.closed_at = request.closed_at or now
    else:
        request.closed_at = None


def _stop_clock(request: Request, now: datetime, calendar: WorkingCalendar) -> None:
    request.stopped_at = now
    left = None if request.due_at is None else time_left(calendar, request.due_at, now)
    request.remaining_seconds = None if left is None else int(left.total_seconds())


def _resume_clock(session: Session, request: Request, now: datetime, calendar: WorkingCalendar) -> None:
    stopped_at = request.stopped_at or request.closed_at
    if request.remaining_seconds is None and request.closed_at is not None and request.due_at is not None:
        _stop_clock(request, request.closed_at, calendar)  # an older version did not keep what was left
    _set_deadline(request, now, calendar)
    if stopped_at is not None:
        session.add(RequestStop(request_id=request.id, stopped_at=stopped_at, resumed_at=now))
    request.remaining_seconds = request.stopped_at = None


def _set_deadline(request: Request, now: datetime, calendar: WorkingCalendar) -> None:
    if request.due_at is not None:
        left = None if request.remaining_seconds is None else timedelta(seconds=request.remaining_seconds)
        request.due_at = resumed_deadline(calendar, request.due_at, left, now)


def _request(session: Session, number: int) -> Request:
    query = select(Request).where(Request.id == number)
    request = session.scalar(
        query.options(
            joinedload(Request.requester),
            joinedload(Request.service),
            joinedload(Request.group),
            joinedload(Request.responsible),
            selectinload(Request.events),
        )
    )
    if request is None:
        raise RequestNotFound(number)
    return request


def active_agent(session: Session, agent_id: int) -> Agent:
    """Return an agent who is active; raises AgentNotFound."""
    agent = session.get(Agent, agent_id)
    if agent is None or not agent.is_active:
        raise AgentNotFound(agent_id)
    return agent


def is_administrator(session: Session, agent_id: int) -> bool:
    """Tell whether it is an active administrator: who may forward and assign what others execute."""
    agent = session.get(Agent, agent_id)
    return agent is not None and agent.is_active and agent.is_admin


def is_executor(session: Session, request: Request, agent_id: int) -> bool:
    """In its group or its responsible, and in a group with the permission. Source: docs/rules.md, Executing."""
    agent = session.scalar(select(Agent).where(Agent.id == agent_id).options(selectinload(Agent.groups)))
    if agent is None or not agent.is_active:
        return False
    belongs = request.responsible_id == agent_id or any(group.id == request.group_id for group in agent.groups)
    return belongs and any(group.may_execute for group in agent.groups)
