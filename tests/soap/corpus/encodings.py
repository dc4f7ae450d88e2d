"""The same question in every charset that clients use, and in those that are refused."""

import codecs

from tests.soap.corpus.forms import DOCUMENT, QUESTION, Case, asking, call, envelope, refused, same

_ACCENTED = asking(f"<nome>João Conceição “aspas” — €</nome><cpf>{DOCUMENT}</cpf>")
_LATIN = asking(f"<nome>João Conceição ÿ</nome><cpf>{DOCUMENT}</cpf>")


def _declared(encoding: str, text: str = QUESTION) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>{text}'


ENCODINGS: list[Case] = [
    same("UTF-8 with accents", _ACCENTED),
    same("UTF-8 with a character outside the first plane", QUESTION.replace("<cpf>", "<x>😀</x><cpf>")),
    same("UTF-8 with a byte order mark", codecs.BOM_UTF8 + _ACCENTED.encode()),
    same("a byte order mark before a declaration", codecs.BOM_UTF8 + _declared("utf-8").encode(), "text/xml"),
    same(
        "a byte order mark outweighs the header", codecs.BOM_UTF8 + _ACCENTED.encode(), "text/xml; charset=iso-8859-1"
    ),
    same("UTF-8 called utf8", _ACCENTED, "text/xml; charset=utf8"),
    same("US-ASCII", QUESTION, "text/xml; charset=us-ascii"),
    same("UTF-8 that is called ASCII", _ACCENTED, "text/xml; charset=ascii"),
    same("no charset anywhere means UTF-8", _ACCENTED, "text/xml"),
    same("an empty charset means none", _ACCENTED, "text/xml; charset="),
    same("a charset in single quotes", _ACCENTED, "text/xml; charset='utf-8'"),
    same("a charset with spaces around", _ACCENTED, 'text/xml ; charset = "utf-8"'),
    same("UTF-16 with a mark, little end first", codecs.BOM_UTF16_LE + _ACCENTED.encode("utf-16-le"), "text/xml"),
    same("UTF-16 with a mark, big end first", codecs.BOM_UTF16_BE + _ACCENTED.encode("utf-16-be"), "text/xml"),
    same("UTF-16 with mark and header", _ACCENTED.encode("utf-16"), "text/xml; charset=utf-16"),
    same("UTF-16 with a mark that is called UTF-8", _ACCENTED.encode("utf-16"), "text/xml; charset=utf-8"),
    same("UTF-16 without a mark, little end first", _ACCENTED.encode("utf-16-le"), "text/xml"),
    same("UTF-16 without a mark, big end first", _ACCENTED.encode("utf-16-be"), "text/xml"),
    same("UTF-16 without a mark, by header", _ACCENTED.encode("utf-16-be"), "text/xml; charset=utf-16"),
    same("UTF-16LE by header", _ACCENTED.encode("utf-16-le"), "text/xml; charset=UTF-16LE"),
    same("UTF-16BE by header", _ACCENTED.encode("utf-16-be"), "text/xml; charset=UTF-16BE"),
    same("UTF-16 by mark and declaration", _declared("UTF-16", _ACCENTED).encode("utf-16"), "text/xml"),
    same("UTF-16 by declaration, without a mark", _declared("UTF-16", _ACCENTED).encode("utf-16-le"), "text/xml"),
    same("ISO-8859-1 by header", _LATIN.encode("latin-1"), "text/xml; charset=ISO-8859-1"),
    same("ISO-8859-1 by declaration", _declared("ISO-8859-1", _LATIN).encode("latin-1"), "text/xml"),
    same(
        "ISO-8859-1 by declaration in single quotes",
        _declared("ISO-8859-1", _LATIN).replace('"', "'").encode("latin-1"),
        "text/xml",
    ),
    same("ISO-8859-1 called latin1", _LATIN.encode("latin-1"), "text/xml; charset=latin1"),
    same("windows-1252 by header", _ACCENTED.encode("cp1252"), "text/xml; charset=windows-1252"),
    same("windows-1252 by declaration", _declared("windows-1252", _ACCENTED).encode("cp1252"), "text/xml"),
    same("windows-1252 called cp1252", _ACCENTED.encode("cp1252"), "text/xml; charset=cp1252"),
    same("the header outweighs the declaration", _declared("utf-16", _ACCENTED), "text/xml; charset=utf-8"),
    same(
        "a header of ISO-8859-1 outweighs a declaration of UTF-8",
        _declared("utf-8", _LATIN).encode("latin-1"),
        "text/xml; charset=iso-8859-1",
    ),
    same("a header outweighs even a declaration that nobody knows", _declared("inventada"), "text/xml; charset=utf-8"),
]

