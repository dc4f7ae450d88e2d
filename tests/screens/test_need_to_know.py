"""What pages show to an agent whose group sees only its own requests."""

from dataclasses import replace

import pytest

from soap_service.model import Request
from soap_service.rules.edits import ContactEdit
from soap_service.rules.roles import Role
from soap_service.storage.staff import group_edit_of
from soap_service.store import AuditFilter, NewRequest
from tests.screens.conftest import Browser, Desk

HIDDEN = "Segredo do RH"


@pytest.fixture
def hidden(desk: Desk) -> Request:
    """A request of another group than Ana's, whose group sees its own alone."""
    desk.store.staff.add_group("RH", may_execute=True)
    service = desk.store.catalogue.add_service("Folha de pagamento", "incidente", "RH", 480)
    group = next(one for one in desk.store.staff.list_groups() if one.name == "SDNIVEL1")
    edit = group_edit_of(group)
    desk.store.staff.change_group(group.id, replace(edit, sees_all=False), edit.stamp)
    new = NewRequest(desk.maria.id, service.id, HIDDEN, "incidente")
    return desk.store.requests.open(new, desk.bia.id, "form:hidden")


def test_no_page_of_an_agent_shows_a_hidden_request(desk: Desk, ana: Browser, hidden: Request) -> None:
    desk.store.extensions.register(desk.ana.id, "4067")
    about = desk.announce("11144477735", hidden.id)
    new = desk.announce("11144477735")
    for path in (
        "/",
        "/solicitacoes?situacao=todas",
        "/solicitacoes?situacao=abertas&ordem=prazo",
        f"/solicitacoes?solicitante={desk.maria.id}",
        "/solicitacoes?grupo=2",
        f"/solicitacoes/{hidden.id}",
        f"/solicitacoes/{hidden.id}/executar",
        f"/solicitacoes/{hidden.id}/reclassificar",
        f"/solicitacoes/nova?solicitante={desk.maria.id}",
        f"/pessoas/{desk.maria.id}",
        f"/solicitacoes/nova?chamada={new}",
        "/chamadas",
        f"/chamadas/{about}",
        f"/chamadas/{about}/janela",
        f"/chamadas/{new}/janela",
    ):
        page = ana.get(path)
        assert page.status_code in (200, 403), path
        assert HIDDEN not in page.text, path
    ana.get("/solicitacoes")
    assert HIDDEN not in ana.post("/solicitacoes", busca="segredo").text
    assert HIDDEN in desk.browser_of("bia").get("/solicitacoes?situacao=todas").text


def test_the_popup_of_a_call_about_it_shows_number_service_and_group(desk: Desk, ana: Browser, hidden: Request) -> None:
    desk.store.extensions.register(desk.ana.id, "4067")
    popup = ana.get(f"/chamadas/{desk.announce('11144477735', hidden.id)}/janela").text
    about = popup.split("Informações da Solicitação")[1].split("</section>")[0]
    for told in (f"[{hidden.id}]", "Folha de pagamento", "RH"):
        assert told in about
    for untold in ("Situação", "Contrato", "Data/Hora limite", "Tarefa Atual"):
        assert untold not in about


def test_its_page_says_no_more_and_what_was_registered(desk: Desk, ana: Browser, hidden: Request) -> None:
    page = ana.get(f"/solicitacoes/{hidden.id}?aviso=registrada")
    assert page.status_code == 403
    assert f"Solicitação nº {hidden.id} registrada." in page.text
    assert "Folha de pagamento" in page.text
    desk.store.audit.flush()
    [refused] = desk.store.audit.iterate(AuditFilter(kind="access-refused"))
    assert (refused.actor, refused.record_kind, refused.record) == ("ana", "request", str(hidden.id))


def test_an_export_of_a_restricted_supervisor_lacks_it(desk: Desk, hidden: Request) -> None:
    desk.give_role("ana", Role.SUPERVISOR)
    told = desk.browser_of("ana").client.get("/solicitacoes.csv?situacao=todas").text
    assert str(desk.request.id) in told
    assert HIDDEN not in told


def test_a_group_is_restricted_on_its_page(desk: Desk, rui: Browser) -> None:
    group = desk.store.staff.list_groups()[0]
    path = f"/administracao/grupos/{group.id}"
    rui.get(path)
    rui.follow(rui.post(path, nome=group.name, executa="S", carimbo=rui.hidden("carimbo")))
    assert not desk.store.staff.find_group(group.id).sees_all
    assert "Vê todas as solicitações" in rui.get("/administracao/historico").text


def test_its_contact_cannot_be_changed(desk: Desk, ana: Browser, hidden: Request) -> None:
    desk.store.people.add_contact(desk.maria.id, ContactEdit("José"), "teste", "chave")
    [contact] = desk.store.people.view(desk.maria.id).contacts
    ana.get("/")
    assert ana.post(f"/solicitacoes/{hidden.id}/contato", contato=str(contact.id)).status_code == 403
    assert desk.store.requests.find(hidden.id).contact_id is None
