"""The ways to write the endpoint's address, what is said at others, and pages of other sites. Real sockets."""

import pytest

from tests.conftest import Service
from tests.soap.test_http_headers import ASK, XML, is_answered
from tests.soap.wire import Connection, Reply, exchange, post


@pytest.mark.parametrize("path", ["/soap/", "//soap", "/soap//", "//soap//", "///soap", "/soap/?x=1", "/s%6Fap/"])
def test_slashes_around_the_address_are_of_no_matter(either_service: Service, path: str) -> None:
    request = post(ASK, XML).replace(b" /soap ", f" {path} ".encode())
    assert is_answered(exchange(either_service, request))
    wsdl = exchange(either_service, f"GET {path.split('?')[0]}?WSDL HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert (wsdl.status, b"definitions" in wsdl.body) == (200, True)


@pytest.mark.parametrize(
    "path", ["/", "/entrar", "/services/soap", "/soap.php", "/soap/x", "/SOAP", "/eventos", "/healthz", "/chamadas"]
)
@pytest.mark.parametrize(
    "kind", [XML, "Content-Type: application/soap+xml", "Content-Type: application/x-www-form-urlencoded", "X: y"]
)
def test_a_message_at_another_address_is_told_the_right_one(service: Service, path: str, kind: str) -> None:
    body = ASK if "xml" in kind.lower() else b"\r\n" + ASK
    with Connection(service) as connection:
        connection.send(post(body, kind).replace(b" /soap ", f" {path} ".encode()))
        reply = connection.reply()
        assert reply.status == 404
        assert reply.headers["content-type"].startswith("text/plain")
        assert service.endpoint in reply.body.decode()
        assert reply.body.count(b"\n") == 1
        connection.send(post(ASK, XML))
        assert is_answered(connection.reply())


def test_a_message_too_large_at_another_address_is_told_too(service: Service) -> None:
    reply = exchange(service, post(b"<" * 100_000, XML).replace(b" /soap ", b" /ws "))
    assert (reply.status, service.endpoint in reply.body.decode()) == (404, True)


def look(service: Service, accept: str, *fields: str, method: str = "GET", path: str = "/soap") -> Reply:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *([f"Accept: {accept}"] if accept else []), *fields, "", ""]
    return exchange(service, "\r\n".join(lines).encode(), is_of_head=method == "HEAD")


CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


@pytest.mark.parametrize("accept", [CHROME, "text/html", "TEXT/HTML;q=0.9, text/plain;q=0.5", "text/html, */*"])
@pytest.mark.parametrize("path", ["/soap", "/soap/", "//soap", "/soap?x=y"])
def test_a_browser_sees_a_page(service: Service, accept: str, path: str) -> None:
    reply = look(service, accept, path=path)
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/html")
    text = reply.body.decode()
    for words in ("POST", "novaSolicitacao", "visualizarSolicitacao", "?wsdl", "curl ", service.endpoint, "<title>"):
        assert words in text


@pytest.mark.parametrize(("language", "words"), [("en", "telephony"), ("es", "telefonía"), ("pt-BR", "telefonia")])
def test_the_page_speaks_the_browsers_language(service: Service, language: str, words: str) -> None:
    assert words in look(service, CHROME, f"Accept-Language: {language}").body.decode()


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/plain", "text/plain, text/html", "text/html;q=0, */*", "text/*", "x"]
)
def test_a_program_sees_one_line(service: Service, accept: str) -> None:
    reply = look(service, accept)
    assert reply.headers["content-type"].startswith("text/plain")
    assert reply.body.count(b"\n") == 1
    assert f"{service.endpoint}?wsdl" in reply.body.decode()


def test_a_browser_that_wants_the_wsdl_gets_it(service: Service) -> None:
    assert b"definitions" in look(service, CHROME, path="/soap?wsdl").body
    assert look(service, CHROME, method="HEAD").status == 200


FOREIGN = {
    "another site's page": ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"],
    "an old browser's page of another site": ["Origin: http://evil.example"],
    "a page without an origin": ["Origin: null"],
    "a sandboxed page of another site": ["Origin: null", "Sec-Fetch-Site: cross-site"],
    "another host of the same site": ["Sec-Fetch-Site: same-site"],
    "a form without an origin": ["Sec-Fetch-Site: cross-site"],
    "capitals": ["ORIGIN: HTTPS://EVIL.EXAMPLE", "SEC-FETCH-SITE: Cross-Site"],
    "another port": ["Origin: http://127.0.0.1:1"],
    "another port of the host": ["Host: a.example:81", "Origin: http://a.example"],
    "a host that only begins so": ["Origin: http://127.0.0.1.evil.example"],
    "an extension": ["Origin: chrome-extension://abcdef"],
    "a file": ["Origin: file://"],
    "an origin of nonsense": ["Origin: http://[::"],
}


@pytest.mark.parametrize("fields", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_page_of_another_site_is_refused(either_service: Service, fields: list[str]) -> None:
    assert is_answered(exchange(either_service, post(ASK, XML)))  # so that the message is known
    for path in (b" /soap ", b" //soap/?ramal=1 "):
        reply = exchange(either_service, post(ASK, XML, *fields).replace(b" /soap ", path))
        assert (reply.status, reply.body.count(b"\n")) == (403, 1)
        assert reply.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "fields",
    [
        ["Origin: http://127.0.0.1", "Sec-Fetch-Site: same-origin"],
        ["Host: 127.0.0.1:443", "Origin: https://127.0.0.1"],
        ["Host: desk.example:8443", "Origin: https://desk.example:8443"],
        ["Host: DESK.example", "Origin: https://desk.EXAMPLE:443"],
        ["Sec-Fetch-Site: none"],
        ["Sec-Fetch-Site: same-origin"],
        ["Origin: "],
    ],
)
def test_the_services_own_pages_and_programs_are_let_in(service: Service, fields: list[str]) -> None:
    assert is_answered(exchange(service, post(ASK, XML, *fields)))


def test_a_cross_site_page_is_counted_and_a_stranger_is_401(own_service: Service) -> None:
    exchange(own_service, post(ASK, XML, "Origin: https://evil.example"))
    strange = exchange(own_service, post(ASK, XML, "Origin: https://evil.example", "X-Forwarded-For: 203.0.113.9"))
    assert strange.status == 401
    own_service.stop()  # which writes what was counted; a minute does, too
    counts = {kind.reason: kind.count for kind in own_service.store.diagnosis.list_refusals()}
    assert counts["PAGINA_DE_OUTRO_SITE"] == 1
