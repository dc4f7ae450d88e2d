"""The WSDL that is published: Spyne's, put into the form that every legacy stack can use. Knows no request.

Source: WSDL 1.1; docs/wire.md, WSDL, where each rule was found by running real client stacks.
"""

from soap_service import spyne_compat  # noqa: F401 - before anything of Spyne

# isort: split
from lxml import etree
from spyne import Application
from spyne.interface.wsdl import Wsdl11

from soap_service.services import NAMESPACE

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
_XSD = "{http://www.w3.org/2001/XMLSchema}"
_ORDER = ("types", "message", "portType", "binding", "service")
_BINDING, _PORT = "TelefoniaSoapBinding", "TelefoniaPort"


def soap_action(operation: str) -> str:
    """Return the absolute SOAPAction of an operation. The server dispatches by the body and ignores it."""
    return f"{NAMESPACE}:{operation}"


def build_wsdl(application: Application, endpoint_url: str) -> bytes:
    """Return the document for one endpoint address, which comes from the settings and never from a request."""
    application.transport = "http://schemas.xmlsoap.org/soap/http"
    builder = Wsdl11(application.interface)
    builder.build_interface_document(endpoint_url)
    root = etree.fromstring(builder.get_interface_document())

    root.set("name", "Telefonia")
    # KDSoap reads the sections in the order of the specification; Spyne writes the service before what it refers to.
    root[:] = sorted(root, key=lambda section: _ORDER.index(etree.QName(section).localname))
    _name_binding_and_port(root)
    for operation in root.iter(f"{_WSDL}operation"):
        # Axis 1.4 dies of parameterOrder when the part is called `parameters`, which .NET and NuSOAP need.
        operation.attrib.pop("parameterOrder", None)
    for operation in root.iter(f"{_SOAP}operation"):
        operation.set("soapAction", soap_action(operation.getparent().get("name")))
    for documentation in root.iter(f"{_WSDL}documentation"):
        documentation.text = " ".join(documentation.text.split())
    _sort_schema(root)
    # An unused SOAP 1.2 prefix turns gSOAP's clients into SOAP 1.2 clients; xs and tns also stand inside values.
    etree.cleanup_namespaces(root, keep_ns_prefixes=["xs", "tns"])
    etree.indent(root)
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return document + b"\n"


def _name_binding_and_port(root: etree._Element) -> None:
    """Give binding and port names of their own: stacks that make a class of each clash otherwise."""
    for binding in root.iter(f"{_WSDL}binding"):
        binding.set("name", _BINDING)
    for port in root.iter(f"{_WSDL}port"):
        port.set("name", _PORT)
        port.set("binding", f"tns:{_BINDING}")


def _sort_schema(root: etree._Element) -> None:
    """Put types before elements, by name, so that the document is the same at every start."""
    for schema in root.iter(f"{_XSD}schema"):
        schema[:] = sorted(schema, key=lambda child: (child.tag != f"{_XSD}complexType", child.get("name")))
