import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from soap_service.model import Request
from soap_service.rules.situations import Action, Situation

from .conftest import ZONE, Browser, Desk


def test_a_request_is_shown_with_its_blocks_and_history(desk: Desk, ana: Browser) -> None:
    page = ana.get(f"/solicitacoes/{desk.request.id}").text
    for words in ("Informações da Solicitação", "Informações do Solicitante", "Histórico", "Abertura", "Ana Souza"):
        assert words in page
    assert "Dentro do prazo" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_late_request_says_so(desk: Desk, ana: Browser) -> None:
    with desk.store._database.writing() as session:
        request = session.get(Request, desk.request.id)
        assert request is not None
        request.due_at = datetime.now(UTC) - timedelta(minutes=1)
    page = ana.get(f"/solicitacoes/{desk.request.id}").text
    assert "Fora do prazo" in page
    assert "atrasada há " in page


@pytest.mark.parametrize(
    ("opened", "due", "situation", "closed", "remaining", "words"),
    [
        ("-8", "+4", "EmAndamento", None, None, "Dentro do prazo faltam 4 h 0 min de expediente"),
        ("-8", "+0.5", "Reaberta", None, None, "Dentro do prazo faltam 30 min de expediente"),
        ("-8", "+9999", "EmAndamento", None, None, "Dentro do prazo falta mais de um ano"),
        ("-8", "-2.2", "EmAndamento", None, None, "Fora do prazo atrasada há 2 h 12 min de expediente"),
        ("-8", "-0.005", "EmAndamento", None, None, "Fora do prazo atrasada há menos de 1 min de expediente"),
        ("-8", "-9999", "EmAndamento", None, None, "Fora do prazo atrasada há mais de um ano"),
        ("-8", "-4", "Suspensa", None, 9000, "Prazo parado restam 2 h 30 min de expediente"),
        ("-8", "-4", "Suspensa", None, 0, "Prazo parado já tinha terminado quando foi suspensa"),
        ("-8", "-2", "Resolvida", "-3", None, "Dentro do prazo finalizada com sobra de 1 h 0 min de expediente"),
        ("-8", "-4", "Fechada", "-3", None, "Fora do prazo finalizada com atraso de 1 h 0 min de expediente"),
        ("-8", "-4", "Cancelada", "-3", None, "—"),
        ("-8", None, "EmAndamento", None, None, "A combinar"),
    ],
)
def test_a_request_says_how_it_stands_with_its_deadline(
    desk: Desk,
    ana: Browser,
    opened: str,
    due: str | None,
    situation: str,
    closed: str | None,
    remaining: int | None,
    words: str,
) -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=ZONE).astimezone(UTC)  # a Wednesday
    desk.store._database.now = lambda: now  # type: ignore[method-assign]
    with desk.store._database.writing() as session:
        request = session.get_one(Request, desk.request.id)
        request.situation, request.remaining_seconds = Situation(situation), remaining
        for column, hours in (("opened_at", opened), ("due_at", due), ("closed_at", closed)):
            setattr(request, column, None if hours is None else now + timedelta(hours=float(hours)))
    page = ana.get(f"/solicitacoes/{desk.request.id}").text
    told = re.search(r"<dt>Prazo</dt><dd>(.*?)</dd>", page, re.DOTALL)
    assert told is not None
    assert " ".join(re.sub(r"<[^>]*>", "", told[1]).split()) == words


def test_a_suspended_request_has_no_deadline_and_can_be_reactivated(desk: Desk, ana: Browser, bia: Browser) -> None:
    path = f"/solicitacoes/{desk.request.id}"
    assert 'value="resolver"' in ana.get(path).text
    desk.store.execution.execute(desk.request.id, desk.ana.id, Action.SUSPEND, "Aguarda peça.")
    page = ana.get(path).text
    assert "<dt>Data/Hora limite</dt><dd>—</dd>" in page
    assert 'value="reativar"' in page
    assert 'value="reativar"' not in bia.get(path).text


