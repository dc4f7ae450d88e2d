"""What a program on zeep does with the published WSDL."""

import sys

import requests
import zeep
from report import deadline, describe, line, receipt, say


def main(endpoint: str, secured: str, user: str, secret: str) -> None:
    client = zeep.Client(f"{endpoint}?wsdl")
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
    except zeep.exceptions.Fault as fault:
        code = fault.code.rpartition(":")[2]
        line("fault", f"{code}|{fault.detail.findtext('.//{*}codigo')}")
        line("accents", fault.message)
    say("extension", lambda: receipt(service.novaSolicitacao("11144477735", "4099")))
    say("no_extension", lambda: receipt(service.novaSolicitacao("11144477735")))
    say("view", lambda: receipt(service.visualizarSolicitacao(34534, "11144477735", "4099")))
    say("basic", lambda: with_credentials(endpoint, secured, user, secret))
    say("wrong_secret", lambda: with_credentials(endpoint, secured, user, "wrong"))


def with_credentials(endpoint: str, secured: str, user: str, secret: str) -> str:
    session = requests.Session()
    session.auth = (user, secret)
    client = zeep.Client(f"{endpoint}?wsdl", transport=zeep.Transport(session=session))
    service = client.create_service("{urn:soap-service:telefonia:v1}TelefoniaSoapBinding", secured)
    return str(service.obterQtdeSolicitacoes("11144477735"))


if __name__ == "__main__":
    main(*sys.argv[1:])
