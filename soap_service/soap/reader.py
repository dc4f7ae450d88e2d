"""Untrusted bytes to an operation and its arguments, or a refusal. The only parser of incoming XML.

One strict pass of expat, without a tree: what is over a limit is refused where it is met, so that no message costs
more than its size. Knows the operations by the types that Spyne's descriptors declare; knows no store and no HTTP but
the Content-Type.

Source: SOAP 1.1, SOAP 1.2 part 1, RFC 7303 (charsets of XML media types); docs/wire.md, Messages.
"""

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple
from xml.parsers import expat

# isort: split
from soap_service import spyne_compat  # noqa: F401 - before anything of Spyne

# isort: split
from spyne import Application, Unicode

from soap_service.errors import InvalidArgument, MissingArgument, SoapServiceError
from soap_service.language import N_
from soap_service.services import NAMESPACE, list_descriptors
from soap_service.soap.content_type import codec_of, read_content_type
from soap_service.soap.malformed import NOT_IN_ENCODING, cause_of

MAX_BODY_BYTES = 64 * 1024
MAX_DEPTH = 64
MAX_ELEMENTS = 2_000
MAX_ATTRIBUTES = 64
MAX_TEXT = 4_096
MESSAGE_TOO_LARGE = N_("A mensagem passa do limite de {limit} KiB.")
MESSAGE_NOT_WHOLE = N_("A mensagem não chegou inteira: confira o Content-Length, que conta octetos, não caracteres.")


class SoapVersion(StrEnum):
    """The two envelopes, by namespace."""

    SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
    SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"


class MessageRefused(SoapServiceError):
    """The bytes are no usable SOAP message; the key is a Portuguese sentence that says what is wrong.

    `values` are those of the sentence's `{places}`; `version` is the one to answer in, as far as the envelope was seen.
    """

    def __init__(self, key: str, version: SoapVersion | None = None, **values: object) -> None:
        super().__init__(key)
        self.version, self.values = version, values


class UnsupportedMediaType(SoapServiceError):
    """The Content-Type says that this is no SOAP at all."""


class UnsupportedEncoding(UnsupportedMediaType):
    """The body is compressed; the key is the Content-Encoding."""


class UnknownOperation(MessageRefused):
    """The body's element names no operation; the key is a sentence."""


class ForeignArgument(MessageRefused):
    """An argument stands in a foreign namespace only; the key is a sentence."""


class VersionMismatch(MessageRefused):
    """The envelope is of neither SOAP 1.1 nor SOAP 1.2."""


class HeaderNotUnderstood(MessageRefused):
    """A header that must be understood is not."""


@dataclass(frozen=True)
class Operation:
    """A published operation: its function, and the types of its arguments by wire name, in order."""

    name: str
    function: Callable[..., Any]
    arguments: Mapping[str, Any]


class Message(NamedTuple):
    """What a client asked: an operation and its arguments as text; None stands for a nil element.

    `foreign` has the namespaces of arguments that stand in a foreign one only, by name.
    """

    version: SoapVersion
    operation: Operation
    texts: Mapping[str, str | None]
    foreign: Mapping[str, str] = MappingProxyType({})

    def bind(self) -> list[Any]:
        """Return the arguments in order, of the types that Spyne declares.

        Raises: MissingArgument for a required one that is absent, nil, or empty where it is a number;
        InvalidArgument for a number that is none; ForeignArgument.
        """
        for name, namespace in self.foreign.items():
            sentence = N_("O elemento {name} está no namespace {found}; o certo é {namespace}.")
            raise ForeignArgument(sentence, self.version, name=name, found=shown(namespace), namespace=NAMESPACE)
        return [_bound(name, declared, self.texts) for name, declared in self.operation.arguments.items()]


def list_operations(application: Application) -> dict[str, Operation]:
    """Return the operations that an application publishes, by name."""
    return {
        name: Operation(name, descriptor.function, dict(descriptor.in_message._type_info))
        for name, descriptor in list_descriptors(application).items()
    }


# No element found, unclosed token, partial character, unclosed CDATA section.
_ENDS_EARLY = frozenset({3, 5, 6, 20})


def read_message(body: bytes, content_type: str, operations: Mapping[str, Operation]) -> Message:
    """Return what a POST body asks.

    Raises: MessageRefused and its kinds, each with the SOAP version to answer in; UnsupportedMediaType.
    """
    text = _as_utf8(body, _charset_of(content_type))
    reader = _Reader(operations)
    try:
        reader.read(text)
    except expat.ExpatError as error:
        if error.code in _ENDS_EARLY:
            raise MessageRefused(MESSAGE_NOT_WHOLE, reader.version) from None
        sentence = cause_of(error, text, reader.place)
        values = {"line": error.lineno, "column": error.offset + 1, "encoding": "utf-8"}
        raise MessageRefused(sentence, reader.version, **values) from None
    except MessageRefused as refusal:
        refusal.version = reader.version
        raise
    return reader.message()


