import pytest

from soap_service.rules.credentials import SESSION_COOKIE
from soap_service.screens.access import BROWSER_COOKIE
from soap_service.screens.app import Screens

from .conftest import LOGIN_LIMITS, PASSWORD, ZONE, Browser, Desk


def test_logging_in_leads_home(desk: Desk) -> None:
    browser = desk.visitor()
    response = browser.log_in("ana")
    assert response.location == "/"
    assert "Olá, Ana Souza" in browser.get("/").text


def test_logging_in_leads_to_the_page_that_was_asked_for(desk: Desk) -> None:
    browser = desk.visitor()
    asked = browser.get("/solicitacoes/nova?chamada=abc")
    assert asked.status_code == 303
    assert browser.follow(asked).status_code == 200
    assert browser.hidden("para") == "/solicitacoes/nova?chamada=abc"
    response = browser.post("/entrar", usuario="ana", senha=PASSWORD, para=browser.hidden("para"))
    assert response.location == "/solicitacoes/nova?chamada=abc"


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil",
        "/\t/evil.example",
        "evil",
        "javascript:x",
    ],
)
def test_logging_in_never_leads_to_another_site(desk: Desk, path: str) -> None:
    assert desk.visitor().log_in("ana", para=path).location == "/"


def test_the_cookie_is_for_this_site_and_not_for_scripts(desk: Desk) -> None:
    cookie = desk.visitor().log_in("ana").headers["Set-Cookie"]
    assert cookie.startswith(SESSION_COOKIE)
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_the_cookies_are_secure_over_https(desk: Desk) -> None:
    desk.screens = Screens(desk.store, ZONE, LOGIN_LIMITS, is_https=True)
    browser = desk.visitor()
    assert "Secure" in browser.client.get("/entrar", base_url="https://localhost").headers["Set-Cookie"]


def test_every_refusal_reads_the_same(desk: Desk) -> None:
    desk.store.staff.disable_agent("bia")
    pages = set()
    for login, password in (("ana", "wrong password"), ("nobody", PASSWORD), ("bia", PASSWORD), ("ana", "x" * 5000)):
        response = desk.visitor().log_in(login, password)
        assert response.status_code == 403
        assert "Usuário ou senha incorretos." in response.text
        pages.add(len(response.text) - len(login))
    assert len(pages) == 1


def test_too_many_failures_are_refused_even_with_the_right_password(desk: Desk) -> None:
    for _ in range(10):
        assert desk.visitor().log_in("ana", "wrong").status_code == 403
    response = desk.visitor().log_in("ana")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
    assert "Aguarde um minuto" in response.text
    assert desk.visitor().log_in("bia").status_code == 303


def test_a_browser_that_was_let_in_before_is_not_locked_out_by_strangers(desk: Desk) -> None:
    known = desk.visitor()
    known.log_in("ana")
    known.post("/sair")
    for number in range(1, 101):
        assert try_login(desk, "ana", f"192.0.2.{number}") == 403
    assert try_login(desk, "ana", "198.51.100.1", PASSWORD) == 429
    assert known.log_in("ana", "wrong").status_code == 403
    assert known.log_in("ana").status_code == 303
    known.post("/sair")
    assert [known.log_in("ana", "x" * 2000).status_code for _ in range(11)] == [403] * 10 + [429]
    assert known.log_in("bia", "wrong").status_code == 403  # there it is a stranger


def test_a_made_up_cookie_is_no_known_browsers(desk: Desk) -> None:
    browser = desk.visitor()
    browser.log_in("bia")
    browser.post("/sair")
    for number in range(1, 101):
        try_login(desk, "ana", f"192.0.2.{number}")
    assert browser.log_in("ana").status_code == 429
    browser.client.set_cookie(BROWSER_COOKIE, "made-up", path="/entrar")
    assert browser.log_in("ana").status_code == 429


def try_login(desk: Desk, login: str, address: str = "192.0.2.1", password: str = "x" * 2000) -> int:
    """Try to log in from an address, by default with a password too long to be hashed: it is refused at once."""
    browser = desk.visitor()
    browser.get("/entrar")
    form = {"form_token": browser.token, "usuario": login, "senha": password}
    return browser.client.post("/entrar", data=form, environ_overrides={"REMOTE_ADDR": address}).status_code


