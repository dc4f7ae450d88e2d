"""A message that cannot be read, or not as it is meant, is refused with its cause."""

import re
from pathlib import Path

import pytest

from tests.conftest import NAMESPACE, Service, element
from tests.soap.corpus.forms import DOCUMENT, QUESTION, SOAP_12, asking, call, envelope
from tests.soap.wire import Reply, everything, exchange, post

XML = "Content-Type: text/xml; charset=utf-8"
CASE = Path(__file__).parent / "cases" / "13-newline-before-declaration.raw"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
START, PREFIX, CHARACTER, BEFORE = "deve ser o início da mensagem", "um prefixo não foi", "não permite", "texto antes"
ENCODING, REFERENCE, END, ONCE = "na codificação declarada", "se escreve", "a marca de fim", "mais de uma vez"


def refusal(service: Service, body: str | bytes, content_type: str = XML) -> tuple[str, str]:
    """Return code and sentence of the fault that the body gets."""
    reply = exchange(service, post(body if isinstance(body, bytes) else body.encode(), content_type))
    return fault_of(reply)


def fault_of(reply: Reply) -> tuple[str, str]:
    text = reply.body.decode()
    is_12 = SOAP_12 in text
    assert reply.status == (400 if is_12 else 500), text
    sentence = re.search(r"<soap12env:Text[^>]*>([^<]*)<", text)[1] if is_12 else element(text, "faultstring")
    return element(text, "codigo"), sentence


def test_the_reported_case_is_told_what_stands_before_its_declaration(service: Service) -> None:
    received = everything(service, CASE.read_bytes()).decode()
    assert received.startswith("HTTP/1.1 500 ")
    assert element(received, "codigo") == "MENSAGEM_INVALIDA"
    assert START in element(received, "faultstring")


_CAUSES = {
    "a blank before the declaration": (f" {DECLARATION}{QUESTION}", START),
    "CR LF before the declaration": (f"\r\n\r\n{DECLARATION}{QUESTION}", START),
    "a comment before the declaration": (f"<!-- x -->{DECLARATION}{QUESTION}", START),
    "two declarations": (DECLARATION * 2 + QUESTION, START),
    "a mark and a line break before it": (f"\ufeff\n{DECLARATION}{QUESTION}", START),
    "a letter before the declaration": (f"x{DECLARATION}{QUESTION}", BEFORE),
    "a warning of PHP before the envelope": (f"Warning: x in y\n{QUESTION}", BEFORE),
    "two byte order marks": (f"\ufeff\ufeff{QUESTION}", BEFORE),
    "an argument's prefix": (asking(f"<z:cpf>{DOCUMENT}</z:cpf>"), PREFIX),
    "an attribute's prefix": (asking(f'<cpf z:nil="0">{DOCUMENT}</cpf>'), PREFIX),
    "the envelope's prefix": (re.sub(' xmlns:e="[^"]*"', "", QUESTION), PREFIX),
    "a header's prefix": (envelope(call(), "<e:Header><z:S/></e:Header>"), PREFIX),
    "an escape": (asking("<cpf>1\x1b</cpf>"), CHARACTER),
    "an end of text of a serial line": (asking("<cpf>1\x03</cpf>"), CHARACTER),
    "a reference to a control": (asking("<cpf>&#2;</cpf>"), CHARACTER),
    "a noncharacter": (asking("<cpf>\ufffe</cpf>"), CHARACTER),
    "a control in an attribute": (asking('<cpf a="\x01">1</cpf>'), CHARACTER),
    "Latin-1 that is called UTF-8": (asking("<x>ção</x>").encode("latin-1"), f"{ENCODING} (utf-8)"),
    "UTF-16 that is called UTF-8": (QUESTION.encode("utf-16-le"), f"{ENCODING} (utf-8)"),
    "half a character": (asking("<x>ç</x>").encode().replace(b"\xa7", b""), f"{ENCODING} (utf-8)"),
    "a bare ampersand": (asking("<cpf>1 & 1</cpf>"), "&amp;"),
    "a bare angle bracket": (asking("<cpf>1 < 1</cpf>"), "&lt;"),
    "an entity of HTML": (asking("<cpf>&nbsp;</cpf>"), REFERENCE),
    "crossed tags": (asking(f"<cpf>{DOCUMENT}</CPF>"), END),
    "an attribute twice": (asking('<cpf a="1" a="2">1</cpf>'), ONCE),
    "something behind the envelope": (QUESTION + "<x/>", "depois do envelope"),
    "a version that is none": ('<?xml vers="1"?>' + QUESTION, "a declaração &lt;?xml está errada"),
    "a prefix bound to nothing": (asking('<cpf xmlns:z="">1</cpf>'), "a declaração (xmlns)"),
}


