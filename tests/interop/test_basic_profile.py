"""WS-I Basic Profile 1.1: the served WSDL and live messages, by the profile's rule numbers.

The XSDs that R2028, R2029 and R9980 name are not shipped: no package of the registries has them and their licences do
not clearly allow it. `schemas/` holds stricter ones written from the specifications. Deviations: docs/interop.md.
"""

from pathlib import Path

import httpx
import pytest
import zeep
from lxml import etree

from tests.conftest import NAMESPACE, Service
from tests.interop.conftest import Secured

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_NAMESPACES = {
    "w": "http://schemas.xmlsoap.org/wsdl/",
    "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "s": SOAP,
    "t": NAMESPACE,
}
SCHEMAS = Path(__file__).parent / "schemas"
OPERATIONS = {"obterQtdeSolicitacoes", "obterDadosSolicitacao", "novaSolicitacao", "visualizarSolicitacao"}
Element = etree._Element


def _find(element: Element, path: str) -> list[Element]:
    return list(element.iterfind(path, _NAMESPACES))


def _resolve(element: Element, qname: str) -> tuple[str, str]:
    """Return namespace and local name of a QName in an attribute's value; KeyError for an undeclared prefix."""
    prefix, _, local = qname.rpartition(":")
    return element.nsmap[prefix or None], local


@pytest.fixture(scope="module")
def raw_wsdl(open_service: Service) -> bytes:
    """R0001: the description is available, without credentials."""
    response = httpx.get(f"{open_service.endpoint}?wsdl")
    assert response.status_code == 200
    return response.content


@pytest.fixture(scope="module")
def wsdl(raw_wsdl: bytes) -> Element:
    return etree.fromstring(raw_wsdl)


@pytest.fixture(scope="module")
def types(wsdl: Element) -> etree.XMLSchema:
    """R2801: the types are an XML Schema 1.0 that a validator compiles."""
    (schema,) = _find(wsdl, "w:types/xs:schema")
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema)))


class TestTheDescription:
    """Sections 4 of the profile."""

    def test_r2028_r2029_it_is_valid_wsdl_1_1(self, wsdl: Element) -> None:
        etree.XMLSchema(etree.parse(SCHEMAS / "wsdl11.xsd")).assertValid(wsdl)

    def test_r4003_r4004_it_is_utf_8_and_xml_1_0(self, raw_wsdl: bytes, wsdl: Element) -> None:
        assert (wsdl.getroottree().docinfo.encoding, wsdl.getroottree().docinfo.xml_version) == ("UTF-8", "1.0")
        raw_wsdl.decode("utf-8")

    def test_r2001_it_imports_nothing(self, wsdl: Element) -> None:
        assert not _find(wsdl, ".//w:import")
        assert not _find(wsdl, ".//xs:import")
        assert not _find(wsdl, ".//xs:include")

    def test_r2023_types_come_first(self, wsdl: Element) -> None:
        assert etree.QName(wsdl[0]).localname == "types"

    def test_r2026_no_extension_is_required(self, wsdl: Element) -> None:
        assert not [e for e in wsdl.iter() if e.get("{http://schemas.xmlsoap.org/wsdl/}required")]

    def test_r2101_every_reference_to_a_part_of_the_wsdl_is_defined(self, wsdl: Element) -> None:
        for path, attribute, kind in (
            (".//w:portType/w:operation/w:input", "message", "message"),
            (".//w:portType/w:operation/w:output", "message", "message"),
            (".//w:binding", "type", "portType"),
            (".//w:port", "binding", "binding"),
        ):
            defined = {(NAMESPACE, e.get("name")) for e in _find(wsdl, f"w:{kind}")}
            assert {_resolve(e, e.get(attribute, "")) for e in _find(wsdl, path)} <= defined

    def test_r2102_r2206_parts_are_global_elements_and_types_are_defined(self, wsdl: Element) -> None:
        elements = {(NAMESPACE, e.get("name")) for e in _find(wsdl, "w:types/xs:schema/xs:element")}
        parts = {_resolve(part, part.get("element", "")) for part in _find(wsdl, "w:message/w:part")}
        assert parts <= elements
        own = {(NAMESPACE, e.get("name")) for e in _find(wsdl, "w:types/xs:schema/xs:complexType")}
        for element in _find(wsdl, ".//xs:element"):
            namespace, name = _resolve(element, element.get("type", ""))
            assert namespace == _NAMESPACES["xs"] or (namespace, name) in own

    def test_r2105_the_schema_has_a_target_namespace(self, wsdl: Element) -> None:
        (schema,) = _find(wsdl, "w:types/xs:schema")
        assert schema.get("targetNamespace") == NAMESPACE == wsdl.get("targetNamespace")

    def test_r2110_r2111_r2112_there_are_no_soap_arrays(self, raw_wsdl: bytes) -> None:
        assert b"soap/encoding" not in raw_wsdl
        assert b"arrayType" not in raw_wsdl
        assert b'"ArrayOf' not in raw_wsdl

    def test_r2201_r2204_r2210_r2306_each_message_is_one_part_of_an_element(self, wsdl: Element) -> None:
        for message in _find(wsdl, "w:message"):
            (part,) = message
            assert part.get("element")
            assert part.get("type") is None
        assert not [body for body in _find(wsdl, ".//soap:body") if body.get("parts")]

    def test_r2303_operations_are_request_and_response(self, wsdl: Element) -> None:
        for operation in _find(wsdl, "w:portType/w:operation"):
            names = [etree.QName(child).localname for child in operation]
            assert names == ["documentation", "input", "output"]

    def test_r2304_r2710_names_and_signatures_of_operations_are_distinct(self, wsdl: Element) -> None:
        names = [operation.get("name") for operation in _find(wsdl, "w:portType/w:operation")]
        assert sorted(map(str, names)) == sorted(OPERATIONS)
        inputs = [part.get("element") for part in _find(wsdl, "w:message/w:part")]
        assert len(set(inputs)) == len(inputs)

    def test_r2401_r2701_r2702_the_binding_is_soap_over_http(self, wsdl: Element) -> None:
        (binding,) = _find(wsdl, "w:binding/soap:binding")
        assert binding.get("transport") == "http://schemas.xmlsoap.org/soap/http"

    def test_r2705_r2706_r2716_it_is_document_literal_throughout(self, wsdl: Element) -> None:
        styles = {
            e.get("style")
            for path in ("soap:binding", "w:operation/soap:operation")
            for e in _find(wsdl, f"w:binding/{path}")
        }
        assert styles == {"document"}
        for body in _find(wsdl, ".//soap:body"):
            assert dict(body.attrib) == {"use": "literal"}

    def test_r2711_there_is_one_port_at_the_address(self, wsdl: Element) -> None:
        assert len(_find(wsdl, "w:service/w:port/soap:address")) == 1

    def test_r2718_the_binding_has_the_operations_of_the_port_type(self, wsdl: Element) -> None:
        bound = [operation.get("name") for operation in _find(wsdl, "w:binding/w:operation")]
        assert bound == [operation.get("name") for operation in _find(wsdl, "w:portType/w:operation")]

    def test_r2744_each_operation_has_an_absolute_soap_action(self, wsdl: Element) -> None:
        actions = {e.get("soapAction") for e in _find(wsdl, "w:binding/w:operation/soap:operation")}
        assert actions == {f"{NAMESPACE}:{operation}" for operation in OPERATIONS}


