"""Brazilian taxpayer documents: normalise, check, format and mask. Pure rules; knows nothing of the project but errors.

CPF (11 digits) names a person, CNPJ (14 characters) a company. Since July 2026 the first twelve characters of a CNPJ
may be letters.

Source: manual, "recebe o CPF do solicitante"; IN RFB 2.229/2024 (alphanumeric CNPJ); `domain.md`, Documents.
"""

import re

from soap_service.errors import InvalidDocument

_NOISE = re.compile(r"[^0-9A-Z]")
_CPF = re.compile(r"[0-9]{11}")
_CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}")
# Eleven to fourteen digits, plain or with the usual punctuation, standing alone.
_ANY_DOCUMENT = re.compile(
    r"(?<![0-9A-Za-z])(?:\d{3}\.?\d{3}\.?\d{3}-?\d{2}|[0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}/?[0-9A-Z]{4}-?\d{2})(?![0-9A-Za-z])"
)


def normalise_document(text: str) -> str:
    """Return the 11 digits of a CPF or the 14 characters of a CNPJ.

    Zeros that an IVR or a numeric column dropped on the left come back. Check digits do not decide: the manual's own
    example, 12312312312, has wrong ones.

    Raises: InvalidDocument when it cannot be a document at all.
    """
    document = _NOISE.sub("", text.upper())
    if document.isdigit():
        if len(document) <= 11:
            document = document.rjust(11, "0")
        elif len(document) <= 14:
            document = document.rjust(14, "0")
    if _CPF.fullmatch(document) or _CNPJ.fullmatch(document):
        return document
    raise InvalidDocument


def is_written_out(text: str) -> bool:
    """Tell whether a text has as many characters as a CPF or CNPJ without zeros put back: else it may be half one."""
    return len(_NOISE.sub("", text.upper())) in (11, 14)


def has_valid_check_digits(document: str) -> bool:
    """Tell whether the two check digits of a normalised document are right (modulo 11, characters as ASCII - 48)."""
    values = [ord(character) - 48 for character in document]
    body = values[:-2]
    if len(document) == 11 and len(set(document)) == 1:
        return False
    longest_weight = 11 if len(document) == 11 else 9
    for _ in range(2):
        body.append(_check_digit(body, longest_weight))
    return body == values


def _check_digit(values: list[int], longest_weight: int) -> int:
    """Weigh from the right with 2, 3, … up to `longest_weight`, then again from 2."""
    span = longest_weight - 1
    total = sum(value * (2 + index % span) for index, value in enumerate(reversed(values)))
    rest = total % 11
    return 0 if rest < 2 else 11 - rest


def format_document(document: str) -> str:
    """Return a normalised document as people write it: ``111.444.777-35`` or ``11.222.333/0001-81``."""
    if len(document) == 11:
        return f"{document[:3]}.{document[3:6]}.{document[6:9]}-{document[9:]}"
    return f"{document[:2]}.{document[2:5]}.{document[5:8]}/{document[8:12]}-{document[12:]}"


def mask_documents(text: str) -> str:
    """Return the text with everything that looks like a CPF or CNPJ blotted out but for its last two characters."""
    return _ANY_DOCUMENT.sub(lambda match: "***" + match[0][-2:], text)
