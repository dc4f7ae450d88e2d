"""How often somebody may do something: token buckets in the memory of one process, bounded in number."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from ipaddress import IPv6Address, ip_address

from soap_service.errors import LimitExceeded

# What one customer of a network gets; within it a host takes as many addresses as it likes. Source: RFC 6177.
_HOST_BITS = 64


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

    def forgive(self, key: Hashable) -> None:
        """Fill the key's bucket again."""
        with self._lock:
            self._buckets.pop(key, None)

    def _left(self, key: Hashable, now: float) -> float:
        bucket = self._buckets.get(key)
        return self.burst if bucket is None else min(self.burst, bucket[0] + (now - bucket[1]) * self.rate)
