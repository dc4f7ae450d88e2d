"""Executing requests: actions, what they change, and the line of the history that each leaves. Knows nothing of calls.

Who executes says which version of the request they saw; when it has changed since, nothing is done. The key of the form
makes an execution that is posted twice, or whose commit is of unknown outcome, the same one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from soap_service.errors import (
    AgentNotFound,
    ChangedMeanwhile,
    ExecutionRefused,
    GroupRefused,
    NotFound,
    RequestHidden,
    RequestNotFound,
    TransitionRefused,
)
from soap_service.model import Agent, Call, CallRequest, Group, Membership, Request, RequestEvent, Service
from soap_service.rules.deadlines import Clock, WorkingCalendar
from soap_service.rules.scopes import Scope
from soap_service.rules.situations import AUTOMATIC, FINISHED_SITUATIONS, Action, Situation, allows
from soap_service.storage.calendar import Calendars
from soap_service.storage.database import Database
from soap_service.storage.live_events import publish_request_change
from soap_service.storage.part import Part
from soap_service.storage.reclassification import Classification, reclassify
from soap_service.storage.requests import (
    Requests,
    active_agent,
    add_event,
    change_situation,
    is_executor,
    may_supervise,
    may_work,
)
from soap_service.storage.scopes import scope_of

#: How much of a long history, and how many children, a page shows.
EVENTS_SHOWN = 200
CHILDREN_SHOWN = 50
#: What stands for nobody where a responsible agent is chosen.
NOBODY = 0
_CLOSABLE = [situation for situation in Situation if allows(situation, Action.CLOSE)]


class Candidate(NamedTuple):
    """A group or an agent that requests can be given to."""

    id: int
    name: str


@dataclass(frozen=True)
class Changes:
    """What an execution changes beside the situation; None leaves it. The responsible `NOBODY` is none.

    Another classification has the deadline counted again (`reclassification`).
    """

    current_task: str | None = None
    group_id: int | None = None
    responsible_id: int | None = None
    classification: Classification | None = None


@dataclass(frozen=True)
class RequestView:
    """All that a request's page shows, of one moment. `events` and `children` are the newest; one more is there.

    A supervisor or administrator who is no executor `may_forward` it, and no more, while it is unfinished.
    """

    request: Request
    events: Sequence[RequestEvent]
    children: Sequence[Request]
    is_executor: bool
    may_forward: bool
    call_token: str | None
    clock: Clock | None
    hidden_children: frozenset[int] = frozenset()


class Execution(Part):
    """Looking at requests closely, and executing them."""

    def __init__(self, database: Database, calendars: Calendars, requests: Requests) -> None:
        super().__init__(database)
        self._calendars, self._requests = calendars, requests

    def view(self, number: int, agent_id: int, scope: Scope | None = None) -> RequestView:
        """Return a request with what surrounds it, as the agent may see it now.

        Raises: RequestNotFound; RequestHidden when it is not in the scope.
        """
        calendar = self._calendars.current
        with self._database.reading() as session:
            query = select(Request).where(Request.id == number)
            parts = (Request.requester, Request.contact, Request.service, Request.group, Request.responsible)
            request = session.scalar(query.options(*map(joinedload, parts)))
            if request is None:
                raise RequestNotFound(number)
            if scope is not None and not scope.sees(number, request.group_id, request.responsible_id):
                raise RequestHidden(number, _name(request.service), _name(request.group))
            events = select(RequestEvent).where(RequestEvent.request_id == number).order_by(RequestEvent.id.desc())
            children = select(Request).where(Request.parent_id == number).order_by(Request.id.desc())
            related = session.scalars(children.options(joinedload(Request.service)).limit(CHILDREN_SHOWN + 1)).all()
            token = select(Call.token).join(CallRequest).where(CallRequest.request_id == number)
            return RequestView(
                request=request,
                events=session.scalars(events.limit(EVENTS_SHOWN + 1)).all(),
                children=related,
                is_executor=is_executor(session, request, agent_id),
                may_forward=request.situation not in FINISHED_SITUATIONS and may_supervise(session, agent_id),
                call_token=session.scalar(token),
                clock=request.clock(calendar, self._database.now()),
                hidden_children=frozenset(
                    one.id
                    for one in related
                    if scope is not None and not scope.sees(one.id, one.group_id, one.responsible_id)
                ),
            )

    def list_executing_groups(self) -> Sequence[Candidate]:
        """Return the groups that a request can be forwarded to, by name: with the permission and an active agent."""
        return [Candidate(*row) for row in self._database.fetch(_EXECUTING_GROUPS)]

    def list_executors(self) -> Sequence[Candidate]:
        """Return the active agents who may execute at all, by name."""
        return [Candidate(*row) for row in self._database.fetch(_EXECUTORS)]

    def execute(
        self,
        number: int,
        agent_id: int,
        action: Action,
        note: str,
        changes: Changes = Changes(),
        seen_version: int | None = None,
        form_key: str = "",
    ) -> Request:
        """Do an action on a request, with its note in the history, and return it as it is then.

        A second time with the same form's key does nothing. Raises: RequestNotFound; ExecutionRefused when the agent
        is no executor of it; TransitionRefused; ChangedMeanwhile when it is not as the agent saw it, or the key was
        that of another execution; GroupRefused for a group where nobody could execute; NotFound for a group,
        AgentNotFound for a responsible agent, ServiceNotFound for a service, that cannot be had.
        """
        self._database.retrying(lambda: self._execute(number, agent_id, action, note, changes, seen_version, form_key))
        return self._requests.find(number)

    def give(self, number: int, agent_id: int, changes: Changes, seen_version: int, form_key: str = "") -> None:
        """Forward or assign an unfinished request, without a note; what is so already stays and has no line for it.

        Raises as `execute_request` does; TransitionRefused for a finished request.
        """
        note, seen = "", seen_version
        self._database.retrying(
            lambda: self._execute(number, agent_id, Action.NOTE, note, changes, seen, form_key, gives=True)
        )

    def _execute(
        self,
        number: int,
        agent_id: int,
        action: Action,
        note: str,
        changes: Changes,
        seen_version: int | None,
        form_key: str,
        gives: bool = False,
    ) -> None:
        calendar = self._calendars.current
        key = f"{number}:{agent_id}:{form_key}" if form_key else None
        with self._database.writing(notifies=True) as session:
            request = session.scalar(select(Request).where(Request.id == number).with_for_update())
            if request is None:
                raise RequestNotFound(number)
            if key is not None and _is_done(session, key, action, note):
                return
            if not (
                is_executor(session, request, agent_id) or _may_forward(session, request, agent_id, action, changes)
            ):
                raise ExecutionRefused(number)
            if seen_version not in (None, request.version):
                raise ChangedMeanwhile(number)
            actor, now = active_agent(session, agent_id).name, self._database.now()
            is_finished = request.situation in FINISHED_SITUATIONS
            if gives and is_finished:
                raise TransitionRefused(number, action, request.situation)
            changed = [] if is_finished else list(_change(session, request, changes, calendar, now))
            if gives and not changed:
                return
            change_situation(session, request, action, now.replace(microsecond=0), calendar)
            lines = [(action, note)] if note or action is not Action.NOTE or not changed else []
            for what, told in [*lines, *changed]:
                add_event(session, number, actor, what, now, told, key)
                key = None  # the first line carries it
            _count_change(session, request, actor, now)
            if action is Action.CLOSE:
                _close_children(session, request, now.replace(microsecond=0), calendar)


def _count_change(session: Session, request: Request, actor: str, now: datetime) -> None:
    """Make it another version of the request, and tell the pages that show an older one."""
    request.version += 1
    publish_request_change(session, request.id, request.version, actor, now)


def _may_forward(session: Session, request: Request, agent_id: int, action: Action, changes: Changes) -> bool:
    """Tell whether it is a supervisor who sees it and only forwards or assigns. Source: `docs/rules.md`, Executing."""
    is_forwarding = changes.group_id is not None or changes.responsible_id is not None
    if action is not Action.NOTE or not is_forwarding:
        return False
    if changes.current_task is not None or changes.classification is not None:
        return False
    scope = scope_of(session, agent_id)
    is_seen = scope is None or scope.sees(request.id, request.group_id, request.responsible_id)
    return is_seen and may_supervise(session, agent_id)


def _is_done(session: Session, key: str, action: Action, note: str) -> bool:
    """Tell whether the form with that key was executed; raises ChangedMeanwhile when it said something else then."""
    done = session.scalar(select(RequestEvent).where(RequestEvent.form_key == key))
    if done is None:
        return False
    if (note or action is not Action.NOTE) and (done.action, done.note) != (action, note):
        raise ChangedMeanwhile(done.request_id)
    return True


def _change(
    session: Session, request: Request, changes: Changes, calendar: WorkingCalendar, now: datetime
) -> Iterator[tuple[Action, str]]:
    """Change what is to be changed, and yield the line of the history for each."""
    if changes.classification is not None:
        told = reclassify(session, request, changes.classification, calendar, now.replace(microsecond=0))
        yield Action.RECLASSIFY, told
    if changes.current_task is not None and changes.current_task != request.current_task:
        yield Action.TASK, _from_to(request.current_task, changes.current_task)
        request.current_task = changes.current_task
    if changes.group_id is not None and changes.group_id != request.group_id:
        before, after = session.get(Group, request.group_id), _executing_group(session, changes.group_id)
        yield Action.FORWARD, _from_to(before.name if before else "", after.name)
        request.group_id = after.id
    if changes.responsible_id is not None and changes.responsible_id != (request.responsible_id or NOBODY):
        former = session.get(Agent, request.responsible_id) if request.responsible_id else None
        chosen = session.get(Agent, changes.responsible_id) if changes.responsible_id else None
        if changes.responsible_id and (chosen is None or not chosen.is_active):
            raise AgentNotFound(changes.responsible_id)
        yield Action.RESPONSIBLE, _from_to(former.name if former else "", chosen.name if chosen else "")
        request.responsible_id = chosen.id if chosen else None


def _name(thing: Service | Group | None) -> str:
    return thing.name if thing else ""


def _groups_with_agents() -> Select[Any]:
    return select(Membership.group_id).join(Agent, Agent.id == Membership.agent_id).where(Agent.is_active, may_work())


def _executing_group(session: Session, group_id: int) -> Group:
    """Return a group that can be forwarded to; raises NotFound and GroupRefused."""
    group = session.get(Group, group_id)
    if group is None:
        raise NotFound(group_id)
    if not group.may_execute:
        raise GroupRefused(group.name, "may not execute")
    if session.scalar(_groups_with_agents().where(Membership.group_id == group_id).limit(1)) is None:
        raise GroupRefused(group.name, "no member")
    return group


def _from_to(before: str, after: str) -> str:
    return f"{before or '—'} → {after or '—'}"


def _close_children(session: Session, parent: Request, now: datetime, calendar: WorkingCalendar) -> None:
    query = select(Request).where(Request.parent_id == parent.id)
    for child in session.scalars(query.where(Request.situation.in_(_CLOSABLE))):
        change_situation(session, child, Action.CLOSE, now, calendar)
        _count_change(session, child, AUTOMATIC, now)
        add_event(session, child.id, AUTOMATIC, Action.CLOSE, now, f"Fechada com a solicitação {parent.id}.")
        _close_children(session, child, now, calendar)


_EXECUTING_GROUPS = (
    select(Group.id, Group.name).where(Group.may_execute, Group.id.in_(_groups_with_agents())).order_by(Group.name)
)
_EXECUTORS = (
    select(Agent.id, Agent.name)
    .where(Agent.is_active, Agent.groups.any(Group.may_execute), may_work())
    .order_by(Agent.name, Agent.id)
)
