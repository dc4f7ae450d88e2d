"""How far this process has read a table whose rows may be committed out of the order of their numbers."""

import time
from datetime import timedelta

from soap_service.rules.cursor import Position


class Progress:
    """A position that waits for numbers which were passed over, for at most `patience`."""

    def __init__(self, patience: timedelta) -> None:
        self.position = Position()
        self._patience = patience.total_seconds()
        self._missing_since: dict[int, float] = {}

    def begin(self, position: Position) -> None:
        """Go on from a position."""
        self.position = position
        self.settle()

    def advance(self, number: int) -> bool:
        """Note that a row was read; tell whether it is the first time."""
        if self.position.covers(number):
            return False
        self.position = self.position.after(number)
        return True

    def settle(self) -> None:
        """Give up the numbers that have been waited for long enough: their transactions were rolled back."""
        missing = self.position.missing
        if not missing and not self._missing_since:
            return
        now = time.monotonic()
        self._missing_since = {number: self._missing_since.get(number, now) for number in missing}
        late = [number for number, since in self._missing_since.items() if now - since > self._patience]
        self.position = self.position.without(late)
