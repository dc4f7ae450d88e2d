"""The life of a call in the store: announced, repeated, waiting, answered, its one child request."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from soap_service.errors import CallNotFound, Reason, RequestNotFound
from soap_service.model import CallState, Notice, Parameter, RecentCall
from soap_service.rules.cursor import Position
from soap_service.rules.live_events import LiveEvent, LiveEventKind
from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.store import Announcement
from tests.store.conftest import World


def announcement(world: World, **changes: object) -> Announcement:
    values = {"operation": "novaSolicitacao", "document": "11144477735", "extension": "4067", **changes}
    return Announcement(world.integration.id, **values)  # type: ignore[arg-type]


def viewing(world: World) -> Announcement:
    return announcement(world, operation="visualizarSolicitacao", request_id=world.request.id)


def test_the_notice_says_who_would_see_the_call(world: World) -> None:
    store = world.store
    assert store.calls.announce(announcement(world)).notice is Notice.NOT_REGISTERED
    store.extensions.register(world.ana.id, "4067")
    assert store.calls.announce(announcement(world, document="52998224725")).notice is Notice.WAITING
    store.listeners.change("worker", {"4067": datetime.now(UTC) + timedelta(seconds=30)}, [])
    assert store.calls.announce(announcement(world, document="")).notice is Notice.DELIVERED
    store.listeners.change("worker", {"4067": datetime.now(UTC) - timedelta(seconds=1)}, [])
    assert store.calls.announce(announcement(world, document="12345678909")).notice is Notice.WAITING


def test_a_call_without_an_extension_goes_to_the_only_registered_one(world: World) -> None:
    store = world.store
    store.extensions.register(world.ana.id, "4067")
    receipt = store.calls.announce(announcement(world, extension=None))
    assert (receipt.extension, receipt.notice) == ("4067", Notice.WAITING)


@pytest.mark.parametrize("registered", [0, 2])
def test_a_call_without_an_extension_is_never_sent_to_everyone(world: World, registered: int) -> None:
    for agent, number in ((world.ana, "4067"), (world.bia, "4068"))[:registered]:
        world.store.extensions.register(agent.id, number)
    receipt = world.store.calls.announce(announcement(world, extension=None))
    assert (receipt.extension, receipt.notice) == (None, Notice.NO_EXTENSION)
    assert world.store.calls.find(receipt.token).requester is not None


def test_a_repeat_within_the_time_is_the_same_call(world: World) -> None:
    first = world.store.calls.announce(announcement(world))
    assert world.store.calls.announce(announcement(world)) == first
    assert len(world.store.calls.list_after(Position())) == 1


@pytest.mark.parametrize(
    "change", [{"document": "52998224725"}, {"extension": "4068"}, {"operation": "other"}, {"extension": None}]
)
def test_another_document_extension_or_operation_is_another_call(world: World, change: dict[str, object]) -> None:
    first = world.store.calls.announce(announcement(world))
    assert world.store.calls.announce(announcement(world, **change)).token != first.token


def test_after_the_time_it_is_a_new_call(world: World) -> None:
    first = world.store.calls.announce(announcement(world))
    world.store.calls.repeat_within = timedelta(0)
    assert world.store.calls.announce(announcement(world)).token != first.token


def test_a_retry_of_a_call_that_came_hours_ago_too_is_still_one_call(world: World) -> None:
    first = world.store.calls.announce(announcement(world))
    move_repeats(world, timedelta(hours=-2))
    second = world.store.calls.announce(announcement(world))
    assert second.token != first.token
    assert world.store.calls.announce(announcement(world)) == second


def test_a_clock_that_was_set_back_makes_no_repeats(world: World) -> None:
    first = world.store.calls.announce(announcement(world))
    move_repeats(world, timedelta(hours=2))
    assert world.store.calls.announce(announcement(world)).token != first.token


def move_repeats(world: World, by: timedelta) -> None:
    with world.store._database.writing() as session:
        session.execute(update(RecentCall).values(announced_at=datetime.now(UTC) + by))


def test_two_callers_whose_documents_cannot_be_read_are_two_calls(world: World) -> None:
    one, two = (world.store.calls.announce(announcement(world, document="", spoken=said)) for said in ("ABC", "XYZ"))
    assert one.token != two.token
    assert world.store.calls.announce(announcement(world, document="", spoken="ABC")) == one


def test_thirty_repeats_at_once_are_one_call(world: World) -> None:
    with ThreadPoolExecutor(10) as threads:
        receipts = set(threads.map(lambda _: world.store.calls.announce(viewing(world)), range(30)))
    assert len(receipts) == 1
    assert len(world.store.call_lists.list_at("4067")) == 1


@pytest.mark.parametrize("change", [{"request_id": 999}, {"document": "52998224725"}, {"document": "99999999999"}])
def test_a_request_of_another_document_is_not_found_and_keeps_nothing(world: World, change: dict[str, object]) -> None:
    with pytest.raises(RequestNotFound):
        world.store.calls.announce(announcement(world, **{"request_id": world.request.id, **change}))
    assert world.store.calls.newest_position() == Position()


def test_waiting_calls_are_unseen_and_young(world: World) -> None:
    store = world.store
    old, seen, waiting = (store.calls.announce(announcement(world, document=d)) for d in ("1", "2", "3"))
    store.calls.mark_seen(seen.token)
    with store._database.writing() as session:
        session.merge(store.calls.find(old.token)).created_at = datetime.now(UTC) - timedelta(seconds=61)
    assert [call.token for call in store.calls.list_waiting("4067")] == [waiting.token]
    assert store.calls.list_waiting("4068") == []


def test_a_call_goes_through_its_states(world: World) -> None:
    store = world.store
    token = store.calls.announce(announcement(world)).token

    def state(later: float = 0) -> CallState:
        return store.calls.find(token).state(datetime.now(UTC) + timedelta(seconds=later), store.calls.lifetime)

    assert (state(), state(61)) == (CallState.CREATED, CallState.MISSED)
    store.calls.mark_delivered({token: datetime.now(UTC)})
    assert (state(), state(61)) == (CallState.DELIVERED, CallState.MISSED)
    store.calls.mark_seen(token)
    assert (state(), state(61)) == (CallState.SEEN, CallState.SEEN)
    store.calls.answer(token, world.ana.id)
    assert state(61) is CallState.ANSWERED
    answered_by = store.calls.find(token).answered_by
    assert answered_by is not None and answered_by.login == "ana"


def test_an_unknown_token_is_no_call(world: World) -> None:
    for ask in (world.store.calls.find, lambda token: world.store.calls.answer(token, world.ana.id)):
        with pytest.raises(CallNotFound):
            ask("x" * 43)


def switch_child_requests_on(world: World) -> None:
    world.store.parameters.change(282, "S", "test")
    world.store.parameters.change(283, str(world.service.id), "test")


def test_answering_a_viewing_call_launches_one_closed_child(world: World) -> None:
    switch_child_requests_on(world)
    token = world.store.calls.announce(viewing(world)).token
    answer = world.store.calls.answer(token, world.ana.id)
    assert world.store.calls.answer(token, world.bia.id) == answer
    (child,) = world.store.requests.list_children(world.request.id)
    assert (child.id, child.situation, child.requester_id) == (answer.child_number, "Fechada", world.maria.id)
    assert child.closed_at == child.opened_at
    events = world.store.requests.find(child.id).events
    assert [(event.actor, event.action) for event in events] == [
        ("Automático", "abertura"),
        ("Automático", "encerramento"),
    ]
    parent = world.store.requests.find(world.request.id)
    assert (parent.situation, len(parent.events)) == ("EmAndamento", 1)


def test_forty_answers_at_once_launch_one_child(world: World) -> None:
    switch_child_requests_on(world)
    token = world.store.calls.announce(viewing(world)).token
    with ThreadPoolExecutor(8) as threads:
        numbers = {
            a.child_number for a in threads.map(lambda _: world.store.calls.answer(token, world.ana.id), range(40))
        }
    assert len(numbers) == 1
    assert len(world.store.requests.list_children(world.request.id)) == 1


def test_with_282_off_no_child_is_launched(world: World) -> None:
    token = world.store.calls.announce(viewing(world)).token
    answer = world.store.calls.answer(token, world.ana.id)
    assert (answer.child_number, answer.problem) == (None, None)
    assert world.store.requests.list_children(world.request.id) == []


@pytest.mark.parametrize("chosen", ["none", "inactive", "by hand: abc", "by hand: 99999999999999999999"])
def test_with_282_on_and_no_usable_283_the_reason_is_told(world: World, chosen: str) -> None:
    world.store.parameters.change(282, "S", "test")
    if chosen.startswith("by hand: "):
        with world.store._database.writing() as session:
            session.merge(Parameter(id=283, value=chosen.removeprefix("by hand: ")))
    if chosen == "inactive":
        world.store.parameters.change(283, str(world.service.id), "test")
        with world.store._database.writing() as session:
            session.merge(world.service).is_active = False
    token = world.store.calls.announce(viewing(world)).token
    problem = world.store.child_requests.find_problem()
    assert problem in (Reason.CHILD_SERVICE_MISSING, Reason.CHILD_SERVICE_WRONG)
    assert world.store.calls.answer(token, world.ana.id).problem is problem
    assert world.store.requests.list_children(world.request.id) == []


def test_a_call_for_a_new_request_launches_no_child(world: World) -> None:
    switch_child_requests_on(world)
    token = world.store.calls.announce(announcement(world)).token
    assert world.store.calls.answer(token, world.ana.id).child_number is None


def test_an_extension_registered_as_sent_wins_over_its_reduced_form(world: World) -> None:
    store = world.store
    sent = {"extension": "551140044067", "preferred_extensions": ("+551140044067",)}
    assert store.calls.announce(announcement(world, **sent)).extension == "551140044067"
    store.extensions.register(world.ana.id, "+551140044067")
    receipt = store.calls.announce(announcement(world, **sent))
    assert (receipt.extension, receipt.notice) == ("+551140044067", Notice.WAITING)
    repeated = announcement(world, extension="+551140044067")
    assert store.calls.announce(repeated).token == receipt.token


@pytest.mark.parametrize("sent", ["11144477735", "00011144477735"])
def test_an_unknown_document_is_corrected_where_check_digits_confirm_it(world: World, sent: str) -> None:
    receipt = world.store.calls.announce(announcement(world, document=sent))
    assert receipt.is_identified
    assert world.store.calls.find(receipt.token).document == "11144477735"


def test_an_answered_call_waits_no_more_though_nobody_saw_it(world: World) -> None:
    token = world.store.calls.announce(announcement(world)).token
    world.store.calls.answer(token, world.ana.id)
    assert world.store.calls.find(token).seen_at is not None
    assert world.store.calls.list_waiting("4067") == []
    assert [call.is_over for call in world.store.calls.list_after(Position())] == [True]


def test_the_first_answer_is_told_to_the_extension_and_to_who_answered(world: World) -> None:
    world.store.extensions.register(world.ana.id, "4067")
    token = world.store.calls.announce(announcement(world)).token
    for agent in (world.bia, world.ana):
        world.store.calls.answer(token, agent.id)
    told = events(world, LiveEventKind.CALL_ANSWERED)
    assert [(one.agent_id, one.extension) for one in told] == [(world.ana.id, "4067"), (world.bia.id, None)]
    assert {(one.ref, one.data["by"]) for one in told} == {(token, "Bia")}


def test_forty_answers_at_once_are_told_once(world: World) -> None:
    world.store.extensions.register(world.ana.id, "4067")
    token = world.store.calls.announce(announcement(world)).token
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda _: world.store.calls.answer(token, world.ana.id), range(40)))
    assert len(events(world, LiveEventKind.CALL_ANSWERED)) == 1


def test_a_call_without_an_extension_is_told_to_nobody_but_who_answers(world: World) -> None:
    token = world.store.calls.announce(announcement(world, extension=None)).token
    world.store.calls.mark_seen(token)
    world.store.calls.answer(token, world.ana.id)
    told = [one for one in world.store.live_events.list_after(Position()) if one.ref == token]
    assert [(one.kind, one.agent_id, one.extension) for one in told] == [("callAnswered", world.ana.id, None)]


def test_the_first_look_is_told_and_none_after_the_time(world: World) -> None:
    token = world.store.calls.announce(announcement(world)).token
    for _ in range(2):
        world.store.calls.mark_seen(token)
    assert [(one.ref, one.extension) for one in events(world, LiveEventKind.CALL_SEEN)] == [(token, "4067")]
    late = world.store.calls.announce(announcement(world, document="")).token
    with world.store._database.writing() as session:
        session.merge(world.store.calls.find(late)).created_at = datetime.now(UTC) - timedelta(seconds=61)
    world.store.calls.mark_seen(late)
    assert len(events(world, LiveEventKind.CALL_SEEN)) == 1


def test_a_launched_child_is_told_to_the_page_of_its_parent(world: World) -> None:
    switch_child_requests_on(world)
    token = world.store.calls.announce(viewing(world)).token
    child = world.store.calls.answer(token, world.ana.id).child_number
    told = [one for one in events(world, LiveEventKind.REQUEST_CHANGED) if "child" in one.data]
    assert [(one.ref, one.data["child"], one.data["by"]) for one in told] == [
        (str(world.request.id), str(child), "Ana")
    ]


def events(world: World, kind: LiveEventKind) -> list[LiveEvent]:
    return [event for event in world.store.live_events.list_after(Position()) if event.kind == kind]


def test_a_call_is_linked_to_its_callers_request_and_no_others(world: World) -> None:
    store = world.store
    store.calls.announce(announcement(world))
    (call,) = store.call_lists.list_at("4067", 10)
    stranger = store.requesters.add("52998224725", "Bruno Lopes")
    for number, requester in ((world.request.id, stranger.id), (HIGHEST_NUMBER, world.request.requester_id)):
        with pytest.raises(RequestNotFound):
            store.callers.link(call.id, number, requester)
    assert store.callers.linked_request(call.id) is None
    store.callers.link(call.id, world.request.id, world.request.requester_id)
    assert store.callers.linked_request(call.id) == world.request.id
