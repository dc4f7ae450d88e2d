"""Agents and groups at the screens of Administration: who logs in, who administers, who may execute."""

import pytest

from soap_service.rules.roles import Role

from .conftest import PASSWORD, Browser, Desk
from .test_administration import ROOT


def test_an_agent_is_added_and_can_log_in(desk: Desk, rui: Browser) -> None:
    rui.get(f"{ROOT}/atendentes/novo")
    group = desk.store.staff.list_groups()[0]
    typed = {
        "login": "eva",
        "nome": "Eva Reis",
        "senha": PASSWORD,
        "senha_de_novo": PASSWORD,
        "ativo": "S",
        "papel": "agent",
    }
    rui.follow(rui.post(f"{ROOT}/atendentes/novo", chave=rui.hidden("chave"), **{**typed, f"grupo-{group.id}": "S"}))
    agent = desk.store.staff.find_agent("eva")
    assert ([one.name for one in agent.groups], agent.role) == (["SDNIVEL1"], Role.AGENT)
    assert desk.visitor().log_in("eva").location == "/"
    assert PASSWORD not in rui.get(f"{ROOT}/historico").text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"senha_de_novo": "outra"}, "As duas senhas não são iguais."),
        ({"senha": "curta", "senha_de_novo": "curta"}, "pelo menos 10 caracteres"),
        ({"login": "ana"}, "Já existe um atendente com este usuário."),
        ({"login": ""}, "Informe o usuário"),
        ({"login": "eva reis"}, "sem espaços"),
    ],
)
def test_a_refused_agent_is_not_added_and_the_password_not_repeated(
    rui: Browser, changes: dict[str, str], sentence: str
) -> None:
    typed = {"login": "eva", "nome": "Eva", "senha": PASSWORD, "senha_de_novo": PASSWORD, "papel": "agent"}
    response = rui.post(f"{ROOT}/atendentes/novo", **{**typed, **changes})
    assert response.status_code == 422
    assert sentence in response.text
    assert PASSWORD not in response.text


def test_a_deactivated_agent_is_out_at_once_and_the_extension_is_free(desk: Desk, rui: Browser, ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    path = f"{ROOT}/atendentes/{desk.ana.id}"
    rui.get(path)
    rui.follow(rui.post(path, nome="Ana Souza", papel="agent", carimbo=rui.hidden("carimbo")))
    assert ana.get("/").status_code == 303
    assert desk.store.extensions.number_of(desk.ana.id) is None
    assert not desk.store.staff.find_agent("ana").groups


@pytest.mark.parametrize("left", [{"ativo": "S", "papel": "supervisor"}, {"papel": "administrator"}])
def test_the_last_administrator_stays_one(desk: Desk, rui: Browser, left: dict[str, str]) -> None:
    path = f"{ROOT}/atendentes/{desk.store.staff.find_agent('rui').id}"
    rui.get(path)
    response = rui.post(path, nome="Rui Costa", carimbo=rui.hidden("carimbo"), **left)
    assert "Este é o último administrador ativo." in response.text
    agent = desk.store.staff.find_agent("rui")
    assert agent.role is Role.ADMINISTRATOR
    assert agent.is_active


def test_a_new_password_ends_the_agents_sessions(desk: Desk, rui: Browser, ana: Browser) -> None:
    new = "outra senha comprida"
    path = f"{ROOT}/atendentes/{desk.ana.id}/senha"
    page = rui.follow(rui.post(path, senha=new, senha_de_novo=new))
    assert "Senha trocada." in page.text
    assert ana.get("/").status_code == 303
    assert desk.visitor().log_in("ana", new).location == "/"
    assert rui.post(path, senha="curta", senha_de_novo="curta").status_code == 422


def test_a_group_is_added_and_changed(desk: Desk, rui: Browser) -> None:
    rui.get(f"{ROOT}/grupos/novo")
    rui.follow(rui.post(f"{ROOT}/grupos/novo", nome="CAMPO", executa="S", chave=rui.hidden("chave")))
    group = next(one for one in desk.store.staff.list_groups() if one.name == "CAMPO")
    path = f"{ROOT}/grupos/{group.id}"
    rui.get(path)
    assert rui.post(path, nome="SDNIVEL1", carimbo=rui.hidden("carimbo")).status_code == 422
    rui.get(path)
    rui.follow(rui.post(path, nome="EXTERNO", carimbo=rui.hidden("carimbo")))
    changed = desk.store.staff.find_group(group.id)
    assert (changed.name, changed.may_execute) == ("EXTERNO", False)
