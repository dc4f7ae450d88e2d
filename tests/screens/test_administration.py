"""Administration: for administrators alone, nothing overwritten in silence, every change in the history."""

import re

import pytest

from soap_service.screens.administration import PAGES

from .conftest import Browser, Desk

ROOT = "/administracao"
ADDRESSES = [path.replace("<number:number>", "1") for path, _, _ in PAGES]


def history(desk: Desk) -> list[tuple[str, str, str]]:
    return [(c.subject, c.action, c.actor) for c in desk.store.history.list_changes() if "rui" in c.actor]


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_page_is_for_administrators_alone(desk: Desk, ana: Browser, path: str) -> None:
    assert ana.get(path).status_code == 403
    assert ana.post(path).status_code in (403, 405)
    assert desk.visitor().get(path).status_code == 303


def test_the_menu_leads_administrators_there_and_nobody_else(ana: Browser, rui: Browser) -> None:
    assert "Administração" in rui.get("/").text
    assert "Administração" not in ana.get("/").text


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_page_opens(rui: Browser, path: str) -> None:
    assert rui.get(path).status_code in (200, 303, 405)


def test_a_form_without_its_token_changes_nothing(desk: Desk, rui: Browser) -> None:
    assert rui.post(f"{ROOT}/parametros", token="x", parametro="281", valor="S", antes="N").status_code == 403
    assert desk.store.parameters.value(281) == "N"


# Parameters


def test_a_parameter_is_saved_with_who_changed_it(desk: Desk, rui: Browser) -> None:
    page = rui.follow(rui.post(f"{ROOT}/parametros", parametro="283", valor=str(desk.service.id), antes=""))
    assert "Alteração gravada." in page.text
    assert "Falha &lt;em&gt; rede" in page.text
    (change,) = desk.store.parameters.list_changes(283)
    assert (change.before, change.after, change.actor) == ("", str(desk.service.id), "Rui Costa (rui)")
    assert history(desk) == [("parameter", "changed", "Rui Costa (rui)")]


@pytest.mark.parametrize(("number", "value"), [("281", "talvez"), ("283", "999"), ("283", "abc")])
def test_a_wrong_value_is_refused_in_words_and_the_last_good_one_stays(
    desk: Desk, rui: Browser, number: str, value: str
) -> None:
    before = desk.store.parameters.value(int(number))
    response = rui.post(f"{ROOT}/parametros", parametro=number, valor=value, antes=before)
    assert response.status_code == 422
    assert f'id="erro-{number}"' in response.text
    assert desk.store.parameters.value(int(number)) == before


def test_there_are_no_other_parameters(rui: Browser) -> None:
    for number in ("284", "x", ""):
        assert rui.post(f"{ROOT}/parametros", parametro=number, valor="S", antes="N").status_code == 404


def test_a_parameter_that_somebody_else_changed_is_not_overwritten(desk: Desk, rui: Browser) -> None:
    desk.store.parameters.change(283, str(desk.service.id), "Eva")
    response = rui.post(f"{ROOT}/parametros", parametro="283", valor="", antes="9")
    assert response.status_code == 409
    assert "Outra pessoa mudou este parâmetro" in response.text
    assert desk.store.parameters.value(283) == str(desk.service.id)


# Services


def test_a_service_is_added_once_however_often_its_form_is_posted(desk: Desk, rui: Browser) -> None:
    rui.get(f"{ROOT}/servicos/novo")
    typed = {"nome": "Impressora", "tipo": "incidente", "grupo": "SDNIVEL1", "horas": "1", "minutos": "30"}
    typed["chave"] = rui.hidden("chave")
    for _ in range(2):
        page = rui.follow(rui.post(f"{ROOT}/servicos/novo", **typed))
        assert "1 h 30 min" in page.text
    found = [service for service in desk.store.catalogue.list_services() if service.name == "Impressora"]
    assert [service.sla_minutes for service in found] == [90]
    rui.get(f"{ROOT}/servicos/novo")
    again = rui.post(f"{ROOT}/servicos/novo", **{**typed, "chave": rui.hidden("chave")})
    assert "Já existe um serviço com este nome." in again.text


@pytest.mark.parametrize(("hours", "minutes"), [("x", ""), ("0", "0"), ("8761", ""), ("-1", ""), ("²", "")])
def test_an_sla_that_is_none_is_refused(rui: Browser, hours: str, minutes: str) -> None:
    response = rui.post(
        f"{ROOT}/servicos/novo", nome="X", tipo="incidente", grupo="SDNIVEL1", horas=hours, minutos=minutes
    )
    assert response.status_code == 422
    assert "Informe de 1 minuto a 8760 horas" in response.text


