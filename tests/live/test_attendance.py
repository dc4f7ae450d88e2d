"""What became of an agent's extension while no stream was open: pages are told when one begins again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from soap_service.store import Store
from tests.browser.conftest import Desk, register_extension
from tests.conftest import Service, start_service, wait_until
from tests.event_streams import announce, listening, log_in

pytestmark = pytest.mark.timeout(120)

GONE = "O ramal 4067 não é mais seu. Informe um ramal para receber ligações."


def take_over(store: Store) -> None:
    store.extensions.register(store.staff.find_agent("consulta").id, "4067", take_over=True)


def move(store: Store) -> None:
    store.extensions.register(store.staff.find_agent("atendente").id, "4068")


def pause(store: Store) -> None:
    store.attendance.pause(store.staff.find_agent("atendente").id)


def shows_the_loss(page: Page) -> None:
    expect(page.get_by_text(GONE)).to_be_visible()
    expect(page.get_by_role("button", name="Sem ramal")).to_be_visible()
    expect(page.locator("#connection")).to_be_hidden()
    expect(page.get_by_role("button", name="Pausar")).to_be_hidden()


def shows_the_new_extension(page: Page) -> None:
    expect(page.get_by_role("button", name="Ramal 4068")).to_be_visible()
    expect(page.locator("#connection")).to_have_text("Conectado")
    expect(page.get_by_text("não é mais seu")).to_have_count(0)


def shows_the_pause(page: Page) -> None:
    expect(page.get_by_role("button", name="Retomar")).to_be_visible()
    expect(page.get_by_role("button", name="Ramal 4067")).to_be_visible()


@pytest.mark.parametrize(
    ("change", "shows"),
    [(take_over, shows_the_loss), (move, shows_the_new_extension), (pause, shows_the_pause)],
    ids=["taken over", "moved", "paused"],
)
def test_a_page_learns_what_changed_while_the_service_was_away(
    desk: Desk, change: Callable[[Store], None], shows: Callable[[Page], None]
) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    port = int(desk.service.url.rpartition(":")[2])
    desk.service.stop()
    expect(page.locator("#connection")).to_have_text("Sem conexão")
    change(desk.service.store)
    restarted = start_service(desk.service.data, port=port)
    try:
        shows(page)
    finally:
        restarted.stop()


def test_a_page_without_an_extension_shows_one_that_another_registered(desk: Desk) -> None:
    other, page = desk.page("atendente"), desk.page("atendente")
    expect(page.locator("#connection")).to_be_hidden()
    register_extension(other, "4067")
    expect(page.get_by_role("button", name="Ramal 4067")).to_be_visible()
    expect(page.locator("#connection")).to_have_text("Conectado")
    expect(page.get_by_role("button", name="Pausar")).to_be_visible()
    announce(desk.service)
    page.keyboard.press("Shift")
    page.locator("dialog.popup").wait_for()


def test_the_first_pulse_says_how_the_agent_stands(own_service: Service) -> None:
    cookie = log_in(own_service, "atendente")
    assert attendance_of(own_service, cookie) == {"ramal": "", "pausa": "N"}
    log_in(own_service, "atendente", "4067")
    assert attendance_of(own_service, cookie) == {"ramal": "4067", "pausa": "N"}
    pause(own_service.store)
    assert attendance_of(own_service, cookie) == {"ramal": "4067", "pausa": "S"}


def attendance_of(service: Service, cookie: str) -> dict[str, str]:
    with listening(service, cookie) as listener:
        wait_until(lambda: listener.pulses)
        return listener.attendance
