"""The second factor on its agent's page and at the log-in: set up, asked for, limited, required, removed."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pyotp
import pytest

from soap_service.errors import NotFound
from soap_service.rules.auditing import AuditKind
from soap_service.rules.credentials import SESSION_COOKIE
from soap_service.rules.roles import Role
from soap_service.screens.access import CODE_COOKIE
from soap_service.screens.app import Screens
from soap_service.storage.second_factors import SecondFactors
from soap_service.storage.secret_key import SecretKey
from soap_service.store import AuditFilter

from .conftest import LOGIN_LIMITS, PASSWORD, ZONE, Browser, Desk
from .test_administration import ROOT

PAGE = "/preferencias/segundo-fator"
WRONG = "Código incorreto ou já usado."


@pytest.fixture(autouse=True)
def clock(desk: Desk) -> "Clock":
    return Clock(desk)


class Clock:
    """The store's clock, which stands still until it is told to go."""

    def __init__(self, desk: Desk) -> None:
        self.now = datetime.now(UTC)
        desk.store._database.now = lambda: self.now  # type: ignore[method-assign]

    def advance(self, seconds: float = 30) -> None:
        self.now += timedelta(seconds=seconds)


class App:
    """An agent's authenticator app."""

    def __init__(self, clock: Clock, key: str) -> None:
        self._clock, self._code = clock, pyotp.TOTP(key)

    def code(self) -> str:
        return self._code.at(self._clock.now)

    def next_code(self) -> str:
        """Return a code that was not used."""
        self._clock.advance()
        return self.code()


def begin(browser: Browser, clock: Clock) -> App:
    browser.get(PAGE)
    browser.post(PAGE, acao="iniciar")
    found = re.search(r'id="chave-do-aplicativo"[^>]*>([A-Z2-7 ]+)<', browser.page)
    assert found
    return App(clock, found[1].replace(" ", ""))


def set_up(browser: Browser, clock: Clock) -> tuple[App, list[str]]:
    app = begin(browser, clock)
    page = browser.post(PAGE, acao="confirmar", codigo=app.code(), senha_atual=PASSWORD).text
    codes = re.findall(r"<li>([a-z2-7-]{34})</li>", page)
    assert len(codes) == 8, page
    return app, codes


def give_password(desk: Desk, login: str = "ana", **fields: str) -> Browser:
    """Return a browser in which the password was given, at the page that asks for the code."""
    browser = desk.visitor()
    browser.get("/entrar")
    response = browser.post("/entrar", usuario=login, senha=PASSWORD, **fields)
    assert response.status_code == 200 and "aplicativo autenticador" in response.text
    return browser


def is_in(browser: Browser) -> bool:
    return browser.client.get("/").status_code == 200


def kinds(desk: Desk) -> list[tuple[str, str]]:
    desk.store.audit.flush()
    return [(row.kind, row.actor) for row in reversed(desk.store.audit.list_page(AuditFilter()))]


def test_a_code_is_asked_for_after_the_password(desk: Desk, ana: Browser, clock: Clock) -> None:
    assert PAGE in ana.get("/preferencias").text
    app, _ = set_up(ana, clock)
    browser = give_password(desk, para="/solicitacoes", lembrar="S")
    assert not is_in(browser)
    assert browser.client.get_cookie(SESSION_COOKIE) is None
    response = browser.post("/entrar/codigo", codigo=app.next_code(), para=browser.hidden("para"))
    assert (response.status_code, response.location) == (303, "/solicitacoes")
    assert is_in(browser)
    cookies = {line.split("=")[0]: line for line in response.headers.getlist("Set-Cookie")}
    assert f"Max-Age={int(LOGIN_LIMITS.longest.total_seconds())}" in cookies[SESSION_COOKIE]
    assert "Max-Age=0" in cookies[CODE_COOKIE]
    assert (AuditKind.SECOND_FACTOR_SET_UP, "ana") in kinds(desk)
    assert kinds(desk)[-1] == (AuditKind.LOGGED_IN, "ana")


def test_the_key_is_shown_as_a_picture_and_in_letters(ana: Browser, clock: Clock) -> None:
    begin(ana, clock)
    drawing = re.search(r'<svg[^>]*class="qr-code".*?</svg>', ana.page, re.DOTALL)
    assert drawing and 'aria-label="Código QR para o aplicativo"' in drawing[0] and "style" not in drawing[0]
    assert "otpauth" not in ana.page


