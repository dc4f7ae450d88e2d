"""Administration: for administrators alone, nothing overwritten in silence, every change in the history."""

import re
from datetime import date

import pytest

from soap_service.calendars import Holidays, OwnDay, national_holidays
from soap_service.credentials import accepts_secret
from soap_service.deadlines import WorkingCalendar
from soap_service.edits import OPERATIONS
from soap_service.screens.administration import PAGES
from soap_service.services import list_descriptors, make_application

from .conftest import PASSWORD, ZONE, Browser, Desk

ROOT = "/administracao"
ADDRESSES = [path.replace("<number:number>", "1") for path, _, _ in PAGES]
WEEK = {f"dia-{number}": "08:00-18:00" for number in range(5)} | {"dia-5": "", "dia-6": ""}


@pytest.fixture
def rui(desk: Desk) -> Browser:
    """The administrator's browser."""
    calendar = WorkingCalendar(ZONE, holidays=Holidays(national_holidays("BR")))
    desk.store.default_calendar = calendar
    return desk.browser_of("rui")


def history(desk: Desk) -> list[tuple[str, str, str]]:
    return [(c.subject, c.action, c.actor) for c in desk.store.list_admin_changes() if "rui" in c.actor]


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
    assert desk.store.parameter(281) == "N"


# Parameters


def test_a_parameter_is_saved_with_who_changed_it(desk: Desk, rui: Browser) -> None:
    page = rui.follow(rui.post(f"{ROOT}/parametros", parametro="283", valor=str(desk.service.id), antes=""))
    assert "Alteração gravada." in page.text
    assert "Falha &lt;em&gt; rede" in page.text
    (change,) = desk.store.list_parameter_changes(283)
    assert (change.before, change.after, change.actor) == ("", str(desk.service.id), "Rui Costa (rui)")
    assert history(desk) == [("parameter", "changed", "Rui Costa (rui)")]


@pytest.mark.parametrize(("number", "value"), [("281", "talvez"), ("283", "999"), ("283", "abc")])
def test_a_wrong_value_is_refused_with_a_sentence_and_the_last_good_one_stays(
    desk: Desk, rui: Browser, number: str, value: str
) -> None:
    before = desk.store.parameter(int(number))
    response = rui.post(f"{ROOT}/parametros", parametro=number, valor=value, antes=before)
    assert response.status_code == 422
    assert f'id="erro-{number}"' in response.text
    assert desk.store.parameter(int(number)) == before


def test_there_are_no_other_parameters(rui: Browser) -> None:
    for number in ("284", "x", ""):
        assert rui.post(f"{ROOT}/parametros", parametro=number, valor="S", antes="N").status_code == 404


def test_a_parameter_that_somebody_else_changed_is_not_overwritten(desk: Desk, rui: Browser) -> None:
    desk.store.set_parameter(283, str(desk.service.id), "Eva")
    response = rui.post(f"{ROOT}/parametros", parametro="283", valor="", antes="9")
    assert response.status_code == 409
    assert "Outra pessoa mudou este parâmetro" in response.text
    assert desk.store.parameter(283) == str(desk.service.id)


# Services


def test_a_service_is_added_once_however_often_its_form_is_posted(desk: Desk, rui: Browser) -> None:
    rui.get(f"{ROOT}/servicos/novo")
    typed = {"nome": "Impressora", "tipo": "incidente", "grupo": "SDNIVEL1", "horas": "1", "minutos": "30"}
    typed["chave"] = rui.hidden("chave")
    for _ in range(2):
        page = rui.follow(rui.post(f"{ROOT}/servicos/novo", **typed))
        assert "1 h 30 min" in page.text
    found = [service for service in desk.store.list_services() if service.name == "Impressora"]
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
    assert desk.store.find_service(desk.service.id).sla_minutes is None
    page = rui.get(f"{ROOT}/historico").text
    assert "SLA em minutos: 480 → em branco" in page


def test_deactivating_the_service_of_parameter_283_is_asked_about(desk: Desk, rui: Browser) -> None:
    desk.store.set_parameter(283, str(desk.service.id), "teste")
    path = f"{ROOT}/servicos/{desk.service.id}"
    typed = service_fields(desk, rui, ativo="")
    response = rui.post(path, **typed)
    assert "Este serviço é o do parâmetro 283" in response.text
    assert desk.store.find_service(desk.service.id).is_active
    rui.follow(rui.post(path, **{**typed, "ciente": rui.hidden("ciente")}))
    assert not desk.store.find_service(desk.service.id).is_active


