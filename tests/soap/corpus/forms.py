"""What a case of the corpus is, and the few forms that most of them are built from."""

from dataclasses import dataclass, field

from tests.conftest import NAMESPACE

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DOCUMENT = "11144477735"


@dataclass(frozen=True)
class Value:
    """An answer that holds this text in this element."""

    text: str
    element: str = "obterQtdeSolicitacoesResult"
    soap: str = SOAP_11
    status: int = 200


@dataclass(frozen=True)
class Fault:
    """A SOAP fault with this code of docs/wire.md (none for VersionMismatch and MustUnderstand)."""

    code: str
    faultcode: str = "Client"
    soap: str = SOAP_11
    status: int = 500


@dataclass(frozen=True)
class NotSoap:
    """An answer of plain text, to what is no SOAP at all."""

    status: int


@dataclass(frozen=True)
class Case:
    """One POST to the endpoint and what it must get. The name is a sentence."""

    name: str
    body: bytes
    expected: Value | Fault | NotSoap
    content_type: str | None = "text/xml; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""


def call(inner: str = f"<cpf>{DOCUMENT}</cpf>", operation: str = "obterQtdeSolicitacoes") -> str:
    """Return an operation's element, qualified by a default namespace."""
    return f'<{operation} xmlns="{NAMESPACE}">{inner}</{operation}>'


def envelope(body: str, header: str = "", soap: str = SOAP_11) -> str:
    """Return an envelope around the content of its body; the header is a whole element or nothing."""
    return f'<e:Envelope xmlns:e="{soap}">{header}<e:Body>{body}</e:Body></e:Envelope>'


#: The plain question that the oddities are variations of: how many requests has 11144477735? One, 34534.
QUESTION = envelope(call())


def asking(inner: str, operation: str = "obterQtdeSolicitacoes", soap: str = SOAP_11) -> str:
    """Return the envelope of a call with these argument elements."""
    return envelope(call(inner, operation), soap=soap)


def numbered(form: str, count: int, between: str = " ") -> str:
    """Return the form that often, each time with its number for the braces."""
    return between.join(form.format(number) for number in range(count))


def with_header(block: str, soap: str = SOAP_11) -> str:
    """Return the plain question with one header block; the prefix e is the envelope's, h a stranger's."""
    return envelope(call(), f'<e:Header xmlns:h="urn:outro">{block}</e:Header>', soap)


def same(
    name: str, body: str | bytes, content_type: str | None = "text/xml; charset=utf-8", soap: str = SOAP_11, **more: str
) -> Case:
    """Return a case that is answered as the plain question is; more are HTTP headers and `query`."""
    return answered(name, body, Value("1?34534", soap=soap), content_type, **more)


def answered(
    name: str, body: str | bytes, value: Value, content_type: str | None = "text/xml; charset=utf-8", **more: str
) -> Case:
    """Return a case that is answered with a value."""
    query = more.pop("query", "")
    headers = {header.replace("_", "-"): text for header, text in more.items()}
    return Case(name, _bytes(body), value, content_type, headers, query)


def refused(
    name: str,
    body: str | bytes,
    code: str = "MENSAGEM_INVALIDA",
    content_type: str | None = "text/xml; charset=utf-8",
    query: str = "",
    **fault: str | int,
) -> Case:
    """Return a case that gets a fault, as a rule a Client's."""
    return Case(name, _bytes(body), Fault(code, **fault), content_type, query=query)  # type: ignore[arg-type]


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body
