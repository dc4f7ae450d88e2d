"""The work on requests, from the search to the last word, as agents do it in a real browser."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from soap_service.storage.catalogue import service_edit_of
from tests.browser.conftest import Desk, picture, register_extension
from tests.browser.test_calls_in_the_browser import announce, popup_of
from tests.conftest import element


def fact(page: Page, term: str):  # type: ignore[no-untyped-def]
    """Return what a request's page says under a term."""
    return page.locator(".fact").filter(has=page.get_by_text(term, exact=True)).first.locator("dd")


def expect_request(page: Page, notice: str, situation: str, time: str) -> None:
    """Expect the page of a request with a notice, its situation, and how it stands with its deadline."""
    expect(page.locator(".notice")).to_have_text(notice)
    expect(fact(page, "Situação")).to_have_text(situation)
    expect(fact(page, "Prazo")).to_contain_text(re.compile(time, re.DOTALL))


def act(page: Page, button: str, note: str = "") -> None:
    """Write a note in the reply box of the request that is shown and press a button."""
    page.get_by_label("Anotação").fill(note)
    page.get_by_role("button", name=button, exact=True).click()


def test_a_request_is_found_and_worked_on_to_its_end_and_begun_again(desk: Desk) -> None:
    page = desk.page("atendente")
    page.get_by_role("navigation").get_by_role("link", name="Solicitações").click()
    page.get_by_role("searchbox").fill("34534")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Solicitação nº 34534")
    deadline = fact(page, "Data/Hora limite").inner_text()
    expect(fact(page, "Prazo")).to_contain_text(re.compile(r"faltam .* min de expediente"))

    act(page, "Suspender")
    reason = page.get_by_label("Anotação")
    expect(page.get_by_text("Escreva na anotação por que a solicitação será suspensa.")).to_be_visible()
    expect(reason).to_be_focused()
    assert desk.service.store.requests.find(34534).situation == "EmAndamento"
    reason.fill("Aguarda a peça.")
    page.get_by_role("button", name="Suspender").click()
    expect_request(page, "Solicitação suspensa. O prazo está parado.", "Suspensa", "Prazo parado.*restam ")
    expect(fact(page, "Data/Hora limite")).to_have_text("—")
    expect(page.get_by_role("listitem").filter(has_text="Suspensão")).to_contain_text("Aguarda a peça.")
    picture(page, "request-suspended")

    act(page, "Reativar")
    expect_request(page, "Solicitação reativada. O prazo voltou a contar.", "Em andamento", "Dentro do prazo.*faltam ")
    assert fact(page, "Data/Hora limite").inner_text()[:6] == deadline[:6]
    act(page, "Resolver", "Peça trocada.")
    expect_request(page, "Solicitação resolvida.", "Resolvida", "Dentro do prazo.*finalizada com sobra de ")
    act(page, "Fechar")
    expect_request(page, "Solicitação fechada.", "Fechada", "Dentro do prazo.*finalizada com sobra de ")
    expect(fact(page, "Finalizada em")).to_be_visible()
    act(page, "Reabrir", "Parou outra vez.")
    expect_request(page, "Solicitação reaberta.", "Reaberta", "Dentro do prazo.*faltam ")
    expect(fact(page, "Finalizada em")).to_have_count(0)
    written = page.locator(".history strong").all_inner_texts()
    assert written == ["Reabertura", "Fechamento", "Resolução", "Reativação", "Suspensão", "Abertura"]


