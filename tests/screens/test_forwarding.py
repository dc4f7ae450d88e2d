"""Forwarding on the request's page: what an administrator is offered, and which groups are refused with which words."""

import re

import pytest

from tests.screens.conftest import Browser, Desk
from tests.screens.test_requests import form_of


def add_group(desk: Desk, name: str, *members: str, may_execute: bool = True) -> str:
    """Add a group with these new agents in it, and return its id as a form sends it."""
    group = desk.store.staff.add_group(name, may_execute=may_execute)
    for login in members:
        desk.store.staff.add_agent(login, login.capitalize(), "hash", [name])
    return str(group.id)


def forwarding(browser: Browser, **changes: str) -> dict[str, str]:
    """Return what an administrator's page sends, which has no field for the task."""
    fields = form_of(browser, acao="gravar", **changes)
    return {name: value for name, value in fields.items() if name != "tarefa"}


@pytest.mark.parametrize("address", ["", "/executar"])
def test_administrator_is_offered_forwarding_and_nothing_else(desk: Desk, address: str) -> None:
    page = desk.browser_of("rui").get(f"/solicitacoes/{desk.request.id}{address}").text
    assert set(re.findall(r'name="acao" value="(\w+)"', page)) == {"gravar"}
    for field in ("anotacao", "grupo", "responsavel"):
        assert f'name="{field}"' in page
    assert 'name="tarefa"' not in page
    assert "/reclassificar" not in page


def test_administrator_forwards_assigns_and_leaves_a_note(desk: Desk) -> None:
    redes, rui = add_group(desk, "REDES", "davi"), desk.browser_of("rui")
    path = f"/solicitacoes/{desk.request.id}"
    rui.get(path)
    davi = str(desk.store.staff.find_agent("davi").id)
    sent = forwarding(rui, grupo=redes, responsavel=davi, anotacao="É da rede.")
    page = rui.follow(rui.post(f"{path}/executar", **sent)).text
    assert "Encaminhada para REDES." in page
    found = desk.store.requests.find(desk.request.id)
    assert (found.group.name, str(found.responsible_id), found.current_task) == ("REDES", davi, "Atendimento")
    assert [event.note for event in found.events][1] == "É da rede."


def test_administrators_note_alone_is_refused_and_kept(desk: Desk) -> None:
    rui = desk.browser_of("rui")
    path = f"/solicitacoes/{desk.request.id}"
    rui.get(path)
    refused = rui.post(f"{path}/executar", **forwarding(rui, anotacao="Só uma nota."))
    assert refused.status_code == 422
    for words in ("Escolha outro grupo ou outro responsável.", "Só uma nota."):
        assert words in refused.text
    assert len(desk.store.requests.find(desk.request.id).events) == 1


def test_administrator_who_is_no_executor_cannot_resolve(desk: Desk) -> None:
    rui = desk.browser_of("rui")
    path = f"/solicitacoes/{desk.request.id}"
    rui.get(path)
    assert rui.post(f"{path}/executar", acao="resolver", anotacao="x").status_code == 403
    assert desk.store.requests.find(desk.request.id).situation == "EmAndamento"


def test_finished_request_offers_the_administrator_nothing(desk: Desk, ana: Browser) -> None:
    path = f"/solicitacoes/{desk.request.id}"
    ana.get(path)
    ana.post(f"{path}/executar", acao="resolver")
    rui = desk.browser_of("rui")
    assert 'name="anotacao"' not in rui.get(path).text
    assert rui.get(f"{path}/executar").status_code == 403


@pytest.mark.parametrize(
    ("members", "may_execute", "words"),
    [
        (["davi"], False, "O grupo REDES não pode executar solicitações. Escolha outro."),
        ([], True, "O grupo REDES não tem atendente ativo. Escolha outro."),
    ],
)
def test_group_where_nobody_can_execute_is_not_offered_and_says_why(
    desk: Desk, ana: Browser, members: list[str], may_execute: bool, words: str
) -> None:
    group = add_group(desk, "REDES", *members, may_execute=may_execute)
    path = f"/solicitacoes/{desk.request.id}"
    assert "REDES" not in ana.get(path).text
    refused = ana.post(f"{path}/executar", **form_of(ana, acao="gravar", grupo=group, anotacao="Para a rede."))
    assert refused.status_code == 422
    for sentence in (words, "Para a rede."):
        assert sentence in refused.text
    assert desk.store.requests.find(desk.request.id).group.name == "SDNIVEL1"
