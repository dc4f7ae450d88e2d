"""What may stand in the arguments: documents, numbers, extensions; good, odd and hostile."""

from tests.conftest import NAMESPACE
from tests.soap.corpus.forms import DOCUMENT, SOAP_12, XSI, Case, Value, answered, asking, refused, same

_NIL = f'xmlns:i="{XSI}" i:nil'
_INJECTIONS = {
    "an SQL injection": f"{DOCUMENT}' OR '1'='1",
    "an SQL injection with a second statement": "1'; DROP TABLE requester; --",
    "an SQL wildcard": "%",
    "a script": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "a script in CDATA": '<![CDATA["><img src=x onerror=alert(1)>]]>',
    "a format string": "{key} {0.__class__.__mro__} %s %n %(key)s",
    "a template": "{{7*7}} ${7*7} #{7*7} &lt;%= 7*7 %>",
    "a lookup": "${jndi:ldap://127.0.0.1/a}",
    "a shell command": "$(cat /etc/passwd) | `id`; &amp;&amp; reboot",
    "a path": "../../../../etc/passwd",
    "line breaks": "4067&#13;&#10;Set-Cookie: a=b",
    "a log line of its own": "x&#10;2016-06-30 14:10:00 INFO outcome=ok",
    "a right-to-left override": "40\u202e67",
    "a serialised object": "O:8:&quot;stdClass&quot;:0:{} gASVBAAAAAAAAACMAWGULg==",
}


def _count(document: str, answer: str, name: str) -> Case:
    return answered(name, asking(f"<cpf>{document}</cpf>"), Value(answer))


def _announce(ramal: str, notice: str, name: str, query: str = "") -> Case:
    inner = f"<cpf>{DOCUMENT}</cpf>{ramal}"
    return answered(name, asking(inner, "novaSolicitacao"), Value(notice, "aviso"), query=query)


_DOCUMENTS = [
    same("a document with dots and dash", asking("<cpf>111.444.777-35</cpf>")),
    *(
        same(f"a document as {text}", asking(f"<cpf>{text}</cpf>"))
        for text in (
            *("11144477735.0", "11144477735.00", "11144477735,0", "1.1144477735E10", "1,1144477735e+10"),
            *("CPF: 111.444.777-35", "cpf11144477735", "11144477735#", " 11144477735* ", "00011144477735"),
        )
    ),
    same("a document with a no-break space", asking("<cpf>111&#160;444&#160;777&#160;35</cpf>")),
    _count("529.982.247-25", "3", "a requester of three requests"),
    _count("12345678909", "", "a requester of none in progress"),
    _count("12312312312", "1?955", "wrong check digits do not matter"),
    _count("98765432100", "", "a document that nobody has"),
    _count("191", "", "a document whose zeros were lost"),
    _count("7526557000100", "", "a CNPJ whose zeros were lost"),
    *(
        refused(f"the document {text}", asking(f"<cpf>{text}</cpf>"), "DOCUMENTO_INVALIDO")
        for text in (
            *("1", "0", "000", "4067", "5511400440", "123456780912", "(111) 444 777 35", "1,11445E+10"),
            *("11.144.477.735,00", "11144477735.5", "1.11445E10"),
        )
    ),
    refused(
        "a short number for a request",
        asking("<id>955</id><cpf>4067</cpf>", "visualizarSolicitacao"),
        "DOCUMENTO_INVALIDO",
    ),
    answered(
        "a short number announced",
        asking("<cpf>4067</cpf><ramal>4099</ramal>", "novaSolicitacao"),
        Value("false", "identificado"),
    ),
    _count("12abc34501de35", "", "an alphanumeric CNPJ in small letters"),
    _count("12.ABC.345/01DE-35", "", "an alphanumeric CNPJ with its punctuation"),
    _count("0" * 11, "", "a document of zeros"),
    refused("a document of letters", asking("<cpf>abcdefghijk</cpf>"), "DOCUMENTO_INVALIDO"),
    refused("a document of fifteen digits", asking("<cpf>111444777350001</cpf>"), "DOCUMENTO_INVALIDO"),
    refused("a document of nothing but noise", asking("<cpf>---</cpf>"), "DOCUMENTO_INVALIDO"),
    refused("a document in full-width digits", asking("<cpf>１１１４４４７７７３５</cpf>"), "DOCUMENTO_INVALIDO"),
    refused("a document in Arabic digits", asking("<cpf>١١١٤٤٤٧٧٧٣٥</cpf>"), "DOCUMENTO_INVALIDO"),
    refused("a CNPJ with letters for check digits", asking("<cpf>12ABC34501DEXY</cpf>"), "DOCUMENTO_INVALIDO"),
    refused(
        "a wrong document in SOAP 1.2",
        asking("<cpf>x</cpf>", soap=SOAP_12),
        "DOCUMENTO_INVALIDO",
        soap=SOAP_12,
        status=400,
    ),
    *(
        refused(f"{name} for a document", asking(f"<cpf>{text}</cpf>"), "DOCUMENTO_INVALIDO")
        for name, text in _INJECTIONS.items()
    ),
    refused(
        "a wrong document for a request",
        asking("<id>955</id><cpf>x</cpf>", "visualizarSolicitacao"),
        "DOCUMENTO_INVALIDO",
    ),
]

