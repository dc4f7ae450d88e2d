"""What pages leave in the audit, and the page on which administrators read it."""

import re
from collections.abc import Sequence

import pytest
from werkzeug.test import Client

from soap_service.rules.auditing import AuditKind
from soap_service.rules.roles import Role
from soap_service.screens.administration.audit import KINDS, RECORD_KINDS
from soap_service.store import AuditFilter
from soap_service.tables.audit import AuditRow
from tests.screens.conftest import Browser, Desk

HERE = "/administracao/auditoria"


def rows(desk: Desk, kind: str) -> Sequence[AuditRow]:
    desk.store.audit.flush()
    return list(desk.store.audit.iterate(AuditFilter(kind=kind)))


def records(desk: Desk, kind: str) -> list[tuple[str, str]]:
    return [(row.actor, row.record) for row in rows(desk, kind)]


def test_log_ins_log_outs_and_refusals_are_recorded_with_their_address(desk: Desk) -> None:
    browser = Browser(Client(lambda environ, start: desk.screens({**environ, "REMOTE_ADDR": "10.0.0.7"}, start)))
    browser.log_in("ana", "not her password")
    browser.log_in("nobody", "11144477735")
    browser.log_in("ana")
    browser.post("/sair")
    refused = rows(desk, AuditKind.LOG_IN_REFUSED)
    assert [(row.actor_kind, row.actor, row.record) for row in refused] == [
        ("visitor", "", str(desk.ana.id)),
        ("visitor", "", ""),
    ]
    assert records(desk, AuditKind.LOGGED_IN) == [("ana", str(desk.ana.id))]
    assert records(desk, AuditKind.LOGGED_OUT) == [("ana", str(desk.ana.id))]
    assert {row.address for row in refused} == {"10.0.0.7"}


def test_a_flood_of_log_ins_leaves_one_row_a_minute(desk: Desk) -> None:
    browser = desk.visitor()
    browser.get("/entrar")
    for _ in range(20):
        browser.post("/entrar", usuario="nobody", senha="x")
    assert len(rows(desk, AuditKind.LOG_IN_REFUSED)) == 10
    assert len(rows(desk, AuditKind.LOG_INS_LIMITED)) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/solicitacoes/{request}",
        "/solicitacoes/{request}/executar",
        "/solicitacoes/{request}/reclassificar",
        "/solicitacoes?solicitante={maria}",
        "/solicitacoes/nova?solicitante={maria}",
        "/solicitacoes/nova?chamada={call}",
        "/chamadas/{call}",
        "/chamadas/{call}/janela",
    ],
)
def test_each_page_that_shows_a_person_leaves_one_row(desk: Desk, ana: Browser, path: str) -> None:
    call = desk.announce("11144477735")
    address = path.format(request=desk.request.id, maria=desk.maria.id, call=call)
    assert ana.get(address).status_code == 200
    shown = [("ana", str(desk.maria.id))] if "reclassificar" not in path else []
    assert records(desk, AuditKind.PERSON_VIEWED) == shown


def test_lists_and_pages_without_a_person_leave_none(desk: Desk, ana: Browser) -> None:
    for path in ("/", "/solicitacoes", "/chamadas", "/preferencias", "/solicitacoes/nova"):
        ana.get(path)
    assert rows(desk, AuditKind.PERSON_VIEWED) == []


def test_a_search_is_recorded_with_the_one_it_found(desk: Desk, ana: Browser) -> None:
    ana.get("/solicitacoes")
    for typed in ("111.444.777-35", "52998224725", "ninguém"):
        ana.post("/solicitacoes", busca=typed)
    ana.get("/solicitacoes/nova")
    ana.post("/solicitacoes/nova", acao="buscar", busca="Maria")
    maria = str(desk.maria.id)
    assert [record for _, record in records(desk, AuditKind.PERSON_SEARCHED)] == [maria, "", "", maria]


def test_an_export_is_recorded_before_it_is_sent(desk: Desk, rui: Browser) -> None:
    rui.get("/solicitacoes.csv")
    assert [(row.actor, row.record_kind) for row in rows(desk, AuditKind.EXPORTED)] == [("rui", "request")]


