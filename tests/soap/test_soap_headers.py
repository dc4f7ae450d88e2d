"""Header blocks: the credential of WS-Security, WS-Addressing, and what must be understood and is not. Real sockets."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import zeep
from lxml import etree
from zeep.exceptions import Fault, TransportError
from zeep.wsa import WsAddressingPlugin
from zeep.wsse import UsernameToken

from soap_service.services import NAMESPACE, make_application
from soap_service.soap.known_messages import KnownMessages
from soap_service.soap.message import list_operations
from soap_service.soap.reader import read_message
from tests.conftest import Service, element, start_service
from tests.soap.corpus.forms import DOCUMENT, SOAP_11, SOAP_12, asking, call, envelope
from tests.soap.wire import Reply, everything, exchange, post
from tests.waiting import wait_until

CASE = Path(__file__).parent / "cases" / "11-wsse-mu.raw"
XML = "Content-Type: text/xml; charset=utf-8"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
WSSE_2003 = "http://schemas.xmlsoap.org/ws/2003/06/secext"
WSA = "http://www.w3.org/2005/08/addressing"
WSA_2004 = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
OPERATIONS = list_operations(make_application())
#: Any address that no integration is known by: only a credential helps.
STRANGE = "X-Forwarded-For: 203.0.113.9"


class Pbx(NamedTuple):
    """A service and the credential of its integration `pbx`; the demonstration's own is known by its address."""

    service: Service
    secret: str


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def pbx(request: pytest.FixtureRequest) -> Pbx:
    """The service on each database, with an integration that has a secret."""
    service: Service = request.getfixturevalue("service" if request.param == "sqlite" else "postgresql_service")
    printed = service.command("integration", "add", "pbx-de-cabeçalho")
    pbx = Pbx(service, printed.split("once: ")[1].strip())
    wait_until(lambda: ask(pbx, security(token("pbx-de-cabeçalho", pbx.secret)), STRANGE).status == 200, 5)
    return pbx


def token(name: str, secret: str | None, kind: str = "", more: str = "") -> str:
    typed = f' Type="{kind}"' if kind else ""
    password = "" if secret is None else f"<w:Password{typed}>{secret}</w:Password>"
    return f"<w:UsernameToken><w:Username>{name}</w:Username>{password}{more}</w:UsernameToken>"


def security(inside: str, must: str = "", namespace: str = WSSE, attributes: str = "") -> str:
    said = f' e:mustUnderstand="{must}"' if must else ""
    return f'<w:Security xmlns:w="{namespace}"{said}{attributes}>{inside}</w:Security>'


def message(blocks: str, soap: str = SOAP_11, body: str = "") -> bytes:
    return envelope(body or call(), f"<e:Header>{blocks}</e:Header>", soap).encode()


def ask(on: "Pbx | Service", blocks: str, *fields: str, soap: str = SOAP_11, body: str = "") -> Reply:
    service = on.service if isinstance(on, Pbx) else on
    return exchange(service, post(message(blocks, soap, body), XML, *fields))


def is_answered(reply: Reply) -> bool:
    return reply.status == 200 and b"1?34534" in reply.body


def sentence_of(reply: Reply) -> str:
    """Return the sentence of a fault of either version."""
    text = reply.body.decode()
    return re.search(r"<soap12env:Text[^>]*>([^<]*)<", text)[1] if SOAP_12 in text else element(text, "faultstring")


def basic(name: str, secret: str) -> str:
    return "Authorization: Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def test_the_reported_case_is_refused_as_a_wrong_credential(either_service: Service) -> None:
    received = everything(either_service, CASE.read_bytes()).decode()
    assert received.startswith("HTTP/1.1 401 ")
    assert "www-authenticate: Basic realm=" in received
    assert element(received, "codigo") == "NAO_AUTORIZADO"


NONCE = f'<w:Nonce>MTIz</w:Nonce><u:Created xmlns:u="{WSU}">2016-06-30T14:10:00Z</u:Created>'
STAMP = f'<u:Timestamp xmlns:u="{WSU}"><u:Created>2016-06-30T14:10:00Z</u:Created></u:Timestamp>'


