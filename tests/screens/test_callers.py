"""What the pages of a call tell of its caller's requests, and how one of them is opened from there."""

import pytest

from soap_service.rules.situations import Action
from soap_service.store import NewRequest

from .conftest import Browser, Desk


def open_another(desk: Desk, key: str, description: str = "Segunda.\nMais.") -> int:
    new = NewRequest(desk.maria.id, desk.service.id, description, "incidente")
    return desk.store.requests.open(new, desk.ana.id, f"form:{key}").id


@pytest.mark.parametrize("page", ["/chamadas/{}", "/chamadas/{}/janela", "/solicitacoes/nova?chamada={}"])
def test_the_caller_s_requests_are_shown(desk: Desk, ana: Browser, page: str) -> None:
    number = open_another(desk, "second")
    desk.store.execution.execute(number, desk.ana.id, Action.RESOLVE, "")
    shown = ana.get(page.format(desk.announce("11144477735"))).text
    for words in (f'value="{desk.request.id}"', "Sem rede.", f'value="{number}"', "Segunda.", "SDNIVEL1", "prazo"):
        assert words in shown
    assert "Mais." not in shown
    assert "Executar<" in shown


def test_one_press_executes_a_request_and_links_it_with_the_call(desk: Desk, ana: Browser) -> None:
    desk.launch_children(str(desk.service.id))
    token = desk.announce("11144477735")
    pressed = ana.post(f"/chamadas/{token}", solicitacao=str(desk.request.id))
    assert pressed.location == f"/solicitacoes/{desk.request.id}/executar"
    assert desk.store.calls.find(token).answered_by is not None
    assert desk.store.requests.list_children(desk.request.id) == []
    assert "Atendida nesta ligação:" in ana.get(f"/chamadas/{token}").text


def test_a_call_is_linked_with_one_request_at_most(desk: Desk, ana: Browser) -> None:
    token, number = desk.announce("11144477735"), open_another(desk, "second")
    for chosen in (desk.request.id, number):
        ana.post(f"/chamadas/{token}", solicitacao=str(chosen))
    assert desk.store.callers.linked_request(desk.store.calls.find(token).id) == number


def test_another_request_than_the_call_s_launches_no_child(desk: Desk, ana: Browser) -> None:
    desk.launch_children(str(desk.service.id))
    token, number = desk.announce("11144477735", desk.request.id), open_another(desk, "second")
    ana.post(f"/chamadas/{token}", solicitacao=str(number))
    assert desk.store.requests.list_children(desk.request.id) == desk.store.requests.list_children(number) == []
    ana.post(f"/chamadas/{token}", solicitacao=str(desk.request.id))
    assert len(desk.store.requests.list_children(desk.request.id)) == 1


def test_a_request_of_somebody_else_is_not_opened_from_a_call(desk: Desk, ana: Browser) -> None:
    other = desk.store.requesters.add("52998224725", "João", "", "", "", "")
    theirs = desk.store.requests.open(NewRequest(other.id, desk.service.id, "x", "incidente"), desk.ana.id, "form:j").id
    token = desk.announce("11144477735")
    assert ana.post(f"/chamadas/{token}", solicitacao=str(theirs)).status_code == 404
    assert desk.store.calls.find(token).answered_at is None


def test_who_may_not_execute_views(desk: Desk, bia: Browser) -> None:
    token = desk.announce("11144477735")
    assert "Visualizar<" in bia.get(f"/chamadas/{token}").text
    pressed = bia.post(f"/chamadas/{token}", solicitacao=str(desk.request.id))
    assert pressed.location == f"/solicitacoes/{desk.request.id}"


def test_only_the_newest_five_and_three_are_shown_and_no_automatic_child(desk: Desk) -> None:
    numbers = [open_another(desk, str(n)) for n in range(12)]
    for number in numbers[:5]:
        desk.store.execution.execute(number, desk.ana.id, Action.RESOLVE, "")
    desk.launch_children(str(desk.service.id))
    desk.store.calls.answer(desk.announce("11144477735", desk.request.id), desk.ana.id)
    glance = desk.store.callers.glance(desk.maria.id, desk.ana.id)
    assert [one.id for one in glance.unfinished] == numbers[:6:-1]
    assert [one.id for one in glance.finished] == numbers[4:1:-1]
