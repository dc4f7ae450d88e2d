"""The open streams of this process: whose they are, the extension each subscribes to, and whether it is received."""

import asyncio
from collections import defaultdict
from collections.abc import Collection

from soap_service.live.browser_stream import BrowserStream
from soap_service.live.presence import Presence
from soap_service.rules.live_events import LiveEvent, LiveEventKind

#: A log-in holds so many streams; another one ends the oldest.
MOST_OF_A_LOGIN = 5


class Registry:
    """Streams by id, agent and extension; `presence` writes which extensions have any that receive."""

    presence: Presence

    def __init__(self) -> None:
        self.by_id: dict[str, BrowserStream] = {}
        self.by_extension: defaultdict[str, set[BrowserStream]] = defaultdict(set)
        self.by_agent: defaultdict[int, set[BrowserStream]] = defaultdict(set)

    @property
    def all(self) -> Collection[BrowserStream]:
        """Every open stream, the oldest first."""
        return self.by_id.values()

    def __contains__(self, stream: BrowserStream) -> bool:
        return stream.id in self.by_id

    def add(self, stream: BrowserStream) -> BrowserStream | None:
        """Add a stream without an extension yet; return the one that has to end for it, if any."""
        self.by_id[stream.id] = stream
        theirs = self.by_agent[stream.agent_id]
        theirs.add(stream)
        of_login = [one for one in theirs if one.login == stream.login]
        return min(of_login, key=lambda one: one.opened_at) if len(of_login) > MOST_OF_A_LOGIN else None

    async def remove(self, stream: BrowserStream) -> None:
        """Let go of a stream; nothing moves it any more."""
        self.by_id.pop(stream.id, None)
        self.by_agent[stream.agent_id].discard(stream)
        if not self.by_agent[stream.agent_id]:
            del self.by_agent[stream.agent_id]
        await self.move(stream, None)

    async def move(self, stream: BrowserStream, extension: str | None) -> None:
        """Subscribe a stream to another extension, and tell the store for which ones this process has streams."""
        before, stream.extension = stream.extension, extension
        if before == extension:
            return
        is_last = False
        if before is not None:
            self.by_extension[before].discard(stream)
            is_last = not self.by_extension[before]
            if is_last:
                del self.by_extension[before]
        if extension is not None:
            self.by_extension[extension].add(stream)
            await self.presence.note(extension, is_subscribed=True)
        if before is not None and is_last:
            await self.presence.note(before, is_subscribed=False)

    async def prove(self, stream: BrowserStream) -> None:
        """Note that a browser receives; the store is told at once when it had not been believed to."""
        was_believed = stream.believed_seconds > 0
        stream.prove()
        if not was_believed and stream.extension is not None:
            await self.presence.note(stream.extension, is_subscribed=True)

    def believed_seconds(self, extension: str) -> float:
        """Return for how long it is believed that a browser receives what comes for an extension."""
        return max((stream.believed_seconds for stream in self.by_extension.get(extension, ())), default=0.0)

    async def end(self, streams: Collection[BrowserStream]) -> None:
        """End streams; nothing is delivered there any more, however slow their browsers are to take their end."""
        for stream in streams:
            stream.put(None)
        await asyncio.gather(*map(self.remove, streams))

    def concerned(self, event: LiveEvent) -> Collection[BrowserStream]:
        """Return the streams that an event concerns."""
        if event.is_for_everybody:
            return tuple(self.all)
        found: set[BrowserStream] = set()
        if event.agent_id is not None:
            found |= self.by_agent.get(event.agent_id, set())
        if event.extension is not None:
            found |= self.by_extension.get(event.extension, set())
        return [stream for stream in found if is_concerned(stream, event)]


def is_concerned(stream: BrowserStream, event: LiveEvent) -> bool:
    """Tell whether an event concerns a stream."""
    if event.kind == LiveEventKind.LOGIN_ENDED:
        return stream.login == event.ref
    is_theirs = stream.agent_id == event.agent_id
    return event.is_for_everybody or is_theirs or (event.extension is not None and stream.extension == event.extension)
