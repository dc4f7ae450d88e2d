"""What holds for every page: who may see it, what surrounds it, and what happens when something goes wrong."""

import logging
import re
from urllib.parse import urljoin

import pytest

from soap_service.errors import StoreUnavailable
from soap_service.screens.requests import registration
from soap_service.screens.visit import Visit

from .conftest import Browser, Desk

TOKEN = "t" * 43
PAGES = [
    "/",
    "/ramal",
    "/chamadas",
    f"/chamadas/{TOKEN}",
    "/diagnostico",
    "/solicitacoes",
    "/solicitacoes/nova",
    "/solicitacoes/1",
    "/solicitacoes/1/executar",
]
POSTS = [
    "/ramal",
    "/diagnostico",
    f"/chamadas/{TOKEN}",
    f"/chamadas/{TOKEN}/vista",
    "/solicitacoes",
    "/solicitacoes/nova",
    "/solicitacoes/1/executar",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_without_a_login_leads_to_it_and_back(desk: Desk, path: str) -> None:
    response = desk.visitor().get(path)
    assert response.status_code == 303
    assert response.location == "/entrar?para=" + path.replace("/", "%2F")


@pytest.mark.parametrize("path", POSTS)
def test_a_post_without_a_login_is_refused_and_shows_what_was_typed(desk: Desk, path: str) -> None:
    response = desk.visitor().post(path, anotacao="Um texto <longo>", senha="segredo")
    assert response.status_code == 401
    assert "Sua sessão terminou" in response.text
    assert "Um texto &lt;longo&gt;" in response.text
    assert "segredo" not in response.text


def test_words_posted_by_another_site_are_not_repeated(desk: Desk) -> None:
    response = desk.visitor().client.post("/ramal", data={"x": "Ligue 0800"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 401
    assert "0800" not in response.text


def test_a_popup_without_a_login_is_refused(desk: Desk) -> None:
    assert desk.visitor().get(f"/chamadas/{TOKEN}/janela").status_code == 401


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("token", ["", "wrong", "ã"])
def test_a_post_without_the_form_token_is_refused(ana: Browser, path: str, token: str) -> None:
    response = ana.post(path, token=token, descricao="O que digitei")
    assert response.status_code == 403
    assert "Nada foi gravado." in response.text
    assert "O que digitei" in response.text


def test_a_form_token_of_another_login_is_refused(ana: Browser, bia: Browser) -> None:
    assert ana.post("/ramal", token=bia.token, ramal="1").status_code == 403


@pytest.mark.parametrize("path", ["/", "/entrar", "/nada", "/static/style.css", "/sair"])
def test_every_answer_has_the_protecting_headers(ana: Browser, path: str) -> None:
    headers = ana.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_are_not_kept(ana: Browser) -> None:
    assert ana.get("/").headers["Cache-Control"] == "no-store"


def test_no_page_has_inline_code_or_style(desk: Desk, ana: Browser) -> None:
    for path in ("/", "/ramal", "/chamadas", "/diagnostico", "/solicitacoes/nova", f"/solicitacoes/{desk.request.id}"):
        page = ana.get(path).text
        assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=|javascript:", page)


def test_files_are_kept_by_version(ana: Browser) -> None:
    response = ana.client.get(script_address(ana))
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.content_type == "text/javascript; charset=utf-8"
    again = ana.client.get("/static/main.js", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == "no-cache"


def script_address(ana: Browser) -> str:
    (address,) = re.findall(r'src="(/static/[0-9a-f]{12}/main\.js)"', ana.get("/").text)
    return str(address)


def test_the_modules_that_a_script_imports_are_kept_too(ana: Browser) -> None:
    script = script_address(ana)
    imports = re.findall(r'from "(\./[^"]+)"', ana.get(script).text)
    assert imports
    for path in imports:
        response = ana.client.get(urljoin(script, path))
        assert (response.status_code, "immutable" in response.headers["Cache-Control"]) == (200, True)


@pytest.mark.parametrize("path", ["000000000000/main.js", "app.js?v=000000000000", "attention.js", "document.js"])
def test_a_page_of_another_version_gets_todays_file(ana: Browser, path: str) -> None:
    response = ana.client.get(f"/static/{path}")
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-cache")
    assert "import" in response.text


@pytest.mark.parametrize("name", ["..%2Fscreens%2Fvisit.py", "../app.py", "nada.css", "live", "app.py", "%00"])
def test_only_the_files_of_the_folder_are_served(ana: Browser, name: str) -> None:
    assert ana.get(f"/static/{name}").status_code == 404


def test_an_unknown_page_says_so_in_portuguese(ana: Browser) -> None:
    response = ana.get("/nada")
    assert response.status_code == 404
    assert "Página não encontrada" in response.text
    assert "Ana Souza" in response.text


@pytest.mark.parametrize("path", ["//evil.example", "/chamadas//", "/Ramal", "/ramal/", "/\0", "/ramal\r\nX: y"])
def test_odd_addresses_are_not_found_and_never_redirected(ana: Browser, path: str) -> None:
    response = ana.client.get("/", environ_overrides={"PATH_INFO": path})
    assert response.status_code == 404
    assert "Location" not in response.headers


def test_a_method_that_a_page_does_not_take_is_refused(ana: Browser) -> None:
    response = ana.client.delete("/ramal")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, POST"
    assert "não aceita essa ação" in response.text


def test_a_head_request_has_no_body(ana: Browser) -> None:
    response = ana.client.head("/")
    assert (response.status_code, response.data) == (200, b"")


def test_a_form_that_is_too_big_is_refused(ana: Browser) -> None:
    response = ana.post("/solicitacoes/nova", descricao="x" * 70_000)
    assert response.status_code == 413
    assert "O formulário é grande demais" in response.text


def test_a_body_that_is_no_form_is_refused_without_harm(ana: Browser) -> None:
    response = ana.client.post("/ramal", data=b"\xff\xfe{]", content_type="multipart/form-data; boundary=x")
    assert response.status_code in (400, 403)


def test_a_failing_database_is_told_by_a_page_that_keeps_what_was_typed(
    ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_visit: Visit) -> None:
        raise StoreUnavailable

    # The handlers call these by name; the address table holds the handlers themselves.
    monkeypatch.setattr(registration, "_requester_with_id", lambda *_: fail(_[0]))
    response = ana.post("/solicitacoes/nova", descricao="O que digitei")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert "O banco de dados não respondeu a tempo." in response.text
    assert "O que digitei" in response.text


def test_a_failure_has_an_incident_number_on_the_page_and_in_the_log(
    ana: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(registration, "_call_of", fail)
    with caplog.at_level(logging.ERROR, "soap_service"):
        response = ana.get("/solicitacoes/nova")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    (incident,) = re.findall(r"\b[0-9A-F]{8}\b", response.text)
    assert incident in caplog.text
    assert "secret detail" in caplog.text


def test_names_from_the_database_are_never_markup(bia: Browser) -> None:
    page = bia.get("/").text
    assert "Bia &lt;b&gt;Lima&lt;/b&gt;" in page
    assert "<b>Lima" not in page


def test_every_field_has_a_label(desk: Desk, ana: Browser) -> None:
    for path in ("/", "/ramal", "/solicitacoes/nova", f"/solicitacoes/{desk.request.id}/executar"):
        page = ana.get(path).text
        fields = re.findall(r"<(?:input|select|textarea)\b[^>]*>", page)
        for one in fields:
            if 'type="hidden"' not in one:
                (identity,) = re.findall(r'\bid="([^"]+)"', one)
                assert f'<label for="{identity}"' in page


def test_no_page_repeats_an_id(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735", desk.request.id)
    for path in (
        "/",
        "/ramal",
        f"/chamadas/{token}",
        "/solicitacoes",
        "/solicitacoes/nova",
        f"/solicitacoes/{desk.request.id}/executar",
    ):
        identities = re.findall(r'\bid="([^"]+)"', ana.get(path).text)
        assert len(identities) == len(set(identities)), path
