"""What the SOAP endpoint refuses is kept for administrators, without what was typed; nobody outside simulates."""

import base64
from collections.abc import Iterator

import httpx
import pytest

from soap_service.rules.calls import SIMULATION
from soap_service.store import RefusalKind
from tests.conftest import Service, element, start_service, wait_until

NEW = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<novaSolicitacao xmlns="urn:soap-service:telefonia:v1"><cpf>11144477735</cpf><ramal>{}</ramal></novaSolicitacao>'
    "</e:Body></e:Envelope>"
)


@pytest.fixture
def proxied(tmp_path) -> Iterator[Service]:  # type: ignore[no-untyped-def]
    """A service that believes 127.0.0.1 about who calls: each test calls from what address it likes."""
    service = start_service(tmp_path, SOAP_SERVICE_TRUSTED_PROXIES="127.0.0.1")
    service.command("integration", "revoke", "demonstracao")
    yield service
    service.stop()
    assert "Traceback" not in service.log, service.log


def post(service: Service, user: str = "", address: str = "203.0.113.9", extension: str = "4067") -> str:
    headers = {"Content-Type": "text/xml", "X-Forwarded-For": address}
    if user:
        headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
    return service.client.post(service.endpoint, content=NEW.format(extension), headers=headers).text


def add(service: Service, name: str, *options: str) -> str:
    """Add a platform and return its credential, once admission knows it."""
    secret = service.command("integration", "add", name, *options).split("once: ")[1].strip()
    known = "192.0.2.1" if "--addresses" in options else "203.0.113.9"
    wait_until(lambda: "NAO_AUTORIZADO" not in post(service, f"{name}:{secret}", known) or "--operations" in options, 3)
    return f"{name}:{secret}"


def remembered(service: Service, reason: str) -> RefusalKind:
    """Return the kept refusal for a reason, as soon as it is there."""
    wait_until(lambda: reason in [one.reason for one in service.store.diagnosis.list_refusals()], 5)
    return next(one for one in service.store.diagnosis.list_refusals() if one.reason == reason)


def test_a_wrong_secret_is_remembered_with_its_integration(proxied: Service) -> None:
    add(proxied, "pbx")
    answer = post(proxied, "pbx:errado")
    kept = remembered(proxied, "SEGREDO_ERRADO")
    assert (kept.integration, kept.operation, kept.address) == ("pbx", "-", "203.0.113.9")
    assert "SEGREDO" not in answer, "a caller learns no more than before"


def test_an_unknown_name_is_remembered_and_what_was_typed_is_not(proxied: Service) -> None:
    answer = post(proxied, "minha-senha-secreta:pbx")
    kept = remembered(proxied, "INTEGRACAO_DESCONHECIDA")
    assert (kept.integration, kept.address) == ("", "203.0.113.9")
    assert answer == post(proxied), "every refusal of a credential reads the same"


def test_no_credential_and_an_uncertain_address_are_remembered(own_service: Service) -> None:
    headers = {"Content-Type": "text/xml", "X-Forwarded-For": "203.0.113.9"}
    httpx.post(own_service.endpoint, content=NEW.format("4067"), headers=headers)
    kept = remembered(own_service, "SEM_CREDENCIAL")
    assert (kept.integration, kept.address) == ("", "")


def test_a_right_secret_from_a_wrong_address_is_remembered(proxied: Service) -> None:
    credential = add(proxied, "far", "--addresses", "192.0.2.0/24")
    post(proxied, credential, "198.51.100.4")
    kept = remembered(proxied, "ENDERECO_NAO_ACEITO")
    assert (kept.integration, kept.address) == ("far", "198.51.100.4")


def test_an_operation_that_is_not_allowed_is_remembered(proxied: Service) -> None:
    credential = add(proxied, "ivr", "--operations", "obterDadosSolicitacao")
    wait_until(lambda: "NAO_AUTORIZADO" in post(proxied, credential), 3)
    kept = remembered(proxied, "OPERACAO_NAO_PERMITIDA")
    assert (kept.integration, kept.operation) == ("ivr", "novaSolicitacao")


