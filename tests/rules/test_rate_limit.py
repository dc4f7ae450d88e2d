"""Token buckets: what may be spent, when it comes back, what is forgotten."""

from pathlib import Path

import pytest

from soap_service.errors import LimitExceeded
from soap_service.rate_limit import Limit, Limited, SharedLimits, limited_address


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


def test_keys_do_not_share_a_bucket() -> None:
    limit = Limit(rate=0.001, burst=1)
    limit.spend("a")
    limit.spend("b")


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


@pytest.fixture
def workers(tmp_path: Path) -> list[SharedLimits]:
    """The limits of three workers of one service."""
    SharedLimits.make_file(tmp_path / "limits", 3)
    return [SharedLimits(tmp_path / "limits", worker, 3) for worker in range(3)]


def shared(workers: list[SharedLimits], clock: Clock, rate: float = 10, burst: int = 20) -> list[Limit]:
    limits = [one.make(Limited.CALLS, rate, burst) for one in workers]
    for limit in limits:
        limit._clock = clock
    return limits


def spend_all(limits: list[Limit], key: object = 7, most: int = 100) -> int:
    """Spend at each in turn; return how often that could be done."""
    spent = 0
    for number in range(most):
        try:
            limits[number % len(limits)].spend(key)
        except LimitExceeded:
            continue
        spent += 1
    return spent


def test_workers_spend_from_one_bucket(workers: list[SharedLimits]) -> None:
    clock = Clock()
    clock.now = 5000.0
    limits = shared(workers, clock)
    assert spend_all(limits) == 20
    clock.now += 1
    assert spend_all(limits[:2]) == 10
    with pytest.raises(LimitExceeded):
        limits[2].check(7)
    clock.now += 100  # nobody looks meanwhile: the bucket is full and no more
    assert spend_all(limits[:1]) == 20


def test_a_worker_that_did_not_look_spends_no_more_than_is_left(workers: list[SharedLimits]) -> None:
    clock = Clock()
    clock.now = 5000.0
    limits = shared(workers, clock)
    for _ in range(1000):  # at twice the rate, at one worker alone
        clock.now += 0.05
        spend_all(limits[:1], most=1)
    assert spend_all(limits[1:]) == 0
    clock.now += 0.5
    assert spend_all(limits[1:]) == 5


def test_shared_keys_and_kinds_have_buckets_of_their_own(workers: list[SharedLimits]) -> None:
    clock = Clock()
    clock.now = 5000.0
    calls, addresses = shared(workers, clock), [one.make(Limited.SIGN_ONS, 1, 5) for one in workers]
    assert [spend_all(calls, key) for key in (1, 2)] == [20, 20]
    assert [spend_all(addresses, key, 10) for key in ("192.0.2.1", "192.0.2.2")] == [5, 5]
    assert spend_all([workers[0].make(Limited.CALLS, 0, 1)], 1, 50) == 50


def test_a_worker_begun_with_another_rate_counts_on(workers: list[SharedLimits]) -> None:
    clock = Clock()
    clock.now = 5000.0
    assert spend_all(shared(workers, clock)) == 20
    slower = shared(workers, clock, rate=5, burst=10)
    assert spend_all(slower) == 0
    clock.now += 4
    assert spend_all(slower) == 10
