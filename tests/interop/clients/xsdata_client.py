"""What a program on xsdata does with the classes that it made from the WSDL."""

import sys
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import telefonia
from report import line, receipt, say
from requests import Response
from xsdata.formats.dataclass.client import Client, Config
from xsdata.formats.dataclass.transports import DefaultTransport


class Fault(Exception):
    """The service refused a call."""

    def __init__(self, element: ElementTree.Element) -> None:
        super().__init__(element.findtext("faultstring"))
        self.faultcode = element.findtext("faultcode", "").rpartition(":")[2]
        self.codigo = element.findtext(".//{*}codigo")


class FaultFirst(DefaultTransport):
    """Read a fault before xsdata does: its class for the detail is a text, and refuses the element in it."""

    def handle_response(self, response: Response) -> bytes:
        content: bytes = super().handle_response(response)
        fault = ElementTree.fromstring(content).find(".//{http://schemas.xmlsoap.org/soap/envelope/}Fault")
        if fault is not None:
            raise Fault(fault)
        return content


class Telefonia:
    """The four operations at one address."""

    def __init__(self, location: str, user: str = "", secret: str = "") -> None:
        self._location = location
        self._transport = FaultFirst()
        if user:
            self._transport.session.auth = (user, secret)

    def count(self, document: str) -> str:
        request = telefonia.ObterQtdeSolicitacoes(cpf=document)
        return str(self._send("obter_qtde_solicitacoes", request))

    def data(self, number: int) -> Any:
        return self._send("obter_dados_solicitacao", telefonia.ObterDadosSolicitacao(id=number))

    def announce(self, document: str, extension: str | None = None) -> Any:
        return self._send("nova_solicitacao", telefonia.NovaSolicitacao(cpf=document, ramal=extension))

    def view(self, number: int, document: str, extension: str) -> Any:
        request = telefonia.VisualizarSolicitacao(id=number, cpf=document, ramal=extension)
        return self._send("visualizar_solicitacao", request)

    def _send(self, name: str, request: Any) -> Any:
        operation = f"TelefoniaPortType{''.join(part.title() for part in name.split('_'))}"
        envelope = getattr(telefonia, f"{operation}Input")
        config = Config.from_service(getattr(telefonia, operation), location=self._location)
        answer = Client(config, transport=self._transport).send(envelope(body=envelope.Body(**{name: request})))
        return getattr(getattr(answer.body, f"{name}_response"), f"{name}_result")


def time(value: Any) -> str:
    return "null" if value is None else str(value.to_datetime().isoformat())


def deadline(data: Any) -> str:
    return f"{time(data.prazo_limite)}|{data.situacao}|{str(data.dentro_do_prazo).lower()}"


def main(endpoint: str, secured: str, user: str, secret: str) -> None:
    service = Telefonia(endpoint)
    line("wsdl", "ok")
    say("one", lambda: service.count("11144477735"))
    say("several", lambda: service.count("52998224725"))
    say("empty", lambda: service.count("12345678909"))
    say("data", describe(service, 955))
    say("no_deadline", lambda: deadline(service.data(34537)))
    say("suspended", lambda: deadline(service.data(34539)))
    try:
        service.data(999999)
    except Fault as fault:
        line("fault", f"{fault.faultcode}|{fault.codigo}")
        line("accents", fault)
    say("extension", lambda: receipt(service.announce("11144477735", "4099")))
    say("no_extension", lambda: receipt(service.announce("11144477735")))
    say("view", lambda: receipt(service.view(34534, "11144477735", "4099")))
    say("basic", lambda: Telefonia(secured, user, secret).count("11144477735"))
    say("wrong_secret", lambda: Telefonia(secured, user, "wrong").count("11144477735"))


def describe(service: Telefonia, number: int) -> Callable[[], str]:
    def described() -> str:
        data = service.data(number)
        return f"{data.id}|{time(data.data_abertura)}|{deadline(data)}"

    return described


if __name__ == "__main__":
    main(*sys.argv[1:])
