"""A log-in ends without use, and in any case after a time; a click, a key or a posted form is use."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from soap_service.errors import StoreUnavailable
from soap_service.model import LoginSession
from soap_service.rules.credentials import SESSION_COOKIE
from tests.clock import stop_clock

from .conftest import LOGIN_LIMITS, PASSWORD, Browser, Desk

Clock = Callable[[timedelta], None]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def clock(desk: Desk) -> Clock:
    """Let time pass for the store."""
    return stop_clock(desk.store, datetime.now(UTC))


@pytest.fixture
def browser(desk: Desk, clock: Clock) -> Browser:
    """Ana's browser, where she logs in at the page."""
    browser = desk.visitor()
    assert browser.log_in("ana").status_code == 303
    return browser


def times(browser: Browser) -> dict[str, int]:
    """Return when the log-in ends, asked for as a script does."""
    return dict(browser.client.get("/sessao").json or {})


def use(browser: Browser) -> int:
    return browser.client.post("/sessao", headers={"X-Form-Token": browser.token}).status_code


def is_logged_in(browser: Browser) -> bool:
    return browser.client.get("/").status_code == 200


def test_without_use_a_log_in_ends(browser: Browser, clock: Clock) -> None:
    clock(LOGIN_LIMITS.idle - MINUTE)
    assert is_logged_in(browser)
    clock(2 * MINUTE)
    assert not is_logged_in(browser)


@pytest.mark.parametrize("way", ["script", "form", "navigation"])
def test_use_extends_a_log_in(browser: Browser, clock: Clock, way: str) -> None:
    clock(7 * HOUR)
    if way == "script":
        assert use(browser) == 200
    elif way == "form":
        browser.post("/preferencias", idioma="pt-BR")
    else:
        browser.get("/", headers={"Sec-Fetch-User": "?1"})
    clock(7 * HOUR)
    assert is_logged_in(browser)
    assert times(browser)["left"] == HOUR.total_seconds()


def test_what_pages_fetch_by_themselves_is_no_use(desk: Desk, browser: Browser, clock: Clock) -> None:
    token = desk.announce("11144477735")
    before = times(browser)["left"]
    clock(2 * HOUR)
    for path in ("/", "/chamadas", f"/chamadas/{token}/janela", "/sessao"):
        browser.client.get(path)
    browser.client.post(f"/chamadas/{token}/vista", headers={"X-Form-Token": browser.token})
    assert times(browser)["left"] == before - 2 * HOUR.total_seconds()


def test_a_log_in_ends_after_its_longest_life_however_much_it_is_used(browser: Browser, clock: Clock) -> None:
    for _ in range(23):
        clock(HOUR)
        assert use(browser) == 200
    assert times(browser)["left"] == HOUR.total_seconds()
    assert not times(browser)["isExtensible"]
    clock(HOUR + MINUTE)
    assert use(browser) == 401


def test_use_is_kept_once_a_minute(desk: Desk, browser: Browser, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[datetime] = []
    extend = desk.store.logins.extend
    monkeypatch.setattr(desk.store.logins, "extend", lambda *told: (kept.append(told[1]), extend(*told)))
    for _ in range(30):
        clock(timedelta(seconds=10))
        assert use(browser) == 200
    assert len(kept) == 5


def test_the_page_says_when_use_counts_and_when_to_warn(browser: Browser, clock: Clock) -> None:
    assert times(browser) == {"left": 8 * 3600, "warning": 300, "untilUseCounts": 60, "isExtensible": True}
    clock(timedelta(seconds=45))
    assert times(browser)["untilUseCounts"] == 15
    clock(HOUR)
    assert times(browser)["untilUseCounts"] == 0
    assert "&#34;untilUseCounts&#34;: 0" in browser.get("/").text


def test_a_log_in_made_before_the_upgrade_is_valid_and_lives_a_day(desk: Desk, browser: Browser, clock: Clock) -> None:
    with desk.store._database.writing() as session:
        session.execute(update(LoginSession).values(ends_at=None))
    clock(HOUR)
    assert is_logged_in(browser)
    for _ in range(23):
        assert use(browser) == 200
        clock(HOUR)
    clock(MINUTE)
    assert not is_logged_in(browser)


def test_a_log_in_that_ended_is_not_brought_back_by_use(desk: Desk, browser: Browser) -> None:
    cookie = browser.client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    login = desk.store.logins.find(cookie.value)
    desk.store.logins.close(cookie.value)
    desk.store.logins.extend(login.id_hash, login.expires_at + HOUR, login.expires_at + HOUR)
    assert not is_logged_in(browser)
    assert use(browser) == 401


def test_a_database_that_cannot_be_written_keeps_no_page_back(
    desk: Desk, browser: Browser, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(desk.store.logins, "extend", fail)
    clock(HOUR)
    assert browser.get("/", headers={"Sec-Fetch-User": "?1"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "fields", "page"),
    [
        ("/chamadas/{token}", {}, "/chamadas/{token}"),
        ("/ramal/pausa", {"pausa": "S", "para": "/chamadas?dia=2026-11-25"}, "/chamadas?dia=2026-11-25"),
        ("/ramal/pausa", {"pausa": "S", "para": "//evil.example"}, "/"),
        ("/chamadas/{token}/vista", {}, "/"),
    ],
)
def test_who_logs_in_again_after_a_post_returns_to_its_page(
    desk: Desk, ana: Browser, path: str, fields: dict[str, str], page: str
) -> None:
    token = desk.announce("11144477735")
    ana.client.delete_cookie(SESSION_COOKIE)
    refused = ana.post(path.format(token=token), **fields)
    assert refused.status_code == 401
    assert "Sua sessão terminou. Entre de novo para continuar." in refused.text
    again = ana.post("/entrar", usuario="ana", senha=PASSWORD, para=ana.hidden("para"))
    assert again.location == page.format(token=token)


def test_a_button_of_an_ended_log_in_leads_to_its_page(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735")
    refused = ana.post(f"/chamadas/{token}", token="of another log-in")
    assert refused.status_code == 403
    assert f'href="/chamadas/{token}"' in refused.text
    assert desk.store.calls.find(token).answered_at is None
