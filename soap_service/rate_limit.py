"""How often somebody may do something: token buckets, bounded in number, of one process or of all its siblings."""

import hashlib
import mmap
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from enum import Enum
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from soap_service.errors import LimitExceeded

# What one customer of a network gets; within it a host takes as many addresses as it likes. Source: RFC 6177.
_HOST_BITS = 64
_DOUBLE_BYTES = 8
#: What a worker writes of a bucket: the seconds it has spent, and the most it has seen the clock ahead.
_CELLS = 2
#: The part of a token that rounding may have taken.
_ROUNDING = 0.01


def limited_address(address: str) -> str:
    """Return what a limit counts for an address: of IPv6 its /64, of an IPv4 address mapped to IPv6 that address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Address(int(found) >> _HOST_BITS << _HOST_BITS))


class Limited(Enum):
    """What is limited, each with the number of buckets that workers share.

    Ids of integrations take one bucket each; an address takes one by a hash that nobody outside can compute.
    """

    CALLS = ("calls", 1024)
    UNKNOWN_DOCUMENTS = ("unknown documents", 1024)
    SIGN_ONS = ("sign-ons begun", 16_384)
    RECORDED_REFUSALS = ("recorded refusals", 16_384)
    STRANGERS_LISTED = ("listed strangers", 1)
    BAD_REQUESTS_LISTED = ("listed bad requests", 1)

    @property
    def buckets(self) -> int:
        """How many buckets there are for its keys."""
        return self.value[1]


class Limit:
    """At most `rate` a second per key in the long run, and `burst` at once. A rate of 0 limits nothing.

    Only the `remembered` keys used last are kept: a flood of new keys costs no memory, it only forgets old ones.
    """

    def __init__(
        self, rate: float, burst: int, remembered: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate, self.burst = rate, burst
        self._remembered = remembered
        self._clock = clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def spend(self, key: Hashable) -> None:
        """Take one from the key's bucket; raises LimitExceeded when it is empty."""
        if not self.rate:
            return
        with self._lock:
            now = self._clock()
            left = self._left(key, now)
            if left < 1:
                raise LimitExceeded(key)
            self._buckets[key] = (left - 1, now)
            self._buckets.move_to_end(key)
            if len(self._buckets) > self._remembered:
                self._buckets.popitem(last=False)

    def check(self, key: Hashable) -> None:
        """Raise LimitExceeded when the key's bucket is empty; take nothing."""
        if key in self._buckets and self._left(key, self._clock()) < 1:
            raise LimitExceeded(key)

    def _left(self, key: Hashable, now: float) -> float:
        bucket = self._buckets.get(key)
        return self.burst if bucket is None else min(self.burst, bucket[0] + (now - bucket[1]) * self.rate)


class Limits:
    """Makes the limits of one process."""

    #: Whether several workers of a service count them.
    is_shared = False

    def make(self, what: Limited, rate: float, burst: int) -> Limit:
        """Return a limit; for the same `what` there may be several, of other keys each."""
        return Limit(rate, burst)


OWN_LIMITS = Limits()


class SharedLimits(Limits):
    """Makes limits that all workers of a service count together, in a file that each maps into its memory."""

    is_shared = True

    def __init__(self, file: Path, worker: int, workers: int) -> None:
        self._worker, self._workers = worker, workers
        with file.open("r+b") as opened:
            self._memory = memoryview(mmap.mmap(opened.fileno(), 0)).cast("d")
        self._key = hashlib.sha256(str(file).encode()).digest()  # its folder's name is random, and its owner's alone

    @staticmethod
    def make_file(file: Path, workers: int) -> None:
        """Make the file, for so many workers, with nothing spent."""
        with file.open("xb") as opened:
            opened.truncate(sum(what.buckets for what in Limited) * _CELLS * workers * _DOUBLE_BYTES)

    def make(self, what: Limited, rate: float, burst: int) -> Limit:  # noqa: D102
        width = _CELLS * self._workers
        before = sum(other.buckets for other in list(Limited)[: list(Limited).index(what)])
        cells = self._memory[before * width : (before + what.buckets) * width]
        return SharedLimit(rate, burst, cells, self._worker, self._workers, self._key)


class SharedLimit(Limit):
    """A limit that several workers count, each in cells that it alone writes: nothing is locked, nobody waited for.

    A token costs 1 / `rate` seconds. A bucket is as empty as the clock has fallen behind, in what it is ahead of all
    seconds spent, from the most it was ever ahead. What a worker that was killed has spent stays spent.
    """

    def __init__(
        self,
        rate: float,
        burst: int,
        cells: "memoryview[float]",
        worker: int,
        workers: int,
        key: bytes = b"",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(rate, burst, clock=clock)
        self._cells, self._width, self._own = cells, _CELLS * workers, _CELLS * worker
        self._count = len(cells) // self._width
        self._key = key
        self._price = 1 / rate if rate else 0.0
        self._most_behind = (burst - 1 + _ROUNDING) * self._price

    def spend(self, key: Hashable) -> None:  # noqa: D102
        if not self.rate:
            return
        place = self._place(key)
        with self._lock:
            spent = self._spent_unless_empty(place, key)
            self._cells[place + self._own] = spent + self._price

    def check(self, key: Hashable) -> None:  # noqa: D102
        if self.rate:
            with self._lock:
                self._spent_unless_empty(self._place(key), key)

    def _spent_unless_empty(self, place: int, key: Hashable) -> float:
        """Return what this worker has spent of a bucket; raises LimitExceeded when it is empty."""
        cells = self._cells[place : place + self._width].tolist()
        ahead = self._clock() - sum(cells[::2])
        most = max(cells[1::2])
        if ahead > most:  # full
            self._cells[place + self._own + 1] = ahead
        elif most - ahead > self._most_behind:
            raise LimitExceeded(key)
        return cells[self._own]

    def _place(self, key: Hashable) -> int:
        if self._count == 1:
            return 0
        if not isinstance(key, int):
            key = int.from_bytes(hashlib.blake2b(str(key).encode(), digest_size=8, key=self._key).digest())
        return key % self._count * self._width