CALLS = {
    "count": ("obterQtdeSolicitacoes", {"cpf": "11144477735"}),
    "empty count": ("obterQtdeSolicitacoes", {"cpf": "12345678909"}),
    "data": ("obterDadosSolicitacao", {"id": 955}),
    "nil deadline": ("obterDadosSolicitacao", {"id": 34537}),
    "announcement": ("novaSolicitacao", {"cpf": "11144477735", "ramal": "4099"}),
    "view": ("visualizarSolicitacao", {"id": 34534, "cpf": "11144477735"}),
}
_ENVELOPE = f'<s:Envelope xmlns:s="{SOAP}" xmlns:t="{NAMESPACE}">{{}}</s:Envelope>'
_GOOD = "<s:Body><t:obterQtdeSolicitacoes><t:cpf>11144477735</t:cpf></t:obterQtdeSolicitacoes></s:Body>"
FAULTS = {
    "not found": "<s:Body><t:obterDadosSolicitacao><t:id>1</t:id></t:obterDadosSolicitacao></s:Body>",
    "no document": "<s:Body><t:obterQtdeSolicitacoes/></s:Body>",
    "wrong document": "<s:Body><t:obterQtdeSolicitacoes><t:cpf>ABC</t:cpf></t:obterQtdeSolicitacoes></s:Body>",
    "wrong number": "<s:Body><t:obterDadosSolicitacao><t:id>x</t:id></t:obterDadosSolicitacao></s:Body>",
    "unknown operation": "<s:Body><t:apagarTudo/></s:Body>",
    "empty body": "<s:Body/>",
    "no body": "",
    "not understood": f'<s:Header><t:x s:mustUnderstand="1"/></s:Header>{_GOOD}',
}


def _post(service: Service, content: bytes | str, **headers: str) -> httpx.Response:
    return httpx.post(service.endpoint, content=content, headers={"Content-Type": "text/xml; charset=utf-8", **headers})


def _check_envelope(response: httpx.Response) -> Element:
    """Hold an answer to what every envelope must be; return it."""
    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    response.content.decode("utf-8")  # R1012
    envelope = etree.fromstring(response.content)
    etree.XMLSchema(etree.parse(SCHEMAS / "soap11.xsd")).assertValid(envelope)  # R9980, R9981, R1011, R1000, R1001
    assert envelope.getroottree().docinfo.doctype == ""  # R1008
    assert b"<?" not in response.content.removeprefix(b"<?xml")  # R1009
    assert b"xmlns:xml=" not in response.content  # R1033
    for element in _find(envelope, ".") + _find(envelope, "s:Body") + _find(envelope, "s:Header"):
        assert not [name for name in element.attrib if str(name).startswith(f"{{{SOAP}}}")]  # R1032
    assert not envelope.xpath("//@s:encodingStyle", namespaces=_NAMESPACES)  # R1005, R1006
    (body,) = _find(envelope, "s:Body")
    assert all(etree.QName(child).namespace for child in body)  # R1014
    return envelope


