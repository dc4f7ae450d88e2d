"""What is no usable SOAP message: refused with a sentence that says what is wrong."""

from tests.conftest import NAMESPACE
from tests.soap.corpus.forms import (
    DOCUMENT,
    QUESTION,
    SOAP_11,
    SOAP_12,
    Case,
    NotSoap,
    asking,
    call,
    envelope,
    refused,
    with_header,
)

_UNKNOWN = "OPERACAO_DESCONHECIDA"

_NO_XML = [
    refused("no body", b""),
    refused("a body of whitespace", " \r\n\t "),
    refused("a body of NULs", b"\0" * 500),
    refused("plain text", "olá"),
    refused("JSON that is called XML", '{"cpf": "11144477735"}'),
    refused("a form", f"cpf={DOCUMENT}", content_type="application/x-www-form-urlencoded"),
    refused("a form with the envelope in a field", f"xml={QUESTION}", content_type="application/x-www-form-urlencoded"),
    refused("HTML", "<!DOCTYPE html><html><body><br></body></html>"),
    refused("a gzip file", b"\x1f\x8b\x08\x00" + b"\0" * 40),
    refused("an image", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
    refused("a pickle", b"cos\nsystem\n(S'id'\ntR."),
    *(
        refused(f"the question cut after {cut} bytes", QUESTION[:cut])
        for cut in (1, 15, 40, 90, 150, 180, len(QUESTION) - 1)
    ),
    refused("an end tag too many", QUESTION + "</e:Envelope>"),
    refused("two envelopes", QUESTION * 2),
    refused("text behind the envelope", QUESTION + "x"),
    refused("text before the envelope", "x" + QUESTION),
    refused("a declaration behind a line feed", '\n<?xml version="1.0"?>' + QUESTION),
    refused("two declarations", '<?xml version="1.0"?><?xml version="1.0"?>' + QUESTION),
    refused("a declaration of standalone maybe", '<?xml version="1.0" standalone="maybe"?>' + QUESTION),
    refused("crossed tags", asking(f"<cpf>{DOCUMENT}</CPF>")),
    refused("an attribute without quotes", asking(f"<cpf a=1>{DOCUMENT}</cpf>")),
    refused("an attribute twice", asking(f'<cpf a="1" a="2">{DOCUMENT}</cpf>')),
    refused(
        "an attribute twice, under two prefixes", asking(f'<cpf xmlns:a="u" xmlns:b="u" a:x="" b:x="">{DOCUMENT}</cpf>')
    ),
    refused("a prefix that is not declared", asking(f"<z:cpf>{DOCUMENT}</z:cpf>")),
    refused("a prefix of an attribute that is not declared", asking(f'<cpf z:a="1">{DOCUMENT}</cpf>')),
    refused("the envelope's prefix not declared", QUESTION.replace(f' xmlns:e="{SOAP_11}"', "")),
    refused("a prefix bound to nothing", asking(f'<cpf xmlns:z="">{DOCUMENT}</cpf>')),
    refused("the prefix xml bound to something", asking(f'<cpf xmlns:xml="urn:x">{DOCUMENT}</cpf>')),
    refused("the prefix xmlns bound", asking(f'<cpf xmlns:xmlns="urn:x">{DOCUMENT}</cpf>')),
    refused("a bare ampersand", asking("<cpf>1 & 1</cpf>")),
    refused("a bare angle bracket", asking("<cpf>1 < 1</cpf>")),
    refused("an entity that is not declared", asking("<cpf>&nbsp;</cpf>")),
    refused("an entity without a name", asking("<cpf>&;</cpf>")),
    refused("the end of a CDATA section in text", asking("<cpf>]]></cpf>")),
    refused("a CDATA section without an end", asking("<cpf><![CDATA[1</cpf>")),
    refused("two dashes in a comment", asking(f"<!-- -- --><cpf>{DOCUMENT}</cpf>")),
    refused("a NUL", asking("<cpf>1\0</cpf>")),
    refused("control characters", asking("<cpf>1\x01\x08\x1b[31m</cpf>")),
    refused("a reference to NUL", asking("<cpf>&#0;</cpf>")),
    refused("a reference to a control character", asking("<cpf>&#x1;</cpf>")),
    refused("a reference to a surrogate", asking("<cpf>&#xD800;</cpf>")),
    refused("a reference beyond Unicode", asking("<cpf>&#x110000;</cpf>")),
    refused("a reference to a number without end", asking(f"<cpf>&#{'9' * 3000};</cpf>")),
]

_NO_SOAP = [
    refused("a namespace with a space", envelope(call().replace(NAMESPACE, f" {NAMESPACE}"))),
    refused("an operation without an envelope", call()),
    refused("an envelope without a namespace", QUESTION.replace("<e:", "<").replace("</e:", "</")),
    refused(
        "another element in the envelope's namespace",
        QUESTION.replace("Envelope", "Umschlag").replace("/soap/umschlag", "/soap/envelope"),
    ),
    refused("the WSDL's root", '<d:definitions xmlns:d="http://schemas.xmlsoap.org/wsdl/"/>'),
    refused("an envelope of no SOAP", QUESTION.replace(SOAP_11, "urn:x"), "", faultcode="VersionMismatch"),
    refused(
        "an envelope of SOAP 1.2's draft",
        QUESTION.replace(SOAP_11, "http://www.w3.org/2001/12/soap-envelope"),
        "",
        faultcode="VersionMismatch",
    ),
    refused(
        "an envelope's namespace without its slash",
        QUESTION.replace(SOAP_11, SOAP_11[:-1]),
        "",
        faultcode="VersionMismatch",
    ),
    refused("an envelope with nothing in it", f'<e:Envelope xmlns:e="{SOAP_11}"/>'),
    refused("an envelope with only a header", f'<e:Envelope xmlns:e="{SOAP_11}"><e:Header/></e:Envelope>'),
    refused("an empty body element", envelope("")),
    refused("a body element of whitespace and comments", envelope(" <!-- nada --> ")),
    refused("an empty body element in SOAP 1.2", envelope("", soap=SOAP_12), soap=SOAP_12, status=400),
    refused("a body in the other SOAP's namespace", QUESTION.replace("<e:Body", f'<e:Body xmlns:e="{SOAP_12}"')),
    refused("an operation right inside the envelope", f'<e:Envelope xmlns:e="{SOAP_11}">{call()}</e:Envelope>'),
    refused("two bodies", envelope(call() + "</e:Body><e:Body>" + call())),
    refused("two operations", envelope(call() * 2)),
    refused("two different operations", envelope(call() + call("<id>955</id>", "obterDadosSolicitacao"))),
    refused("a header behind the body", QUESTION.replace("</e:Envelope>", "<e:Header/></e:Envelope>")),
    refused("two headers", envelope(call(), "<e:Header/><e:Header/>")),
    refused("an unknown element of SOAP's own", envelope(call(), "<e:Rodape/>")),
    refused(
        "a fault for a request",
        envelope("<e:Fault><faultcode>e:Client</faultcode><faultstring>x</faultstring></e:Fault>"),
    ),
    refused("an envelope inside the body", envelope(QUESTION)),
    refused("an argument twice", asking(f"<cpf>{DOCUMENT}</cpf><cpf>{DOCUMENT}</cpf>")),
    refused("an argument twice, qualified and not", asking(f'<cpf>{DOCUMENT}</cpf><cpf xmlns="">1</cpf>')),
    refused(
        "a second argument that is nil",
        asking(f'<cpf>{DOCUMENT}</cpf><cpf xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="1"/>'),
    ),
    refused("an element inside an argument", asking(f"<cpf><b>{DOCUMENT}</b></cpf>")),
    refused("an element beside the text of an argument", asking(f"<cpf>{DOCUMENT}<br/></cpf>")),
    refused("an argument by reference", envelope(call('<cpf href="#a"/>') + f'<multiRef id="a">{DOCUMENT}</multiRef>')),
    refused("an operation by reference", envelope(call().replace("acoes xmlns", 'acoes href="#a" xmlns'))),
    refused("a second part by multiRef", envelope(call() + f'<multiRef id="a">{DOCUMENT}</multiRef>')),
    refused(
        "an argument by XInclude",
        asking(
            '<cpf><i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/></cpf>'
        ),
    ),
    refused(
        "an attachment by XOP",
        asking('<cpf><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:a"/></cpf>'),
    ),
    refused(
        "an attachment",
        "--b\r\nContent-Type: text/xml\r\n\r\n" + QUESTION + "\r\n--b--",
        content_type="multipart/related; boundary=b",
    ),
    refused("a file of a form", "--b\r\n\r\n" + QUESTION + "\r\n--b--", content_type="multipart/form-data; boundary=b"),
]

_OPERATIONS = [
    refused("an operation that does not exist", envelope(call(operation="apagarTudo")), _UNKNOWN),
    refused("an operation in other letters", envelope(call(operation="obterqtdesolicitacoes")), _UNKNOWN),
    refused(
        "an answer's element for an operation", envelope(call(operation="obterQtdeSolicitacoesResponse")), _UNKNOWN
    ),
    refused("an operation in a wrong namespace", envelope(call().replace(NAMESPACE, "urn:outro")), _UNKNOWN),
    refused("an operation in the namespace of a later version", envelope(call().replace(":v1", ":v2")), _UNKNOWN),
    refused(
        "an operation in the namespace with a slash behind it",
        envelope(call().replace(NAMESPACE, f"{NAMESPACE}/")),
        _UNKNOWN,
    ),
    refused("a method of Python for an operation", envelope(call(operation="__class__")), _UNKNOWN),
    refused(
        "an unknown operation in SOAP 1.2",
        envelope(call(operation="x"), soap=SOAP_12),
        _UNKNOWN,
        soap=SOAP_12,
        status=400,
    ),
    refused("an operation of 30,000 letters", envelope(call(operation="a" * 30_000)), _UNKNOWN),
    refused(
        "an operation's name with a long tail of accents", envelope("<a" + "\u0301\u0316" * 15_000 + "/>"), _UNKNOWN
    ),
    refused(
        "the names of methods of other services",
        envelope('<x:getVersion xmlns:x="http://axis.apache.org/axis2"/>'),
        _UNKNOWN,
    ),
]

_UNDERSTOOD = {"faultcode": "MustUnderstand"}
_NEXT_11 = "http://schemas.xmlsoap.org/soap/actor/next"
_HEADERS = [
    refused("a header that must be understood", with_header('<h:S e:mustUnderstand="1"/>'), "", **_UNDERSTOOD),
    refused("mustUnderstand that is true", with_header('<h:S e:mustUnderstand="true"/>'), "", **_UNDERSTOOD),
    refused("mustUnderstand with whitespace", with_header('<h:S e:mustUnderstand=" 1&#10;"/>'), "", **_UNDERSTOOD),
    refused(
        "mustUnderstand for the next actor",
        with_header(f'<h:S e:actor="{_NEXT_11}" e:mustUnderstand="1"/>'),
        "",
        **_UNDERSTOOD,
    ),
    refused(
        "mustUnderstand for an empty actor", with_header('<h:S e:actor="" e:mustUnderstand="1"/>'), "", **_UNDERSTOOD
    ),
    refused(
        "mustUnderstand in the second of two blocks",
        with_header('<h:R/><h:S e:mustUnderstand="1"/>'),
        "",
        **_UNDERSTOOD,
    ),
    refused(
        "WS-Security that must be understood",
        with_header('<h:Security e:mustUnderstand="1"><h:T/></h:Security>'),
        "",
        **_UNDERSTOOD,
    ),
    *(
        refused(
            f"SOAP 1.2 mustUnderstand for {role}",
            with_header(f'<h:S e:role="{SOAP_12}/role/{role}" e:mustUnderstand="true"/>', SOAP_12),
            "",
            soap=SOAP_12,
            **_UNDERSTOOD,
        )
        for role in ("next", "ultimateReceiver")
    ),
    refused(
        "SOAP 1.2 mustUnderstand for nobody else",
        with_header('<h:S e:mustUnderstand="1"/>', SOAP_12),
        "",
        soap=SOAP_12,
        **_UNDERSTOOD,
    ),
]

_MEDIA = (
    "application/json",
    "text/plain",
    "text/html",
    "application/octet-stream",
    "application/soap",
    "image/svg+xml",
    "text/xml2",
    "xml",
    "*/*",
    "text/xml, application/json",
    "application/x-java-serialized-object",
    "{}%s",
)
_MEDIA_TYPES = [
    *(Case(f"the media type {name}", QUESTION.encode(), NotSoap(415), name) for name in _MEDIA),
    Case(
        "a body in gzip",
        b"\x1f\x8b\x08\x00" + b"x" * 90,
        NotSoap(415),
        headers={"Content-Encoding": "gzip"},
    ),
]

BROKEN: list[Case] = [*_NO_XML, *_NO_SOAP, *_OPERATIONS, *_HEADERS, *_MEDIA_TYPES]