_LONGEST_NAME = 64
_XSI_NIL = "http://www.w3.org/2001/XMLSchema-instance nil"
_WHOLE_NUMBER = re.compile(r"[ \t\r\n]*([+-]?[0-9]{1,20})(?:[.,]0{1,20})?[ \t\r\n]*")


def _bound(name: str, declared: Any, texts: Mapping[str, str | None]) -> Any:
    """Turn the text of one argument into what its declared type takes."""
    text = texts.get(name)
    if issubclass(declared, Unicode):
        if name in texts:
            return text or ""
    elif text is not None and text.strip():
        number = _WHOLE_NUMBER.fullmatch(text)
        if number is None or not declared.Attributes.min_bound <= int(number[1]) <= declared.Attributes.max_bound:
            raise InvalidArgument(name)
        return int(number[1])
    if declared.Attributes.min_occurs:
        raise MissingArgument(name)
    return None


_MEDIA_TYPES = frozenset(
    {"", "text/xml", "application/xml", "application/soap+xml", "application/x-www-form-urlencoded"}
)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"""^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']""")


def _charset_of(content_type: str) -> str:
    """Return the charset that the Content-Type names, empty if none; refuse what is no SOAP message."""
    media_type, charset = read_content_type(content_type)
    if media_type.startswith("multipart/"):
        raise MessageRefused(N_("Mensagens com anexos não são aceitas."))
    if media_type not in _MEDIA_TYPES:
        raise UnsupportedMediaType(media_type)
    return charset


def _as_utf8(body: bytes, charset: str) -> bytes:
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


