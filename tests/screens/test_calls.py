import re
from datetime import UTC, datetime, timedelta

import pytest

from soap_service.model import Call
from soap_service.store import Store

from .conftest import Browser, Desk

TITLE = "Você está recebendo uma ligação"


def grow_old(store: Store, token: str) -> None:
    with store._database.writing() as session:
        session.query(Call).filter_by(token=token).one().created_at = datetime.now(UTC) - timedelta(minutes=5)


def facts(page: str) -> dict[str, str]:
    """Return the terms and values of a page, without their tags."""
    found = re.findall(r'<div class="fact[^>]*><dt>(.*?)</dt><dd>(.*?)</dd>', page, re.DOTALL)
    return {term: re.sub(r"<[^>]+>", "", value).strip() for term, value in found}


@pytest.mark.parametrize("page", ["", "/janela"])
def test_a_known_caller_is_shown_with_six_facts_and_one_button(desk: Desk, ana: Browser, page: str) -> None:
    ana.post("/ramal", ramal="4067")
    shown = ana.get(f"/chamadas/{desk.announce('11144477735')}{page}").text
    assert TITLE in shown
    assert "Informações do Solicitante" in shown
    assert facts(shown) == {
        "Nome": "Maria da Silva",
        "CPF/CNPJ": "111.444.777-35",
        "E-mail": "maria@exemplo.com.br",
        "Telefone": "62 3000",
        "Ramal": "210",
        "Unidade": "Financeiro",
    }
    assert "Cadastrar nova solicitação" in shown
    assert "Informações da Solicitação" not in shown


@pytest.mark.parametrize("page", ["", "/janela"])
def test_an_unknown_caller_is_said_to_be_not_identified(desk: Desk, ana: Browser, page: str) -> None:
    ana.post("/ramal", ramal="4067")
    shown = ana.get(f"/chamadas/{desk.announce('52998224725')}{page}").text
    assert TITLE in shown
    assert "Não identificado o cliente da ligação" in shown
    assert "529.982.247-25" in shown
    assert "Cadastrar nova solicitação" in shown


def test_a_caller_without_a_document_is_shown_too(desk: Desk, ana: Browser) -> None:
    assert "A telefonia não informou um CPF ou CNPJ." in ana.get(f"/chamadas/{desk.announce('')}").text


def test_a_caller_registered_since_is_identified(desk: Desk, ana: Browser) -> None:
    token = desk.announce("52998224725")
    desk.store.requesters.add("52998224725", "João")
    assert facts(ana.get(f"/chamadas/{token}").text)["Nome"] == "João"


@pytest.mark.parametrize(("login", "button"), [("ana", "Executar"), ("bia", "Visualizar")])
def test_a_call_about_a_request_shows_both_blocks(desk: Desk, login: str, button: str) -> None:
    token = desk.announce("11144477735", desk.request.id)
    shown = desk.browser_of(login).get(f"/chamadas/{token}/janela").text
    assert list(facts(shown)) == [
        "Nome",
        "CPF/CNPJ",
        "E-mail",
        "Telefone",
        "Ramal",
        "Unidade",
        "Nº da solicitação",
        "Situação",
        "Criada em",
        "Data/Hora limite",
        "Tarefa Atual",
        "Grupo Executor",
        "Contrato",
        "Serviço",
    ]
    assert facts(shown)["Nº da solicitação"] == f"[{desk.request.id}]"
    assert facts(shown)["Serviço"] == "Falha &lt;em&gt; rede"
    assert re.findall(r"data-answers>\s*(\w+)", shown) == [button]


def test_a_popup_is_a_fragment_with_the_form_token(desk: Desk, ana: Browser) -> None:
    shown = ana.get(f"/chamadas/{desk.announce('11144477735')}/janela").text
    assert "<html" not in shown
    assert f'name="form_token" value="{ana.token}"' in shown
    assert 'aria-label="Dispensar esta ligação"' in shown