@pytest.mark.parametrize("must", ["", "0", "1", "true", " 1&#10;", "\ttrue "])
@pytest.mark.parametrize("soap", [SOAP_11, SOAP_12])
def test_a_user_name_token_is_the_credential(pbx: Pbx, must: str, soap: str) -> None:
    assert is_answered(ask(pbx, security(token("pbx-de-cabeçalho", pbx.secret), must), STRANGE, soap=soap))
    wrong = ask(pbx, security(token("pbx-de-cabeçalho", "x"), must), STRANGE, soap=soap)
    assert (wrong.status, element(wrong.body.decode(), "codigo")) == (401, "NAO_AUTORIZADO")
    assert wrong.headers["www-authenticate"].startswith("Basic ")
    assert soap.encode() in wrong.body


@pytest.mark.parametrize("kind", ["", f"{PROFILE}#PasswordText", "wsse:PasswordText", "PasswordText"])
@pytest.mark.parametrize("more", ["", NONCE])
@pytest.mark.parametrize("beside", ["", STAMP])
def test_type_nonce_and_timestamp_are_of_no_matter(pbx: Pbx, kind: str, more: str, beside: str) -> None:
    block = security(beside + token("pbx-de-cabeçalho", pbx.secret, kind, more), "1")
    assert is_answered(ask(pbx, block, STRANGE))


@pytest.mark.parametrize("year", ["2002/04", "2002/07", "2002/12", "2003/06"])
def test_the_drafts_of_old_stacks_are_read(pbx: Pbx, year: str) -> None:
    namespace = f"http://schemas.xmlsoap.org/ws/{year}/secext"
    assert is_answered(ask(pbx, security(token("pbx-de-cabeçalho", pbx.secret), "1", namespace), STRANGE))


@pytest.mark.parametrize(
    "written",
    [
        "\n    <w:Username>\n      {name}\n    </w:Username>\n    <w:Password>\n      {secret}\n    </w:Password>\n  ",
        "<w:Password>{secret}</w:Password><w:Username>{name}</w:Username>",
        "<w:Username><![CDATA[{name}]]></w:Username><!-- x --><w:Password><!-- y -->{secret}</w:Password>",
        '<w:Username xmlns="urn:x">{name}</w:Username><x xmlns="urn:x">y</x><w:Password>{secret}</w:Password>',
        "<w:Username>pbx-de-cabec\N{COMBINING CEDILLA}alho</w:Username><w:Password>{secret}</w:Password>",
    ],
)
def test_a_token_may_be_written_in_any_way(pbx: Pbx, written: str) -> None:
    inside = written.format(name="pbx-de-cabeçalho", secret=pbx.secret)
    assert is_answered(ask(pbx, security(f"<w:UsernameToken>{inside}</w:UsernameToken>", "1"), STRANGE))


def test_authorization_wins(pbx: Pbx) -> None:
    right, wrong = token("pbx-de-cabeçalho", pbx.secret), token("pbx-de-cabeçalho", "x", f"{PROFILE}#PasswordDigest")
    good, bad = basic("pbx-de-cabeçalho", pbx.secret), basic("pbx-de-cabeçalho", "x")
    assert is_answered(ask(pbx, security(wrong, "1"), good, STRANGE))
    assert ask(pbx, security(right, "1"), bad).status == 401
    for blank in ("Authorization: ", "Authorization: Basic", basic("", "")):
        assert is_answered(ask(pbx, security(right, "1"), blank, STRANGE))


@pytest.mark.parametrize("soap", [SOAP_11, SOAP_12])
@pytest.mark.parametrize("kind", ["PasswordDigest", "Outro"])
@pytest.mark.parametrize("name", ["pbx-de-cabeçalho", "ninguém"])
def test_another_kind_of_password_is_named(pbx: Pbx, soap: str, kind: str, name: str) -> None:
    block = security(token(name, "c2VjcmV0", f"{PROFILE}#{kind}", NONCE), "1")
    for field in ("X: y", STRANGE):
        reply = ask(pbx, block, field, soap=soap)
        assert reply.status == (500 if soap == SOAP_11 else 400)
        assert element(reply.body.decode(), "codigo") == "MENSAGEM_INVALIDA"
        assert kind in sentence_of(reply)
        assert "PasswordText" in sentence_of(reply)