def test_the_agents_other_log_ins_end_with_the_set_up(desk: Desk, ana: Browser, bia: Browser, clock: Clock) -> None:
    other = desk.visitor()
    other.log_in("ana")
    set_up(ana, clock)
    assert [is_in(one) for one in (ana, other, bia)] == [True, False, True]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"senha_atual": "uma outra senha"}, "Esta não é a sua senha atual."),
        ({"codigo": ""}, "O código não confere."),
        ({"codigo": "0" * 100}, "O código não confere."),
    ],
)
def test_the_set_up_needs_password_and_code(
    desk: Desk, ana: Browser, clock: Clock, fields: dict[str, str], sentence: str
) -> None:
    app = begin(ana, clock)
    response = ana.post(PAGE, **{"acao": "confirmar", "codigo": app.code(), "senha_atual": PASSWORD, **fields})
    assert response.status_code == 422 and sentence in response.text
    assert desk.store.staff.find_agent("ana").second_factor_at is None
    assert app._code.secret in ana.page.replace(" ", "")  # nobody scans it again
    assert PASSWORD not in ana.page
    assert desk.visitor().log_in("ana").status_code == 303


def test_a_key_is_shown_to_whoever_asked_for_it_just_now(ana: Browser, clock: Clock) -> None:
    app = begin(ana, clock)
    assert app._code.secret not in ana.get(PAGE).text.replace(" ", "")
    clock.advance(15 * 60)
    response = ana.post(PAGE, acao="confirmar", codigo=app.code(), senha_atual=PASSWORD)
    assert response.location == PAGE
    assert ana.post(PAGE, acao="nada", senha_atual=PASSWORD).location == PAGE


def test_recovery_codes_are_shown_once(ana: Browser, clock: Clock) -> None:
    _, codes = set_up(ana, clock)
    assert codes[0] not in ana.get(PAGE).text
    assert "restam: 8" in ana.page
    assert ana.post(PAGE, acao="confirmar", codigo="123456", senha_atual=PASSWORD).location == PAGE
    assert ana.post(PAGE, acao="iniciar").location == PAGE
    ana.get(PAGE)
    assert "Esta não é a sua senha atual." in ana.post(PAGE, acao="codigos", senha_atual="outra").text
    page = ana.post(PAGE, acao="codigos", senha_atual=PASSWORD).text
    assert len(re.findall(r"<li>[a-z2-7-]{34}</li>", page)) == 8 and codes[0] not in page


def test_a_recovery_code_lets_in_once_and_is_recorded(desk: Desk, ana: Browser, clock: Clock) -> None:
    _, codes = set_up(ana, clock)
    browser = give_password(desk)
    assert browser.post("/entrar/codigo", codigo=codes[3]).status_code == 303
    assert (AuditKind.RECOVERY_CODE_USED, "ana") in kinds(desk)
    again = give_password(desk)
    response = again.post("/entrar/codigo", codigo=codes[3])
    assert response.status_code == 403 and WRONG in response.text and codes[3] not in response.text
    assert kinds(desk)[-1][0] == AuditKind.CODE_REFUSED
    assert "restam: 7" in browser.get(PAGE).text


def test_a_code_lets_in_once(desk: Desk, ana: Browser, clock: Clock) -> None:
    app, _ = set_up(ana, clock)
    first, second = give_password(desk), give_password(desk)
    code = app.next_code()
    assert first.post("/entrar/codigo", codigo=code).status_code == 303
    assert WRONG in second.post("/entrar/codigo", codigo=code).text
    assert not is_in(second)
    assert second.post("/entrar/codigo", codigo=app.next_code()).status_code == 303


def test_codes_are_not_guessed(desk: Desk, ana: Browser, clock: Clock) -> None:
    app, codes = set_up(ana, clock)
    browser = give_password(desk)
    for _ in range(10):
        assert browser.post("/entrar/codigo", codigo="000000").status_code == 403
    limited = browser.post("/entrar/codigo", codigo=app.next_code())
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "300")
    assert "Aguarde cinco minutos" in limited.text
    fresh = give_password(desk)  # the password does not give the tries back, nor does another browser
    assert fresh.post("/entrar/codigo", codigo=codes[0]).status_code == 429
    clock.advance(300)
    assert give_password(desk).post("/entrar/codigo", codigo=app.code()).status_code == 303


