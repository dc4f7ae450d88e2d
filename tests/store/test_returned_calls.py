"""A missed call is returned once, by whom and when; no other call can be. Source: `docs/rules.md`, Calls."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update

from soap_service.errors import CallNotFound, CallNotMissed
from soap_service.model import Call, CallState
from soap_service.rules.cursor import Position
from soap_service.rules.live_events import LiveEvent, LiveEventKind
from soap_service.store import Announcement, CallChoice
from tests.store.conftest import World


@pytest.fixture
def desk(world: World) -> World:
    """Ana answers at 4067 and has looked at no list of calls yet."""
    world.store.extensions.register(world.ana.id, "4067")
    with world.store._database.writing() as session:
        session.merge(world.ana).calls_looked_at = None
    return world


def announce(desk: World, document: str = "11144477735", ago: float = 70) -> str:
    call = Announcement(desk.integration.id, "novaSolicitacao", document, None, "4067")
    token = desk.store.calls.announce(call).token
    with desk.store._database.writing() as session:
        moved = desk.store.now() - timedelta(seconds=ago)
        session.execute(update(Call).where(Call.token == token).values(created_at=moved))
    return token


def told(desk: World) -> list[LiveEvent]:
    events = desk.store.live_events.list_after(Position())
    return [event for event in events if event.kind == LiveEventKind.CALL_RETURNED]


def listed(desk: World, *states: CallState) -> list[str]:
    now = desk.store.now()
    choice = CallChoice(now - timedelta(hours=1), now, "4067", states)
    return [call.token for call in desk.store.call_lists.list_page(choice)]


def test_a_missed_call_is_returned_by_whom_and_when(desk: World) -> None:
    token, other = announce(desk), announce(desk, "1")
    before = desk.store.now()
    desk.store.returned_calls.mark(token, desk.bia.id)
    call = desk.store.calls.find(token)
    assert call.state(desk.store.now(), desk.store.calls.lifetime) is CallState.RETURNED
    assert call.returned_by is not None and call.returned_by.name == "Bia"
    assert call.returned_at is not None and before <= call.returned_at <= desk.store.now()
    assert listed(desk, CallState.MISSED) == [other]
    assert listed(desk, CallState.RETURNED) == [token]
    assert set(listed(desk, CallState.MISSED, CallState.RETURNED)) == {token, other}
    assert {(one.agent_id, one.extension) for one in told(desk)} == {(desk.ana.id, "4067"), (desk.bia.id, None)}
    assert {(one.ref, one.data["by"]) for one in told(desk)} == {(token, "Bia")}


def test_only_the_first_return_counts(desk: World) -> None:
    token = announce(desk)
    desk.store.returned_calls.mark(token, desk.ana.id)
    first = desk.store.calls.find(token).returned_at
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: desk.store.returned_calls.mark(token, desk.bia.id), range(20)))
    call = desk.store.calls.find(token)
    assert (call.returned_by_id, call.returned_at) == (desk.ana.id, first)
    assert len(told(desk)) == 1


def test_a_call_that_is_not_missed_is_refused(desk: World) -> None:
    young, seen, answered, transferred = (announce(desk, str(n), ago=20) for n in range(4))
    desk.store.calls.mark_seen(seen)
    desk.store.calls.answer(answered, desk.ana.id)
    with desk.store._database.writing() as session:
        session.execute(update(Call).where(Call.token == transferred).values(transferred_to="4068"))
    for token in (young, seen, answered, transferred):
        with pytest.raises(CallNotMissed):
            desk.store.returned_calls.mark(token, desk.ana.id)
        assert desk.store.calls.find(token).returned_at is None
    with pytest.raises(CallNotFound):
        desk.store.returned_calls.mark("x" * 43, desk.ana.id)
    assert told(desk) == []


def test_to_look_is_no_return_and_a_return_is_no_news_any_more(desk: World) -> None:
    token, other = announce(desk), announce(desk, "1")
    assert desk.store.attendance.find(desk.ana.id).missed == 2
    desk.store.returned_calls.mark(token, desk.ana.id)
    assert desk.store.attendance.find(desk.ana.id).missed == 1
    desk.store.attendance.look_at_calls(desk.ana.id)
    assert desk.store.attendance.find(desk.ana.id).missed == 0
    assert listed(desk, CallState.MISSED) == [other]


def test_a_returned_call_that_is_opened_stays_returned(desk: World) -> None:
    token = announce(desk)
    desk.store.returned_calls.mark(token, desk.ana.id)
    desk.store.calls.answer(token, desk.bia.id)
    assert listed(desk, CallState.RETURNED) == [token]
    assert listed(desk, CallState.ANSWERED) == []


def test_a_returned_call_was_missed_in_the_figures_of_its_hour(desk: World) -> None:
    desk.store.returned_calls.mark(announce(desk), desk.ana.id)
    hours = desk.store.panel.list_hours(desk.store.now() - timedelta(hours=2))
    assert sum(hour.missed for hour in hours) == 1
