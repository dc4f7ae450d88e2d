"""Tries of passwords: counted together, given back, forgotten; and browsers with budgets of their own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import func, select

from soap_service.errors import LimitExceeded
from soap_service.model import KnownBrowser, LoginBudget
from soap_service.rules.login_budgets import (
    TryBudgets,
    budgets_of_known,
    budgets_of_own_password,
    budgets_of_stranger,
)
from soap_service.storage.login_tries import KNOWN_FOR, MOST_KNOWN
from soap_service.store import Store
from tests.store.conftest import Clock, World


def spend(store: Store, tried: TryBudgets, most: int = 5000) -> int:
    """Return how many tries are taken, of so many at most."""
    for taken in range(most):
        try:
            store.login_tries.spend(tried)
        except LimitExceeded:
            return taken
    return most


def stranger(number: int, login: str = "ana") -> TryBudgets:
    return budgets_of_stranger(login, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")


def rows(store: Store) -> int:
    with store._database.reading() as session:
        return session.scalar(select(func.count()).select_from(LoginBudget)) or 0


def test_a_stranger_has_ten_tries_of_an_account_and_one_more_a_minute(store: Store, clock: Clock) -> None:
    assert spend(store, stranger(1)) == 10
    clock(59)
    assert spend(store, stranger(1)) == 0
    clock(1)
    assert spend(store, stranger(1)) == 1
    clock(3600)
    assert spend(store, stranger(1)) == 10


def test_all_strangers_have_a_hundred_tries_of_an_account(store: Store, clock: Clock) -> None:
    assert sum(spend(store, stranger(n), 1) for n in range(150)) == 100
    assert spend(store, stranger(151, "bia"), 1) == 1
    clock(60)
    assert sum(spend(store, stranger(n), 1) for n in range(200, 210)) == 1


def test_a_network_has_thirty_tries_and_one_more_every_two_seconds(store: Store, clock: Clock) -> None:
    assert sum(spend(store, stranger(1, f"login{n}"), 1) for n in range(40)) == 30
    clock(4)
    assert sum(spend(store, stranger(1, f"other{n}"), 1) for n in range(40)) == 2


def test_of_ipv6_a_network_is_a_64(store: Store, clock: Clock) -> None:
    addresses = [f"2001:db8:1:2::{n:x}" for n in range(1, 41)]
    assert sum(spend(store, budgets_of_stranger(f"login{a}", a), 1) for a in addresses) == 30
    assert spend(store, budgets_of_stranger("ana", "2001:db8:1:3::1"), 1) == 1


def test_in_all_strangers_have_a_thousand_tries_and_one_more_a_second(store: Store, clock: Clock) -> None:
    assert sum(spend(store, stranger(n, f"login{n}"), 1) for n in range(1050)) == 1000
    assert spend(store, budgets_of_known(b"digest", "ana")) == 10
    clock(3)
    assert sum(spend(store, stranger(n, f"login{n}"), 1) for n in range(2000, 2010)) == 3


def test_a_try_that_is_refused_spends_nothing(store: Store, clock: Clock) -> None:
    assert spend(store, stranger(1)) == 10
    before = rows(store)
    assert [spend(store, stranger(1), 1) for _ in range(50)] == [0] * 50
    assert rows(store) == before
    assert sum(spend(store, stranger(1, f"login{n}"), 1) for n in range(40)) == 20  # of the network's thirty


def test_a_known_browser_has_tries_whatever_strangers_do(store: Store, clock: Clock) -> None:
    assert sum(spend(store, stranger(n), 1) for n in range(150)) == 100
    known = budgets_of_known(b"digest", "ana")
    assert spend(store, known) == 10
    assert spend(store, budgets_of_known(b"another", "ana"), 1) == 1
    clock(60)
    assert spend(store, known) == 1


def test_a_success_takes_back_what_was_tried(store: Store, clock: Clock) -> None:
    for _ in range(9):
        store.login_tries.spend(stranger(1))
    store.login_tries.spend(stranger(1))
    store.login_tries.forgive(stranger(1))
    assert spend(store, stranger(1)) == 10
    assert sum(spend(store, stranger(1, f"login{n}"), 1) for n in range(40)) == 11  # nine and ten failed, one succeeded


def test_successes_alone_are_never_limited(store: Store, clock: Clock) -> None:
    for _ in range(50):
        store.login_tries.spend(stranger(1))
        store.login_tries.forgive(stranger(1))
    assert spend(store, stranger(1)) == 10


def test_tries_at_once_are_all_counted(store: Store, clock: Clock) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: spend(store, stranger(1), 5), range(8)))
    assert sum(taken) == 10


def test_tries_and_successes_at_once_lock_nothing_out(store: Store, clock: Clock) -> None:
    def work(number: int) -> None:
        for turn in range(40):
            tried = budgets_of_stranger(f"login{(number + turn) % 3}", f"10.0.0.{(number + turn) % 2}")
            try:
                store.login_tries.spend(tried)
            except LimitExceeded:
                store.login_tries.purge()
            store.login_tries.forgive(tried)

    # Four at once, of five sessions: with more, this would measure how long they wait for each other's.
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(8))) == [None] * 8


def test_budgets_that_are_full_are_forgotten(store: Store, clock: Clock) -> None:
    assert spend(store, stranger(1)) == 10
    store.login_tries.purge()
    assert rows(store) == 4
    clock(21)  # the network's and the whole are full again
    store.login_tries.purge()
    assert rows(store) == 2
    clock(580)
    store.login_tries.purge()
    assert rows(store) == 0


def test_budgets_are_forgotten_while_others_are_spent(store: Store, clock: Clock) -> None:
    for number in range(120):
        spend(store, stranger(number, f"login{number}"), 1)
        clock(120)
    assert rows(store) < 100


def test_what_was_typed_as_a_login_is_not_kept(store: Store, clock: Clock) -> None:
    spend(store, budgets_of_stranger("uma senha digitada no lugar errado", "192.0.2.77"), 1)
    with store._database.reading() as session:
        keys = session.scalars(select(LoginBudget.key)).all()
    assert {len(key) for key in keys} == {32}


def test_ones_own_password_has_a_budget_of_its_own(store: Store, clock: Clock) -> None:
    assert spend(store, budgets_of_own_password(1)) == 10
    assert spend(store, budgets_of_own_password(2), 1) == 1


def test_a_browser_is_known_for_the_agents_who_logged_in_there(world: World) -> None:
    tries = world.store.login_tries
    assert not tries.is_known("cookie", "ana")
    tries.know("cookie", world.ana.id)
    assert tries.is_known("cookie", "ana")
    assert not tries.is_known("cookie", "bia")
    assert not tries.is_known("another", "ana")
    assert not tries.is_known("cookie", "nobody")
    tries.know("cookie", world.bia.id)
    tries.know("cookie", world.bia.id)
    assert tries.is_known("cookie", "ana") and tries.is_known("cookie", "bia")


def test_a_browser_that_is_not_used_is_forgotten(world: World) -> None:
    tries, now = world.store.login_tries, world.store.now()
    tries.know("cookie", world.ana.id)
    world.store._database.now = lambda: now + KNOWN_FOR + timedelta(days=1)  # type: ignore[method-assign]
    assert not tries.is_known("cookie", "ana")


def test_so_many_browsers_of_an_agent_are_known(world: World) -> None:
    tries, now = world.store.login_tries, world.store.now()
    tries.know("of bia", world.bia.id)
    for number in range(MOST_KNOWN + 5):
        moment = now + timedelta(minutes=number)
        world.store._database.now = lambda moment=moment: moment  # type: ignore[method-assign,misc]
        tries.know(f"cookie {number}", world.ana.id)
    known = [tries.is_known(f"cookie {number}", "ana") for number in range(MOST_KNOWN + 5)]
    assert known == [False] * 5 + [True] * MOST_KNOWN
    assert tries.is_known("of bia", "bia")
    with world.store._database.reading() as session:
        assert session.scalar(select(func.count()).select_from(KnownBrowser)) == MOST_KNOWN + 1