def test_whoever_has_the_password_locks_no_known_browser_out(desk: Desk, ana: Browser, clock: Clock) -> None:
    app, _ = set_up(ana, clock)
    known = give_password(desk)
    known.post("/entrar/codigo", codigo=app.next_code())
    stranger = give_password(desk)
    for _ in range(11):
        stranger.post("/entrar/codigo", codigo="000000")
    known.get("/")
    known.follow(known.post("/sair"))
    known.post("/entrar", usuario="ana", senha=PASSWORD)
    assert known.post("/entrar/codigo", codigo=app.next_code()).status_code == 303


def test_without_the_password_no_code_is_looked_at(desk: Desk, ana: Browser, clock: Clock) -> None:
    app, codes = set_up(ana, clock)
    visitor = desk.visitor()
    assert 'action="/entrar"' in visitor.get("/entrar/codigo?para=/solicitacoes").text
    assert visitor.hidden("para") == "/solicitacoes"
    assert visitor.post("/entrar/codigo", codigo=app.next_code()).status_code == 403
    visitor.client.set_cookie(CODE_COOKIE, "made up")
    assert visitor.post("/entrar/codigo", codigo=codes[0]).status_code == 403
    assert desk.store.second_factors.codes_left(desk.ana.id) == 8
    given = give_password(desk)
    assert "aplicativo autenticador" in given.get("/entrar/codigo").text
    assert given.post("/entrar/codigo", token="wrong", codigo=app.next_code()).status_code == 403
    assert not is_in(given)
    clock.advance(11 * 60)
    assert 'action="/entrar"' in given.get("/entrar/codigo").text


def test_what_was_typed_comes_back_after_the_code(desk: Desk, ana: Browser, clock: Clock) -> None:
    app, _ = set_up(ana, clock)
    path = f"/solicitacoes/{desk.request.id}/executar"
    late = desk.visitor()
    late.get("/entrar")
    kept = json.dumps({"path": path, "fields": {"despacho": "Troquei o cabo."}})
    late.post("/entrar", usuario="ana", senha=PASSWORD, guardado=kept)
    response = late.post("/entrar/codigo", codigo=app.next_code(), guardado=late.hidden("guardado"))
    assert response.status_code == 200 and "Troquei o cabo." in unescape(response.text)


def test_the_agent_removes_it_with_the_password(desk: Desk, ana: Browser, clock: Clock) -> None:
    set_up(ana, clock)
    ana.get(PAGE)
    assert ana.post(PAGE, acao="desligar", senha_atual="outra senha").status_code == 422
    assert "Segundo fator desligado." in ana.follow(ana.post(PAGE, acao="desligar", senha_atual=PASSWORD)).text
    assert desk.visitor().log_in("ana").status_code == 303
    assert (AuditKind.SECOND_FACTOR_REMOVED, "ana") in kinds(desk)


def test_an_administrator_removes_what_an_agent_has_lost(desk: Desk, ana: Browser, rui: Browser, clock: Clock) -> None:
    path = f"{ROOT}/atendentes/{desk.ana.id}"
    assert "segundo-fator" not in rui.get(path).text
    set_up(ana, clock)
    assert "segundo-fator" in rui.get(path).text
    assert "Segundo fator removido." in rui.follow(rui.post(f"{path}/segundo-fator")).text
    assert not is_in(ana)
    assert desk.visitor().log_in("ana").status_code == 303
    assert (AuditKind.SECOND_FACTOR_REMOVED, "rui") in kinds(desk)


def test_administrators_remove_their_own_with_the_password_alone(desk: Desk, rui: Browser, clock: Clock) -> None:
    number = desk.store.staff.find_agent("rui").id
    set_up(rui, clock)
    rui.get(PAGE)
    assert rui.post(f"{ROOT}/atendentes/{number}/segundo-fator").location == PAGE
    assert desk.store.staff.find_agent("rui").second_factor_at is not None
    assert PAGE in rui.get(f"{ROOT}/atendentes/{number}").text


