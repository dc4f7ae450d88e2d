"""Log-ins as their agents see them: which there are, how they end, and what the browser keeps of them."""

from datetime import timedelta
from http.cookies import Morsel, SimpleCookie

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from soap_service.model import LoginSession
from soap_service.rules.auditing import AuditKind
from soap_service.rules.credentials import SESSION_COOKIE, login_digest
from soap_service.screens.app import Screens
from soap_service.store import AuditFilter

from .conftest import LOGIN_LIMITS, PASSWORD, ZONE, Browser, Desk
from .test_administration import ROOT

PAGE = "/preferencias/sessoes"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HOST_COOKIE = f"__Host-{SESSION_COOKIE}"


def log_in(desk: Desk, login: str = "ana", address: str = "192.0.2.7", agent: str = FIREFOX, **fields: str) -> Browser:
    """Return a browser in which an agent has logged in at the page."""
    browser = desk.visitor()
    browser.get("/entrar")
    form = {"form_token": browser.token, "usuario": login, "senha": PASSWORD, **fields}
    place = {"environ_overrides": {"REMOTE_ADDR": address}, "headers": {"User-Agent": agent}}
    assert browser.client.post("/entrar", data=form, **place).status_code == 303
    browser.get("/")
    return browser


def digest_of(browser: Browser) -> str:
    cookie = browser.client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    return login_digest(cookie.value).hex()


def is_in(browser: Browser) -> bool:
    return browser.client.get("/").status_code == 200


def test_an_agent_sees_where_they_are_logged_in(desk: Desk) -> None:
    other, own = log_in(desk, agent="Mozilla/5.0 (Windows NT 10.0) Chrome/131.0.0.0 Safari/537.36"), log_in(desk)
    log_in(desk, "bia", "198.51.100.9")
    page = own.get(PAGE).text
    assert page.count("<tr>") == 3
    assert "Firefox 140, Linux" in page and "Chrome 131, Windows" in page and page.count("192.0.2.7") == 2
    assert "198.51.100.9" not in page
    assert page.count("esta sessão") == 1
    assert digest_of(own) not in page and digest_of(other) in page


def test_an_agent_ends_another_of_their_log_ins(desk: Desk) -> None:
    own, other, third, bia = log_in(desk), log_in(desk), log_in(desk), log_in(desk, "bia")
    own.get(PAGE)
    assert "Sessão finalizada." in own.follow(own.post(PAGE, sessao=digest_of(other))).text
    assert [is_in(one) for one in (own, other, third, bia)] == [True, False, True, True]
    own.post(PAGE, sessao=digest_of(bia))
    own.post(PAGE, sessao=digest_of(own))
    own.post(PAGE, sessao="no digest")
    assert [is_in(one) for one in (own, third, bia)] == [True, True, True]
    own.follow(own.post(PAGE, outras="S"))
    assert [is_in(one) for one in (own, third, bia)] == [True, False, True]
    desk.store.audit.flush()
    ended = desk.store.audit.list_page(AuditFilter(kind=AuditKind.LOGIN_ENDED))
    assert [(row.actor, row.record) for row in ended] == [("ana", str(desk.ana.id))] * 2


def test_later_than_ten_minutes_after_the_log_in_the_password_is_asked_for(desk: Desk) -> None:
    own, other = log_in(desk), log_in(desk)
    assert "senha_atual" not in own.get(PAGE).text
    now = desk.store.now() + timedelta(minutes=11)
    desk.store._database.now = lambda: now  # type: ignore[method-assign]
    assert "senha_atual" in own.get(PAGE).text
    for fields in ({"sessao": digest_of(other)}, {"outras": "S"}):
        for password in ("", "uma outra senha"):
            refused = own.post(PAGE, senha_atual=password, **fields)
            assert refused.status_code == 422 and "Esta não é a sua senha atual." in refused.text
            assert is_in(other)
    assert "Sessão finalizada." in own.follow(own.post(PAGE, sessao=digest_of(other), senha_atual=PASSWORD)).text
    assert not is_in(other)


def test_who_came_by_the_provider_logs_in_again_to_end_others(desk: Desk) -> None:
    own, other = log_in(desk), log_in(desk)
    with desk.store._database.writing() as session:
        session.execute(update(LoginSession).values(by_provider=True))
    now = desk.store.now() + timedelta(minutes=11)
    desk.store._database.now = lambda: now  # type: ignore[method-assign]
    page = own.get(PAGE).text
    assert "entre de novo com a conta da empresa" in page and "senha_atual" not in page
    assert own.post(PAGE, outras="S").status_code == 422
    assert is_in(other)


def test_an_administrator_sees_and_ends_an_agents_log_ins(desk: Desk, rui: Browser) -> None:
    ana, other, bia = log_in(desk), log_in(desk), log_in(desk, "bia")
    path = f"{ROOT}/atendentes/{desk.ana.id}/sessoes"
    assert path in rui.get(f"{ROOT}/atendentes/{desk.ana.id}").text
    assert "Firefox 140, Linux" in rui.get(path).text
    rui.follow(rui.post(path, sessao=digest_of(bia)))  # not one of hers
    rui.follow(rui.post(path, sessao=digest_of(ana)))
    assert [is_in(one) for one in (ana, other, bia)] == [False, True, True]
    assert "Nenhuma sessão aberta." in rui.follow(rui.post(path, outras="S")).text
    assert [is_in(one) for one in (other, bia)] == [False, True]


