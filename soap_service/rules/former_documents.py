"""Documents that were stored by the rule of version 0.1, and how the texts they came from are read today.

Version 0.1 dropped everything but letters and digits and put zeros in front without asking the check digits: a CPF with
its label became a CNPJ, and so did one that was written as a float or with an exponent.
"""

import re
from collections.abc import Iterator

from soap_service.errors import InvalidDocument
from soap_service.rules.documents import has_valid_check_digits, normalise_document

_EXPONENT = re.compile(r"[0-9]{11}E10")


def read_again(document: str) -> str | None:
    """Return how the text that a stored document came from is read today, None if just as it is stored.

    Empty where that text was too short and is no document any more: such a requester is found by the stored one alone.
    """
    if document.isdigit() and has_valid_check_digits(document):
        return None
    reading = next(filter(None, map(_reading, _former_texts(document))), document)
    if reading != document:
        return reading
    return "" if _was_padded(document) else None


def _former_texts(document: str) -> Iterator[str]:
    """Return the texts other than a short number that became this document."""
    if not document.isdigit():
        yield f"{document[0]}.{document[1:]}" if _EXPONENT.fullmatch(document) else document
        return
    short = document.lstrip("0")
    for zeros in (1, 2):
        if short.endswith("0" * zeros):
            yield f"{short[:-zeros]}.{'0' * zeros}"


def _was_padded(document: str) -> bool:
    return document.startswith("0") and (len(document) == 11 or len(document.lstrip("0")) >= 12)


def _reading(text: str) -> str:
    try:
        return normalise_document(text)
    except InvalidDocument:
        return ""
