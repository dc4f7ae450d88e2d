"""The short way of a plain read answers, byte by byte, what the ordinary way does. Real sockets."""

import re
import socket

import pytest

from tests.conftest import NAMESPACE, Service
from tests.soap.wire import exchange


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
    service: Service, operation: str, arguments: list[str], headers: list[str]
) -> None:
    for argument in [*arguments, *arguments]:  # the second time its shape is known
        short = exchange(service, post(argument, operation, *headers))
        ordinary = exchange(service, post(argument, operation, *headers, ordinary=True))
        assert (short.status, short.body) == (ordinary.status, ordinary.body)
        hidden = {"date"}
        assert {k.lower(): v for k, v in short.headers.items() if k.lower() not in hidden} == {
            k.lower(): v for k, v in ordinary.headers.items() if k.lower() not in hidden
        }


def test_pipelined_reads_are_answered_in_their_order(service: Service) -> None:

    requests = b"".join(
        post(f"<cpf>{document}</cpf>", "obterQtdeSolicitacoes", *extra)
        for document, extra in (
            ("11144477735", []),
            ("52998224725", []),
            ("12312312312", []),
            ("52998224725", ["Connection: close"]),
        )
    )
    with socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2])), timeout=5) as connection:
        connection.sendall(requests)
        answers = b""
        while part := connection.recv(65536):
            answers += part
    assert re.findall(rb"Result>([^<]+)</", answers) == [b"1?34534", b"3", b"1?955", b"3"]
