"""What a program on suds does with the published WSDL."""

import sys

import suds
import suds.transport.http
from report import deadline, describe, line, receipt, say
from suds.client import Client


def main(endpoint: str, secured: str, user: str, secret: str) -> None:
    client = Client(f"{endpoint}?wsdl", cache=None)
    say("wsdl", lambda: "ok")
    service = client.service
    say("one", lambda: service.obterQtdeSolicitacoes("11144477735"))
    say("several", lambda: service.obterQtdeSolicitacoes("52998224725"))
    say("empty", lambda: service.obterQtdeSolicitacoes("12345678909"))
    say("data", lambda: describe(service.obterDadosSolicitacao(955)))
    say("no_deadline", lambda: deadline(service.obterDadosSolicitacao(34537)))
    say("suspended", lambda: deadline(service.obterDadosSolicitacao(34539)))
    try:
        service.obterDadosSolicitacao(999999)
    except suds.WebFault as error:
        code = error.fault.faultcode.rpartition(":")[2]
        line("fault", f"{code}|{error.fault.detail.erro.codigo}")
        line("accents", error.fault.faultstring)
    say("extension", lambda: receipt(service.novaSolicitacao("11144477735", "4099")))
    say("no_extension", lambda: receipt(service.novaSolicitacao("11144477735")))
    say("view", lambda: receipt(service.visualizarSolicitacao(34534, "11144477735", "4099")))
    say("basic", lambda: with_credentials(endpoint, secured, user, secret))
    say("wrong_secret", lambda: with_credentials(endpoint, secured, user, "wrong"))


def with_credentials(endpoint: str, secured: str, user: str, secret: str) -> str:
    transport = suds.transport.http.HttpAuthenticated(username=user, password=secret)
    client = Client(f"{endpoint}?wsdl", cache=None, location=secured, transport=transport)
    return str(client.service.obterQtdeSolicitacoes("11144477735"))


if __name__ == "__main__":
    main(*sys.argv[1:])
