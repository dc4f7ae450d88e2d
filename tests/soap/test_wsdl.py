"""The published WSDL: the golden copy, and the rules that legacy stacks need. Source: docs/wire.md, WSDL."""

import re
from pathlib import Path

import httpx
import pytest
from lxml import etree

from soap_service.services import make_application
from soap_service.soap.wsdl import build_wsdl
from tests.conftest import Service

GOLDEN = Path(__file__).parents[2] / "wsdl" / "telefonia.wsdl"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
XSD = "{http://www.w3.org/2001/XMLSchema}"
OPERATIONS = {"novaSolicitacao", "visualizarSolicitacao", "obterQtdeSolicitacoes", "obterDadosSolicitacao"}


@pytest.fixture(scope="module")
def root() -> etree._Element:
    return etree.fromstring(GOLDEN.read_bytes())


def test_the_golden_copy_is_what_is_built() -> None:
    assert build_wsdl(make_application(), "http://127.0.0.1:8000/soap") == GOLDEN.read_bytes(), "run `make wsdl`"


@pytest.mark.parametrize("query", ["wsdl", "WSDL", "Wsdl", "singleWsdl", "wsdl=", "x=1&wsdl"])
def test_it_is_served_in_any_letter_case_without_a_credential(service: Service, query: str) -> None:
    served = httpx.get(f"{service.endpoint}?{query}")
    assert served.headers["content-type"] == "text/xml; charset=utf-8"
    assert served.text == GOLDEN.read_text("utf-8").replace("http://127.0.0.1:8000", service.url)


def test_the_host_header_of_a_visitor_is_not_believed(service: Service) -> None:
    headers = {"Host": "evil.example.com", "X-Forwarded-Host": "evil.example.com"}
    assert "evil" not in httpx.get(f"{service.endpoint}?wsdl", headers=headers).text


def test_the_sections_stand_in_the_order_of_the_specification(root: etree._Element) -> None:
    order = [etree.QName(section).localname for section in root]
    assert order == ["types", *["message"] * 8, "portType", "binding", "service"]


def test_service_port_type_binding_and_port_have_four_different_names(root: etree._Element) -> None:
    names = [root.find(f".//{WSDL}{tag}").get("name") for tag in ("service", "portType", "binding", "port")]
    assert names == ["TelefoniaService", "TelefoniaPortType", "TelefoniaSoapBinding", "TelefoniaPort"]


def test_parts_are_called_parameters_and_there_is_no_parameter_order(root: etree._Element) -> None:
    assert {part.get("name") for part in root.iter(f"{WSDL}part")} == {"parameters"}
    assert b"parameterOrder" not in etree.tostring(root)


def test_only_the_prefixes_in_use_are_declared(root: etree._Element) -> None:
    assert set(root.nsmap) == {"xs", "wsdlsoap11", "wsdl", "tns"}


def test_operations_have_portuguese_documentation_and_absolute_actions(root: etree._Element) -> None:
    documented = {o.get("name"): o.findtext(f"{WSDL}documentation") for o in root.find(f"{WSDL}portType")}
    assert set(documented) == OPERATIONS
    assert all(len(text) > 40 and "\n" not in text for text in documented.values())
    actions = [operation.get("soapAction") for operation in root.iter(f"{SOAP}operation")]
    assert len(set(actions)) == 4
    assert all(action.startswith("urn:soap-service:telefonia:v1:") for action in actions)


def test_there_is_one_embedded_qualified_schema_without_imports(root: etree._Element) -> None:
    (schema,) = root.iter(f"{XSD}schema")
    assert schema.get("elementFormDefault") == "qualified"
    assert list(schema.iter(f"{XSD}import", f"{XSD}include")) == []


@pytest.mark.parametrize(
    ("element", "kind", "occurs", "nillable"),
    [
        ("cpf", "xs:string", "1", "false"),
        ("ramal", "xs:string", "0", "true"),
        ("id", "xs:int", "1", "false"),
        ("prazoLimite", "xs:dateTime", "1", "true"),
        ("dataAbertura", "xs:dateTime", "1", "false"),
        ("dentroDoPrazo", "xs:boolean", "1", "false"),
        ("obterQtdeSolicitacoesResult", "xs:string", "1", "false"),
    ],
)
def test_elements_are_declared_as_the_contract_says(
    root: etree._Element, element: str, kind: str, occurs: str, nillable: str
) -> None:
    found = [e for e in root.iter(f"{XSD}element") if e.get("name") == element]
    assert found
    for declared in found:
        assert declared.get("type") == kind
        assert declared.get("minOccurs", "1") == occurs
        assert declared.get("nillable", "false") == nillable


def test_nothing_of_python_or_of_a_host_shows_but_the_address() -> None:
    text = GOLDEN.read_text("utf-8")
    assert not re.search(r"spyne|python|localhost", text, re.IGNORECASE)
    assert text.count("127.0.0.1") == 1
