"""Where a message ends: a client that has closed its sending side, and bytes behind what its head announced."""

import re

import pytest

from soap_service.rules.credentials import SESSION_COOKIE
from tests.conftest import PASSWORD, Service, element
from tests.service.test_stream import log_in
from tests.soap.corpus.forms import DOCUMENT, QUESTION, call, envelope
from tests.soap.wire import Connection, everything, post

XML = "Content-Type: text/xml; charset=utf-8"
ASK = QUESTION.encode()
ANNOUNCE = envelope(call(f"<cpf>{DOCUMENT}</cpf><ramal>4067</ramal>", "novaSolicitacao")).encode()
VIEW = envelope(call("<id>34534</id><cpf>11144477735</cpf>", "visualizarSolicitacao")).encode()
READ = envelope(call("<id>955</id>", "obterDadosSolicitacao")).encode()
CHUNKED = f"POST /soap HTTP/1.1\r\nHost: x\r\n{XML}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()


def get(path: str, *fields: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: x", *fields, "", ""]).encode()


def chunked(body: bytes) -> bytes:
    return CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def form(path: str, text: str) -> bytes:
    fields = (f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/x-www-form-urlencoded")
    return "\r\n".join([*fields, f"Content-Length: {len(text)}", "", text]).encode()


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", received)]


_HALF_CLOSED = {
    "announces": (post(ANNOUNCE, XML), 200, b"aviso>"),
    "announces and asks to close": (post(ANNOUNCE, XML, "Connection: close"), 200, b"aviso>"),
    "announces about a request": (post(VIEW, XML), 200, b"aviso>"),
    "asks for the number": (post(ASK, XML), 200, b">1?34534<"),
    "asks for the data": (post(READ, XML), 200, b">Em andamento<"),
    "speaks HTTP 1.0": (post(ANNOUNCE, XML, version="1.0"), 200, b"aviso>"),
    "sends a chunk": (chunked(ANNOUNCE), 200, b"aviso>"),
    "offers HTTP 2": (post(ANNOUNCE, XML, "Connection: Upgrade", "Upgrade: h2c"), 200, b"aviso>"),
    "has a query": (post(ANNOUNCE, XML, query="ramal=4067"), 200, b"aviso>"),
    "sends nonsense": (post(b"<", XML), 500, b"MENSAGEM_INVALIDA"),
    "sends no body": (post(b"", XML), 500, b"MENSAGEM_INVALIDA"),
    "names another's request": (post(VIEW.replace(b"34534", b"955"), XML), 500, b"SOLICITACAO_NAO_ENCONTRADA"),
    "has a wrong credential": (post(ANNOUNCE, XML, "Authorization: Basic eDp5"), 401, b"NAO_AUTORIZADO"),
    "sends another media type": (post(ANNOUNCE, "Content-Type: image/png"), 415, b"text/xml"),
    "wants the WSDL": (get("/soap?wsdl"), 200, b"definitions"),
    "wants the WSDL's head": (get("/soap?wsdl", method="HEAD"), 200, b"content-length"),
    "looks at the endpoint": (get("/soap"), 200, b"?wsdl"),
    "probes its life": (get("/healthz"), 200, b"ok"),
    "probes its life in HTTP 1.0": (get("/healthz", version="1.0"), 200, b"ok"),
    "probes its readiness": (get("/readyz"), 200, b"ok"),
    "reads the metrics": (get("/metrics"), 200, b"soap_calls_total"),
    "opens the log-in": (get("/entrar"), 200, b"usuario"),
    "opens the log-in's head": (get("/entrar", method="HEAD"), 200, b"content-length"),
    "opens a page without a log-in": (get("/chamadas"), 303, b"location"),
    "opens no page": (get("/nothing"), 404, b"<html"),
    "posts a form": (form("/entrar", f"usuario=atendente&senha={PASSWORD}"), 403, b"usuario"),
    "asks for another method": (get("/soap", method="DELETE"), 405, b"POST"),
    "has no stream": (get("/eventos"), 401, b"Entre"),
}


@pytest.mark.parametrize(("sent", "status", "words"), _HALF_CLOSED.values(), ids=_HALF_CLOSED.keys())
def test_a_client_that_closed_its_sending_side_is_answered_when_it(
    either_service: Service, sent: bytes, status: int, words: bytes
) -> None:
    received = everything(either_service, sent)
    assert statuses(received) == [status]
    assert words.lower() in received.lower() or (words == b"aviso>" and b"aviso>" in received)


def test_a_head_and_its_body_in_segments_and_the_end_are_answered(either_service: Service) -> None:
    head, _, body = post(ANNOUNCE, XML).partition(b"\r\n\r\n")
    received = everything(either_service, head, b"\r\n\r\n", body[:9], body[9:])
    assert statuses(received) == [200]


def test_who_asks_before_sending_may_close_behind_the_body(either_service: Service) -> None:
    with Connection(either_service) as connection:
        connection.send(post(b"", XML, "Expect: 100-continue", length=len(ANNOUNCE)))
        assert connection.reply().status == 100
        connection.send(ANNOUNCE)
        connection.end()
        assert connection.reply().status == 200
        assert connection.is_closed()


def test_every_pipelined_request_is_answered_before_the_end(either_service: Service) -> None:
    received = everything(either_service, (post(ASK, XML) + post(ANNOUNCE, XML) + get("/readyz")) * 4)
    assert statuses(received) == [200] * 12
    assert re.findall(rb"1\?34534|<[^/>]*aviso>|\r\nok\n", received)[1::3] == [b"<tns:aviso>"] * 4


def test_an_unfinished_head_before_the_end_gets_no_answer(service: Service) -> None:
    assert everything(service, post(ASK, XML)[:60]) == b""
    assert everything(service, b"") == b""


_CUT = {
    "at once": [post(ANNOUNCE, XML, length=len(ANNOUNCE) + 3)],
    "in two segments": [post(ANNOUNCE[:50], XML, length=len(ANNOUNCE) + 3), ANNOUNCE[50:]],
    "in HTTP 1.0": [post(ANNOUNCE, XML, length=len(ANNOUNCE) + 1, version="1.0")],
    "without a body": [post(b"", XML, length=len(ANNOUNCE))],
    "in a chunk": [CHUNKED + b"ffff\r\n" + ANNOUNCE],
    "before the last chunk": [CHUNKED + b"%x\r\n%b\r\n" % (len(ANNOUNCE), ANNOUNCE)],
}


@pytest.mark.parametrize("parts", _CUT.values(), ids=_CUT.keys())
def test_a_body_shorter_than_announced_is_told_so(either_service: Service, parts: list[bytes]) -> None:
    received = everything(either_service, *parts)
    assert statuses(received) == [500]
    assert "não chegou inteira" in element(received.decode(), "faultstring")
    assert element(received.decode(), "codigo") == "MENSAGEM_INVALIDA"


def test_a_form_shorter_than_announced_is_told_so(service: Service) -> None:
    received = everything(service, form("/entrar", "usuario=x").replace(b"Length: ", b"Length: 1"))
    assert statuses(received) == [400]


_COUNTED_IN_CHARACTERS = envelope(call()).replace("<e:Envelope", "<!-- João Conceição --><e:Envelope", 1)


@pytest.mark.parametrize("cut", [0, 1, 60, 400])
def test_a_length_in_characters_is_told_to_count_octets(either_service: Service, cut: int) -> None:
    request = post(_COUNTED_IN_CHARACTERS.encode(), XML, length=len(_COUNTED_IN_CHARACTERS))
    parts = [request[: len(request) - cut], request[len(request) - cut :]] if cut else [request]
    with Connection(either_service) as connection:
        for part in parts:
            connection.send(part)
        reply = connection.reply()
    assert reply.status == 500
    assert "octetos" in element(reply.body.decode(), "faultstring")


_BEHIND = {
    "a NUL": b"\0",
    "a NUL in the next segment": b"\0",
    "a line end and a NUL": b"\r\n\0",
    "five NULs": bytes(5),
    "the rest of an envelope": b"pe>",
    "an envelope": ASK,
    "a form feed": b"\f",
    "bytes of no text": bytes(range(256)),
    "64 KiB of noise": b"\x16\x03\x01" + b"\xff" * 65_536,
    "1 MB of noise": b"\xff" * 1_000_000,
    "1 MB of line ends": b"\r\n" * 500_000,
    "half a method": b"PO",
    "half a request": b"POST /soap HTTP/1.1\r\nHost: x\r\n",
    "a bad head": b"POST /soap HTTP/9.9\r\nHost: x\r\n\r\n",
    "a head that is too large": b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000,
    "a body that is no chunk": CHUNKED + b"zz\r\n",
}
_ANSWERED = {
    "an announcement": (post(ANNOUNCE, XML), b"aviso>"),
    "a question": (post(ASK, XML), b">1?34534<"),
    "a chunked announcement": (chunked(ANNOUNCE), b"aviso>"),
    "the last announcement": (post(ANNOUNCE, XML, "Connection: close"), b"aviso>"),
    "an announcement in HTTP 1.0": (post(ANNOUNCE, XML, version="1.0"), b"aviso>"),
    "a probe": (get("/readyz"), b"ok\n"),
    "a page": (get("/entrar"), b"usuario"),
}


@pytest.mark.parametrize("noise", _BEHIND.values(), ids=_BEHIND.keys())
@pytest.mark.parametrize(("sent", "words"), _ANSWERED.values(), ids=_ANSWERED.keys())
def test_what_stands_behind_a_request_does_not_replace_its_answer(
    either_service: Service, sent: bytes, words: bytes, noise: bytes
) -> None:
    for _ in range(2):  # the second time a question is known
        with Connection(either_service) as connection:
            connection.send(sent + noise)
            reply = connection.reply()
            assert reply.status == 200
            assert words in reply.body


@pytest.mark.parametrize("noise", [b"\0", b"pe>", b"\xff" * 70_000])
def test_noise_after_an_answer_closes_without_a_word(either_service: Service, noise: bytes) -> None:
    for sent, _ in _ANSWERED.values():
        with Connection(either_service) as connection:
            connection.send(sent)
            assert connection.reply().status == 200
            connection.send(noise)
            assert connection.is_closed()


def test_pipelined_requests_before_noise_are_all_answered(either_service: Service) -> None:
    received = everything(either_service, post(ANNOUNCE, XML) + post(ASK, XML) + get("/entrar") + b"\0" + ASK)
    assert statuses(received) == [200, 200, 200]


def test_an_announcement_behind_the_last_request_is_not_executed(service: Service) -> None:
    last = post(ASK, XML, "Connection: close")
    behind = envelope(call("<cpf>52998224725</cpf><ramal>5151</ramal>", "novaSolicitacao")).encode()
    assert statuses(everything(service, last + post(behind, XML))) == [200]
    assert not service.store.calls.list_waiting("5151")


def test_a_stream_ends_when_its_browser_closes_its_side(service: Service) -> None:
    cookie = log_in(service, "atendente")
    with Connection(service) as connection:
        connection.send(get("/eventos", f"Cookie: {SESSION_COOKIE}={cookie}"))
        assert connection.reply().status == 200
        connection.end()
        connection.rest()  # does not wait for ever


def test_a_large_refused_body_in_pieces_still_reads_its_refusal(either_service: Service) -> None:
    with Connection(either_service) as connection:
        connection.send(post(b"", XML, length=900_000))
        for _ in range(90):
            connection.send(b" " * 10_000)
        assert b"MENSAGEM_INVALIDA" in connection.reply().body
        assert connection.is_closed()
