"""A form that was posted after the log-in had ended comes back after the next one, as it was typed, and is not sent."""

import json

import pytest

from soap_service.model import Request
from soap_service.rules.credentials import SESSION_COOKIE
from soap_service.rules.situations import Situation

from .conftest import PASSWORD, Browser, Desk
from .test_registration import NEW, count, wanted
from .test_requests import form_of

TYPED = 'Sem rede.\n"Aspas" & <b>sinais</b>'


def end_login(browser: Browser) -> None:
    """End the log-in as time does: the page with its form is still there."""
    browser.client.delete_cookie(SESSION_COOKIE)


def log_in_again(browser: Browser, login: str = "ana", password: str = PASSWORD) -> None:
    """Log in at the page that came instead of the answer."""
    browser.post("/entrar", usuario=login, senha=password, guardado=browser.hidden("guardado"))


def test_a_new_request_comes_back_filled_and_nothing_is_registered(desk: Desk, ana: Browser) -> None:
    token = desk.announce("52998224725")
    ana.get(f"{NEW}?chamada={token}")
    fields = wanted(desk, chave=ana.hidden("chave"), chamada=token, novo_nome="João", novo_documento="529.982.247-25")
    end_login(ana)
    refused = ana.post(NEW, **{**fields, "descricao": TYPED})
    assert refused.status_code == 401
    assert "o que você digitou volta ao formulário" in refused.text
    log_in_again(ana, password="wrong password")
    log_in_again(ana)
    assert "Você entrou de novo" in ana.page
    kept = {name: ana.hidden(name) for name in fields if name != "acao"}
    assert kept == {**{name: text for name, text in fields.items() if name != "acao"}, "descricao": TYPED}
    page = ana.post(NEW, acao="retomar", **kept).text
    assert "&#34;Aspas&#34; &amp; &lt;b&gt;sinais&lt;/b&gt;</textarea>" in page
    assert 'value="529.982.247-25"' in page and 'value="João"' in page
    assert f'<option value="{desk.service.id}" selected>' in page
    assert (ana.hidden("chave"), ana.hidden("chamada")) == (fields["chave"], token)
    assert count(desk, Request) == 1
    assert ana.post(NEW, **fields).status_code == 303
    assert count(desk, Request) == 2


def test_an_execution_comes_back_with_what_changed_meanwhile(desk: Desk, ana: Browser) -> None:
    path = f"/solicitacoes/{desk.request.id}/executar"
    ana.get(path)
    fields = form_of(ana, anotacao="Peça trocada.", tarefa="Teste")
    end_login(ana)
    ana.post(path, acao="resolver", **fields)
    desk.store.staff.add_agent("eva", "Eva Dias", "hash", ["SDNIVEL1"])
    eva = desk.browser_of("eva")
    eva.get(path)
    eva.post(path, **form_of(eva, acao="gravar", anotacao="Eva esteve aqui."))
    log_in_again(ana)
    kept = {name: ana.hidden(name) for name in fields}
    assert kept == fields
    page = ana.post(path, acao="retomar", **kept).text
    for words in ("Peça trocada.", 'value="Teste"', "O que mudou enquanto você escrevia", "Eva esteve aqui."):
        assert words in page
    assert desk.store.requests.find(desk.request.id).situation == Situation.IN_PROGRESS


def test_a_form_of_a_former_log_in_comes_back_too(desk: Desk, ana: Browser) -> None:
    page = ana.post(NEW, token="of a former log-in", **wanted(desk, descricao=TYPED)).text
    assert "Esta página ficou aberta por muito tempo" in page
    assert 'name="acao" value="retomar"' in page
    assert 'name="acao" value="registrar"' not in page
    assert count(desk, Request) == 1


def test_who_may_not_execute_gets_no_form_back(desk: Desk, bia: Browser) -> None:
    response = bia.post(f"/solicitacoes/{desk.request.id}/executar", acao="retomar", anotacao="x")
    assert response.status_code == 403


@pytest.mark.parametrize("path", [NEW, "/ramal"])
def test_another_sites_form_is_not_carried_over(desk: Desk, path: str) -> None:
    response = desk.visitor().client.post(path, data={"descricao": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 401
    assert "guardado" not in response.text


def test_a_form_too_large_to_be_carried_is_shown_to_be_copied(desk: Desk) -> None:
    response = desk.visitor().client.post(NEW, data={"descricao": "x" * 62_000})
    assert response.status_code == 401
    assert "guardado" not in response.text
    assert "O que você digitou, para copiar" in response.text


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "x",
        "[]",
        "{}",
        "[" * 20_000,
        '{"path": 1, "fields": {}}',
        '{"path": "/solicitacoes/nova", "fields": "x"}',
        '{"path": "/solicitacoes/nova", "fields": {"a": 1}}',
        json.dumps({"path": "https://evil.example/solicitacoes/nova", "fields": {}}),
        json.dumps({"path": "/administracao/parametros", "fields": {"valor": "N"}}),
    ],
)
def test_what_is_no_form_is_not_brought_back(desk: Desk, kept: str) -> None:
    assert desk.visitor().log_in("ana", guardado=kept).status_code == 303


def test_a_kept_form_brings_no_button_and_no_token(desk: Desk) -> None:
    kept = {"path": NEW, "fields": {"acao": "registrar", "form_token": "x", "escolher": "1", "descricao": "y"}}
    page = desk.visitor().log_in("ana", guardado=json.dumps(kept)).text
    assert 'value="registrar"' not in page and 'name="escolher"' not in page and 'value="x"' not in page
    assert 'name="descricao" value="y"' in page


KEPT = json.dumps({"path": NEW, "fields": {"descricao": "words of a stranger"}})
ANOTHER_SITE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},
]


@pytest.mark.parametrize("headers", ANOTHER_SITE)
def test_the_log_in_page_carries_no_form_of_another_site(desk: Desk, headers: dict[str, str]) -> None:
    client = desk.visitor().client
    posted = client.post("/entrar", data={"usuario": "ana", "senha": "x", "guardado": KEPT}, headers=headers)
    assert posted.status_code == 403
    assert "words of a stranger" not in posted.text
    posted = client.post(NEW, data={"descricao": "words of a stranger"}, headers=headers)
    assert posted.status_code == 401
    assert "words of a stranger" not in posted.text


def test_the_log_in_page_carries_no_form_that_proves_nothing(desk: Desk) -> None:
    posted = desk.visitor().client.post("/entrar", data={"usuario": "ana", "senha": "x", "guardado": KEPT})
    assert (posted.status_code, "words of a stranger" in posted.text) == (403, False)


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}])
def test_a_log_in_page_that_stayed_open_too_long_carries_its_form_on(desk: Desk, headers: dict[str, str]) -> None:
    fields = {"usuario": "ana", "senha": "x", "guardado": KEPT, "form_token": "of a former cookie"}
    posted = desk.visitor().client.post("/entrar", data=fields, headers=headers)
    assert (posted.status_code, "words of a stranger" in posted.text) == (403, True)


@pytest.mark.parametrize("path", [NEW, "/solicitacoes/1/executar"])
def test_what_a_program_posts_without_log_in_and_token_is_refused(desk: Desk, path: str) -> None:
    posted = desk.visitor().client.post(path, data={"descricao": "words", "anotacao": "words"})
    assert (posted.status_code, "Voltar ao formulário" in posted.text) == (401, False)