_MISSING = [
    refused("no argument at all", asking(""), "PARAMETRO_AUSENTE"),
    refused(
        "an operation without an end tag",
        asking("").replace(f'{NAMESPACE}"></obterQtdeSolicitacoes>', f'{NAMESPACE}"/>'),
        "PARAMETRO_AUSENTE",
    ),
    refused("an empty document", asking("<cpf></cpf>"), "PARAMETRO_AUSENTE"),
    refused("a document of whitespace", asking("<cpf> \n\t </cpf>"), "PARAMETRO_AUSENTE"),
    refused("a document that is only a comment", asking(f"<cpf><!-- {DOCUMENT} --></cpf>"), "PARAMETRO_AUSENTE"),
    refused("a document that is nil", asking(f'<cpf {_NIL}="true"/>'), "PARAMETRO_AUSENTE"),
    refused(
        "a document that is nil, and yet given", asking(f'<cpf {_NIL}=" 1 ">{DOCUMENT}</cpf>'), "PARAMETRO_AUSENTE"
    ),
    refused("the document under another name", asking(f"<documento>{DOCUMENT}</documento>"), "PARAMETRO_AUSENTE"),
    refused(
        "the document in a foreign namespace",
        asking(f'<x:cpf xmlns:x="urn:x">{DOCUMENT}</x:cpf>'),
        "PARAMETRO_INVALIDO",
    ),
    refused("the document one level too deep", asking(f"<dados><cpf>{DOCUMENT}</cpf></dados>"), "PARAMETRO_AUSENTE"),
    refused(
        "the document as an attribute",
        asking("").replace("acoes xmlns", f'acoes cpf="{DOCUMENT}" xmlns'),
        "PARAMETRO_AUSENTE",
    ),
    refused("no number", asking("", "obterDadosSolicitacao"), "PARAMETRO_AUSENTE"),
    refused("an empty number", asking("<id/>", "obterDadosSolicitacao"), "PARAMETRO_AUSENTE"),
    refused("a number of whitespace", asking("<id> \n </id>", "obterDadosSolicitacao"), "PARAMETRO_AUSENTE"),
    refused("a number that is nil", asking(f'<id {_NIL}="true"/>', "obterDadosSolicitacao"), "PARAMETRO_AUSENTE"),
    refused(
        "a request viewed without its number",
        asking(f"<cpf>{DOCUMENT}</cpf>", "visualizarSolicitacao"),
        "PARAMETRO_AUSENTE",
    ),
    refused(
        "a request viewed without a document", asking("<id>955</id>", "visualizarSolicitacao"), "PARAMETRO_AUSENTE"
    ),
    refused(
        "a call announced without a document", asking("<ramal>4067</ramal>", "novaSolicitacao"), "PARAMETRO_AUSENTE"
    ),
]

