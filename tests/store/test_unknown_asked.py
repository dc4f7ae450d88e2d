"""What platforms ask in vain, counted together; of what they were told, without a document in the clear."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select

from soap_service.rules.auditing import AuditKind
from soap_service.rules.unknown_budgets import hash_asked
from soap_service.storage.erasure_list import read_keys
from soap_service.store import Announcement, AuditFilter, Store
from soap_service.tables.administration import AnsweredBefore, UnknownHour
from tests.clock import stop_clock
from tests.store.conftest import World

NOW = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
Clock = Callable[[timedelta], None]


@pytest.fixture
def clock(store: Store) -> Clock:
    """Let time pass for the store."""
    return stop_clock(store, NOW)


def rows(store: Store, table: type) -> int:
    with store._database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_counts_add_up_and_a_new_hour_begins_at_0(world: World, clock: Clock) -> None:
    asked, one = world.store.unknown_asked, world.integration.id
    assert asked.count({one: 3}, {one: 220}) == (NOW.replace(minute=0), {one: 3})
    assert asked.count({one: 4}, {one: 220})[1] == {one: 7}
    assert asked.read_hour().counted == {one: 7}
    clock(timedelta(minutes=30))
    assert asked.read_hour().counted == {}


def test_many_at_once_lose_none(world: World, clock: Clock) -> None:
    asked, one = world.store.unknown_asked, world.integration.id
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: asked.count({one: 5}, {one: 90}), range(40)))
    assert asked.read_hour().counted == {one: 200}
    assert len(list(world.store.audit.iterate(AuditFilter(kind=AuditKind.MANY_UNKNOWN)))) == 1


def test_whose_budget_is_over_administrators_are_warned_of_once_an_hour(world: World, clock: Clock) -> None:
    asked, one = world.store.unknown_asked, world.integration.id
    for count in (219, 1, 50):
        asked.count({one: count}, {one: 220})
    (warning,) = world.store.audit.list_warnings(NOW - timedelta(hours=1))
    assert (warning.actor_kind, warning.actor, warning.kind, warning.record) == (
        "integration",
        "pbx",
        "many-unknown",
        "220",
    )
    clock(timedelta(hours=1))
    asked.count({one: 300}, {one: 220})
    assert len(world.store.audit.list_warnings(NOW - timedelta(hours=1))) == 2


def test_budgets_are_learned_from_the_days_before_today(world: World, clock: Clock) -> None:
    one = world.integration.id
    hours = [NOW.replace(minute=0) - timedelta(days=day) for day in range(8)]
    with world.store._database.writing() as session:
        values = [{"integration_id": one, "hour": hour, "unknown": 1000 - day} for day, hour in enumerate(hours)]
        session.execute(insert(UnknownHour), values)
    assert world.store.unknown_asked.learn_budgets() == {one: 2 * 995}
    clock(timedelta(days=12))
    assert world.store.unknown_asked.learn_budgets() == {one: 220}


def test_a_desk_is_empty_until_it_has_a_requester(store: Store) -> None:
    assert store.unknown_asked.read_hour().is_empty
    store.requesters.add("11144477735", "Maria")
    assert not store.unknown_asked.read_hour().is_empty


def test_what_was_told_is_known_for_30_days_and_then_purged(world: World, clock: Clock) -> None:
    store = world.store
    store.unknown_asked.remember(["a" * 32, "b" * 32])
    store.unknown_asked.count({world.integration.id: 1}, {world.integration.id: 220})
    clock(timedelta(days=29))
    store.unknown_asked.remember(["a" * 32])
    clock(timedelta(days=2))
    assert [store.telephony.was_answered(sign * 32) for sign in "abc"] == [True, False, False]
    store.unknown_asked.purge()
    assert (rows(store, AnsweredBefore), rows(store, UnknownHour)) == (1, 0)
    assert store.telephony.was_answered("a" * 32)


@pytest.mark.parametrize("asked", ["11144477735", "00011144477735"])
def test_an_erasure_forgets_that_platforms_asked(world: World, asked: str) -> None:
    store = world.store
    with store._database.reading() as session:
        (key,) = read_keys(session.connection()).values()
    theirs, other = (hash_asked(key, world.integration.id, one) for one in (asked, "52998224725"))
    store.unknown_asked.remember([theirs, other])
    store.erasures.erase(world.maria.id, "ana")
    assert [store.telephony.was_answered(one) for one in (theirs, other)] == [False, True]


def test_an_upgrade_learns_from_the_calls_of_the_last_days(world: World) -> None:
    store = world.store
    with store._database.reading() as session:
        (key,) = read_keys(session.connection()).values()
    for document in ("39053344705", "52998224725", "11144477735"):
        store.calls.announce(Announcement(world.integration.id, "novaSolicitacao", document, extension="4067"))
    store.schema.downgrade("0034")
    store.schema.upgrade()
    assert store.unknown_asked.read_hour().counted == {world.integration.id: 2}
    known = [hash_asked(key, world.integration.id, one) for one in ("11144477735", "52998224725")]
    assert [store.telephony.was_answered(one) for one in known] == [True, False]


def test_the_tables_have_no_document(world: World) -> None:
    columns = {column.name for table in (AnsweredBefore, UnknownHour) for column in table.__table__.columns}  # type: ignore[attr-defined]
    assert columns == {"asked_hash", "answered_at", "integration_id", "hour", "unknown"}
