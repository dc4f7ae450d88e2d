"""The HTTP server: uvicorn, with the limits that it leaves to us. Knows nothing of what it serves but its streams.

uvicorn's fast protocol takes 20 MB of headers and waits for ever for the rest of a request; both end here.
"""

import asyncio
import signal
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from soap_service.app import App
from soap_service.config import Settings
from soap_service.errors import InvalidValue

MAX_HEAD_BYTES = 32 * 1024
#: A connection kept alive is closed after this many idle seconds; platforms keep theirs between calls.
KEEP_ALIVE_SECONDS = 75
#: Calls in progress when the service is told to stop get this long.
STOP_SECONDS = 10


class BoundedProtocol(HttpToolsProtocol):
    """Refuse a request whose head is too large, and close a connection that does not send it in time."""

    request_seconds = 10.0
    _head_bytes = 0
    _is_in_head = True
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: D102
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:  # noqa: D102
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._timer is None:
                self._wait_for_head()
        super().data_received(data)
        if self._is_in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._stop_waiting()
            self.send_400_response("The head of the request is too large.")

    def on_headers_complete(self) -> None:  # noqa: D102
        self._is_in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:  # noqa: D102
        self._is_in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def _wait_for_head(self) -> None:
        self._timer = self.loop.call_later(self.request_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


class Server(uvicorn.Server):
    """A uvicorn server that ends the event streams first when it is told to stop; they would hold it up."""

    def __init__(self, config: uvicorn.Config, app: App) -> None:
        super().__init__(config)
        self._app = app
        self._greeting = ""

    def run_saying(self, greeting: str) -> None:
        """Serve until told to stop; print the greeting when the port is open, and fail with a sentence if it is not."""
        self._greeting = greeting
        # uvicorn raises the signal again once it has stopped in order: then it is no failure, and the exit status is 0.
        signal.signal(signal.SIGTERM, lambda *_: None)
        self.run()
        if not self.started:
            raise InvalidValue("port", f"cannot listen at {self.config.host} port {self.config.port}; choose another")

    async def startup(self, sockets: Any = None) -> None:  # noqa: D102
        await super().startup(sockets)
        if self.started:
            print(self._greeting, flush=True)

    async def shutdown(self, sockets: Any = None) -> None:  # noqa: D102
        self._app.streams.stop()
        await super().shutdown(sockets)


def make_server(settings: Settings) -> Server:
    """Return the server of one process; its `run` serves until it is told to stop."""
    app = App(settings)
    protocol = type("Protocol", (BoundedProtocol,), {"request_seconds": settings.request_seconds})
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # believed, if at all, by `http.client_of`
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return Server(config, app)
