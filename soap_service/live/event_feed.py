"""Live events (`rules.live_events`) from the database to the browsers concerned."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import timedelta

from soap_service.live.browser_stream import BrowserStream, Event
from soap_service.live.progress import Progress
from soap_service.live.registry import Registry, is_concerned
from soap_service.rules.cursor import Position
from soap_service.rules.live_events import ENDING, RECOUNTING, LiveEvent, LiveEventKind
from soap_service.store import Store

#: An event is told again to a browser that comes back within this time; its page knows it by its number.
REPLAY_SECONDS = 60.0
#: Longer than any transaction lasts.
_PATIENCE = timedelta(seconds=60)
#: After so many browsers the event loop may do something else.
_AT_ONCE = 100


class EventFeed:
    """What this process has read of live events, and the recent ones for browsers that come back.

    `recount` is told of agents whose missed calls may be others now.
    """

    def __init__(self, store: Store, registry: Registry, recount: Callable[[int], None]) -> None:
        self._store, self._registry, self._recount = store, registry, recount
        self._progress = Progress(_PATIENCE)
        self._recent: deque[tuple[float, LiveEvent]] = deque()

    def begin(self) -> None:
        """Go on after the events that are there now."""
        self._progress.begin(self._store.live_events.newest_position())

    @property
    def position(self) -> Position:
        """How far events have been told."""
        return self._progress.position

    async def tell(self, events: Iterable[LiveEvent]) -> None:
        """Tell events to the browsers here that they concern, each once."""
        for event in events:
            if self._progress.advance(event.id):
                await self._take(event)
        self._progress.settle()

    async def _take(self, event: LiveEvent) -> None:
        if event.kind == LiveEventKind.STREAMS_PROVED:
            for stream_id in event.data["streams"].split():
                if (stream := self._registry.by_id.get(stream_id)) is not None:
                    await self._registry.prove(stream)
            return
        self._drop_old()
        self._recent.append((time.monotonic(), event))
        await self._tell(event)

    async def _tell(self, event: LiveEvent) -> None:
        told, streams = Event.of_live(event), self._registry.concerned(event)
        for count, stream in enumerate(streams, 1):
            stream.put(told)
            if count % _AT_ONCE == 0:
                await asyncio.sleep(0)
        if event.kind in ENDING:
            await self._registry.end(streams)
        elif event.kind in RECOUNTING:
            for stream in streams:
                self._recount(stream.agent_id)

    def replay(self, stream: BrowserStream) -> bool:
        """Queue what a browser may have missed; tell whether its log-in may have ended since it was looked up."""
        self._drop_old()
        missed = [event for _, event in self._recent if is_concerned(stream, event)]
        for event in missed:
            if event.kind not in ENDING:
                stream.put(Event.of_live(event))
        return any(event.kind in ENDING for event in missed)

    def _drop_old(self) -> None:
        while self._recent and time.monotonic() - self._recent[0][0] > REPLAY_SECONDS:
            self._recent.popleft()
