"""Sentences at the top of a page. Each screen declares its own.

A notice travels to the next page as a keyword in the address, never as text: what an address says is not what a page
repeats.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from soap_service.screens.language import N_


@dataclass(frozen=True)
class Notice:
    """A sentence at the top of a page; a warning or the good news that something was done."""

    sentence: str
    is_warning: bool = False


#: What makes, for a `Visit`, a notice of what follows its keyword in the address ("" for nothing); None for no notice.
Tell = Callable[[Any, str], Notice | None]

_SENTENCES: dict[str, str] = {}
_TELLING: dict[str, Tell] = {}


def declare(keyword: str, sentence: str) -> str:
    """Have a keyword mean a sentence, and return the keyword."""
    _SENTENCES[keyword] = sentence
    return keyword


def declare_telling(keyword: str, tell: Tell) -> str:
    """Have a keyword, or a keyword with "-" and more behind it, mean what a function tells; return the keyword."""
    _TELLING[keyword] = tell
    return keyword


def notice_of(visit: Any, keyword: str) -> Notice | None:
    """Return the notice that a keyword means; None for one that no screen declared."""
    if keyword in _SENTENCES:
        return Notice(visit.gettext(_SENTENCES[keyword]))
    name, _, rest = keyword.partition("-")
    return _TELLING[name](visit, rest) if name in _TELLING else None


SAVED = declare("gravado", N_("Alteração gravada."))