_WRONG_NUMBERS = (
    "0",
    "-1",
    "-0",
    "2147483648",
    "-2147483649",
    "1e3",
    "0x10",
    "１２",
    "٩٥٥",
    "9 55",
    "955.5",
    "955.0.0",
    "955.",
    ".0",
    "1_000",
    "+",
    "--955",
    "NaN",
    "INF",
    "true",
    "9" * 20,
    "9" * 21,
    "9" * 4096,
    "955&#160;",
    "&#8722;955",
)

_NUMBERS = [
    answered("a plain number", asking("<id>955</id>", "obterDadosSolicitacao"), Value("955", "id")),
    answered("a number with whitespace", asking("<id>\n 955\t</id>", "obterDadosSolicitacao"), Value("955", "id")),
    answered("a number with a plus sign", asking("<id>+955</id>", "obterDadosSolicitacao"), Value("955", "id")),
    answered("a number as a whole float", asking("<id>955.0</id>", "obterDadosSolicitacao"), Value("955", "id")),
    answered("a number with a comma", asking("<id>955,00</id>", "obterDadosSolicitacao"), Value("955", "id")),
    answered("a number with zeros before it", asking("<id>0000955</id>", "obterDadosSolicitacao"), Value("955", "id")),
    answered(
        "the manual's opening time",
        asking("<id>955</id>", "obterDadosSolicitacao"),
        Value("2016-06-30T14:10:00-03:00", "dataAbertura"),
    ),
    answered(
        "the manual's deadline",
        asking("<id>955</id>", "obterDadosSolicitacao"),
        Value("2016-07-01T12:10:00-03:00", "prazoLimite"),
    ),
    answered("a situation in words", asking("<id>34539</id>", "obterDadosSolicitacao"), Value("Suspensa", "situacao")),
    refused(
        "a number that nothing has",
        asking("<id>2147483647</id>", "obterDadosSolicitacao"),
        "SOLICITACAO_NAO_ENCONTRADA",
    ),
    refused(
        "a request of somebody else",
        asking(f"<id>955</id><cpf>{DOCUMENT}</cpf>", "visualizarSolicitacao"),
        "SOLICITACAO_NAO_ENCONTRADA",
    ),
    refused(
        "a request for a document that nobody has",
        asking("<id>955</id><cpf>98765432100</cpf>", "visualizarSolicitacao"),
        "SOLICITACAO_NAO_ENCONTRADA",
    ),
    *(
        refused(
            f"the number {text[:24]} ({len(text)} characters)",
            asking(f"<id>{text}</id>", "obterDadosSolicitacao"),
            "PARAMETRO_INVALIDO",
        )
        for text in _WRONG_NUMBERS
    ),
    refused("a number of 5001 digits", asking(f"<id>1{'0' * 5000}</id>", "obterDadosSolicitacao"), "MENSAGEM_INVALIDA"),
    *(
        refused(f"{name} for a number", asking(f"<id>{text}</id>", "obterDadosSolicitacao"), "PARAMETRO_INVALIDO")
        for name, text in _INJECTIONS.items()
    ),
    refused(
        "a wrong number in SOAP 1.2",
        asking("<id>x</id>", "obterDadosSolicitacao", SOAP_12),
        "PARAMETRO_INVALIDO",
        soap=SOAP_12,
        status=400,
    ),
]

