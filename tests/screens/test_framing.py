"""The screens within a frame of a CTI desktop: shown to whom the setting names, and posted to from here alone."""

import pytest
from werkzeug.test import TestResponse

from soap_service.rules.roles import Role
from soap_service.screens.app import Screens

from .conftest import LOGIN_LIMITS, PASSWORD, ZONE, Browser, Desk

DESKTOP = "https://cti.example"
HERE = "https://localhost"


class FramedBrowser(Browser):
    """A browser over https whose posts come from an origin."""

    def get(self, path: str, **options: object) -> TestResponse:
        return super().get(path, base_url=HERE, **options)

    def post_from(self, origin: str | None, path: str, **fields: str) -> TestResponse:
        headers = {} if origin is None else {"Origin": origin}
        data = {"form_token": self.token, **fields}
        return self._look_at(self.client.post(path, data=data, headers=headers, base_url=HERE))


def browser_of(desk: Desk, framing: tuple[str, ...] = (DESKTOP,)) -> FramedBrowser:
    logins = (frozenset[Role](), None, frozenset[str](), framing)
    desk.screens = Screens(desk.store, ZONE, LOGIN_LIMITS, True, None, HERE, None, *logins)
    browser = FramedBrowser(desk.visitor().client)
    browser.get("/entrar")
    return browser


def log_in(browser: FramedBrowser) -> TestResponse:
    return browser.post_from(HERE, "/entrar", usuario="ana", senha=PASSWORD, lembrar="S")


def cookies(response: TestResponse, name: str) -> list[str]:
    return [line for line in response.headers.getlist("Set-Cookie") if line.startswith(f"__Host-soap_service_{name}=")]


def test_within_a_frame_cookies_are_partitioned_and_replace_others(desk: Desk) -> None:
    browser = browser_of(desk)
    shown = browser.get("/entrar")
    answer = log_in(browser)
    for gone, kept in (cookies(shown, "form"), cookies(answer, "session"), cookies(answer, "browser")):
        assert "Max-Age=0" in gone and "Partitioned" not in gone
        assert all(word in kept for word in ("SameSite=None", "Secure", "Partitioned", "HttpOnly", "Path=/"))
        assert "Max-Age=0" not in kept
    browser.get("/")
    out = browser.post_from(HERE, "/sair")
    assert {"Partitioned" in line for line in cookies(out, "session")} == {True, False}
    assert all("Max-Age=0" in line for line in cookies(out, "session"))


def test_without_the_setting_cookies_are_what_they_were(desk: Desk) -> None:
    browser = browser_of(desk, ())
    [line] = cookies(log_in(browser), "session")
    assert "SameSite=Lax" in line and "Partitioned" not in line
    [line] = cookies(desk.visitor().client.get("/entrar"), "form")
    assert "SameSite=Strict" in line


@pytest.mark.parametrize(
    "origin", [None, "null", DESKTOP, "https://localhost.example", "https://localhost:444", "http://localhost"]
)
def test_a_post_from_anywhere_else_is_refused_with_the_token_too(desk: Desk, origin: str | None) -> None:
    browser = browser_of(desk)
    assert browser.post_from(origin, "/entrar", usuario="ana", senha=PASSWORD).status_code == 403
    assert browser.get("/").status_code == 303
    browser.get("/entrar")
    log_in(browser)
    browser.get("/")
    for path, fields in (("/ramal", {"ramal": "4067"}), ("/entrar/idioma", {"idioma": "es"}), ("/sair", {})):
        assert browser.post_from(origin, path, **fields).status_code == 403, path
    assert browser.get("/").status_code == 200
    assert desk.store.extensions.number_of(desk.ana.id) is None
    browser.get("/ramal")
    assert browser.post_from(HERE, "/ramal", ramal="4067").status_code == 303


def test_the_token_is_asked_for_all_the_same(desk: Desk) -> None:
    browser = browser_of(desk)
    log_in(browser)
    browser.token = "x" * 43
    assert browser.post_from(HERE, "/ramal", ramal="4067").status_code == 403
