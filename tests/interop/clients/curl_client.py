"""What scripts do with curl and an envelope of their own, in nine styles: `curl_client.py STYLE ENDPOINT ...`."""

import re
import subprocess
import sys
from dataclasses import dataclass
from types import SimpleNamespace
from xml.etree import ElementTree

from report import deadline, line, receipt, say

NAMESPACE = "urn:soap-service:telefonia:v1"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
QUALIFIED = (
    f'<s:Envelope xmlns:s="{SOAP}" xmlns:t="{NAMESPACE}"><s:Body><t:{{operation}}>{{arguments}}</t:{{operation}}>'
    "</s:Body></s:Envelope>"
)
DEFAULT_NAMESPACE = (
    f'<Envelope xmlns="{SOAP}"><Body><{{operation}} xmlns="{NAMESPACE}">{{arguments}}</{{operation}}></Body></Envelope>'
)


@dataclass(frozen=True)
class Style:
    """How an envelope is written and sent."""

    envelope: str = QUALIFIED
    prefix: str = "t:"
    charset: str = "utf-8"
    media_type: str = "text/xml; charset=utf-8"
    has_action: bool = True
    flags: tuple[str, ...] = ()


# An accent outside ASCII, in an element that no operation knows, so that the charset matters.
_NOTE = "<t:observacao>ligação em espera</t:observacao>"
STYLES = {
    "qualified": Style(),
    "default namespace": Style(envelope=DEFAULT_NAMESPACE, prefix=""),
    "unqualified": Style(prefix=""),
    "no SOAPAction": Style(has_action=False),
    "HTTP/1.0": Style(flags=("--http1.0",)),
    "Latin-1": Style(charset="iso-8859-1", media_type="text/xml; charset=ISO-8859-1"),
    "chunked": Style(flags=("-H", "Transfer-Encoding: chunked")),
    "Expect": Style(flags=("-H", "Expect: 100-continue")),
    "form media type": Style(media_type="application/x-www-form-urlencoded", has_action=False),
}


class Refused(Exception):
    """The answer was no envelope with a result."""


def main(style_name: str, endpoint: str, secured: str, user: str, secret: str) -> None:
    style = STYLES[style_name]

    def count(document: str, at: str = endpoint, *flags: str) -> str:
        return text(send(style, at, "obterQtdeSolicitacoes", {"cpf": document}, *flags), "obterQtdeSolicitacoesResult")

    def data(number: int) -> SimpleNamespace:
        answer = send(style, endpoint, "obterDadosSolicitacao", {"id": str(number)})
        return SimpleNamespace(
            id=text(answer, "id"),
            dataAbertura=text(answer, "dataAbertura"),
            prazoLimite=text(answer, "prazoLimite"),
            situacao=text(answer, "situacao"),
            dentroDoPrazo=text(answer, "dentroDoPrazo"),
        )

    def announce(operation: str, **arguments: str) -> str:
        answer = send(style, endpoint, operation, arguments)
        names = ("identificado", "aviso", "mensagem", "url")
        return receipt(SimpleNamespace(**{name: text(answer, name) for name in names}))

    line("wsdl", "-")
    say("one", lambda: count("11144477735"))
    say("several", lambda: count("52998224725"))
    say("empty", lambda: count("12345678909"))
    say("data", lambda: f"{data(955).id}|{data(955).dataAbertura}|{deadline(data(955))}")
    say("no_deadline", lambda: deadline(data(34537)))
    say("suspended", lambda: deadline(data(34539)))
    fault = send(style, endpoint, "obterDadosSolicitacao", {"id": "999999"})
    line("fault", f"{text(fault, 'faultcode').rpartition(':')[2]}|{text(fault, 'codigo')}")
    line("accents", text(fault, "faultstring"))
    say("extension", lambda: announce("novaSolicitacao", cpf="11144477735", ramal="4099"))
    say("no_extension", lambda: announce("novaSolicitacao", cpf="11144477735"))
    say("view", lambda: announce("visualizarSolicitacao", id="34534", cpf="11144477735", ramal="4099"))
    say("basic", lambda: count("11144477735", secured, "-u", f"{user}:{secret}"))
    say("wrong_secret", lambda: count("11144477735", secured, "-u", f"{user}:wrong"))


def send(style: Style, endpoint: str, operation: str, arguments: dict[str, str], *flags: str) -> ElementTree.Element:
    """Send one envelope and return the one that answers."""
    elements = "".join(f"<{style.prefix}{name}>{value}</{style.prefix}{name}>" for name, value in arguments.items())
    if style.charset != "utf-8":
        elements += _NOTE
    envelope = f'<?xml version="1.0" encoding="{style.charset}"?>' + style.envelope.format(
        operation=operation, arguments=elements
    )
    action = ("-H", f'SOAPAction: "{NAMESPACE}:{operation}"') if style.has_action else ()
    command = ["curl", "-sS", "-H", f"Content-Type: {style.media_type}", *action, *style.flags, *flags]
    command += ["--max-time", "10", "--data-binary", "@-", endpoint]
    done = subprocess.run(command, input=envelope.encode(style.charset), capture_output=True, check=True)
    return ElementTree.fromstring(done.stdout)


def text(answer: ElementTree.Element, name: str) -> str | None:
    """Return the text of the element of that local name, None when it is nil; raises Refused without it."""
    found = next((e for e in answer.iter() if re.sub("^{.*}", "", e.tag) == name), None)
    if found is None:
        raise Refused("".join(answer.itertext()))
    is_nil = found.get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"
    return None if is_nil else found.text or ""


if __name__ == "__main__":
    main(*sys.argv[1:])
