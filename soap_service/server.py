"""The HTTP server: uvicorn, with the limits that it leaves to us. Knows nothing of what it serves but its streams.

uvicorn's fast protocol takes 20 MB of headers, waits for ever for the rest of a request, and loses the body of one that
offers HTTP/2; all three end here.
"""

import asyncio
import gc
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from soap_service.app import App
from soap_service.config import Settings
from soap_service.endpoint import Endpoint
from soap_service.errors import InvalidValue, StoreUnavailable
from soap_service.http import WRITE_NOW
from soap_service.stream import Streams

MAX_HEAD_BYTES = 32 * 1024
#: What may stand around the chunks of a body: a head, and five bytes for each byte that a client sends on its own.
MAX_FRAMING_BYTES = 512 * 1024
#: A connection kept alive is closed after this many idle seconds; platforms keep theirs between calls.
KEEP_ALIVE_SECONDS = 75
#: How long the event loop may keep threads that write and make pages waiting at a time.
SWITCH_SECONDS = 0.0005
#: A peer that acknowledges nothing for so long is gone.
VANISHED_SECONDS = 30
#: Calls in progress when the service is told to stop get this long.
STOP_SECONDS = 10


class BoundedProtocol(HttpToolsProtocol):
    """Refuse a request with too much around its body, close a connection that is too slow, stay with HTTP/1.1."""

    request_seconds = 10.0
    _wrapping_bytes = 0
    _is_in_head = True
    _is_offering_upgrade = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: D102
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
            # A browser whose machine vanished is gone after this, not after the quarter of an hour that TCP tries.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, VANISHED_SECONDS * 1000)
        self._wait_for_rest()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:  # noqa: D102
        if self._is_in_head and not self._wrapping_bytes and not data.strip(b"\r\n"):
            return  # some old clients send an empty line after a body (RFC 9112 section 2.2)
        self._wrapping_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._go_on_without_upgrade(data[offer.args[0] :])
        except httptools.HttpParserError:
            self._refuse("Invalid HTTP request received.")
        if self._is_in_head and self._wrapping_bytes and self._timer is None:
            self._wait_for_rest()
        if self._wrapping_bytes > (MAX_HEAD_BYTES if self._is_in_head else MAX_FRAMING_BYTES):
            self._refuse("The head of the request is too large.")

    def on_headers_complete(self) -> None:  # noqa: D102
        head_bytes = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if head_bytes > MAX_HEAD_BYTES or self.parser.get_method() == b"CONNECT":
            raise ValueError  # becomes an HttpParserError; a large head that came at once has not been counted yet
        self._is_offering_upgrade = self.parser.should_upgrade()
        if not self._is_offering_upgrade:
            self._is_in_head = False
            self._stop_waiting()
            self.begin_request()

    def on_body(self, body: bytes) -> None:  # noqa: D102
        self._wrapping_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:  # noqa: D102
        if not self._is_offering_upgrade:
            self._is_in_head, self._wrapping_bytes = True, 0
            self._stop_waiting()
            self.end_request()

    def begin_request(self) -> None:
        """Hand a request whose head is whole on to its application."""
        super().on_headers_complete()
        extensions: dict[str, Any] = {WRITE_NOW: partial(self._write_part, self.cycle)}
        self.scope["extensions"] = extensions

    def _write_part(self, cycle: RequestResponseCycle, part: bytes) -> bool:
        """Write a part of a streamed answer that has begun, without a task's turn; tell whether that could be done."""
        is_open = cycle.response_started and not cycle.response_complete and not cycle.disconnected
        if not is_open or self.flow.write_paused or self.transport.is_closing():
            return False
        self.transport.write(b"%x\r\n%b\r\n" % (len(part), part) if cycle.chunked_encoding else part)
        return True

    def end_request(self) -> None:
        """Tell the application that the body is whole."""
        super().on_message_complete()

    def on_response_complete(self) -> None:  # noqa: D102
        super().on_response_complete()
        if not self._is_in_head and self._timer is None:  # answered, as a PUT is, before a body that nobody reads
            self._wait_for_rest()

    def _go_on_without_upgrade(self, rest: bytes) -> None:
        """Have the parser read the head again without its Upgrade header, and then the rest.

        Java's HttpClient offers HTTP/2 with its first call; the parser then takes the body for the other protocol.
        Source: RFC 9110 section 7.8, a server may ignore Upgrade.
        """
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        lines += [b"%b: %b" % (name, value) for name, value in self.headers if name != b"upgrade"]
        self._wrapping_bytes -= len(rest)
        self.parser = httptools.HttpRequestParser(self)  # the old one takes nothing more when the client asked to close
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
        self.data_received(b"\r\n".join([*lines, b"", rest]))

    def _refuse(self, reason: str) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.logger.warning(reason)
            self.send_400_response(reason)

    def _wait_for_rest(self) -> None:
        self._timer = self.loop.call_later(self.request_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


class ShortWay(BoundedProtocol):
    """Answer a plain SOAP read here, between two bytes, without an ASGI task; leave everything else to uvicorn.

    A POST to the endpoint whose body came along with its head is held until it is whole, and shown to the door. What
    the door does not answer on the spot, and what is not whole by then, goes on as if it had never been held.
    """

    endpoint: Endpoint
    streams: Streams
    _held: list[bytes] | None = None

    def data_received(self, data: bytes) -> None:  # noqa: D102
        super().data_received(data)
        if self._held is not None:
            self._let_go()

    def begin_request(self) -> None:  # noqa: D102
        is_free = (self.cycle is None or self.cycle.response_complete) and not self.expect_100_continue
        if is_free and self.url == b"/soap" and self.parser.get_method() == b"POST" and not self.flow.write_paused:
            self._held = []
        else:
            super().begin_request()

    def on_body(self, body: bytes) -> None:  # noqa: D102
        if self._held is None:
            super().on_body(body)
        else:
            self._wrapping_bytes -= len(body)
            self._held.append(body)

    def end_request(self) -> None:  # noqa: D102
        if self._held is not None and not self._answer_now(b"".join(self._held)):
            self._let_go()
        if self._held is None:
            super().end_request()
        self._held = None

    def _let_go(self) -> None:
        """Hand what was held to uvicorn."""
        parts, self._held = self._held or [], None
        super().begin_request()
        for part in parts:
            HttpToolsProtocol.on_body(self, part)

    def _answer_now(self, body: bytes) -> bool:
        """Write the door's answer to a whole body, if it has one on the spot."""
        reply = self.endpoint.answer_now({"client": self.client, "headers": self.headers, "query_string": b""}, body)
        if reply is None:
            return False
        is_last = self.parser.get_http_version() == "1.0" or not self.parser.should_keep_alive()
        lines = [b"%b: %b\r\n" % line for line in (*self.server_state.default_headers, *reply.headers)]
        self.transport.write(
            b"%b%bcontent-type: %b\r\ncontent-length: %d\r\n%b\r\n%b"
            % (
                STATUS_LINE[reply.status],
                b"".join(lines),
                reply.media_type,
                len(reply.body),
                b"connection: close\r\n" if is_last else b"",
                reply.body,
            )
        )
        if is_last:
            self.transport.close()
        self.on_response_complete()
        if self.streams.is_rung:
            self.streams.hear()
        return True


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
        # What start made lives as long as the process: the collector need not look at it ever again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 20, 50)
        # uvicorn raises the signal again once it has stopped in order: then it is no failure, and the exit status is 0.
        signal.signal(signal.SIGTERM, lambda *_: None)
        with suppress(SystemExit):  # how uvicorn tells that it could not start
            self.run()
        if not self._app.has_started:
            raise StoreUnavailable
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
    shared = {"request_seconds": settings.request_seconds, "endpoint": app.endpoint, "streams": app.streams}
    protocol = type("Protocol", (ShortWay,), shared)
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
