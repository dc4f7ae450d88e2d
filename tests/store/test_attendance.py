"""How an agent stands: missed calls since they looked, a pause; and the lists of calls."""

from datetime import UTC, datetime, timedelta

import pytest

from soap_service.model import Call, CallState, Notice
from soap_service.storage.attendance import Attendance
from soap_service.store import CALLS_SHOWN, Announcement, CallChoice
from tests.store.conftest import World
from tests.store.plans import plans_of, statements_of


def announce(world: World, document: str = "11144477735", age: float = 0, extension: str = "4067") -> str:
    """Announce a call that came `age` seconds ago and return its token."""
    call = Announcement(world.integration.id, "novaSolicitacao", document, None, extension)
    token = world.store.calls.announce(call).token
    with world.store._database.writing() as session:
        found = session.query(Call).filter_by(token=token).one()
        found.created_at -= timedelta(seconds=age)
    return token


@pytest.fixture
def desk(world: World) -> World:
    world.store.calls.repeat_within = timedelta(0)
    world.store.extensions.register(world.ana.id, "4067")
    with world.store._database.writing() as session:
        session.get_one(type(world.ana), world.ana.id).calls_looked_at = datetime.now(UTC) - timedelta(hours=2)
    return world


def missed(world: World) -> int:
    return world.store.attendance.find(world.ana.id).missed


def test_missed_calls_are_counted_until_the_agent_looks(desk: World) -> None:
    announce(desk)
    announce(desk, age=70)
    announce(desk, age=70, extension="4068")
    announce(desk, age=3 * 3600)
    assert missed(desk) == 1
    desk.store.attendance.look_at_calls(desk.ana.id)
    assert missed(desk) == 0


def test_who_is_no_agent_any_more_has_no_extension_and_missed_nothing(desk: World) -> None:
    assert desk.store.attendance.find(999) == Attendance(None, None)


def test_a_call_not_yet_missed_when_the_agent_looked_is_news_later(desk: World) -> None:
    announce(desk)
    desk.store.attendance.look_at_calls(desk.ana.id)
    with desk.store._database.writing() as session:  # a little more than a lifetime passes
        session.query(Call).one().created_at -= timedelta(seconds=61)
        session.get_one(type(desk.ana), desk.ana.id).calls_looked_at = datetime.now(UTC) - timedelta(seconds=61)
    assert missed(desk) == 1


def test_seen_and_answered_calls_are_not_missed(desk: World) -> None:
    seen = announce(desk)
    desk.store.calls.mark_seen(seen)
    desk.store.calls.answer(announce(desk, age=70), desk.ana.id)
    with desk.store._database.writing() as session:
        session.query(Call).update({"created_at": datetime.now(UTC) - timedelta(seconds=61)})
    assert missed(desk) == 0


def test_a_missed_call_stays_missed_when_its_page_is_opened(desk: World) -> None:
    token = announce(desk, age=70)
    desk.store.calls.mark_seen(token)
    assert desk.store.calls.find(token).seen_at is None


def test_a_new_owner_has_missed_nothing_yet(desk: World) -> None:
    announce(desk, age=70)
    desk.store.extensions.register(desk.bia.id, "4067", take_over=True)
    assert desk.store.attendance.find(desk.bia.id).missed == 0


def test_in_a_pause_a_call_waits_and_nobody_hears_it(desk: World) -> None:
    store = desk.store
    store.listeners.change("worker", {"4067": datetime.now(UTC) + timedelta(seconds=30)}, [])
    cookie = store.logins.open(desk.ana.id, timedelta(hours=1))
    assert store.logins.find_subscriber(cookie).subscribed == "4067"
    store.attendance.pause(desk.ana.id)
    assert store.logins.find_subscriber(cookie)[:3] == (desk.ana.id, "4067", True)
    assert store.logins.find_subscriber(cookie).subscribed is None
    assert store.attendance.find(desk.ana.id).paused_at is not None
    call = Announcement(desk.integration.id, "novaSolicitacao", "52998224725", None, "4067")
    assert store.calls.announce(call).notice is Notice.WAITING
    assert [one.is_paused for one in store.extensions.list_changed_since(datetime(2000, 1, 1, tzinfo=UTC))] == [True]
    store.attendance.resume(desk.ana.id)
    assert store.logins.find_subscriber(cookie).subscribed == "4067"
    assert store.attendance.find(desk.ana.id).paused_at is None


def test_pausing_twice_or_without_an_extension_does_no_harm(desk: World) -> None:
    for agent in (desk.ana, desk.ana, desk.bia):
        desk.store.attendance.pause(agent.id)
    desk.store.attendance.resume(desk.bia.id)
    assert desk.store.attendance.find(desk.bia.id).paused_at is None


def test_a_list_of_calls_goes_on_where_the_page_before_ended(desk: World) -> None:
    tokens = [announce(desk, f"{number:011}") for number in range(CALLS_SHOWN + 5)]
    choice = CallChoice(datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1), "4067")
    first = desk.store.call_lists.list_page(choice)
    second = desk.store.call_lists.list_page(choice, before=first[CALLS_SHOWN - 1].id)
    assert [call.token for call in (*first[:CALLS_SHOWN], *second)] == tokens[::-1]


def test_a_list_of_calls_keeps_to_its_day_extension_and_state(desk: World) -> None:
    missed, answered, waiting = announce(desk, age=70), announce(desk, "1"), announce(desk, "2")
    elsewhere, yesterday = announce(desk, "3", extension="4068"), announce(desk, "4", age=86400)
    desk.store.calls.answer(answered, desk.ana.id)
    since = datetime.now(UTC) - timedelta(hours=1)

    def listed(extension: str | None, *states: CallState) -> set[str]:
        return {
            call.token
            for call in desk.store.call_lists.list_page(CallChoice(since, datetime.now(UTC), extension, states))
        }

    assert listed(None) == {missed, answered, waiting, elsewhere}
    assert listed("4067") == {missed, answered, waiting}
    assert listed("4067", CallState.MISSED) == {missed}
    assert listed("4067", CallState.ANSWERED) == {answered}
    assert listed("4067", CallState.CREATED) == {waiting}
    assert yesterday not in listed(None, CallState.MISSED)


@pytest.mark.parametrize("extension", ["4067", None], ids=["of an extension", "of all"])
@pytest.mark.parametrize("states", [(), (CallState.MISSED,), tuple(CallState)], ids=["any", "missed", "each"])
def test_calls_are_counted_by_an_index(desk: World, extension: str | None, states: tuple[CallState, ...]) -> None:
    now = datetime.now(UTC)
    announce(desk, age=70)
    choice = CallChoice(now - timedelta(hours=1), now, extension, states)
    assert desk.store.call_lists.count(choice) == 1
    asked = statements_of(desk, lambda asked: asked.store.call_lists.count(choice))
    (plan,) = plans_of(desk.store, asked, shuns_sorting=True)
    wanted = "ix_call_created_at" if extension is None else "ix_call_extension_created_at"
    assert any(wanted in step for step in plan), plan
    assert not any(step.startswith("SCAN call") or "Seq Scan" in step for step in plan), plan