@pytest.mark.parametrize("kind", ["", f"{PROFILE}#PasswordDigest"])
def test_a_token_for_others_is_passed_over_where_the_address_admits(pbx: Pbx, kind: str) -> None:
    others = token("alguém", "x", kind)
    assert is_answered(ask(pbx, security(others)))
    assert is_answered(ask(pbx, security(others, "0")))
    assert ask(pbx, security(others, "1")).status == (500 if kind else 401)
    assert ask(pbx, security(others), STRANGE).status == (500 if kind else 401)
    assert ask(pbx, security(token("pbx-de-cabeçalho", "x"))).status == 401
    assert ask(pbx, security(token("demonstracao", ""))).status == 401


@pytest.mark.parametrize(
    "inside",
    ["", STAMP, token("", ""), token(" ", None), "<w:UsernameToken/>", token("", " ", f"{PROFILE}#PasswordDigest")],
)
def test_a_blank_token_is_none(pbx: Pbx, inside: str) -> None:
    for must in ("", "1"):
        assert is_answered(ask(pbx, security(inside, must)))
        assert ask(pbx, security(inside, must), STRANGE).status == 401


@pytest.mark.parametrize("inside", [token("", "x"), token("pbx-de-cabeçalho", None), token("pbx-de-cabeçalho", "")])
def test_half_a_token_is_a_wrong_one(pbx: Pbx, inside: str) -> None:
    for field in ("X: y", STRANGE):
        assert ask(pbx, security(inside, "1"), field).status == 401


def test_what_stands_twice_is_refused(pbx: Pbx) -> None:
    right, wrong = token("pbx-de-cabeçalho", pbx.secret), token("alguém", "x")
    password = f"<w:Password>{pbx.secret}</w:Password>"
    twice = {
        "UsernameToken": [
            security(right + wrong),
            security(right) + security(wrong),
            security(right) + security(right, namespace=WSSE_2003),
        ],
        "Password": [security(token("pbx-de-cabeçalho", pbx.secret, more=password))],
        "Username": [security(token("pbx-de-cabeçalho", pbx.secret, more="<w:Username>x</w:Username>"))],
    }
    for name, blocks in twice.items():
        for block in blocks:
            reply = ask(pbx, block, basic("pbx-de-cabeçalho", pbx.secret), STRANGE)
            assert element(reply.body.decode(), "codigo") == "MENSAGEM_INVALIDA"
            assert f"O elemento {name} aparece" in sentence_of(reply)
            assert not is_answered(ask(pbx, block, STRANGE))


@pytest.mark.parametrize("actor", ["urn:outro", "http://gateway.example/", "https://x.example/actor/next"])
def test_a_token_for_another_actor_is_not_ours(pbx: Pbx, actor: str) -> None:
    away = security(token("pbx-de-cabeçalho", "x"), "1", attributes=f' e:actor="{actor}"')
    assert is_answered(ask(pbx, away))
    assert is_answered(ask(pbx, away + security(token("pbx-de-cabeçalho", pbx.secret), "1"), STRANGE))
    assert ask(pbx, away.replace(">x<", f">{pbx.secret}<"), STRANGE).status == 401


@pytest.mark.parametrize("soap", [SOAP_11, SOAP_12])
def test_a_token_for_whoever_reads_first_is_ours(pbx: Pbx, soap: str) -> None:
    role = ' e:actor="http://schemas.xmlsoap.org/soap/actor/next"'
    if soap == SOAP_12:
        role = f' e:role="{SOAP_12}/role/ultimateReceiver"'
    block = security(token("pbx-de-cabeçalho", pbx.secret), "1", attributes=role)
    assert is_answered(ask(pbx, block, STRANGE, soap=soap))


@pytest.mark.parametrize(
    "strange",
    [
        '<s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#"><s:SignedInfo/></s:Signature>',
        '<x:EncryptedData xmlns:x="http://www.w3.org/2001/04/xmlenc#"/>',
        '<x:EncryptedKey xmlns:x="http://www.w3.org/2001/04/xmlenc#"/>',
        "<w:BinarySecurityToken>MIIB</w:BinarySecurityToken>",
        '<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"/>',
    ],
)
def test_signed_and_encrypted_content_is_named(pbx: Pbx, strange: str) -> None:
    name = re.match("<[a-z]:([A-Za-z]+)", strange)[1]
    right = token("pbx-de-cabeçalho", pbx.secret)
    reply = ask(pbx, security(right + strange, "1"), STRANGE)
    assert reply.status == 500
    assert element(reply.body.decode(), "faultcode") == "soap11env:MustUnderstand"
    assert f"Security ({name})" in sentence_of(reply)
    assert is_answered(ask(pbx, security(right + strange), STRANGE))


