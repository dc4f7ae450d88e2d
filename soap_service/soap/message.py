"""A message as it was read: the operation and its arguments; and the ways in which one is refused.

Knows the operations by the types that Spyne's descriptors declare.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

# isort: split
from soap_service import spyne_compat  # noqa: F401 - before anything of Spyne

# isort: split
from spyne import Application, Unicode

from soap_service.errors import InvalidArgument, MissingArgument, SoapServiceError
from soap_service.language import N_
from soap_service.services import NAMESPACE, list_descriptors
from soap_service.soap.headers import NO_HEADERS, Headers, Name

MAX_BODY_BYTES = 64 * 1024
MESSAGE_TOO_LARGE = N_("A mensagem passa do limite de {limit} KiB.")
MESSAGE_NOT_WHOLE = N_("A mensagem não chegou inteira: confira o Content-Length, que conta octetos, não caracteres.")
_WHOLE_NUMBER = re.compile(r"[ \t\r\n]*([+-]?[0-9]{1,20})(?:[.,]0{1,20})?[ \t\r\n]*")
_LONGEST_SHOWN = 100


class SoapVersion(StrEnum):
    """The two envelopes, by namespace."""

    SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
    SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"


class MessageRefused(SoapServiceError):
    """The bytes are no usable SOAP message; the key is a Portuguese sentence that says what is wrong.

    `values` are those of the sentence's `{places}`; `version` is the one to answer in, and `headers` what the header
    said, as far as the envelope was seen.
    """

    def __init__(self, key: str, version: SoapVersion | None = None, **values: object) -> None:
        super().__init__(key)
        self.version, self.values = version, values
        self.headers = NO_HEADERS


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
    """Headers that must be understood are not; `blocks` has their names."""

    blocks: tuple[Name, ...] = ()


class ReplyElsewhere(MessageRefused):
    """WS-Addressing asks for the answer at another address than the connection's own."""


class Argument(NamedTuple):
    """What Spyne declares of an argument: text, or a number between two others."""

    name: str
    is_text: bool
    is_required: bool
    least: float
    most: float


@dataclass(frozen=True)
class Operation:
    """A published operation: its function, and its arguments by wire name, in order."""

    name: str
    function: Callable[..., Any]
    arguments: Mapping[str, Argument]


class Message(NamedTuple):
    """What a client asked: an operation and its arguments as text; None stands for a nil element.

    `foreign` has the namespaces of arguments that stand in a foreign one only, by name; `headers` what the header said.
    """

    version: SoapVersion
    operation: Operation
    texts: Mapping[str, str | None]
    foreign: Mapping[str, str] = MappingProxyType({})
    headers: Headers = NO_HEADERS

    def bind(self) -> list[Any]:
        """Return the arguments in order, of the types that Spyne declares.

        Raises: MissingArgument for a required one that is absent, nil, or empty where it is a number;
        InvalidArgument for a number that is none; ForeignArgument.
        """
        if self.foreign:
            name, namespace = next(iter(self.foreign.items()))
            sentence = N_("O elemento {name} está no namespace {found}; o certo é {namespace}.")
            raise ForeignArgument(sentence, self.version, name=name, found=shown(namespace), namespace=NAMESPACE)
        return [_bound(argument, self.texts) for argument in self.operation.arguments.values()]


def list_operations(application: Application) -> dict[str, Operation]:
    """Return the operations that an application publishes, by name."""
    return {
        name: Operation(name, descriptor.function, _arguments(descriptor.in_message._type_info))
        for name, descriptor in list_descriptors(application).items()
    }


def _arguments(declared: Mapping[str, Any]) -> dict[str, Argument]:
    """Return arguments as Spyne declares them."""
    arguments = {}
    for name, kind in declared.items():
        said, is_text = kind.Attributes, issubclass(kind, Unicode)
        bounds = (0, 0) if is_text else (said.min_bound, said.max_bound)
        arguments[name] = Argument(name, is_text, bool(said.min_occurs), *bounds)
    return arguments


def _bound(argument: Argument, texts: Mapping[str, str | None]) -> Any:
    """Turn the text of one argument into what its declared type takes."""
    name, is_text, is_required, least, most = argument
    text = texts.get(name)
    if is_text:
        if name in texts:
            return text or ""
    elif text is not None and text.strip():
        number = _WHOLE_NUMBER.fullmatch(text)
        if number is None or not least <= int(number[1]) <= most:
            raise InvalidArgument(name)
        return int(number[1])
    if is_required:
        raise MissingArgument(name)
    return None


def shown(text: str) -> str:
    """Return a part of a message as a sentence may repeat it: short, on one line, within Latin-1."""
    line = " ".join(text[: _LONGEST_SHOWN + 1].split()).encode("latin-1", "replace").decode("latin-1")
    return line if len(text) <= _LONGEST_SHOWN else f"{line[:_LONGEST_SHOWN]}..."