def test_an_unknown_caller_is_registered_and_the_request_is_the_calls(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    token = element(announce(desk.service, cpf="39053344705"), "url").rpartition("/")[2]
    popup_of(page).get_by_role("button", name="Cadastrar nova solicitação").click()
    page.wait_for_url("**/solicitacoes/nova?*")
    expect(page.get_by_label("CPF/CNPJ", exact=True)).to_have_value("390.533.447-05")
    page.get_by_label("CPF/CNPJ ou nome").fill("Zulmira Inexistente")
    page.get_by_role("button", name="Buscar").click()
    expect(page.get_by_text("Nenhum solicitante encontrado.")).to_be_visible()
    expect(page.get_by_label("CPF/CNPJ", exact=True)).to_have_value("390.533.447-05")
    page.get_by_label("Nome", exact=True).fill("Zulmira Prates")
    page.get_by_label("Telefone", exact=True).fill("(62) 3945-1999")
    page.get_by_label("CPF/CNPJ ou nome").fill("")
    page.get_by_label("Serviço").select_option(label="Acesso a sistema")
    page.get_by_label("Descrição").fill("Primeiro acesso.")
    picture(page, "new-requester")
    page.get_by_role("button", name="Registrar solicitação").click()
    expect(page.get_by_text(re.compile(r"Solicitação nº \d+ registrada\."))).to_be_visible()
    expect(fact(page, "Nome")).to_have_text("Zulmira Prates")
    assert "39053344705" not in page.url
    page.get_by_role("link", name="Ver a ligação em que foi aberta").click()
    page.wait_for_url(f"**/chamadas/{token}")
    expect(page.get_by_text("Aberta nesta ligação:")).to_be_visible()
    answer = desk.service.call("obterQtdeSolicitacoes", cpf="39053344705")
    assert element(answer, "obterQtdeSolicitacoesResult").startswith("1?")


def test_an_unidentified_caller_is_found_by_name(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    announce(desk.service, cpf="")
    popup = popup_of(page)
    expect(popup.get_by_text("A telefonia não informou um CPF ou CNPJ.")).to_be_visible()
    popup.get_by_role("button", name="Cadastrar nova solicitação").click()
    page.wait_for_url("**/solicitacoes/nova?*")
    page.get_by_label("Descrição").fill("Fica, enquanto se procura.")
    page.get_by_label("CPF/CNPJ ou nome").fill("conceicao maria")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Escolher Maria Aparecida da Conceição").click()
    expect(page.get_by_text("***.***.***-35")).to_be_visible()
    page.get_by_role("button", name="Mostrar o CPF/CNPJ de Maria").click()
    expect(page.get_by_text("111.444.777-35")).to_be_focused()
    expect(page.get_by_role("button", name="Mostrar o CPF/CNPJ")).to_have_count(0)
    expect(page.get_by_label("Descrição")).to_have_value("Fica, enquanto se procura.")
    expect(page.get_by_label("Telefone de contato")).to_have_value("(62) 3945-1000")
    page.get_by_label("Serviço").select_option(label="Acesso a sistema")
    page.get_by_role("button", name="Registrar solicitação").click()
    expect(page.get_by_role("link", name="Ver a ligação em que foi aberta")).to_be_visible()
    assert desk.service.store.telephony.count_open_requests("11144477735") == (2, None)


def test_of_two_agents_at_one_request_the_second_sees_what_changed(desk: Desk) -> None:
    first, second = desk.page("atendente"), desk.page("admin")
    for page in (first, second):
        page.goto(f"{desk.service.url}/solicitacoes/34534/executar")
    first.get_by_label("Tarefa Atual").fill("Análise")
    first.get_by_label("Anotação").fill("Liguei para Maria.")
    first.get_by_role("button", name="Gravar", exact=True).click()
    expect(first.get_by_text("Anotação gravada.")).to_be_visible()
    second.get_by_label("Tarefa Atual").fill("Troca de peça")
    second.get_by_label("Anotação").fill("Peça pedida.")
    second.get_by_role("button", name="Gravar", exact=True).click()
    expect(second.get_by_text("Nada foi gravado: a solicitação mudou enquanto você escrevia.")).to_be_visible()
    news = second.locator(".question")
    expect(news).to_contain_text("Liguei para Maria.")
    expect(news).to_contain_text("Alice Atendente")
    expect(second.get_by_label("Tarefa Atual")).to_have_accessible_description(re.compile("Como está agora: Análise"))
    expect(second.get_by_label("Anotação")).to_have_value("Peça pedida.")
    picture(second, "changed-meanwhile")
    assert desk.service.store.requests.find(34534).current_task == "Análise"
    second.get_by_role("button", name="Gravar", exact=True).click()
    expect(second.get_by_text("Anotação gravada.")).to_be_visible()
    expect(fact(second, "Tarefa Atual")).to_have_text("Troca de peça")
    for words in ("Liguei para Maria.", "Peça pedida.", "Análise → Troca de peça"):
        expect(second.locator(".history").get_by_text(words)).to_be_visible()


@pytest.mark.parametrize("has_script", [True, False], ids=["with a script", "without"])
def test_what_was_typed_comes_back_when_the_log_in_has_ended(desk: Desk, has_script: bool) -> None:
    page = desk.page("atendente", has_script=has_script)
    page.goto(f"{desk.service.url}/solicitacoes/34534/executar")
    page.get_by_label("Anotação").fill("Duas linhas,\nque custaram tempo.")
    page.get_by_label("Tarefa Atual").fill("Análise")
    page.context.clear_cookies()
    page.get_by_role("button", name="Resolver").click()
    expect(page.get_by_text("Sua sessão terminou. Entre de novo: o que você digitou")).to_be_visible()
    picture(page, "log-in-ended")
    desk.log_in(page, "atendente")
    expect(page.get_by_role("heading", level=1)).to_have_text("Você entrou de novo")
    picture(page, "log-in-resumed")
    page.get_by_role("button", name="Voltar ao formulário").click()
    expect(page.get_by_label("Anotação")).to_have_value("Duas linhas,\nque custaram tempo.")
    expect(page.get_by_label("Tarefa Atual")).to_have_value("Análise")
    assert desk.service.store.requests.find(34534).situation == "EmAndamento"
    page.get_by_role("button", name="Resolver").click()
    expect_request(page, "Solicitação resolvida.", "Resolvida", "finalizada com sobra de ")


def test_the_language_of_the_preferences_is_used_in_every_browser(desk: Desk) -> None:
    page = desk.page("consulta")
    page.get_by_role("link", name="Caio Consulta").click()
    page.get_by_label("Idioma").select_option(label="English")
    page.get_by_role("button", name="Gravar", exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("navigation").get_by_role("link", name="Requests")).to_be_visible()
    page.goto(f"{desk.service.url}/solicitacoes/34534")
    expect(page.get_by_text(re.compile(r"\d+ min of working time left"))).to_be_visible()
    page.context.clear_cookies()  # as another browser has it
    page.goto(f"{desk.service.url}/solicitacoes")
    expect(page.get_by_role("heading", level=1)).to_have_text("Entrar")
    desk.log_in(page, "consulta")
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")


def kept_drafts(page: Page) -> str:
    """Return all that this browser keeps."""
    kept: str = page.evaluate("JSON.stringify({...localStorage})")
    return kept


def test_a_draft_survives_leaving_the_page_until_it_is_sent(desk: Desk) -> None:
    page = desk.page("atendente")
    address = f"{desk.service.url}/solicitacoes/34534"
    page.goto(address)
    page.get_by_label("Anotação").fill("Meia frase")
    page.get_by_label("Tarefa Atual").fill("Análise")
    page.goto(f"{desk.service.url}/solicitacoes")
    page.goto(address)
    expect(page.get_by_text("Rascunho recuperado; ainda não foi gravado.")).to_be_visible()
    expect(page.get_by_label("Anotação")).to_have_value("Meia frase")
    expect(page.get_by_label("Tarefa Atual")).to_have_value("Análise")
    assert len(desk.service.store.requests.find(34534).events) == 1
    picture(page, "draft")
    page.goto(f"{desk.service.url}/solicitacoes/955")
    expect(page.get_by_label("Anotação")).to_have_value("")
    page.goto(address)
    page.get_by_role("button", name="Gravar", exact=True).click()
    expect(page.get_by_text("Anotação gravada.")).to_be_visible()
    expect(page.get_by_label("Anotação")).to_have_value("")
    assert "Meia frase" not in kept_drafts(page)


def test_a_draft_is_discarded_with_one_button(desk: Desk) -> None:
    page = desk.page("atendente")
    page.goto(f"{desk.service.url}/solicitacoes/34534")
    page.get_by_label("Anotação").fill("Meia frase")
    page.reload()
    page.get_by_role("button", name="Descartar").click()
    expect(page.get_by_label("Anotação")).to_have_value("")
    page.reload()
    expect(page.get_by_label("Anotação")).to_have_value("")


@pytest.mark.parametrize("end", ["log-out", "cookie gone"])
def test_no_draft_stays_for_the_next_agent_at_the_browser(desk: Desk, end: str) -> None:
    page = desk.page("atendente")
    page.goto(f"{desk.service.url}/solicitacoes/34534")
    page.get_by_label("Anotação").fill("Meia frase")
    assert "Meia frase" in kept_drafts(page)
    if end == "log-out":
        page.get_by_role("button", name="Sair").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Entrar")
        assert "Meia frase" not in kept_drafts(page)
    page.context.clear_cookies()
    page.goto(f"{desk.service.url}/solicitacoes/34534")
    desk.log_in(page, "admin")
    expect(page.get_by_role("heading", level=1)).to_have_text("Solicitação nº 34534")
    expect(page.get_by_role("button", name="Sair")).to_be_visible()
    assert "Meia frase" not in kept_drafts(page)


def test_cancelling_asks_first_and_then_for_the_reason(desk: Desk) -> None:
    page = desk.page("atendente")
    page.goto(f"{desk.service.url}/solicitacoes/34534")
    really = page.get_by_role("button", name="Sim, cancelar a solicitação")
    expect(really).to_be_hidden()
    page.get_by_text("Cancelar a solicitação…").click()
    really.click()
    expect(page.get_by_text("Escreva na anotação por que a solicitação será cancelada.")).to_be_visible()
    page.get_by_label("Anotação").fill("Aberta por engano.")
    really.click()
    expect_request(page, "Solicitação cancelada.", "Cancelada", "—")


def test_a_template_is_offered_but_never_over_what_was_typed(desk: Desk) -> None:
    store = desk.service.store
    templates = {"Acesso a sistema": "Sistema:\nPerfil:", "Falha em estação de trabalho": "Patrimônio:"}
    for service in store.catalogue.list_services():
        if service.name in templates:
            edit = service_edit_of(store.catalogue.find_service(service.id))
            changed = replace(edit, description_template=templates[service.name])
            store.catalogue.change_service(service.id, changed, edit.stamp)
    page = desk.page("atendente")
    page.goto(f"{desk.service.url}/solicitacoes/nova")
    description = page.get_by_label("Descrição")
    for name in [*templates, "Projeto sob demanda", "Acesso a sistema"]:
        page.get_by_label("Serviço").select_option(label=name)
        expect(description).to_have_value(templates.get(name, ""))
    expect(page.locator("#offered")).to_have_text("O modelo do serviço está na descrição.")
    description.fill("Sistema: ponto")
    page.get_by_label("Serviço").select_option(label="Falha em estação de trabalho")
    expect(description).to_have_value("Sistema: ponto")


def test_what_was_solved_on_the_phone_takes_one_form(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    announce(desk.service)
    popup_of(page).get_by_role("button", name="Cadastrar nova solicitação").click()
    page.get_by_label("Serviço").select_option(label="Acesso a sistema")
    page.get_by_label("Descrição").fill("Senha bloqueada.")
    page.get_by_text("Já resolveu por telefone?").click()
    page.get_by_label("Solução").fill("Senha trocada.")
    picture(page, "register-and-resolve")
    page.get_by_role("button", name="Registrar e resolver").click()
    expect(page.locator(".notice")).to_contain_text("registrada e resolvida.")
    expect(fact(page, "Situação")).to_have_text("Resolvida")
    expect(page.get_by_role("listitem").filter(has_text="Resolução")).to_contain_text("Senha trocada.")