def test_failures_under_many_names_are_limited_by_their_address(desk: Desk) -> None:
    now = desk.store.now()
    desk.store._database.now = lambda: now  # type: ignore[method-assign]
    assert [try_login(desk, f"nobody{n}") for n in range(31)] == [403] * 30 + [429]
    assert try_login(desk, "ana", password=PASSWORD) == 429
    assert try_login(desk, "nobody", "192.0.2.2") == 403
    assert try_login(desk, "ana", "192.0.2.2", PASSWORD) == 303


def test_failures_from_one_network_of_ipv6_are_limited_together(desk: Desk) -> None:
    addresses = [f"2001:db8:1:2::{n:x}" for n in range(1, 12)]
    assert [try_login(desk, "ana", address) for address in addresses] == [403] * 10 + [429]
    assert try_login(desk, "ana", "2001:db8:1:3::1") == 403


def test_an_ipv4_address_written_as_ipv6_is_limited_as_itself(desk: Desk) -> None:
    addresses = ["192.0.2.1", "::ffff:192.0.2.1"] * 5
    assert [try_login(desk, "ana", address) for address in addresses] == [403] * 10
    assert try_login(desk, "ana", "::ffff:192.0.2.1") == try_login(desk, "ana", "192.0.2.1") == 429


def test_log_ins_that_succeed_are_not_limited(desk: Desk) -> None:
    assert [desk.visitor().log_in("ana").status_code for _ in range(12)] == [303] * 12


def test_a_success_forgives_the_failures_from_everywhere(desk: Desk) -> None:
    failures = [f"192.0.2.{n}" for n in range(1, 81)]  # of one login, wherever from, 100 are too many
    assert {try_login(desk, "ana", address) for address in failures} == {403}
    assert try_login(desk, "ana", "198.51.100.1", PASSWORD) == 303
    assert {try_login(desk, "ana", address) for address in failures} == {403}


@pytest.mark.parametrize("token", ["", "wrong", "ã"])
def test_a_log_in_without_its_pages_token_is_refused(desk: Desk, token: str) -> None:
    with_cookie = desk.visitor()
    with_cookie.get("/entrar")
    for browser in (with_cookie, desk.visitor()):
        refused = browser.post("/entrar", token=token, usuario="ana", senha=PASSWORD)
        assert refused.status_code == 403
        assert browser.client.get_cookie(SESSION_COOKIE) is None


def test_a_login_form_of_another_site_is_refused(desk: Desk) -> None:
    browser = desk.visitor()
    response = browser.client.post("/entrar", data={"usuario": "ana", "senha": PASSWORD, "form_token": "guess"})
    assert response.status_code == 403
    assert SESSION_COOKIE not in response.headers.get("Set-Cookie", "")


def test_a_login_is_kept_when_it_is_refused_and_the_password_is_not(desk: Desk) -> None:
    response = desk.visitor().log_in("ana", "a wrong password")
    assert 'value="ana"' in response.text
    assert "a wrong password" not in response.text


def test_logging_out_ends_the_session(ana: Browser) -> None:
    cookie = ana.client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    response = ana.post("/sair")
    assert response.location == "/entrar?aviso=saiu"
    assert "Você saiu do sistema." in ana.follow(response).text
    ana.client.set_cookie(SESSION_COOKIE, cookie.value)
    assert ana.get("/").status_code == 303


def test_logging_out_needs_the_form_token(ana: Browser) -> None:
    assert ana.post("/sair", token="wrong").status_code == 403
    assert ana.get("/").status_code == 200


def test_logging_out_twice_is_no_error(desk: Desk) -> None:
    assert desk.visitor().post("/sair").status_code == 303


def test_logging_in_again_ends_the_former_session(desk: Desk, ana: Browser) -> None:
    former = ana.client.get_cookie(SESSION_COOKIE)
    assert former is not None
    ana.client.delete_cookie(SESSION_COOKIE)
    ana.get("/entrar")
    ana.client.set_cookie(SESSION_COOKIE, former.value)
    ana.post("/entrar", usuario="bia", senha=PASSWORD)
    visitor = desk.visitor()
    visitor.client.set_cookie(SESSION_COOKIE, former.value)
    assert visitor.get("/").status_code == 303


def test_a_disabled_agent_is_out_at_once(desk: Desk, ana: Browser) -> None:
    desk.store.staff.disable_agent("ana")
    assert ana.get("/").location == "/entrar?para=%2F"


def test_an_open_login_page_leads_on_when_logged_in_meanwhile(ana: Browser) -> None:
    assert ana.get("/entrar?para=/chamadas").location == "/chamadas"
