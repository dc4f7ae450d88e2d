"""Untrusted bytes to an operation and its arguments, or a refusal. The only parser of incoming XML.

One strict pass of expat, without a tree: what is over a limit is refused where it is met, so that no message costs
more than its size.

Source: SOAP 1.1, SOAP 1.2 part 1; docs/wire.md, Messages.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from xml.parsers import expat

from soap_service.language import N_
from soap_service.services import NAMESPACE
from soap_service.soap.decoding import as_utf8, charset_of
from soap_service.soap.headers import NO_HEADERS, HeaderReader, Headers
from soap_service.soap.malformed import cause_of
from soap_service.soap.message import (
    MESSAGE_NOT_WHOLE,
    HeaderNotUnderstood,
    Message,
    MessageRefused,
    Operation,
    ReplyElsewhere,
    SoapVersion,
    UnknownOperation,
    VersionMismatch,
    shown,
)

MAX_DEPTH = 64
MAX_ELEMENTS = 2_000
MAX_ATTRIBUTES = 64
MAX_TEXT = 4_096
_LONGEST_NAME = 64
#: So many headers that are not understood are named.
_MOST_NAMED = 5
_XSI_NIL = "http://www.w3.org/2001/XMLSchema-instance nil"
# No element found, unclosed token, partial character, unclosed CDATA section.
_ENDS_EARLY = frozenset({3, 5, 6, 20})


def read_message(body: bytes, content_type: str, operations: Mapping[str, Operation]) -> Message:
    """Return what a POST body asks.

    Raises: MessageRefused and its kinds, each with the SOAP version to answer in and the headers that were read before
    it; UnsupportedMediaType.
    """
    text = as_utf8(body, charset_of(content_type))
    reader = _Reader(operations)
    try:
        try:
            reader.read(text)
            return reader.message()
        except expat.ExpatError as error:
            raise _refusal_of(error, text, reader.place) from None
    except MessageRefused as refusal:
        refusal.version, refusal.headers = reader.version, reader.headers
        raise


def _refusal_of(error: expat.ExpatError, text: bytes, place: int) -> MessageRefused:
    if error.code in _ENDS_EARLY:
        return MessageRefused(MESSAGE_NOT_WHOLE)
    sentence = cause_of(error, text, place)
    return MessageRefused(sentence, line=error.lineno, column=error.offset + 1, encoding="utf-8")


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
        self._header: HeaderReader | None = None
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

    @property
    def headers(self) -> Headers:
        """Return what the header said, as far as it was read."""
        return NO_HEADERS if self._header is None else self._header.headers()

    def message(self) -> Message:
        """Return what was read; raises MessageRefused when the body was missing or empty."""
        if self._operation is None:
            empty, absent = N_("O corpo (Body) do envelope está vazio."), N_("O envelope não tem corpo (Body).")
            raise MessageRefused(empty if self._has_body else absent, self.version)
        foreign = {name: found for name, found in self._foreign.items() if name not in self._texts}
        return Message(self.version or SoapVersion.SOAP_11, self._operation, self._texts, foreign, self.headers)

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
            if self._header is not None:
                self._header.start(namespace, local, attributes)
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
        if local == "Header":
            self._header = HeaderReader(namespace)

    def _end_header(self, header: HeaderReader) -> None:
        """Refuse what the header asks for and does not get."""
        header.close()
        if header.not_understood:
            sentence = N_("Este serviço não entende o cabeçalho {names}, que tem mustUnderstand.")
            blocks = list(header.not_understood.items())[:_MOST_NAMED]
            names = [f"{shown(local)} ({shown(inside)})" if inside else shown(local) for (_, local), inside in blocks]
            refusal = HeaderNotUnderstood(sentence, names=", ".join(names))
            refusal.blocks = tuple(block for block, _ in blocks)
            raise refusal
        if header.repeated:
            raise MessageRefused(N_("O elemento {name} aparece mais de uma vez."), name=shown(header.repeated))
        elsewhere = header.reply_elsewhere()
        if elsewhere is not None:
            sentence = N_("O cabeçalho {name} pede a resposta em {address}; este serviço responde na própria conexão.")
            raise ReplyElsewhere(sentence, name=elsewhere[0], address=shown(elsewhere[1]))

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
        if self._section == "Header" and self._header is not None:
            if self._depth > 2:
                self._header.end()
            else:
                self._section = ""
                self._end_header(self._header)
        elif self._depth == 4 and self._argument:
            if self._texts[self._argument] is not None:
                self._texts[self._argument] = "".join(self._text)
            self._argument = ""
        self._depth -= 1
        self._text_length = 0

    def _characters(self, text: str) -> None:
        if self._section == "Header" and self._header is not None:
            if not self._header.is_reading_text:
                return  # counts against the body's limit alone
            self._header.text(text)
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


def _unknown_operation(namespace: str, operations: Iterable[str]) -> UnknownOperation:
    sentence = N_("Operação desconhecida, no namespace {found}. As operações, em {namespace}, são: {names}.")
    if namespace in ("", NAMESPACE):
        sentence = N_("Operação desconhecida. As operações, em {namespace}, são: {names}.")
    return UnknownOperation(sentence, found=shown(namespace), namespace=NAMESPACE, names=", ".join(operations))


def _refuse_doctype(*_: object) -> None:
    raise MessageRefused(N_("Declarações de tipo (DOCTYPE) não são aceitas."))


def _refuse_instruction(*_: object) -> None:
    raise MessageRefused(N_("Instruções de processamento não são aceitas."))
