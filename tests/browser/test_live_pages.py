"""Pages that are open show what has happened since, and leave alone what is being typed."""

import re

from playwright.sync_api import expect

from soap_service.rules.situations import Action
from tests.browser.conftest import Desk, register_extension
from tests.conftest import element

SOON = 10_000  # milliseconds; two seconds are promised on a machine that is not as busy as that of tests


def announce(desk: Desk, cpf: str = "11144477735") -> str:
    return element(desk.service.call("novaSolicitacao", cpf=cpf, ramal="4067"), "url").rpartition("/")[2]


def test_the_home_page_shows_a_call_behind_its_popup(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    expect(page.get_by_text("Nenhuma ligação neste ramal ainda.")).to_be_visible()
    announce(desk)
    latest = page.locator("section[aria-labelledby=latest-calls]")
    expect(latest).to_contain_text("Maria Aparecida da Conceição", timeout=SOON)
    expect(latest).not_to_contain_text("Nenhuma ligação neste ramal ainda.")
    announce(desk, "52998224725")
    expect(latest.locator("tbody tr")).to_have_count(2, timeout=SOON)


def test_the_list_of_calls_grows_and_its_filters_stay_as_typed(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    page.goto(f"{desk.service.url}/chamadas")
    expect(page.locator("#connection")).to_have_text("Conectado")
    page.get_by_label("Estado").select_option("perdida")
    announce(desk)
    rows = page.locator("section[aria-labelledby=day] tbody tr")
    expect(rows).to_have_count(1, timeout=SOON)
    expect(page.get_by_label("Estado")).to_have_value("perdida")
    desk.service.store.calls.answer(announce(desk, "52998224725"), desk.service.store.staff.find_agent("consulta").id)
    expect(rows.first).to_contain_text("Caio Consulta", timeout=SOON)


def test_an_open_request_says_who_changed_it_and_keeps_what_is_typed(desk: Desk) -> None:
    store = desk.service.store
    other = store.staff.find_agent("admin")
    page = desk.page("atendente")
    register_extension(page, "4067")
    page.goto(f"{desk.service.url}/solicitacoes/34534")
    expect(page.locator("#connection")).to_have_text("Conectado")
    note = page.get_by_label(re.compile("Anotação|Nota")).first
    note.fill("Ainda escrevendo.")
    with store._database.writing() as session:
        agent = session.merge(other)
        agent.groups = list(store.staff.find_agent("atendente").groups) and [
            session.merge(group) for group in store.staff.find_agent("atendente").groups
        ]
    store.execution.execute(34534, other.id, Action.NOTE, "Peça trocada.")
    bar = page.get_by_text(f"{other.name} alterou esta solicitação")
    expect(bar).to_be_visible(timeout=SOON)
    expect(note).to_have_value("Ainda escrevendo.")
    expect(page.get_by_text("Peça trocada.")).to_have_count(0)
    page.get_by_role("link", name="Atualizar").click()
    expect(page.get_by_text("Peça trocada.")).to_be_visible()
    expect(page.get_by_text("alterou esta solicitação")).to_have_count(0)
    expect(note).to_have_value("Ainda escrevendo.")
