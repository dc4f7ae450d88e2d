"""The shipped proxies under half-sent heads and the streams of one log-in: SOAP is answered all the while."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from soap_service.rules.credentials import SESSION_COOKIE
from tests.conftest import Service, element
from tests.reverse_proxies import find_proxies, start_desk
from tests.service.test_stream import log_in

HALF_SENT_HEADS = 1_000
STREAMS_OF_ONE_LOGIN = 400
_HALF_A_HEAD = b"POST /soap HTTP/1.1\r\nHost: localhost\r\nContent-Ty"


@pytest.fixture(params=["nginx", "haproxy"])
def front(request: pytest.FixtureRequest, tmp_path: Path, postgresql_demo_url: str) -> Iterator[Service]:
    """What a client sees of two nodes behind a proxy."""
    find_proxies()
    front, nodes = start_desk(request.param, tmp_path, postgresql_demo_url)
    yield front
    front.stop()
    for node in nodes:
        node.stop()


def connect(front: Service) -> ssl.SSLSocket:
    assert isinstance(front.verify, ssl.SSLContext)
    port = urlsplit(front.url).port
    return front.verify.wrap_socket(socket.create_connection(("127.0.0.1", port), 10), server_hostname="localhost")


def seconds_of_an_answer(front: Service) -> float:
    """Call an operation and return how long its answer took, in seconds."""
    started = time.monotonic()
    assert element(front.call("obterQtdeSolicitacoes", cpf="52998224725"), "obterQtdeSolicitacoesResult") == "3"
    return time.monotonic() - started


@pytest.mark.timeout(300)
def test_half_sent_heads_and_hoarded_streams_hold_up_no_call(front: Service) -> None:
    cookie = log_in(front, "atendente", "4067")
    stream = f"GET /eventos HTTP/1.1\r\nHost: localhost\r\nCookie: {SESSION_COOKIE}={cookie}\r\n\r\n".encode()
    slowest = 0.0
    with ExitStack() as open_connections:
        first = open_connections.enter_context(connect(front))
        first.sendall(_HALF_A_HEAD)
        for number in range(HALF_SENT_HEADS):
            open_connections.enter_context(connect(front)).sendall(_HALF_A_HEAD)
            if number % 50 == 0:
                slowest = max(slowest, seconds_of_an_answer(front))
        for number in range(STREAMS_OF_ONE_LOGIN):
            open_connections.enter_context(connect(front)).sendall(stream)
            if number % 20 == 0:
                slowest = max(slowest, seconds_of_an_answer(front))
        for _ in range(20):
            slowest = max(slowest, seconds_of_an_answer(front))
        assert slowest < 3.0  # a head may take 10 s
        first.settimeout(20)
        while first.recv(1024):  # a refusal, if the proxy says anything
            pass
