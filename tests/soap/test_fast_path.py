"""The fast path of a plain read answers, byte by byte, what the ordinary way does. Real sockets."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from soap_service.config import Settings
from soap_service.demo import prepare_demo
from soap_service.serving.server import make_server
from soap_service.store import Store
from tests.conftest import NAMESPACE, PASSWORD, Service
from tests.soap.wire import Connection, Reply, exchange
from tests.waiting import run_in_own_loop


def post(argument: str, operation: str, *headers: str, ordinary: bool = False) -> bytes:
    """Return a request; with `?` on its path the protocol leaves it to the ordinary way."""
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<{operation} xmlns="{NAMESPACE}">{argument}</{operation}></e:Body></e:Envelope>'
    )
    lines = [
        f"POST /soap{'?' if ordinary else ''} HTTP/1.1",
        "Host: x",
        "Content-Type: text/xml",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", body]).encode()


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        (
            "obterQtdeSolicitacoes",
            [f"<cpf>{d}</cpf>" for d in ("11144477735", "52998224725", "1", "abc", "9" * 15)],
        ),
        (
            "obterDadosSolicitacao",
            [f"<id>{number}</id>" for number in ("955", "34537", "34539", "0", "99", "9" * 12, "x")],
        ),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["Connection: close"],
        ["Authorization: Basic eDp5"],
        ["X-Forwarded-For: 192.0.2.1"],
        ["Expect: 100-continue"],
    ],
    ids=["plain", "close", "wrong credential", "forwarded", "expect"],
)
def test_both_ways_give_the_same_bytes(
    either_service: Service, operation: str, arguments: list[str], headers: list[str]
) -> None:
    for argument in [*arguments, *arguments]:  # the second time its message is known
        short = exchange(either_service, post(argument, operation, *headers))
        ordinary = exchange(either_service, post(argument, operation, *headers, ordinary=True))
        assert (short.status, short.body) == (ordinary.status, ordinary.body)
        hidden = {"date"}
        assert {k.lower(): v for k, v in short.headers.items() if k.lower() not in hidden} == {
            k.lower(): v for k, v in ordinary.headers.items() if k.lower() not in hidden
        }


def test_pipelined_reads_are_answered_in_their_order(either_service: Service) -> None:

    requests = b"".join(
        post(f"<cpf>{document}</cpf>", "obterQtdeSolicitacoes", *extra)
        for document, extra in (
            ("11144477735", []),
            ("52998224725", []),
            ("12312312312", []),
            ("52998224725", ["Connection: close"]),
        )
    )
    with socket.create_connection(("127.0.0.1", int(either_service.url.rpartition(":")[2])), timeout=5) as connection:
        connection.sendall(requests)
        answers = b""
        while part := connection.recv(65536):
            answers += part
    assert re.findall(rb"Result>([^<]+)</", answers) == [b"1?34534", b"3", b"1?955", b"3"]


@asynccontextmanager
async def served(request_seconds: float) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Serve in this process, with connections that are kept for half a second when idle, and give one."""
    with TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/desk.db", request_seconds=request_seconds)
        server = make_server(settings)
        store = Store(settings.database_url)
        prepare_demo(store, Path(folder), {"SOAP_SERVICE_DEMO_PASSWORD": PASSWORD})
        store.close()
        server.config.timeout_keep_alive = 0.5
        server.config.load()
        protocol = server.config.http_protocol_class
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(lambda: protocol(server.config, server.server_state, {}), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        try:
            yield reader, writer
        finally:
            writer.close()
            await writer.wait_closed()
            listening.close()
            server._app.endpoint.dispatcher.close()
            server._app.store.close()


def answers_in_turn(service: Service, requests: list[bytes]) -> list[Reply]:
    """Send one after the other on one connection, each when the one before it is answered."""
    with Connection(service) as connection:
        replies = []
        for request in requests:
            connection.send(request)
            replies.append(connection.reply())
        return replies


def without_date(reply: Reply) -> tuple[int, dict[str, str], bytes]:
    return reply.status, {k.lower(): v for k, v in reply.headers.items() if k.lower() != "date"}, reply.body


_KNOWN = post("<cpf>11144477735</cpf>", "obterQtdeSolicitacoes")
_NEXT = post("<cpf>52998224725</cpf>", "obterQtdeSolicitacoes")


@pytest.mark.parametrize(
    "request_bytes",
    [
        _NEXT,
        post("<cpf>1234567890X</cpf>", "obterQtdeSolicitacoes"),  # a fault
        post("<cpf>529.982.247</cpf>", "obterQtdeSolicitacoes"),  # no plain value, and as long
        post("<cpf>5299822472</cpf>", "obterQtdeSolicitacoes"),  # another length
        _NEXT.replace(b"<cpf>", b"<cpx>"),  # as long, and no message
        _NEXT.replace(b"Host: x", b"Host: y"),
        _NEXT.replace(b"11144477735", b"\0" * 11),
        post("<id>955</id>", "obterDadosSolicitacao"),
    ],
    ids=["plain", "fault", "dotted", "shorter", "malformed", "another head", "no text", "another operation"],
)
def test_what_follows_a_known_head_is_answered_as_on_its_own_connection(
    either_service: Service, request_bytes: bytes
) -> None:
    *_, followed, again = answers_in_turn(either_service, [_KNOWN, _KNOWN, _KNOWN, request_bytes, _KNOWN])
    assert without_date(followed) == without_date(exchange(either_service, request_bytes))
    assert b">1?34534<" in again.body


def test_a_known_head_within_half_another_one_is_no_message(either_service: Service) -> None:
    with Connection(either_service) as connection:
        for _ in range(3):
            connection.send(_KNOWN)
            assert b">1?34534<" in connection.reply().body
        connection.send(_KNOWN + b"GET /healthz HTTP/1.1\r\nX-Half: ")
        assert b">1?34534<" in connection.reply().body
        connection.send(_KNOWN)  # the rest of that line, and of that request
        assert connection.reply().body == b"ok\n"
        connection.send(_KNOWN)
        assert b">1?34534<" in connection.reply().body


def test_a_known_head_within_a_body_is_no_message(either_service: Service) -> None:
    with Connection(either_service) as connection:
        for _ in range(3):
            connection.send(_KNOWN)
            connection.reply()
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(_KNOWN))
        assert connection.reply().body == b"ok\n"
        connection.send(_KNOWN)
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.reply().body == b"ok\n"


@pytest.mark.parametrize("line", [b"", b"\r\n"], ids=["", "an empty line"])
def test_a_half_head_behind_a_whole_message_has_its_time_limit(line: bytes) -> None:
    """And an empty line ends it as it ends any other head."""

    async def ask() -> bytes:
        async with served(request_seconds=0.4) as (reader, writer):
            writer.write(_KNOWN + b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
            await reader.readuntil(b"</soap11env:Envelope>")
            writer.write(line)
            return await asyncio.wait_for(reader.read(), 3)

    rest = run_in_own_loop(ask())
    assert (b"200 OK" in rest) == bool(line)


def test_a_connection_that_is_used_is_kept_and_an_idle_one_is_not() -> None:
    async def ask() -> float:
        async with served(request_seconds=10) as (reader, writer):
            for _ in range(8):
                writer.write(_KNOWN)
                await asyncio.wait_for(reader.readuntil(b"</soap11env:Envelope>"), 3)
                await asyncio.sleep(0.1)
            started = asyncio.get_running_loop().time()
            assert await asyncio.wait_for(reader.read(), 3) == b""
            return asyncio.get_running_loop().time() - started

    assert run_in_own_loop(ask()) < 2
