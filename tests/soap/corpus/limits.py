"""Every limit of docs/wire.md, from both sides."""

from tests.soap.corpus.forms import (
    DOCUMENT,
    QUESTION,
    SOAP_11,
    SOAP_12,
    Case,
    Value,
    answered,
    asking,
    numbered,
    refused,
    same,
    with_header,
)

_CPF = f"<cpf>{DOCUMENT}</cpf>"
_ATTRIBUTE, _DECLARATION = 'a{}=""', 'xmlns:b{}="u"'
_BODY_BYTES = 64 * 1024


def _padded(size: int) -> str:
    """Return the question, with a comment that makes it that long."""
    return QUESTION + f"<!--{'x' * (size - len(QUESTION) - 7)}-->"


def _deep(levels: int) -> str:
    """Return the question with an element at that depth; the operation's own children are at 4."""
    return asking("<x>" * (levels - 3) + "</x>" * (levels - 3) + _CPF)


def _many(elements: int) -> str:
    """Return the question with that many elements in all."""
    return asking("<x/>" * (elements - 4) + _CPF)


def _attributes(count: int) -> str:
    return asking(f"<x {numbered(_ATTRIBUTE, count)}/>{_CPF}")


def _namespaces(count: int) -> str:
    return asking(f"<x {numbered(_DECLARATION, count)}/>{_CPF}")


LIMITS: list[Case] = [
    same("a body of 64 KiB", _padded(_BODY_BYTES)),
    refused("a body of 64 KiB and a byte", _padded(_BODY_BYTES + 1)),
    refused("a body of 1 MB", _padded(1_000_000)),
    refused("a body over 64 KiB in SOAP 1.2, which nobody reads", _padded(_BODY_BYTES + 9).replace(SOAP_11, SOAP_12)),
    refused("a body of 5 MB", _padded(5_000_000)),
    refused("a body of 5 MB of nothing", b" " * 5_000_000),
    refused("a body of 5 MB of half a tag", b"<" + b"a" * 5_000_000),
    same("64 levels", _deep(64)),
    refused("65 levels", _deep(65)),
    refused("65 levels in the header", with_header("<h:x>" * 63 + "</h:x>" * 63)),
    refused("20,000 levels", "<a>" * 20_000),
    refused("15,000 levels inside the body", asking("<a>" * 15_000)),
    same("2,000 elements", _many(2_000)),
    refused("2,001 elements", _many(2_001)),
    refused("15,000 elements", _many(15_000)),
    refused("10,000 header blocks", with_header("<h:x/>" * 10_000)),
    same("64 attributes", _attributes(64)),
    refused("65 attributes", _attributes(65)),
    refused("6,000 attributes", _attributes(6_000)),
    refused(
        "6,000 attributes on the envelope",
        QUESTION.replace(" xmlns:e", f" {numbered(_ATTRIBUTE, 6_000)} xmlns:e"),
    ),
    same("64 namespace declarations", _namespaces(64)),
    refused("65 namespace declarations", _namespaces(65)),
    refused("4,000 namespace declarations", _namespaces(4_000)),
    refused(
        "65 attributes and declarations together",
        _attributes(33).replace("a0=", f"{numbered(_DECLARATION, 32)} a0="),
    ),
    same("a text of 4,096 characters", asking(f"<x>{'x' * 4096}</x>{_CPF}")),
    same("a text of 4,096 characters outside ASCII", asking(f"<x>{'ç' * 4096}</x>{_CPF}")),
    refused("a text of 4,097 characters", asking(f"<x>{'x' * 4097}</x>{_CPF}")),
    refused("a text of 4,097 characters in pieces", asking(f"<x>{'xx<!-- -->' * 2048}x</x>{_CPF}")),
    refused("a text of 4,097 characters in CDATA", asking(f"<x><![CDATA[{'x' * 4097}]]></x>{_CPF}")),
    refused("a text of 4,097 references", asking(f"<x>{'&#120;' * 4097}</x>{_CPF}")),
    refused("4,097 spaces between elements", asking(" " * 4097 + _CPF)),
    # Only the body of a message is bounded by a text: what a header for others says is passed over.
    same("a text of 60,000 characters in the header", with_header(f"<h:x>{'x' * 60_000}</h:x>")),
    refused("a document of 4,096 digits", asking(f"<cpf>{'1' * 4096}</cpf>"), "DOCUMENTO_INVALIDO"),
    refused("a document of 4,097 digits", asking(f"<cpf>{'1' * 4097}</cpf>")),
    answered("a document behind 4,085 spaces", asking(f"<cpf>{' ' * 4085}{DOCUMENT}</cpf>"), Value("1?34534")),
]
