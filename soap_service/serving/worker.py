"""A worker: the server of one of several processes that serve together, begun and ended by their supervisor.

All accept from one socket, which is never closed while the service lives: whom one does not take another does. A
connection stays with its worker, and platforms keep theirs for hours; so a worker that has more of them than another
lets that one go first. Of 16 that came at once the worker with fewer got 46 % that way, 40 % with a socket for each
worker (SO_REUSEPORT), 26 % when whoever was first took all that waited.
"""

import asyncio
import logging
import socket
from contextlib import suppress
from typing import Any

from soap_service.app import App
from soap_service.config import Settings
from soap_service.serving.server import STOP_SECONDS, Server, config_of
from soap_service.siblings import LEAVE, READY, Place, Siblings

#: How long a worker with more connections waits for the others to take the next one.
_TURN_SECONDS = 0.01
#: After what cannot be accepted, for want of file descriptors.
_PAUSE_SECONDS = 0.5

log = logging.getLogger(__name__)


class Worker(Server):
    """A server that takes connections by turns, tells its supervisor when it does, and leaves when it is told to."""

    def __init__(self, settings: Settings, siblings: Siblings, place: Place) -> None:
        app = App(settings, siblings)
        super().__init__(config_of(settings, app), app)
        self._siblings = siblings
        self._listeners, self._told = place.open_sockets()
        self._protocol = self._counted(self.config.http)
        self._arriving: set[asyncio.Task[Any]] = set()
        self._leaves_at: float | None = None

    async def startup(self, sockets: Any = None) -> None:  # noqa: D102 - the sockets are the supervisor's
        await super().startup([])

    def greet(self) -> None:
        """Begin to accept, and tell the supervisor."""
        loop = asyncio.get_running_loop()
        self._count()
        for listener in self._listeners:
            loop.add_reader(listener, self._take_turn, listener)
        loop.add_reader(self._told, self._hear)
        self._told.send(READY)

    async def on_tick(self, counter: int) -> bool:
        """Tell whether to stop: also once the last connection of a worker that leaves has been closed, or in time."""
        if self._leaves_at is None:
            self._count()
            return await super().on_tick(counter)
        is_left = not self.server_state.connections and not self._arriving
        return await super().on_tick(counter) or is_left or asyncio.get_running_loop().time() > self._leaves_at

    async def shutdown(self, sockets: Any = None) -> None:  # noqa: D102
        self._stop_accepting()
        await super().shutdown(sockets)

    def _hear(self) -> None:
        """Do what the supervisor says; stop when it has gone."""
        try:
            word = self._told.recv(1)
        except OSError:
            word = b""
        if word == LEAVE:
            self._leave()
        else:
            self.should_exit = True
            asyncio.get_running_loop().remove_reader(self._told)

    def _leave(self) -> None:
        """Take no more connections, and close each behind its next answer: no call is cut, none need be repeated."""
        self._leaves_at = asyncio.get_running_loop().time() + STOP_SECONDS
        self._stop_accepting()
        self._protocol.is_leaving = True
        connections: Any = self.server_state.connections
        for connection in connections:
            cycle = connection.cycle
            if cycle is not None and not cycle.response_complete:
                cycle.keep_alive = False
        self._app.streams.stop()

    def _stop_accepting(self) -> None:
        self._siblings.count_connections(None)
        for listener in self._listeners:
            asyncio.get_running_loop().remove_reader(listener)
            listener.close()
        self._listeners = []

    def _take_turn(self, listener: socket.socket) -> None:
        """Accept one connection; a little later, if then nobody else has, where this worker has more than another."""
        fewest = self._siblings.fewest_connections()
        if self._connections() > fewest + fewest // 16:
            self._rest(listener, _TURN_SECONDS)
        else:
            self._accept(listener)

    def _rest(self, listener: socket.socket, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(listener)
        loop.call_later(seconds, self._go_on, listener)

    def _go_on(self, listener: socket.socket) -> None:
        if listener in self._listeners:
            asyncio.get_running_loop().add_reader(listener, self._take_turn, listener)
            self._accept(listener)

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another was faster
        except OSError as error:
            log.error("a connection cannot be accepted: %s", error.strerror or error)
            self._rest(listener, _PAUSE_SECONDS)
            return
        connection.setblocking(False)
        arriving = asyncio.create_task(self._arrive(connection))
        self._arriving.add(arriving)
        arriving.add_done_callback(self._arriving.discard)
        self._count()

    async def _arrive(self, connection: socket.socket) -> None:
        with suppress(OSError):  # it has gone already
            await asyncio.get_running_loop().connect_accepted_socket(self._make_protocol, connection)

    def _make_protocol(self) -> asyncio.Protocol:
        state = self.lifespan.state
        return self._protocol(config=self.config, server_state=self.server_state, app_state=state)  # type: ignore[no-any-return]

    def _counted(self, protocol: Any) -> Any:
        """Return a protocol whose connections are counted at their end, too."""

        def connection_lost(connection: Any, error: Exception | None) -> None:
            protocol.connection_lost(connection, error)
            self._count()

        return type("Protocol", (protocol,), {"connection_lost": connection_lost})

    def _connections(self) -> int:
        return len(self.server_state.connections) + len(self._arriving)

    def _count(self) -> None:
        if self._leaves_at is None and self._listeners:
            self._siblings.count_connections(self._connections())