def test_of_two_who_edit_a_service_the_second_is_shown_what_the_first_saved(desk: Desk, rui: Browser) -> None:
    path = f"{ROOT}/servicos/{desk.service.id}"
    first = service_fields(desk, rui, contrato="C2")
    second = {**first, "contrato": "C3"}
    rui.follow(rui.post(path, **first))
    response = rui.post(path, **second)
    assert response.status_code == 409
    assert "Outra pessoa gravou: C2" in response.text
    assert 'value="C3"' in response.text
    assert desk.store.find_service(desk.service.id).contract == "C2"
    rui.follow(rui.post(path, **{**second, "carimbo": rui.hidden("carimbo")}))
    assert desk.store.find_service(desk.service.id).contract == "C3"


# Agents and groups


def test_an_agent_is_added_and_can_log_in(desk: Desk, rui: Browser) -> None:
    rui.get(f"{ROOT}/atendentes/novo")
    group = desk.store.list_groups()[0]
    typed = {"login": "eva", "nome": "Eva Reis", "senha": PASSWORD, "senha_de_novo": PASSWORD, "ativo": "S"}
    rui.follow(rui.post(f"{ROOT}/atendentes/novo", chave=rui.hidden("chave"), **{**typed, f"grupo-{group.id}": "S"}))
    agent = desk.store.find_agent("eva")
    assert ([one.name for one in agent.groups], agent.is_admin) == (["SDNIVEL1"], False)
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
def test_an_agent_who_cannot_be_added_is_refused_and_the_password_is_not_repeated(
    rui: Browser, changes: dict[str, str], sentence: str
) -> None:
    typed = {"login": "eva", "nome": "Eva", "senha": PASSWORD, "senha_de_novo": PASSWORD}
    response = rui.post(f"{ROOT}/atendentes/novo", **{**typed, **changes})
    assert response.status_code == 422
    assert sentence in response.text
    assert PASSWORD not in response.text


def test_a_deactivated_agent_is_out_at_once_and_the_extension_is_free(desk: Desk, rui: Browser, ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    path = f"{ROOT}/atendentes/{desk.ana.id}"
    rui.get(path)
    rui.follow(rui.post(path, nome="Ana Souza", carimbo=rui.hidden("carimbo")))
    assert ana.get("/").status_code == 303
    assert desk.store.extension_of(desk.ana.id) is None
    assert not desk.store.find_agent("ana").groups


@pytest.mark.parametrize("left", [{"ativo": "S"}, {"administrador": "S"}])
def test_the_last_administrator_stays_one(desk: Desk, rui: Browser, left: dict[str, str]) -> None:
    path = f"{ROOT}/atendentes/{desk.store.find_agent('rui').id}"
    rui.get(path)
    response = rui.post(path, nome="Rui Costa", carimbo=rui.hidden("carimbo"), **left)
    assert "Este é o último administrador ativo." in response.text
    agent = desk.store.find_agent("rui")
    assert agent.is_admin
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
    group = next(one for one in desk.store.list_groups() if one.name == "CAMPO")
    path = f"{ROOT}/grupos/{group.id}"
    rui.get(path)
    assert rui.post(path, nome="SDNIVEL1", carimbo=rui.hidden("carimbo")).status_code == 422
    rui.get(path)
    rui.follow(rui.post(path, nome="EXTERNO", carimbo=rui.hidden("carimbo")))
    changed = desk.store.find_group(group.id)
    assert (changed.name, changed.may_execute) == ("EXTERNO", False)


# Integrations


IVR = {"nome": "ivr", "como": "segredo", "idioma": "pt-BR", "operacao-novaSolicitacao": "S"}


def secret_on(page: str) -> str:
    found = re.search(r'id="segredo" class="secret" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_secret_is_shown_once_and_works(desk: Desk, rui: Browser) -> None:
    rui.get(f"{ROOT}/integracoes/nova")
    typed = {
        "nome": "ivr",
        "como": "segredo",
        "idioma": "pt-BR",
        "operacao-novaSolicitacao": "S",
        "enderecos": "10.1.0.0/16\n::1",
    }
    response = rui.post(f"{ROOT}/integracoes/nova", chave=rui.hidden("chave"), **typed)
    secret = secret_on(response.text)
    integration = next(one for one in desk.store.list_integrations() if one.name == "ivr")
    assert accepts_secret(integration, secret)
    assert (integration.addresses, integration.operations) == ("10.1.0.0/16 ::1/128", "novaSolicitacao")
    assert response.headers["Cache-Control"] == "no-store"
    for path in ("", f"/{integration.id}", f"/{integration.id}/segredo"):
        assert secret not in rui.get(f"{ROOT}/integracoes{path}").text
    assert secret not in rui.get(f"{ROOT}/historico").text


def test_a_form_posted_twice_leaves_one_integration_with_the_secret_shown_last(desk: Desk, rui: Browser) -> None:
    rui.get(f"{ROOT}/integracoes/nova")
    typed = {
        "nome": "ivr",
        "como": "segredo",
        "idioma": "pt-BR",
        "operacao-novaSolicitacao": "S",
        "chave": rui.hidden("chave"),
    }
    rui.post(f"{ROOT}/integracoes/nova", **typed)
    secret = secret_on(rui.post(f"{ROOT}/integracoes/nova", **typed).text)
    (integration,) = [one for one in desk.store.list_integrations() if one.name == "ivr"]
    assert accepts_secret(integration, secret)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"nome": ""}, "Informe o nome da integração."),
        ({"nome": "a:b"}, "Escreva o nome sem espaços"),
        ({"nome": "pbx"}, "Já existe ou já existiu"),
        ({"enderecos": "10.1.2.3/8"}, "Escreva endereços ou redes"),
        ({"como": "endereco"}, "pelo menos um endereço de rede"),
        ({"operacao-novaSolicitacao": ""}, "Escolha pelo menos uma operação."),
    ],
)
def test_an_integration_that_cannot_be_is_refused(rui: Browser, changes: dict[str, str], sentence: str) -> None:
    response = rui.post(f"{ROOT}/integracoes/nova", **{**IVR, **changes})
    assert response.status_code == 422
    assert sentence in response.text


