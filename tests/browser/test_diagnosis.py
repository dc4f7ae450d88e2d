"""Why the screen did not open: an agent walks the page step by step in a real browser, and simulates a call."""

import base64
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from soap_service.model import Call, Refusal
from tests.browser.conftest import Desk, picture, register_extension
from tests.browser.test_calls_in_the_browser import popup_of
from tests.conftest import PASSWORD, element, wait_until

TITLE = "Por que a tela não abriu?"


def open_diagnosis(page: Page, extension: str = "") -> None:
    address = f"/diagnostico?ramal={extension}" if extension else "/diagnostico"
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + address)
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)


def expect_failing(page: Page, number: int, sentence: str) -> None:
    """Hold heading, mark and sentence to the step that must be the first to fail."""
    expect(page.get_by_role("heading", level=2, name=f"Parou no passo {number}:")).to_be_visible()
    marked = page.locator("[aria-current=step]")
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text("Falhou")
    expect(marked).to_contain_text(sentence)
    expect(marked).to_contain_text("O que fazer:")


def call_with(desk: Desk, credential: str) -> str:
    envelope = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><novaSolicitacao '
        'xmlns="urn:soap-service:telefonia:v1"><cpf>11144477735</cpf><ramal>4067</ramal></novaSolicitacao>'
        "</e:Body></e:Envelope>"
    )
    authorization = "Basic " + base64.b64encode(credential.encode()).decode()
    headers = {"Content-Type": "text/xml", "Authorization": authorization}
    return httpx.post(desk.service.endpoint, content=envelope, headers=headers).text


def refuse(desk: Desk, credential: str) -> None:
    """Have a call refused, and wait until that is kept."""
    before = len(desk.service.store.diagnosis.list_refusals())
    call_with(desk, credential)
    wait_until(lambda: len(desk.service.store.diagnosis.list_refusals()) > before)


