"""The fast path of a plain SOAP call: answered in the protocol class, without an ASGI task.

A read on the embedded database is answered between two bytes; else the connection waits for what the call needs.

Whatever is unusual goes on to uvicorn as if it had never been looked at. Knows the endpoint, and the streams that wait
for a turn of a busy event loop.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from soap_service.asgi.protocol import BoundedProtocol
from soap_service.soap.dispatcher import Call, Post, Reply
from soap_service.soap.endpoint import Endpoint

#: A longer head is parsed each time.
MAX_KNOWN_HEAD_BYTES = 4 * 1024
_END_OF_HEAD = b"\r\n\r\n"
_Headers = list[tuple[bytes, bytes]]


class _KnownHead(NamedTuple):
    """The head of a call that this connection has sent before, and the message that came with it."""

    head: bytes
    message_bytes: int
    post: Post


class _Awaited:
    """What uvicorn sees of a call that waits for what it needs: a whole request, not answered yet.

    So what a client sends behind it waits, a closed sending side is answered, and a server that stops waits for it.
    """

    message_event = asyncio.Event()
    chunked_encoding = None
    more_body = False
    disconnected = False
    response_complete = False

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive = keep_alive


class FastPath(BoundedProtocol):
    """Answer plain SOAP calls here; leave everything else to uvicorn.

    A POST to the endpoint whose body came along with its head is held until it is whole, and shown to the dispatcher.
    What that does not answer on the spot, and what is not whole by then, goes on as if it had never been held.

    A platform sends the same head with each call. The head of a message that came whole and was answered is remembered,
    and what comes next with the very same bytes, and as many behind them, is not parsed again.
    """

    endpoint: Endpoint
    deliver_commit: Callable[[], None]
    _held: list[bytes] | None = None
    _arrived = b""
    _known: _KnownHead | None = None
    _answered_at = 0.0
    _head_lines: tuple[_Headers, bytes] = ([], b"")

    def data_received(self, data: bytes) -> None:  # noqa: D102
        known = self._known
        if known is not None and len(data) == known.message_bytes and data.startswith(known.head) and self._is_free():
            reply = self.endpoint.dispatcher.answer_now(known.post, data[len(known.head) :])
            if isinstance(reply, Reply):
                self._count()
                self._write(reply)
                return
            if reply is not None:
                self._await(reply, keep_alive=True)
                return
        self._arrived = data if self._is_between else b""
        super().data_received(data)
        self._arrived = b""  # an idle connection holds no body
        if self._held is not None:
            self._let_go()

    def begin_request(self) -> None:  # noqa: D102
        is_plain = self.url == b"/soap" and self.parser.get_method() == b"POST" and not self.expect_100_continue
        if is_plain and self._is_answered() and not self.flow.write_paused:
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

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, unless it was used since the timer was set: a known head leaves that as it is."""
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left > 0 or not self._is_answered():
            self.timeout_keep_alive_task = self.loop.call_later(max(left, 1.0), self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _is_free(self) -> bool:
        """Tell whether the next byte begins a message, and its answer may be written at once."""
        is_open = not self.flow.write_paused and not self.transport.is_closing()
        return self._is_between and is_open and self._is_answered() and not self.is_leaving

    def _let_go(self) -> None:
        """Hand what was held to uvicorn."""
        parts, self._held = self._held or [], None
        super().begin_request()
        for part in parts:
            HttpToolsProtocol.on_body(self, part)

    def _answer_now(self, body: bytes) -> bool:
        """Write the dispatcher's answer to a whole body, if it has one on the spot."""
        scope = {"client": self.client, "headers": self.headers, "query_string": b""}
        post = self.endpoint.post_of(scope, body)
        reply = self.endpoint.dispatcher.answer_now(post, body)
        if reply is None:
            return False
        is_last = self._is_over
        if not is_last:
            self._remember(post)
        if isinstance(reply, Reply):
            self._write(reply, is_last)
            self.on_response_complete()
        else:
            self._await(reply, keep_alive=not is_last)
        return True

    def _await(self, call: Call, keep_alive: bool) -> None:
        """Have what follows on this connection wait until a call is answered."""
        self.cycle = awaited = _Awaited(keep_alive)  # type: ignore[assignment]
        call.deliver = partial(self._answer_awaited, awaited)

    def _answer_awaited(self, awaited: "_Awaited", reply: Reply) -> None:
        awaited.response_complete = True
        if self.transport.is_closing():
            return
        self._write(reply, is_last=not awaited.keep_alive)
        if self.pipeline or self.timeout_keep_alive_task is None:
            self.on_response_complete()
        else:
            self._count()

    def _count(self) -> None:
        """Count an answer behind a known head: it leaves the timer of an idle connection as it is."""
        self.server_state.total_requests += 1
        self._answered_at = self.loop.time()

    def _remember(self, post: Post) -> None:
        """Remember the head of what has just arrived, if that was this message, whole, and nothing else."""
        head_bytes = len(self._arrived) - len(post.body)
        ends_at = self._arrived.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        if ends_at == head_bytes <= MAX_KNOWN_HEAD_BYTES:
            self._known = _KnownHead(self._arrived[:head_bytes], len(self._arrived), post)

    def _write(self, reply: Reply, is_last: bool = False) -> None:
        """Write an answer, close behind the last; then deliver what was committed meanwhile, as the loop is busy."""
        defaults, lines = self._head_lines
        if defaults is not self.server_state.default_headers:  # a new list each second
            defaults = self.server_state.default_headers
            lines = b"".join(b"%b: %b\r\n" % line for line in defaults)
            type(self)._head_lines = defaults, lines
        for line in reply.headers:
            lines += b"%b: %b\r\n" % line
        last_line = b"connection: close\r\n" if is_last else b""
        self.transport.write(
            b"%b%bcontent-type: %b\r\ncontent-length: %d\r\n%b\r\n%b"
            % (STATUS_LINE[reply.status], lines, reply.media_type, len(reply.body), last_line, reply.body)
        )
        if is_last:
            self.transport.close()
        self.deliver_commit()