def test_a_wrong_message_with_a_right_token_is_told_what_is_wrong(pbx: Pbx) -> None:
    right = security(token("pbx-de-cabeçalho", pbx.secret), "1")
    for body, code in (
        ("<x/>", "OPERACAO_DESCONHECIDA"),
        (call("<y/>"), "PARAMETRO_AUSENTE"),
        ("<", "MENSAGEM_INVALIDA"),
    ):
        told = ask(pbx, right, STRANGE, body=body)
        assert (told.status, element(told.body.decode(), "codigo")) == (500, code)
        assert ask(pbx, security(token("x", "x"), "1"), STRANGE, body=body).status == 401


@pytest.mark.parametrize("codec", ["utf-16", "iso-8859-1"])
def test_a_token_is_read_in_every_encoding(pbx: Pbx, codec: str) -> None:
    body = message(security(token("pbx-de-cabeçalho", pbx.secret), "1")).decode().encode(codec)
    assert is_answered(exchange(pbx.service, post(body, f"Content-Type: text/xml; charset={codec}", STRANGE)))


def test_a_page_of_another_site_needs_a_right_token(pbx: Pbx) -> None:
    foreign = "Origin: https://evil.example"
    assert is_answered(ask(pbx, security(token("pbx-de-cabeçalho", pbx.secret)), foreign))
    assert ask(pbx, security(token("alguém", "x")), foreign).status == 403
    assert ask(pbx, security(token("pbx-de-cabeçalho", "x")), foreign).status == 401


def test_credentials_are_not_logged_and_refusals_are_counted(pbx: Pbx) -> None:
    def counted() -> dict[tuple[str, str], int]:
        return {(one.integration, one.reason): one.count for one in pbx.service.store.diagnosis.list_refusals()}

    secret = "segredo-que-ninguem-deve-ler"
    before = counted()
    for kind in ("", f"{PROFILE}#PasswordDigest"):
        ask(pbx, security(token("pbx-de-cabeçalho", secret, kind), "1"))
        ask(pbx, security(token("nome-que-ninguem-deve-ler", secret, kind), "1"))
    wait_until(lambda: counted() != before, 70)
    assert not re.search(f"ninguem-deve-ler|{re.escape(pbx.secret)}", pbx.service.log)
    assert not any("ninguem" in name for name, _ in counted())


def test_calls_by_token_count_against_the_integrations_limit(tmp_path: Path) -> None:
    service = start_service(tmp_path / "limit", SOAP_SERVICE_CALLS_PER_SECOND="1")
    secret = service.command("integration", "add", "pbx").split("once: ")[1].strip()
    block = security(token("pbx", secret), "1")
    wait_until(lambda: ask(service, block, STRANGE).status == 200, 5)
    codes = [ask(service, block, STRANGE).body for _ in range(5)]
    assert any(b"LIMITE_EXCEDIDO" in body for body in codes)
    assert service.stop() == 0
    lines = [line for line in service.log.splitlines() if "LIMITE_EXCEDIDO" in line]
    assert lines
    assert all("integration=pbx " in line for line in lines)


def test_a_revoked_integrations_token_is_refused(tmp_path: Path) -> None:
    service = start_service(tmp_path / "revoked")
    secret = service.command("integration", "add", "pbx").split("once: ")[1].strip()
    block = security(token("pbx", secret), "1")
    wait_until(lambda: is_answered(ask(service, block, STRANGE)), 5)
    service.command("integration", "revoke", "pbx")
    wait_until(lambda: ask(service, block, STRANGE).status == 401, 5)
    service.stop()


