"""How people's names are compared: without case, accents and signs, by the beginning of any word. Pure rules."""

import re
import unicodedata

_WORDS = re.compile(r"[^\W_]+")
#: What a decomposed letter may have behind it; nearly all letters are none of these.
_MAYBE_COMBINING = re.compile(r"[^\x00-\x7f]")
_LONGEST_WORD = 60
_LONGEST_NAME = 240


def fold_name(name: str) -> str:
    """Return a name in small letters without accents, its words apart by one space: what is compared."""
    if name.isascii():
        return " ".join(_WORDS.findall(name.lower()))
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    plain = _MAYBE_COMBINING.sub(_without_combining, decomposed)
    return " ".join(_WORDS.findall(plain.casefold()))


def _without_combining(found: re.Match[str]) -> str:
    return "" if unicodedata.combining(found[0]) else found[0]


def entries_of(name: str) -> list[str]:
    """Return what a name is found by: each of its words, followed by the whole name; all folded.

    In the order of these entries stand together those whose word begins alike, and among them the names in order.
    """
    folded = fold_name(name)
    whole = folded[:_LONGEST_NAME]
    return sorted({f"{word[:_LONGEST_WORD]} {whole}" for word in folded.split()})
