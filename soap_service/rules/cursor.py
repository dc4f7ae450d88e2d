"""How far a reader of calls has come when they are committed out of the order of their numbers. Pure rules.

A database gives a number when a row is inserted and shows the row when its transaction commits: 12 can be read before
11. So a position is the highest number read and the lower ones that were not there yet. It is also the id of an event,
in the form `12-11.9`, that a browser brings back as Last-Event-ID, to whichever node.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: More than this many numbers are never waited for: so many transactions are not open at once.
MOST_MISSING = 100
_FORM = re.compile(r"(\d{1,18})(?:-(\d{1,18}(?:\.\d{1,18})*))?", re.ASCII)


@dataclass(frozen=True)
class Position:
    """Everything up to `last` has been read but for what is `missing`."""

    last: int = 0
    missing: frozenset[int] = frozenset()

    def covers(self, number: int) -> bool:
        """Tell whether the call of that number has been read."""
        return number <= self.last and number not in self.missing

    def after(self, number: int) -> "Position":
        """Return the position when the call of that number, and no other, has been read too."""
        if number <= self.last:
            return Position(self.last, self.missing - {number}) if number in self.missing else self
        if number == self.last + 1:
            return Position(number, self.missing)
        skipped = range(max(self.last + 1, number - MOST_MISSING), number)
        return Position(number, frozenset(sorted(self.missing.union(skipped))[-MOST_MISSING:]))

    def up_to(self, number: int) -> "Position":
        """Return the part of the position that ends at that number."""
        return Position(min(self.last, number), frozenset(one for one in self.missing if one < number))

    def without(self, numbers: Iterable[int]) -> "Position":
        """Return the position when those numbers are no longer waited for."""
        return Position(self.last, self.missing.difference(numbers))

    def joined(self, other: "Position") -> "Position":
        """Return the position of who has read what either has read."""
        lower, higher = sorted((self, other), key=lambda position: position.last)
        return Position(higher.last, frozenset(one for one in higher.missing if not lower.covers(one)))

    def __str__(self) -> str:
        missing = ".".join(map(str, sorted(self.missing)))
        return f"{self.last}-{missing}" if missing else str(self.last)

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Return the position that an event's id says; the beginning for what is none."""
        found = _FORM.fullmatch(text)
        if found is None:
            return cls()
        missing = map(int, found[2].split(".")) if found[2] else ()
        return cls(int(found[1]), frozenset(list(missing)[:MOST_MISSING]))

    @classmethod
    def of(cls, numbers: Iterable[int]) -> "Position":
        """Return the position of who has read the calls of those numbers and every earlier one."""
        ordered = sorted(numbers)
        if not ordered:
            return cls()
        position = cls(ordered[0])
        for number in ordered[1:]:
            position = position.after(number)
        return position
