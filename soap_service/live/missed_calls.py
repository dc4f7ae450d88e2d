"""Which agents to tell that a call was missed: nobody is notified of what does not happen.

A call that was read is looked at again when its time is up; only agents whose browsers are here are told.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from soap_service.errors import StoreUnavailable
from soap_service.live.browser_stream import BrowserStream, Event
from soap_service.store import Attendance, Delivery, Store

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
#: Lets the mark of a popup that came at the last moment be written first.
_GRACE = timedelta(seconds=0.5)


class MissedCalls:
    """The calls that may be missed, in the order in which their time is up; `streams` are those of each agent here."""

    def __init__(self, store: Store, streams: Mapping[int, set[BrowserStream]]) -> None:
        self._store, self._streams = store, streams
        self._expected: deque[tuple[datetime, int]] = deque()
        self._newcomers: set[int] = set()
        self._recounted: set[int] = set()

    def expect(self, call: Delivery) -> None:
        """Look at a call again when its time is up."""
        self._expected.append((call.created_at + self._store.calls.lifetime + _GRACE, call.id))

    def greet(self, agent_id: int) -> None:
        """Tell an agent soon what was missed while none of their browsers was here."""
        self._newcomers.add(agent_id)

    def recount(self, agent_id: int) -> None:
        """Tell an agent soon how many calls are missed now: something happened that may have changed it."""
        self._recounted.add(agent_id)

    async def watch(self) -> None:
        """Tell agents how they stand when a call of theirs was missed; survive a database that is away."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            due, newcomers, recounted = self._take_due(), self._newcomers, self._recounted
            if not due and not newcomers and not recounted:
                continue
            self._newcomers, self._recounted = set(), set()
            try:
                for agent_id, attendance in await asyncio.to_thread(self._attendances, due, newcomers, recounted):
                    for stream in tuple(self._streams.get(agent_id, ())):
                        stream.put(Event.of_attendance(attendance))
            except StoreUnavailable:
                continue
            except Exception:
                log.exception("telling of missed calls")

    def _take_due(self) -> list[int]:
        now = self._store.now()
        due = []
        while self._expected and self._expected[0][0] <= now:
            due.append(self._expected.popleft()[1])
        return due

    def _attendances(
        self, due: Sequence[int], newcomers: set[int], recounted: set[int]
    ) -> list[tuple[int, Attendance]]:
        """Return how those stand who missed one of these calls or were recounted, and newcomers who missed anything."""
        told = {
            agent_id for agent_id in self._store.attendance.list_agents_who_missed(due) if agent_id in self._streams
        }
        told |= recounted
        attendances = [(agent_id, self._store.attendance.find(agent_id)) for agent_id in told | newcomers]
        return [(agent_id, attendance) for agent_id, attendance in attendances if agent_id in told or attendance.missed]
