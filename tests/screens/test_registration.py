import re

import pytest

from soap_service.model import Request, Requester

from .conftest import Browser, Desk

NEW = "/solicitacoes/nova"


def wanted(desk: Desk, **changes: str) -> dict[str, str]:
    """Return a form that can be registered but for its requester."""
    fields = {
        "servico": str(desk.service.id),
        "tipo": "incidente",
        "urgencia": "A",
        "impacto": "M",
        "descricao": "Impressora sem rede.",
    }
    return {"acao": "registrar", **fields, **changes}


def count(desk: Desk, table: type) -> int:
    with desk.store._database.reading() as session:
        return session.query(table).count()


def test_an_identified_caller_fills_the_form(desk: Desk, ana: Browser) -> None:
    page = ana.get(f"{NEW}?chamada={desk.announce('11144477735')}").text
    assert ana.hidden("solicitante") == str(desk.maria.id)
    assert 'value="maria@exemplo.com.br"' in page
    assert "Trocar solicitante" in page


def test_a_request_is_registered_from_a_call(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735")
    ana.get(f"{NEW}?chamada={token}")
    fields = wanted(desk, solicitante=ana.hidden("solicitante"), chave=ana.hidden("chave"), chamada=token)
    page = ana.follow(ana.post(NEW, **fields, telefone_contato="62 1", email_contato="a@b"))
    number = int(page.request.path.rsplit("/", 1)[1])
    assert f"Solicitação nº {number} registrada." in page.text
    request = desk.store.requests.find(number)
    assert (request.requester_id, request.priority, request.contract) == (desk.maria.id, 2, "C1")
    assert (request.contact_phone, request.contact_email, request.group.name) == ("62 1", "a@b", "SDNIVEL1")
    assert desk.store.telephony.count_open_requests("11144477735") == (2, None)


def test_the_type_is_the_services_unless_chosen(desk: Desk, ana: Browser) -> None:
    for typed, kind in (("", "incidente"), ("requisição", "requisição")):
        location = ana.post(NEW, **wanted(desk, solicitante=str(desk.maria.id), tipo=typed)).location
        number = int(location.rpartition("/")[2].partition("?")[0])
        assert desk.store.requests.find(number).kind == kind


def test_a_form_posted_twice_opens_one_request(desk: Desk, ana: Browser) -> None:
    ana.get(NEW)
    fields = wanted(
        desk, chave=ana.hidden("chave"), novo_nome="João", novo_documento="529.982.247-25", descricao="Uma vez."
    )
    first, second = ana.post(NEW, **fields), ana.post(NEW, **fields)
    assert first.location == second.location
    assert count(desk, Request) == 2
    assert count(desk, Requester) == 2


def test_each_form_has_a_key_of_its_own(ana: Browser) -> None:
    ana.get(NEW)
    first = ana.hidden("chave")
    ana.get(NEW)
    assert ana.hidden("chave") != first


def test_a_form_without_a_key_gets_one(desk: Desk, ana: Browser) -> None:
    assert ana.post(NEW, **wanted(desk, solicitante=str(desk.maria.id), chave="x")).status_code == 303


def test_what_was_typed_survives_and_errors_stand_beside_their_fields(desk: Desk, ana: Browser) -> None:
    fields = wanted(desk, solicitante=str(desk.maria.id), descricao="", contrato="C9", urgencia="X", email_contato="no")
    response = ana.post(NEW, **fields)
    assert response.status_code == 422
    for words in ("Descreva a solicitação.", "Escolha a urgência.", "Informe um e-mail como"):
        assert words in response.text
    assert 'id="descricao-error"' in response.text
    assert 'aria-describedby="descricao-error" aria-invalid="true"' in response.text
    assert 'value="C9"' in response.text
    assert f'<option value="{desk.service.id}" selected>' in response.text
    assert response.text.count("autofocus") == 2  # the dialog's field, and the first field in error
    assert count(desk, Request) == 1


def test_fields_have_a_longest_length(desk: Desk, ana: Browser) -> None:
    fields = wanted(desk, solicitante=str(desk.maria.id), contrato="c" * 201, descricao="d" * 8001)
    response = ana.post(NEW, **fields)
    assert "Use no máximo 200 caracteres." in response.text
    assert "Use no máximo 8000 caracteres." in response.text


def test_control_characters_do_not_get_in(desk: Desk, ana: Browser) -> None:
    fields = wanted(desk, solicitante=str(desk.maria.id), descricao="um\x00\x1b\r\ndois\u202e", contrato="C\t\n 1\x07")
    page = ana.follow(ana.post(NEW, **fields))
    request = desk.store.requests.find(int(page.request.path.rsplit("/", 1)[1]))
    assert (request.description, request.contract) == ("um\ndois", "C 1")


@pytest.mark.parametrize("search", ["111.444.777-35", "11144477735", "Maria", "maria da s", "MARIA DA"])
def test_a_requester_is_found_by_document_or_name(desk: Desk, ana: Browser, search: str) -> None:
    response = ana.post(NEW, **wanted(desk, acao="buscar", busca=search, descricao="Fica aqui."))
    assert response.status_code == 200
    assert "<strong>Maria da Silva</strong>" in response.text
    assert "Fica aqui." in response.text
    chosen = ana.post(NEW, **wanted(desk, acao="", escolher=str(desk.maria.id), descricao="Fica aqui."))
    assert ana.hidden("solicitante") == str(desk.maria.id)
    assert "Fica aqui." in chosen.text
    assert count(desk, Request) == 1


def test_a_search_that_finds_nobody_says_so(desk: Desk, ana: Browser) -> None:
    assert "Nenhum solicitante encontrado." in ana.post(NEW, **wanted(desk, acao="buscar", busca="Zé")).text


@pytest.mark.parametrize(("search", "is_warned"), [("123.123.123-12", True), ("52998224725", False), ("955", False)])
def test_a_document_that_finds_nobody_warns_of_wrong_check_digits(
    desk: Desk, ana: Browser, search: str, is_warned: bool
) -> None:
    warning = '<p class="warning">Os dígitos verificadores não conferem.'
    for response in (
        ana.post(NEW, **wanted(desk, acao="buscar", busca=search)),
        ana.post("/solicitacoes", busca=search),
    ):
        assert (warning in response.text) is is_warned
        assert 'aria-describedby="busca-warning busca-error"' in response.text


def test_enter_in_the_search_field_searches(desk: Desk, ana: Browser) -> None:
    response = ana.post(NEW, **wanted(desk, acao="continuar", busca="Maria"))
    assert response.status_code == 200
    assert "<strong>Maria da Silva</strong>" in response.text


def test_registering_without_having_chosen_says_so(desk: Desk, ana: Browser) -> None:
    response = ana.post(NEW, **wanted(desk, busca="Maria"))
    assert response.status_code == 422
    assert "Escolha um dos solicitantes encontrados" in response.text


def test_a_requester_can_be_changed(desk: Desk, ana: Browser) -> None:
    page = ana.post(NEW, **wanted(desk, acao="trocar", solicitante=str(desk.maria.id))).text
    assert "Encontrar</legend>" in page


def test_an_unidentified_caller_is_registered_on_the_spot(desk: Desk, ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    token = desk.announce("52998224725")
    page = ana.get(f"{NEW}?chamada={token}").text
    assert 'value="529.982.247-25"' in page
    fields = {"novo_nome": " João  Souza ", "novo_documento": "529.982.247-25", "novo_unidade": "TI", "chamada": token}
    response = ana.post(NEW, **wanted(desk, **fields))
    assert "52998224725" not in response.location
    joao = desk.store.requesters.find("52998224725")
    assert (joao.name, joao.unit) == ("João Souza", "TI")
    assert desk.store.telephony.count_open_requests("52998224725")[0] == 1


def test_wrong_check_digits_are_warned_of_once_and_then_accepted(desk: Desk, ana: Browser) -> None:
    fields = wanted(desk, novo_nome="João", novo_documento="123.123.123-12")
    response = ana.post(NEW, **fields)
    assert response.status_code == 200
    assert "Os dígitos verificadores não conferem." in response.text
    assert count(desk, Requester) == 1
    confirmed = ana.hidden("documento_conferido")
    assert ana.post(NEW, **fields, documento_conferido=confirmed).status_code == 303
    assert desk.store.requesters.find("12312312312").name == "João"


def test_wrong_check_digits_from_the_call_are_warned_of_at_once(desk: Desk, ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    page = ana.get(f"{NEW}?chamada={desk.announce('12312312312')}").text
    assert "Os dígitos verificadores não conferem." in page
    assert ana.hidden("documento_conferido") == "12312312312"


def test_a_document_that_somebody_has_offers_that_requester(desk: Desk, ana: Browser) -> None:
    response = ana.post(NEW, **wanted(desk, novo_nome="Outra", novo_documento="11144477735"))
    assert response.status_code == 422
    assert "Já existe um solicitante com esse CPF/CNPJ." in response.text
    assert f'name="escolher" value="{desk.maria.id}"' in response.text
    assert desk.store.requesters.find("11144477735").name == "Maria da Silva"


@pytest.mark.parametrize("document", ["", "abc", "1" * 15])
def test_what_cannot_be_a_document_is_refused(desk: Desk, ana: Browser, document: str) -> None:
    response = ana.post(NEW, **wanted(desk, novo_nome="João", novo_documento=document))
    assert response.status_code == 422
    assert 'id="novo_documento-error"' in response.text


@pytest.mark.parametrize("chosen", ["0", "-1", "9" * 400, "999999999", "1 OR 1=1", "٣"])
def test_a_requester_that_does_not_exist_is_asked_for_again(desk: Desk, ana: Browser, chosen: str) -> None:
    assert ana.post(NEW, **wanted(desk, solicitante=chosen)).status_code == 422


def test_a_service_that_is_not_active_cannot_be_chosen(desk: Desk, ana: Browser) -> None:
    response = ana.post(NEW, **wanted(desk, solicitante=str(desk.maria.id), servico="999"))
    assert "Escolha o serviço." in response.text


def test_a_token_that_is_none_opens_an_empty_form(ana: Browser) -> None:
    assert ana.get(f"{NEW}?chamada=../../etc").status_code == 200
    assert ana.get(f"{NEW}?chamada={'x' * 43}").status_code == 200


def test_what_was_solved_on_the_phone_is_registered_and_resolved(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735")
    ana.get(f"{NEW}?chamada={token}")
    fields = wanted(desk, solicitante=ana.hidden("solicitante"), chave=ana.hidden("chave"), chamada=token)
    page = ana.follow(ana.post(NEW, **fields | {"acao": "resolver"}, solucao="Religado."))
    number = int(page.request.path.rsplit("/", 1)[1])
    assert f"Solicitação nº {number} registrada e resolvida." in page.text
    assert "Religado." in page.text
    assert desk.store.requests.find(number).situation == "Resolvida"
    assert desk.store.requests.list_of_call(desk.store.calls.find(token).id) == [number]


@pytest.mark.parametrize(
    ("button", "solution", "sentence"),
    [
        ("resolver", "", "Escreva o que resolveu a solicitação."),
        ("registrar", "Religado.", "use “Registrar e resolver”"),
        ("continuar", "Religado.", "use “Registrar e resolver”"),
    ],
)
def test_a_solution_is_neither_missing_nor_lost(
    desk: Desk, ana: Browser, button: str, solution: str, sentence: str
) -> None:
    response = ana.post(NEW, **wanted(desk, acao=button, solucao=solution, solicitante=str(desk.maria.id)))
    assert (response.status_code, sentence in response.text, solution in response.text) == (422, True, True)
    assert re.search(r'<details class="solved" open>', response.text)
    assert count(desk, Request) == 1


def test_who_may_not_execute_is_offered_no_solution_and_resolves_none(desk: Desk, ana: Browser, bia: Browser) -> None:
    assert 'value="resolver"' in ana.get(NEW).text
    assert 'value="resolver"' not in bia.get(NEW).text
    desk.store.staff.add_group("REDES", may_execute=True)
    other = desk.store.catalogue.add_service("Rede", "incidente", "REDES")
    fields = wanted(desk, acao="resolver", solucao="Religado.", solicitante=str(desk.maria.id))
    for browser, service in ((bia, desk.service), (ana, other)):
        response = browser.post(NEW, **{**fields, "servico": str(service.id)})
        assert (response.status_code, "Você não executa solicitações deste serviço" in response.text) == (422, True)
    assert count(desk, Request) == 1


def test_a_services_template_is_offered_and_fills_an_empty_description(desk: Desk, ana: Browser, rui: Browser) -> None:
    path = f"/administracao/servicos/{desk.service.id}"
    rui.get(path)
    typed = {"nome": "Falha", "tipo": "incidente", "grupo": "SDNIVEL1", "ativo": "S", "horas": "8"}
    rui.follow(rui.post(path, carimbo=rui.hidden("carimbo"), modelo=" Patrimônio:\r\nDesde <quando>: ", **typed))
    assert desk.store.catalogue.find_service(desk.service.id).description_template == "Patrimônio:\nDesde <quando>:"
    template = "Patrimônio:\nDesde &lt;quando&gt;:"
    assert f'<template data-of="{desk.service.id}">{template}</template>' in ana.get(NEW).text
    empty = wanted(desk, descricao=" ", solicitante=str(desk.maria.id))
    page = ana.post(NEW, **empty)
    assert (page.status_code, f">\n{template}</textarea>" in page.text) == (422, True)
    assert "Descreva a solicitação." in page.text
    assert "Modelo da descrição: em branco → Patrimônio:" in rui.get("/administracao/historico").text
