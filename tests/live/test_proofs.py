"""A stream that is silently dead is noticed at both ends. In a real Chromium, and with streams read by hand."""

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from soap_service.rules.credentials import SESSION_COOKIE
from tests.browser.conftest import Desk, register_extension
from tests.conftest import Service, element, start_service, wait_until
from tests.demonstration import create_demo_database
from tests.event_streams import Listener, announce, listening, log_in
from tests.postgres import drop_database
from tests.proxy import Network

#: How long a browser and the server may take to notice.
NOTICED_SECONDS = 45
#: A hidden page whose timers the browser holds back, and a clock that can be put forward by `window.skipped`.
HIDDEN = """
    window.setInterval = () => 0;
    Object.defineProperty(document, "visibilityState", { get: () => window.isAway ? "hidden" : "visible" });
"""
CLOCK = "const now = Date.now; window.skipped = 0; Date.now = () => now() + window.skipped;"


@pytest.fixture
def network(desk: Desk) -> Iterator[Network]:
    network = Network(int(urlsplit(desk.service.url).port or 0))
    yield network
    network.cut()


def open_page(desk: Desk, network: Network, script: str) -> Page:
    page = desk.page("atendente", network.url)
    page.add_init_script(script)
    register_extension(page, "4067")
    return page


@pytest.mark.timeout(180)
def test_a_half_open_stream_is_replaced_in_time_in_a_hidden_tab(desk: Desk, network: Network) -> None:
    page = open_page(desk, network, HIDDEN)
    page.evaluate("window.isAway = true")
    network.half_open()
    started = time.monotonic()
    announce(desk.service)
    expect(page.locator("dialog.popup")).to_have_count(1, timeout=NOTICED_SECONDS * 1000)
    assert 1 < time.monotonic() - started < NOTICED_SECONDS
    expect(page.locator("#connection")).to_have_text("Conectado")


@pytest.mark.parametrize("event", ["online", "focus"])
def test_coming_back_looks_at_once(desk: Desk, network: Network, event: str) -> None:
    page = open_page(desk, network, CLOCK)
    network.half_open()
    announce(desk.service)
    page.evaluate("window.skipped = 25_000")
    page.wait_for_timeout(300)
    assert page.locator("dialog.popup").count() == 0
    page.evaluate(f"window.dispatchEvent(new Event('{event}'))")
    expect(page.locator("dialog.popup")).to_have_count(1, timeout=4000)


def test_a_page_without_connection_says_so_until_it_hears_again(desk: Desk, network: Network) -> None:
    page = open_page(desk, network, "")
    network.half_open()
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("Sem conexão")
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_have_text("Conectado")


@pytest.fixture
def nodes(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[tuple[Service, Service]]:
    url = create_demo_database(postgres_url)
    folder = tmp_path_factory.mktemp("nodes")
    found = start_service(folder / "a", database_url=url), start_service(folder / "b", database_url=url)
    yield found
    for service in found:
        service.stop()
        assert "Traceback" not in service.log, service.log
    drop_database(postgres_url, url)


def prove(service: Service, cookie: str, listener: Listener, form_token: str | None = None) -> int:
    """Post what a page posts for each pulse; return the answer's status."""
    if form_token is None:
        form_token = service.store.logins.find(cookie).form_token
    headers = {
        "Cookie": f"{SESSION_COOKIE}={cookie}",
        "X-Form-Token": form_token,
        "X-Stream": listener.stream_id,
        "Content-Length": "0",
    }
    return httpx.post(f"{service.url}/eventos/prova", headers=headers, timeout=10).status_code


def notice(service: Service, extension: str) -> str:
    """Return the `aviso` of a new call at an extension."""
    answer = service.call("novaSolicitacao", cpf=str(time.monotonic_ns())[-11:], ramal=extension)
    return element(answer, "aviso")


@pytest.mark.timeout(240)
def test_a_screen_is_believed_for_45_seconds_after_its_last_proof(nodes: tuple[Service, Service]) -> None:
    here, there = nodes
    silent, proving, outdated = (
        log_in(here, login, number)
        for login, number in (("atendente", "4067"), ("consulta", "4068"), ("admin", "4069"))
    )
    with (
        listening(here, silent) as one,
        listening(here, proving) as two,
        listening(here, outdated, query="") as three,
    ):
        opened = time.monotonic()
        assert three.events[0][1:] == ("ramal", {"ramal": "4069 · recarregue esta página (F5)"})
        assert {notice(here, number) for number in ("4067", "4068", "4069")} == {"ENTREGUE"}
        while time.monotonic() - opened < NOTICED_SECONDS + 1:
            assert prove(there, proving, two) == 204  # at the other node, which passes it on
            time.sleep(5)
        assert (one.pulses, two.pulses) >= (3, 3)
        wait_until(lambda: notice(there, "4067") == "AGUARDANDO", 5)
        assert {notice(there, number) for number in ("4068", "4069")} == {"ENTREGUE"}
        assert prove(here, silent, one) == 204
        wait_until(lambda: notice(there, "4067") == "ENTREGUE", 2)


def test_nobody_proves_for_somebody_else(own_service: Service) -> None:
    mine, other = log_in(own_service, "atendente", "4067"), log_in(own_service, "consulta")
    with listening(own_service, mine) as listener:
        wait_until(lambda: listener.stream_id)
        assert prove(own_service, mine, listener) == 204
        assert prove(own_service, other, listener) == 403
        assert prove(own_service, mine, listener, form_token="wrong") == 403
        assert prove(own_service, "wrong", listener, form_token="") == 403
        listener.stream_id = "x" * 22  # of no stream here: passed on, if the log-in is one
        assert prove(own_service, mine, listener) == 204
        assert prove(own_service, mine, listener, form_token="wrong") == 403
        assert prove(own_service, "wrong", listener, form_token="") == 403
        listener.stream_id = "x"
        assert prove(own_service, mine, listener) == 400


def test_a_proof_has_no_body_and_is_posted(own_service: Service) -> None:
    address = f"{own_service.url}/eventos/prova"
    assert (httpx.get(address).status_code, httpx.put(address).status_code) == (204, 405)
    assert httpx.post(address, content=b"x" * 100_000, headers={"X-Stream": "x" * 22}).status_code == 400