def test_who_may_not_execute_is_told_by_a_page(desk: Desk, bia: Browser) -> None:
    path = f"/solicitacoes/{desk.request.id}"
    assert 'name="anotacao"' not in bia.get(path).text
    for response in (bia.get(f"{path}/executar"), bia.post(f"{path}/executar", acao="resolver")):
        assert response.status_code == 403
        assert "Você não pode executar esta solicitação." in response.text
    assert desk.store.requests.find(desk.request.id).situation == Situation.IN_PROGRESS


@pytest.mark.parametrize(
    ("button", "note", "situation", "notice"),
    [
        ("resolver", "", Situation.RESOLVED, "Solicitação resolvida."),
        ("suspender", "Aguarda peça.", Situation.SUSPENDED, "Solicitação suspensa."),
        ("gravar", "Liguei de volta.", Situation.IN_PROGRESS, "Anotação gravada."),
    ],
)
def test_a_button_does_its_action(
    desk: Desk, ana: Browser, button: str, note: str, situation: Situation, notice: str
) -> None:
    path = f"/solicitacoes/{desk.request.id}"
    page = ana.follow(ana.post(f"{path}/executar", acao=button, anotacao=note)).text
    assert notice in page
    assert note in page
    assert desk.store.requests.find(desk.request.id).situation == situation


def test_a_suspended_request_is_reactivated(desk: Desk, ana: Browser) -> None:
    path = f"/solicitacoes/{desk.request.id}/executar"
    ana.post(path, acao="suspender", anotacao="Aguarda peça.")
    page = ana.get(path).text
    assert 'value="reativar"' in page
    assert 'value="resolver"' not in page
    assert "Solicitação reativada." in ana.follow(ana.post(path, acao="reativar")).text


@pytest.mark.parametrize("button", ["suspender", "gravar"])
def test_a_note_that_is_needed_is_asked_for(desk: Desk, ana: Browser, button: str) -> None:
    response = ana.post(f"/solicitacoes/{desk.request.id}/executar", acao=button, anotacao=" \r\n ")
    assert response.status_code == 422
    assert 'aria-describedby="anotacao-hint anotacao-error" aria-invalid="true" autofocus' in response.text
    assert desk.store.requests.find(desk.request.id).situation == Situation.IN_PROGRESS


def test_an_action_that_came_too_late_keeps_what_was_typed(desk: Desk, ana: Browser) -> None:
    desk.store.execution.execute(desk.request.id, desk.ana.id, Action.RESOLVE, "")
    response = ana.post(f"/solicitacoes/{desk.request.id}/executar", acao="suspender", anotacao="Aguarda peça.")
    assert response.status_code == 409
    assert "A situação da solicitação agora é “Resolvida”" in response.text
    assert "Aguarda peça." in response.text


def test_an_unknown_button_only_keeps_the_note(desk: Desk, ana: Browser) -> None:
    ana.post(f"/solicitacoes/{desk.request.id}/executar", acao="apagar", anotacao="Nota.")
    assert desk.store.requests.find(desk.request.id).situation == Situation.IN_PROGRESS
    assert desk.store.requests.find(desk.request.id).events[-1].action == Action.NOTE


def test_a_note_has_a_longest_length(desk: Desk, ana: Browser) -> None:
    response = ana.post(f"/solicitacoes/{desk.request.id}/executar", acao="gravar", anotacao="x" * 4001)
    assert response.status_code == 422
    assert "Use no máximo 4000 caracteres." in response.text


@pytest.mark.parametrize(
    "number",
    ["0", "007", "99999999999999999999", "9" * 5000, "-1", "1.0", "٣", "999999999", "2147483647", "9999999999"],
)
def test_a_number_that_no_request_has_is_not_found(ana: Browser, number: str) -> None:
    for path in (f"/solicitacoes/{number}", f"/solicitacoes/{number}/executar"):
        assert ana.get(path).status_code == 404


def form_of(browser: Browser, **changes: str) -> dict[str, str]:
    """Return what a browser posts from the execution page that it is on."""
    hidden = ("chave", "versao", "visto", "tarefa_antes", "grupo_antes", "responsavel_antes")
    fields = {name: browser.hidden(name) for name in hidden}
    return {**fields, **{name: fields[f"{name}_antes"] for name in ("tarefa", "grupo", "responsavel")}, **changes}


