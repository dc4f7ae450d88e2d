"""Who may call, and when: credentials, addresses, parameter 281, limits. The real service, real sockets."""

import base64
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import Service, element, start_service, wait_until

OPERATIONS = {
    "obterQtdeSolicitacoes": {"cpf": "11144477735"},
    "obterDadosSolicitacao": {"id": 955},
    "novaSolicitacao": {"cpf": "11144477735"},
    "visualizarSolicitacao": {"id": 955, "cpf": "12312312312"},
}
COUNT = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<obterQtdeSolicitacoes xmlns="urn:soap-service:telefonia:v1"><cpf>11144477735</cpf></obterQtdeSolicitacoes>'
    "</e:Body></e:Envelope>"
)


def post(service: Service, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.client.post(service.endpoint, content=COUNT, headers={"Content-Type": "text/xml", **names})


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def secret_of(printed: str) -> str:
    return printed.split("once: ")[1].strip()


def test_without_the_loopback_rule_a_credential_is_needed(own_service: Service) -> None:
    secret = secret_of(own_service.command("integration", "add", "pbx"))
    own_service.command("integration", "revoke", "demonstracao")
    wait_until(lambda: post(own_service).status_code == 401, 3)
    refused = post(own_service)
    assert refused.headers["www-authenticate"].startswith('Basic realm="')
    assert element(refused.text, "codigo") == "NAO_AUTORIZADO"
    assert post(own_service, Authorization=basic("pbx", "wrong")).status_code == 401
    assert post(own_service, Authorization=basic("nobody", secret)).status_code == 401
    accepted = post(own_service, Authorization=basic("pbx", secret))
    assert (accepted.status_code, element(accepted.text, "obterQtdeSolicitacoesResult")) == (200, "1?34534")
    own_service.command("integration", "revoke", "pbx")
    wait_until(lambda: post(own_service, Authorization=basic("pbx", secret)).status_code == 401, 3)
    assert httpx.get(f"{own_service.endpoint}?wsdl").status_code == 200


def test_a_wrong_credential_is_refused_even_where_none_is_needed(service: Service) -> None:
    assert post(service).status_code == 200
    assert post(service, Authorization=basic("demonstracao", "")).status_code == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_behind_an_unknown_proxy_the_loopback_rule_does_not_hold(service: Service, header: str) -> None:
    assert post(service, **{header: "203.0.113.9"}).status_code == 401


@pytest.fixture(scope="module")
def proxied_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Trusts 127.0.0.1 as a proxy, and so not as a caller: the demonstration's rule then counts for 127.0.0.2."""
    service = start_service(tmp_path_factory.mktemp("proxied"), SOAP_SERVICE_TRUSTED_PROXIES="127.0.0.1")
    yield service
    service.stop()


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["127.0.0.2"], 200),
        (["203.0.113.9"], 401),
        (["127.0.0.2, 203.0.113.9"], 401),
        (["127.0.0.2", "203.0.113.9"], 401),
        (["203.0.113.9, 127.0.0.1"], 401),
        (["203.0.113.9, 127.0.0.2"], 200),
    ],
)
def test_behind_a_trusted_proxy_its_last_word_on_the_address_counts(
    proxied_service: Service, lines: list[str], status: int
) -> None:
    headers = [("Content-Type", "text/xml"), *(("X-Forwarded-For", line) for line in lines)]
    assert proxied_service.client.post(proxied_service.endpoint, content=COUNT, headers=headers).status_code == status


def test_a_soap_12_client_is_refused_in_soap_12(service: Service) -> None:
    headers = {"Content-Type": "application/soap+xml; charset=utf-8", "Authorization": basic("nobody", "x")}
    refused = service.client.post(service.endpoint, content=COUNT, headers=headers)
    assert refused.status_code == 401
    assert refused.headers["content-type"].startswith("application/soap+xml")
    assert "http://www.w3.org/2003/05/soap-envelope" in refused.text


def test_an_integration_is_kept_to_its_operations_and_addresses(own_service: Service) -> None:
    only_new = secret_of(own_service.command("integration", "add", "ivr", "--operations", "novaSolicitacao"))
    elsewhere = secret_of(own_service.command("integration", "add", "far", "--addresses", "192.0.2.0/24"))
    wait_until(lambda: post(own_service, Authorization=basic("ivr", only_new)).status_code == 500, 3)
    refused = post(own_service, Authorization=basic("ivr", only_new))
    assert element(refused.text, "codigo") == "NAO_AUTORIZADO"
    assert "obterQtdeSolicitacoes" in element(refused.text, "faultstring")
    assert post(own_service, Authorization=basic("far", elsewhere)).status_code == 401


def test_with_281_off_all_four_operations_say_so(own_service: Service) -> None:
    own_service.command("parameter", "set", "281", "N")
    wait_until(lambda: "INTEGRACAO_DESATIVADA" in own_service.call("obterQtdeSolicitacoes", cpf="11144477735"), 3)
    for operation, arguments in OPERATIONS.items():
        answer = own_service.call(operation, **arguments)
        assert element(answer, "codigo") == "INTEGRACAO_DESATIVADA", operation
        assert element(answer, "faultcode").endswith(":Server")
    assert httpx.get(f"{own_service.url}/entrar").status_code == 200
    own_service.command("parameter", "set", "281", "S")
    wait_until(lambda: "1?34534" in own_service.call("obterQtdeSolicitacoes", cpf="11144477735"), 3)


def test_too_many_calls_and_too_many_unknown_documents_are_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    service = start_service(tmp_path / "calls", SOAP_SERVICE_CALLS_PER_SECOND="1")
    answers = [service.call("obterDadosSolicitacao", id=955) for _ in range(4)]
    assert "LIMITE_EXCEDIDO" in answers[-1]
    assert "Em andamento" in answers[0]
    service.stop()
    service = start_service(tmp_path / "unknown", SOAP_SERVICE_UNKNOWN_DOCUMENTS_PER_MINUTE="3")
    answers = [service.call("obterQtdeSolicitacoes", cpf=f"{number:011}") for number in range(5)]
    assert ["LIMITE_EXCEDIDO" in answer for answer in answers] == [False, False, False, True, True]
    service.stop()
    service = start_service(tmp_path / "viewing", SOAP_SERVICE_UNKNOWN_DOCUMENTS_PER_MINUTE="3")
    answers = [service.call("visualizarSolicitacao", id=955, cpf=f"{number:011}") for number in range(5)]
    assert ["LIMITE_EXCEDIDO" in answer for answer in answers] == [False, False, False, True, True]
    service.stop()
