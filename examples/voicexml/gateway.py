"""Between a VoiceXML platform, which posts forms, and the telephony web services, which speak SOAP.

    TELEFONIA_URL=http://127.0.0.1:8000/soap python gateway.py [PORT]

Serves consulta.vxml at /, and answers its form at /consulta with VoiceXML that speaks what the service said, announces
the call at the extension and transfers it. Python's standard library alone; TELEFONIA_USER, TELEFONIA_SECRET and
TELEFONIA_RAMAL (the extension, 4067) come from the environment.
"""

import base64
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs
from wsgiref.simple_server import make_server
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "urn:soap-service:telefonia:v1"
URL = os.environ.get("TELEFONIA_URL", "http://127.0.0.1:8000/soap")
EXTENSION = os.environ.get("TELEFONIA_RAMAL", "4067")
#: The service answers within 3 s or says INDISPONIVEL.
TIMEOUT_SECONDS = 4.0


class Fault(Exception):
    """The service refused a call or did not answer; the text is the machine code."""


def call(operation: str, **values: str) -> dict[str, str]:
    """Call an operation; return the texts of the answer by element name. Raises Fault."""
    elements = "".join(f"<t:{name}>{escape(value)}</t:{name}>" for name, value in values.items())
    envelope = (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="{NAMESPACE}"><s:Body>'
        f"<t:{operation}>{elements}</t:{operation}></s:Body></s:Envelope>"
    )
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{NAMESPACE}:{operation}"'}
    if user := os.environ.get("TELEFONIA_USER"):
        credential = f"{user}:{os.environ.get('TELEFONIA_SECRET', '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(credential.encode()).decode()
    request = urllib.request.Request(URL, envelope.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            answer = response.read()
    except urllib.error.HTTPError as error:  # a fault comes with status 500, a wrong credential with 401
        answer = error.read()
    except OSError:
        raise Fault("INDISPONIVEL") from None
    texts = {element.tag.rpartition("}")[2]: element.text or "" for element in ElementTree.fromstring(answer).iter()}
    if "faultcode" in texts:
        raise Fault(texts.get("codigo", texts["faultcode"]))
    return texts


def consult(document: str) -> str:
    """Return the VoiceXML that speaks what is open for a document and transfers the call."""
    sentences, number = [], ""
    try:
        count = call("obterQtdeSolicitacoes", cpf=document)["obterQtdeSolicitacoesResult"]
        if not count:
            sentences.append("Você não tem solicitações em andamento.")
        elif count.startswith("1?"):
            number = count.removeprefix("1?")
            sentences.append(f"Você tem uma solicitação em andamento, de número {' '.join(number)}.")
            sentences += _state(call("obterDadosSolicitacao", id=number))
        else:
            sentences.append(f"Você tem {count} solicitações em andamento.")
        if number:
            call("visualizarSolicitacao", id=number, cpf=document, ramal=EXTENSION)
        else:
            call("novaSolicitacao", cpf=document, ramal=EXTENSION)
    except Fault as fault:
        if str(fault) == "DOCUMENTO_INVALIDO":
            return _page("<prompt>O número digitado não é um CPF.</prompt>", '<goto next="/"/>')
        print(f"telefonia: {fault}", file=sys.stderr)
        sentences.append("O sistema não respondeu.")
    sentences.append("Vamos transferir a sua ligação.")
    prompts = "".join(f"<prompt>{escape(sentence)}</prompt>" for sentence in sentences)
    return _page(prompts, after=f'<transfer name="agente" dest={quoteattr(f"tel:{EXTENSION}")} bridge="true"/>')


def _state(data: dict[str, str]) -> list[str]:
    sentences = [f"Situação: {data['situacao']}."]
    if data["prazoLimite"]:
        sentences.append(f"O prazo é {datetime.fromisoformat(data['prazoLimite']):%d/%m/%Y às %H:%M}.")
    if data["dentroDoPrazo"] == "false":
        sentences.append("Ela está fora do prazo.")
    return sentences


def _page(prompts: str, last: str = "", after: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" '
        f'xml:lang="pt-BR"><form><block>{prompts}{last}</block>{after}</form></vxml>\n'
    )


def application(environ: dict, start_response: Callable) -> Iterable[bytes]:
    """Answer the IVR: the form at /, its result at /consulta."""
    if environ["PATH_INFO"] == "/consulta":
        length = int(environ.get("CONTENT_LENGTH") or 0)
        form = parse_qs(environ["wsgi.input"].read(min(length, 4096)).decode("latin-1"))
        page = consult(form.get("cpf", [""])[0]).encode()
    else:
        page = Path(__file__).with_name("consulta.vxml").read_bytes()
    start_response(
        "200 OK",
        [("Content-Type", "application/voicexml+xml; charset=utf-8"), ("Content-Length", str(len(page)))],
    )
    return [page]


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    with make_server("127.0.0.1", port, application) as server:
        server.serve_forever()