def addressed(namespace: str = WSA, must: str = "", **texts: str) -> str:
    """Return the blocks of WS-Addressing; `to`, `reply` and `fault` hold addresses."""
    said = f' e:mustUnderstand="{must}"' if must else ""
    blocks = {"Action": f"{NAMESPACE}:obterQtdeSolicitacoes", "MessageID": "urn:uuid:1", **texts}
    written = ""
    for name, text in blocks.items():
        inside = f"<a:Address>{text}</a:Address>" if name in ("ReplyTo", "FaultTo", "From") else text
        written += f'<a:{name} xmlns:a="{namespace}"{said}>{inside}</a:{name}>'
    return written


def header_of(reply: Reply) -> dict[str, str]:
    """Return the texts of the answer's header blocks by qualified name, in order."""
    (header,) = etree.fromstring(reply.body).findall("{*}Header")
    return {block.tag: block.text for block in header}


ANONYMOUS = {WSA: f"{WSA}/anonymous", WSA_2004: f"{WSA_2004}/role/anonymous"}
ANSWER = f"{NAMESPACE}:TelefoniaPortType:obterQtdeSolicitacoesResponse"


@pytest.mark.parametrize("soap", [SOAP_11, SOAP_12])
@pytest.mark.parametrize("namespace", [WSA, WSA_2004])
@pytest.mark.parametrize("must", ["", "1"])
def test_addressing_is_answered(either_service: Service, soap: str, namespace: str, must: str) -> None:
    anonymous = ANONYMOUS[namespace]
    blocks = addressed(namespace, must, To=either_service.endpoint, ReplyTo=anonymous, FaultTo=anonymous)
    reply = ask(either_service, blocks, soap=soap)
    assert is_answered(reply)
    expected = {"Action": ANSWER, "To": anonymous, "RelatesTo": "urn:uuid:1"}
    if namespace == WSA:
        expected.pop("To")
    assert header_of(reply) == {f"{{{namespace}}}{name}": text for name, text in expected.items()}
    assert b"Header" not in exchange(either_service, post(envelope(call(), soap=soap).encode(), XML)).body


@pytest.mark.parametrize(
    ("operation", "inner"),
    [("obterDadosSolicitacao", "<id>955</id>"), ("novaSolicitacao", f"<cpf>{DOCUMENT}</cpf><ramal>4099</ramal>")],
)
def test_every_operation_has_its_action(either_service: Service, operation: str, inner: str) -> None:
    reply = ask(either_service, addressed(), body=call(inner, operation))
    assert header_of(reply)[f"{{{WSA}}}Action"] == f"{NAMESPACE}:TelefoniaPortType:{operation}Response"


@pytest.mark.parametrize(
    "to",
    [
        "http://pbx-gateway.example:8080/soap",
        "https://desk.example/telefonia/soap/",
        "http://127.0.0.1/soap?ramal=4067",
        f"{WSA}/anonymous",
        "\n  http://127.0.0.1/soap\n",
    ],
)
def test_to_is_ours_by_its_path(service: Service, to: str) -> None:
    assert is_answered(ask(service, addressed(must="1", To=to)))


@pytest.mark.parametrize(
    "to", ["http://127.0.0.1/outro", "urn:outro", "http://[::/soap", "http://127.0.0.1/soap/x", "x"]
)
def test_another_to_that_must_be_understood_is_named(service: Service, to: str) -> None:
    reply = ask(service, addressed(must="1", To=to))
    assert element(reply.body.decode(), "faultcode") == "soap11env:MustUnderstand"
    assert "cabeçalho To" in sentence_of(reply)
    assert is_answered(ask(service, addressed(To=to)))


@pytest.mark.parametrize("soap", [SOAP_11, SOAP_12])
@pytest.mark.parametrize("namespace", [WSA, WSA_2004])
@pytest.mark.parametrize("block", ["ReplyTo", "FaultTo"])
@pytest.mark.parametrize("where", ["http://listener.example/replies", f"{WSA}/none", "urn:x", "&amp;"])
def test_another_reply_address_is_named(service: Service, soap: str, namespace: str, block: str, where: str) -> None:
    for must in ("", "1"):
        reply = ask(service, addressed(namespace, must, **{block: where}), soap=soap)
        assert reply.status == (500 if soap == SOAP_11 else 400)
        assert element(reply.body.decode(), "codigo") == "MENSAGEM_INVALIDA"
        assert f"cabeçalho {block} " in sentence_of(reply)
        header = header_of(reply)
        assert header[f"{{{namespace}}}Action"] == f"{namespace}/fault"
        assert header[f"{{{namespace}}}RelatesTo"] == "urn:uuid:1"


