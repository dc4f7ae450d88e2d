"""Messages of old stacks through both shipped proxies, byte by byte: what the nodes answer is what the caller reads.

Where a proxy answers by itself, docs/operations.md says so.
"""

import gzip
from collections.abc import Iterator

import pytest

from tests.conftest import Service, element
from tests.demonstration import create_demo_database
from tests.postgres import drop_database
from tests.reverse_proxies import find_proxies, start_desk
from tests.soap.corpus.forms import DOCUMENT, call, envelope
from tests.soap.test_message_framing import ANNOUNCE, ASK, VIEW, XML, chunked, statuses
from tests.soap.test_soap_headers import CASE as WRONG_TOKEN
from tests.soap.test_soap_headers import addressed, security, token
from tests.soap.test_soap_headers import message as headed
from tests.soap.wire import everything, exchange, post
from tests.waiting import wait_until

Desk = tuple[Service, list[Service]]


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Desk]:
    """Two nodes behind a proxy. They know this machine by its address, and 10.20.0.0/16, where nobody calls from."""
    find_proxies()
    url = create_demo_database(postgres_url)
    front, nodes = start_desk(request.param, tmp_path_factory.mktemp(request.param), url)
    nodes[0].command("integration", "add", "matriz", "--no-secret", "--addresses", "10.20.0.0/16")
    yield front, nodes
    front.stop()
    for node in nodes:
        assert node.stop() == 0
        assert "Traceback" not in node.log, node.log
    drop_database(postgres_url, url)


@pytest.fixture
def front(desk: Desk) -> Service:
    """What a client sees."""
    return desk[0]


_MESSAGES = {
    "asks": (post(ASK, XML), b">1?34534<"),
    "announces": (post(ANNOUNCE, XML), b"<tns:aviso>"),
    "announces in HTTP 1.0": (post(ANNOUNCE, XML, version="1.0"), b"<tns:aviso>"),
    "announces in a chunk": (chunked(ANNOUNCE), b"<tns:aviso>"),
    "asks to close": (post(ANNOUNCE, XML, "Connection: close"), b"<tns:aviso>"),
    "offers HTTP 2": (post(ANNOUNCE, XML, "Connection: Upgrade", "Upgrade: h2c"), b"<tns:aviso>"),
}


@pytest.mark.parametrize(("sent", "words"), _MESSAGES.values(), ids=_MESSAGES.keys())
def test_through_a_proxy_a_half_closed_client_is_answered_when_it(front: Service, sent: bytes, words: bytes) -> None:
    received = everything(front, sent)
    assert statuses(received) == [200]
    assert words in received


@pytest.mark.parametrize("noise", [b"\0", b"\r\n", bytes(5), b"pe>", ANNOUNCE, b"\xff" * 65_536])
@pytest.mark.parametrize("fields", [[], ["Connection: close"]])
def test_through_a_proxy_bytes_behind_a_body_come_after_its_answer(
    front: Service, noise: bytes, fields: list[str]
) -> None:
    received = everything(front, post(ANNOUNCE, XML, *fields) + noise)
    first, *others = statuses(received)
    assert (first, received.count(b"<tns:aviso>")) == (200, 1)
    assert set(others) <= {400}  # the proxy's own word on the noise, behind the whole answer


_BELIEVED_BY_NOBODY = [
    ["X-Forwarded-For: 10.20.1.2"],
    ["X-Forwarded-For: 203.0.113.9"],
    ["x-forwarded-for: 10.20.1.2", "X-Forwarded-For: 10.20.1.3"],
    ["X-Forwarded-For: 10.20.1.2, 127.0.0.2"],
    ["Forwarded: for=10.20.1.2"],
    ["Forwarded: for=203.0.113.9;proto=https", "X-Forwarded-For: 10.20.1.2"],
    ["X_Forwarded_For: 10.20.1.2"],
]


@pytest.mark.parametrize("fields", _BELIEVED_BY_NOBODY)
def test_through_a_proxy_a_client_cannot_say_where_it_calls_from(desk: Desk, fields: list[str]) -> None:
    front, nodes = desk

    def lines() -> list[str]:
        return [line for node in nodes for line in node.log.splitlines() if " visualizarSolicitacao " in line]

    before = lines()
    assert exchange(front, post(VIEW, XML, *fields)).status == 200
    wait_until(lambda: len(lines()) > len(before))
    (line,) = set(lines()) - set(before)
    assert "integration=demonstracao " in line and line.endswith(" address=127.0.0.1")


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", "deflate"])
def test_through_a_proxy_a_compressed_body_is_refused(front: Service, coding: str) -> None:
    reply = exchange(front, post(gzip.compress(ASK), XML, f"Content-Encoding: {coding}"))
    assert (reply.status, reply.headers["accept-encoding"]) == (415, "identity")
    assert "Content-Encoding" in reply.body.decode()


