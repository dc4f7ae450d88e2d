"""The tabs of one agent: one leads, another takes over when it stands still. In a real Chromium."""

import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Desk, register_extension
from tests.conftest import Service, element, wait_until
from tests.event_streams import announce, listening, log_in

pytestmark = pytest.mark.timeout(180)


def test_a_visible_tab_takes_over_from_one_that_stands_still(desk: Desk) -> None:
    first = desk.page("atendente")
    register_extension(first, "4067")
    second = desk.page("atendente")
    expect(second.locator("#connection")).to_have_text("Conectado")
    first.on("dialog", lambda _dialog: None)  # nobody answers it: its tab stands still, whichever leads
    first.evaluate("setTimeout(() => alert('stop'))")
    started = time.monotonic()
    announce(desk.service)
    expect(second.locator("dialog.popup")).to_have_count(1, timeout=40_000)
    assert time.monotonic() - started < 40
    expect(second.locator("#connection")).to_have_text("Conectado")


def test_six_tabs_over_plain_http_share_one_stream_and_say_what_to_do(desk: Desk) -> None:
    url = f"http://desk.example:{urlsplit(desk.service.url).port}"
    pages = [desk.page("atendente", url)]
    assert not pages[0].evaluate("window.isSecureContext")
    register_extension(pages[0], "4067")
    for _ in range(6):
        pages.append(desk.page("atendente", url))
        expect(pages[-1].locator("#connection")).to_have_text("Conectado")
    announce(desk.service)
    pages[-1].locator("dialog.popup").wait_for(timeout=5000)
    expect(pages[-1].get_by_text("Este endereço não é seguro (HTTP)")).to_have_count(1)


def test_logging_out_in_one_tab_is_said_in_the_other(desk: Desk) -> None:
    first = desk.page("atendente")
    register_extension(first, "4067")
    second = desk.page("atendente")
    expect(second.locator("#connection")).to_have_text("Conectado")
    second.get_by_role("button", name="Sair").click()  # not the one that holds the stream
    expect(first.get_by_text("Sua sessão terminou.")).to_be_visible(timeout=2000)
    expect(first.locator("#connection")).to_have_text("Sem conexão", timeout=2000)
    numbers = iter(range(1, 1000))

    def is_waiting() -> bool:
        answer = desk.service.call("novaSolicitacao", cpf=next(numbers), ramal="4067")
        return element(answer, "aviso") == "AGUARDANDO"

    wait_until(is_waiting, 2)


def test_a_new_password_ends_the_streams_of_the_open_pages(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    desk.service.command("agent", "password", "atendente", stdin="outra senha longa\n")
    expect(page.get_by_text("Sua sessão terminou.")).to_be_visible(timeout=2000)
    expect(page.locator("#connection")).to_have_text("Sem conexão")


def test_an_extension_taken_back_after_it_was_lost_is_heard_again(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    store = desk.service.store
    store.extensions.register(store.staff.find_agent("consulta").id, "4067", take_over=True)
    expect(page.get_by_text("O ramal 4067 foi assumido por")).to_be_visible()
    store.extensions.register(store.staff.find_agent("atendente").id, "4067", take_over=True)
    expect(page.locator("#connection")).to_be_visible()
    announce(desk.service)
    page.locator("dialog.popup").wait_for()


def test_a_sixth_stream_of_a_log_in_ends_the_oldest(own_service: Service) -> None:
    cookie = log_in(own_service, "atendente", "4067")
    with ExitStack() as stack:
        first, *others = [stack.enter_context(listening(own_service, cookie)) for _ in range(6)]
        wait_until(lambda: first.has_ended)
        assert len(first.live_events("streamReplaced")) == 1
        assert first.retry == 30_000
        assert not any(one.has_ended for one in others)
        with listening(own_service, log_in(own_service, "atendente")) as another:  # of another log-in
            assert not another.has_ended and not others[0].has_ended