@pytest.mark.parametrize(
    ("button", "first", "situation"),
    [("fechar", "resolver", "Fechada"), ("reabrir", "resolver", "Reaberta"), ("cancelar", "", "Cancelada")],
)
def test_the_other_transitions(desk: Desk, ana: Browser, button: str, first: str, situation: str) -> None:
    path = f"/solicitacoes/{desk.request.id}/executar"
    if first:
        ana.post(path, acao=first)
    assert f'value="{button}"' in ana.get(path).text
    if button == "cancelar":
        assert ana.post(path, **form_of(ana, acao=button)).status_code == 422
    assert ana.post(path, **form_of(ana, acao=button, anotacao="Porque sim.")).status_code == 303
    assert desk.store.requests.find(desk.request.id).situation == situation


@pytest.mark.parametrize(("button", "situation"), [("fechar", "Fechada"), ("reabrir", "Reaberta")])
def test_a_finished_request_has_no_fields_to_change(desk: Desk, ana: Browser, button: str, situation: str) -> None:
    path = f"/solicitacoes/{desk.request.id}/executar"
    ana.post(path, acao="resolver")
    assert 'name="grupo"' not in ana.get(path).text
    fields = {name: text for name, text in form_of(ana).items() if name not in ("tarefa", "grupo", "responsavel")}
    assert ana.post(path, acao=button, **fields).status_code == 303
    found = desk.store.requests.find(desk.request.id)
    assert (found.situation, found.group_id, found.current_task) == (situation, desk.request.group_id, "Atendimento")


def test_a_second_agent_sees_what_changed_and_overwrites_nothing(desk: Desk, ana: Browser) -> None:
    path = f"/solicitacoes/{desk.request.id}/executar"
    desk.store.staff.add_agent("eva", "Eva Dias", "hash", ["SDNIVEL1"])
    eva = desk.browser_of("eva")
    eva.get(path)
    ana.get(path)
    typed = form_of(eva, acao="gravar", anotacao="O que Eva digitou.", tarefa="Tarefa de Eva")
    ana.post(
        path, **form_of(ana, acao="gravar", anotacao="Ana esteve aqui.", tarefa="Análise", responsavel=str(desk.ana.id))
    )
    response = eva.post(path, **typed)
    assert response.status_code == 409
    for words in ("Ana esteve aqui.", "O que Eva digitou.", "Como está agora: Análise", 'value="Tarefa de Eva"'):
        assert words in response.text
    assert f'<option value="{desk.ana.id}" selected>' in response.text
    assert desk.store.requests.find(desk.request.id).current_task == "Análise"
    again = form_of(
        eva, acao="gravar", anotacao="O que Eva digitou.", tarefa="Tarefa de Eva", responsavel=str(desk.ana.id)
    )
    assert eva.post(path, **again).status_code == 303
    found = desk.store.requests.find(desk.request.id)
    assert (found.current_task, found.responsible_id) == ("Tarefa de Eva", desk.ana.id)


def test_a_form_posted_twice_writes_one_note(desk: Desk, ana: Browser) -> None:
    path = f"/solicitacoes/{desk.request.id}/executar"
    ana.get(path)
    fields = form_of(ana, acao="gravar", anotacao="Uma vez.")
    assert [ana.post(path, **fields).status_code for _ in range(2)] == [303, 303]
    assert [event.note for event in desk.store.requests.find(desk.request.id).events].count("Uma vez.") == 1


def test_a_request_is_taken_with_one_button(desk: Desk, ana: Browser) -> None:
    page = ana.get(f"/solicitacoes/{desk.request.id}")
    assert 'value="assumir"' in page.text
    fields = {"chave": ana.hidden("chave"), "versao": ana.hidden("versao")}
    taken = ana.follow(ana.post(f"/solicitacoes/{desk.request.id}/executar", acao="assumir", **fields)).text
    assert "Você é o responsável pela solicitação." in taken
    assert 'value="assumir"' not in taken


