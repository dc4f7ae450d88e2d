"""A call announced again at another extension: the earlier one becomes transferred, and pops up no more.

Source: `docs/rules.md`, Calls.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from soap_service.model import Call, CallState
from soap_service.rules.cursor import Position
from soap_service.rules.live_events import LiveEvent, LiveEventKind
from soap_service.store import Announcement
from tests.store.conftest import World
from tests.store.plans import plans_of, statements_of

CPF, CNPJ = "11144477735", "11222333000181"


def announce(world: World, extension: str | None, ago: float = 0, document: str = CPF, platform: int = 0) -> str:
    """Announce a call that came so many seconds ago; the calls before it keep their distance."""
    call = Announcement(platform or world.integration.id, "novaSolicitacao", document, None, extension)
    token = world.store.calls.announce(call).token
    if ago:
        with world.store._database.writing() as session:
            moved = world.store.now() - timedelta(seconds=ago)
            session.execute(update(Call).where(Call.token == token).values(created_at=moved))
    return token


def state(world: World, token: str) -> tuple[CallState, str | None]:
    call = world.store.calls.find(token)
    return call.state(world.store.now(), world.store.calls.lifetime), call.transferred_to


def told(world: World, kind: LiveEventKind) -> list[LiveEvent]:
    return [event for event in world.store.live_events.list_after(Position()) if event.kind == kind]


def waiting(world: World, extension: str) -> list[str]:
    return [call.token for call in world.store.calls.list_waiting(extension)]


def test_the_earlier_call_becomes_transferred_and_its_browsers_are_told(world: World) -> None:
    world.store.extensions.register(world.ana.id, "4067")
    earlier = announce(world, "4067", ago=20)
    assert waiting(world, "4067") == [earlier]
    later = announce(world, "4068")
    assert state(world, earlier) == (CallState.TRANSFERRED, "4068")
    assert state(world, later) == (CallState.CREATED, None)
    assert (waiting(world, "4067"), waiting(world, "4068")) == ([], [later])
    assert [call.is_over for call in world.store.calls.list_after(Position())] == [True, False]
    [event] = told(world, LiveEventKind.CALL_TRANSFERRED)
    assert (event.ref, event.extension, event.agent_id, event.data) == (earlier, "4067", world.ana.id, {"to": "4068"})


def test_a_call_two_seconds_later_is_no_ring_group(world: World) -> None:
    earlier = announce(world, "4067", ago=2.1)
    announce(world, "4068")
    assert state(world, earlier) == (CallState.TRANSFERRED, "4068")


@pytest.mark.parametrize("ago", [1.5, 61])
def test_a_ring_group_and_a_later_call_are_no_transfer(world: World, ago: float) -> None:
    earlier = announce(world, "4067", ago=ago)
    announce(world, "4068")
    assert state(world, earlier)[1] is None
    assert told(world, LiveEventKind.CALL_TRANSFERRED) == []


def test_other_callers_companies_platforms_and_strangers_are_no_transfer(world: World) -> None:
    world.store.requesters.add(CNPJ, "Empresa")
    world.store.requesters.add("52998224725", "João")
    other = world.store.integrations.add("other", None, None, "127.0.0.0/8")
    calls = [
        announce(world, "4067", 20, CNPJ),
        announce(world, "4067", 20, "52998224725"),
        announce(world, "4067", 20, platform=other.id),
        announce(world, "4067", 20, "99999999999"),
        announce(world, None, 20),
    ]
    for document in (CNPJ, CPF, "99999999999"):
        announce(world, "4068", document=document)
    assert [state(world, token)[1] for token in calls] == [None] * 5


def test_without_an_extension_nothing_was_transferred(world: World) -> None:
    earlier = announce(world, "4067", ago=20)
    announce(world, None)
    assert state(world, earlier)[1] is None


def test_a_call_that_was_answered_is_not_transferred(world: World) -> None:
    earlier = announce(world, "4067", ago=20)
    world.store.calls.answer(earlier, world.ana.id)
    announce(world, "4068")
    assert state(world, earlier) == (CallState.ANSWERED, None)


def test_a_call_that_was_only_seen_is(world: World) -> None:
    earlier = announce(world, "4067", ago=20)
    world.store.calls.mark_seen(earlier)
    announce(world, "4068")
    assert state(world, earlier) == (CallState.TRANSFERRED, "4068")


def test_a_transferred_call_that_is_opened_anyway_is_answered(world: World) -> None:
    earlier = announce(world, "4067", ago=20)
    announce(world, "4068")
    world.store.calls.answer(earlier, world.ana.id)
    assert state(world, earlier) == (CallState.ANSWERED, "4068")
    assert {event.extension for event in told(world, LiveEventKind.CALL_ANSWERED)} == {"4067", "4068"}


def test_a_chain_of_transfers_keeps_each_step(world: World) -> None:
    first, second = announce(world, "4067", ago=40), announce(world, "4068", ago=20)
    third = announce(world, "4069")
    assert [state(world, token)[1] for token in (first, second, third)] == ["4068", "4069", None]


def test_a_ring_group_that_moves_on_is_transferred_as_a_whole(world: World) -> None:
    group = [announce(world, "4067"), announce(world, "4068")]
    with world.store._database.writing() as session:
        session.execute(update(Call).values(created_at=world.store.now() - timedelta(seconds=20)))
    announce(world, "4069")
    assert [state(world, token)[1] for token in group] == ["4069", "4069"]


def test_a_repeat_of_the_announcement_transfers_nothing_back(world: World) -> None:
    earlier = announce(world, "4067", ago=5)
    later = announce(world, "4068", ago=4)
    assert announce(world, "4067") == earlier
    assert [state(world, token)[1] for token in (earlier, later)] == ["4068", None]


def test_a_transferred_call_is_not_missed(world: World) -> None:
    world.store.extensions.register(world.ana.id, "4067")
    world.store.extensions.register(world.bia.id, "4068")
    with world.store._database.writing() as session:
        session.merge(world.ana).calls_looked_at = None
        session.merge(world.bia).calls_looked_at = None
    earlier = announce(world, "4067", ago=20)
    later = announce(world, "4068")
    with world.store._database.writing() as session:
        session.execute(update(Call).values(created_at=world.store.now() - timedelta(seconds=90)))
    assert state(world, earlier)[0] is CallState.TRANSFERRED
    assert state(world, later)[0] is CallState.MISSED
    ids = [world.store.calls.find(token).id for token in (earlier, later)]
    assert world.store.attendance.list_agents_who_missed(ids) == [world.bia.id]
    assert [world.store.attendance.find(agent.id).missed for agent in (world.ana, world.bia)] == [0, 1]
    since = world.store.now() - timedelta(hours=1)
    assert sum(hour.missed for hour in world.store.panel.list_hours(since)) == 1
    assert sum(hour.announced for hour in world.store.panel.list_hours(since)) == 2


def test_twenty_transfers_at_once_leave_one_step_each(world: World) -> None:
    earlier = announce(world, "4067", ago=20)
    with ThreadPoolExecutor(10) as threads:
        later = set(threads.map(lambda n: announce(world, f"41{n:02}"), range(20)))
    assert len(later) == 20
    assert state(world, earlier)[0] is CallState.TRANSFERRED
    assert len(told(world, LiveEventKind.CALL_TRANSFERRED)) == 1


def test_an_answer_and_a_transfer_at_once_end_in_one_of_both(world: World) -> None:
    calls = [announce(world, f"42{n:02}", 20) for n in range(3)]
    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(world.store.calls.answer, token, world.ana.id) for token in calls]
        threads.submit(announce, world, "4068").result()
        assert all(answer.result() for answer in answers)
    assert {state(world, token)[0] for token in calls} == {CallState.ANSWERED}


def test_a_transfer_takes_three_statements_more_than_a_call(world: World) -> None:
    announce(world, "4067", ago=20)
    asked = [sql for sql, _ in statements_of(world, lambda w: announce(w, "4068"))]
    assert len([sql for sql in asked if "pg_notify" not in sql]) == 6


def test_an_earlier_call_is_found_by_caller_and_time(world: World) -> None:
    announce(world, "4067", ago=20)
    asked = statements_of(world, lambda w: announce(w, "4068"))
    about_calls = [plan for plan in plans_of(world.store, asked) if any(" call " in f"{step} " for step in plan)]
    found = [step for plan in about_calls for step in plan if "ix_call_requester_id_created_at" in step]
    assert len(found) == 2, about_calls


def test_calls_keep_what_became_of_them_in_lists(world: World) -> None:
    announce(world, "4067", ago=20)
    announce(world, "4068")
    with world.store._database.reading() as session:
        stored = session.scalars(select(Call.transferred_to).order_by(Call.id)).all()
    assert stored == ["4068", None]
    assert [call.transferred_to for call in world.store.call_lists.list_at("4067")] == ["4068"]
