"""HTTP as legacy and hostile clients write it, byte by byte, against the real service."""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conftest import Service, start_service
from tests.soap.corpus.forms import DOCUMENT, QUESTION
from tests.soap.wire import Connection, Reply, exchange, post

BODY = QUESTION.encode()
XML = "Content-Type: text/xml; charset=utf-8"
CHUNKED = (f"POST /soap HTTP/1.1\r\nHost: x\r\n{XML}\r\nTransfer-Encoding: chunked\r\n").encode()
_BASIC = "Authorization: Basic"


def is_answered(reply: Reply) -> bool:
    """Tell whether that is the answer to the plain question."""
    return reply.status == 200 and b">1?34534<" in reply.body


def chunks(size: int, extension: bytes = b"") -> bytes:
    """Return the question in chunks of that many bytes."""
    parts = (BODY[start : start + size] for start in range(0, len(BODY), size))
    return b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts) + b"0\r\n"


_ANSWERED = {
    "HTTP 1.0": post(BODY, XML, version="1.0"),
    "HTTP 1.0 that keeps its connection": post(BODY, XML, "Connection: keep-alive", version="1.0"),
    "HTTP 1.1 that closes its connection": post(BODY, XML, "Connection: close"),
    "one chunk": CHUNKED + b"\r\n" + chunks(len(BODY)) + b"\r\n",
    "one byte per chunk": CHUNKED + b"\r\n" + chunks(1) + b"\r\n",
    "chunks with extensions": CHUNKED + b"\r\n" + chunks(7, b";a=b") + b"\r\n",
    "chunks with a trailer": CHUNKED + b"Trailer: X\r\n\r\n" + chunks(50) + b"X: y\r\n\r\n",
    "sizes of chunks in capitals and with zeros": CHUNKED
    + b"\r\n00"
    + chunks(0xAB).replace(b"ab\r\n", b"AB\r\n")
    + b"\r\n",
    "the address with a host": post(BODY, XML).replace(b"POST ", b"POST http://exemplo.com.br"),
    "a path with escapes": post(BODY, XML).replace(b" /soap", b" /s%6Fap"),
    "a fragment in the address": post(BODY, XML).replace(b" /soap", b" /soap#x"),
    "fields in strange letters": post(BODY, XML)
    .replace(b"Content-Length", b"cOnTeNt-LeNgTh")
    .replace(b"Content-T", b"CONTENT-t"),
    "fields without a space": post(BODY, XML.replace(": ", ":")),
    "fields with many spaces": post(BODY, XML.replace(": ", ":  \t ")),
    "two media types, of which the first counts": post(BODY, XML, "Content-Type: application/json"),
    "an empty line before the request": b"\r\n" + post(BODY, XML),
    "an offer of HTTP 2, as Java's HttpClient makes it": post(
        BODY,
        XML,
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAA",
    ),
    "an offer of WebSocket": post(BODY, XML, "Connection: upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
    "an offer of HTTP 2 in chunks": CHUNKED + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n" + chunks(9) + b"\r\n",
    "an offer of TLS in HTTP 1.0": post(BODY, XML, "Connection: Upgrade", "Upgrade: TLS/1.0", version="1.0"),
    "an offer of HTTP 2 by a client that closes": post(BODY, XML, "Connection: close, Upgrade", "Upgrade: h2c"),
    "headers of 30 KiB": post(BODY, XML, f"X-A: {'a' * 30_000}"),
    "500 headers": post(BODY, XML, *(f"X-{number}: {number}" for number in range(500))),
    "strange characters in a header": post(BODY, XML, "X: joão {key} %s '; DROP TABLE x"),
}


@pytest.mark.parametrize("request_bytes", _ANSWERED.values(), ids=_ANSWERED.keys())
def test_the_request_is_answered_as_the_plain_one(service: Service, request_bytes: bytes) -> None:
    assert is_answered(exchange(service, request_bytes))


_SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
_REFUSED = {
    "a length and chunks": CHUNKED + b"Content-Length: 4\r\n\r\n" + chunks(50) + b"\r\n",
    "chunks and a length": post(BODY, XML, "Transfer-Encoding: chunked"),
    "two lengths": post(BODY, XML, "Content-Length: 4"),
    "the same length twice": post(BODY, XML, f"Content-Length: {len(BODY)}"),
    "two lengths in one field": post(BODY, XML).replace(b"Content-Length: ", b"Content-Length: 4, "),
    "a length below zero": post(BODY, XML, length=-1),
    "a length with a sign": post(BODY, XML).replace(b"Length: ", b"Length: +"),
    "a length in sixteens": post(BODY, XML).replace(b"Length: ", b"Length: 0x"),
    "a length of 5,000 digits": post(BODY, XML, length=10**4000),
    "a space before the colon of the length": post(BODY, XML).replace(b"Length:", b"Length :"),
    "chunks that are not the last coding": CHUNKED.replace(b"chunked", b"chunked, identity")
    + b"\r\n"
    + chunks(50)
    + b"\r\n",
    "a transfer coding behind a tab": CHUNKED.replace(b"chunked", b"\x0bchunked") + b"\r\n" + chunks(50) + b"\r\n",
    "a chunk's size that is no number": CHUNKED + b"\r\nzz\r\n" + BODY,
    "a chunk's size beyond all numbers": CHUNKED + b"\r\nffffffffffffffffff\r\n" + BODY,
    "a chunk's size below zero": CHUNKED + b"\r\n-1\r\n" + BODY,
    "a chunk longer than its size": CHUNKED + b"\r\n4\r\n" + BODY,
    "chunk extensions of 2 MB": CHUNKED + b"\r\n" + chunks(9, b";" + b"x" * 40_000) + b"\r\n",
    "a trailer of 2 MB": CHUNKED + b"\r\n" + chunks(99) + b"X: " + b"x" * 2_000_000 + b"\r\n\r\n",
    "a trailer of 100,000 fields": CHUNKED + b"\r\n" + chunks(99) + b"X: y1234567890\r\n" * 100_000 + b"\r\n",
    "a field that goes on in the next line": post(BODY, XML, "X: a\r\n b"),
    "a field without a colon": post(BODY, XML, "X"),
    "a field's name with a space": post(BODY, XML, "X Y: a"),
    "a field's name that is empty": post(BODY, XML, ": a"),
    "a NUL in a field": post(BODY, XML, "X: a\0b"),
    "a bare carriage return in a field": post(BODY, XML, "X: a\rb"),
    "line feeds alone": post(BODY, XML).replace(b"\r\n", b"\n"),
    "headers of 33 KiB": post(BODY, XML, f"X-A: {'a' * 33_000}"),
    "headers of 40 KiB in small fields": post(BODY, XML, *(f"X-{number}: {'a' * 90}" for number in range(420))),
    "4,000 headers": post(BODY, XML, *["a:b"] * 4000),
    "headers of 200 KiB": post(BODY, XML, f"X-A: {'a' * 200_000}"),
    "headers of 5 MB": post(BODY, XML, f"X-A: {'a' * 5_000_000}"),
    "an address of 40 KiB": post(BODY, XML, query="a" * 40_000),
    "credentials of 40 KiB": post(BODY, XML, f"{_BASIC} {'a' * 40_000}"),
    "an offer of HTTP 2 with headers of 40 KiB": post(
        BODY, "Connection: upgrade", "Upgrade: h2c", f"X: {'a' * 40_000}"
    ),
    "an address with an accent": post(BODY, XML).replace(b" /soap", " /soapé".encode()),
    "an address without a path": post(BODY, XML).replace(b" /soap", b" http://exemplo.com.br"),
    "a space in the address": post(BODY, XML).replace(b" /soap", b" /so ap"),
    "a method that does not exist": post(BODY, XML).replace(b"POST", b"CALL"),
    "a method in small letters": post(BODY, XML).replace(b"POST", b"post"),
    "CONNECT": b"CONNECT exemplo.com.br:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP 3.7": post(BODY, XML, version="3.7"),
    "the beginning of HTTP 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "the beginning of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50),
    "an envelope without HTTP": BODY,
    "binary noise": bytes(range(256)) * 8,
}


