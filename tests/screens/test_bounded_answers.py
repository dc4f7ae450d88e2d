"""Answers of other servers: however large, slow or packed, they end in time and take no memory."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from requests import RequestException, Session

from soap_service.identity import bounded_answers
from soap_service.identity.bounded_answers import LARGEST_ANSWER, bound

OK = b"HTTP/1.1 200 OK\r\n"
PACKED = gzip.compress(b"0" * 64 * LARGEST_ANSWER)


def drip(begin: bytes) -> Iterator[bytes]:
    yield begin
    while True:
        time.sleep(0.1)
        yield b"0"


def pour(begin: bytes, part: bytes) -> Iterator[bytes]:
    yield begin
    while True:
        yield part


ENDLESS: dict[str, Callable[[], Iterator[bytes]]] = {
    "a head that drips": lambda: drip(OK + b"X: "),
    "a body that drips": lambda: drip(OK + b"Content-Length: 1000\r\n\r\n"),
    "a body without a length that drips": lambda: drip(OK + b"\r\n"),
    "a large body": lambda: pour(OK + b"Content-Length: 10000000000\r\n\r\n", b"0" * 65536),
    "chunks without end": lambda: pour(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"0" * 4096 + b"\r\n"),
    "a packed body": lambda: iter(
        [OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED]
    ),
}


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS.keys())
def test_an_answer_without_end_is_given_up(
    answer: Callable[[], Iterator[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_answers, "ANSWER_SECONDS", 0.5)
    begun = time.monotonic()
    with pytest.raises(RequestException):
        ask(answer)
    assert time.monotonic() - begun < 5


def test_an_answer_that_fits_is_read() -> None:
    whole = OK + b"Content-Length: %d\r\n\r\n" % LARGEST_ANSWER + b"0" * LARGEST_ANSWER
    assert len(ask(lambda: iter([whole]))) == LARGEST_ANSWER
    packed = gzip.compress(b"yes")
    assert (
        ask(lambda: iter([OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed]))
        == b"yes"
    )


def ask(answer: Callable[[], Iterator[bytes]]) -> bytes:
    """Return what a session is told by a server that answers once, so."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                for part in answer():
                    connection.sendall(part)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with Session() as session:
            bound(session)
            told = session.get(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=5).content
        thread.join(5)
        return told
