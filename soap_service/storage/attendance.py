"""Whether an agent takes calls: the extension, a pause, and how many calls were missed since they last looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Update, bindparam, delete, func, select, update

from soap_service.column_types import UtcDateTime
from soap_service.model import Agent, Call, Extension, Integration, Listener
from soap_service.rules.calls import SIMULATION
from soap_service.rules.live_events import LiveEvent, LiveEventKind
from soap_service.storage.database import Database
from soap_service.storage.live_events import publish
from soap_service.storage.part import Part

#: More missed calls are not counted: the number would tell an agent no more.
MOST_COUNTED = 99
#: What was missed longer ago is in the list of calls, but no news.
_NEWS_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class Attendance:
    """How an agent stands: the extension, since when no calls are wanted, how many were missed and from when on."""

    extension: str | None
    paused_at: datetime | None
    missed: int = 0
    missed_from: datetime | None = None


class Attendances(Part):
    """Agents at their extensions."""

    def __init__(self, database: Database, call_lifetime: timedelta) -> None:
        super().__init__(database)
        self._call_lifetime = call_lifetime

    def find(self, agent_id: int) -> Attendance:
        """Return how an agent stands now; at most `MOST_COUNTED` missed calls are counted, none that was simulated."""
        rows = self._database.fetch(_ATTENDANCE, agent_id=agent_id)
        number, paused_at, looked_at = rows[0] if rows else (None, None, None)
        if number is None:
            return Attendance(None, paused_at)
        # A call is missed a lifetime after it came: who looked between the two has not seen it as missed.
        until = self._database.now() - self._call_lifetime
        since = until - timedelta(seconds=_NEWS_SECONDS)
        if looked_at is not None:
            since = max(since, looked_at - self._call_lifetime)
        ((count, first),) = self._database.fetch(_MISSED, extension=number, since=since, until=until)
        return Attendance(number, paused_at, count, first)

    def list_agents_who_missed(self, call_ids: Sequence[int]) -> Sequence[int]:
        """Return the owners of the extensions of those calls that nobody has seen."""
        query = select(Extension.agent_id).join(Call, Call.extension == Extension.number).distinct()
        unseen = query.where(Call.id.in_(call_ids), *_IS_UNSEEN, Extension.agent_id.is_not(None))
        with self._database.reading() as session:
            return [owner for owner in session.scalars(unseen) if owner is not None]

    def pause(self, agent_id: int) -> None:
        """Record that the agent wants no calls; from now on nobody listens for their extension."""
        self._database.retrying(lambda: self._pause(agent_id))

    def _pause(self, agent_id: int) -> None:
        with self._database.writing(notifies=True) as session:
            number = session.scalar(_mine(agent_id).returning(Extension.number).values(changed_at=self._database.now()))
            session.execute(delete(Listener).where(Listener.extension == number))
            wants_calls = update(Agent).where(Agent.id == agent_id, Agent.paused_at.is_(None))
            session.execute(wants_calls.values(paused_at=self._database.now()))

    def resume(self, agent_id: int) -> None:
        """Record that the agent wants calls again; those that still wait pop up."""
        with self._database.writing(notifies=True) as session:
            session.execute(_mine(agent_id).values(changed_at=self._database.now()))
            session.execute(update(Agent).where(Agent.id == agent_id).values(paused_at=None))

    def look_at_calls(self, agent_id: int) -> None:
        """Record that the agent has looked at the list of calls: what was missed until now is no news any more."""
        now = self._database.now()
        with self._database.writing(notifies=True) as session:
            session.execute(update(Agent).where(Agent.id == agent_id).values(calls_looked_at=now))
            publish(session, LiveEvent(LiveEventKind.CALLS_LOOKED_AT, agent_id), now)


_IS_UNSEEN = (Call.seen_at.is_(None), Call.answered_at.is_(None), Call.transferred_to.is_(None))
_SIMULATION = select(Integration.id).where(Integration.name == SIMULATION)
_ATTENDANCE = (
    select(Extension.number, Agent.paused_at, Agent.calls_looked_at)
    .select_from(Agent)
    .outerjoin(Extension, Extension.agent_id == Agent.id)
    .where(Agent.id == bindparam("agent_id"))
)
_MISSED_CALLS = (
    select(Call.created_at)
    .where(
        Call.extension == bindparam("extension"),
        Call.created_at > bindparam("since", type_=UtcDateTime),
        Call.created_at <= bindparam("until", type_=UtcDateTime),
    )
    .where(*_IS_UNSEEN, Call.returned_at.is_(None), Call.integration_id.not_in(_SIMULATION))
    .limit(MOST_COUNTED)
    .subquery()
)
_MISSED = select(func.count(), func.min(_MISSED_CALLS.c.created_at))


def _mine(agent_id: int) -> Update:
    """Return the update of an agent's extension: every node reads again what has been changed."""
    return update(Extension).where(Extension.agent_id == agent_id)