def test_a_platform_known_by_its_address_keeps_one(desk: Desk, rui: Browser) -> None:
    path = f"{ROOT}/integracoes/{desk.integration_id}"
    rui.get(path)
    everything = {f"operacao-{name}": "S" for name in OPERATIONS} | {"idioma": "es"}
    response = rui.post(path, enderecos="", carimbo=rui.hidden("carimbo"), **everything)
    assert "pelo menos um endereço de rede" in response.text
    rui.get(path)
    rui.follow(rui.post(path, enderecos="10.0.0.0/8", carimbo=rui.hidden("carimbo"), **everything))
    integration = desk.store.find_integration(desk.integration_id)
    assert (integration.addresses, integration.operations, integration.language) == ("10.0.0.0/8", "", "es")


def test_a_new_secret_and_a_revocation_are_asked_about_first(desk: Desk, rui: Browser) -> None:
    path = f"{ROOT}/integracoes/{desk.integration_id}"
    assert "deixa de valer agora" in rui.get(f"{path}/segredo").text
    first = secret_on(rui.post(f"{path}/segredo").text)
    second = secret_on(rui.post(f"{path}/segredo").text)
    integration = desk.store.find_integration(desk.integration_id)
    assert accepts_secret(integration, second)
    assert not accepts_secret(integration, first)
    assert "Não há como desfazer" in rui.get(f"{path}/revogar").text
    for _ in range(2):
        assert "Integração revogada." in rui.follow(rui.post(f"{path}/revogar")).text
    assert desk.store.list_integrations() == []
    assert rui.get(f"{path}/revogar").status_code == 404
    assert [action for _, action, _ in history(desk)] == ["revoked", "renewed", "renewed"]


def test_the_operations_are_those_of_the_wsdl() -> None:
    assert set(OPERATIONS) == set(list_descriptors(make_application()))


# Calendar


