"""The open streams of this process: whose they are, and the extension that each hears."""

from collections import defaultdict
from collections.abc import Collection

from soap_service.live.browser_stream import BrowserStream
from soap_service.live.presence import Listening
from soap_service.rules.live_events import LiveEvent, LiveEventKind


class Registry:
    """Streams by agent and by extension; `presence` is told for which extensions there are any."""

    def __init__(self, presence: Listening) -> None:
        self._presence = presence
        self.all: set[BrowserStream] = set()
        self.by_extension: defaultdict[str, set[BrowserStream]] = defaultdict(set)
        self.by_agent: defaultdict[int, set[BrowserStream]] = defaultdict(set)

    def add(self, stream: BrowserStream) -> None:
        """Take in a stream that hears no extension yet."""
        self.all.add(stream)
        self.by_agent[stream.agent_id].add(stream)

    async def remove(self, stream: BrowserStream) -> None:
        """Let go of a stream; nothing moves it any more."""
        self.all.discard(stream)
        self.by_agent[stream.agent_id].discard(stream)
        if not self.by_agent[stream.agent_id]:
            del self.by_agent[stream.agent_id]
        await self.move(stream, None)

    async def move(self, stream: BrowserStream, extension: str | None) -> None:
        """Have a stream hear another extension, and tell the store for which ones this process has streams."""
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
            await self._presence.say(extension, is_heard=True)
        if before is not None and is_last:
            await self._presence.say(before, is_heard=False)

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
