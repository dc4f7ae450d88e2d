"""From a phone call to the agent's screen, in a real browser. Source: the manual's figures; docs/rules.md, Calls."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk, picture, register_extension
from tests.conftest import Service, element, start_service, wait_until
from tests.proxy import Network

POPUP_TITLE = "Você está recebendo uma ligação"
#: One second is promised, on a machine that is not as busy as that of tests.
POPUP_SECONDS = 2.0


def popup_of(page: Page):  # type: ignore[no-untyped-def]
    return page.get_by_role("dialog", name=POPUP_TITLE)


def announce(service: Service, cpf: str = "11144477735", ramal: str = "4067") -> str:
    return service.call("novaSolicitacao", cpf=cpf, ramal=ramal)


def view_955(service: Service) -> str:
    return service.call("visualizarSolicitacao", id=955, cpf="12312312312", ramal="4067")


def test_a_call_pops_up_with_the_requesters_data_in_under_a_second(desk: Desk) -> None:
    page = desk.page("atendente")
    picture(page, "home")
    register_extension(page, "4067")
    started = time.monotonic()
    answer = announce(desk.service)
    popup = popup_of(page)
    popup.wait_for(timeout=5000)
    assert time.monotonic() - started < POPUP_SECONDS
    assert element(answer, "aviso") == "ENTREGUE"
    for label, value in (
        ("Nome", "Maria Aparecida da Conceição"),
        ("CPF/CNPJ", "111.444.777-35"),
        ("E-mail", "maria.conceicao@exemplo.com.br"),
        ("Telefone", "(62) 3945-1000"),
        ("Ramal", "2210"),
        ("Unidade", "Financeiro"),
    ):
        expect(popup.get_by_text(label, exact=True)).to_be_visible()
        expect(popup.get_by_text(value, exact=True)).to_be_visible()
    expect(popup.get_by_role("heading", name=POPUP_TITLE)).to_be_focused()
    picture(page, "popup-identified")
    page.keyboard.press("Shift")
    wait_until(lambda: desk.service.store.calls.find(element(answer, "url").rpartition("/")[2]).seen_at)


def test_an_unknown_caller_is_registered_with_their_request(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    announce(desk.service, cpf="39053344705")
    popup = popup_of(page)
    expect(popup.get_by_text("Não identificado o cliente da ligação")).to_be_visible()
    picture(page, "popup-unknown")
    popup.get_by_role("button", name="Cadastrar nova solicitação").click()
    page.wait_for_url("**/solicitacoes/nova?*")
    assert "39053344705" not in page.url
    picture(page, "new-request-unknown")


def test_the_request_of_an_identified_caller_is_counted(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    announce(desk.service)
    popup_of(page).get_by_role("button", name="Cadastrar nova solicitação").click()
    page.wait_for_url("**/solicitacoes/nova?*")
    expect(page.get_by_text("Maria Aparecida da Conceição").first).to_be_visible()
    page.get_by_label("Serviço").select_option(label="Acesso a sistema")
    page.get_by_label("Descrição").fill("Não consigo acessar a folha de pagamento.")
    picture(page, "new-request")
    page.get_by_role("button", name=re.compile("Registrar|Gravar|Cadastrar")).click()
    expect(page.get_by_text(re.compile(r"Solicitação nº \d+ registrada\."))).to_be_visible()
    picture(page, "request")
    answer = desk.service.call("obterQtdeSolicitacoes", cpf="11144477735")
    assert element(answer, "obterQtdeSolicitacoesResult") == "2"


@pytest.mark.parametrize(("login", "button"), [("atendente", "Executar"), ("consulta", "Visualizar")])
def test_a_call_about_a_request_offers_what_the_agent_may_do(desk: Desk, login: str, button: str) -> None:
    page = desk.page(login)
    register_extension(page, "4067")
    view_955(desk.service)
    popup = popup_of(page)
    for text in (
        "Informações da Solicitação",
        "Informações do Solicitante",
        "[955]",
        "30/06/2016 14:10",
        "01/07/2016 12:10",
    ):
        expect(popup.get_by_text(text, exact=True)).to_be_visible()
    buttons = [b.inner_text() for b in popup.get_by_role("button").all() if b.inner_text().strip()]
    assert buttons == [button]
    picture(page, f"popup-view-{login}")
    popup.get_by_role("button", name=button).click()
    page.wait_for_url("**/solicitacoes/955/executar" if button == "Executar" else "**/solicitacoes/955*")
    picture(page, f"after-{login}")
    children = desk.service.store.requests.list_children(955)
    assert [(child.situation, child.service.name) for child in children] == [
        ("Fechada", "Informação sobre solicitação")
    ]


def test_pressing_twice_from_two_tabs_leaves_one_child(desk: Desk) -> None:
    first = desk.page("atendente")
    register_extension(first, "4067")
    url = element(view_955(desk.service), "url")
    second = desk.page("atendente")
    for page in (first, second):
        page.goto(url)
    for page in (first, second):
        page.get_by_role("button", name="Executar").click()
        page.wait_for_url("**/solicitacoes/955/executar")
    first.goto(url)
    first.get_by_role("button", name="Executar").click()
    first.wait_for_url("**/solicitacoes/955/executar")
    assert len(desk.service.store.requests.list_children(955)) == 1


def test_with_282_off_no_child_is_launched(desk: Desk) -> None:
    desk.service.command("parameter", "set", "282", "N")
    page = desk.page("atendente")
    page.goto(element(view_955(desk.service), "url"))
    page.get_by_role("button", name="Executar").click()
    page.wait_for_url("**/solicitacoes/955/executar")
    assert desk.service.store.requests.list_children(955) == []


def test_opening_a_request_outside_a_call_launches_no_child(desk: Desk) -> None:
    page = desk.page("atendente")
    page.goto(f"{desk.service.url}/solicitacoes/955")
    page.get_by_role("button", name="Assumir").click()
    expect(page.get_by_text("Você é o responsável pela solicitação.")).to_be_visible()
    page.goto(f"{desk.service.url}/solicitacoes/955/executar")
    expect(page.get_by_label("Anotação")).to_be_visible()
    assert desk.service.store.requests.list_children(955) == []


def test_after_a_network_cut_the_popup_comes_once(desk: Desk) -> None:
    network = Network(int(desk.service.url.rpartition(":")[2]))
    page = desk.page("atendente", network.url)
    register_extension(page, "4067")
    network.cut()
    expect(page.locator("#connection")).to_have_text("Sem conexão")
    announce(desk.service)
    time.sleep(5)
    assert popup_of(page).count() == 0
    network.mend()
    popup_of(page).wait_for(timeout=15_000)
    page.keyboard.press("Escape")
    expect(popup_of(page)).to_have_count(0)
    time.sleep(2)
    assert popup_of(page).count() == 0
    network.cut()


def test_a_restart_of_the_service_during_a_call_loses_nothing(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    service = desk.service
    port = int(service.url.rpartition(":")[2])
    service.stop()
    restarted = start_service(service.data, port=port)
    service.process = restarted.process
    announce(service)
    popup_of(page).wait_for(timeout=20_000)


def test_of_two_agents_the_second_takes_the_extension_over(desk: Desk) -> None:
    first, second = desk.page("atendente"), desk.page("consulta")
    register_extension(first, "4067")
    second.get_by_role("navigation").get_by_role("link", name="Atendimento").click()
    dialog = second.get_by_role("dialog", name="Ramal")
    dialog.get_by_role("textbox").fill("4067")
    dialog.get_by_role("button", name="Gravar").click()
    expect(second.get_by_text("O ramal 4067 está com Alice Atendente. Assumir?")).to_be_visible()
    picture(second, "take-over")
    second.get_by_role("button", name="Assumir o ramal 4067").click()
    expect(second.get_by_text("Ramal gravado com sucesso!")).to_be_visible()
    expect(first.get_by_text("O ramal 4067 foi assumido por Caio Consulta.")).to_be_visible()
    expect(second.locator("#connection")).to_have_text("Conectado")
    announce(desk.service)
    popup_of(second).wait_for()
    assert popup_of(first).count() == 0
    picture(first, "taken-over")


def test_another_tab_follows_the_agent_to_a_new_extension(desk: Desk) -> None:
    first = desk.page("atendente")
    register_extension(first, "4067")
    second = desk.page("atendente")
    expect(second.locator("#connection")).to_have_text("Conectado")
    register_extension(first, "4068")
    expect(second.get_by_text("Ramal 4068", exact=True)).to_be_visible()
    announce(desk.service, ramal="4068")
    popup_of(first).wait_for()
    second.keyboard.press("Shift")
    popup_of(second).wait_for()


def test_of_two_calls_one_is_dismissed_and_the_other_opens(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    announce(desk.service)
    popup = popup_of(page)
    expect(popup.get_by_text("Maria Aparecida da Conceição")).to_be_visible()
    announce(desk.service, cpf="52998224725")
    expect(popup.get_by_text("João Batista Araújo")).to_be_visible()
    popup.get_by_role("button", name="Dispensar esta ligação").click()
    expect(popup.get_by_text("Maria Aparecida da Conceição")).to_be_visible()
    popup.get_by_role("button", name="Dispensar esta ligação").click()
    expect(popup).to_have_count(0)


def test_the_list_of_calls_marks_those_missed(desk: Desk) -> None:
    from datetime import UTC, datetime, timedelta

    token = element(announce(desk.service), "url").rpartition("/")[2]
    store = desk.service.store
    with store._database.writing() as session:
        session.merge(store.calls.find(token)).created_at = datetime.now(UTC) - timedelta(minutes=5)
    page = desk.page("atendente")
    register_extension(page, "4067")
    page.goto(f"{desk.service.url}/chamadas")
    expect(page.get_by_text("Perdida", exact=True)).to_be_visible()
    picture(page, "calls")
    assert popup_of(page).count() == 0


def test_the_whole_way_by_keyboard(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    view_955(desk.service)
    expect(popup_of(page).get_by_role("heading", name=POPUP_TITLE)).to_be_focused()
    execute = popup_of(page).get_by_role("button", name="Executar")
    for _ in range(9):
        page.keyboard.press("Tab")
        if execute.evaluate("one => one === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/solicitacoes/955/executar")
    page.get_by_role("textbox").first.focus()
    page.keyboard.type("Peça trocada.")
    picture(page, "execute")
    page.get_by_role("button", name="Resolver").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Solicitação resolvida.")).to_be_visible()
    assert desk.service.store.requests.find(955).situation == "Resolvida"
