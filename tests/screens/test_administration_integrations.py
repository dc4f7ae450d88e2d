"""Telephony platforms at the screens of Administration: secrets shown once, addresses, operations."""

import re

import pytest

from soap_service.rules.credentials import accepts_secret
from soap_service.rules.edits import OPERATIONS
from soap_service.services import list_descriptors, make_application

from .conftest import Browser, Desk
from .test_administration import ROOT, history

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