@pytest.mark.parametrize("request_bytes", _REFUSED.values(), ids=_REFUSED.keys())
def test_the_request_is_refused_once_and_what_follows_it_is_not_read(service: Service, request_bytes: bytes) -> None:
    with Connection(service) as connection:
        connection.send(request_bytes + _SMUGGLED)
        reply = connection.reply()
        assert reply.status == 400
        assert reply.seconds < 2
        assert reply.headers["connection"] == "close"
        assert reply.body.decode("ascii").endswith(".")
        assert connection.is_closed()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_told_which_ones_there_are(service: Service, method: str) -> None:
    reply = exchange(service, post(BODY, XML).replace(b"POST", method.encode()))
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize("query", ["?wsdl", "?WSDL", "?singleWsdl", "?wsdl=", "?a=b&wsdl", ""])
def test_head_has_the_length_of_the_answer_to_get_and_no_body(service: Service, query: str) -> None:
    request = f"GET /soap{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{_BASIC} x\r\n\r\n".encode()
    got = exchange(service, request)
    with Connection(service) as connection:
        connection.send(request.replace(b"GET", b"HEAD"))
        head = connection.reply(is_of_head=True)
        assert connection.is_closed()
    assert got.status == head.status == 200
    assert int(head.headers["content-length"]) == len(got.body)