def test_administrators_find_their_own_log_ins_where_this_one_is_marked(desk: Desk, rui: Browser) -> None:
    path = f"{ROOT}/atendentes/{desk.store.staff.find_agent('rui').id}/sessoes"
    assert rui.get(path).location == PAGE
    assert rui.post(path, outras="S").location == PAGE
    assert is_in(rui)


def test_a_log_in_is_used_when_somebody_clicks(desk: Desk) -> None:
    ana = log_in(desk)
    before = desk.store.logins.list_of(desk.ana.id)[0]
    now = desk.store.now() + timedelta(hours=1)
    desk.store._database.now = lambda: now  # type: ignore[method-assign]
    ana.get("/")
    assert desk.store.logins.list_of(desk.ana.id)[0].used_at == before.used_at
    ana.get("/", headers={"Sec-Fetch-User": "?1"})
    after = desk.store.logins.list_of(desk.ana.id)[0]
    assert (after.used_at, after.opened_at) == (now, before.opened_at)


def test_a_log_in_that_has_expired_is_not_listed(desk: Desk, ana: Browser) -> None:
    desk.store.logins.open(desk.ana.id, timedelta(hours=-1))
    assert len(desk.store.logins.list_of(desk.ana.id)) == 1


def test_a_log_in_of_before_the_upgrade_is_listed_without_its_time(desk: Desk, ana: Browser) -> None:
    with desk.store._database.writing() as session:
        session.execute(update(LoginSession).values(opened_at=None, used_at=None, address="", browser=""))
    page = ana.get(PAGE).text
    assert "Navegador desconhecido" in page and "esta sessão" in page


def cookies_of(response: TestResponse) -> dict[str, "Morsel[str]"]:
    jar: SimpleCookie = SimpleCookie()
    for line in response.headers.getlist("Set-Cookie"):
        jar.load(line)
    return dict(jar)


def post_log_in(browser: Browser, **fields: str) -> TestResponse:
    browser.get("/entrar")
    return browser.post("/entrar", usuario="ana", senha=PASSWORD, **fields)


def test_the_cookie_ends_with_the_browser_unless_the_agent_wants_to_stay(desk: Desk) -> None:
    cookie = cookies_of(post_log_in(desk.visitor()))[SESSION_COOKIE]
    assert (cookie["max-age"], cookie["expires"]) == ("", "")
    kept = cookies_of(post_log_in(desk.visitor(), lembrar="S"))[SESSION_COOKIE]
    assert kept["max-age"] == str(int(LOGIN_LIMITS.longest.total_seconds()))


def test_the_wish_to_stay_is_kept_when_a_log_in_is_refused(desk: Desk) -> None:
    browser = desk.visitor()
    browser.get("/entrar")
    assert 'value="S" checked' not in browser.page
    browser.post("/entrar", usuario="ana", senha="wrong", lembrar="S")
    assert 'value="S" checked' in browser.page


@pytest.fixture
def secure(desk: Desk) -> Desk:
    """The desk behind https."""
    desk.screens = Screens(desk.store, ZONE, LOGIN_LIMITS, is_https=True)
    return desk


class SecureBrowser(Browser):
    def get(self, path: str, **options: object) -> TestResponse:
        return super().get(path, base_url="https://localhost", **options)

    def post(self, path: str, token: str | None = None, **fields: str) -> TestResponse:
        data = {"form_token": self.token if token is None else token, **fields}
        return self._look_at(self.client.post(path, data=data, base_url="https://localhost"))


def secure_browser(desk: Desk) -> SecureBrowser:
    return SecureBrowser(desk.visitor().client)


def test_over_https_no_other_host_can_set_the_cookies(secure: Desk) -> None:
    browser = secure_browser(secure)
    first = cookies_of(browser.get("/entrar"))
    answer = cookies_of(post_log_in(browser))
    language = cookies_of(browser.post("/entrar/idioma", idioma="es"))
    assert {*first, *answer, *language} == {
        f"__Host-soap_service_{name}" for name in ("form", "language", "browser", "session")
    }
    for cookie in (*first.values(), *answer.values(), *language.values()):
        assert cookie["secure"] and cookie["httponly"] and (cookie["path"], cookie["domain"]) == ("/", "")
    assert browser.get("/").status_code == 200
    gone = cookies_of(browser.post("/sair"))
    assert {name: one["max-age"] for name, one in gone.items()} == {HOST_COOKIE: "0", SESSION_COOKIE: "0"}
    assert browser.get("/").status_code == 303


def test_over_https_a_log_in_of_before_the_upgrade_stays_valid(secure: Desk) -> None:
    browser = secure_browser(secure)
    cookie = secure.store.logins.open(secure.ana.id, timedelta(hours=1))
    browser.client.set_cookie(SESSION_COOKIE, cookie, secure=True)
    assert browser.get("/").status_code == 303  # of today: another host may have set it
    with secure.store._database.writing() as session:
        session.execute(update(LoginSession).values(opened_at=None))
    assert browser.get("/").status_code == 200
    browser.get("/preferencias")
    browser.post("/sair")
    assert browser.get("/").status_code == 303


def test_over_https_the_new_name_goes_before_the_former(secure: Desk) -> None:
    browser = secure_browser(secure)
    post_log_in(browser)
    former = secure.store.logins.open(secure.bia.id, timedelta(hours=1))
    with secure.store._database.writing() as session:
        session.execute(update(LoginSession).where(LoginSession.agent_id == secure.bia.id).values(opened_at=None))
    browser.client.set_cookie(SESSION_COOKIE, former, secure=True)
    assert "Olá, Ana Souza" in browser.get("/").text
