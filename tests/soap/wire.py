"""A client of raw bytes: what a test writes is what the service gets. Bounded in time and size."""

import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPMessage, parse_headers
from io import BytesIO
from urllib.parse import urlsplit

from tests.conftest import Service

SECONDS = 8.0


@dataclass(frozen=True)
class Reply:
    """One HTTP answer, and how long it took from the request's first byte."""

    status: int
    headers: HTTPMessage
    body: bytes
    seconds: float


class Connection:
    """One connection to the service; use it as a context."""

    def __init__(self, service: Service) -> None:
        address = urlsplit(service.url)
        self._started = time.perf_counter()
        self._socket = socket.create_connection((address.hostname, address.port), timeout=SECONDS)
        if isinstance(service.verify, ssl.SSLContext):
            self._socket = service.verify.wrap_socket(self._socket, server_hostname=address.hostname)
        self._received = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> bool:
        """Send, and tell whether the service took all of it: it may refuse, and close, before the end."""
        self._started = time.perf_counter()
        try:
            self._socket.sendall(data)
        except ConnectionError:
            return False
        return True

    def end(self) -> None:
        """Close the sending side: nothing more is sent, and everything that still comes is read."""
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_WR)  # an SSLSocket's own would also stop decrypting

    def reply(self, *, is_of_head: bool = False) -> Reply:
        """Return the next answer, 100 Continue included."""
        while b"\r\n\r\n" not in self._received:
            self._receive()
        head, _, rest = self._received.partition(b"\r\n\r\n")
        status_line, _, fields = head.partition(b"\r\n")
        headers = parse_headers(BytesIO(fields + b"\r\n\r\n"))
        length = 0 if is_of_head else int(headers.get("content-length", "0"))
        while len(rest) < length:
            self._received = rest
            self._receive()
            rest = self._received
        self._received = rest[length:]
        return Reply(int(status_line.split()[1]), headers, rest[:length], time.perf_counter() - self._started)

    def rest(self) -> bytes:
        """Return all that comes until the service closes."""
        with suppress(ConnectionError, ssl.SSLError):
            while data := self._socket.recv(65536):
                self._received += data
        received, self._received = self._received, b""
        return received

    def is_closed(self) -> bool:
        """Tell whether the service closes now, with nothing more to say; wait for it for `SECONDS`."""
        if self._received:
            return False
        try:
            return self._socket.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        assert data, f"the service closed the connection after {self._received!r}"
        self._received += data


def exchange(service: Service, data: bytes, *, is_of_head: bool = False) -> Reply:
    """Return the answer to these bytes on a connection of their own."""
    with Connection(service) as connection:
        connection.send(data)
        return connection.reply(is_of_head=is_of_head)


def everything(service: Service, data: bytes, *later: bytes) -> bytes:
    """Return all that the service says, until it closes, to a client that sends this and then ends its side.

    Each of `later` is sent in a segment of its own.
    """
    with Connection(service) as connection:
        for part in (data, *later):
            connection.send(part)
        connection.end()
        return connection.rest()


def post(body: bytes, *fields: str, query: str = "", version: str = "1.1", length: int | None = None) -> bytes:
    """Return a POST of the body to the endpoint with these header fields (`Name: value`)."""
    lines = [f"POST /soap{query and '?'}{query} HTTP/{version}", *fields]
    if not any(field.lower().startswith("host:") for field in fields):
        lines.append("Host: 127.0.0.1")
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body