def test_the_button_of_a_new_request_leads_to_the_form(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735")
    assert ana.post(f"/chamadas/{token}").location == f"/solicitacoes/nova?chamada={token}"
    assert desk.store.calls.find(token).answered_by is not None


def test_the_button_executes_or_views_by_right(desk: Desk, ana: Browser, bia: Browser) -> None:
    token = desk.announce("11144477735", desk.request.id)
    assert ana.post(f"/chamadas/{token}").location == f"/solicitacoes/{desk.request.id}/executar"
    assert bia.post(f"/chamadas/{token}").location == f"/solicitacoes/{desk.request.id}"


def test_pressing_the_button_twice_launches_one_child(desk: Desk, ana: Browser, bia: Browser) -> None:
    desk.launch_children(str(desk.service.id))
    token = desk.announce("11144477735", desk.request.id)
    for browser in (ana, ana, bia):
        browser.post(f"/chamadas/{token}")
    (child,) = desk.store.requests.list_children(desk.request.id)
    assert "Solicitação filha:" in ana.get(f"/solicitacoes/{desk.request.id}").text
    assert "Solicitação pai:" in ana.get(f"/solicitacoes/{child.id}").text


def test_a_child_that_was_launched_is_said_with_its_number(desk: Desk, ana: Browser) -> None:
    desk.launch_children(str(desk.service.id))
    pressed = ana.post(f"/chamadas/{desk.announce('11144477735', desk.request.id)}")
    (child,) = desk.store.requests.list_children(desk.request.id)
    assert f"Solicitação filha nº {child.id} lançada." in ana.follow(pressed).text
    assert "lançada." not in ana.get(f"/solicitacoes/{desk.request.id}?aviso=filha-{desk.request.id}").text


def test_a_child_that_cannot_be_launched_is_told_and_never_in_the_way(desk: Desk, ana: Browser) -> None:
    desk.launch_children()
    token = desk.announce("11144477735", desk.request.id)
    response = ana.post(f"/chamadas/{token}")
    assert response.location.endswith("/executar?aviso=filha")
    assert "A solicitação filha não foi lançada: O parâmetro 282 está ativado" in ana.follow(response).text


def test_administrators_are_warned_of_children_that_cannot_be_launched(desk: Desk, ana: Browser) -> None:
    rui = desk.browser_of("rui")
    assert "Nenhuma solicitação filha" not in rui.get("/").text
    desk.launch_children()
    assert "Nenhuma solicitação filha será lançada" in rui.get("/").text
    assert "Nenhuma solicitação filha" not in ana.get("/").text


def test_an_address_cannot_make_a_page_say_something(ana: Browser) -> None:
    page = ana.get("/?aviso=Ligue+para+o+0800").text
    assert "0800" not in page


def test_a_call_counts_as_seen_only_on_the_screen_of_its_extension(desk: Desk, ana: Browser, bia: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    token = desk.announce("11144477735")
    assert bia.post(f"/chamadas/{token}/vista").status_code == 204
    assert desk.store.calls.find(token).seen_at is None
    response = ana.client.post(f"/chamadas/{token}/vista", headers={"X-Form-Token": ana.token})
    assert (response.status_code, response.data) == (204, b"")
    assert desk.store.calls.find(token).seen_at is not None


def test_the_list_shows_the_calls_of_the_extension_and_marks_missed_ones(desk: Desk, ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    old, new = desk.announce("52998224725"), desk.announce("11144477735", desk.request.id)
    other = desk.announce("11144477735", extension="9")
    grow_old(desk.store, old)
    page = ana.get("/chamadas").text
    assert f'href="/chamadas/{old}"' in page
    assert f'href="/chamadas/{new}"' in page
    assert other not in page
    assert "Perdida</span>" in page
    assert "Não identificado" in page
    assert f"Solicitação nº {desk.request.id}" in page


def test_a_missed_call_does_not_say_that_it_rings(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735")
    grow_old(desk.store, token)
    page = ana.get(f"/chamadas/{token}").text
    assert "Ligação perdida</h1>" in page


def test_the_list_without_an_extension_says_what_to_do(ana: Browser) -> None:
    assert "Informe o ramal em que você atende" in ana.get("/chamadas").text


@pytest.mark.parametrize("path", ["", "/janela"])
def test_an_unknown_call_is_not_found(ana: Browser, path: str) -> None:
    assert ana.get(f"/chamadas/{'x' * 43}{path}").status_code == 404
    assert ana.get(f"/chamadas/short{path}").status_code == 404


def test_times_are_shown_in_the_zone_of_the_desk(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735")
    with desk.store._database.writing() as session:
        session.query(Call).filter_by(token=token).one().created_at = datetime(2016, 6, 30, 17, 10, tzinfo=UTC)
    assert '<time datetime="2016-06-30T14:10:00-03:00">30/06/2016 14:10</time>' in ana.get(f"/chamadas/{token}").text


def test_the_bar_counts_missed_calls_until_the_list_has_been_looked_at(desk: Desk, ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    with desk.store._database.writing() as session:
        session.get_one(type(desk.ana), desk.ana.id).calls_looked_at = datetime.now(UTC) - timedelta(hours=1)
    grow_old(desk.store, desk.announce("11144477735"))
    page = ana.get("/").text
    assert "<title>(1) Início" in page
    assert "<span data-count>1</span>" in page
    assert "<title>Ligações" in ana.get("/chamadas").text
    assert "<title>Início" in ana.get("/").text


def test_a_missed_call_can_be_called_back(desk: Desk, ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    token = desk.announce("11144477735")
    grow_old(desk.store, token)
    for page in ("/chamadas", f"/chamadas/{token}"):
        assert '<a href="tel:623000">62 3000</a>' in ana.get(page).text


def test_an_administrator_sees_every_call_and_an_agent_their_own(desk: Desk, ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    mine, other = desk.announce("11144477735"), desk.announce("52998224725", extension="9")
    assert other not in ana.get("/chamadas?ramal=9").text
    rui = desk.browser_of("rui")
    everything = rui.get("/chamadas").text
    assert mine in everything and other in everything
    only = rui.get("/chamadas?ramal=9").text
    assert other in only and mine not in only
    assert "Nenhuma ligação neste dia" in rui.get("/chamadas?dia=2020-02-29").text
    assert "Nenhuma ligação neste dia" in rui.get("/chamadas?destino=atendida").text
    assert mine in rui.get("/chamadas?dia=nunca&destino=x&antes=-1&ramal=").text


def test_a_pause_is_begun_and_ended_in_the_bar(desk: Desk, ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    assert "Em pausa:" in ana.follow(ana.post("/ramal/pausa", pausa="S", para="/")).text
    assert desk.store.attendance.find(desk.ana.id).paused_at is not None
    assert 'data-attendance="paused"' in ana.get("/chamadas").text
    assert "voltou a receber" in ana.follow(ana.post("/ramal/pausa", pausa="N", para="/")).text
    assert desk.store.attendance.find(desk.ana.id).paused_at is None
