"""The budgets of unknown documents and numbers of one process: learned once a second, written in batches."""

import time
from collections.abc import Callable, Iterable
from datetime import date, datetime

from soap_service.rate_limit import Limits
from soap_service.rules.unknown_budgets import LEAST_AN_HOUR, UnknownBudget
from soap_service.store import HASHES_AT_ONCE, Store

#: How long what was told waits at most to be written, in seconds.
TOLD_SECONDS = 10.0
#: Hashes that were written today are remembered up to so many.
_MOST_WRITTEN = 200_000
_PURGE_SECONDS = 3600.0


class Guessing:
    """The budget of each integration. `wake` is called when its `flush` should be, at once."""

    def __init__(self, store: Store, per_minute: float, limits: Limits) -> None:
        self._store, self._per_minute, self._limits = store, per_minute, limits
        self._budgets: dict[int, UnknownBudget] = {}
        self._most: dict[int, int] = {}
        self._key = b""
        self._hour: datetime | None = None
        self._written: set[str] = set()
        self._written_on: date | None = None
        self._told_at = self._purged_at = time.monotonic()
        self.wake: Callable[[], None] = lambda: None

    def of(self, integration_id: int) -> UnknownBudget:
        """Return the budget of an integration; of one that no list has (a simulated call), one without an end."""
        return self._budgets.get(integration_id) or UnknownBudget()

    def refresh(self, integration_ids: Iterable[int]) -> None:
        """Learn what all nodes have counted in this hour; once an hour also of how many. Raises StoreUnavailable."""
        now = self._store.unknown_asked.read_hour()
        if now.hour != self._hour:
            self._most, self._key = self._store.unknown_asked.learn_budgets(), self._store.unknown_asked.read_key()
            self._hour = now.hour
        is_enforced = bool(self._per_minute) and not now.is_empty
        for one in integration_ids:
            budget = self._budgets.get(one)
            if budget is None:
                budget = self._budgets[one] = UnknownBudget(one, self._per_minute, lambda: self.wake(), self._limits)
            most = self._most.get(one, LEAST_AN_HOUR)
            budget.learn(now.hour, now.counted.get(one, 0), most, self._key, is_enforced)

    def flush(self, is_last: bool = False) -> None:
        """Write what has gathered, in a thread. Raises StoreUnavailable: what is unknown waits for the next time."""
        self._write_unknown()
        now = time.monotonic()
        if is_last or now - self._told_at >= TOLD_SECONDS:
            self._told_at = now
            self._write_answered()
        if now - self._purged_at >= _PURGE_SECONDS:
            self._purged_at = now
            self._store.unknown_asked.purge()

    def _write_unknown(self) -> None:
        budgets = dict(self._budgets)
        unknown = {one: count for one, budget in budgets.items() if (count := budget.begin_writing())}
        if not unknown:
            return
        hour, counted = self._store.now(), dict[int, int]()
        try:
            most = {one: self._most.get(one, LEAST_AN_HOUR) for one in unknown}
            hour, counted = self._store.unknown_asked.count(unknown, most)
        finally:
            for one in unknown:
                budgets[one].end_writing(hour, counted.get(one))

    def _write_answered(self) -> None:
        today = self._store.now().date()
        if today != self._written_on or len(self._written) > _MOST_WRITTEN:
            self._written, self._written_on = set(), today
        told = [(budget, asked) for budget in list(self._budgets.values()) for asked in budget.take_answered()]
        for place in range(0, len(told), HASHES_AT_ONCE):  # in pieces, between which calls are answered
            some = {budget.hash(asked) for budget, asked in told[place : place + HASHES_AT_ONCE]}
            if new := some - self._written:
                self._store.unknown_asked.remember(new)
                self._written |= new