@pytest.mark.parametrize("soap", [SOAP_11, SOAP_12])
@pytest.mark.parametrize(("namespace", "action"), [(WSA, f"{WSA}/soap/fault"), (WSA_2004, f"{WSA_2004}/fault")])
def test_faults_have_their_action_too(service: Service, soap: str, namespace: str, action: str) -> None:
    wrong = [
        {"body": call("<id>999999</id>", "obterDadosSolicitacao")},
        {"body": "<x/>"},
        {"blocks": addressed(namespace) + '<x:Y xmlns:x="urn:x" e:mustUnderstand="1"/>'},
        {"blocks": addressed(namespace) + security(token("ninguém", "x"), "1")},
    ]
    for one in wrong:
        reply = ask(service, one.get("blocks", addressed(namespace)), soap=soap, body=one.get("body", ""))
        assert reply.status in (400, 401, 500)
        assert header_of(reply)[f"{{{namespace}}}Action"] == action
        assert header_of(reply)[f"{{{namespace}}}RelatesTo"] == "urn:uuid:1"


def test_addressing_without_an_id_is_answered_without_one(service: Service) -> None:
    reply = ask(service, f'<a:Action xmlns:a="{WSA}">x</a:Action>')
    assert header_of(reply) == {f"{{{WSA}}}Action": ANSWER}


def test_addressing_for_another_actor_is_not_answered(service: Service) -> None:
    away = addressed(must="1", ReplyTo="http://x.example/").replace(" e:must", ' e:actor="urn:x" e:must')
    reply = ask(service, away)
    assert is_answered(reply)
    assert b"Header" not in reply.body


def test_a_messages_id_is_escaped_and_bounded(service: Service) -> None:
    reply = ask(service, addressed(MessageID="&lt;a&gt;&amp;&#13;]]&gt;ç☎"))
    assert header_of(reply)[f"{{{WSA}}}RelatesTo"] == "<a>&\r]]>ç☎"
    assert "4096" in sentence_of(ask(service, addressed(MessageID="x" * 4_097)))


@pytest.mark.parametrize("name", ["Action", "MessageID", "To"])
def test_a_block_that_stands_twice_is_named(service: Service, name: str) -> None:
    reply = ask(service, f'{addressed(To=service.endpoint)}<a:{name} xmlns:a="{WSA}">x</a:{name}>')
    assert f"O elemento {name} aparece" in sentence_of(reply)


UNKNOWN = {
    "Sessão": '<x:Sessão xmlns:x="urn:x" e:mustUnderstand="{}"/>',
    "RelatesTo": f'<x:RelatesTo xmlns:x="{WSA}" e:mustUnderstand="{{}}">y</x:RelatesTo>',
    "Sequence": '<x:Sequence xmlns:x="http://docs.oasis-open.org/ws-rx/wsrm/200702" e:mustUnderstand="{}"/>',
    "Security": '<x:Security xmlns:x="urn:x" e:mustUnderstand="{}"><x:UsernameToken/></x:Security>',
    "UsernameToken": f'<x:UsernameToken xmlns:x="{WSSE}" e:mustUnderstand="{{}}"/>',
}


@pytest.mark.parametrize("soap", [SOAP_11, SOAP_12])
@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("must", ["1", "true", " 1 ", "\n  true\t"])
def test_any_other_header_that_must_be_understood_is_named(service: Service, soap: str, name: str, must: str) -> None:
    reply = ask(service, UNKNOWN[name].format(must.replace("\n", "&#10;")), soap=soap)
    assert reply.status == 500
    assert f"cabeçalho {name}," in sentence_of(reply)
    tree = etree.fromstring(reply.body)
    if soap == SOAP_11:
        assert element(reply.body.decode(), "faultcode") == "soap11env:MustUnderstand"
        assert tree.find("{*}Header") is None
    else:
        assert element(reply.body.decode(), "Value") == "soap12env:MustUnderstand"
        (named,) = tree.findall(f"{{{SOAP_12}}}Header/{{{SOAP_12}}}NotUnderstood")
        prefix, _, local = named.get("qname").partition(":")
        asked = etree.fromstring(message(UNKNOWN[name].format("1"), soap))[0][0]
        assert f"{{{named.nsmap[prefix]}}}{local}" == asked.tag


