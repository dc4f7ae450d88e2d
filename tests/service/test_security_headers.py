"""The headers that every answer has, whoever gives it: the fast path, the endpoint, a page, a file, the server."""

import re
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from tests.conftest import Service, start_service
from tests.service.test_stream import log_in
from tests.soap.corpus.forms import QUESTION
from tests.soap.test_message_framing import ANNOUNCE, XML, get
from tests.soap.wire import everything, post

HSTS = "strict-transport-security: max-age=31536000"
_ANSWERS = {
    "a read": (post(QUESTION.encode(), XML), 200),
    "a known head": (post(QUESTION.encode(), XML) * 3, 200),
    "an announcement": (post(ANNOUNCE, XML), 200),
    "a fault": (post(b"<", XML), 500),
    "another media type": (post(ANNOUNCE, "Content-Type: image/png"), 415),
    "a method that is not there": (get("/soap", method="PUT"), 405),
    "the WSDL": (get("/soap?wsdl"), 200),
    "the endpoint": (get("/soap"), 200),
    "the endpoint's page": (get("/soap", "Accept: text/html"), 200),
    "metrics": (get("/metrics"), 200),
    "health": (get("/healthz"), 200),
    "readiness": (get("/readyz"), 200),
    "a page": (get("/entrar"), 200),
    "a file": (get("/static/style.css"), 200),
    "a file that is not there": (get("/static/none"), 404),
    "a stream without a log-in": (get("/eventos"), 401),
    "a proof": (get("/eventos/prova"), 204),
    "no HTTP": (b"nonsense\r\n\r\n", 400),
    "an unknown transfer coding": (post(b"", XML, "Transfer-Encoding: gzip"), 501),
}


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose public address is https, asked behind its proxy."""
    folder = tmp_path_factory.mktemp("secure")
    service = start_service(folder, SOAP_SERVICE_PUBLIC_URL="https://t.example.com")
    yield service
    service.stop()


@pytest.fixture(scope="module")
def framed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose screens two desktops may show in a frame."""
    settings = {"PUBLIC_URL": "https://t.example.com", "FRAME_ANCESTORS": "https://a.example, https://b.example"}
    folder = tmp_path_factory.mktemp("framed")
    service = start_service(folder, **{f"SOAP_SERVICE_{name}": value for name, value in settings.items()})
    yield service
    service.stop()


def heads(received: bytes) -> list[tuple[int, str]]:
    """Return the status and the head of each answer."""
    found = re.findall(rb"HTTP/1\.1 ([0-9]{3}) [^\r]*\r\n(.*?)\r\n\r\n", received, re.DOTALL)
    return [(int(status), head.decode("latin-1").lower()) for status, head in found]


@pytest.mark.parametrize(("sent", "status"), _ANSWERS.values(), ids=_ANSWERS)
def test_every_answer_forbids_to_guess_its_type(service: Service, secure: Service, sent: bytes, status: int) -> None:
    for one, has_hsts in ((service, False), (secure, True)):
        answers = heads(everything(one, sent))
        assert {found for found, _ in answers} == {status}
        for _, head in answers:
            assert head.count("x-content-type-options: nosniff") == 1
            assert head.count(HSTS) == (1 if has_hsts else 0)
            assert "includesubdomains" not in head


@pytest.mark.parametrize(("sent", "status"), _ANSWERS.values(), ids=_ANSWERS)
def test_every_answer_says_who_may_frame_it(service: Service, framed: Service, sent: bytes, status: int) -> None:
    for one, framing in ((service, "'none'"), (framed, "https://a.example https://b.example")):
        answers = heads(everything(one, sent))
        assert {found for found, _ in answers} == {status}
        for _, head in answers:
            assert head.count(f"content-security-policy: frame-ancestors {framing}\r\n") == 1
            assert head.count("frame-ancestors") == 1


def test_a_stream_has_the_headers_too(secure: Service) -> None:
    public = replace(secure, url="https://t.example.com")
    cookies = {public.session_cookie: log_in(secure, "admin", "4069")}
    with httpx.Client(cookies=cookies) as client, client.stream("GET", f"{secure.url}/eventos") as answer:
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"


def test_over_https_a_log_in_is_made_and_used_by_the_prefixed_cookie(secure: Service) -> None:
    with httpx.Client(base_url=secure.url) as client:
        page = client.get("/entrar")
        assert "__Host-soap_service_form=" in page.headers["Set-Cookie"]
    name = "__Host-soap_service_session"
    cookie = log_in(secure, "admin", "4070")
    for cookies, status in (({name: cookie}, 200), ({name.removeprefix("__Host-"): cookie}, 303), ({}, 303)):
        assert httpx.get(f"{secure.url}/solicitacoes", cookies=cookies).status_code == status