@pytest.mark.parametrize("name", _CAUSES)
def test_malformed_xml_is_refused_with_its_cause(service: Service, name: str) -> None:
    body, cause = _CAUSES[name]
    code, sentence = refusal(service, body)
    assert code == "MENSAGEM_INVALIDA"
    assert cause in sentence.replace("&amp;amp;", "&amp;").replace("&amp;lt;", "&lt;")


def test_the_encoding_that_the_text_is_not_in_is_named(service: Service) -> None:
    declared = "Content-Type: text/xml; charset=windows-1252"
    assert f"{ENCODING} (windows-1252)" in refusal(service, asking("<x>\x81</x>").encode("latin-1"), declared)[1]


@pytest.mark.parametrize("soap", ["1.1", "1.2"])
@pytest.mark.parametrize("namespace", ["urn:outro", f"{NAMESPACE}/", "http://tempuri.org/", "urn:x:" + "y" * 30_000])
def test_an_operation_in_a_wrong_namespace_is_told_which(service: Service, namespace: str, soap: str) -> None:
    body = QUESTION.replace(NAMESPACE, namespace)
    code, sentence = refusal(service, body if soap == "1.1" else body.replace(_soap_11(), SOAP_12))
    assert code == "OPERACAO_DESCONHECIDA"
    assert f"no namespace {namespace[:100]}" in sentence
    assert NAMESPACE in sentence and len(sentence) < 500


def _soap_11() -> str:
    return re.search('xmlns:e="([^"]*)"', QUESTION)[1]


@pytest.mark.parametrize(
    ("inner", "operation", "found"),
    [
        ('<x:cpf xmlns:x="urn:outro">11144477735</x:cpf>', "obterQtdeSolicitacoes", "urn:outro"),
        ('<x:id xmlns:x="http://tempuri.org/">955</x:id>', "obterDadosSolicitacao", "http://tempuri.org/"),
        ('<cpf>11144477735</cpf><ramal xmlns="urn:a&amp;b">4067</ramal>', "novaSolicitacao", "urn:a&amp;b"),
        ('<cpf xmlns="urn:\u4e00&#10;{x}%s">1</cpf>', "obterQtdeSolicitacoes", "urn:? {x}%s"),
        ('<cpf xmlns="urn:1">1</cpf><cpf xmlns="urn:2">2</cpf>', "obterQtdeSolicitacoes", "urn:1"),
    ],
)
def test_an_argument_in_a_foreign_namespace_is_told_which(
    either_service: Service, inner: str, operation: str, found: str
) -> None:
    code, sentence = refusal(either_service, envelope(call(inner, operation)))
    assert code == "PARAMETRO_INVALIDO"
    assert f"no namespace {found};" in sentence and NAMESPACE in sentence


@pytest.mark.parametrize(
    "inner",
    [
        f'<cpf>{DOCUMENT}</cpf><cpf xmlns="urn:outro">52998224725</cpf>',
        f'<cpf xmlns="urn:outro">52998224725</cpf><cpf>{DOCUMENT}</cpf>',
        f'<cpf xmlns="urn:outro"><a/></cpf><cpf>{DOCUMENT}</cpf><cpf xmlns="urn:outro">1</cpf>',
        f'<ramal xmlns="urn:outro">1</ramal><cpf>{DOCUMENT}</cpf>',
    ],
)
def test_a_foreign_argument_beside_the_right_one_is_ignored(either_service: Service, inner: str) -> None:
    for _ in range(2):  # the second time it may be known
        reply = exchange(either_service, post(asking(inner).encode(), XML))
        assert element(reply.body.decode(), "obterQtdeSolicitacoesResult") == "1?34534"
