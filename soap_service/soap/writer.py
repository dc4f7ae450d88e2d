"""Answers to bytes: results in the very form that Spyne's serialiser gives them, and faults. Knows no HTTP.

At start Spyne serialises one answer of each operation; what it wrote around the values is kept, and a call only puts
its values in. Faults are written here whole, as small as SOAP 1.1 and 1.2 demand them.

Source: SOAP 1.1 section 4.4; SOAP 1.2 part 1 section 5.4; docs/wire.md, Faults.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from operator import attrgetter
from typing import Any
from xml.sax.saxutils import escape, quoteattr

# isort: split
from soap_service import spyne_compat  # noqa: F401 - before anything of Spyne

# isort: split
from lxml import etree
from spyne import Application, Boolean, DateTime, Integer32, MethodContext, Unicode
from spyne.model import ComplexModelBase
from spyne.protocol.soap import Soap11, Soap12
from spyne.server import ServerBase

from soap_service.language import SOURCE_LANGUAGE
from soap_service.services import NAMESPACE, PORT_TYPE, list_descriptors
from soap_service.soap.headers import WSA_2005, Addressing, Name
from soap_service.soap.message import SoapVersion

MEDIA_TYPES = {
    SoapVersion.SOAP_11: b"text/xml; charset=utf-8",
    SoapVersion.SOAP_12: b"application/soap+xml; charset=utf-8",
}


@dataclass(frozen=True)
class Fault:
    """A refusal as the wire carries it.

    `faultcode` is Client, Server, VersionMismatch or MustUnderstand; `code` the machine code in the detail, empty for
    the last two, which are not about the body; `incident` the number that the log carries too; `not_understood` the
    headers that should have been; `is_of_addressing` tells that WS-Addressing itself could not be done.
    """

    faultcode: str
    code: str
    sentence: str
    incident: str = ""
    language: str = SOURCE_LANGUAGE
    not_understood: tuple[Name, ...] = ()
    is_of_addressing: bool = False


class Answers:
    """The answers of an application's operations, in one SOAP version."""

    def __init__(self, application: Application, version: SoapVersion) -> None:
        protocol = (Soap11 if version is SoapVersion.SOAP_11 else Soap12)(application)
        self.version = version
        self._answers = {
            name: _Answer(application, protocol, descriptor)
            for name, descriptor in list_descriptors(application).items()
        }

    def result(self, operation: str, value: Any) -> bytes:
        """Return the envelope of an operation's result: a plain value, or an object of its declared class."""
        return self._answers[operation].fill(value)

    def addressed_result(self, operation: str, value: Any, addressing: Addressing) -> bytes:
        """Return the envelope of an operation's result with the headers of WS-Addressing."""
        action = f"{NAMESPACE}:{PORT_TYPE}:{operation}Response"  # the default of WS-Addressing Metadata, section 4.4.4
        return self._with_header(self.result(operation, value), _addressing(addressing, action))

    def fault(self, fault: Fault, addressing: Addressing | None = None) -> bytes:
        """Return the envelope of a fault."""
        is_11 = self.version is SoapVersion.SOAP_11
        blocks = "" if is_11 else "".join(map(_not_understood, fault.not_understood))
        if addressing is not None:
            blocks += _addressing(addressing, _fault_action(addressing, fault))
        envelope = (_fault_11 if is_11 else _fault_12)(fault).encode()
        return self._with_header(envelope, blocks) if blocks else envelope

    def status(self, fault: Fault) -> int:
        """Return the HTTP status of a fault: 500, but 400 for a sender's mistake in SOAP 1.2 (part 2, table 20)."""
        return 400 if self.version is SoapVersion.SOAP_12 and fault.faultcode == "Client" else 500

    def _with_header(self, envelope: bytes, blocks: str) -> bytes:
        """Put header blocks before the body."""
        prefix = "soap11env" if self.version is SoapVersion.SOAP_11 else "soap12env"
        before, body, after = envelope.partition(f"<{prefix}:Body>".encode())
        return before + f"<{prefix}:Header>{blocks}</{prefix}:Header>".encode() + body + after


def _addressing(addressing: Addressing, action: str) -> str:
    """Return the header blocks of WS-Addressing; the submission of 2004 demands a To."""
    texts = {"Action": action}
    if addressing.namespace != WSA_2005:
        texts["To"] = f"{addressing.namespace}/role/anonymous"
    if addressing.message_id:
        texts["RelatesTo"] = clean(addressing.message_id)
    declared = f'xmlns:wsa="{addressing.namespace}"'
    return "".join(f"<wsa:{name} {declared}>{text}</wsa:{name}>" for name, text in texts.items())


def _fault_action(addressing: Addressing, fault: Fault) -> str:
    """Return the action of a fault. Source: WS-Addressing 1.0 SOAP binding, section 6."""
    is_of_soap = addressing.namespace == WSA_2005 and not fault.is_of_addressing
    return f"{addressing.namespace}/soap/fault" if is_of_soap else f"{addressing.namespace}/fault"


def _not_understood(block: Name) -> str:
    """Return the header that names one that was not understood. Source: SOAP 1.2 part 1, section 5.4.8."""
    namespace, local = block
    if not namespace:
        return f"<soap12env:NotUnderstood qname={quoteattr(local)}/>"
    return f"<soap12env:NotUnderstood qname={quoteattr('h:' + local)} xmlns:h={quoteattr(namespace)}/>"


class _Answer:
    """An operation's answer: what Spyne writes around its values, for each combination of nil fields."""

    def __init__(self, application: Application, protocol: Any, descriptor: Any) -> None:
        fields = _fields(descriptor)
        self._formats = [_FORMATS[kind] for kind in fields.values()]
        self._values_of: Callable[[Any], Any] = _alone if "" in fields else attrgetter(*fields)
        self._templates = dict(_templates(application, protocol, descriptor))
        self._full = self._templates[(False,) * len(fields)]

    def fill(self, value: Any) -> bytes:
        """Put the values in; those that are None are nil already in what stands around."""
        texts = [v if v is None else write(v) for v, write in zip(self._values_of(value), self._formats, strict=True)]
        if None not in texts:
            return self._full % tuple(texts)
        template = self._templates[tuple(text is None for text in texts)]
        return template % tuple(text for text in texts if text is not None)


def _alone(value: Any) -> tuple[Any]:
    return (value,)


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_PLAIN = re.compile("[^\t\n\x20-%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Return the text without the characters that XML 1.0 cannot carry, escaped; a bare CR would be read as LF."""
    return text if _NOT_PLAIN.search(text) is None else escape(_NOT_XML.sub("", text), {"\r": "&#13;"})


_FORMATS: dict[Any, Callable[[Any], bytes]] = {
    Unicode: lambda text: clean(text).encode(),
    Integer32: lambda number: b"%d" % number,
    Boolean: lambda value: b"true" if value else b"false",
    DateTime: lambda instant: instant.isoformat("T", "seconds").encode(),  # IVRs speak it as it stands
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


def _templates(application: Application, protocol: Any, descriptor: Any) -> Iterator[tuple[tuple[bool, ...], bytes]]:
    """Have Spyne write the answer once for each combination of nil fields, with `%b` for each value."""
    (result,) = descriptor.out_message._type_info.values()
    fields = _fields(descriptor)
    choices: list[tuple[bool, ...]] = [(False,)]
    if "" not in fields:
        choices = [(False, True) if kind.Attributes.nillable else (False,) for kind in result._type_info.values()]
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
        yield nils, written.replace("%", "%%").replace(_CUT, "%b").encode()


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
