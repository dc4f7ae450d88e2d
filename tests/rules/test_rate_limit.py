"""Token buckets: what may be spent, when it comes back, what is forgotten."""

import pytest

from soap_service.errors import LimitExceeded
from soap_service.rate_limit import Limit, limited_address


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_allowed_then_the_rate() -> None:
    clock = Clock()
    limit = Limit(rate=2, burst=3, clock=clock)
    for _ in range(3):
        limit.spend("a")
    with pytest.raises(LimitExceeded):
        limit.spend("a")
    clock.now = 0.5
    limit.spend("a")
    with pytest.raises(LimitExceeded):
        limit.check("a")


def test_keys_do_not_share_a_bucket_and_forgiving_fills_it() -> None:
    limit = Limit(rate=0.001, burst=1)
    limit.spend("a")
    limit.spend("b")
    limit.forgive("a")
    limit.spend("a")


def test_a_flood_of_keys_forgets_the_oldest_only() -> None:
    limit = Limit(rate=0.001, burst=1, remembered=2)
    for key in "abc":
        limit.spend(key)
    limit.spend("a")
    with pytest.raises(LimitExceeded):
        limit.spend("c")


def test_a_rate_of_zero_limits_nothing() -> None:
    limit = Limit(rate=0, burst=1)
    for _ in range(100):
        limit.spend("a")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "unknown", False),
    ],
)
def test_a_limit_counts_a_64_of_ipv6_as_one_address(one: str, other: str, is_same: bool) -> None:
    assert (limited_address(one) == limited_address(other)) is is_same
