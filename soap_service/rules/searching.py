"""What a search compares: words without case, accents and signs, numbers however they are written. Pure rules.

Both databases get these words, so that their own ideas of a word, an accent or a stem never matter.
"""

import re
from collections.abc import Iterable, Sequence

from soap_service.rules.names import fold_name
from soap_service.rules.numbers import HIGHEST_NUMBER

_LONGEST_WORD = 60
#: What is kept of all texts of a request, in characters: PostgreSQL's tsvector ends at a megabyte.
_LONGEST_WORDS = 200_000
_MOST_WORDS = 8
#: A word of so many letters is looked for by its beginning, a shorter one as it stands.
_SHORTEST_PREFIX = 3
_NUMBER = re.compile(
    r"(?:(?:solicitac(?:ao|oes)|solicitud(?:es)?|requests?|chamado|ticket|num(?:ero)?|number|nro|nr|n ?o|n) ?)*"
    r"0*([1-9][0-9]{0,2}(?: [0-9]{3})+|[1-9][0-9]{0,9})"
)
_SEVERAL = re.compile(r"[/;,]|\be\b|\bou\b")
_PHONE = re.compile(r"[+(]?\d[\d\s().+-]{4,}\d", re.ASCII)
_EXTENSION = re.compile(r"(?:ramal|extension|ext\.?)?\s*([0-9A-Za-z*#+.@_-]{2,20})", re.ASCII | re.IGNORECASE)


def words_of(texts: Iterable[str]) -> str:
    """Return each word of some texts once, folded, in order, apart by one space."""
    words = {word[:_LONGEST_WORD] for text in texts for word in fold_name(text).split()}
    kept = " ".join(sorted(words))
    return kept if len(kept) <= _LONGEST_WORDS else kept[:_LONGEST_WORDS].rpartition(" ")[0]


def first_line(text: str) -> str:
    """Return the first line that says something; "" if none does."""
    return text.strip().partition("\n")[0].strip()


def subject_of(description: str) -> str:
    """Return the words of the first line, folded, in their order."""
    return fold_name(first_line(description))[:_LONGEST_WORDS]


def wanted_words(typed: str) -> list[str]:
    """Return the words to look for, folded, each once; of many the longest."""
    words = dict.fromkeys(word[:_LONGEST_WORD] for word in fold_name(typed).split())
    return sorted(words, key=len, reverse=True)[:_MOST_WORDS]


def is_prefix(word: str) -> bool:
    """Tell whether a word is looked for by its beginning."""
    return len(word) >= _SHORTEST_PREFIX


def rank_of(words: Sequence[str], subject: str) -> tuple[int, int]:
    """Return a sort key, the best first: words that stand in the subject, then words that begin one of its words."""
    apart = f" {subject} "  # folded words are one space apart
    whole = sum(f" {word} " in apart for word in words)
    begun = sum(is_prefix(word) and f" {word}" in apart for word in words)
    return -whole, -begun


def request_number_of(typed: str) -> int | None:
    """Return the number that a text writes: 955, #955, nº 955, Solicitação nº 955, 00955, 34.534."""
    found = _NUMBER.fullmatch(fold_name(typed))
    number = int(found[1].replace(" ", "")) if found else 0
    return number if 0 < number <= HIGHEST_NUMBER else None


def contacts_of(email: str, phone: str, extension: str) -> list[str]:
    """Return what a person is found by beside document and name, each with its kind in front.

    A telephone number stands there three times: whole, without what is before nine digits, and before eight.
    """
    entries = {f"e{email.strip().casefold()}"[:100]} if email.strip() else set()
    for one in _SEVERAL.split(phone):
        digits = _digits(one)
        entries |= {f"t{digits[-length:]}" for length in (40, 9, 8)} if len(digits) >= 6 else set()
    if extension.strip():
        entries.add(f"r{extension.strip().casefold()}")
    return sorted(entries)


def wanted_contacts(typed: str) -> list[tuple[str, bool]]:
    """Return the contacts that a text may mean, and whether each is looked for by its beginning."""
    typed = typed.strip()[:100]
    wanted = [(f"e{typed.casefold()}", True)] if "@" in typed and len(typed) > 3 else []
    if _PHONE.fullmatch(typed):
        digits = _digits(typed)
        wanted.append((f"t{digits}", True))
        if len(digits) > 8:
            wanted.append((f"t{digits[-8:]}", False))
    if found := _EXTENSION.fullmatch(typed):
        wanted.append((f"r{found[1].casefold()}", False))
    return wanted


def _digits(text: str) -> str:
    return "".join(character for character in text if character in "0123456789")[:40]
