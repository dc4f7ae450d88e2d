"""The end of a log-in, as open pages tell it, and the way back after the next one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete

from soap_service.model import LoginSession
from soap_service.rules.passwords import hash_password
from tests.browser.conftest import Desk, register_extension
from tests.conftest import element, start_service

SOON = 10_000  # milliseconds; two seconds are promised on a machine that is not as busy as that of tests
ENDED = "Sua sessão terminou. Entre de novo"


def log_out(desk: Desk, page: Page) -> None:
    page.get_by_role("button", name="Sair").click()


def disable(desk: Desk, _: Page) -> None:
    desk.service.store.staff.disable_agent("atendente")


def change_password(desk: Desk, _: Page) -> None:
    desk.service.store.staff.set_password("atendente", hash_password("uma senha nova"))


@pytest.mark.parametrize("end", [log_out, disable, change_password])
def test_all_tabs_say_at_once_that_the_log_in_has_ended(desk: Desk, end: Callable[[Desk, Page], None]) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    tabs = [desk.page("atendente") for _ in range(2)]
    for tab in tabs:
        expect(tab.locator("#connection")).to_have_text("Conectado")
    end(desk, tabs[-1])  # the first tab, which holds the stream, does nothing itself
    for tab in (page, *tabs[: -1 if end is log_out else None]):
        expect(tab.get_by_text(ENDED)).to_be_visible(timeout=SOON)
        expect(tab.locator("#connection")).not_to_have_text("Conectado")
        expect(tab.locator("#live").get_by_role("link", name="Entrar")).to_be_visible()
    expected = "RAMAL_NAO_REGISTRADO" if end is disable else "AGUARDANDO"
    assert element(desk.service.call("novaSolicitacao", cpf="52998224725", ramal="4067"), "aviso") == expected


def test_a_call_answered_after_the_log_in_ended_is_there_after_the_next(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    receipt = desk.service.call("novaSolicitacao", cpf="11144477735", ramal="4067")
    button = page.get_by_role("button", name="Cadastrar nova solicitação").first
    expect(button).to_be_enabled()
    with desk.service.store._database.writing() as session:
        session.execute(delete(LoginSession))  # as time ends it: nobody is told
    button.click()
    desk.log_in(page, "atendente")
    page.wait_for_url(f"**/chamadas/{element(receipt, 'url').rpartition('/')[2]}")
    expect(page.locator("main").get_by_text("Maria Aparecida da Conceição").first).to_be_visible()


def test_another_request_opened_from_a_popup_in_vain_leads_back_too(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    receipt = desk.service.call("novaSolicitacao", cpf="11144477735", ramal="4067")
    chosen = page.locator(".popup").get_by_role("button", name="Executar 34534")
    expect(chosen).to_be_visible()
    with desk.service.store._database.writing() as session:
        session.execute(delete(LoginSession))
    page.wait_for_timeout(1000)  # a click meant for something else answers no call
    chosen.click()
    desk.log_in(page, "atendente")
    page.wait_for_url(f"**/chamadas/{element(receipt, 'url').rpartition('/')[2]}")


def test_the_link_of_an_ended_log_in_leads_back_to_the_page(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    page.goto(f"{desk.service.url}/solicitacoes/34534")
    expect(page.locator("#connection")).to_have_text("Conectado")
    change_password(desk, page)
    page.locator("#live").get_by_role("link", name="Entrar").click()
    page.get_by_label("Usuário").fill("atendente")
    page.get_by_label("Senha").fill("uma senha nova")
    page.get_by_role("button", name="Entrar").click()
    page.wait_for_url("**/solicitacoes/34534")


def test_every_tab_warns_before_the_end_and_a_click_in_one_is_use_for_all(browser: Browser, tmp_path: Path) -> None:
    service = start_service(tmp_path, SOAP_SERVICE_SESSION_HOURS="0.01")  # 36 s, of which the last 9 warn
    desk = Desk(browser, service)
    page = desk.page("atendente", service.url)  # by the form: for so long as is set
    register_extension(page, "4067")
    other = desk.page("atendente")
    for tab in (page, other):
        expect(tab.get_by_text("por falta de uso")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Continuar conectado").click()
    for tab in (page, other):
        expect(tab.get_by_text("por falta de uso")).to_have_count(0)
    expect(page.get_by_text(ENDED)).to_be_visible(timeout=90_000)
    desk.close()
    service.stop()