_EXTENSIONS = [
    _announce("<ramal>4099</ramal>", "RAMAL_NAO_REGISTRADO", "an extension that nobody registered"),
    _announce("<ramal>\n 4099 </ramal>", "RAMAL_NAO_REGISTRADO", "an extension with whitespace"),
    _announce("<ramal>*9#+a.b-c@d_e</ramal>", "RAMAL_NAO_REGISTRADO", "an extension of all its characters"),
    _announce(f"<ramal>{'9' * 20}</ramal>", "RAMAL_NAO_REGISTRADO", "an extension of twenty characters"),
    *(
        _announce(f"<ramal>{text}</ramal>", "RAMAL_NAO_REGISTRADO", f"the extension as {text}")
        for text in (
            *("SIP/4099", "PJSIP/4099-0000002a", "Local/4099@ctx-1;1", "sofia/internal/4099@host", "tel:4099"),
            *("sip:4099@host:5060;transport=udp", "&lt;sip:4099@host&gt;", "4099@host", f"sip:4099@{'h' * 240}"),
        )
    ),
    _announce("", "RAMAL_NAO_REGISTRADO", "a channel on the address", "ramal=PJSIP%2F4098-0000002a"),
    _announce("", "RAMAL_NAO_INFORMADO", "no extension"),
    _announce("<ramal/>", "RAMAL_NAO_INFORMADO", "an empty extension"),
    _announce("<ramal>  </ramal>", "RAMAL_NAO_INFORMADO", "an extension of whitespace"),
    _announce(f'<ramal {_NIL}="true"/>', "RAMAL_NAO_INFORMADO", "an extension that is nil"),
    _announce("", "RAMAL_NAO_REGISTRADO", "an extension on the address", "ramal=4098"),
    _announce("<ramal/>", "RAMAL_NAO_REGISTRADO", "an extension on the address beside an empty one", "ramal=4098"),
    _announce("", "RAMAL_NAO_REGISTRADO", "an escaped extension on the address", "a=b&ramal=%2A40%239"),
    _announce(
        "<ramal>4099</ramal>", "RAMAL_NAO_REGISTRADO", "a wrong extension on the address beside a good one", "ramal=!"
    ),
    _announce("", "RAMAL_NAO_INFORMADO", "an empty extension on the address", "ramal=&x"),
    _announce("", "RAMAL_NAO_INFORMADO", "an address with too many fields", "&".join(["x=1"] * 50) + "&ramal=4098"),
    answered(
        "an announcement of a document that cannot be one",
        asking("<cpf>não sei</cpf>", "novaSolicitacao"),
        Value("false", "identificado"),
    ),
    answered(
        "an announcement of an empty document", asking("<cpf/>", "novaSolicitacao"), Value("false", "identificado")
    ),
    answered(
        "an announcement of a request",
        asking("<ramal>4099</ramal><cpf>123.123.123-12</cpf><id>955</id>", "visualizarSolicitacao"),
        Value("true", "identificado"),
    ),
    *(
        refused(
            f"the extension {text[:24]}",
            asking(f"<cpf>{DOCUMENT}</cpf><ramal>{text}</ramal>", "novaSolicitacao"),
            "PARAMETRO_INVALIDO",
        )
        for text in (
            *("9" * 21, "40 67", "é", "４０６７", "4067/", "&#8203;4067", "a" * 4096, f"sip:4067@{'h' * 256}"),
            *("sip:", "SIP/", "@host", "SIP/4067&amp;SIP/4068", "tel:", "&lt;&gt;"),
        )
    ),
    *(
        refused(
            f"{name} for an extension",
            asking(f"<cpf>{DOCUMENT}</cpf><ramal>{text}</ramal>", "novaSolicitacao"),
            "PARAMETRO_INVALIDO",
        )
        for name, text in _INJECTIONS.items()
    ),
    *(
        refused(
            f"the address's extension {query[:24]}",
            asking(f"<cpf>{DOCUMENT}</cpf>", "novaSolicitacao"),
            "PARAMETRO_INVALIDO",
            query=f"ramal={query}",
        )
        for query in ("%00", "%ff%fe", "40%2067", "%3Cscript%3E", "{key}%25s", "9" * 3000)
    ),
]

VALUES = [*_DOCUMENTS, *_MISSING, *_NUMBERS, *_EXTENSIONS]