@pytest.mark.parametrize("must", ["0", "false", "", "yes", "11"])
def test_a_header_that_need_not_be_understood_is_passed_over(service: Service, must: str) -> None:
    for block in UNKNOWN.values():
        assert is_answered(ask(service, block.format(must)))


def test_several_headers_are_named_together(service: Service) -> None:
    blocks = "".join(f'<x:H{n} xmlns:x="urn:&amp;{n}" e:mustUnderstand="1"/>' for n in range(300))
    reply = ask(service, blocks, soap=SOAP_12)
    assert "H0, H1, H2" in sentence_of(reply)
    assert len(reply.body) < 3_000
    named = etree.fromstring(reply.body).findall(f".//{{{SOAP_12}}}NotUnderstood")
    assert [one.nsmap["h"] for one in named[:2]] == ["urn:&0", "urn:&1"]


def test_a_stranger_is_401_whatever_must_be_understood(service: Service) -> None:
    assert ask(service, UNKNOWN["Sequence"].format("1"), STRANGE).status == 401


@pytest.mark.parametrize(
    "block",
    [
        '<x:Foto xmlns:x="urn:x">{}</x:Foto>',
        '<x:Foto xmlns:x="urn:x"><x:a><x:b>{}</x:b></x:a></x:Foto>',
        f'<w:Security xmlns:w="{WSSE}"><w:BinarySecurityToken>{{}}</w:BinarySecurityToken></w:Security>',
        f'<a:From xmlns:a="{WSA}"><a:Address>{{}}</a:Address></a:From>',
    ],
)
def test_a_long_text_in_a_header_is_passed_over(service: Service, block: str) -> None:
    assert is_answered(ask(service, block.format("x" * 60_000)))
    assert "64 KiB" in sentence_of(ask(service, block.format("x" * 66_000)))


def test_a_long_text_behind_a_long_header_is_still_refused(service: Service) -> None:
    block = f'<x:F xmlns:x="urn:x">{"x" * 5_000}</x:F>'
    reply = ask(service, block, body=call(f"<cpf>{'1' * 4_097}</cpf>"))
    assert "4096" in sentence_of(reply)


@pytest.mark.parametrize(
    "block",
    [
        security(token("alguém", "x")),
        security(token("alguém", "x"), "1"),
        addressed(),
        addressed(To="http://127.0.0.1/soap", ReplyTo=f"{WSA}/anonymous"),
    ],
)
def test_a_message_with_headers_is_not_known(block: str) -> None:
    body, content_type = message(block), "text/xml; charset=utf-8"
    known = KnownMessages()
    known.learn(content_type, body, read_message(body, content_type, OPERATIONS))
    assert known.recall(content_type, body) is None
    plain = asking(f"<cpf>{DOCUMENT}</cpf>").encode()
    known.learn(content_type, plain, read_message(plain, content_type, OPERATIONS))
    assert known.recall(content_type, plain) is not None
    assert known.recall(content_type, body) is None


def test_a_repeated_message_is_judged_each_time(pbx: Pbx) -> None:
    """On one connection, in turns with plain ones that are known: every answer is its own message's."""
    right = message(security(token("pbx-de-cabeçalho", pbx.secret), "1"))
    wrong = message(security(token("pbx-de-cabeçalho", "x" * len(pbx.secret)), "1"))
    numbered = message(addressed(MessageID="urn:uuid:2"))
    plain = envelope(call()).encode()
    with httpx.Client() as client:
        for _ in range(3):
            for body, status, holds in (
                (plain, 200, b"34534"),
                (right, 200, b"34534"),
                (wrong, 401, b"NAO_AUTORIZADO"),
            ):
                reply = client.post(pbx.service.endpoint, content=body, headers={"Content-Type": "text/xml"})
                assert (reply.status_code, holds in reply.content) == (status, True)
            reply = client.post(pbx.service.endpoint, content=numbered, headers={"Content-Type": "text/xml"})
            assert b"urn:uuid:2" in reply.content