@pytest.mark.parametrize("query", ["RAMAL=+551140044067", "ramal=%2B551140044067", "x=a+b&raMal=+551140044067"])
def test_through_a_proxy_a_plus_in_the_address_is_a_plus(front: Service, query: str) -> None:
    front.store.extensions.register(
        front.store.staff.find_agent("consulta").id, "+551140044067"
    )  # else the plus is dropped
    body = envelope(call(f"<cpf>{DOCUMENT}</cpf>", "novaSolicitacao")).encode()
    reply = exchange(front, post(body, XML, query=query))
    assert "+551140044067" in element(reply.body.decode(), "mensagem")


_UNUSUAL = {
    "an Expect in HTTP 1.0": post(ASK, XML, "Expect: 100-continue", version="1.0"),
    "no Host in HTTP 1.0": post(ASK, XML, "Host: x", version="1.0").replace(b"Host: x\r\n", b""),
    "a slash behind": post(ASK, XML).replace(b" /soap ", b" /soap/ "),
    "a slash before": post(ASK, XML).replace(b" /soap ", b" //soap "),
    "slashes around a query": post(ASK, XML).replace(b" /soap ", b" ///soap//?x=1 "),
    "an escape": post(ASK, XML).replace(b" /soap ", b" /s%6Fap "),
    "a merged Content-Type": post(ASK, f"{XML}, text/xml; charset=utf-8"),
    "two Content-Types": post(ASK, XML, XML),
    "WS-Addressing": post(headed(addressed(must="1", To="http://desk.example/soap")), XML),
    "a WS-Security token for others": post(headed(security(token("alguém", "x"))), XML),
    "line ends of one byte": post(ASK, XML).replace(b"\r\n", b"\n"),
}


@pytest.mark.parametrize("sent", _UNUSUAL.values(), ids=_UNUSUAL.keys())
def test_through_a_proxy_a_message_is_answered_once_with(front: Service, sent: bytes) -> None:
    received = everything(front, sent)
    assert statuses(received) == [200]
    assert b">1?34534<" in received


def test_through_a_proxy_a_wrong_token_is_challenged(front: Service) -> None:
    received = everything(front, WRONG_TOKEN.read_bytes())
    assert statuses(received) == [401]
    assert b"www-authenticate: Basic" in received
    assert b"NAO_AUTORIZADO" in received


def test_through_a_proxy_who_expects_to_continue_is_told_so(front: Service) -> None:
    assert statuses(everything(front, post(ASK, XML, "Expect: 100-continue"))) == [100, 200]


def test_through_a_proxy_another_sites_page_is_refused(front: Service) -> None:
    for fields in (["Origin: https://evil.example"], ["Sec-Fetch-Site: cross-site"]):
        assert exchange(front, post(ASK, XML, *fields)).status == 403
    assert exchange(front, post(ASK, XML, f"Origin: {front.url}", f"Host: {front.url[8:]}")).status == 200


#: What is refused, by the proxy itself or a node: the statuses that are known for it. None: closed without a word.
_REFUSED_THERE = {
    "a body that ends too soon": (post(ANNOUNCE, XML, length=len(ANNOUNCE) + 3), {None}),
    "another transfer coding": (chunked(ASK).replace(b"chunked", b"gzip", 1), {501, 400, 422}),
    "two Hosts": (post(ASK, XML, "Host: x", "Host: y"), {400}),
    "no Host in HTTP 1.1": (post(ASK, XML, "Host: x").replace(b"Host: x\r\n", b""), {400}),
    "a large body": (post(b" " * 300_000, XML), {413, 500}),
}


@pytest.mark.parametrize(("sent", "known"), _REFUSED_THERE.values(), ids=_REFUSED_THERE.keys())
def test_through_a_proxy_nothing_is_executed_for(front: Service, sent: bytes, known: set[int | None]) -> None:
    received = everything(front, sent)
    assert (statuses(received) or [None])[0] in known
    assert b"<tns:aviso>" not in received and b">1?34534<" not in received
