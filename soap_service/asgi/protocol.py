"""uvicorn's HTTP protocol with the limits and the manners that it leaves to us.

uvicorn's fast protocol takes 20 MB of headers, waits for ever for the rest of a request, loses the body of one that
offers HTTP/2, the answer to a client that has closed its sending side, and the answer to a request with a stray byte
behind it, and reads on while a peer reads nothing; all of that ends here.
"""

import asyncio
import socket
from collections.abc import Sized
from contextlib import suppress
from functools import partial
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from soap_service.asgi.messages import BODY_WAS_CUT, WRITE_NOW
from soap_service.asgi.outbox import GatheringTransport, Outbox
from soap_service.errors import LimitExceeded
from soap_service.rate_limit import OWN_LIMITS, Limit, Limited, Limits

MAX_HEAD_BYTES = 32 * 1024
#: Each line of a head costs 3 µs, and 32 KiB hold 8,000 of them.
MAX_HEAD_LINES = 512
#: What may stand around the chunks of a body: a head, and five bytes for each byte that a client sends on its own.
MAX_FRAMING_BYTES = 512 * 1024
#: A peer that acknowledges nothing for so long is gone.
VANISHED_SECONDS = 30
#: Of requests that are not HTTP so many a second get a line in the log: nobody can fill a disk with them.
_LOGGED_PER_SECOND = 10


def logged_refusals(limits: Limits) -> Limit:
    """Return how often a request that is not HTTP gets a line in the log."""
    return limits.make(Limited.BAD_REQUESTS_LISTED, _LOGGED_PER_SECOND, burst=_LOGGED_PER_SECOND)


class _Flow(FlowControl):
    """Read on only when no whole request waits for its turn: a peer that reads no answers cannot fill the memory."""

    def __init__(self, transport: Any, pipeline: Sized) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        if not self._pipeline:
            super().resume_reading()


class BoundedProtocol(HttpToolsProtocol):
    """Refuse a request with too much around its body, close a connection that is too slow, stay with HTTP/1.1."""

    outbox: Outbox
    logged_refusals = logged_refusals(OWN_LIMITS)
    request_seconds = 10.0
    #: Whether the service goes on without this process: each connection is closed behind the answer that comes next.
    is_leaving = False
    _wrapping_bytes = 0
    _is_in_head = True
    _is_between = True
    _is_offering_upgrade = False
    #: Whether nothing that still comes is read: the last answer has been given, or is owed and given first.
    _is_over = False
    _has_read_a_request = False
    _previous: RequestResponseCycle | None = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: D102
        gathering: Any = GatheringTransport(transport, self.outbox, self.connections)
        super().connection_made(gathering)
        self.flow = _Flow(gathering, self.pipeline)
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
            # A browser whose machine vanished is gone after this, not after the quarter of an hour that TCP tries.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, VANISHED_SECONDS * 1000)
        self._wait_for_rest()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:  # noqa: D102
        if self._is_over or (self._is_between and not data.strip(b"\r\n")):
            return  # some old clients send an empty line after a body (RFC 9112 section 2.2)
        self._wrapping_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._go_on_without_upgrade(data[offer.args[0] :])
        except httptools.HttpParserError:
            self._refuse("Invalid HTTP request received.")
        if self._is_over:
            return
        if self._is_in_head and not self._is_between and self._timer is None:
            self._wait_for_rest()
        if self._wrapping_bytes > (MAX_HEAD_BYTES if self._is_in_head else MAX_FRAMING_BYTES):
            self._refuse("The head of the request is too large.")

    def eof_received(self) -> bool:  # type: ignore[override]
        """Stay open for the answers that are owed to a client that has closed its sending side.

        An event stream ends: a browser that has gone looks the same. Source: RFC 9112 section 9.6.
        """
        last = self.cycle
        if last is None or last.response_complete or last.chunked_encoding:
            self.transport.close()  # with what is held: the loop would close it without
            return False
        self._is_over = True
        self._stop_waiting()
        last.keep_alive = False
        if last.more_body:
            last.scope["extensions"][BODY_WAS_CUT] = {}
            last.message_event.set()
        return True

    def on_message_begin(self) -> None:  # noqa: D102
        if self._is_over:
            raise ValueError  # a client that asked to close has said its last
        self._is_between = False
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:  # noqa: D102
        if len(self.headers) >= MAX_HEAD_LINES:
            raise ValueError  # becomes an HttpParserError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:  # noqa: D102
        head_bytes = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if head_bytes > MAX_HEAD_BYTES or self.parser.get_method() == b"CONNECT":
            raise ValueError  # becomes an HttpParserError; a large head that came at once has not been counted yet
        self._is_offering_upgrade = self.parser.should_upgrade()
        if not self._is_offering_upgrade:
            self._check_head()
            self._is_in_head = False
            self._stop_waiting()
            self.begin_request()

    def _check_head(self) -> None:
        """Raise ValueError for a head that may not be answered; forget an Expect that HTTP/1.0 does not have.

        Source: RFC 9110 sections 7.2 (Host) and 10.1.1 (Expect), RFC 9112 section 6.1 (Transfer-Encoding).
        """
        is_10 = self.parser.get_http_version() == "1.0"
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) > 1 or not (hosts or is_10) or any(b"," in host or b" " in host for host in hosts):
            raise ValueError
        if self._has_unknown_coding():
            raise ValueError
        if is_10:
            self.expect_100_continue = False

    def _has_unknown_coding(self) -> bool:
        codings = [value.strip().lower() for name, value in self.headers if name == b"transfer-encoding"]
        return codings not in ([], [b"chunked"])

    def on_body(self, body: bytes) -> None:  # noqa: D102
        self._wrapping_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:  # noqa: D102
        if not self._is_offering_upgrade:
            self._is_in_head, self._is_between, self._wrapping_bytes = True, True, 0
            self._has_read_a_request = True
            may_stay = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
            self._is_over = self.is_leaving or not may_stay
            self._stop_waiting()
            self.end_request()

    def begin_request(self) -> None:
        """Hand a request whose head is whole on to its application."""
        self._previous = self.cycle
        super().on_headers_complete()
        if self.is_leaving:
            self.cycle.keep_alive = False
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
        self.cycle.waiting_for_100_continue = False  # nobody need be told to send what has come

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
        """Answer 400 and close; behind whole requests, once these have their answers, and without a word to noise."""
        self._is_over = True
        self._stop_waiting()
        if not self._is_in_head and self.pipeline:  # it waits for an answer to another one
            self.pipeline.popleft()
        owed = self.cycle if self._is_in_head else self._previous
        if owed is not None and not owed.response_complete:
            owed.keep_alive = False
        elif not self.transport.is_closing():
            self._close_refused(reason)

    def _close_refused(self, reason: str) -> None:
        if self._has_read_a_request and self._is_in_head and not self.url:
            self.transport.close()  # what follows a body and is no request would be taken for the next answer
            return
        with suppress(LimitExceeded):
            self.logged_refusals.spend("")
            self.logger.warning("%s address=%s", reason, self.client[0] if self.client else "-")
        if self._is_in_head and not self._is_between and self._has_unknown_coding():
            self._send_501()
        else:
            self.send_400_response(reason)

    def _send_501(self) -> None:
        sentence = b"Of the transfer codings only chunked is understood."
        lines = b"".join(b"%b: %b\r\n" % line for line in self.server_state.default_headers)
        self.transport.write(
            b"HTTP/1.1 501 Not Implemented\r\n%bcontent-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (lines, len(sentence), sentence)
        )
        self.transport.close()

    def _wait_for_rest(self) -> None:
        self._timer = self.loop.call_later(self.request_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
