"""How many unknown documents and request numbers an integration may ask about in an hour, and what it is told beyond.

An hour is the database's, from minute 0 on. Who has used up an hour's budget is answered about what it was told of
before, and about nothing else: known or not, the answer is the same. Pure rules; knows no table.
"""

import hmac
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta

from soap_service.errors import LimitExceeded
from soap_service.rate_limit import OWN_LIMITS, Limited, Limits

#: What every integration may ask about in an hour.
LEAST_AN_HOUR = 220
#: An integration's usual number is what at least so many of the last days reached in their busiest hour.
USUAL_DAYS, LEARNED_DAYS = 5, 14
#: What an integration was told of so lately it is told of again, whatever its budget.
ANSWERED_FOR = timedelta(days=30)
#: An hour's tries are told apart up to so many.
_MOST_APART = 10_000
#: So many that are not written yet are written at once: what other nodes do not know of.
_SOON = 20

#: A normalised document, a request's number, or both.
Asked = str | int | tuple[int, str]


def hour_of(moment: datetime) -> datetime:
    """Return when the hour of an instant began."""
    return moment.replace(minute=0, second=0, microsecond=0)


def budget_of(hours: Iterable[tuple[datetime, int]]) -> int:
    """Return an integration's budget of an hour, from the numbers of the hours of the last `LEARNED_DAYS`.

    Twice the usual. Who asks in vain to learn for another has a budget that doubles in a week of work, not in a day.
    """
    busiest: dict[date, int] = {}
    for hour, unknown in hours:
        busiest[hour.date()] = max(unknown, busiest.get(hour.date(), 0))
    reached = sorted(busiest.values(), reverse=True)
    return max(LEAST_AN_HOUR, 2 * reached[USUAL_DAYS - 1] if len(reached) >= USUAL_DAYS else 0)


def hash_asked(key: bytes, integration_id: int, asked: Asked) -> str:
    """Return the keyed hash by which it is known that an integration was told of a document or a number."""
    what = f"{integration_id} {'number' if isinstance(asked, int) else 'document'} {asked}"
    return hmac.digest(key, what.encode(), "sha256").hex()[:32]


class UnknownBudget:
    """The budget of one integration as one process knows it. Its methods may be called in any thread.

    At most `per_minute` in the long run where the `limits` are counted, and at once; 0 limits nothing. It `is_over`
    when only what is in `answered`, or was told lately, may be asked about. `wake` is called when much should be
    written at once.
    """

    def __init__(
        self,
        integration_id: int = 0,
        per_minute: float = 0.0,
        wake: Callable[[], None] = lambda: None,
        limits: Limits = OWN_LIMITS,
    ) -> None:
        self.is_over = False
        self.answered: set[Asked] = set()
        self._id, self._wake = integration_id, wake
        self._rate = limits.make(Limited.UNKNOWN_DOCUMENTS, per_minute / 60, burst=max(1, int(per_minute)))
        self._is_enforced = False
        self._key = b""
        self._most = LEAST_AN_HOUR
        self._hour: datetime | None = None
        self._counted = self._waiting = self._in_writing = 0
        self._tried: set[Asked] = set()
        self._told: set[Asked] = set()
        self._lock = threading.Lock()

    def note_unknown(self, asked: Asked) -> None:
        """Count what nobody has, once an hour."""
        with self._lock:
            if asked in self._tried:
                return
            if len(self._tried) >= _MOST_APART:
                self._tried.clear()
            self._tried.add(asked)
            self._waiting += 1
            with suppress(LimitExceeded):
                self._rate.spend(self._id)
            self._decide()
            is_much = self._is_enforced and self._waiting >= _SOON
        if is_much:
            self._wake()

    def was_told(self, asked: Asked) -> bool:
        """Tell whether the integration was told of it so lately that it may not be written yet."""
        return asked in self.answered or asked in self._told

    def hash(self, asked: Asked) -> str:
        """Return by what it is known whether the integration was told of it."""
        return hash_asked(self._key, self._id, asked)

    def learn(self, hour: datetime, counted: int, most: int, key: bytes, is_enforced: bool) -> None:
        """Learn what all nodes have counted in an hour, and of how many; one that is not enforced is never over."""
        with self._lock:
            if hour != self._hour:
                self._hour, self._counted = hour, 0
                self._tried.clear()
            self._counted = max(self._counted, counted)  # of two reads the older may come later
            self._most, self._key, self._is_enforced = most, key, is_enforced
            self._decide()

    def begin_writing(self) -> int:
        """Return how many are not written yet, to be written now."""
        with self._lock:
            self._in_writing, self._waiting = self._waiting, 0
            return self._in_writing

    def end_writing(self, hour: datetime, counted: int | None) -> None:
        """Learn what all nodes have counted with what was written; None: it was not, and waits again."""
        with self._lock:
            if counted is None:
                self._waiting += self._in_writing
            elif hour == self._hour:
                self._counted = max(self._counted, counted)
            self._in_writing = 0
            self._decide()

    def take_answered(self) -> list[Asked]:
        """Return what the integration was told of since the last time, to be written now."""
        self._told, self.answered = self.answered, set()
        return list(self._told)

    def _decide(self) -> None:
        self.is_over = self._is_enforced and (
            self._counted + self._in_writing + self._waiting >= self._most or self._is_too_fast()
        )

    def _is_too_fast(self) -> bool:
        try:
            self._rate.check(self._id)
        except LimitExceeded:
            return True
        return False