@pytest.fixture
def behind_a_credential(tmp_path: Path) -> Iterator[Pbx]:
    """A service that nobody is known to by address."""
    service = start_service(tmp_path)
    secret = service.command("integration", "add", "pbx").split("once: ")[1].strip()
    service.command("integration", "revoke", "demonstracao")
    pbx = Pbx(service, secret)
    wait_until(lambda: exchange(service, post(message(""), XML)).status == 401, 5)
    wait_until(lambda: is_answered(ask(pbx, security(token("pbx", secret)))), 5)
    yield pbx
    assert service.stop() == 0, service.log


def test_zeep_sends_its_user_name_token(behind_a_credential: Pbx) -> None:
    address, secret = f"{behind_a_credential.service.endpoint}?wsdl", behind_a_credential.secret
    for options in ({}, {"created": None}, {"timestamp_token": None}, {"nonce": "x"}):
        with zeep.Client(address, wsse=UsernameToken("pbx", secret, **options)) as client:
            assert client.service.obterQtdeSolicitacoes(DOCUMENT) == "1?34534"
    with zeep.Client(address, wsse=UsernameToken("pbx", "x")) as client, pytest.raises((Fault, TransportError)):
        client.service.obterQtdeSolicitacoes(DOCUMENT)
    digest = UsernameToken("pbx", secret, use_digest=True)
    with zeep.Client(address, wsse=digest) as client, pytest.raises(Fault, match="PasswordDigest"):
        client.service.obterQtdeSolicitacoes(DOCUMENT)


def test_zeep_uses_addressing(service: Service) -> None:
    with zeep.Client(f"{service.endpoint}?wsdl", plugins=[WsAddressingPlugin()]) as client:
        assert client.service.obterQtdeSolicitacoes(DOCUMENT) == "1?34534"
        with pytest.raises(Fault, match="não foi encontrada"):
            client.service.obterDadosSolicitacao(999_999)
    history = zeep.plugins.HistoryPlugin()
    with zeep.Client(f"{service.endpoint}?wsdl", plugins=[WsAddressingPlugin(), history]) as client:
        client.service.obterQtdeSolicitacoes(DOCUMENT)
    sent = history.last_sent["envelope"].findtext(f".//{{{WSA}}}MessageID")
    assert history.last_received["envelope"].findtext(f".//{{{WSA}}}RelatesTo") == sent


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (call("<id>999999</id>", "obterDadosSolicitacao"), 400, "Sender"),
        (call("<y/>"), 400, "Sender"),
        ("<x/>", 400, "Sender"),
        ("", 400, "Sender"),
    ],
)
def test_a_fault_of_soap_12_has_its_code_and_language(service: Service, body: str, status: int, code: str) -> None:
    reply = exchange(service, post(envelope(body, soap=SOAP_12).encode(), XML))
    assert reply.status == status
    assert reply.headers["content-type"] == "application/soap+xml; charset=utf-8"
    fault = etree.fromstring(reply.body).find(f"{{{SOAP_12}}}Body/{{{SOAP_12}}}Fault")
    assert [etree.QName(part).localname for part in fault] == ["Code", "Reason", "Detail"]
    assert fault.findtext(f"{{{SOAP_12}}}Code/{{{SOAP_12}}}Value") == f"soap12env:{code}"
    (text,) = fault.findall(f"{{{SOAP_12}}}Reason/{{{SOAP_12}}}Text")
    assert text.get("{http://www.w3.org/XML/1998/namespace}lang") == "pt-BR"
    assert text.text


def test_a_receivers_fault_and_another_language_in_soap_12(tmp_path: Path) -> None:
    service = start_service(tmp_path / "twelve")
    secret = service.command("integration", "add", "pbx", "--language", "en").split("once: ")[1].strip()
    service.command("parameter", "set", "281", "N")
    body = envelope(call(), soap=SOAP_12).encode()
    asked = post(body, XML, basic("pbx", secret), STRANGE)
    wait_until(lambda: b"INTEGRACAO_DESATIVADA" in exchange(service, asked).body, 5)
    reply = exchange(service, asked)
    assert (reply.status, element(reply.body.decode(), "Value")) == (500, "soap12env:Receiver")
    assert b'xml:lang="en"' in reply.body
    service.stop()
