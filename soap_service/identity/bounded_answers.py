"""What another server answers over HTTP, neither larger nor slower than it may be. Knows nothing of what it says.

`requests` waits for each piece anew, and has read all that comes before its caller sees how much that is.
"""

import io
import socket
import threading
import time
from contextlib import suppress
from typing import Any

from requests import PreparedRequest, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

LARGEST_ANSWER = 1024 * 1024
#: For the head of an answer, and again for what follows.
ANSWER_SECONDS = 8.0
_PART = 64 * 1024


class _Connection(HTTPConnection):
    """A connection that is hung up when the head of an answer is not whole in time: it may come a byte at a time."""

    def getresponse(self) -> Any:
        begun, watch = time.monotonic(), threading.Timer(ANSWER_SECONDS, _hang_up, [self.sock])
        watch.start()
        try:
            answer = super().getresponse()
        finally:
            watch.cancel()
        if time.monotonic() - begun >= ANSWER_SECONDS:  # a head that ends where it was cut looks whole
            answer.close()
            raise TimeoutError("the head of the answer is too slow")
        return answer


class _SecureConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _BoundedAdapter(HTTPAdapter):
    """Sends as `requests` does, and reads what comes itself."""

    def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:
        super().init_poolmanager(*arguments, **settings)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(self, request: PreparedRequest, *arguments: Any, **settings: Any) -> Response:
        answer = super().send(request, *arguments, **settings)
        answer.raw = io.BytesIO(_read(answer.raw))
        return answer


def bound(session: Session) -> None:
    """Have what a session of `requests` is answered end in time, and be no larger than `LARGEST_ANSWER` bytes.

    Anything else is a RequestException.
    """
    for scheme in ("http://", "https://"):
        session.mount(scheme, _BoundedAdapter())


def _read(raw: BaseHTTPResponse) -> bytes:
    """Return the whole body, unpacked."""
    until, parts, size = time.monotonic() + ANSWER_SECONDS, [], 0
    try:
        while part := raw.read1(_PART, decode_content=True):
            size += len(part)
            if size > LARGEST_ANSWER or time.monotonic() > until:
                raise RequestException("the answer is too large, or too slow")
            parts.append(part)
    except (HTTPError, OSError) as error:
        raise RequestException(error) from None
    finally:
        raw.close()
    return b"".join(parts)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
