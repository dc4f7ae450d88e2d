"""The HTTP server: uvicorn, started, greeting and stopped as this service needs it. Knows the whole application."""

import gc
import signal
import sys
from contextlib import suppress
from typing import Any

import uvicorn

from soap_service.app import App
from soap_service.asgi.outbox import Outbox
from soap_service.asgi.protocol import logged_refusals
from soap_service.config import Settings
from soap_service.errors import StoreUnavailable, cannot_listen
from soap_service.soap.fast_path import FastPath

#: A connection kept alive is closed after this many idle seconds; platforms keep theirs between calls.
KEEP_ALIVE_SECONDS = 75
#: How long the event loop may keep threads that write and make pages waiting at a time.
SWITCH_SECONDS = 0.0005
_ONE_YEAR = 365 * 24 * 3600
_NOBODY = "'none'"
#: Calls in progress when the service is told to stop get this long.
STOP_SECONDS = 10


class Server(uvicorn.Server):
    """A uvicorn server that ends the event streams first when it is told to stop; they would hold it up."""

    def __init__(self, config: uvicorn.Config, app: App) -> None:
        super().__init__(config)
        self._app = app
        self._greeting = ""

    def run_saying(self, greeting: str) -> None:
        """Serve until told to stop; print the greeting when the port is open, and fail with a sentence if it is not."""
        self._greeting = greeting
        # A thread that waits for the interpreter gets it after this, not after 5 ms: a write has some ten such waits.
        sys.setswitchinterval(SWITCH_SECONDS)
        # What start made lives as long as the process: the collector, off since then, need not look at it ever.
        gc.freeze()
        gc.set_threshold(10_000, 20, 50)
        gc.enable()
        # uvicorn raises the signal again once it has stopped in order: then it is no failure, and the exit status is 0.
        signal.signal(signal.SIGTERM, lambda *_: None)
        with suppress(SystemExit):  # how uvicorn tells that it could not start
            self.run()
        if not self._app.has_started:
            raise StoreUnavailable
        if not self.started:
            raise cannot_listen(self.config.host, self.config.port)

    async def startup(self, sockets: Any = None) -> None:  # noqa: D102
        await super().startup(sockets)
        if self.started:
            self.greet()

    def greet(self) -> None:
        """Tell that calls are answered from now on."""
        print(self._greeting, flush=True)

    async def shutdown(self, sockets: Any = None) -> None:  # noqa: D102
        self._app.streams.stop()
        await super().shutdown(sockets)


def _headers_of(settings: Settings) -> list[tuple[str, str]]:
    """Return the headers of every answer, whoever gives it.

    A browser guesses no type, and shows nothing within a frame of others than the settings name; pages have a policy of
    their own beside it. Where the public address is https, a browser comes by nothing else for a year. Of other hosts
    under the same domain nothing is said. Source: RFC 6797; W3C Content Security Policy Level 3.
    """
    framing = f"frame-ancestors {' '.join(settings.framing_origins) or _NOBODY}"
    headers = [("X-Content-Type-Options", "nosniff"), ("Content-Security-Policy", framing)]
    return [*headers, ("Strict-Transport-Security", f"max-age={_ONE_YEAR}")] if settings.is_https else headers


def make_server(settings: Settings) -> Server:
    """Return the server of a process on its own; its `run` serves until it is told to stop."""
    app = App(settings)
    return Server(config_of(settings, app), app)


def config_of(settings: Settings, app: App) -> uvicorn.Config:
    """Return what uvicorn is told; its protocol is a class of this server's own."""
    look_ups = app.endpoint.dispatcher.look_ups
    shared = {
        "request_seconds": settings.request_seconds,
        "endpoint": app.endpoint,
        "outbox": Outbox() if app.limits.is_shared else Outbox(look_ups.begin_turn, look_ups.end_turn),
        "deliver_commit": staticmethod(app.streams.deliver_commit),
        "logged_refusals": logged_refusals(app.limits),
    }
    protocol = type("Protocol", (FastPath,), shared)
    return uvicorn.Config(
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
        headers=_headers_of(settings),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
