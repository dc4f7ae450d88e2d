"""Well-formed oddities of real clients: each is answered exactly as the plain question."""

from tests.conftest import NAMESPACE
from tests.soap.corpus.forms import (
    DOCUMENT,
    QUESTION,
    SOAP_11,
    SOAP_12,
    XSI,
    Value,
    answered,
    asking,
    call,
    envelope,
    same,
    with_header,
)

_CPF = f"<cpf>{DOCUMENT}</cpf>"
_RPC = "http://schemas.xmlsoap.org/soap/encoding/"
_DATA = Value("955", "id")


def _prefixed(prefix: str) -> str:
    return (
        QUESTION.replace("<e:", f"<{prefix}:").replace("</e:", f"</{prefix}:").replace("xmlns:e=", f"xmlns:{prefix}=")
    )


_NAMES = [
    same("the plain question", QUESTION),
    same("prefix soapenv, as Axis and SoapUI write it", _prefixed("soapenv")),
    same("prefix SOAP-ENV, as gSOAP and PHP write it", _prefixed("SOAP-ENV")),
    same("a prefix with an accent", _prefixed("é")),
    same(
        "the envelope in the default namespace",
        f'<Envelope xmlns="{SOAP_11}"><Body><t:obterQtdeSolicitacoes xmlns:t="{NAMESPACE}"><t:cpf>{DOCUMENT}</t:cpf>'
        "</t:obterQtdeSolicitacoes></Body></Envelope>",
    ),
    same(
        "a prefixed operation with an unqualified argument",
        envelope(f'<t:obterQtdeSolicitacoes xmlns:t="{NAMESPACE}">{_CPF}</t:obterQtdeSolicitacoes>'),
    ),
    same(
        "a qualified operation whose argument undeclares the namespace",
        asking(f'<cpf xmlns="">{DOCUMENT}</cpf>'),
    ),
    same("nothing qualified at all", envelope(f"<obterQtdeSolicitacoes>{_CPF}</obterQtdeSolicitacoes>")),
    same(
        "an unqualified operation with a qualified argument",
        envelope(f'<obterQtdeSolicitacoes><cpf xmlns="{NAMESPACE}">{DOCUMENT}</cpf></obterQtdeSolicitacoes>'),
    ),
    same(
        "the prefix declared on the envelope",
        f'<e:Envelope xmlns:e="{SOAP_11}" xmlns:t="{NAMESPACE}"><e:Body><t:obterQtdeSolicitacoes><t:cpf>{DOCUMENT}'
        "</t:cpf></t:obterQtdeSolicitacoes></e:Body></e:Envelope>",
    ),
    same(
        "the same namespace under another prefix for each element",
        asking(f'<a:cpf xmlns:a="{NAMESPACE}">{DOCUMENT}</a:cpf>'),
    ),
    same(
        "one prefix that means the envelope outside and the operation inside",
        envelope(f'<e:obterQtdeSolicitacoes xmlns:e="{NAMESPACE}"><e:cpf>{DOCUMENT}</e:cpf></e:obterQtdeSolicitacoes>'),
    ),
    same("the namespace written with a character reference", QUESTION.replace("urn:soap", "urn&#58;soap")),
    same("attribute values in single quotes", QUESTION.replace('"', "'")),
]