def test_the_shifts_of_each_weekday_are_saved(desk: Desk, rui: Browser) -> None:
    rui.get(f"{ROOT}/calendario")
    fields = {**WEEK, "dia-5": "9h00 às 13h00", "nacionais": "S", "acao": "gravar", "carimbo": rui.hidden("carimbo")}
    page = rui.follow(rui.post(f"{ROOT}/calendario", **fields))
    assert 'value="09:00-13:00"' in page.text
    assert desk.store.find_calendar().week[5] == ((540, 780),)
    assert "Sábado: em branco → 09:00-13:00" in rui.get(f"{ROOT}/historico").text
    stale = rui.post(f"{ROOT}/calendario", **{**fields, "dia-5": ""})
    assert stale.status_code == 409
    assert "Outra pessoa gravou: 09:00-13:00" in stale.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"dia-0": "22:00-06:00"}, "escreva em dois dias"),
        ({"dia-0": "de manhã"}, "Escreva os turnos como"),
        ({f"dia-{number}": "" for number in range(7)}, "pelo menos uma hora de trabalho por semana"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(desk: Desk, rui: Browser, changes: dict[str, str], sentence: str) -> None:
    rui.get(f"{ROOT}/calendario")
    fields = {**WEEK, **changes, "acao": "gravar", "carimbo": rui.hidden("carimbo")}
    response = rui.post(f"{ROOT}/calendario", **fields)
    assert response.status_code == 422
    assert sentence in response.text
    assert desk.store.find_calendar().week == desk.store.default_calendar.week


def test_the_example_is_the_check_case_of_the_manual_and_saves_nothing(desk: Desk, rui: Browser) -> None:
    fields = {**WEEK, "nacionais": "S", "acao": "exemplo", "inicio": "2016-06-30T14:10", "duracao": "8"}
    assert "01/07/2016 12:10" in rui.post(f"{ROOT}/calendario", **fields).text
    assert "01/07/2016 00:00" not in rui.post(f"{ROOT}/calendario", **fields).text
    all_day = {**fields, **{f"dia-{number}": "00:00-24:00" for number in range(7)}}
    assert "30/06/2016 22:10" in rui.post(f"{ROOT}/calendario", **all_day).text
    for odd in ("0001-01-01T00:00", "9999-12-31T23:59", "x", ""):
        assert rui.post(f"{ROOT}/calendario", **{**fields, "inicio": odd, "duracao": "9999"}).status_code == 200
    assert history(desk) == []


def test_holidays_are_added_removed_and_national_ones_worked(desk: Desk, rui: Browser) -> None:
    path = f"{ROOT}/calendario/feriados"
    own = {"dia": "2026-10-24", "nome": "Aniversário de Goiânia", "anual": "S", "acao": "incluir"}
    assert "todo ano" in rui.follow(rui.post(path, **own)).text
    rui.follow(rui.post(path, **own))
    assert rui.post(path, **{**own, "nome": "Outro"}).status_code == 422
    year = date.today().year
    rui.follow(rui.post(path, dia=f"{year}-12-25", nome="Natal", acao="trabalhar"))
    assert "Voltar a folgar" in rui.page
    assert date(year, 12, 25) not in desk.store.calendar.holidays
    rui.follow(rui.post(path, dia=f"{year}-12-25", acao="remover"))
    rui.follow(rui.post(path, dia=f"{year}-12-25", acao="remover"))
    assert date(year, 12, 25) in desk.store.calendar.holidays
    assert desk.store.find_calendar().own == (OwnDay(date(2026, 10, 24), "Aniversário de Goiânia", is_yearly=True),)
    for wrong in ({"dia": ""}, {"dia": "2026-13-01"}, {"nome": ""}):
        assert rui.post(path, **{**own, **wrong}).status_code == 422


def test_the_history_is_read_page_by_page(desk: Desk, rui: Browser) -> None:
    for number in range(60):
        desk.store.set_parameter(281, "SN"[number % 2], f"pessoa {number}")
    page = rui.get(f"{ROOT}/historico").text
    assert "pessoa 59" in page
    assert "pessoa 9<" not in page
    older = re.search(r"historico\?antes=\d+", page)
    assert older
    assert "pessoa 9<" in rui.get(f"/administracao/{older[0]}").text


def test_long_lists_are_shown_some_at_a_time(desk: Desk, rui: Browser) -> None:
    for number in range(101):
        desk.store.add_agent(f"z{number:03}", f"Pessoa {number}", "hash")
        desk.store.add_service(f"Z {number:03}", "incidente", "SDNIVEL1")
    for path, shown, later in (("atendentes", "Pessoa 90<", "Pessoa 100<"), ("servicos", "Z 090<", "Z 100<")):
        page = rui.get(f"{ROOT}/{path}").text
        assert shown in page
        assert later not in page
        more = re.search(r'href="([^"]+depois=[^"]+)"', page)
        assert more
        assert later in rui.get(more[1]).text
