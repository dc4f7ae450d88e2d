#!/usr/bin/env python3
"""AGI script for the service desk, with Python's standard library alone.

    AGI(telefonia.py,attend)                              ask the document, speak what is open and how it stands
    AGI(telefonia.py,announce,DOCUMENT,REQUEST,EXTENSION)  pop the call up at an extension; REQUEST may be empty

`attend` sets the channel variables DOCUMENT and REQUEST. The address, the credential and the folder of the recordings
are the dialplan's global variables TELEFONIA_URL, TELEFONIA_CREDENTIAL and TELEFONIA_PROMPTS (see telefonia.conf).
"""

import base64
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime
from xml.etree import ElementTree
from xml.sax.saxutils import escape

NAMESPACE = "urn:soap-service:telefonia:v1"
#: The service answers within 3 s or says INDISPONIVEL.
TIMEOUT_SECONDS = 4.0
#: Recordings for the situations of a request.
SITUATIONS = {
    "Em andamento": "situacao-em-andamento",
    "Suspensa": "situacao-suspensa",
    "Reaberta": "situacao-reaberta",
    "Resolvida": "situacao-resolvida",
    "Fechada": "situacao-fechada",
    "Cancelada": "situacao-cancelada",
    "Reclassificada": "situacao-reclassificada",
}


class Fault(Exception):
    """The service refused a call; `code` is its machine code."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code


class HungUp(Exception):
    """The caller has gone."""


class Channel:
    """Asterisk's end of the script: one command a line, one answer a line."""

    def __init__(self) -> None:
        self.arguments = []
        for line in iter(sys.stdin.readline, "\n"):
            if not line:
                break
            name, _, value = line.strip().partition(": ")
            if name.startswith("agi_arg_"):
                self.arguments.append(value)

    def command(self, text: str) -> tuple[str, str]:
        """Give a command; return its result and what stands in parentheses after it. Raises HungUp."""
        print(text, flush=True)
        answer = sys.stdin.readline()
        while answer.startswith("HANGUP"):
            answer = sys.stdin.readline()
        if not answer.startswith("200 result="):
            raise HungUp
        result, _, rest = answer.strip().removeprefix("200 result=").partition(" ")
        if result == "-1":
            raise HungUp
        return result, rest.strip("()")

    def variable(self, name: str) -> str:
        """Return a variable of the channel or of the dialplan; empty when it is not set."""
        result, value = self.command(f"GET VARIABLE {name}")
        return value if result == "1" else ""

    def set(self, name: str, value: str) -> None:
        """Set a variable of the channel."""
        self.command(f'SET VARIABLE {name} "{value}"')

    def log(self, text: str) -> None:
        """Write to Asterisk's console."""
        self.command('VERBOSE "{}" 1'.format(text.replace('"', "'")))


class Service:
    """The telephony web services."""

    def __init__(self, url: str, credential: str) -> None:
        self._url = url
        self._credential = credential

    def call(self, operation: str, **values: str) -> ElementTree.Element:
        """Call an operation; return the answer. Raises Fault, INDISPONIVEL when there is no answer in time.

        Tries twice: within 10 s a repeated announcement is the same call, so nothing pops up twice.
        """
        try:
            return self._call_once(operation, values)
        except (OSError, ElementTree.ParseError):
            time.sleep(0.2)
        try:
            return self._call_once(operation, values)
        except (OSError, ElementTree.ParseError) as error:
            raise Fault("INDISPONIVEL", str(error)) from None

    def _call_once(self, operation: str, values: dict[str, str]) -> ElementTree.Element:
        elements = "".join(f"<t:{name}>{escape(value)}</t:{name}>" for name, value in values.items())
        envelope = (
            f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="{NAMESPACE}"><s:Body>'
            f"<t:{operation}>{elements}</t:{operation}></s:Body></s:Envelope>"
        )
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{NAMESPACE}:{operation}"'}
        if self._credential:
            headers["Authorization"] = "Basic " + base64.b64encode(self._credential.encode()).decode()
        request = urllib.request.Request(self._url, envelope.encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                return ElementTree.fromstring(response.read())
        except urllib.error.HTTPError as error:  # a fault comes with status 500, a wrong credential with 401
            answer = ElementTree.fromstring(error.read())
        raise Fault(text_of(answer, "codigo"), text_of(answer, "faultstring"))


def text_of(answer: ElementTree.Element, name: str) -> str:
    """Return the text of the first element of that name; empty when it is absent, empty or nil."""
    found = next((element for element in answer.iter() if element.tag.rpartition("}")[2] == name), None)
    return "" if found is None else found.text or ""


def attend(channel: Channel, service: Service, prompts: str) -> None:
    """Ask the document and speak what the service knows of it."""
    document, _ = channel.command(f"GET DATA {prompts}/informe-o-cpf 6000 14")
    document = "".join(digit for digit in document if digit.isdigit())
    channel.set("DOCUMENT", document)
    channel.set("REQUEST", "")
    if not document:
        return

    def play(name: str) -> None:
        channel.command(f'STREAM FILE {prompts}/{name} ""')

    count = text_of(service.call("obterQtdeSolicitacoes", cpf=document), "obterQtdeSolicitacoesResult")
    if not count:
        play("nenhuma-solicitacao")
    elif not count.startswith("1?"):
        play("voce-tem")
        channel.command(f'SAY NUMBER {count} "" f')
        play("solicitacoes")
    else:
        number = count.removeprefix("1?")
        channel.set("REQUEST", number)
        play("uma-solicitacao")
        channel.command(f'SAY DIGITS {number} ""')
        _speak_state(channel, play, service.call("obterDadosSolicitacao", id=number))


def _speak_state(channel: Channel, play, data: ElementTree.Element) -> None:
    if situation := SITUATIONS.get(text_of(data, "situacao")):
        play(situation)
    if limit := text_of(data, "prazoLimite"):
        play("prazo")
        instant = int(datetime.fromisoformat(limit).timestamp())
        channel.command(f'SAY DATETIME {instant} "" dBYHM America/Sao_Paulo')
    else:
        play("sem-prazo")
    if text_of(data, "dentroDoPrazo") == "false":
        play("fora-do-prazo")


def announce(service: Service, document: str, request: str, extension: str) -> str:
    """Pop the call up at an extension; return the sentence of the receipt."""
    if request:
        receipt = service.call("visualizarSolicitacao", id=request, cpf=document, ramal=extension)
    else:
        # A caller who gave no document is announced too, as not identified.
        receipt = service.call("novaSolicitacao", cpf=document, ramal=extension)
    return f"{text_of(receipt, 'aviso')}: {text_of(receipt, 'mensagem')}"


def main() -> None:
    """Do what the first argument says; the call goes on whatever the service answers."""
    channel = Channel()
    what, *arguments = channel.arguments or [""]
    try:
        service = Service(channel.variable("TELEFONIA_URL"), channel.variable("TELEFONIA_CREDENTIAL"))
        prompts = channel.variable("TELEFONIA_PROMPTS") or "telefonia"
        try:
            if what == "attend":
                attend(channel, service, prompts)
            elif what == "announce":
                document, request, extension = (*arguments, "", "", "")[:3]
                channel.log(f"telefonia: {announce(service, document, request, extension)}")
            else:
                channel.log(f"telefonia: there is no {what or 'argument'}; use attend or announce")
        except Fault as fault:
            channel.log(f"telefonia: {fault}")
            if what == "attend":
                channel.command(f'STREAM FILE {prompts}/servico-indisponivel ""')
    except HungUp:
        pass


if __name__ == "__main__":
    main()
