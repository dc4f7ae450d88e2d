"""Heads as old stacks, browsers and proxies write them, byte by byte: encodings, charsets, hosts, credentials."""

import base64
import gzip
import re
import time
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from soap_service.rules.credentials import make_secret
from soap_service.soap.content_type import read_content_type
from tests.conftest import Service, element, start_service
from tests.soap.corpus.forms import DOCUMENT, QUESTION, call, envelope
from tests.soap.wire import Connection, Reply, everything, exchange, post
from tests.waiting import wait_until

XML = "Content-Type: text/xml; charset=utf-8"
ASK = QUESTION.encode()
CASES = Path(__file__).parent / "cases"


def is_answered(reply: Reply) -> bool:
    return reply.status == 200 and b">1?34534<" in reply.body


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Trusts proxies at 127.0.0.1 and in 192.0.2.0/24; knows 10.20.0.0/16 and 2001:db8:20::/48 by address."""
    trusted = "127.0.0.1,192.0.2.0/24,2001:db8::/48"
    service = start_service(tmp_path_factory.mktemp("proxied"), SOAP_SERVICE_TRUSTED_PROXIES=trusted)
    addresses = "10.20.0.0/16,2001:db8:20::/48,fe80::/10"
    service.command("integration", "add", "matriz", "--no-secret", "--addresses", addresses)
    wait_until(lambda: exchange(service, post(ASK, XML, "X-Forwarded-For: 10.20.1.2")).status == 200)
    yield service
    assert service.stop() == 0, service.log
    assert "Traceback" not in service.log, service.log


_CASES = {
    "01-halfclose-novaSolicitacao": (200, "<tns:aviso>"),
    "02-trailing-nul-after-body": (200, "<tns:aviso>"),
    "02-length-in-characters": (500, "MENSAGEM_INVALIDA"),
    "03-cpf-0": (200, ">1?34534<"),
    "03-cpf-1": (200, ">1?34534<"),
    "04-xff-port": (200, ">1?34534<"),
    "04-xff-and-forwarded": (200, ">1?34534<"),
    "05-gzip": (415, "Content-Encoding"),
    "06-ramal-plus": (200, "551140044067"),
    "07-expect-http10": (200, ">1?34534<"),
    "08-charset-iana-alias": (200, ">1?34534<"),
    "08-content-type-merged": (200, ">1?34534<"),
    "10-trailing-slash": (200, ">1?34534<"),
}


@pytest.mark.parametrize(("name", "status", "words"), [(name, *right) for name, right in _CASES.items()])
def test_the_reported_case_is_answered_once(
    service: Service, proxied: Service, name: str, status: int, words: str
) -> None:
    received = everything(proxied if name.startswith("04") else service, (CASES / f"{name}.raw").read_bytes()).decode()
    assert re.findall(r"HTTP/1\.1 ([0-9]{3})", received) == [str(status)]
    assert words in received


@pytest.mark.parametrize(
    "written",
    [
        "11144477735.00",
        "11144477735,0",
        "1.1144477735e+10",
        "CPF: 111.444.777-35",
        "cpf 11144477735#",
        " 11144477735\n",
    ],
)
def test_a_document_is_read_as_platforms_write_it(either_service: Service, written: str) -> None:
    assert is_answered(exchange(either_service, post(envelope(call(f"<cpf>{written}</cpf>")).encode(), XML)))


# Encodings of content and transfer.

_COMPRESSED = {
    "gzip": gzip.compress(ASK),
    "x-gzip": gzip.compress(ASK),
    "GZIP": gzip.compress(ASK),
    "deflate": zlib.compress(ASK),
    "br": b"\x0b\x02\x80" + ASK,
    "identity, gzip": gzip.compress(ASK),
    "compress": ASK,
}


@pytest.mark.parametrize("coding", _COMPRESSED)
def test_a_compressed_body_is_refused_and_the_plain_one_taken(either_service: Service, coding: str) -> None:
    with Connection(either_service) as connection:
        for _ in range(2):
            connection.send(post(_COMPRESSED[coding], XML, f"Content-Encoding: {coding}"))
            reply = connection.reply()
            assert (reply.status, reply.headers["accept-encoding"]) == (415, "identity")
            connection.send(post(ASK, XML))  # as a client does that is told so
            assert is_answered(connection.reply())


@pytest.mark.parametrize("coding", ["identity", "Identity", "", "identity, identity"])
def test_identity_is_no_encoding(service: Service, coding: str) -> None:
    assert is_answered(exchange(service, post(ASK, XML, f"Content-Encoding: {coding}")))


def chunked(*codings: str) -> bytes:
    lines = "".join(f"Transfer-Encoding: {coding}\r\n" for coding in codings)
    head = f"POST /soap HTTP/1.1\r\nHost: x\r\n{XML}\r\n{lines}\r\n".encode()
    return head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(ASK), ASK)


@pytest.mark.parametrize("coding", ["gzip", "gzip, chunked", "identity", "deflate", "x-chunked"])
@pytest.mark.parametrize("path", [b"/soap", b"/entrar", b"/healthz"])
def test_another_transfer_coding_is_not_implemented(service: Service, path: bytes, coding: str) -> None:
    request = chunked(coding).replace(b"/soap", path)
    with Connection(service) as connection:
        connection.send(request)
        reply = connection.reply()
        assert (reply.status, reply.headers["connection"]) == (501, "close")
        assert connection.is_closed()


def test_another_transfer_coding_beside_a_length_is_not_implemented(service: Service) -> None:
    assert exchange(service, post(ASK, XML, "Transfer-Encoding: gzip")).status == 501
    assert exchange(service, chunked("chunked", "gzip")).status in (400, 501)


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "CHUNKED", " \tchunked"])
def test_chunks_are_read_however_they_are_written(service: Service, coding: str) -> None:
    assert is_answered(exchange(service, chunked(coding)))


# Content-Type.

_CONTENT_TYPES = {
    "a merged list": "text/xml; charset=utf-8, text/xml; charset=utf-8",
    "a merged list of three": "text/xml,text/xml , text/xml",
    "a merged list in other letters": 'text/xml; charset=utf-8, TEXT/XML;charset="UTF-8"',
    "a quoted charset": 'text/xml; charset="utf-8"',
    "a charset in apostrophes": "text/xml; charset='utf-8'",
    "an action that looks like a charset": 'application/soap+xml; action="urn:a;charset=zlib;b"; charset=utf-8',
    "an action with a comma": 'application/soap+xml; action="urn:a,b"; charset=utf-8',
    "an action with an escaped quote": r'application/soap+xml; action="a\";charset=zlib\""; charset=utf-8',
    "an action without the charset": 'application/soap+xml; action="x; charset=punycode"',
    "parameters in capitals": "Text/XML; Charset=UTF-8; Action=x",
    "blanks around the sign": "text/xml ; charset = utf-8 ;",
    "a tab": "text/xml;\tcharset=utf-8",
    "an empty charset": "text/xml; charset=",
    "another name that ends in charset": "text/xml; x-charset=zlib; charset=utf-8",
    "no charset": "text/xml",
    "nothing": "",
}


@pytest.mark.parametrize("value", _CONTENT_TYPES.values(), ids=_CONTENT_TYPES.keys())
def test_the_content_type_is_understood_with(service: Service, value: str) -> None:
    for _ in range(2):  # the second time on the fast path
        assert is_answered(exchange(service, post(ASK, f"Content-Type: {value}")))


@pytest.mark.parametrize(
    "value",
    [
        "text/xml, application/json",
        'application/json; x="text/xml"',
        "text/plain; charset=utf-8, text/plain; charset=utf-8",
    ],
)
def test_a_list_of_different_types_is_none_of_them(service: Service, value: str) -> None:
    assert exchange(service, post(ASK, f"Content-Type: {value}")).status == 415


@pytest.mark.parametrize("repeated", ['\\"', '"', 'a="', ';a="', ";a='", " ", ";a ", '",'])
@pytest.mark.parametrize("before", ["", "text/xml;", 'text/xml; charset="'])
def test_no_content_type_takes_long_to_read(before: str, repeated: str) -> None:
    value = (before + repeated * 30_000)[:30_000]
    begun = time.process_time()
    read_content_type(value)
    assert time.process_time() - begun < 0.5


_ACCENTED = envelope(call(f"<cpf>{DOCUMENT}</cpf>")).replace("<e:Envelope", "<!-- João --><e:Envelope", 1)
_ALIASES = {
    "iso-8859-1": "ISO_8859-1 ISO_8859-1:1987 iso-ir-100 latin1 l1 IBM819 CP819 csISOLatin1 iso8859-1 ISO8859_1 "
    "8859_1 latin-1 latin_1 latin iso8859_1 ISO-8859-1",
    "windows-1252": "windows-1252 Cp1252 cswindows1252 cp1252 WINDOWS_1252",
    "utf-8": "UTF8 utf_8 csUTF8 U8 UTF-8",
    "utf-16-le": "UTF-16LE utf_16_le csUTF16LE UnicodeLittleUnmarked utf-16-le UTF-16 csUTF16",
    "utf-16-be": "UTF-16BE utf_16_be csUTF16BE UnicodeBigUnmarked UTF16",
}


@pytest.mark.parametrize(("codec", "name"), [(c, name) for c, names in _ALIASES.items() for name in names.split()])
def test_a_charset_has_many_names(service: Service, codec: str, name: str) -> None:
    assert is_answered(exchange(service, post(_ACCENTED.encode(codec), f"Content-Type: text/xml; charset={name}")))
    if "utf-16" not in codec and re.fullmatch(r"[A-Za-z][\w.-]*", name):  # as XML wants it
        declared = f'<?xml version="1.0" encoding="{name}"?>{_ACCENTED}'.encode(codec)
        assert is_answered(exchange(service, post(declared, "Content-Type: text/xml")))


@pytest.mark.parametrize("name", ["us-ascii", "ANSI_X3.4-1968", "ISO646-US", "ascii", "iso-ir-6", "cp367", "646"])
def test_ascii_has_many_names(service: Service, name: str) -> None:
    assert is_answered(exchange(service, post(ASK, f"Content-Type: text/xml; charset={name}")))


@pytest.mark.parametrize("name", ["zlib", "punycode", "idna", "iso-8859-15", "utf-7", "utf-32", "x" * 5000])
def test_other_charsets_stay_refused(service: Service, name: str) -> None:
    reply = exchange(service, post(ASK, f"Content-Type: text/xml; charset={name}"))
    assert b"MENSAGEM_INVALIDA" in reply.body


# Expect and Host.


@pytest.mark.parametrize("expect", ["Expect: 100-continue", "EXPECT: 100-Continue", "expect:100-continue"])
def test_in_http_10_nobody_is_told_to_continue(either_service: Service, expect: str) -> None:
    with Connection(either_service) as connection:
        connection.send(post(b"", XML, expect, version="1.0", length=len(ASK)))
        connection.send(ASK)
        assert is_answered(connection.reply())
        assert connection.is_closed()


def test_in_http_10_too_large_a_body_is_drained_whatever_it_expects(service: Service) -> None:
    received = everything(service, post(b" " * 900_000, XML, "Expect: 100-continue", version="1.0"))
    assert b"MENSAGEM_INVALIDA" in received


@pytest.mark.parametrize(
    ("version", "how"),
    [("1.0", "Content-Length: 900000"), ("1.1", "Content-Length: 900000"), ("1.1", "Transfer-Encoding: chunked")],
)
def test_who_sends_too_large_a_body_slowly_can_send_it_all_and_is_told(
    service: Service, version: str, how: str
) -> None:
    part = b" " * 45_000
    pieces = [b"%x\r\n%b\r\n" % (len(part), part) if "chunked" in how else part] * 20
    with Connection(service) as connection:
        connection.send(f"POST /soap HTTP/{version}\r\nHost: x\r\n{XML}\r\n{how}\r\n\r\n".encode())
        for piece in pieces:  # a client that cannot send the rest looks for no answer
            assert connection.send(piece)
            time.sleep(0.01)
        assert connection.send(b"0\r\n\r\n" if "chunked" in how else b"")
        assert b"MENSAGEM_INVALIDA" in connection.reply().body


def test_who_has_sent_the_body_is_not_told_to_continue(service: Service) -> None:
    assert is_answered(exchange(service, post(ASK, XML, "Expect: 100-continue")))


def without_host(version: str, *hosts: str) -> bytes:
    return post(ASK, XML, "Host: x", *(f"Host: {host}" for host in hosts), version=version).replace(
        b"Host: x\r\n", b"", 1
    )


@pytest.mark.parametrize("path", [b"/soap", b"/soap?wsdl", b"/healthz", b"/entrar", b"/eventos"])
@pytest.mark.parametrize("hosts", [[], ["a", "b"], ["a", "a"], ["a, b"], ["a b"]])
def test_http_11_has_exactly_one_host(service: Service, path: bytes, hosts: list[str]) -> None:
    with Connection(service) as connection:
        connection.send(without_host("1.1", *hosts).replace(b"/soap", path))
        assert connection.reply().status == 400
        assert connection.is_closed()


@pytest.mark.parametrize("hosts", [[], ["a"], ["a:80"], [""], ["[::1]:8000"]])
def test_http_10_needs_no_host(service: Service, hosts: list[str]) -> None:
    assert is_answered(exchange(service, without_host("1.0", *hosts)))
    if hosts:
        assert is_answered(exchange(service, without_host("1.1", *hosts)))


# Behind proxies.


@pytest.mark.parametrize(
    "hop",
    [
        "10.20.1.2",
        "10.20.1.2:50123",
        '"10.20.1.2:50123"',
        " 10.20.1.2 ",
        "[2001:db8:20::5]",
        "[2001:db8:20::5]:443",
        '"[2001:db8:20::5]:443"',
        "2001:DB8:20::5",
        "fe80::1%eth0",
        "[fe80::1%25eth0]:4711",
        "::ffff:10.20.1.2",
        "[::ffff:10.20.1.2]:99",
        "203.0.113.9, 10.20.1.2:1",
        "unknown, 10.20.1.2",
        "10.20.1.2, 192.0.2.7",
        "10.20.1.2:1, 192.0.2.7:2, [2001:db8::9]:3, 127.0.0.1",
        "10.20.1.2,",
        "10.20.1.2, ,192.0.2.7",
    ],
)
@pytest.mark.parametrize("forwarded", ["", "Forwarded: for=203.0.113.9;proto=https", 'forwarded: for="[::1]"'])
def test_behind_proxies_the_last_stranger_is_the_caller(proxied: Service, hop: str, forwarded: str) -> None:
    for fields in ([f"X-Forwarded-For: {hop}", forwarded], [forwarded, f"x-forwarded-for:{hop}"]):
        assert is_answered(exchange(proxied, post(ASK, XML, *filter(None, fields))))


@pytest.mark.parametrize(
    "fields",
    [
        ["X-Forwarded-For: 10.20.1.2, 203.0.113.9"],
        ["X-Forwarded-For: 10.20.1.2, 203.0.113.9:50123"],
        ["X-Forwarded-For: 10.20.1.2", "X-Forwarded-For: 203.0.113.9"],
        ["X-Forwarded-For: 10.20.1.2, unknown"],
        ["X-Forwarded-For: 10.20.1.2, x:y:z"],
        ["X-Forwarded-For: 10.20.1.2.3"],
        ["X-Forwarded-For: 127.0.0.1, 192.0.2.7"],
        ["X-Forwarded-For: "],
        ["Forwarded: for=10.20.1.2"],
        ["Forwarded: for=10.20.1.2", "X-Forwarded-For: 203.0.113.9"],
    ],
)
def test_behind_proxies_a_stranger_is_not_let_in(proxied: Service, fields: list[str]) -> None:
    assert exchange(proxied, post(ASK, XML, *fields)).status == 401


def test_behind_a_proxy_that_is_not_trusted_nobody_has_an_address(service: Service) -> None:
    for field in ("X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: 127.0.0.1:80", "Forwarded: for=127.0.0.1"):
        assert exchange(service, post(ASK, XML, field)).status == 401


# Credentials.


@pytest.fixture(scope="module")
def named(service: Service) -> Iterator[tuple[str, str]]:
    """An integration whose name has accents, and its secret."""
    secret = make_secret()
    service.store.integrations.add("recepção", secret.salt, secret.digest, "", "", "pt_BR", "test")
    yield "recepção", secret.text


def basic(name: str, secret: str, charset: str = "utf-8", form: str = "NFC") -> str:
    text = unicodedata.normalize(form, f"{name}:{secret}")
    return "Authorization: Basic " + base64.b64encode(text.encode(charset)).decode()


@pytest.mark.parametrize(("charset", "form"), [("utf-8", "NFC"), ("utf-8", "NFD"), ("latin-1", "NFC")])
def test_a_name_with_accents_is_known_however_it_is_written(
    service: Service, named: tuple[str, str], charset: str, form: str
) -> None:
    wait_until(lambda: exchange(service, post(ASK, XML, basic(*named))).status == 200)
    for _ in range(2):
        assert is_answered(exchange(service, post(ASK, XML, basic(*named, charset, form))))
    assert exchange(service, post(ASK, XML, basic(named[0], "wrong", charset, form))).status == 401


_NONE = ["", "Basic", "Basic ", "Basic Og==", "basic  Og==", "Basic ICA6ICA="]


@pytest.mark.parametrize("value", _NONE)
def test_a_blank_credential_is_none(either_service: Service, value: str) -> None:
    assert is_answered(exchange(either_service, post(ASK, XML, f"Authorization: {value}")))


@pytest.mark.parametrize("value", ["Basic eA==", "Basic eDo=", "Basic Ong=", "Basic =", "Bearer x", "Digest", "x"])
def test_what_is_not_blank_and_not_right_is_refused(service: Service, value: str) -> None:
    assert exchange(service, post(ASK, XML, f"Authorization: {value}")).status == 401


# The extension in the address.


def announced(service: Service, query: str) -> str:
    """Return what the receipt says of a call with that query."""
    body = envelope(call(f"<cpf>{DOCUMENT}</cpf>", "novaSolicitacao")).encode()
    return element(exchange(service, post(body, XML, query=query)).body.decode(), "mensagem")


@pytest.mark.parametrize(
    "query", ["ramal=7711", "RAMAL=7711", "Ramal=7711", "x=1&raMal=7711", "ramal=7711&ramal=9", "ramal=%37711"]
)
def test_the_extension_in_the_address_is_read_in_any_letters(service: Service, query: str) -> None:
    assert "7711" in announced(service, query)


@pytest.mark.parametrize("query", ["ramal=+551140044067", "ramal=%2B551140044067", "RAMAL=%2b551140044067&a=b+c"])
def test_a_plus_in_the_address_is_a_plus(own_plus: Service, query: str) -> None:
    assert "+551140044067" in announced(own_plus, query)


@pytest.fixture(scope="module")
def own_plus(service: Service) -> Service:
    """The service with somebody at +551140044067."""
    agent = service.store.staff.find_agent("atendente")
    service.store.extensions.register(agent.id, "+551140044067", take_over=True)
    return service