@pytest.fixture
def strict(desk: Desk) -> Desk:
    """The desk where administrators must have a second factor."""
    required = frozenset({Role.ADMINISTRATOR})
    desk.screens = Screens(desk.store, ZONE, LOGIN_LIMITS, is_https=False, second_factor_of=required)
    return desk


def test_who_must_have_one_sets_it_up_before_anything_else(strict: Desk, clock: Clock) -> None:
    assert strict.visitor().log_in("ana").location == "/"
    rui = strict.visitor()
    rui.get("/entrar")
    rui.follow(rui.post("/entrar", usuario="rui", senha=PASSWORD, para="/solicitacoes"))
    asked = rui.get("/solicitacoes?ordem=prazo")
    assert asked.location == f"{PAGE}?para=%2Fsolicitacoes%3Fordem%3Dprazo"
    page = rui.follow(asked).text
    assert "Ative o segundo fator" in page and "data-agent" not in page and "/solicitacoes/nova" not in page
    assert rui.post(f"{ROOT}/parametros", parametro="282", valor="S", antes="N").location.startswith(PAGE)
    cookie = rui.client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    with pytest.raises(NotFound):
        strict.store.logins.find_subscriber(cookie.value)
    assert rui.get("/sessao").status_code == 200
    rui.get(f"{PAGE}?para=/solicitacoes")
    rui.post(PAGE, acao="iniciar", para=rui.hidden("para"))
    found = re.search(r'id="chave-do-aplicativo"[^>]*>([A-Z2-7 ]+)<', rui.page)
    assert found
    app = App(clock, found[1].replace(" ", ""))
    page = rui.post(PAGE, acao="confirmar", codigo=app.code(), senha_atual=PASSWORD, para=rui.hidden("para")).text
    assert 'href="/solicitacoes"' in page and "data-agent" in page
    assert rui.get("/solicitacoes").status_code == 200
    assert strict.store.logins.find_subscriber(cookie.value).agent_id == strict.store.staff.find_agent("rui").id


def test_who_must_have_one_can_go_and_has_none_in_vain(strict: Desk, clock: Clock) -> None:
    rui = strict.visitor()
    rui.get("/entrar")
    rui.post("/entrar", usuario="rui", senha=PASSWORD)
    set_up(rui, clock)
    rui.get(PAGE)
    assert "o seu papel precisa dele" in rui.page
    rui.follow(rui.post(PAGE, acao="desligar", senha_atual=PASSWORD))
    assert rui.get("/").location.startswith(PAGE)
    rui.get(PAGE)
    assert rui.follow(rui.post("/sair")).status_code == 200


def test_who_must_choose_a_password_chooses_it_first(strict: Desk, rui: Browser) -> None:
    strict.store.staff.set_password("rui", strict.store.staff.find_agent("rui").password_hash, must_change=True)
    browser = strict.visitor()
    browser.get("/entrar")
    browser.post("/entrar", usuario="rui", senha=PASSWORD)
    assert browser.get("/").location.startswith("/preferencias/senha")


def test_a_long_host_still_goes_into_the_qr_code(ana: Browser) -> None:
    ana.get(PAGE)
    data = {"acao": "iniciar", "form_token": ana.hidden("form_token")}
    cookie = ana.client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    host = ".".join(["a" * 60] * 50)
    ana.client.set_cookie(SESSION_COOKIE, cookie.value, domain=host)
    answer = ana.client.post(PAGE, data=data, headers={"Host": host})
    assert answer.status_code == 200 and "<svg" in answer.text


def test_a_server_without_a_key_says_so(desk: Desk, ana: Browser, clock: Clock) -> None:
    app, codes = set_up(ana, clock)
    desk.store.second_factors = SecondFactors(desk.store._database, SecretKey(None))
    browser = give_password(desk)
    response = browser.post("/entrar/codigo", codigo=app.next_code())
    assert response.status_code == 503 and "O servidor não tem a chave" in response.text
    assert browser.post("/entrar/codigo", codigo=codes[0]).status_code == 303
    bia = desk.browser_of("bia")
    bia.get(PAGE)
    response = bia.post(PAGE, acao="iniciar")
    assert response.status_code == 503 and "secrets_key_file" in response.text
