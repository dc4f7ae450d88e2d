"""A requester's page: data, contacts, merges, and what only administrators do."""

import json

import pytest

from soap_service.errors import RequesterNotFound
from soap_service.rules.edits import ContactEdit
from tests.screens.conftest import Browser, Desk

OTHER, CNPJ = "52998224725", "11222333000181"


def page_of(desk: Desk) -> str:
    return f"/pessoas/{desk.maria.id}"


def test_the_page_shows_data_requests_calls_and_history(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735")
    desk.store.people.set_left(desk.maria.id, True, "Bia <b>")
    page = ana.get(page_of(desk)).text
    for shown in (
        "Maria da Silva",
        "***.***.***-35",
        "Saiu",
        f"/solicitacoes/{desk.request.id}",
        token,
        "Bia &lt;b&gt;",
    ):
        assert shown in page, shown
    assert "Direitos da pessoa" not in page
    assert "Direitos da pessoa" in desk.browser_of("rui").get(page_of(desk)).text
    assert ana.get("/pessoas/999").status_code == 404


def test_the_search_a_request_and_a_call_lead_to_the_page(desk: Desk, ana: Browser) -> None:
    desk.store.requesters.add(OTHER, "Maria Outra")
    token = desk.announce("11144477735")
    for page in (
        ana.post("/solicitacoes", busca="maria"),
        ana.get(f"/solicitacoes/{desk.request.id}"),
        ana.get(f"/solicitacoes?solicitante={desk.maria.id}"),
        ana.get(f"/chamadas/{token}"),
    ):
        assert f'href="{page_of(desk)}"' in page.text


def test_data_is_corrected_and_the_document_with_it(desk: Desk, ana: Browser) -> None:
    ana.get(f"{page_of(desk)}/editar")
    fields = {"nome": "Maria S. Lima", "documento": "529.982.247-25", "carimbo": ana.hidden("carimbo")}
    assert ana.post(f"{page_of(desk)}/editar", **fields, email="errado").status_code == 422
    response = ana.post(f"{page_of(desk)}/editar", **fields, email="m@x.br")
    assert OTHER not in response.location
    page = ana.follow(response).text
    assert "Maria S. Lima" in page
    assert "***.***.***-35 → ***.***.***-25" in page
    assert ana.post(f"{page_of(desk)}/editar", **{**fields, "nome": "Mais uma"}).status_code == 409
    assert desk.store.requesters.find(OTHER).email == "m@x.br"


def test_a_document_of_another_and_wrong_digits_are_told(desk: Desk, ana: Browser) -> None:
    other = desk.store.requesters.add(OTHER, "Outra")
    ana.get(f"{page_of(desk)}/editar")
    fields = {"nome": "Maria", "carimbo": ana.hidden("carimbo")}
    refused = ana.post(f"{page_of(desk)}/editar", **fields, documento=OTHER)
    assert (refused.status_code, f"/pessoas/{other.id}" in refused.text) == (422, True)
    warned = ana.post(f"{page_of(desk)}/editar", **fields, documento="11144477736")
    assert "dígitos verificadores" in warned.text
    confirmed = ana.hidden("documento_conferido")
    ana.follow(ana.post(f"{page_of(desk)}/editar", **fields, documento="11144477736", documento_conferido=confirmed))
    assert desk.store.requesters.find("11144477736").id == desk.maria.id


def test_contacts_are_added_changed_and_chosen(desk: Desk, ana: Browser) -> None:
    company = desk.store.requesters.add(CNPJ, "ACME")
    address = f"/pessoas/{company.id}/contato"
    ana.get(address)
    fields = {"nome": "José <i>", "funcao": "TI", "telefone": "62 4000", "chave": ana.hidden("chave")}
    assert ana.post(address, **{**fields, "nome": ""}).status_code == 422
    for _ in range(2):
        assert "José &lt;i&gt;" in ana.follow(ana.post(address, **fields)).text
    [contact] = desk.store.people.list_contacts(company.id)
    token = desk.announce(CNPJ)
    assert "José" in ana.follow(ana.post(f"/chamadas/{token}/contato", contato=str(contact.id))).text
    assert "Contato:</strong> José" in ana.get(f"/chamadas/{token}/janela").text
    ana.get(f"/solicitacoes/nova?solicitante={company.id}")
    wanted = {"servico": str(desk.service.id), "urgencia": "B", "impacto": "B", "descricao": "x"}
    opened = ana.post(
        "/solicitacoes/nova",
        **wanted,
        solicitante=str(company.id),
        contato=str(contact.id),
        chave=ana.hidden("chave"),
        acao="registrar",
    )
    page = ana.follow(opened).text
    assert "José &lt;i&gt;" in page
    number = opened.location.partition("?")[0].rpartition("/")[2]
    ana.follow(ana.post(f"/solicitacoes/{number}/contato", contato=""))
    assert desk.store.requests.find(int(number)).contact is None
    assert ana.post(f"/solicitacoes/{desk.request.id}/contato", contato=str(contact.id)).status_code == 404
    ana.get(f"{address}?contato={contact.id}")
    gone = {**fields, "contato": str(contact.id), "carimbo": ana.hidden("carimbo"), "saiu": "S"}
    ana.follow(ana.post(address, **gone))
    assert desk.store.people.list_contacts(company.id) == []
    assert ana.get(f"{address}?contato=999").status_code == 404


def test_an_administrator_merges_two_records(desk: Desk, rui: Browser) -> None:
    double = desk.store.requesters.add(OTHER, "Maria Silva (dupla)")
    address = f"{page_of(desk)}/unir"
    rui.get(address)
    assert rui.post(address, acao="buscar", busca="ninguém").status_code == 422
    assert f'value="{double.id}"' in rui.post(address, acao="buscar", busca="dupla").text
    shown = rui.post(address, escolher=str(double.id))
    assert "***.***.***-25" in shown.text
    merged = rui.post(address, acao="unir", outro=str(double.id))
    page = rui.follow(merged).text
    assert "Os dois cadastros são um agora." in page
    assert "União com outro cadastro" in page
    assert rui.get(f"/pessoas/{double.id}").location == page_of(desk)
    assert rui.post(address, acao="unir", outro=str(desk.maria.id)).status_code == 422


def test_an_administrator_exports_and_erases_a_person(desk: Desk, rui: Browser) -> None:
    rui.get(page_of(desk))
    exported = rui.post(f"{page_of(desk)}/exportar", formato="json")
    assert "11144477735" not in exported.headers["Content-Disposition"]
    assert json.loads(exported.text)["people"][0]["name"] == "Maria da Silva"
    assert "CPF/CNPJ: 111.444.777-35" in rui.post(f"{page_of(desk)}/exportar", formato="texto").text
    rui.get(f"{page_of(desk)}/apagar")
    assert rui.post(f"{page_of(desk)}/apagar").status_code == 422
    assert desk.store.requesters.find("11144477735")
    page = rui.follow(rui.post(f"{page_of(desk)}/apagar", confirmo="S")).text
    assert "Pessoa apagada" in page
    with pytest.raises(RequesterNotFound):
        desk.store.requesters.find("11144477735")
    for address in (page_of(desk), f"/solicitacoes/{desk.request.id}", "/solicitacoes", "/administracao/auditoria"):
        shown = rui.get(address).text
        for trace in ("Maria da Silva", "111.444", "11144477735", "maria@exemplo", "62 3000"):
            assert trace not in shown, (address, trace)
    assert rui.get(f"{page_of(desk)}/editar").status_code == 200
    fields = {"nome": "De novo", "documento": OTHER, "carimbo": rui.hidden("carimbo")}
    assert rui.post(f"{page_of(desk)}/editar", **fields).status_code == 409


def test_an_administrator_erases_one_contact_alone(desk: Desk, rui: Browser) -> None:
    desk.store.people.add_contact(desk.maria.id, ContactEdit("Zélia Prado", "compras", "zelia@x.br"), "Ana", "form:z")
    [contact] = desk.store.people.list_contacts(desk.maria.id)
    address = f"{page_of(desk)}/apagar?contato={contact.id}"
    assert address in rui.get(f"{page_of(desk)}/contato?contato={contact.id}").text
    assert "Zélia Prado" in rui.get(address).text
    assert rui.post(address).status_code == 422
    assert rui.post(f"{page_of(desk)}/apagar?contato=999", confirmo="S").status_code == 404
    page = rui.follow(rui.post(address, confirmo="S")).text
    assert "Os dados do contato foram apagados." in page
    assert "Maria da Silva" in page
    for shown in (page, rui.get("/administracao/auditoria").text):
        assert "Zélia" not in shown
    assert "apagou um contato" in rui.get("/administracao/auditoria").text


def test_an_agent_neither_merges_nor_exports_nor_erases(desk: Desk, ana: Browser) -> None:
    for place in ("unir", "exportar", "apagar"):
        assert ana.post(f"{page_of(desk)}/{place}").status_code == 403
