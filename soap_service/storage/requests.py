"""Requests: look-ups of the SOAP operations, opening, executing, history. Knows nothing of calls but their id."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, literal_column, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from soap_service.errors import (
    AgentNotFound,
    ExecutionRefused,
    RequesterNotFound,
    RequestNotFound,
    TransitionRefused,
)
from soap_service.model import (
    Agent,
    CallRequest,
    PrioritySla,
    Request,
    Requester,
    RequestEvent,
    RequestStop,
    Service,
)
from soap_service.rules.deadlines import WorkingCalendar, resumed_deadline, time_left
from soap_service.rules.roles import Permission, Role
from soap_service.rules.situations import (
    FINISHED_SITUATIONS,
    OPEN_SITUATIONS,
    STOPPED_SITUATIONS,
    Action,
    Situation,
    known_situation,
    next_situation,
    priority_of,
)
from soap_service.storage.calendar import Calendars
from soap_service.storage.catalogue import active_service
from soap_service.storage.database import Database
from soap_service.storage.live_events import publish_request_change
from soap_service.storage.part import Part


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
    contact_id: int | None = None


class Requests(Part):
    """The work of the service desk."""

    def __init__(self, database: Database, calendars: Calendars) -> None:
        super().__init__(database)
        self._calendars = calendars

    def find(self, number: int) -> Request:
        """Return a request with its requester, service, group, responsible and history; raises RequestNotFound."""
        with self._database.reading() as session:
            return _request(session, number)

    def list_children(self, number: int) -> Sequence[Request]:
        """Return the child requests of a request with their services, oldest first."""
        query = select(Request).where(Request.parent_id == number).order_by(Request.id)
        with self._database.reading() as session:
            return session.scalars(query.options(joinedload(Request.service))).all()

    def may_execute(self, number: int, agent_id: int) -> bool:
        """Tell whether the agent may execute the request, from what the database says now; raises RequestNotFound."""
        with self._database.reading() as session:
            request = _request(session, number)
            return request.situation in OPEN_SITUATIONS and is_executor(session, request, agent_id)

    def may_act(self, number: int, agent_id: int) -> bool:
        """Tell whether the agent may do anything to the request, whatever its situation; raises RequestNotFound."""
        with self._database.reading() as session:
            return is_executor(session, _request(session, number), agent_id) or may_supervise(session, agent_id)

    def open(
        self, new: NewRequest, agent_id: int, origin_key: str, call_id: int | None = None, solution: str = ""
    ) -> Request:
        """Open a request; a second post of the same form (`origin_key`) returns the first one's request.

        A call that it was opened in is kept with it. With a `solution` it is resolved at once, by who may execute it.
        Raises: RequesterNotFound, ServiceNotFound, AgentNotFound; ExecutionRefused for a solution of somebody else.
        """
        return self.find(self._database.retrying(lambda: self._open(new, agent_id, origin_key, call_id, solution)))

    def _open(self, new: NewRequest, agent_id: int, origin_key: str, call_id: int | None, solution: str) -> int:
        calendar = self._calendars.current
        with self._database.writing(notifies=True) as session:
            existing = session.scalar(select(Request.id).where(Request.origin_key == origin_key))
            if existing is not None:
                return existing
            locked: Any = {"read": True, "key_share": True}  # so that a merge takes the request along
            requester = session.get(Requester, new.requester_id, with_for_update=locked)
            if requester is None:
                raise RequesterNotFound(new.requester_id)
            if requester.merged_into_id is not None:  # meanwhile
                new = replace(new, requester_id=requester.merged_into_id)
            service = active_service(session, new.service_id)
            now = self._database.now()
            request = create_request(session, new, service, calendar, origin_key, now)
            actor = active_agent(session, agent_id).name
            add_event(session, request.id, actor, Action.OPEN, now)
            publish_request_change(session, request.id, 1, actor, now)
            if call_id is not None:
                session.add(CallRequest(request_id=request.id, call_id=call_id))
            if solution:
                if not is_executor(session, request, agent_id):
                    raise ExecutionRefused(request.id)
                change_situation(session, request, Action.RESOLVE, now.replace(microsecond=0), calendar)
                add_event(session, request.id, actor, Action.RESOLVE, now, solution)
            return request.id

    def list_of_call(self, call_id: int) -> Sequence[int]:
        """Return the numbers of the requests that were opened in a call, in order."""
        query = select(CallRequest.request_id).where(CallRequest.call_id == call_id).order_by(CallRequest.request_id)
        with self._database.reading() as session:
            return session.scalars(query).all()


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
        contact_id=new.contact_id,
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
            joinedload(Request.contact),
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


def may_supervise(session: Session, agent_id: int) -> bool:
    """Tell whether it is an active agent who may forward and assign what others execute."""
    agent = session.get(Agent, agent_id)
    return agent is not None and agent.is_active and agent.may(Permission.SUPERVISE)


def may_work() -> ColumnElement[bool]:
    """Return what holds for the agents whose role may execute requests at all."""
    return or_(Agent.is_admin, Agent.stored_role != literal_column(f"'{Role.VIEWER}'"))


def is_executor(session: Session, request: Request, agent_id: int) -> bool:
    """In its group or its responsible, and in a group with the permission. Source: docs/rules.md, Executing."""
    agent = session.scalar(select(Agent).where(Agent.id == agent_id).options(selectinload(Agent.groups)))
    if agent is None or not agent.is_active or not agent.may(Permission.WORK):
        return False
    belongs = request.responsible_id == agent_id or any(group.id == request.group_id for group in agent.groups)
    return belongs and any(group.may_execute for group in agent.groups)
