"""A body to UTF-8, by its byte order mark, its Content-Type or its XML declaration, before any XML is read.

Source: RFC 7303 (charsets of XML media types).
"""

import codecs
import re

from soap_service.language import N_
from soap_service.soap.content_type import codec_of, read_content_type
from soap_service.soap.malformed import NOT_IN_ENCODING
from soap_service.soap.message import MAX_BODY_BYTES, MESSAGE_TOO_LARGE, MessageRefused, UnsupportedMediaType

_MEDIA_TYPES = frozenset(
    {"", "text/xml", "application/xml", "application/soap+xml", "application/x-www-form-urlencoded"}
)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"""^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']""")


def charset_of(content_type: str) -> str:
    """Return the charset that the Content-Type names, empty if none; refuse what is no SOAP message."""
    media_type, charset = read_content_type(content_type)
    if media_type.startswith("multipart/"):
        raise MessageRefused(N_("Mensagens com anexos não são aceitas."))
    if media_type not in _MEDIA_TYPES:
        raise UnsupportedMediaType(media_type)
    return charset


def as_utf8(body: bytes, charset: str) -> bytes:
    """Return the message in UTF-8: by its byte order mark, else the header's charset, else its own declaration."""
    if len(body) > MAX_BODY_BYTES:
        raise MessageRefused(MESSAGE_TOO_LARGE, limit=MAX_BODY_BYTES // 1024)
    if not body.strip():
        raise MessageRefused(N_("A requisição não tem corpo."))
    marked = next((codec for mark, codec in _BOMS if body.startswith(mark)), "")
    codec = marked or _codec(charset or _declared_charset(body), body)
    try:
        text = body if codec == "utf-8" else body.decode(codec).encode()
    except UnicodeError:
        raise MessageRefused(NOT_IN_ENCODING, encoding=codec) from None
    if b"\0" in text:  # expat would take it for UTF-16, whatever it was told, and let half characters pass
        raise MessageRefused(NOT_IN_ENCODING, encoding=codec)
    return text


def _declared_charset(body: bytes) -> str:
    if body.startswith((b"<\0", b"\0<")):
        return "utf-16"
    declared = _DECLARED.match(body)
    return declared[1].decode("ascii", "replace") if declared else "utf-8"


def _codec(charset: str, body: bytes) -> str:
    codec = codec_of(charset)
    if codec is None:
        raise MessageRefused(N_("Codificação não aceita: use UTF-8, UTF-16, ISO-8859-1 ou windows-1252."))
    if codec == "utf-16":  # without a byte order mark
        return "utf-16-be" if body.startswith(b"\0") else "utf-16-le"
    return codec
