"""Server-Sent Events to the agents' browsers, and the bell that wakes them. Knows nothing of SOAP and of pages.

The call table is the truth: whatever rings the bell, new calls are read from the table by their last id. Within the
process a commit rings it; `PRAGMA data_version`, looked at every `LOOK_SECONDS`, is the bell of other processes.

Source: WHATWG HTML, Server-sent events.
"""

import asyncio
import json
import logging
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.http import parse_cookie

from soap_service.credentials import SESSION_COOKIE
from soap_service.errors import NotFound, StoreUnavailable
from soap_service.http import Receive, Scope, Send, header, respond_text
from soap_service.metrics import delivery_seconds, open_streams
from soap_service.store import Delivery, Store

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
#: A comment is sent this often, so that proxies keep the stream and a browser that went away is noticed.
HEARTBEAT_SECONDS = 15.0
#: A log-in that ended elsewhere ends its streams within about this time.
CHECK_SECONDS = 60.0
#: A stream is believed to be there this long after its process last said so.
LISTENER_SECONDS = 30.0
#: What may wait for one browser to read it; one that falls behind further is cut and comes back.
LONGEST_QUEUE = 256
#: The newest of the calls that wait for a browser when it connects; an agent cannot answer more.
MOST_REPLAYED = 50
#: Changes of ownership are read again this far back; applying one twice changes nothing.
_OVERLAP = timedelta(seconds=5)


@dataclass(frozen=True)
class _Event:
    """What waits to be sent; of a call, its delivery."""

    text: bytes
    call: Delivery | None = None


