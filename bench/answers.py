"""What a server answers, told so that two can be compared: no peer is timed before it says what the service says."""

import http.client
from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree import ElementTree

from bench.dataset import FIRST, HEAVY, document
from bench.servers import Server

_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_MESSAGE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<t:{operation} xmlns:t="urn:soap-service:telefonia:v1">{argument}</t:{operation}></e:Body></e:Envelope>'
)
_ARGUMENTS = {"obterQtdeSolicitacoes": "cpf", "obterDadosSolicitacao": "id"}
_MOMENTS = ("dataAbertura", "prazoLimite")
#: What no server understands: each may say so in its own way.
_NONSENSE = (_MESSAGE.format(operation="nada", argument=""), "<a></b>")
_NOBODYS = ("11144477735", "00000000000", "12345678000195")
#: Requests whose indexes follow each other have every situation, late and in time, with a deadline and without.
_SAMPLE = 720
_SECONDS = 30


def sample(operation: str, requests: int) -> Iterator[str]:
    """Yield messages of an operation: keys that the data set has, and some that it lacks."""
    keys: Iterator[object] | list[object]
    if operation == "obterQtdeSolicitacoes":
        requesters = requests // 5
        keys = [*map(document, range(0, requesters, max(1, requesters // _SAMPLE))), HEAVY, *_NOBODYS]
    else:
        keys = [*range(FIRST, FIRST + min(_SAMPLE, requests)), FIRST - 1, 2**31 - 1]
    name = _ARGUMENTS[operation]
    for key in keys:
        yield _MESSAGE.format(operation=operation, argument=f"<t:{name}>{key}</t:{name}>")


def difference(ours: Server, peer: Server, requests: int) -> str:
    """Return a sentence with both answers to the first message that the peer answers otherwise; empty if there is none.

    `requests` is the size of the data set.
    """
    with Client(ours) as one, Client(peer) as other:
        for operation in peer.operations:
            for message in sample(operation, requests):
                expected, answered = one.ask(operation, message), other.ask(operation, message)
                if answered != expected:
                    return f"{peer.name} answers {answered!r} where {ours.name} answers {expected!r}: {message}"
        for message in _NONSENSE:
            expected, answered = one.ask("", message), other.ask("", message)
            if answered.startswith("200") or expected.startswith("200"):
                return f"{peer.name} answers {answered!r}, {ours.name} {expected!r} to nonsense: {message}"
    return ""


class Client:
    """A kept-alive connection to a server; use it as a context."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_SECONDS)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, operation: str, message: str) -> str:
        """Return what the answer means: names and values in order, or the kind of its fault.

        A server that cannot be asked, or answers with no SOAP, is told as it is.
        """
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"urn:soap-service:telefonia:v1:{operation}"',
            **({"Authorization": f"Basic {self._server.credential}"} if self._server.credential else {}),
        }
        try:
            self._connection.request("POST", "/soap", message, headers)
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return f"{type(error).__name__}: {error}"
        return meaning(response.status, body)


def meaning(status: int, body: bytes) -> str:
    """Return what an answer means, whatever its prefixes, its zone of time and how it is laid out."""
    try:
        envelope = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return f"{status} {body[:200].decode(errors='replace')}"
    fault = envelope.find(f"{_SOAP}Body/{_SOAP}Fault")
    if fault is not None:
        code = (fault.findtext("faultcode") or "").rpartition(":")[2]
        return f"{status} fault {code.partition('.')[0]}"  # Client.SchemaValidation is a Client's (SOAP 1.1, 4.4.1)
    return f"{status} {' '.join(_told(element) for element in envelope.iterfind(f'{_SOAP}Body//*'))}"


def _told(element: ElementTree.Element) -> str:
    """Return an element's name and, of one without elements, its value; a moment in UTC."""
    name = element.tag.removeprefix("{urn:soap-service:telefonia:v1}")
    if element.get(_NIL) in ("true", "1"):
        return f"{name}=nil"
    if len(element):
        return name
    text = element.text or ""
    if name in _MOMENTS:
        text = str(datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0))
    return f"{name}={text}"
