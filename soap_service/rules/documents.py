"""Brazilian taxpayer documents: read, correct, check, format and mask. `documents.js` has the same rule.

CPF (11 digits) names a person, CNPJ (14 characters) a company. Since July 2026 the first twelve characters of a CNPJ
may be letters.

Source: manual, "recebe o CPF do solicitante"; IN RFB 2.229/2024 (alphanumeric CNPJ); docs/rules.md, Documents.
"""

import re
from collections.abc import Iterator

from soap_service.errors import InvalidDocument

# Those that Python and JavaScript both hold for blanks, so that `documents.js` reads the same.
_BLANKS = "\t\n\v\f\r \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
_PUNCTUATION = re.compile(f"[{_BLANKS}./-]")
_ONLY_DIGITS = re.compile(r"[0-9]{11}|[0-9]{14}")
_DOCUMENT = re.compile(r"[0-9]{11}|[0-9A-Z]{12}[0-9]{2}")
_LABEL = re.compile(r"(?:CPF/CNPJ|CPF|CNPJ):?", re.IGNORECASE | re.ASCII)
_FLOAT = re.compile(r"([0-9]+)[.,]0+")
_EXPONENT = re.compile(r"([0-9]+)(?:[.,]([0-9]*))?[eE]([+-]?[0-9]{1,3})")
# What may stand between the parts of a document, also as an address writes it; before the last part no full stop, as
# addresses of machines have it.
_BETWEEN = r"(?:[./+\xa0 -]|%(?:2[0DEF]|A0|C2%A0))?"
_BEFORE_LAST = r"(?:[/+\xa0 -]|%(?:2[0DF]|A0|C2%A0))?"
# Eleven or fourteen digits, whatever letters stand beside them.
_ANY_DIGITS = re.compile(
    rf"\d(?:(?<!\d\d)|(?<=%[0-9A-Fa-f]{{2}}\d))(?:\d\d{_BETWEEN}\d{{3}}{_BETWEEN}\d{{3}}"
    rf"|\d{_BETWEEN}\d{{3}}{_BETWEEN}\d{{3}}{_BETWEEN}\d{{4}}){_BEFORE_LAST}\d{{2}}(?!\d)"
)
# A CNPJ with letters stands alone.
_ANY_CNPJ = re.compile(
    r"(?<![0-9A-Za-z])[0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}(?:/|%2[Ff])?[0-9A-Z]{4}-?\d{2}(?![0-9A-Za-z])"
)


def normalise_document(text: str) -> str:
    """Return the 11 digits of a CPF or the 14 characters of a CNPJ that a text means.

    What has the length of a document is one as it stands, and its check digits are not computed: `documents_to_look_up`
    has what else it may stand for. Another length is corrected here.

    Raises: InvalidDocument when it cannot be a document at all.
    """
    if _ONLY_DIGITS.fullmatch(text):  # what nearly every platform sends
        return text
    written = text.strip(_BLANKS)
    if written.endswith(("#", "*")):
        written = written[:-1].rstrip(_BLANKS)
    document = _read_labelled(written)
    if not document:
        raise InvalidDocument
    return document


def normalise_cell(text: str, length: int = 0) -> str:
    """Return the document that a cell of a table means, where zeros in front were lost: what is to be stored.

    A column of CPFs says `length` 11, one of CNPJs 14: digits become that as far as check digits confirm it; else, and
    without a length, the rule is the same as for a caller's. Raises: InvalidDocument.
    """
    document = normalise_document(text)
    number = _FLOAT.fullmatch(text)
    digits = number[1] if number else _PUNCTUATION.sub("", text)
    if length and digits.isascii() and digits.isdigit() and len(digits) <= length:
        padded = digits.rjust(length, "0")
        if has_valid_check_digits(padded):
            return padded
    return correct_document(document) or document


def is_cpf(document: str) -> bool:
    """Tell whether a normalised document is a CPF: a person's, where a CNPJ stands for everybody of a company."""
    return len(document) == 11


def documents_to_look_up(document: str) -> Iterator[str]:
    """Return a normalised document and, for who finds nobody under it, what it may stand for."""
    yield document
    if corrected := correct_document(document):
        yield corrected


def correct_document(digits: str) -> str:
    """Return the document that digits stand for once lost zeros are put back or added ones dropped.

    Empty when no check digits confirm such a form, and for a document that is right as it stands.
    """
    if not digits.isdigit() or len(set(digits)) == 1:  # callers press 0 for the operator
        return ""
    return next(filter(has_valid_check_digits, _corrected_forms(digits)), "")


def written_forms(document: str) -> Iterator[str]:
    """Return a stored document and what else may stand for it, when zeros were lost or added."""
    yield document
    if len(document) == 11:
        yield f"000{document}"
    elif document.startswith("000"):
        yield document[3:]


def _corrected_forms(digits: str) -> list[str]:
    """Return what digits may have been before zeros were lost or added; a CPF comes before a CNPJ."""
    if 3 <= len(digits) <= 10:
        return [digits.rjust(11, "0"), digits.rjust(14, "0")]
    if len(digits) in (12, 13):
        return [digits.rjust(14, "0")]
    if len(digits) not in (11, 14) or has_valid_check_digits(digits):
        return []
    if len(digits) == 11:
        return [digits.rjust(14, "0")]
    return [digits[3:]] if digits.startswith("000") else []


def _read_labelled(written: str) -> str:
    """Read what may have a label in front; empty for what is no document.

    The first letters of a CNPJ may be those of a label: it is one as a whole if nothing else is and its check digits
    are right.
    """
    label = _LABEL.match(written)
    if label is None:
        return _read(written)
    document = _read(written[label.end() :].lstrip(_BLANKS))
    whole = _upper(written)
    if not document and _DOCUMENT.fullmatch(whole) and has_valid_check_digits(whole):
        return whole
    return document


def _read(written: str) -> str:
    """Read a number or a document with its punctuation; empty for what is neither."""
    characters = _upper(written)
    if _DOCUMENT.fullmatch(characters):
        return characters
    if number := _FLOAT.fullmatch(written):
        characters = number[1]
    elif number := _EXPONENT.fullmatch(written):
        return _whole(number[1], number[2] or "", int(number[3]))
    else:
        characters = _upper(_PUNCTUATION.sub("", written))
    return characters if _DOCUMENT.fullmatch(characters) else correct_document(characters)


def _upper(text: str) -> str:
    """Return the text in capitals; empty if it is not ASCII: the capitals of some other letters are."""
    return text.upper() if text.isascii() else ""


def _whole(before: str, after: str, exponent: int) -> str:
    """Return the document that a number with an exponent is: all its digits stand in the mantissa, none is rounded."""
    digits = before + after
    point = len(before) + exponent
    if not 0 < point <= len(digits) or digits[point:].strip("0"):
        return ""
    document = digits[:point].lstrip("0")
    return document if len(document) in (11, 14) else ""


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


def masked_document(document: str) -> str:
    """Return a document as people write it, with all but its last two characters blotted out, as lists show it."""
    written = format_document(document)
    return "".join("*" if sign.isalnum() else sign for sign in written[:-2]) + written[-2:]


def mask_documents(text: str) -> str:
    """Return the text with everything that looks like a CPF or CNPJ blotted out but for its last two characters."""
    return _ANY_CNPJ.sub(_blot, _ANY_DIGITS.sub(_blot, text))


def _blot(match: re.Match[str]) -> str:
    return "***" + match[0][-2:]
