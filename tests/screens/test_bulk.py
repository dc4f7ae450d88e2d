"""Forwarding and assigning chosen requests of a list: who may, what is done, what is refused and how it is said."""

import re

import pytest

from soap_service.errors import StoreUnavailable
from soap_service.rules.roles import Role
from soap_service.rules.situations import Action
from soap_service.store import Changes, NewRequest
from tests.screens.conftest import Browser, Desk
from tests.screens.test_forwarding import add_group

CHOSEN = "/solicitacoes/escolhidas"


@pytest.fixture(autouse=True)
def ana_supervises(desk: Desk) -> None:
    desk.give_role("ana", Role.SUPERVISOR)


@pytest.fixture
def numbers(desk: Desk) -> list[int]:
    """Three requests that Ana may execute."""
    new = NewRequest(desk.maria.id, desk.service.id, "Sem rede.", "incidente")
    return [desk.request.id, *(desk.store.requests.open(new, desk.ana.id, f"form:bulk-{n}").id for n in range(2))]


def send(browser: Browser, *chosen: str, **fields: str) -> "tuple[int, str, str]":
    """Choose rows of the list and send its form; return status, address and page of the answer."""
    browser.get("/solicitacoes?situacao=todas&ordem=numero")
    key = browser.hidden("chave") if 'name="chave"' in browser.page else ""
    data = {"form_token": browser.token, "chave": key, "para": "/solicitacoes?minhas=1", "escolhida": [*chosen]}
    answer = browser.client.post(CHOSEN, data={**data, **fields})
    return answer.status_code, answer.location or "", answer.text


def test_rows_can_be_chosen_by_supervisors_and_administrators(desk: Desk, ana: Browser, bia: Browser) -> None:
    row = f'name="escolhida" value="{desk.request.id}.{desk.request.version}"'
    assert row in ana.get("/solicitacoes").text
    assert row in desk.browser_of("rui").get("/solicitacoes").text
    assert 'name="escolhida"' not in bia.get("/solicitacoes").text
    assert send(bia, f"{desk.request.id}.1", para_responsavel="0")[0] == 403


def test_the_highest_number_can_be_chosen_and_no_higher_one(desk: Desk, ana: Browser) -> None:
    highest = 2**31 - 1
    status, _, page = send(ana, f"{highest}.1", para_responsavel="0")
    assert (status, str(highest) in page, "Ela não existe mais." in page) == (200, True, True)
    assert send(ana, f"{highest + 1}.1", para_responsavel="0")[0] == 422


def test_only_groups_where_somebody_can_execute_are_offered(desk: Desk, ana: Browser) -> None:
    add_group(desk, "REDES", "davi")
    add_group(desk, "VAZIO")
    add_group(desk, "LEITURA", "lia", may_execute=False)
    offered = re.search(r'<select id="para_grupo".*?</select>', ana.get("/solicitacoes").text, re.DOTALL)
    assert offered
    assert re.findall(r">([^<>]+)</option>", offered[0]) == ["Não mudar", "REDES", "SDNIVEL1"]


def test_chosen_requests_are_forwarded_and_assigned(desk: Desk, ana: Browser, numbers: list[int]) -> None:
    redes = add_group(desk, "REDES", "davi")
    davi = str(desk.store.staff.find_agent("davi").id)
    chosen = [f"{number}.1" for number in numbers[:2]]
    status, address, _ = send(ana, *chosen, para_grupo=redes, para_responsavel=davi)
    assert (status, address) == (303, "/solicitacoes?minhas=1&aviso=encaminhadas-2")
    assert "2 solicitações encaminhadas." in ana.get(address).text
    for number in numbers[:2]:
        found = desk.store.requests.find(number)
        assert (found.group.name, str(found.responsible_id), found.version) == ("REDES", davi, 2)
        assert [event.action for event in found.events][1:] == [Action.FORWARD, Action.RESPONSIBLE]
    assert desk.store.requests.find(numbers[2]).group.name == "SDNIVEL1"


def test_one_request_is_assigned_and_said_in_the_singular(desk: Desk, ana: Browser) -> None:
    _, address, _ = send(ana, f"{desk.request.id}.1", para_responsavel=str(desk.ana.id))
    assert "1 solicitação atribuída." in ana.get(address).text


