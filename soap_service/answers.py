"""Answers to bytes: results in the very form that Spyne's serialiser gives them, and faults. Knows no HTTP.

At start Spyne serialises one answer of each operation; what it wrote around the values is kept, and a call only puts
its values in. Faults are written here whole, as small as SOAP 1.1 and 1.2 demand them.

Source: SOAP 1.1 section 4.4; SOAP 1.2 part 1 section 5.4; `wire.md`, Faults.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Any
from xml.sax.saxutils import escape

# isort: split
from soap_service import spyne_compat  # noqa: F401 - before anything of Spyne

# isort: split
from lxml import etree
from spyne import Application, Boolean, DateTime, Integer32, MethodContext, Unicode
from spyne.model import ComplexModelBase
from spyne.protocol.soap import Soap11, Soap12
from spyne.server import ServerBase

from soap_service.catalogues import SOURCE_LANGUAGE
from soap_service.envelope import SoapVersion
from soap_service.services import NAMESPACE, list_descriptors

MEDIA_TYPES = {
    SoapVersion.SOAP_11: b"text/xml; charset=utf-8",
    SoapVersion.SOAP_12: b"application/soap+xml; charset=utf-8",
}


@dataclass(frozen=True)
class Fault:
    """A refusal as the wire carries it.

    `faultcode` is Client, Server, VersionMismatch or MustUnderstand; `code` the machine code in the detail, empty for
    the last two, which are not about the body; `incident` the number that the log carries too.
    """

    faultcode: str
    code: str
    sentence: str
    incident: str = ""
    language: str = SOURCE_LANGUAGE


class Answers:
    """The answers of an application's operations, in one SOAP version."""

    def __init__(self, application: Application, version: SoapVersion) -> None:
        protocol = (Soap11 if version is SoapVersion.SOAP_11 else Soap12)(application)
        self.version = version
        self._shapes = {
            name: {nils: _Shape(parts) for nils, parts in _serialised(application, protocol, descriptor)}
            for name, descriptor in list_descriptors(application).items()
        }
        self._fields = {name: _fields(descriptor) for name, descriptor in list_descriptors(application).items()}

    def result(self, operation: str, value: Any) -> bytes:
        """Return the envelope of an operation's result: a plain value, or an object of its declared class."""
        fields = self._fields[operation]
        values = [getattr(value, name) for name in fields] if "" not in fields else [value]
        texts = [None if v is None else _FORMATS[kind](v) for v, kind in zip(values, fields.values(), strict=True)]
        return self._shapes[operation][tuple(text is None for text in texts)].fill(texts)

    def fault(self, fault: Fault) -> bytes:
        """Return the envelope of a fault."""
        template = _fault_11 if self.version is SoapVersion.SOAP_11 else _fault_12
        return template(fault).encode()

    def status(self, fault: Fault) -> int:
        """Return the HTTP status of a fault: 500, but 400 for a sender's mistake in SOAP 1.2 (part 2, table 20)."""
        return 400 if self.version is SoapVersion.SOAP_12 and fault.faultcode == "Client" else 500


class _Shape:
    """What stands around the values of one answer."""

    def __init__(self, parts: list[str]) -> None:
        self._parts = parts

    def fill(self, texts: list[str | None]) -> bytes:
        """Put the values in; those that are None are nil already in what stands around."""
        written = [self._parts[0]]
        for text, part in zip((text for text in texts if text is not None), self._parts[1:], strict=True):
            written += (text, part)
        return "".join(written).encode()


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Return the text without the characters that XML 1.0 cannot carry, escaped; a bare CR would be read as LF."""
    return escape(_NOT_XML.sub("", text), {"\r": "&#13;"})


_FORMATS: dict[Any, Callable[[Any], str]] = {
    Unicode: clean,
    Integer32: str,
    Boolean: lambda value: "true" if value else "false",
    DateTime: datetime.isoformat,
}
_SAMPLES = {Unicode: "x", Integer32: 1, Boolean: True, DateTime: datetime(2016, 6, 30, tzinfo=UTC)}


def _kind(declared: Any) -> Any:
    """Return the key of `_FORMATS` for a declared type, customised or not."""
    return next(kind for kind in _FORMATS if issubclass(declared, kind))


def _fields(descriptor: Any) -> Mapping[str, Any]:
    """Return the kinds of the result's fields by name; of a plain value under the empty name."""
    (result,) = descriptor.out_message._type_info.values()
    if not issubclass(result, ComplexModelBase):
        return {"": _kind(result)}
    return {name: _kind(declared) for name, declared in result._type_info.items()}


def _serialised(application: Application, protocol: Any, descriptor: Any) -> list[tuple[tuple[bool, ...], list[str]]]:
    """Have Spyne write the answer once for each combination of nil fields, and cut it at the values."""
    (result,) = descriptor.out_message._type_info.values()
    fields = _fields(descriptor)
    choices: list[tuple[bool, ...]] = [(False,)]
    if "" not in fields:
        choices = [(False, True) if kind.Attributes.nillable else (False,) for kind in result._type_info.values()]
    cut = []
    for nils in product(*choices):
        samples = [None if nil else _SAMPLES[kind] for nil, kind in zip(nils, fields.values(), strict=True)]
        value = samples[0] if "" in fields else result(**dict(zip(fields, samples, strict=True)))
        context = MethodContext(ServerBase(application), MethodContext.SERVER)
        context.descriptor, context.out_object = descriptor, [value]
        protocol.serialize(context, protocol.RESPONSE)
        for leaf in context.out_document.iter():
            if len(leaf) == 0 and leaf.text:
                leaf.text = _CUT
        written = etree.tostring(context.out_document, xml_declaration=True, encoding="UTF-8").decode()
        cut.append((nils, written.split(_CUT)))
    return cut


_CUT = "\N{SYMBOL FOR UNIT SEPARATOR}"
_XML = "<?xml version='1.0' encoding='UTF-8'?>\n"


def _detail(fault: Fault, tag: str) -> str:
    if not fault.code:
        return ""
    incident = f"<tns:incidente>{fault.incident}</tns:incidente>" if fault.incident else ""
    return f"<{tag}><tns:erro><tns:codigo>{fault.code}</tns:codigo>{incident}</tns:erro></{tag}>"


def _fault_11(fault: Fault) -> str:
    return (
        f'{_XML}<soap11env:Envelope xmlns:soap11env="{SoapVersion.SOAP_11.value}" xmlns:tns="{NAMESPACE}">'
        f"<soap11env:Body><soap11env:Fault><faultcode>soap11env:{fault.faultcode}</faultcode>"
        f"<faultstring>{clean(fault.sentence)}</faultstring>{_detail(fault, 'detail')}"
        "</soap11env:Fault></soap11env:Body></soap11env:Envelope>"
    )


_FAULTCODES_12 = {"Client": "Sender", "Server": "Receiver"}


def _fault_12(fault: Fault) -> str:
    faultcode = _FAULTCODES_12.get(fault.faultcode, fault.faultcode)
    return (
        f'{_XML}<soap12env:Envelope xmlns:soap12env="{SoapVersion.SOAP_12.value}" xmlns:tns="{NAMESPACE}">'
        f"<soap12env:Body><soap12env:Fault><soap12env:Code><soap12env:Value>soap12env:{faultcode}</soap12env:Value>"
        f'</soap12env:Code><soap12env:Reason><soap12env:Text xml:lang="{fault.language}">{clean(fault.sentence)}'
        f"</soap12env:Text></soap12env:Reason>{_detail(fault, 'soap12env:Detail')}"
        "</soap12env:Fault></soap12env:Body></soap12env:Envelope>"
    )
