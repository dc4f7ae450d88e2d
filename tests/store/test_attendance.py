"""How an agent stands: missed calls since they looked, a pause; and the lists of calls."""

from datetime import UTC, datetime, timedelta

import pytest

from soap_service.model import Call, CallState, Notice
from soap_service.store import CALLS_SHOWN, Announcement, CallChoice
from tests.store.conftest import World


def announce(world: World, document: str = "11144477735", age: float = 0, extension: str = "4067") -> str:
    """Announce a call that came `age` seconds ago and return its token."""
    call = Announcement(world.integration.id, "novaSolicitacao", document, None, extension)
    token = world.store.announce_call(call).token
    with world.store.writing() as session:
        found = session.query(Call).filter_by(token=token).one()
        found.created_at -= timedelta(seconds=age)
    return token


@pytest.fixture
def desk(world: World) -> World:
    world.store.repeat_within = timedelta(0)
    world.store.register_extension(world.ana.id, "4067")
    with world.store.writing() as session:
        session.get_one(type(world.ana), world.ana.id).calls_looked_at = datetime.now(UTC) - timedelta(hours=2)
    return world


def missed(world: World) -> int:
    return world.store.find_attendance(world.ana.id).missed


def test_missed_calls_are_counted_until_the_agent_looks(desk: World) -> None:
    announce(desk)
    announce(desk, age=70)
    announce(desk, age=70, extension="4068")
    announce(desk, age=3 * 3600)
    assert missed(desk) == 1
    desk.store.look_at_calls(desk.ana.id)
    assert missed(desk) == 0


def test_a_call_that_was_not_yet_missed_when_the_agent_looked_is_news_later(desk: World) -> None:
    announce(desk)
    desk.store.look_at_calls(desk.ana.id)
    with desk.store.writing() as session:  # a little more than a lifetime passes
        session.query(Call).one().created_at -= timedelta(seconds=61)
        session.get_one(type(desk.ana), desk.ana.id).calls_looked_at = datetime.now(UTC) - timedelta(seconds=61)
    assert missed(desk) == 1


def test_seen_and_answered_calls_are_not_missed(desk: World) -> None:
    seen = announce(desk)
    desk.store.mark_seen(seen)
    desk.store.answer_call(announce(desk, age=70), desk.ana.id)
    desk.store.call_lifetime = timedelta(seconds=-1)
    assert missed(desk) == 0


def test_a_missed_call_stays_missed_when_its_page_is_opened(desk: World) -> None:
    token = announce(desk, age=70)
    desk.store.mark_seen(token)
    assert desk.store.find_call(token).seen_at is None


def test_a_new_owner_has_missed_nothing_yet(desk: World) -> None:
    announce(desk, age=70)
    desk.store.register_extension(desk.bia.id, "4067", take_over=True)
    assert desk.store.find_attendance(desk.bia.id).missed == 0


def test_in_a_pause_a_call_waits_and_nobody_hears_it(desk: World) -> None:
    store = desk.store
    store.change_listeners("worker", {"4067": datetime.now(UTC) + timedelta(seconds=30)}, [])
    cookie = store.open_session(desk.ana.id, timedelta(hours=1))
    assert store.find_hearing(cookie)[:2] == (desk.ana.id, "4067")
    store.pause_calls(desk.ana.id)
    assert store.find_hearing(cookie)[:2] == (desk.ana.id, None)
    assert store.find_attendance(desk.ana.id).paused_at is not None
    call = Announcement(desk.integration.id, "novaSolicitacao", "52998224725", None, "4067")
    assert store.announce_call(call).notice is Notice.WAITING
    assert [one.is_paused for one in store.list_extensions_changed_since(datetime(2000, 1, 1, tzinfo=UTC))] == [True]
    store.resume_calls(desk.ana.id)
    assert store.find_hearing(cookie)[:2] == (desk.ana.id, "4067")
    assert store.find_attendance(desk.ana.id).paused_at is None


def test_pausing_twice_or_without_an_extension_does_no_harm(desk: World) -> None:
    for agent in (desk.ana, desk.ana, desk.bia):
        desk.store.pause_calls(agent.id)
    desk.store.resume_calls(desk.bia.id)
    assert desk.store.find_attendance(desk.bia.id).paused_at is None


def test_a_list_of_calls_goes_on_where_the_page_before_ended(desk: World) -> None:
    tokens = [announce(desk, f"{number:011}") for number in range(CALLS_SHOWN + 5)]
    choice = CallChoice(datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1), "4067")
    first = desk.store.list_calls(choice)
    second = desk.store.list_calls(choice, before=first[CALLS_SHOWN - 1].id)
    assert [call.token for call in (*first[:CALLS_SHOWN], *second)] == tokens[::-1]


def test_a_list_of_calls_keeps_to_its_day_extension_and_state(desk: World) -> None:
    missed, answered, waiting = announce(desk, age=70), announce(desk, "1"), announce(desk, "2")
    elsewhere, yesterday = announce(desk, "3", extension="4068"), announce(desk, "4", age=86400)
    desk.store.answer_call(answered, desk.ana.id)
    since = datetime.now(UTC) - timedelta(hours=1)

    def listed(extension: str | None, state: CallState | None) -> set[str]:
        return {call.token for call in desk.store.list_calls(CallChoice(since, datetime.now(UTC), extension, state))}

    assert listed(None, None) == {missed, answered, waiting, elsewhere}
    assert listed("4067", None) == {missed, answered, waiting}
    assert listed("4067", CallState.MISSED) == {missed}
    assert listed("4067", CallState.ANSWERED) == {answered}
    assert listed("4067", CallState.CREATED) == {waiting}
    assert yesterday not in listed(None, CallState.MISSED)
