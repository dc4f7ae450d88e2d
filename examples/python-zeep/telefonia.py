"""Call the telephony web services with zeep: `telefonia.py OPERATION ARGUMENT...` (see ../README.md)."""

import os
import sys

import requests
import zeep

ARGUMENTS = {
    "obterQtdeSolicitacoes": ("cpf",),
    "obterDadosSolicitacao": ("id",),
    "novaSolicitacao": ("cpf", "ramal"),
    "visualizarSolicitacao": ("id", "cpf", "ramal"),
}
URL = os.environ.get("TELEFONIA_URL", "http://127.0.0.1:8000/soap")


def connect() -> zeep.Client:
    """Return a client of the published WSDL. Keep it: reading the WSDL costs more than a call."""
    session = requests.Session()
    if os.environ.get("TELEFONIA_USER"):
        session.auth = (os.environ["TELEFONIA_USER"], os.environ.get("TELEFONIA_SECRET", ""))
    # The service answers within 3 s or says INDISPONIVEL.
    transport = zeep.Transport(session=session, timeout=5, operation_timeout=5)
    return zeep.Client(f"{URL}?wsdl", transport=transport)


def main(operation: str = "", *values: str) -> int:
    """Make one call and print what came; return 1 for a fault."""
    if operation not in ARGUMENTS:
        print(__doc__, file=sys.stderr)
        return 2
    client = connect()
    # The address in the WSDL is the service's public one; behind a tunnel or in a test it may be another.
    service = client.create_service("{urn:soap-service:telefonia:v1}TelefoniaSoapBinding", URL)
    try:
        answer = service[operation](**dict(zip(ARGUMENTS[operation], values)))
    except zeep.exceptions.Fault as fault:
        code = fault.detail.findtext(".//{*}codigo") if fault.detail is not None else fault.code
        print(f"{code}: {fault.message}", file=sys.stderr)
        return 1
    if operation == "obterQtdeSolicitacoes":
        print(answer or "")  # zeep gives None for the empty element: nothing in progress
        return 0
    for name in answer:
        print(f"{name}={_text(answer[name])}")
    return 0


def _text(value: object) -> str:
    if value is None:
        return ""  # prazoLimite of a request without a deadline
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
