"""Telephony platforms at the screens of Administration: secrets shown once, addresses, operations."""

import re
from datetime import timedelta

import pytest

from soap_service.rules.credentials import accepts_secret, make_secret
from soap_service.rules.edits import OPERATIONS
from soap_service.rules.roles import Role
from soap_service.screens.administration.integrations import SECRET_COOKIE
from soap_service.services import list_descriptors, make_application

from .conftest import Browser, Desk
from .test_administration import ROOT, history

IVR = {"nome": "ivr", "como": "segredo", "idioma": "pt-BR", "operacao-novaSolicitacao": "S"}


def secret_on(page: str) -> str:
    found = re.search(r'id="segredo" class="secret">([^<]+)<', page)
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
    response = rui.follow(rui.post(f"{ROOT}/integracoes/nova", chave=rui.hidden("chave"), **typed))
    secret = secret_on(response.text)
    integration = next(one for one in desk.store.integrations.list_all() if one.name == "ivr")
    assert accepts_secret(integration, secret)
    assert (integration.addresses, integration.operations) == ("10.1.0.0/16 ::1/128", "novaSolicitacao")
    assert response.headers["Cache-Control"] == "no-store"
    for path in ("", f"/{integration.id}", f"/{integration.id}/segredo"):
        assert secret not in rui.get(f"{ROOT}/integracoes{path}").text
    assert secret not in rui.get(f"{ROOT}/historico").text


def test_a_form_posted_twice_leaves_one_integration_and_the_last_secret(desk: Desk, rui: Browser) -> None:
    rui.get(f"{ROOT}/integracoes/nova")
    typed = {
        "nome": "ivr",
        "como": "segredo",
        "idioma": "pt-BR",
        "operacao-novaSolicitacao": "S",
        "chave": rui.hidden("chave"),
    }
    rui.post(f"{ROOT}/integracoes/nova", **typed)
    secret = secret_on(rui.follow(rui.post(f"{ROOT}/integracoes/nova", **typed)).text)
    (integration,) = [one for one in desk.store.integrations.list_all() if one.name == "ivr"]
    assert accepts_secret(integration, secret)
    assert [action for _, action, _ in history(desk)] == ["renewed", "added"]


def test_a_secrets_page_is_reloaded_by_its_administrator_alone_for_a_while(
    desk: Desk, rui: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{ROOT}/integracoes/{desk.integration_id}"
    posted = rui.post(f"{path}/segredo")
    cookie = next(one for one in posted.headers.getlist("Set-Cookie") if one.startswith(SECRET_COOKIE))
    assert all(words in cookie for words in ("Max-Age=300", "HttpOnly", "SameSite=Strict", f"Path={ROOT}/integracoes"))
    secret = secret_on(rui.follow(posted).text)
    assert secret_on(rui.get(posted.location).text) == secret
    assert secret not in cookie
    assert [action for _, action, _ in history(desk)] == ["renewed"]
    sealed = cookie.partition("=")[2].partition(";")[0]
    desk.store.staff.add_agent("eva", "Eva", "hash", role=Role.ADMINISTRATOR)
    eva = desk.browser_of("eva")
    eva.client.set_cookie(SECRET_COOKIE, sealed)
    assert eva.get(posted.location).status_code == 303
    later = desk.store.now() + timedelta(minutes=5)
    with monkeypatch.context() as patch:
        patch.setattr(desk.store._database, "now", lambda: later)
        assert rui.get(posted.location).status_code == 303
    assert secret_on(rui.get(posted.location).text) == secret
    rui.get(f"{ROOT}/integracoes")
    assert rui.get(posted.location).status_code == 303


def test_a_secret_that_was_replaced_is_shown_no_more(desk: Desk, rui: Browser) -> None:
    path = f"{ROOT}/integracoes/{desk.integration_id}"
    posted = rui.post(f"{path}/segredo")
    other = make_secret()
    desk.store.integrations.renew_secret(desk.integration_id, other.salt, other.digest)
    assert rui.get(posted.location).location == path


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
    integration = desk.store.integrations.find(desk.integration_id)
    assert (integration.addresses, integration.operations, integration.language) == ("10.0.0.0/8", "", "es")


def test_a_new_secret_and_a_revocation_are_asked_about_first(desk: Desk, rui: Browser) -> None:
    path = f"{ROOT}/integracoes/{desk.integration_id}"
    assert "deixa de valer agora" in rui.get(f"{path}/segredo").text
    first, second = (secret_on(rui.follow(rui.post(f"{path}/segredo")).text) for _ in range(2))
    integration = desk.store.integrations.find(desk.integration_id)
    assert accepts_secret(integration, second)
    assert not accepts_secret(integration, first)
    assert "Não há como desfazer" in rui.get(f"{path}/revogar").text
    for _ in range(2):
        assert "Integração revogada." in rui.follow(rui.post(f"{path}/revogar")).text
    assert desk.store.integrations.list_all() == []
    assert rui.get(f"{path}/revogar").status_code == 404
    assert [action for _, action, _ in history(desk)] == ["revoked", "renewed", "renewed"]


def test_the_operations_are_those_of_the_wsdl() -> None:
    assert set(OPERATIONS) == set(list_descriptors(make_application()))


def test_administrators_see_and_are_warned_which_platform_guesses(desk: Desk, ana: Browser, rui: Browser) -> None:
    asked, one = desk.store.unknown_asked, desk.integration_id
    name = desk.store.integrations.find(one).name
    assert "0 de 220" in rui.get(f"{ROOT}/integracoes").text
    asked.count({one: 219}, {one: 220})
    page = rui.get(f"{ROOT}/integracoes").text
    assert "219 de 220" in page
    assert "limite atingido" not in page
    warning = f"A plataforma {name} consultou 220 documentos ou números desconhecidos em uma hora."
    assert warning not in rui.get("/").text
    asked.count({one: 1100}, {one: 220})
    page = rui.get(f"{ROOT}/integracoes").text
    assert "1.319 de 220" in page
    assert "limite atingido" in page
    assert warning in rui.get("/").text
    assert warning not in ana.get("/").text
    assert "aviso: muitos documentos ou números desconhecidos" in rui.get(f"{ROOT}/auditoria").text