_UNKNOWN = (
    "punycode",
    "zlib",
    "idna",
    "rot13",
    "unicode_escape",
    "raw_unicode_escape",
    "utf-7",
    "utf-32",
    "hex",
    "bz2",
    "base64",
    "uu",
    "quopri",
    "mbcs",
    "undefined",
    "cp037",
    "gb18030",
    "inventada",
    "../../etc/passwd",
    "x" * 3000,
)

WRONG_ENCODINGS: list[Case] = [
    *(
        refused(f"the charset {name[:24]} in the header", QUESTION, content_type=f"text/xml; charset={name}")
        for name in _UNKNOWN
    ),
    *(
        refused(f"the encoding {name[:24]} in the declaration", _declared(name), content_type="text/xml")
        for name in _UNKNOWN
    ),
    refused("punycode that would take minutes", _declared("punycode") + "a" * 60_000, content_type="text/xml"),
    refused("Latin-1 that is called UTF-8", _LATIN.encode("latin-1")),
    refused(
        "UTF-8 cut in the middle of a character",
        envelope(call(f"<x>{'ç' * 9}</x>")).encode().replace("ç</".encode(), b"\xc3</"),
    ),
    refused("an overlong slash", QUESTION.encode().replace(b"111", b"\xc0\xaf11")),
    refused("an overlong NUL", QUESTION.encode().replace(b"111", b"\xc0\x8011")),
    refused("an overlong angle bracket", QUESTION.encode().replace(b"<cpf>", b"\xc0\xbccpf>")),
    refused("a surrogate in UTF-8", QUESTION.encode().replace(b"111", b"\xed\xa0\x8011")),
    refused("a pair of surrogates in UTF-8", QUESTION.encode().replace(b"111", b"\xed\xa0\xbd\xed\xb8\x80")),
    refused("a character beyond Unicode", QUESTION.encode().replace(b"111", b"\xf4\x90\x80\x80")),
    refused("a byte that UTF-8 never has", QUESTION.encode().replace(b"111", b"\xff11")),
    refused("the noncharacter U+FFFE", QUESTION.replace("111", "\ufffe")),
    refused(
        "half a pair in UTF-16", QUESTION.encode("utf-16-le").replace(b"1\0", b"\x00\xd8", 1), content_type="text/xml"
    ),
    refused("half a pair in UTF-16 that is called UTF-8", QUESTION.encode("utf-16-le").replace(b"1\0", b"\x00\xd8", 1)),
    refused("UTF-16 without a mark that is called UTF-8", QUESTION.encode("utf-16-le")),
    refused("UTF-16 with half a character at its end", QUESTION.encode("utf-16") + b"\n", content_type="text/xml"),
    refused("UTF-8 that is called UTF-16", QUESTION, content_type="text/xml; charset=utf-16"),
    refused("UTF-8 that declares UTF-16", _declared("utf-16"), content_type="text/xml"),
    refused("UTF-32 with its mark", codecs.BOM_UTF32_LE + QUESTION.encode("utf-32-le"), content_type="text/xml"),
    refused(
        "a byte that windows-1252 leaves out",
        asking("<x>\x81</x>").encode("latin-1"),
        content_type="text/xml; charset=windows-1252",
    ),
    refused("EBCDIC", QUESTION.encode("cp037"), content_type="text/xml"),
    refused("two byte order marks", codecs.BOM_UTF8 * 2 + QUESTION.encode(), content_type="text/xml"),
    refused("a byte order mark and nothing else", codecs.BOM_UTF8, content_type="text/xml"),
    refused("half a byte order mark", b"\xff", content_type="text/xml"),
]
