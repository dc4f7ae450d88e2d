"""Which requests an agent sees (`rules.scopes`), as the database says now."""

from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, selectinload

from soap_service.model import Agent, Call, CallRequest, Request
from soap_service.rules.roles import Permission
from soap_service.rules.scopes import Scope
from soap_service.storage.part import Part

#: Of the requests opened in an agent's own calls so many are theirs to see, the newest.
NUMBERS_SEEN = 200


class Scopes(Part):
    """What agents see."""

    def find(self, agent_id: int) -> Scope | None:
        """Return what an agent sees; None for all."""
        with self._database.reading() as session:
            return scope_of(session, agent_id)


def scope_of(session: Session, agent_id: int) -> Scope | None:
    """Return what an agent sees, within a session; None for all."""
    agent = session.scalar(select(Agent).where(Agent.id == agent_id).options(selectinload(Agent.groups)))
    if agent is None or not is_restricted(agent):
        return None
    opened = select(CallRequest.request_id).join(Call, Call.id == CallRequest.call_id)
    opened = opened.where(Call.answered_by_id == agent_id).order_by(Call.id.desc()).limit(NUMBERS_SEEN)
    return Scope(agent_id, tuple(sorted(group.id for group in agent.groups)), frozenset(session.scalars(opened)))


def is_restricted(agent: Agent) -> bool:
    """Tell whether an agent, loaded with their groups, does not see all requests."""
    return bool(agent.groups) and not agent.may(Permission.ADMINISTER) and not any(g.sees_all for g in agent.groups)


def is_in(scope: Scope) -> ColumnElement[bool]:
    """Return what holds for the requests in a scope; never by an index of their own."""
    seen: list[Any] = [
        (Request.group_id + 0).in_(scope.group_ids),
        func.coalesce(Request.responsible_id, 0) == scope.agent_id,
    ]
    if scope.numbers:
        seen.append((Request.id + 0).in_(sorted(scope.numbers)))
    return or_(*seen)
