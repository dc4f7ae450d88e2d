"""Missed calls that an agent has returned: by whom and when. Source: `docs/rules.md`, Calls."""

from datetime import timedelta

from sqlalchemy import select

from soap_service.errors import CallNotFound, CallNotMissed
from soap_service.model import Agent, Call
from soap_service.rules.calls import CallState
from soap_service.rules.live_events import LiveEventKind
from soap_service.storage.call_events import publish_about_call
from soap_service.storage.database import Database
from soap_service.storage.part import Part


class ReturnedCalls(Part):
    """Calls that were missed and returned."""

    def __init__(self, database: Database, call_lifetime: timedelta) -> None:
        super().__init__(database)
        self._call_lifetime = call_lifetime

    def mark(self, token: str, agent_id: int) -> None:
        """Record that an agent has called back who was missed; the first time counts.

        Raises: CallNotFound; CallNotMissed for a call that was answered, seen or transferred, or may still be.
        """
        self._database.retrying(lambda: self._return(token, agent_id))

    def _return(self, token: str, agent_id: int) -> None:
        with self._database.writing(notifies=True) as session:
            call = session.scalar(select(Call).where(Call.token == token).with_for_update())
            if call is None:
                raise CallNotFound
            now = self._database.now()
            state = call.state(now, self._call_lifetime)
            if state is CallState.RETURNED:
                return
            if state is not CallState.MISSED:
                raise CallNotMissed
            call.returned_at, call.returned_by_id = now, agent_id
            name = session.get_one(Agent, agent_id).name
            publish_about_call(session, LiveEventKind.CALL_RETURNED, call, agent_id, now, by=name)
