from datetime import UTC, datetime, timedelta

import pytest

from soap_service.model import Request
from soap_service.situations import Action, Situation

from .conftest import Browser, Desk


def test_a_request_is_shown_with_its_blocks_and_history(desk: Desk, ana: Browser) -> None:
    page = ana.get(f"/solicitacoes/{desk.request.id}").text
    for words in ("Informações da Solicitação", "Informações do Solicitante", "Histórico", "Abertura", "Ana Souza"):
        assert words in page
    assert "Dentro do prazo" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_late_request_says_so(desk: Desk, ana: Browser) -> None:
    with desk.store.writing() as session:
        request = session.get(Request, desk.request.id)
        assert request is not None
        request.due_at = datetime.now(UTC) - timedelta(minutes=1)
    assert "Fora do prazo" in ana.get(f"/solicitacoes/{desk.request.id}").text


def test_a_suspended_request_has_no_deadline_and_can_be_reactivated(desk: Desk, ana: Browser, bia: Browser) -> None:
    path = f"/solicitacoes/{desk.request.id}"
    assert ">Executar</a>" in ana.get(path).text
    desk.store.execute_request(desk.request.id, desk.ana.id, Action.SUSPEND, "Aguarda peça.")
    page = ana.get(path).text
    assert "<dt>Data/Hora limite</dt><dd>--</dd>" in page
    assert ">Reativar</a>" in page
    assert ">Reativar</a>" not in bia.get(path).text


def test_who_may_not_execute_is_told_by_a_page(desk: Desk, bia: Browser) -> None:
    path = f"/solicitacoes/{desk.request.id}"
    assert ">Executar</a>" not in bia.get(path).text
    for response in (bia.get(f"{path}/executar"), bia.post(f"{path}/executar", acao="resolver")):
        assert response.status_code == 403
        assert "Você não pode executar esta solicitação." in response.text
    assert desk.store.find_request(desk.request.id).situation == Situation.IN_PROGRESS


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
    assert desk.store.find_request(desk.request.id).situation == situation


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
    assert desk.store.find_request(desk.request.id).situation == Situation.IN_PROGRESS


def test_an_action_that_came_too_late_keeps_what_was_typed(desk: Desk, ana: Browser) -> None:
    desk.store.execute_request(desk.request.id, desk.ana.id, Action.RESOLVE, "")
    response = ana.post(f"/solicitacoes/{desk.request.id}/executar", acao="suspender", anotacao="Aguarda peça.")
    assert response.status_code == 409
    assert "A situação da solicitação agora é “Resolvida”" in response.text
    assert "Aguarda peça." in response.text


def test_an_unknown_button_only_keeps_the_note(desk: Desk, ana: Browser) -> None:
    ana.post(f"/solicitacoes/{desk.request.id}/executar", acao="apagar", anotacao="Nota.")
    assert desk.store.find_request(desk.request.id).situation == Situation.IN_PROGRESS
    assert desk.store.find_request(desk.request.id).events[-1].action == Action.NOTE


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