@pytest.mark.parametrize("damage", ["situation = 'Perdida'", "urgency = 'X', impact = ''"])
def test_a_damaged_request_is_shown_as_far_as_it_can_be(desk: Desk, ana: Browser, damage: str) -> None:
    with desk.store._database.writing() as session:
        session.execute(text(f"UPDATE request SET {damage}"))
    assert ana.get(f"/solicitacoes/{desk.request.id}").status_code == 200
    assert ana.get(f"/solicitacoes/{desk.request.id}/executar").status_code in (200, 303)


def test_the_page_of_a_call_shows_the_request_that_was_opened_in_it(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735")
    ana.get(f"/solicitacoes/nova?chamada={token}")
    fields = {"servico": str(desk.service.id), "urgencia": "A", "impacto": "M", "descricao": "x", "chamada": token}
    ids = {"solicitante": str(desk.maria.id), "chave": ana.hidden("chave")}
    page = ana.follow(ana.post("/solicitacoes/nova", acao="registrar", **fields, **ids)).text
    assert f"/chamadas/{token}" in page
    assert "Aberta nesta ligação:" in ana.get(f"/chamadas/{token}").text


@pytest.mark.parametrize("field", ["grupo", "responsavel"])
@pytest.mark.parametrize(
    "number", ["9999999999", "2147483648", "99999999999999999999", "999999999", "-1", "1.5", "x", "٣"]
)
def test_a_group_or_agent_that_no_database_holds_is_refused(desk: Desk, ana: Browser, field: str, number: str) -> None:
    path = f"/solicitacoes/{desk.request.id}/executar"
    ana.get(path)
    refused = ana.post(path, **form_of(ana, acao="gravar", anotacao="Minha nota.", **{field: number}))
    assert refused.status_code == 422
    assert "Minha nota." in refused.text
    assert len(desk.store.requests.find(desk.request.id).events) == 1


@pytest.mark.parametrize("address", ["", "/executar"])
def test_an_executor_has_the_reply_box_beside_the_history(desk: Desk, ana: Browser, address: str) -> None:
    page = ana.get(f"/solicitacoes/{desk.request.id}{address}").text
    for words in ("Anotação", "Histórico", "Sem rede.", 'value="resolver"', "O trabalho terminou"):
        assert words in page


def test_what_ends_an_unresolved_request_takes_a_second_press(desk: Desk, ana: Browser) -> None:
    path = f"/solicitacoes/{desk.request.id}"
    confirmed = re.findall(r'<details class="confirm" >.*?value="(\w+)".*?</details>', ana.get(path).text, re.DOTALL)
    assert confirmed == ["fechar", "cancelar"]
    ana.post(f"{path}/executar", acao="resolver")
    page = ana.get(path).text
    assert 'class="confirm"' not in page
    assert re.search(r'name="acao" value="fechar" class="primary"', page)


def test_forwarding_says_to_whom(desk: Desk, ana: Browser) -> None:
    desk.store.staff.add_group("REDES", may_execute=True)
    desk.store.staff.add_agent("davi", "Davi Reis", "hash", ["REDES"])
    [redes] = [group for group in desk.store.staff.list_groups() if group.name == "REDES"]
    path = f"/solicitacoes/{desk.request.id}"
    ana.get(path)
    page = ana.follow(ana.post(f"{path}/executar", **form_of(ana, acao="gravar", grupo=str(redes.id)))).text
    assert "Encaminhada para REDES." in page
    assert 'name="anotacao"' not in page


def test_a_page_names_the_forms_that_its_agent_has_sent(desk: Desk, ana: Browser) -> None:
    path = f"/solicitacoes/{desk.request.id}"
    ana.get(path)
    key = ana.hidden("chave")
    ana.post(f"{path}/executar", **form_of(ana, acao="gravar", anotacao="Uma vez."))
    assert f'data-sent="{key}"' in ana.get(path).text
    desk.store.staff.add_agent("eva", "Eva Dias", "hash", ["SDNIVEL1"])
    assert 'data-sent=""' in desk.browser_of("eva").get(path).text
