"""What a zeep client of the served WSDL gets: the sample data of docs/rules.md, over a real socket."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import zeep
from zeep.exceptions import Fault

from tests.conftest import Service


@pytest.fixture
def client(service: Service) -> Iterator[zeep.Client]:
    with zeep.Client(f"{service.endpoint}?wsdl") as client:
        yield client


@pytest.mark.parametrize(
    ("document", "answer"),
    [
        ("11144477735", "1?34534"),
        ("111.444.777-35", "1?34534"),
        ("52998224725", "3"),
        ("12345678909", ""),
        ("12312312312", "1?955"),
        ("98765432100", ""),
    ],
)
def test_the_sample_documents_are_counted(client: zeep.Client, document: str, answer: str) -> None:
    assert (client.service.obterQtdeSolicitacoes(document) or "") == answer


def test_request_955_has_the_data_of_the_manual(client: zeep.Client) -> None:
    data = client.service.obterDadosSolicitacao(955)
    assert data.id == 955
    assert data.dataAbertura == datetime.fromisoformat("2016-06-30T14:10:00-03:00")
    assert data.prazoLimite == datetime.fromisoformat("2016-07-01T12:10:00-03:00")
    assert data.situacao == "Em andamento"
    assert data.dentroDoPrazo is False


def test_a_request_without_an_sla_has_a_nil_deadline_and_is_on_time(client: zeep.Client) -> None:
    data = client.service.obterDadosSolicitacao(34537)
    assert (data.prazoLimite, data.dentroDoPrazo) == (None, True)


def test_a_suspended_request_shows_no_deadline(client: zeep.Client) -> None:
    data = client.service.obterDadosSolicitacao(34539)
    assert (data.situacao, data.prazoLimite, data.dentroDoPrazo) == ("Suspensa", None, True)


def test_an_unknown_number_is_a_client_fault_with_its_code(client: zeep.Client) -> None:
    with pytest.raises(Fault) as caught:
        client.service.obterDadosSolicitacao(999_999)
    assert caught.value.code == "soap11env:Client"
    assert "não foi encontrada" in caught.value.message
    assert caught.value.detail.findtext(".//{*}codigo") == "SOLICITACAO_NAO_ENCONTRADA"


def test_a_call_gets_a_receipt_with_an_opaque_link(client: zeep.Client, service: Service) -> None:
    receipt = client.service.novaSolicitacao("11144477735", "4099")
    assert receipt.identificado is True
    assert receipt.aviso == "RAMAL_NAO_REGISTRADO"
    assert receipt.url.startswith(f"{service.url}/chamadas/")
    assert "11144477735" not in receipt.url
    assert "4099" in receipt.mensagem


def test_a_request_of_somebody_else_is_not_found(client: zeep.Client) -> None:
    with pytest.raises(Fault, match="não foi encontrada"):
        client.service.visualizarSolicitacao(955, "11144477735", "4099")