def service_fields(desk: Desk, rui: Browser, **changes: str) -> dict[str, str]:
    rui.get(f"{ROOT}/servicos/{desk.service.id}")
    typed = {"nome": "Falha", "tipo": "incidente", "grupo": "SDNIVEL1", "horas": "8", "contrato": "C1", "ativo": "S"}
    return {**typed, "carimbo": rui.hidden("carimbo"), **changes}


def test_without_an_sla_the_deadline_is_to_be_agreed(desk: Desk, rui: Browser) -> None:
    path = f"{ROOT}/servicos/{desk.service.id}"
    page = rui.follow(rui.post(path, **service_fields(desk, rui, horas="", nome="Falha <em> rede")))
    assert "A combinar" in page.text
    assert desk.store.catalogue.find_service(desk.service.id).sla_minutes is None
    page = rui.get(f"{ROOT}/historico").text
    assert "SLA em minutos: 480 → em branco" in page


def test_deactivating_the_service_of_parameter_283_is_asked_about(desk: Desk, rui: Browser) -> None:
    desk.store.parameters.change(283, str(desk.service.id), "teste")
    path = f"{ROOT}/servicos/{desk.service.id}"
    typed = service_fields(desk, rui, ativo="")
    response = rui.post(path, **typed)
    assert "Este serviço é o do parâmetro 283" in response.text
    assert desk.store.catalogue.find_service(desk.service.id).is_active
    rui.follow(rui.post(path, **{**typed, "ciente": rui.hidden("ciente")}))
    assert not desk.store.catalogue.find_service(desk.service.id).is_active


def test_of_two_who_edit_a_service_the_second_sees_the_first_ones_save(desk: Desk, rui: Browser) -> None:
    path = f"{ROOT}/servicos/{desk.service.id}"
    first = service_fields(desk, rui, contrato="C2")
    second = {**first, "contrato": "C3"}
    rui.follow(rui.post(path, **first))
    response = rui.post(path, **second)
    assert response.status_code == 409
    assert "Outra pessoa gravou: C2" in response.text
    assert 'value="C3"' in response.text
    assert desk.store.catalogue.find_service(desk.service.id).contract == "C2"
    rui.follow(rui.post(path, **{**second, "carimbo": rui.hidden("carimbo")}))
    assert desk.store.catalogue.find_service(desk.service.id).contract == "C3"


def test_the_history_is_read_page_by_page(desk: Desk, rui: Browser) -> None:
    for number in range(60):
        desk.store.parameters.change(281, "SN"[number % 2], f"pessoa {number}")
    page = rui.get(f"{ROOT}/historico").text
    assert "pessoa 59" in page
    assert "pessoa 9<" not in page
    older = re.search(r"historico\?antes=\d+", page)
    assert older
    assert "pessoa 9<" in rui.get(f"/administracao/{older[0]}").text


def test_long_lists_are_shown_some_at_a_time(desk: Desk, rui: Browser) -> None:
    for number in range(101):
        desk.store.staff.add_agent(f"z{number:03}", f"Pessoa {number}", "hash")
        desk.store.catalogue.add_service(f"Z {number:03}", "incidente", "SDNIVEL1")
    for path, shown, later in (("atendentes", "Pessoa 90<", "Pessoa 100<"), ("servicos", "Z 090<", "Z 100<")):
        page = rui.get(f"{ROOT}/{path}").text
        assert shown in page
        assert later not in page
        more = re.search(r'href="([^"]+depois=[^"]+)"', page)
        assert more
        assert later in rui.get(more[1]).text


def test_turning_the_telephony_off_is_asked_about_nothing_else_is(desk: Desk, rui: Browser) -> None:
    path = f"{ROOT}/parametros"

    def save(number: str, value: str, before: str, **fields: str) -> int:
        return rui.post(path, parametro=number, valor=value, antes=before, **fields).status_code

    assert [save("281", "S", "N"), save("282", "S", "N"), save("282", "N", "S")] == [303] * 3
    assert save("281", "N", "S") == 409
    assert "Desligar a telefonia?" in rui.page
    assert desk.store.parameters.value(281) == "S"
    assert save("281", "N", "S", ciente="S") == 303
    assert desk.store.parameters.value(281) == "N"
    page = rui.get(path).text
    assert "Última alteração: Rui Costa (rui)," in page
    for title in ("Integração com a telefonia", "Solicitação filha a cada atendimento", "Serviço da solicitação filha"):
        assert title in page