def test_a_client_that_asks_before_it_sends_is_told_to_continue(service: Service) -> None:
    with Connection(service) as connection:
        connection.send(post(b"", XML, "Expect: 100-continue", length=len(BODY)))
        assert connection.reply().status == 100
        connection.send(BODY)
        assert is_answered(connection.reply())


@pytest.mark.parametrize("length", [64 * 1024 + 1, 10**9])
def test_a_client_that_asks_before_it_sends_too_much_is_told_not_to(service: Service, length: int) -> None:
    with Connection(service) as connection:
        connection.send(post(b"", XML, "Expect: 100-continue", length=length))
        reply = connection.reply()
        assert (reply.status, b"MENSAGEM_INVALIDA" in reply.body) == (500, True)
        assert reply.seconds < 2
        assert connection.is_closed()


@pytest.mark.parametrize("sent", [b"", BODY[:50], b"a" * 1_000_000])
def test_a_declared_length_of_1_gb_is_refused_before_it_comes(service: Service, sent: bytes) -> None:
    with Connection(service) as connection:
        connection.send(post(sent, XML, length=10**9))
        reply = connection.reply()
        assert (reply.status, b"MENSAGEM_INVALIDA" in reply.body) == (500, True)
        assert reply.seconds < 2
        assert connection.is_closed()


def test_chunks_of_5_mb_are_refused_while_they_come(service: Service) -> None:
    with Connection(service) as connection:
        connection.send(CHUNKED + b"\r\n" + b"2710\r\n%b\r\n" % (b" " * 10_000) * 500 + b"0\r\n\r\n")
        reply = connection.reply()
        assert (reply.status, b"MENSAGEM_INVALIDA" in reply.body) == (500, True)
        assert connection.is_closed()


def test_pipelined_requests_are_answered_in_their_order(service: Service) -> None:
    wrong = post(BODY.replace(DOCUMENT.encode(), b"x"), XML)
    with Connection(service) as connection:
        connection.send(post(BODY, XML) + wrong + post(b"<", XML) + _SMUGGLED + post(BODY, XML) * 20)
        assert is_answered(connection.reply())
        assert b"DOCUMENTO_INVALIDO" in connection.reply().body
        assert b"MENSAGEM_INVALIDA" in connection.reply().body
        assert connection.reply().body == b"ok\n"
        assert all(is_answered(connection.reply()) for _ in range(20))