class _Reader:
    """The handlers of one pass, by depth: 1 the envelope, 2 header and body, 3 the operation, 4 its arguments."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        self.version: SoapVersion | None = None
        self._operations = operations
        self._operation: Operation | None = None
        self._texts: dict[str, str | None] = {}
        self._foreign: dict[str, str] = {}
        self._parser: expat.XMLParserType | None = None
        self._section = ""
        self._has_body = False
        self._depth = 0
        self._elements = 0
        self._namespaces = 0
        self._argument = ""
        self._text: list[str] = []
        self._text_length = 0

    def read(self, text: bytes) -> None:
        """Run over the whole message; raises ExpatError and MessageRefused."""
        self._parser = parser = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.ProcessingInstructionHandler = _refuse_instruction
        parser.Parse(text, True)

    @property
    def place(self) -> int:
        """Return the byte at which the parser stopped."""
        return -1 if self._parser is None else self._parser.ErrorByteIndex

    def message(self) -> Message:
        """Return what was read; raises MessageRefused when the body was missing or empty."""
        if self._operation is None:
            empty, absent = N_("O corpo (Body) do envelope está vazio."), N_("O envelope não tem corpo (Body).")
            raise MessageRefused(empty if self._has_body else absent, self.version)
        foreign = {name: found for name, found in self._foreign.items() if name not in self._texts}
        return Message(self.version or SoapVersion.SOAP_11, self._operation, self._texts, foreign)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise MessageRefused(N_("A mensagem tem mais de {most} níveis."), most=MAX_DEPTH)
        if self._elements > MAX_ELEMENTS:
            raise MessageRefused(N_("A mensagem tem mais de {most} elementos."), most=MAX_ELEMENTS)
        if len(attributes) + self._namespaces > MAX_ATTRIBUTES:
            raise MessageRefused(N_("Um elemento tem mais de {most} atributos."), most=MAX_ATTRIBUTES)
        self._namespaces = 0
        self._text_length = 0
        namespace, _, local = name.rpartition(" ")
        if self._depth == 1:
            self._start_envelope(namespace, local)
        elif self._depth == 2:
            self._start_section(namespace, local)
        elif self._section == "Header":
            if self._depth == 3:
                self._check_header(local, attributes)
        elif self._section == "Body":
            if "href" in attributes:
                raise MessageRefused(N_("Referências (href) não são aceitas: envie os valores no próprio elemento."))
            if self._depth == 3:
                self._start_operation(namespace, local)
            elif self._depth == 4:
                self._start_argument(namespace, local, attributes)
            elif self._argument:
                raise MessageRefused(N_("O elemento {name} deve conter apenas texto."), name=self._argument)

    def _start_envelope(self, namespace: str, local: str) -> None:
        if local != "Envelope" or not namespace:
            raise MessageRefused(N_("A mensagem não é um envelope SOAP."))
        try:
            self.version = SoapVersion(namespace)
        except ValueError:
            raise VersionMismatch(N_("O envelope não é de SOAP 1.1 nem de SOAP 1.2.")) from None

    def _start_section(self, namespace: str, local: str) -> None:
        self._section = ""
        if self.version is None or namespace != self.version.value:
            return  # SOAP 1.1 allows elements of others after the body
        if local == "Body":
            if self._has_body:
                raise MessageRefused(N_("O envelope tem mais de um corpo (Body)."))
            self._has_body = True
        elif local != "Header" or self._has_body or self._elements > 2:
            raise MessageRefused(N_("O envelope deve ter um cabeçalho (Header), se houver, e depois um corpo (Body)."))
        self._section = local

    def _check_header(self, local: str, attributes: dict[str, str]) -> None:
        """Refuse a header for us that must be understood: none is. Source: SOAP 1.1 section 4.2.3, 1.2 section 5.2."""
        envelope = self.version.value if self.version else ""
        role = attributes.get(f"{envelope} actor") or attributes.get(f"{envelope} role") or ""
        is_for_us = not role or role.endswith(("/next", "/ultimateReceiver"))
        if is_for_us and attributes.get(f"{envelope} mustUnderstand", "").strip() in ("1", "true"):
            raise HeaderNotUnderstood(N_("Um cabeçalho com mustUnderstand não é entendido por este serviço."))

    def _start_operation(self, namespace: str, local: str) -> None:
        if self._operation is not None:
            raise MessageRefused(N_("O corpo (Body) tem mais de uma operação."))
        if self.version and namespace == self.version.value:
            raise MessageRefused(N_("O corpo (Body) não contém uma operação."))
        operation = self._operations.get(_without_accents(local)) if namespace in ("", NAMESPACE) else None
        if operation is None:
            raise _unknown_operation(namespace, self._operations)
        self._operation = operation

    def _start_argument(self, namespace: str, local: str, attributes: dict[str, str]) -> None:
        """Begin an argument; elements that the operation does not know are passed over."""
        self._text.clear()
        is_named = self._operation is not None and local in self._operation.arguments
        is_known = is_named and namespace in ("", NAMESPACE)
        self._argument = local if is_known else ""
        if not is_known:
            if is_named:
                self._foreign.setdefault(local, namespace)
            return
        if local in self._texts:
            raise MessageRefused(N_("O elemento {name} aparece mais de uma vez."), name=local)
        self._texts[local] = None if attributes.get(_XSI_NIL, "").strip() in ("true", "1") else ""

    def _end(self, _name: str) -> None:
        if self._depth == 4 and self._argument:
            if self._texts[self._argument] is not None:
                self._texts[self._argument] = "".join(self._text)
            self._argument = ""
        self._depth -= 1
        self._text_length = 0

    def _characters(self, text: str) -> None:
        self._text_length += len(text)
        if self._text_length > MAX_TEXT:
            raise MessageRefused(N_("Um texto passa de {most} caracteres."), most=MAX_TEXT)
        if self._argument:
            self._text.append(text)

    def _namespace(self, _prefix: str | None, _uri: str | None) -> None:
        self._namespaces += 1


def _without_accents(name: str) -> str:
    """Return the published name: the manual prints `obterDadosSolicitação` once with its accents.

    Decomposing takes quadratic time: 60 kB of combining accents, half a second.
    """
    if name.isascii() or len(name) > _LONGEST_NAME:
        return name
    return "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))


_LONGEST_SHOWN = 100


def shown(text: str) -> str:
    """Return a part of a message as a sentence may repeat it: short, on one line, within Latin-1."""
    line = " ".join(text[: _LONGEST_SHOWN + 1].split()).encode("latin-1", "replace").decode("latin-1")
    return line if len(text) <= _LONGEST_SHOWN else f"{line[:_LONGEST_SHOWN]}..."


def _unknown_operation(namespace: str, operations: Iterable[str]) -> UnknownOperation:
    sentence = N_("Operação desconhecida, no namespace {found}. As operações, em {namespace}, são: {names}.")
    if namespace in ("", NAMESPACE):
        sentence = N_("Operação desconhecida. As operações, em {namespace}, são: {names}.")
    return UnknownOperation(sentence, found=shown(namespace), namespace=NAMESPACE, names=", ".join(operations))


def _refuse_doctype(*_: object) -> None:
    raise MessageRefused(N_("Declarações de tipo (DOCTYPE) não são aceitas."))


def _refuse_instruction(*_: object) -> None:
    raise MessageRefused(N_("Instruções de processamento não são aceitas."))
