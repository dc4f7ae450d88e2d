"""What is said beyond the pages: receipts and faults in a platform's language, a refused form in the visitor's."""

import httpx
import pytest

from soap_service.soap.message import MAX_BODY_BYTES
from tests.conftest import Service, element
from tests.waiting import wait_until

SENTENCES = {
    "pt-BR": (
        "O CPF/CNPJ informado não é válido.",
        "O ramal 4067 não está registrado por nenhum atendente.",
        "O atendente do ramal 4067 está em pausa; a ligação aguarda.",
    ),
    "en": (
        "The CPF/CNPJ given is not valid.",
        "Extension 4067 is not registered by any agent.",
        "The agent of extension 4067 is paused; the call is waiting.",
    ),
    "es": (
        "El CPF/CNPJ indicado no es válido.",
        "Ningún agente registró la extensión 4067.",
        "El agente de la extensión 4067 está en pausa; la llamada espera.",
    ),
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_platform_is_answered_in_its_language_with_the_same_codes(own_service: Service, language: str) -> None:
    own_service.command("integration", "language", "demonstracao", language)
    fault, receipt, paused = SENTENCES[language]

    def refusal() -> str:
        return own_service.call("obterQtdeSolicitacoes", cpf="ABC")

    wait_until(lambda: element(refusal(), "faultstring") == fault, 3)  # rules are believed for a second
    assert element(refusal(), "codigo") == "DOCUMENTO_INVALIDO"
    announced = own_service.call("novaSolicitacao", cpf="11144477735", ramal="4067")
    assert element(announced, "mensagem") == receipt
    assert element(announced, "aviso") == "RAMAL_NAO_REGISTRADO"
    agent = own_service.store.staff.find_agent("atendente")
    own_service.store.extensions.register(agent.id, "4067")
    own_service.store.attendance.pause(agent.id)
    waiting = own_service.call("novaSolicitacao", cpf="52998224725", ramal="4067")
    assert element(waiting, "mensagem") == paused
    assert element(waiting, "aviso") == "AGUARDANDO"


def test_too_large_a_form_is_refused_in_the_visitors_language(service: Service) -> None:
    body = b"senha=" + b"x" * MAX_BODY_BYTES
    for language, title in (("pt-BR", "O formulário é grande demais"), ("en-GB", "The form is too large")):
        headers = {"Accept-Language": language, "Content-Type": "application/x-www-form-urlencoded"}
        answer = httpx.post(f"{service.url}/entrar", content=body, headers=headers)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert f"<h1>{title}</h1>" in answer.text
        assert answer.headers["connection"] == "close"
