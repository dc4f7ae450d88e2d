"""A caller at a glance: their newest requests, few and by index, and the one that was opened from a call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Select, and_, bindparam, case, func, literal_column, or_, select, union_all

from soap_service.errors import RequestNotFound
from soap_service.model import Agent, Call, Group, Membership, Request, Service
from soap_service.rules.deadlines import is_late
from soap_service.rules.scopes import Scope
from soap_service.rules.searching import first_line
from soap_service.rules.situations import (
    FINISHED_SITUATIONS,
    OPEN_SITUATIONS,
    SITUATION_LABELS,
    UNFINISHED_SITUATIONS,
    Situation,
    known_situation,
)
from soap_service.storage.part import Part
from soap_service.storage.requests import may_work
from soap_service.tables.work import CallLink

UNFINISHED_SHOWN = 5
FINISHED_SHOWN = 3
#: Of each situation no more are looked at, however many child requests are among them.
_LOOKED_AT = 50
_FIRST_LINE = 200


class CallerRequest(NamedTuple):
    """A line about a request. `may_execute` is of the agent who looks."""

    id: int
    situation: str
    text: str
    service: str | None
    group: str | None
    due_at: datetime | None
    closed_at: datetime | None
    may_execute: bool
    group_id: int
    responsible_id: int | None

    @property
    def subject(self) -> str:
        """The first line of the description."""
        return first_line(self.text)

    @property
    def situation_label(self) -> str:
        """The situation as a sentence form, in Portuguese."""
        known = known_situation(self.situation)
        return SITUATION_LABELS[known] if known else self.situation

    @property
    def deadline(self) -> datetime | None:
        """When it is due; None without an SLA and while suspended."""
        return None if self.situation == Situation.SUSPENDED else self.due_at

    def is_late(self, now: datetime) -> bool:
        """Tell whether it is past its deadline at `now`."""
        known = known_situation(self.situation)
        return known is not None and is_late(known, self.due_at, self.closed_at, now)


@dataclass(frozen=True)
class CallerGlance:
    """The newest requests of a caller: unfinished ones, and the last finished ones. `now` is when it was looked.

    Of the `hidden` ones the agent may know number, service and group.
    """

    unfinished: Sequence[CallerRequest]
    finished: Sequence[CallerRequest]
    now: datetime
    hidden: Sequence[CallerRequest] = ()


class Callers(Part):
    """What the pages of a call tell of its caller."""

    def glance(self, requester_id: int, agent_id: int, scope: Scope | None = None) -> CallerGlance:
        """Return a requester's newest requests as the agent may work on them; two round trips."""
        asked = {"requester_id": requester_id, "agent_id": agent_id}
        unfinished, finished = (
            [CallerRequest(*row) for row in self._database.fetch(query, **asked)] for query in (_UNFINISHED, _FINISHED)
        )
        now = self._database.now()
        if scope is None:
            return CallerGlance(unfinished, finished, now)
        seen = [
            [one for one in some if scope.sees(one.id, one.group_id, one.responsible_id)]
            for some in (unfinished, finished)
        ]
        hidden = [one for one in (*unfinished, *finished) if one not in (*seen[0], *seen[1])]
        return CallerGlance(seen[0], seen[1], now, hidden)

    def link(self, call_id: int, number: int, requester_id: int) -> None:
        """Record the request that was opened from a call; a later one takes its place.

        Raises: RequestNotFound when it is not the requester's.
        """
        with self._database.writing() as session:
            request = session.get(Request, number)
            if request is None or request.requester_id != requester_id:
                raise RequestNotFound(number)
            session.get(Call, call_id, with_for_update=True)
            link = session.get(CallLink, call_id)
            if link is None:
                session.add(CallLink(call_id=call_id, request_id=number))
            else:
                link.request_id = number

    def linked_request(self, call_id: int) -> int | None:
        """Return the number of the request that was opened from a call."""
        for (number,) in self._database.fetch(_LINKED, call_id=call_id):
            return int(number)
        return None


def _newest(situations: Sequence[Situation]) -> CompoundSelect[Any]:
    of_one = [
        select(Request.id)
        .where(Request.requester_id == bindparam("requester_id"))
        .where(Request.situation == literal_column(f"'{situation}'"))
        .order_by(Request.id.desc())
        .limit(literal_column(str(_LOOKED_AT)))
        for situation in situations
    ]
    return union_all(*[select(one.subquery()) for one in of_one])


_MINE = select(Membership.group_id).where(Membership.agent_id == bindparam("agent_id"))
_CAN_EXECUTE = (
    _MINE.join(Group, Group.id == Membership.group_id)
    .join(Agent, Agent.id == Membership.agent_id)
    .where(Group.may_execute, may_work())
    .exists()
)
_MAY_EXECUTE = and_(
    Request.situation.in_([literal_column(f"'{situation}'") for situation in OPEN_SITUATIONS]),
    or_(Request.responsible_id == bindparam("agent_id"), Request.group_id.in_(_MINE)),
    _CAN_EXECUTE,
)


def _lines(situations: Sequence[Situation], most: int) -> Select[Any]:
    """Return the query of the newest requests in these situations, but for the child requests that calls launched."""
    newest = _newest(situations).subquery()
    return (
        select(
            Request.id,
            Request.situation,
            func.substr(Request.description, literal_column("1"), literal_column(str(_FIRST_LINE))),
            Service.name,
            Group.name,
            Request.due_at,
            Request.closed_at,
            case((_MAY_EXECUTE, literal_column("1")), else_=literal_column("0")),
            Request.group_id,
            Request.responsible_id,
        )
        .join(newest, newest.c.id == Request.id)
        .outerjoin(Service, Service.id == Request.service_id)
        .outerjoin(Group, Group.id == Request.group_id)
        .where(or_(Request.origin_key.is_(None), Request.origin_key.not_like(literal_column("'call:%'"))))
        .order_by(Request.id.desc())
        .limit(literal_column(str(most)))
    )


_UNFINISHED = _lines(UNFINISHED_SITUATIONS, UNFINISHED_SHOWN)
_FINISHED = _lines(FINISHED_SITUATIONS, FINISHED_SHOWN)
_LINKED = select(CallLink.request_id).where(CallLink.call_id == bindparam("call_id"))