def test_parameter_281_off_and_a_wrong_argument_are_remembered(own_service: Service) -> None:
    own_service.call("novaSolicitacao", cpf="11144477735", ramal="não é ramal")
    assert remembered(own_service, "PARAMETRO_INVALIDO").operation == "novaSolicitacao"
    own_service.command("parameter", "set", "281", "N")
    wait_until(lambda: "INTEGRACAO_DESATIVADA" in own_service.call("novaSolicitacao", cpf="11144477735"), 3)
    assert remembered(own_service, "INTEGRACAO_DESATIVADA").integration == "demonstracao"


def test_a_message_that_is_none_and_a_body_too_large_are_remembered(own_service: Service) -> None:
    httpx.post(own_service.endpoint, content="<nada", headers={"Content-Type": "text/xml"})
    assert remembered(own_service, "MENSAGEM_INVALIDA").integration == "demonstracao"
    httpx.post(own_service.endpoint, content="{}", headers={"Content-Type": "application/json"})
    assert remembered(own_service, "TIPO_DE_MIDIA").integration == "demonstracao"


def test_a_limit_is_remembered_and_a_flood_of_refusals_is_one_row(tmp_path) -> None:  # type: ignore[no-untyped-def]
    service = start_service(
        tmp_path, SOAP_SERVICE_CALLS_PER_SECOND="1", SOAP_SERVICE_TRUSTED_PROXIES="127.0.0.1,127.0.0.2"
    )
    for number in range(300):
        post(service, f"nome-{number}:x", f"198.51.100.{number % 250}")
    wait_until(lambda: "LIMITE_EXCEDIDO" in post(service, address="127.0.0.3"), 5)
    remembered(service, "LIMITE_EXCEDIDO")
    wait_until(lambda: service.store.diagnosis.list_refusals(), 5)
    kinds = [(one.integration, one.reason) for one in service.store.diagnosis.list_refusals()]
    assert sorted(kinds) == [("", "INTEGRACAO_DESCONHECIDA"), ("demonstracao", "LIMITE_EXCEDIDO")]
    before = service.store
    assert service.stop() == 0
    again = type(before)(service.database_url)
    counts = {one.reason: one.count for one in again.diagnosis.list_refusals()}
    assert counts["INTEGRACAO_DESCONHECIDA"] == 300, "what was not written yet is, when the service ends"
    again.close()


@pytest.mark.parametrize("name", [SIMULATION, SIMULATION.strip(":")])
def test_nobody_outside_can_call_as_the_simulation(own_service: Service, name: str) -> None:
    simulation = own_service.store.integrations.find_simulation()
    own_service.command("integration", "revoke", "demonstracao")
    wait_until(lambda: "NAO_AUTORIZADO" in own_service.call("obterQtdeSolicitacoes", cpf="11144477735"), 3)
    for credential in (f"{name}:", f"{name}:x", name, f"{name}:None"):
        header = "Basic " + base64.b64encode(credential.encode()).decode()
        for more in ({}, {"X-Forwarded-For": ""}, {"X-Simulation": "1"}):
            headers = {"Content-Type": "text/xml", "Authorization": header, **more}
            answer = own_service.client.post(own_service.endpoint, content=NEW.format("4067"), headers=headers)
            assert (answer.status_code, element(answer.text, "codigo")) == (401, "NAO_AUTORIZADO")
    assert not any(call.integration_id == simulation.id for call in own_service.store.call_lists.list_at("4067"))


def test_even_an_address_in_its_row_lets_nobody_in_as_the_simulation(own_service: Service) -> None:
    simulation = own_service.store.integrations.find_simulation()
    with own_service.store._database.writing() as session:
        session.get_one(type(simulation), simulation.id).addresses = "127.0.0.0/8"
    own_service.command("integration", "revoke", "demonstracao")
    wait_until(lambda: "NAO_AUTORIZADO" in own_service.call("novaSolicitacao", cpf="11144477735", ramal="4067"), 3)