def test_400_look_ups_leave_400_rows_and_one_warning_at_the_administrators(desk: Desk, rui: Browser) -> None:
    ana = desk.browser_of("ana")
    for number in range(400):
        requester = desk.store.requesters.add(f"{number:011}", f"Pessoa {number}")
        assert ana.get(f"/solicitacoes/nova?solicitante={requester.id}").status_code == 200
    assert len(rows(desk, AuditKind.PERSON_VIEWED)) == 400
    while desk.store.audit_seals.seal(most_persons=200):
        pass
    for path in ("/", HERE):
        assert rui.get(path).text.count("ana viu os dados de mais de 200 pessoas em uma hora") == 1
    assert "viu os dados" not in ana.get("/").text


def test_an_administrators_change_names_the_administrator(desk: Desk, rui: Browser) -> None:
    rui.get("/administracao/parametros")
    rui.post("/administracao/parametros", parametro="281", valor="S", antes="N")
    (row,) = [row for row in rows(desk, AuditKind.SETTING_CHANGED) if row.record_kind == "parameter"]
    assert (row.actor, row.record) == ("rui", "281")


def shown_rows(page: str) -> int:
    return len(re.findall(r"<tr>\s*<td", page))


def test_the_page_is_filtered_and_goes_on(desk: Desk, rui: Browser) -> None:
    ana = desk.browser_of("ana")
    for _ in range(60):
        ana.get(f"/solicitacoes/{desk.request.id}")
    ana.get(f"/solicitacoes?solicitante={desk.maria.id}")
    desk.store.audit.flush()
    first = rui.get(f"{HERE}?quem=ana&tipo=person-viewed").text
    assert shown_rows(first) == 50
    following = re.search(r'href="([^"]+antes=[^"]+)"', first)
    assert following is not None
    assert shown_rows(rui.get(following[1].replace("&amp;", "&")).text) == 11
    assert shown_rows(rui.get(f"{HERE}?quem=bia").text) == 0
    assert shown_rows(rui.get(f"{HERE}?registro=requester&numero={desk.maria.id}").text) == 50
    assert shown_rows(rui.get(f"{HERE}?tipo=log-in&registro=agent&numero={desk.ana.id}").text) == 1
    today = desk.store.now().date().isoformat()
    assert shown_rows(rui.get(f"{HERE}?quem=ana&de=2001-01-01&ate={today}").text) == 50
    assert shown_rows(rui.get(f"{HERE}?quem=ana&ate=2001-01-01").text) == 0


@pytest.mark.parametrize(
    "query", ["antes=x", "antes=99999999999999", "tipo=<b>", "de=2026-99-99&ate=0000", "numero=' OR 1=1", "quem=%00%ff"]
)
def test_what_the_address_asks_wrongly_is_as_if_it_were_not_there(desk: Desk, rui: Browser, query: str) -> None:
    assert rui.get(f"{HERE}?{query}").status_code == 200


def test_nobody_else_reads_it_and_nobody_writes_it(desk: Desk, rui: Browser, ana: Browser) -> None:
    assert ana.get(HERE).status_code == 403
    for method in ("post", "put", "delete", "patch"):
        assert getattr(rui.client, method)(HERE).status_code == 405
    rui.get(HERE)
    assert records(desk, AuditKind.AUDIT_READ) == [("rui", "")]


def test_every_kind_has_words() -> None:
    assert set(KINDS) == set(AuditKind)
    from soap_service.rules.auditing import RecordKind

    assert set(RECORD_KINDS) == set(RecordKind) - {RecordKind.NONE}


def test_what_an_agent_may_not_have_is_recorded(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735")
    ana.get("/")
    assert ana.get("/administracao/auditoria").status_code == 403
    assert ana.client.post(f"/chamadas/{token}", data={"form_token": "another"}).status_code == 403
    desk.visitor().get("/administracao/auditoria")  # is asked to log in
    desk.give_role("ana", Role.VIEWER)
    assert ana.post(f"/pessoas/{desk.maria.id}/situacao", saiu="S").status_code == 403
    bia = desk.browser_of("bia")
    bia.get("/")
    assert bia.get(f"/solicitacoes/{desk.request.id}/executar").status_code == 403
    assert records(desk, AuditKind.ACCESS_REFUSED) == [
        ("ana", "/administracao/auditoria"),
        ("ana", "/chamadas/*"),
        ("ana", f"/pessoas/{desk.maria.id}/situacao"),
        ("bia", str(desk.request.id)),
    ]
