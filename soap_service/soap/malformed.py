"""What is wrong with XML that cannot be parsed, as a sentence for the people who build the message.

Source: XML 1.0; Namespaces in XML 1.0; expat's error codes.
"""

from xml.parsers import expat

from soap_service.language import N_

NOT_IN_ENCODING = N_("O texto não está na codificação declarada ({encoding}).")
_MALFORMED = N_("XML malformado na linha {line}, coluna {column}.")
_CONTROL = N_(
    "XML malformado na linha {line}, coluna {column}: há um caractere que XML não permite, como os de controle."
)
_BEFORE = N_("XML malformado na linha {line}, coluna {column}: há texto antes do envelope.")
_AMPERSAND = N_("XML malformado na linha {line}, coluna {column}: em um texto, & e < se escrevem &amp; e &lt;.")
_PREFIX = N_("XML malformado na linha {line}, coluna {column}: a declaração (xmlns) de um prefixo não é permitida.")
_DECLARATION = N_("XML malformado na linha {line}, coluna {column}: a declaração <?xml está errada.")

_CAUSES = {
    7: N_("XML malformado na linha {line}, coluna {column}: a marca de fim não é a do elemento aberto."),
    8: N_("XML malformado na linha {line}, coluna {column}: um atributo aparece mais de uma vez."),
    9: N_("XML malformado na linha {line}, coluna {column}: há algo depois do envelope."),
    11: N_("XML malformado na linha {line}, coluna {column}: uma entidade não é conhecida; & se escreve &amp;."),
    14: _CONTROL,
    17: N_(
        "XML malformado na linha {line}, coluna {column}: a declaração <?xml deve ser o início da mensagem, sem quebra "
        "de linha nem outro caractere antes dela."
    ),
    27: N_("XML malformado na linha {line}, coluna {column}: um prefixo não foi declarado (xmlns)."),
    28: _PREFIX,
    30: _DECLARATION,
    31: _DECLARATION,
    38: _PREFIX,
    39: _PREFIX,
    40: _PREFIX,
}


def cause_of(error: expat.ExpatError, text: bytes, place: int) -> str:
    """Return the sentence for an error at a byte of the text; its places are line, column and encoding."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return NOT_IN_ENCODING
    if text.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<" or text.count(b"\xef\xbb\xbf", 0, 6) > 1:
        return _BEFORE
    if error.code == 4:
        return _cause_of_token(text, place)
    return _CAUSES.get(error.code, _MALFORMED)


def _cause_of_token(text: bytes, place: int) -> str:
    """Return the sentence for a character that cannot stand where it does."""
    if text[place : place + 1] < b" " and text[place : place + 1] not in (b"", b"\t", b"\n", b"\r"):
        return _CONTROL
    if text[place : place + 3] in (b"\xef\xbf\xbe", b"\xef\xbf\xbf"):
        return _CONTROL
    return _AMPERSAND if text[max(0, place - 1) : place] in (b"&", b"<") else _MALFORMED
