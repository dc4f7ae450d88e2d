"""Each odd or hostile message of the corpus gets its answer from the real service, at once, and leaves no trace."""

import re
from pathlib import Path

import pytest
from lxml import etree

from tests.conftest import Service, element
from tests.soap.corpus import CASES, KINDS
from tests.soap.corpus.forms import DOCUMENT, SOAP_11, SOAP_12, Case, Fault, NotSoap, Value
from tests.soap.wire import Reply, exchange, post

ANSWER_SECONDS = 2.0
GROWTH_KIB = 30 * 1024
_MEDIA_TYPES = {SOAP_11: "text/xml; charset=utf-8", SOAP_12: "application/soap+xml; charset=utf-8"}
_CODES_12 = {"Client": "Sender", "Server": "Receiver"}
#: What would tell of the inside: tracebacks, paths, modules, Python's types, and the documents asked for.
_INSIDE = re.compile(
    r"Traceback|File \"|\.py\b|(?<!:)/(?:tmp|work|usr|home|etc|opt|var|lib)/|site-packages"
    r"|soap_service\.|(?i:spyne|lxml|expat|sqlite|uvicorn)"
    r"|\b[A-Z]\w*(?:Error|Exception)\b|<class|&lt;class|NoneType|object at 0x|\bNone\b"
    r"|11144477735|111\.444\.777|52998224725|98765432100"
)
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)


@pytest.fixture(scope="module", autouse=True)
def nobody_at_an_extension(service: Service) -> None:
    """Where one is registered, it is that of calls without any; other tests share the service."""
    for agent in service.store.staff.list_agents():
        service.store.extensions.release(agent.id)


def play(service: Service, case: Case) -> Reply:
    fields = [f"{name}: {value}" for name, value in case.headers.items()]
    if case.content_type is not None:
        fields.append(f"Content-Type: {case.content_type}")
    return exchange(service, post(case.body, *fields, query=case.query))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_message_gets_its_answer(service: Service, case: Case) -> None:
    reply = play(service, case)
    assert reply.status == case.expected.status, reply.body
    assert reply.seconds < ANSWER_SECONDS
    assert not _INSIDE.search(reply.body.decode()), reply.body
    if isinstance(case.expected, NotSoap):
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"
        return
    envelope = etree.fromstring(reply.body, _PARSER)
    assert envelope.tag == f"{{{case.expected.soap}}}Envelope"
    assert reply.headers["content-type"] == _MEDIA_TYPES[case.expected.soap]
    assert len(envelope.findall("{*}Body/*")) == 1
    if isinstance(case.expected, Value):
        assert envelope.findtext(f".//{{*}}{case.expected.element}") == case.expected.text
    else:
        _check_fault(envelope, case.expected)
    if reply.status == 401:
        assert reply.headers["www-authenticate"].startswith("Basic realm=")


def _check_fault(envelope: etree._Element, expected: Fault) -> None:
    """Hold the fault to the form of its SOAP version, its code, and a sentence that any client can show."""
    fault = envelope.find("{*}Body/{*}Fault")
    if expected.soap == SOAP_11:
        assert [child.tag for child in fault][:2] == ["faultcode", "faultstring"]
        faultcode, sentence = fault.findtext("faultcode"), fault.findtext("faultstring")
        assert faultcode == f"{fault.prefix}:{expected.faultcode}"
    else:
        faultcode = fault.findtext("{*}Code/{*}Value")
        sentence = fault.findtext("{*}Reason/{*}Text")
        assert faultcode == f"{fault.prefix}:{_CODES_12.get(expected.faultcode, expected.faultcode)}"
    codes = [code.text for code in fault.iter("{urn:soap-service:telefonia:v1}codigo")]
    assert codes == ([expected.code] if expected.code else [])
    assert re.fullmatch(r"[A-Z].*\.", sentence.encode("latin-1").decode("latin-1"))


def test_the_corpus_is_large_and_no_name_stands_twice() -> None:
    assert len(CASES) >= 150
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(KINDS.values())


def test_the_whole_corpus_leaves_no_document_no_traceback_and_no_growth(service: Service) -> None:
    start, before = len(service.log), _resident_kib(service)
    for case in CASES:
        play(service, case)
    written = service.log[start:]
    assert "outcome=ok" in written
    assert "Traceback" not in written
    assert "ERRO_INTERNO" not in written
    assert DOCUMENT not in re.sub(r"[.\-/ ]", "", written)
    assert not re.search(r"52998224725|12345678909|12312312312|98765432100", written)
    assert len(written) < 300 * len(CASES)
    assert _resident_kib(service) - before < GROWTH_KIB
    assert element(service.call("obterQtdeSolicitacoes", cpf=DOCUMENT), "obterQtdeSolicitacoesResult") == "1?34534"


def _resident_kib(service: Service) -> int:
    status = Path(f"/proc/{service.process.pid}/status").read_text("ascii")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0])