@dataclass(eq=False)
class _Stream:
    """One open browser: whose it is, the extension it hears, and what waits to be sent. None ends it."""

    agent_id: int
    cookie: str
    extension: str | None
    queue: "asyncio.Queue[_Event | None]" = field(default_factory=lambda: asyncio.Queue(LONGEST_QUEUE))
    sent: set[int] = field(default_factory=set)

    def put(self, event: "_Event | None") -> None:
        """Queue an event, or end a stream whose browser does not read."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(None)


class Streams:
    """The ASGI application at /eventos. `start` it on the event loop that serves it."""

    def __init__(self, store: Store, worker: str) -> None:
        self._store = store
        self._worker = worker
        self._streams: set[_Stream] = set()
        self._by_extension: defaultdict[str, set[_Stream]] = defaultdict(set)
        self._rung = asyncio.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="stream")
        self._last_call = 0
        self._last_marker = 0
        self._last_change = datetime.now(UTC)
        self._delivered: list[str] = []
        self._marking: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = False

    async def start(self) -> None:
        """Begin to listen for the bell."""
        loop = asyncio.get_running_loop()
        self._last_call = self._store.newest_call_id()
        await self._in_pool(self._store.remove_listeners, self._worker)
        self._store.when_rung(lambda: _ring(loop, self._rung))
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._keep_listeners())]

    def stop(self) -> None:
        """Tell every browser to come back a little later, each at another moment, and end its stream."""
        self._is_stopping = True
        for stream in self._streams:
            stream.put(_Event(b"retry: %d\n\n" % random.randint(500, 3000)))  # noqa: S311
            stream.put(None)

    async def close(self) -> None:
        """End what `start` began."""
        self.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(StoreUnavailable):
            await self._in_pool(self._store.remove_listeners, self._worker)
        self._pool.shutdown(wait=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold one browser's stream until either side ends it."""
        if scope["method"] != "GET":
            await respond_text(send, 405, "Use GET.", [(b"allow", b"GET")])
            return
        try:
            stream = await self._open(_cookie_of(scope))
        except NotFound:
            await respond_text(send, 401, "Entre novamente para receber as chamadas.")
            return
        except StoreUnavailable:
            await respond_text(send, 503, "O serviço está indisponível no momento. Tente novamente.")
            return
        watcher = asyncio.create_task(_end_when_gone(receive, stream))
        open_streams.inc()
        try:
            await send(_START)
            await send(_part(b"retry: 1000\n\n"))
            self._replay(stream, _last_event_id(scope))
            await self._send_events(stream, send)
            await send({"type": "http.response.body", "body": b""})
        finally:
            open_streams.dec()
            watcher.cancel()
            await self._forget(stream)

    async def _open(self, cookie: str) -> _Stream:
        """Return a registered stream for a log-in; raises NotFound without one. A call made from here on reaches it."""
        session = await self._in_pool(self._store.find_session, cookie)
        extension = await self._in_pool(self._store.extension_of, session.agent_id)
        stream = _Stream(session.agent_id, cookie, None)
        self._streams.add(stream)
        try:
            await self._move(stream, extension)
        except BaseException:
            await self._forget(stream)
            raise
        return stream

    async def _forget(self, stream: _Stream) -> None:
        """Let go of a stream; nothing moves it any more."""
        self._streams.discard(stream)
        await self._move(stream, None)

    def _replay(self, stream: _Stream, last_event_id: int) -> None:
        """Queue the calls that waited for this extension while nobody listened."""
        if stream.extension is not None:
            with suppress(StoreUnavailable):
                waiting = self._store.list_calls_waiting(stream.extension)[-MOST_REPLAYED:]
                self._push(stream, (call for call in waiting if call.id > last_event_id))

    async def _send_events(self, stream: _Stream, send: Send) -> None:
        """Send what is queued, and heartbeats, until the stream ends or its log-in does."""
        loop = asyncio.get_running_loop()
        checked_at = loop.time()
        while not self._is_stopping or not stream.queue.empty():
            try:
                event = await asyncio.wait_for(stream.queue.get(), HEARTBEAT_SECONDS)
            except TimeoutError:
                event = _HEARTBEAT
            if loop.time() - checked_at > CHECK_SECONDS:
                checked_at = loop.time()
                if not await self._is_logged_in(stream):
                    return
            if event is None:
                return
            await send(_part(event.text))
            if event.call is not None:
                self._delivered.append(event.call.token)
                delivery_seconds.observe((datetime.now(UTC) - event.call.created_at).total_seconds())
                self._rung.set()  # so that the delivery is recorded soon

    async def _is_logged_in(self, stream: _Stream) -> bool:
        try:
            await self._in_pool(self._store.find_session, stream.cookie)
        except NotFound:
            return False
        except StoreUnavailable:
            return True
        return True

    async def _move(self, stream: _Stream, extension: str | None) -> None:
        """Have a stream hear another extension, and say in the store for which ones this process listens."""
        before, stream.extension = stream.extension, extension
        if before == extension:
            return
        is_last = False
        if before is not None:
            self._by_extension[before].discard(stream)
            is_last = not self._by_extension[before]
            if is_last:
                del self._by_extension[before]
        if extension is not None:
            self._by_extension[extension].add(stream)
        with suppress(StoreUnavailable):  # `_keep_listeners` says it all again soon
            if extension is not None:
                until = datetime.now(UTC) + timedelta(seconds=LISTENER_SECONDS)
                await self._in_pool(self._store.add_listener, self._worker, extension, until)
            if is_last:
                await self._in_pool(self._store.remove_listener, self._worker, before)

    async def _watch(self) -> None:
        """Deliver whenever the bell rings, here or in another process; survive a database that is away."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._rung.wait(), LOOK_SECONDS)
            try:
                marker = self._store.change_marker()
                if not self._rung.is_set() and marker == self._last_marker:
                    continue
                self._rung.clear()
                self._last_marker = marker
                await self._deliver()
            except StoreUnavailable:
                await self._try_again()
            except Exception:
                log.exception("delivery of calls")
                await self._try_again()

    async def _try_again(self) -> None:
        """Have what was not delivered delivered a little later: its ring has been used up."""
        await asyncio.sleep(LOOK_SECONDS)
        self._rung.set()

    async def _deliver(self) -> None:
        """Read what is new and queue it. Ownership is read after the calls, so that no call follows a former owner.

        Of the changes, those with an owner come first: who changes to another extension has not lost one.
        """
        # Ids are in the order of commits: SQLite has one writer at a time.
        calls = self._store.list_calls_after(self._last_call)
        started = datetime.now(UTC)
        changes = self._store.list_extensions_changed_since(self._last_change - _OVERLAP)
        self._last_change = started
        for number, owner_id, owner in sorted(changes, key=lambda change: change[1] is None):
            await self._apply_change(number, owner_id, owner)
        for call in calls:
            for stream in tuple(self._by_extension.get(call.extension, ())):
                self._push(stream, (call,))
            self._last_call = call.id
        if self._delivered and (self._marking is None or self._marking.done()):
            self._marking = asyncio.create_task(self._mark_delivered())

    async def _mark_delivered(self) -> None:
        """Record what was sent, beside the delivery of what comes next."""
        delivered, self._delivered = self._delivered, []
        try:
            await self._in_pool(self._store.mark_delivered, delivered)
        except StoreUnavailable:
            self._delivered += delivered
        if self._delivered:
            self._rung.set()

    async def _apply_change(self, number: str, owner_id: int | None, owner: str | None) -> None:
        """Give an extension to its owner's streams and take it from anybody else's, telling their pages."""
        for stream in tuple(self._streams):
            if stream.agent_id == owner_id and stream.extension != number and stream in self._streams:
                if stream.extension is not None:
                    stream.put(_Event(_text("ramal", {"ramal": number})))
                await self._move(stream, number)
        for stream in tuple(self._by_extension.get(number, ())):
            if stream.agent_id != owner_id and stream in self._streams:
                await self._move(stream, None)
                stream.put(_Event(_text("ramal", {"mensagem": _lost(number, owner)})))

    def _push(self, stream: _Stream, calls: Iterable[Delivery]) -> None:
        for call in calls:
            if call.id not in stream.sent:
                stream.sent.add(call.id)
                stream.put(_Event(_text("chamada", {"token": call.token}, call.id), call))

    async def _keep_listeners(self) -> None:
        while True:
            await asyncio.sleep(LISTENER_SECONDS / 3)
            until = datetime.now(UTC) + timedelta(seconds=LISTENER_SECONDS)
            with suppress(StoreUnavailable):
                await self._in_pool(self._store.keep_listeners, self._worker, tuple(self._by_extension), until)

    async def _in_pool(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)


_HEARTBEAT = _Event(b": \n\n")
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),  # nginx passes each event on at once
    ],
}


def _ring(loop: asyncio.AbstractEventLoop, rung: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop has closed: the process ends
        loop.call_soon_threadsafe(rung.set)


def _part(body: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, "more_body": True}


def _text(name: str, data: dict[str, str], event_id: int | None = None) -> bytes:
    identity = "" if event_id is None else f"id: {event_id}\n"
    return f"{identity}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def _lost(number: str, owner: str | None) -> str:
    if owner is None:
        return f"O ramal {number} foi liberado."
    return f"O ramal {number} foi assumido por {owner}."


async def _end_when_gone(receive: Receive, stream: _Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.put(None)


def _cookie_of(scope: Scope) -> str:
    return parse_cookie(header(scope, b"cookie").decode("latin-1")).get(SESSION_COOKIE, "")


def _last_event_id(scope: Scope) -> int:
    value = header(scope, b"last-event-id")
    return int(value) if value.isdigit() and len(value) < 19 else 0