_TEXT = [
    same("whitespace around the document", asking(f"<cpf>\r\n\t {DOCUMENT} \n</cpf>")),
    same("whitespace between all elements", QUESTION.replace("><", ">\r\n\t <")),
    same("whitespace inside the tags", QUESTION.replace("</cpf>", "</cpf  \n>").replace("<cpf>", "<cpf \t>")),
    same("line feeds before the first element", "\n\n  " + QUESTION),
    same("line feeds and a comment behind the last element", QUESTION + "\n\n<!-- fim -->\r\n"),
    same("comments between all elements", QUESTION.replace("><", "><!-- <x>&y; --><")),
    same("a comment inside the document", asking("<cpf>111444<!-- aqui -->77735</cpf>")),
    same("the document in CDATA", asking(f"<cpf><![CDATA[{DOCUMENT}]]></cpf>")),
    same("the document in three CDATA sections", asking("<cpf><![CDATA[111]]>444<![CDATA[777]]><![CDATA[35]]></cpf>")),
    same("CDATA, comment and reference in one text", asking("<cpf>&#49;<![CDATA[11]]><!-- . -->444777&#x33;5</cpf>")),
    same("a decimal character reference", asking("<cpf>&#49;1144477735</cpf>")),
    same("every digit a character reference", asking(f"<cpf>{''.join(f'&#x{ord(d):x};' for d in DOCUMENT)}</cpf>")),
    same("predefined entities in an element that is ignored", asking(f"{_CPF}<nota>&lt;&amp;&gt;&quot;&apos;</nota>")),
    same("text beside the arguments", asking(f"olá {_CPF} olá")),
    same("text beside the operation", envelope(f"olá {call()} olá")),
    same("an XML declaration", '<?xml version="1.0"?>' + QUESTION),
    same("an XML declaration of standalone", '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + QUESTION),
]

_ELEMENTS = [
    same("an unknown element before the argument", asking(f"<canal>URA</canal>{_CPF}")),
    same("an unknown element after the argument", asking(f"{_CPF}<canal>URA</canal>")),
    same("unknown elements with content of their own", asking(f"<a><b><cpf>52998224725</cpf></b></a>{_CPF}")),
    same("an argument of the same name in a foreign namespace", asking(f'<x:cpf xmlns:x="urn:x">5</x:cpf>{_CPF}')),
    same("an argument of another operation", asking(f"{_CPF}<ramal>4067</ramal><id>x</id>")),
    same("an argument's name in other letters is another name", asking(f"<CPF>52998224725</CPF>{_CPF}")),
    same(
        "xsi:type of the right type",
        asking(f'<cpf xmlns:i="{XSI}" xmlns:xs="http://www.w3.org/2001/XMLSchema" i:type="xs:string">{DOCUMENT}</cpf>'),
    ),
    same(
        "xsi:type of a wrong type",
        asking(f'<cpf xmlns:i="{XSI}" xmlns:xs="http://www.w3.org/2001/XMLSchema" i:type="xs:int">{DOCUMENT}</cpf>'),
    ),
    same("xsi:type with a prefix that is not declared", asking(f'<cpf xmlns:i="{XSI}" i:type="q:x">{DOCUMENT}</cpf>')),
    same("xsi:nil that is false", asking(f'<cpf xmlns:i="{XSI}" i:nil="false">{DOCUMENT}</cpf>')),
    same("xsi:nil that is 0", asking(f'<cpf xmlns:i="{XSI}" i:nil="0">{DOCUMENT}</cpf>')),
    same("nil without a namespace means nothing", asking(f'<cpf nil="true">{DOCUMENT}</cpf>')),
    same("xsi:schemaLocation", QUESTION.replace("<e:Body", f'<e:Body xmlns:i="{XSI}" i:schemaLocation="a b"')),
    same(
        "unknown attributes everywhere",
        QUESTION.replace("<e:Body", '<e:Body id="b" xml:lang="pt"').replace("<cpf", '<cpf a="1"'),
    ),
    same("encodingStyle on the envelope", QUESTION.replace(" xmlns:e", f' e:encodingStyle="{_RPC}" xmlns:e')),
    same("encodingStyle on the operation", QUESTION.replace("acoes xmlns", f'acoes e:encodingStyle="{_RPC}" xmlns')),
    same("an id attribute on the operation", QUESTION.replace("acoes xmlns", 'acoes id="o0" xmlns')),
    same(
        "an element of others after the body", QUESTION.replace("</e:Env", '<x xmlns="urn:x"><cpf>1</cpf></x></e:Env')
    ),
    same("an element of others before the body", QUESTION.replace("<e:Body", '<x xmlns="urn:x"/><e:Body')),
]

_SOAP_HEADERS = [
    same("an empty header", envelope(call(), "<e:Header/>")),
    same("a header block that need not be understood", with_header("<h:Sessao>1</h:Sessao>")),
    same("mustUnderstand that is 0", with_header('<h:Sessao e:mustUnderstand="0"/>')),
    same("mustUnderstand that is false", with_header('<h:Sessao e:mustUnderstand="false"/>')),
    same("mustUnderstand without a namespace", with_header('<h:Sessao mustUnderstand="1"/>')),
    same("mustUnderstand for another actor", with_header('<h:S e:actor="urn:outro" e:mustUnderstand="1"/>')),
    same("mustUnderstand inside a header block", with_header('<h:S><h:T e:mustUnderstand="1"/></h:S>')),
    same("an operation's name in the header", with_header(call("<cpf>52998224725</cpf>"))),
    same("href in a header block", with_header('<h:S href="#1"/>')),
    same(
        "WS-Security that need not be understood",
        with_header("<h:Security><h:UsernameToken><h:Username>a</h:Username></h:UsernameToken></h:Security>"),
    ),
    same(
        "WS-Addressing as .NET and Axis2 write it",
        with_header('<a:Action xmlns:a="http://www.w3.org/2005/08/addressing">urn:x</a:Action>'),
    ),
]

_ROLE = f"{SOAP_12}/role"
_SOAP_12 = [
    same("SOAP 1.2", QUESTION.replace(SOAP_11, SOAP_12), "application/soap+xml; charset=utf-8", SOAP_12),
    same(
        "SOAP 1.2 with an action",
        QUESTION.replace(SOAP_11, SOAP_12),
        f'application/soap+xml;charset=UTF-8;action="{NAMESPACE}:obterQtdeSolicitacoes"',
        SOAP_12,
    ),
    same("SOAP 1.2 as text/xml", QUESTION.replace(SOAP_11, SOAP_12), soap=SOAP_12),
    same("SOAP 1.1 as application/soap+xml", QUESTION, "application/soap+xml"),
    same(
        "SOAP 1.2 with a header for nobody",
        with_header(f'<h:S e:role="{_ROLE}/none" e:mustUnderstand="true"/>', SOAP_12),
        soap=SOAP_12,
    ),
    same(
        "SOAP 1.2 with a header for another role",
        with_header('<h:S e:role="urn:outro" e:mustUnderstand="1"/>', SOAP_12),
        soap=SOAP_12,
    ),
]

_HTTP = [
    same("a quoted SOAPAction", QUESTION, SOAPAction=f'"{NAMESPACE}:obterQtdeSolicitacoes"'),
    same("an unquoted SOAPAction", QUESTION, SOAPAction=f"{NAMESPACE}:obterQtdeSolicitacoes"),
    same("an empty SOAPAction", QUESTION, SOAPAction='""'),
    same("the SOAPAction of another operation", QUESTION, SOAPAction=f'"{NAMESPACE}:novaSolicitacao"'),
    same("a SOAPAction that is nonsense", QUESTION, SOAPAction="'; DROP TABLE x --"),
    same("application/xml", QUESTION, "application/xml"),
    same("the media type in capitals", QUESTION, "TEXT/XML; CHARSET=UTF-8"),
    same("no media type", QUESTION, None),
    same("an empty media type", QUESTION, ""),
    same("a form's media type, as Asterisk's CURL() sends it", QUESTION, "application/x-www-form-urlencoded"),
    same("a media type with unknown parameters", QUESTION, 'text/xml; a=b; charset="utf-8"; action=""'),
    same("Accept that excludes XML", QUESTION, Accept="application/json"),
    same(
        "Accept-Encoding, Cookie and User-Agent of a browser",
        QUESTION,
        Accept_Encoding="gzip, br",
        Cookie="soap_service_session=x",
        User_Agent="Mozilla/5.0 {x} %s",
    ),
    same("a Host of somebody else", QUESTION, Host="exemplo.com.br"),
    same("a query that is nonsense", QUESTION, query="&&=%ff%00&wsdl=&ramal"),
    same("a POST to the address with ?wsdl", QUESTION, query="wsdl"),
    same("If-None-Match and Range", QUESTION, If_None_Match="*", Range="bytes=0-10"),
]


def _data(operation: str) -> str:
    return envelope(f'<t:{operation} xmlns:t="{NAMESPACE}"><t:id>955</t:id></t:{operation}>')


_ACCENTS = [
    answered("the published name of obterDadosSolicitacao", _data("obterDadosSolicitacao"), _DATA),
    answered("the manual's name with accents", _data("obterDadosSolicitação"), _DATA),
    answered("the manual's name with combining accents", _data("obterDadosSolicitac\u0327a\u0303o"), _DATA),
    answered(
        "the manual's name in Latin-1",
        _data("obterDadosSolicitação").encode("latin-1"),
        _DATA,
        "text/xml; charset=ISO-8859-1",
    ),
    answered("the manual's name in UTF-16", _data("obterDadosSolicitação").encode("utf-16"), _DATA, "text/xml"),
    answered(
        "the manual's name unqualified", envelope("<obterDadosSolicitação><id>955</id></obterDadosSolicitação>"), _DATA
    ),
    answered(
        "the manual's name in SOAP 1.2",
        asking("<id>955</id>", "obterDadosSolicitação", SOAP_12),
        Value("955", "id", SOAP_12),
        "application/soap+xml",
    ),
]

ODDITIES = [*_NAMES, *_TEXT, *_ELEMENTS, *_SOAP_HEADERS, *_SOAP_12, *_HTTP, *_ACCENTS]