class TestMessages:
    """Section 3 of the profile, on live messages."""

    @pytest.mark.parametrize("name", CALLS)
    def test_r2712_a_generated_request_is_an_instance_of_its_element(
        self, open_service: Service, types: etree.XMLSchema, name: str
    ) -> None:
        operation, arguments = CALLS[name]
        with zeep.Client(f"{open_service.endpoint}?wsdl") as client:
            request = client.create_message(client.service, operation, **arguments)
        (child,) = request.find(f"{{{SOAP}}}Body")
        assert child.tag == f"{{{NAMESPACE}}}{operation}"
        types.assertValid(etree.fromstring(etree.tostring(child)))

    @pytest.mark.parametrize("name", CALLS)
    def test_r1111_r2712_an_answer_is_an_instance_of_its_element(
        self, open_service: Service, types: etree.XMLSchema, name: str
    ) -> None:
        operation, arguments = CALLS[name]
        inner = "".join(f"<t:{key}>{value}</t:{key}>" for key, value in arguments.items())
        body = f"<s:Body><t:{operation}>{inner}</t:{operation}></s:Body>"
        response = _post(open_service, _ENVELOPE.format(body), SOAPAction=f'"{NAMESPACE}:{operation}"')
        assert response.status_code == 200
        (child,) = _find(_check_envelope(response), "s:Body/*")
        assert child.tag == f"{{{NAMESPACE}}}{operation}Response"
        types.assertValid(etree.fromstring(etree.tostring(child)))

    @pytest.mark.parametrize("name", FAULTS)
    def test_r1126_r1004_r1027_r1031_a_fault_is_a_500_with_a_plain_code(self, open_service: Service, name: str) -> None:
        response = _post(open_service, _ENVELOPE.format(FAULTS[name]))
        assert response.status_code == 500
        (fault,) = _find(_check_envelope(response), "s:Body/s:Fault")
        namespace, code = _resolve(fault, fault.findtext("faultcode", ""))
        expected = "MustUnderstand" if name == "not understood" else "Client"
        assert (namespace, code) == (SOAP, expected)
        assert all(etree.QName(child).namespace for child in _find(fault, "detail/*"))

    def test_r1015_what_is_no_envelope_is_a_fault(self, open_service: Service) -> None:
        response = _post(open_service, "<x/>")
        assert _find(_check_envelope(response), "s:Body/s:Fault")

    def test_an_envelope_of_no_known_version_is_a_version_mismatch(self, open_service: Service) -> None:
        response = _post(open_service, f'<s:Envelope xmlns:s="urn:other">{_GOOD}</s:Envelope>')
        assert response.status_code == 500
        assert _check_envelope(response).findtext(".//faultcode", "").endswith(":VersionMismatch")

    def test_r4001_a_byte_order_mark_is_accepted(self, open_service: Service) -> None:
        body = _ENVELOPE.format(_GOOD)
        assert _post(open_service, body.encode("utf-8-sig")).status_code == 200
        utf_16 = _post(open_service, body.encode("utf-16"), **{"Content-Type": "text/xml; charset=utf-16"})
        assert utf_16.status_code == 200

    def test_r1017_xsi_type_is_neither_demanded_nor_refused(self, open_service: Service) -> None:
        typed = _GOOD.replace(
            "<t:cpf>",
            '<t:cpf xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
            'xmlns:x="http://www.w3.org/2001/XMLSchema" i:type="x:string">',
        )
        assert _post(open_service, _ENVELOPE.format(typed)).status_code == 200

    @pytest.mark.parametrize("action", ['""', f'"{NAMESPACE}:novaSolicitacao"', "unquoted", '"http://other"'])
    def test_r1119_r1127_the_soap_action_decides_nothing(self, open_service: Service, action: str) -> None:
        response = _post(open_service, _ENVELOPE.format(_GOOD), SOAPAction=action)
        assert "1?34534" in response.text

    def test_r1114_another_method_is_a_405(self, open_service: Service) -> None:
        response = httpx.put(open_service.endpoint, content=b"x")
        assert response.status_code == 405
        assert "POST" in response.headers["allow"]

    def test_r1115_another_media_type_is_a_415(self, open_service: Service) -> None:
        response = _post(open_service, _ENVELOPE.format(_GOOD), **{"Content-Type": "application/json"})
        assert response.status_code == 415

    def test_deviation_from_r1126_a_missing_credential_is_a_401_with_the_fault(self, secured: Secured) -> None:
        response = _post(secured.service, _ENVELOPE.format(_GOOD))
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Basic ")
        assert _find(_check_envelope(response), "s:Body/s:Fault")
