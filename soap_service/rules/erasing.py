"""What erasing a person means for texts and documents. Pure rules; knows no table."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from soap_service.rules.names import fold_name

#: What stands where something was erased, and instead of a name.
ERASED, ERASED_NAME = "[apagado]", "Pessoa apagada"
_PLACEHOLDER = "~"
_BETWEEN, _PHONE_BETWEEN, _BETWEEN_WORDS = r"[\s./-]{0,3}", r"[\s().-]{0,3}", r"[\W_]+"
_SHORTEST_PHONE = 8
_GROUPS = {11: (3, 3, 3, 2), 14: (2, 3, 3, 4, 2)}


def placeholder_of(requester_id: int) -> str:
    """Return what stands for the document of an erased requester: no text that is read can mean it."""
    return f"{_PLACEHOLDER}{requester_id}"


def is_placeholder(document: str) -> bool:
    """Tell whether it stands for an erased document."""
    return document.startswith(_PLACEHOLDER)


def key_of_contact(contact_id: int) -> str:
    """Return what stands for a contact in the list of erasures; no document is written so."""
    return f"contact:{contact_id}"


def hash_document(key: bytes, document: str) -> str:
    """Return the keyed hash by which an erased document is known."""
    return hmac.new(key, document.encode(), hashlib.sha256).hexdigest()


def spellings_of(document: str) -> Iterator[list[str]]:
    """Yield the words that the usual ways to write a document consist of, as a search has them."""
    groups, place = [], 0
    for length in _GROUPS.get(len(document), (len(document),)):
        groups.append(document[place : place + length].lower())
        place += length
    for apart in product((False, True), repeat=len(groups) - 1):
        words = [groups[0]]
        for is_apart, group in zip(apart, groups[1:], strict=True):
            if is_apart:
                words.append(group)
            else:
                words[-1] += group
        yield words


@dataclass(frozen=True)
class Traces:
    """What a person is recognised by in texts."""

    documents: tuple[str, ...]
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def unmistakable(self) -> "Traces":
        """What is theirs alone, wherever it stands: two people may have one name, and many one telephone."""
        return Traces(self.documents, self.emails)

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        parts = [_apart(document, "[0-9A-Za-z]") for document in _unique(self.documents)]
        parts += [rf"(?<![\w.+-]){re.escape(email)}(?![\w-])" for email in _unique(self.emails) if "@" in email]
        numbers = [digits for phone in self.phones if len(digits := _digits(phone)) >= _SHORTEST_PHONE]
        numbers += [digits[-length:] for digits in numbers for length in (9, 8) if len(digits) > length]
        parts += [rf"(?:\+|\(0?)?{_apart(digits, '[0-9]', _PHONE_BETWEEN)}" for digits in _unique(numbers)]
        return re.compile("|".join(parts), re.IGNORECASE) if parts else None

    @cached_property
    def _name_pattern(self) -> re.Pattern[str] | None:
        folded = [name.split() for name in _unique(map(fold_name, self.names))]
        parts = [rf"(?<!\w){_BETWEEN_WORDS.join(map(re.escape, words))}(?!\w)" for words in folded if words]
        return re.compile("|".join(parts)) if parts else None

    def redact(self, text: str) -> str:
        """Return a text without them."""
        if not text:
            return text
        if self._pattern is not None:
            text = self._pattern.sub(ERASED, text)
        if self._name_pattern is not None:
            text = _sub_folded(self._name_pattern, text)
        return text

    def are_in(self, text: str) -> bool:
        """Tell whether a text has any of them."""
        return self.redact(text) != text


def _unique(texts: Iterable[str]) -> Sequence[str]:
    """Return each text once, the longest first, so that none leaves the rest of a longer one."""
    return sorted({text.strip() for text in texts if text.strip()}, key=lambda text: (-len(text), text))


def _apart(characters: str, neighbour: str, between: str = _BETWEEN) -> str:
    """Return a pattern of characters with signs between them that stand alone."""
    return rf"(?<!{neighbour}){between.join(map(re.escape, characters))}(?!{neighbour})"


def _digits(text: str) -> str:
    return "".join(character for character in text if character in "0123456789")


def _sub_folded(pattern: re.Pattern[str], text: str) -> str:
    """Replace what a pattern finds in the folded text: small letters without accents."""
    folded, places = [], []
    for place, character in enumerate(text):
        plain = unicodedata.normalize("NFKD", character.casefold())
        for one in plain:
            if not unicodedata.combining(one):
                folded.append(one)
                places.append(place)
    kept, end = [], 0
    for found in pattern.finditer("".join(folded)):
        begin = places[found.start()]
        last = places[found.end() - 1] + 1
        while last < len(text) and unicodedata.combining(text[last]):
            last += 1
        kept += [text[end:begin], ERASED]
        end = last
    return "".join([*kept, text[end:]])