def test_what_is_refused_is_named_with_the_reason(desk: Desk, ana: Browser, numbers: list[int]) -> None:
    redes = add_group(desk, "REDES", "davi")
    finished, changed, good = numbers
    desk.store.execution.execute(finished, desk.ana.id, Action.RESOLVE, "")
    desk.store.execution.execute(changed, desk.ana.id, Action.NOTE, "Outra coisa.")
    versions = (f"{finished}.2", f"{changed}.1", f"{good}.1", "99999.1")
    status, _, page = send(ana, *versions, para_grupo=redes)
    assert status == 200
    assert "1 encaminhada, 3 recusadas" in page
    told = dict(re.findall(r'/solicitacoes/(\d+)">.*?<td data-label="Por quê">([^<]*)', page, re.DOTALL))
    assert told == {
        str(finished): "Ela já foi finalizada.",
        str(changed): "Ela mudou enquanto você escolhia. Confira e repita.",
        "99999": "Ela não existe mais.",
    }
    assert [desk.store.requests.find(number).group.name for number in numbers] == ["SDNIVEL1", "SDNIVEL1", "REDES"]


def test_request_of_another_group_is_given_away_by_a_supervisor(desk: Desk, ana: Browser, numbers: list[int]) -> None:
    redes = add_group(desk, "REDES", "davi")
    desk.give_role("bia", Role.SUPERVISOR)  # who is in no group at all
    bia = desk.browser_of("bia")
    assert send(bia, f"{numbers[0]}.1", para_grupo=redes)[0] == 303
    _, address, _ = send(ana, f"{numbers[0]}.2", f"{numbers[1]}.1", para_responsavel=str(desk.ana.id))
    assert address.endswith("atribuidas-2")


def test_same_post_again_does_nothing_more(desk: Desk, ana: Browser) -> None:
    redes = add_group(desk, "REDES", "davi")
    ana.get("/solicitacoes")
    data = {"form_token": ana.token, "chave": ana.hidden("chave"), "escolhida": f"{desk.request.id}.1"}
    answers = [ana.client.post(CHOSEN, data={**data, "para_grupo": redes}).location for _ in range(2)]
    assert answers == ["/?aviso=encaminhadas-1"] * 2
    assert len(desk.store.requests.find(desk.request.id).events) == 2


def test_what_is_so_already_leaves_no_line(desk: Desk, ana: Browser) -> None:
    own = str(desk.request.group_id)
    assert send(ana, f"{desk.request.id}.1", para_grupo=own)[0] == 303
    found = desk.store.requests.find(desk.request.id)
    assert (len(found.events), found.version) == (1, 1)


@pytest.mark.parametrize(
    ("chosen", "fields"), [((), {"para_responsavel": "0"}), (("1.1",), {}), (("x", "1", "1.1.1"), {"para_grupo": "1"})]
)
def test_nothing_chosen_is_said(ana: Browser, chosen: tuple[str, ...], fields: dict[str, str]) -> None:
    status, _, page = send(ana, *chosen, **fields)
    assert status == 422
    assert "Escolha pelo menos uma solicitação" in page


@pytest.mark.parametrize("group", ["9" * 10, str(2**31), "9" * 30, "-1", "x", "٣"])
def test_a_group_that_can_be_none_leaves_the_other_choice_undone(desk: Desk, ana: Browser, group: str) -> None:
    """A number beyond what the database holds is no group, and is not read as "do not change" either."""
    status, _, page = send(ana, f"{desk.request.id}.1", para_grupo=group, para_responsavel="0")
    assert status == 422
    assert "Escolha pelo menos uma solicitação" in page
    assert desk.store.requests.find(desk.request.id).version == 1


def test_group_that_cannot_execute_is_refused(desk: Desk, ana: Browser) -> None:
    empty = add_group(desk, "VAZIO")
    _, _, page = send(ana, f"{desk.request.id}.1", para_grupo=empty)
    assert "0 encaminhadas, 1 recusada" in page
    assert "Nesse grupo ninguém pode executar." in page


def test_database_that_fails_midway_leaves_nothing_half_said(
    desk: Desk, ana: Browser, numbers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    give = desk.store.execution.give

    def fail_at_second(number: int, agent_id: int, changes: Changes, version: int, key: str) -> None:
        if number == numbers[1]:
            raise StoreUnavailable
        give(number, agent_id, changes, version, key)

    monkeypatch.setattr(desk.store.execution, "give", fail_at_second)
    _, _, page = send(ana, *(f"{number}.1" for number in numbers), para_responsavel=str(desk.ana.id))
    assert "2 atribuídas, 1 recusada" in page
    assert "O banco de dados não respondeu. Repita." in page


def test_post_of_another_site_changes_nothing(desk: Desk, ana: Browser) -> None:
    status, _, _ = send(ana, f"{desk.request.id}.1", para_responsavel="0", form_token="another")
    assert status == 403
    assert len(desk.store.requests.find(desk.request.id).events) == 1