def test_an_agent_simulates_a_call_and_it_pops_up_on_this_very_page(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    page.get_by_role("link", name=TITLE).click()
    expect(page.get_by_role("heading", level=2, name="Nenhum passo falhou")).to_be_visible()
    expect(
        page.get_by_text("Esta página está conectada: as ligações aparecem aqui.").or_(
            page.get_by_text("Há uma tela aberta e conectada neste ramal.")
        )
    ).to_be_visible()
    expect(page.locator("#connection")).to_have_text("Conectado")  # the sentences above may be of the page before
    page.get_by_label("CPF/CNPJ de quem liga").fill("529.982.247-25")
    page.get_by_role("button", name="Simular ligação").click()
    popup = popup_of(page)
    expect(popup.get_by_text("João Batista Araújo")).to_be_visible()
    expect(popup.get_by_text("Simulação", exact=True)).to_be_visible()
    picture(page, "simulation-popup")
    page.keyboard.press("Escape")
    expect(page.locator("#receipt")).to_contain_text("ENTREGUE: A ligação foi entregue à tela do ramal 4067.")
    expect(page.get_by_label("CPF/CNPJ de quem liga")).to_have_value("529.982.247-25")
    expect(page.get_by_role("button", name="Simular ligação")).to_be_focused()
    expect(page.locator("#steps")).to_contain_text("chegou à tela em")
    expect(page.locator("#latest").get_by_text("Simulação")).to_have_count(1)
    picture(page, "simulation-receipt")
    assert "529" not in page.url
    page.get_by_role("button", name="Simular ligação").click()
    expect(page.locator("#receipt")).to_contain_text("É a mesma ligação de há pouco")
    page.wait_for_timeout(500)
    assert popup.count() == 0
    assert "52998224725" not in desk.service.log


def test_each_failing_step_is_named_and_once_mended_the_call_pops_up(desk: Desk) -> None:
    agent = desk.page("atendente")
    open_diagnosis(agent)
    expect_failing(agent, 7, "Você não informou em que ramal atende.")
    agent.goto(f"{desk.service.url}/")
    register_extension(agent, "4067")
    admin = desk.page("admin")
    open_diagnosis(admin, "4067")
    expect(admin.get_by_role("heading", level=2, name="Nenhum passo falhou")).to_be_visible()

    desk.service.command("integration", "add", "pbx")
    secret = desk.service.command("integration", "add", "far", "--addresses", "192.0.2.0/24").split("once: ")[1].strip()
    little = desk.service.command("integration", "add", "ivr", "--operations", "obterDadosSolicitacao")
    little = little.split("once: ")[1].strip()
    desk.service.store.parameters.change(281, "N", "teste")  # when the service knows this, it knows these integrations
    open_diagnosis(admin, "4067")
    expect_failing(admin, 1, "O parâmetro 281 está em N")
    agent.goto(f"{desk.service.url}/diagnostico")
    wait_until(lambda: "INTEGRACAO_DESATIVADA" in desk.service.call("obterQtdeSolicitacoes", cpf="11144477735"))
    agent.get_by_role("button", name="Simular ligação").click()
    expect(agent.locator("#receipt")).to_contain_text("O web service recusou a ligação: INTEGRACAO_DESATIVADA.")
    expect_failing(agent, 1, "O parâmetro 281 está em N")
    desk.service.store.parameters.change(281, "S", "teste")
    wait_until(lambda: "1?34534" in desk.service.call("obterQtdeSolicitacoes", cpf="11144477735"))

    assert "esta integração não pode" in call_with(desk, f"ivr:{little}").lower()
    wait_until(lambda: len(desk.service.store.diagnosis.list_refusals()) >= 2)
    open_diagnosis(admin, "4067")
    expect_failing(admin, 4, "operação não permitida")
    refuse(desk, f"far:{secret}")
    open_diagnosis(admin, "4067")
    expect_failing(admin, 3, "far foi recusada em")
    picture(admin, "diagnosis-address")
    refuse(desk, "pbx:errado")
    open_diagnosis(admin, "4067")
    expect_failing(admin, 2, "o segredo está errado")

    age_refusals(desk)
    desk.service.store.extensions.register(desk.service.store.staff.find_agent("consulta").id, "5001")
    homeless = element(desk.service.call("novaSolicitacao", cpf="11144477735"), "url")
    open_diagnosis(admin, "4067")
    expect_failing(admin, 6, "sem ramal")
    expect(admin.get_by_role("heading", name="Últimas ligações sem ramal")).to_be_visible()
    assert admin.locator(f"a[href*='{homeless.rpartition('/')[2]}']").count() == 1
    age_calls(desk, hours=25)

    open_diagnosis(admin, "4999")
    expect_failing(admin, 7, "Nenhum atendente registrou o ramal 4999.")

    open_diagnosis(agent)
    agent.get_by_role("button", name="Não receber ligações").click()
    open_diagnosis(admin, "4067")
    expect_failing(admin, 8, "está em pausa desde")
    open_diagnosis(agent)
    expect_failing(agent, 8, "está em pausa desde")
    agent.get_by_role("button", name="Voltar a receber ligações").click()
    open_diagnosis(agent)
    expect(agent.get_by_text("Esta página está conectada").or_(agent.get_by_text("Há uma tela aberta"))).to_be_visible()
    agent.get_by_role("button", name="Simular ligação").click()
    expect(popup_of(agent).get_by_text("Não identificado o cliente da ligação")).to_be_visible()


def test_a_missed_call_leads_from_the_list_to_why_it_was_missed(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    page.goto("about:blank")
    wait_until(lambda: not desk.service.store.diagnosis.find_extension_status("4067").is_subscribed)
    desk.service.call("novaSolicitacao", cpf="11144477735", ramal="4067")
    age_calls(desk, minutes=2)
    page.goto(f"{desk.service.url}/chamadas")
    page.locator("table.calls").get_by_role("link", name=TITLE).click()
    expect_failing(page, 8, "nenhuma tela escutava")
    picture(page, "diagnosis-of-a-missed-call")


def test_a_call_that_nobody_saw_fails_at_its_last_steps(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    token = element(desk.service.call("novaSolicitacao", cpf="11144477735", ramal="4067"), "url").rpartition("/")[2]
    expect(popup_of(page)).to_be_visible()  # nobody gives a sign that they look at it
    wait_until(lambda: desk.service.store.calls.find(token).delivered_at)
    age_calls(desk, minutes=2)
    open_diagnosis(page)
    expect_failing(page, 10, "ninguém a viu")
    with desk.service.store._database.writing() as session:
        call = session.query(Call).filter_by(token=token).one()
        call.delivered_at = None
    open_diagnosis(page)
    expect_failing(page, 9, "não chegou a nenhuma tela")


@pytest.mark.parametrize("width", [320, 1280])
def test_without_a_script_a_simulated_call_is_a_page_and_a_list_line(desk: Desk, browser: Browser, width: int) -> None:
    context = browser.new_context(locale="pt-BR", java_script_enabled=False, viewport={"width": width, "height": 700})
    page = context.new_page()
    page.goto(f"{desk.service.url}/ramal?para=/diagnostico")
    page.get_by_label("Usuário").fill("atendente")
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    page.get_by_label("Número do ramal").fill("4067")
    page.get_by_role("button", name="Gravar").click()
    page.get_by_role("button", name="Simular ligação").press("Enter")
    expect(page.locator("#receipt")).to_contain_text("AGUARDANDO")
    expect(page.locator("#latest").get_by_text("Simulação")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def age_calls(desk: Desk, **by: float) -> None:
    """Let time pass over the calls there are."""
    with desk.service.store._database.writing() as session:
        for call in session.query(Call):
            call.created_at -= timedelta(**by)
            call.delivered_at = call.delivered_at and call.delivered_at - timedelta(**by)


def age_refusals(desk: Desk) -> None:
    """Let so much time pass over the refusals that a call was accepted since."""
    with desk.service.store._database.writing() as session:
        for one in session.query(Refusal):
            one.minute = datetime.now(UTC) - timedelta(minutes=10)
