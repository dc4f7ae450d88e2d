"""What a Content-Type says of a message: its media type, its charset.

Source: RFC 9110 sections 5.6 and 8.3 (quoted parameters), IANA's register of character sets, the names that Java and
Python write.
"""

import re
from typing import NamedTuple

# What nobody closes goes to the end, and nothing is tried again: 30 kB of quotation marks took 7 s for everybody.
_QUOTED = r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)'
_ITEM = re.compile(rf"(?:{_QUOTED}|[^,\"])++", re.DOTALL)
_PARAMETER = re.compile(rf""";\s*([^\s=;"]+)\s*=\s*({_QUOTED}|'[^']*'|[^\s;]*)|;|{_QUOTED}|[^;"]+""", re.DOTALL)


class ContentType(NamedTuple):
    """A media type and a charset, both in small letters; the charset is empty if none is named."""

    media_type: str
    charset: str


def read_content_type(text: str) -> ContentType:
    """Return what a Content-Type says; a list of equal values, as some proxies merge it, is one of them."""
    values = {_folded(value): value for value in _ITEM.findall(text) if value.strip()}
    value = next(iter(values.values())) if len(values) == 1 else text
    media_type = value.partition(";")[0].strip().lower()
    charset = ""
    for name, given in _PARAMETER.findall(value):
        if name.lower() == "charset" and not charset:
            charset = given.strip("\"'").replace("\\", "").strip().lower()
    return ContentType(media_type, charset)


def _folded(value: str) -> str:
    return re.sub(r"""[\s"']""", "", value).lower()


# A client may name any charset; only these are decoded. Others of Python's codecs can be made to run for minutes.
_NAMES = {
    "utf-8": "utf-8 utf8 u8 utf csutf8 unicode-1-1-utf-8 cp65001 65001 x-utf-8 utf-8-sig "
    "us-ascii ascii us 646 ascii7 iso-ir-6 ansi-x3.4-1968 ansi-x3.4-1986 iso-646.irv:1991 iso-646.irv:1983 iso646-us "
    "ibm367 cp367 csascii",
    "utf-16": "utf-16 utf16 u16 csutf16 unicode x-utf-16",
    "utf-16-le": "utf-16le utf-16-le utf16le utf16-le csutf16le x-utf-16le unicodelittleunmarked",
    "utf-16-be": "utf-16be utf-16-be utf16be utf16-be csutf16be x-utf-16be unicodebigunmarked",
    "iso-8859-1": "iso-8859-1 iso8859-1 iso88591 8859-1 8859 819 iso-8859-1:1987 iso-ir-100 latin-1 latin1 latin l1 "
    "cp819 ibm819 ibm-819 csisolatin1",
    "windows-1252": "windows-1252 windows1252 win-1252 win1252 cp1252 cp-1252 cp5348 1252 ibm-1252 ibm1252 "
    "cswindows1252 x-cp1252 x-ansi",
}
_CODECS = {name: codec for codec, names in _NAMES.items() for name in names.split()}


def codec_of(charset: str) -> str | None:
    """Return Python's codec for a charset's name (`utf-16`: of either byte order); None for one not accepted."""
    return _CODECS.get(charset.strip().lower().replace("_", "-"))