def test_a_connection_serves_on_after_every_kind_of_answer(service: Service) -> None:
    upgrade = post(BODY, XML, "Connection: Upgrade", "Upgrade: h2c")
    with Connection(service) as connection:
        for request in (
            upgrade,
            upgrade,
            post(BODY, "Content-Type: text/xml; charset=zlib"),
            post(b"", XML),
            post(BODY, f"{_BASIC} x"),
        ):
            connection.send(request)
            assert connection.reply().status in (200, 401, 500)
            connection.send(post(BODY, XML))
            assert is_answered(connection.reply())


@pytest.mark.parametrize(
    "request_bytes", [post(BODY, XML), _ANSWERED["an offer of HTTP 2, as Java's HttpClient makes it"]]
)
def test_a_request_may_come_byte_by_byte(service: Service, request_bytes: bytes) -> None:
    with Connection(service) as connection:
        for byte in request_bytes:
            connection.send(bytes([byte]))
        assert is_answered(connection.reply())


def test_a_client_that_goes_away_in_the_middle_disturbs_nobody(service: Service) -> None:
    for cut in range(1, len(post(BODY, XML)), 7):
        with Connection(service) as connection:
            connection.send(post(BODY, XML)[:cut])
    assert is_answered(exchange(service, post(BODY, XML)))


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that gives a client half a second for its request."""
    service = start_service(tmp_path_factory.mktemp("impatient"), SOAP_SERVICE_REQUEST_SECONDS="0.5")
    yield service
    assert service.stop() == 0, service.log
    assert "Traceback" not in service.log, service.log


_SLOW = {
    "says nothing": b"",
    "stops in its first line": b"POST /so",
    "stops in its headers": post(BODY, XML)[:60],
    "stops before the empty line": CHUNKED,
    "writes HTTP 0.9": b"GET /soap\r\n",
}
_SLOW_BODIES = {
    "stops before its body": (408, post(b"", XML, length=len(BODY))),
    "stops in its body": (408, post(BODY[:50], XML, length=len(BODY))),
    "stops between chunks": (408, CHUNKED + b"\r\n5\r\n<e:En\r\n"),
    "stops in a chunk": (408, CHUNKED + b"\r\n50\r\n<e:En"),
    "stops before its trailer": (408, CHUNKED + b"\r\n" + chunks(50)),
    "stops in the body of a GET": (200, post(b"x", length=10).replace(b"POST", b"GET")),
    "stops in the body of a PUT": (405, post(b"x", length=10).replace(b"POST", b"PUT")),
    "never sends what it offered HTTP 2 with": (408, post(b"<", "Connection: upgrade", "Upgrade: h2c", length=10)),
}


@pytest.mark.parametrize("sent", _SLOW.values(), ids=_SLOW.keys())
def test_a_client_is_left_when_its_head_takes_too_long_because_it(impatient: Service, sent: bytes) -> None:
    with Connection(impatient) as connection:
        connection.send(sent)
        started = time.monotonic()
        assert connection.is_closed()
        assert 0.3 < time.monotonic() - started < 2


@pytest.mark.parametrize(("status", "sent"), _SLOW_BODIES.values(), ids=_SLOW_BODIES.keys())
def test_a_client_is_left_when_its_body_takes_too_long_because_it(impatient: Service, status: int, sent: bytes) -> None:
    with Connection(impatient) as connection:
        connection.send(sent)
        started = time.monotonic()
        assert connection.reply().status == status
        assert connection.is_closed()
        assert time.monotonic() - started < 2


def test_a_client_that_drips_gets_no_more_time(impatient: Service) -> None:
    with Connection(impatient) as connection:
        started = time.monotonic()
        for byte in post(BODY, XML)[:8]:
            connection.send(bytes([byte]))
            time.sleep(0.1)
        assert connection.is_closed()
        assert time.monotonic() - started < 2


def test_many_slow_clients_do_not_slow_the_others(impatient: Service) -> None:
    with ExitStack() as slow:
        for number in range(100):
            connection = slow.enter_context(Connection(impatient))
            connection.send(list(_SLOW.values())[number % 5] or post(b"<", XML, length=9))
        replies = [exchange(impatient, post(BODY, XML)) for _ in range(5)]
    assert all(map(is_answered, replies))
    assert statistics.median(reply.seconds for reply in replies) < 0.5
