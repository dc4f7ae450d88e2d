"""Server-Sent Events to the agents' browsers, and the notifications that wake them. Knows nothing of SOAP and of pages.

The call table is the truth: whatever notifies, what a position does not cover is read from the table. A commit
notifies, on PostgreSQL every node; on SQLite workers of one service tell each other, and other processes are noticed
by `PRAGMA data_version`. It, or the table where a notification may have been lost, is looked at every `poll_seconds` of
the store's traits.

Source: WHATWG HTML, Server-sent events.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from soap_service.asgi.messages import WRITE_NOW, Receive, Scope, Send, WriteNow, respond_text
from soap_service.errors import NotFound, StoreUnavailable
from soap_service.live.browser_stream import (
    REPLACED,
    START,
    BrowserStream,
    Event,
    cookie_of,
    is_proving,
    part,
    position_of,
)
from soap_service.live.deliveries import Deliveries
from soap_service.live.event_feed import EventFeed
from soap_service.live.missed_calls import MissedCalls
from soap_service.live.presence import LISTENER_SECONDS, Presence
from soap_service.live.progress import Progress
from soap_service.live.proofs import PATH as PROOFS_PATH
from soap_service.live.proofs import Proofs
from soap_service.live.registry import Registry
from soap_service.live.server_state import watch_server
from soap_service.metrics import open_streams
from soap_service.rules.cursor import Position
from soap_service.store import Delivery, Link, News, Ownership, Store, Told

log = logging.getLogger(__name__)

_RETRY_SECONDS = 0.1
#: A stream that cannot be opened in this time is refused; the browser comes back.
OPEN_SECONDS = 3.0
#: More than this many browsers that come at once, after a restart, wait for each other and not for a refusal.
MOST_OPENING = 64
#: A comment is sent this often, so that proxies keep the stream and a browser that went away is noticed.
HEARTBEAT_SECONDS = 15.0
#: A log-in that ended elsewhere ends its streams within about this time.
CHECK_SECONDS = 60.0
#: The newest of the calls that wait for a browser when it connects; an agent cannot answer more.
MOST_REPLAYED = 50


class Streams:
    """The ASGI application at /eventos. `start` it on the event loop that serves it.

    `is_https` says which name the log-in's cookie has. What need be done once for all workers of a service is done by
    the one that `is_keeper`.
    """

    def __init__(
        self, store: Store, worker: str, is_https: bool = False, is_keeper: Callable[[], bool] = lambda: True
    ) -> None:
        self._store = store
        self._is_keeper = is_keeper
        self._worker = worker
        self._is_https = is_https
        self._registry = Registry()
        self._presence = Presence(store, worker, self._write, self._registry.believed_seconds)
        self._registry.presence = self._presence
        self._proofs = Proofs(store, self._registry, self._read_to_open, self._write, is_https)
        #: Whether something was committed here that was not delivered yet.
        self.has_commit = False
        self._is_notified = asyncio.Event()
        self._delivery_reader = ThreadPoolExecutor(1, thread_name_prefix="stream-deliver")
        self._opening_readers = ThreadPoolExecutor(4, thread_name_prefix="stream-open")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="stream-write")  # one: who listens is told in order
        self._calls = Progress(store.calls.lifetime)
        self._last_marker = 0
        self._last_change = store.now()
        #: Changes of ownership are read again this far back; applying one twice changes nothing.
        self._overlap = store.traits.commit_lag
        self._opening = asyncio.Semaphore(MOST_OPENING)
        self._deliveries = Deliveries(store, self._write)
        self._tasks: list[asyncio.Task[None]] = []
        self._missed = MissedCalls(store, self._registry.by_agent)
        self._events = EventFeed(store, self._registry, self._missed.recount)
        self._link: Link | None = None
        self._is_stopping = False

    async def start(self) -> None:
        """Begin to listen for notifications."""
        loop = asyncio.get_running_loop()
        await self._read_to_deliver(self._store.check)
        self._calls.begin(await self._read_to_deliver(self._store.calls.newest_position))
        await self._read_to_deliver(self._events.begin)
        self._last_change = self._store.now()
        await self._presence.end()
        self._store.subscribe(lambda: self._on_commit(loop))
        self._link = self._store.news.listen(self.notice_commit)
        self._is_notified.set()  # it listens from the first question on
        watching_server = watch_server(lambda: self._read_to_deliver(self._store.check))
        work = (self._watch(), watching_server, self._deliveries.record(), self._keep_listeners(), self._missed.watch())
        self._tasks = [asyncio.create_task(one) for one in work]

    def stop(self) -> None:
        """Tell every browser to come back a little later, each at another moment, and end its stream."""
        self._is_stopping = True
        for stream in tuple(self._registry.all):
            stream.put(Event(b"retry: %d\n\n" % random.randint(500, 3000)))  # noqa: S311
            stream.put(None)

    async def close(self) -> None:
        """End what `start` began."""
        self.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._link is not None:
            self._link.close()
        with suppress(StoreUnavailable):
            await self._presence.end()
        for pool in (self._delivery_reader, self._opening_readers, self._writer):
            pool.shutdown(wait=True, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold one browser's stream until either side ends it, or take a proof that one is received."""
        if scope["path"] == PROOFS_PATH:
            await self._proofs(scope, receive, send)
            return
        if scope["method"] != "GET":
            await respond_text(send, 405, "Use GET.", [(b"allow", b"GET")])
            return
        try:
            async with self._opening, asyncio.timeout(OPEN_SECONDS):
                stream = await self._open(*cookie_of(scope, self._is_https), position_of(scope), is_proving(scope))
        except NotFound:
            await respond_text(send, 401, "Entre novamente para receber as ligações.")
            return
        except (StoreUnavailable, TimeoutError):
            await respond_text(send, 503, "O serviço está indisponível no momento. Tente novamente.")
            return
        watcher = asyncio.create_task(stream.end_when_gone(receive))
        open_streams.inc()
        try:
            await send(START)
            await send(part(b"retry: 1000\n\n"))
            write_now: WriteNow | None = scope.get("extensions", {}).get(WRITE_NOW)
            if write_now is not None:
                stream.send_now = lambda event: write_now(event.text) and self._has_sent(event)
            await self._send_events(stream, send)
            await send({"type": "http.response.body", "body": b""})
        finally:
            open_streams.dec()
            watcher.cancel()
            await self._registry.remove(stream)

    async def _open(self, cookie: str, is_former: bool, had: Position, is_proving: bool) -> BrowserStream:
        """Return a registered stream for a log-in, with what waited for it; raises NotFound without a log-in.

        What this process has read by the time the stream is registered is replayed from the table, what it reads from
        then on is pushed: no call comes twice and none is passed over.
        """
        subscriber = await self._read_to_open(self._store.logins.find_subscriber, cookie)
        if is_former and not subscriber.is_of_before:  # a neighbour host can set a cookie of that name
            raise NotFound
        if (
            had.last > self._calls.position.last
            and had.last > (await self._read_to_open(self._store.calls.newest_position)).last
        ):
            had = Position()  # of another database: this one was begun anew or restored
        stream = BrowserStream(subscriber.agent_id, cookie, had, subscriber.form_token, is_proving)
        stream.greet(subscriber.extension, subscriber.is_paused)
        if (oldest := self._registry.add(stream)) is not None:
            oldest.put(REPLACED)
            await self._registry.end([oldest])
        read = self._calls.position
        try:
            await self._registry.move(stream, subscriber.subscribed)
            await self._replay(stream, read)
            stream.begin()
            if self._events.replay(stream):
                # It may have ended between the first look and now.
                await self._read_to_open(self._store.logins.find_subscriber, cookie)
            if not is_proving and subscriber.subscribed is not None:
                stream.put(Event.of_upgrade(subscriber.subscribed))
            self._missed.greet(subscriber.agent_id)
        except BaseException:
            await self._registry.remove(stream)
            raise
        return stream

    async def _replay(self, stream: BrowserStream, read: Position) -> None:
        """Queue what waits at a stream's extension and will not be pushed: what this process has read already."""
        if stream.extension is None:
            return
        waiting = await self._read_to_open(self._store.calls.list_waiting, stream.extension)
        missed = [call for call in waiting if read.covers(call.id) and not stream.had.covers(call.id)]
        for call in missed[-MOST_REPLAYED:]:
            stream.replay(call, read.up_to(call.id))

    async def _send_events(self, stream: BrowserStream, send: Send) -> None:
        """Send what is queued, and heartbeats, until the stream ends or its log-in does."""
        loop = asyncio.get_running_loop()
        checked_at = loop.time()
        while not (stream.queue.empty() and (self._is_stopping or stream.is_full)):
            try:
                stream.is_waiting = True
                async with asyncio.timeout(HEARTBEAT_SECONDS):  # in this task: what left the queue has left in order
                    event = await stream.queue.get()
            except TimeoutError:
                event = stream.pulse
            finally:
                stream.is_waiting = False
            if loop.time() - checked_at > CHECK_SECONDS:
                checked_at = loop.time()
                if not await self._is_logged_in(stream):
                    return
            if event is None:
                return
            await send(part(event.text))
            self._has_sent(event)

    def _has_sent(self, event: Event) -> bool:
        """Note when a call was sent to its browser."""
        if event.call is not None:
            self._deliveries.note(event.call)
        return True

    async def _is_logged_in(self, stream: BrowserStream) -> bool:
        try:
            await self._read_to_open(self._store.logins.find_subscriber, stream.cookie)
        except NotFound:
            return False
        except StoreUnavailable:
            return True
        return True

    def _on_commit(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have the loop deliver what was committed; called in any thread, and on the loop itself."""
        self.has_commit = True
        with suppress(RuntimeError):  # no loop runs in this thread
            if asyncio.get_running_loop() is loop:
                self.deliver_commit()
                return
        with suppress(RuntimeError):  # the loop has closed: the process ends
            loop.call_soon_threadsafe(self.deliver_commit)

    def notice_commit(self) -> None:
        """Deliver what another process has committed; called on the event loop."""
        if not self._is_stopping:
            self.has_commit = True
            self.deliver_commit()

    def deliver_commit(self) -> None:
        """Deliver what has been committed here, at once if that needs no waiting.

        A busy loop calls it between two answers: its turns take milliseconds, and an agent is waiting.
        """
        if self.has_commit:
            self.has_commit = False
            if not (self._store.traits.reads_inline and self._deliver_at_once()):
                self._is_notified.set()

    def _deliver_at_once(self) -> bool:
        """Deliver calls while no extension has changed hands; what stands in the way, `_watch` meets again."""
        try:
            news = self._store.news.read(self._told())
        except Exception:
            return False
        if not all(self._is_applied(change) for change in news.changes):
            return False
        self._last_change = news.read_at
        self._push(news.calls)
        return not news.events

    def _is_applied(self, change: Ownership) -> bool:
        """Tell whether the streams have the extensions they should since one changed hands."""
        theirs = self._registry.by_agent.get(change.owner_id, ()) if change.owner_id is not None else ()
        subscribers = self._registry.by_extension.get(change.number, ())
        return all(stream.extension == change.subscribed for stream in theirs) and all(
            stream.agent_id == change.owner_id for stream in subscribers
        )

    async def _watch(self) -> None:
        """Deliver at every notification, here or in another process; survive a database that is away."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._store.traits.poll_seconds):
                    await self._is_notified.wait()
            try:
                if self._is_due():
                    self._is_notified.clear()
                    await self._deliver()
            except StoreUnavailable:
                await self._try_again()
            except Exception:
                log.exception("delivery of calls")
                await self._try_again()

    async def _try_again(self) -> None:
        """Have what was not delivered delivered a little later: its notification has been used up."""
        await asyncio.sleep(_RETRY_SECONDS)
        self._is_notified.set()

    def _is_due(self) -> bool:
        """Tell whether there may be something new."""
        before, self._last_marker = self._last_marker, self._store.change_marker()
        return self._is_notified.is_set() or before != self._last_marker

    async def _deliver(self) -> None:
        """Read what is new and queue it.

        Of the changes, those with an owner come first: who changes to another extension has not lost one.
        """
        news = await self._read_news()
        self._last_change = news.read_at
        for change in sorted(news.changes, key=lambda change: change.owner_id is None):
            await self._apply_change(change)
        self._push(news.calls)
        await self._events.tell(news.events)

    def _push(self, calls: Sequence[Delivery]) -> None:
        """Give calls to the streams of their extension, each once, whichever way they were read."""
        oldest = self._store.now() - self._store.calls.lifetime
        for call in calls:
            if not self._calls.advance(call.id):
                continue
            if call.extension is not None and call.created_at >= oldest and not call.is_over:
                for stream in tuple(self._registry.by_extension.get(call.extension, ())):
                    stream.push(call, self._calls.position)
                self._missed.expect(call)
        self._calls.settle()

    def _told(self) -> Told:
        return Told(self._calls.position, self._events.position, self._last_change - self._overlap)

    async def _read_news(self) -> News:
        """Read what is new: on the link that listens, else, and for what that cannot tell, as others read."""
        told = self._told()
        if self._link is not None:
            with suppress(StoreUnavailable, ValueError, TypeError):
                return await self._store.news.read_on(self._link, told)
        news: News = await self._read_to_deliver(self._store.news.read, told)
        return news

    async def _apply_change(self, change: Ownership) -> None:
        """Give an extension to its owner's streams and take it from anybody else's, telling their pages."""
        for stream in tuple(self._registry.by_agent.get(change.owner_id, ()) if change.owner_id is not None else ()):
            if stream.extension != change.subscribed and stream in self._registry:
                stream.put(Event.of_change(change, stream.extension))
                read, had_nothing = self._calls.position, stream.extension is None
                await self._registry.move(stream, change.subscribed)
                if had_nothing:
                    await self._replay(stream, read)
        for stream in tuple(self._registry.by_extension.get(change.number, ())):
            if stream.agent_id != change.owner_id and stream in self._registry:
                await self._registry.move(stream, None)
                stream.put(Event.of_loss(change))

    async def _keep_listeners(self) -> None:
        while True:
            await asyncio.sleep(LISTENER_SECONDS / 3)
            try:
                await self._presence.keep(tuple(self._registry.by_extension))
                await self._registry.end([stream for stream in self._registry.all if stream.is_dead])
                if not self._is_keeper():
                    continue
                await self._write(self._store.calls.forget_announcements)
                await self._write(self._store.live_events.forget)
                await self._write(self._store.panel.count_hours)
            except StoreUnavailable:
                continue
            except Exception:
                log.exception("keeping of listeners")

    async def _read_to_deliver(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Read what deliveries wait for: at once from a file, in a thread of its own over a network."""
        return await self._read(self._delivery_reader, work, *arguments)

    async def _read_to_open(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Read what a stream that is being opened waits for."""
        return await self._read(self._opening_readers, work, *arguments)

    async def _read(self, pool: ThreadPoolExecutor, work: Callable[..., Any], *arguments: Any) -> Any:
        if self._store.traits.reads_inline:
            return work(*arguments)
        return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)

    async def _write(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work, *arguments)
