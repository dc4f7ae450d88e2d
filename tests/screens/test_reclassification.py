"""Reclassifying a request on its page, SLAs by priority on a service's, half-days and optional holidays."""

from datetime import timedelta

from soap_service.rules.situations import Action
from soap_service.store import Changes

from .conftest import Browser, Desk


def test_executor_reclassifies_and_sees_the_new_deadline_in_the_history(desk: Desk, ana: Browser) -> None:
    other = desk.store.catalogue.add_service(
        "Projeto", "requisição", "SDNIVEL1", sla_minutes=60, priority_slas=((1, 30),)
    )
    path = f"/solicitacoes/{desk.request.id}"
    assert f'href="{path}/reclassificar"' in ana.get(path).text
    page = ana.get(f"{path}/reclassificar").text
    assert 'value="B" selected' in page
    fields = {"servico": str(other.id), "urgencia": "A", "impacto": "A", "versao": ana.hidden("versao")}
    page = ana.follow(ana.post(f"{path}/reclassificar", **fields, anotacao="É urgente.")).text
    for words in ("Solicitação reclassificada.", "É urgente.", "Reclassificação", "Urgência: Baixa → Alta"):
        assert words in page
    request = desk.store.requests.find(desk.request.id)
    assert request.deadline == desk.store.calendars.current.add(request.opened_at, timedelta(minutes=30))


def test_reclassifying_wrongly_or_too_late_keeps_what_was_typed(desk: Desk, ana: Browser) -> None:
    path = f"/solicitacoes/{desk.request.id}/reclassificar"
    fields = {"servico": str(desk.service.id), "urgencia": "A", "impacto": "A", "versao": "1", "anotacao": "Digitei."}
    for wrong in ({"servico": "999"}, {"servico": "x"}, {"urgencia": ""}, {"impacto": "Z"}, {"anotacao": "x" * 4001}):
        response = ana.post(path, **{**fields, **wrong})
        assert (response.status_code, 'aria-invalid="true"' in response.text) == (422, True)
    desk.store.execution.execute(desk.request.id, desk.ana.id, Action.NOTE, "", Changes(current_task="Outra"))
    response = ana.post(path, **fields)
    assert response.status_code == 409
    assert "Digitei." in response.text
    assert ana.follow(ana.post(path, **{**fields, "versao": ana.hidden("versao")})).status_code == 200
    desk.store.execution.execute(desk.request.id, desk.ana.id, Action.RESOLVE, "")
    assert ana.get(path).location == f"/solicitacoes/{desk.request.id}"


def test_who_may_not_execute_may_not_reclassify(desk: Desk, bia: Browser) -> None:
    path = f"/solicitacoes/{desk.request.id}/reclassificar"
    assert path not in bia.get(f"/solicitacoes/{desk.request.id}").text
    for response in (bia.get(path), bia.post(path, servico=str(desk.service.id), urgencia="A", impacto="A")):
        assert response.status_code == 403


def test_late_request_that_is_suspended_says_how_late_it_was(desk: Desk, ana: Browser) -> None:
    with desk.store._database.writing() as session:
        session.merge(desk.request).due_at = desk.store.calendars.current.subtract(
            desk.store.now(), timedelta(hours=5, seconds=20)
        )
    desk.store.execution.execute(desk.request.id, desk.ana.id, Action.SUSPEND, "Peça.")
    page = ana.get(f"/solicitacoes/{desk.request.id}").text
    assert "Prazo parado" in page
    assert "já estava atrasada há 5 h 0 min de expediente" in page
    assert "Fora do prazo" not in page


def test_administrator_gives_a_priority_an_sla_of_its_own(desk: Desk, rui: Browser) -> None:
    path = f"/administracao/servicos/{desk.service.id}"
    rui.get(path)
    fields = {"nome": "Falha", "tipo": "incidente", "grupo": "SDNIVEL1", "horas": "8", "ativo": "S"}
    stamp = rui.hidden("carimbo")
    assert rui.post(path, **fields, **{"sla-1": "8h00", "carimbo": stamp, "sla-2": "tarde"}).status_code == 422
    assert rui.post(path, **fields, **{"sla-1": "4:30", "carimbo": stamp, "sla-2": "6"}).status_code == 303
    page = rui.get(path).text
    assert 'value="4:30"' in page
    assert 'value="6:00"' in page
    assert "SLA em minutos, prioridade 1" in rui.get("/administracao/historico").text


def test_half_day_and_optional_holidays_are_set_on_the_calendar(desk: Desk, rui: Browser) -> None:
    path = "/administracao/calendario"
    refused = rui.post(f"{path}/feriados", acao="incluir", dia="2027-02-10", nome="Cinzas", turnos="13h")
    assert (refused.status_code, 'value="13h"' in refused.text) == (422, True)
    page = rui.follow(
        rui.post(f"{path}/feriados", acao="incluir", dia="2027-02-10", nome="Cinzas", turnos="13h00-18h00")
    )
    assert "13:00-18:00" in page.text
    assert "Corpus Christi</td>" not in page.text
    days = {f"dia-{number}": "08:00-18:00" for number in range(5)} | {"dia-5": "", "dia-6": ""}
    saved = rui.post(path, acao="gravar", carimbo=rui.hidden("carimbo"), nacionais="S", facultativos="S", **days)
    assert "Corpus Christi" in rui.follow(saved).text.split("Feriados nacionais de")[2]
    assert desk.store.calendars.find().skips_optional
