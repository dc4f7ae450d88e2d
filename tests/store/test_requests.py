"""Requests: opened once, executed by those who may, their clock and their history."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from soap_service.errors import (
    ExecutionRefused,
    RequesterNotFound,
    RequestNotFound,
    ServiceNotFound,
    TransitionRefused,
)
from soap_service.model import Request, RequestEvent
from soap_service.rules.situations import OPEN_SITUATIONS, Action, Situation
from soap_service.store import Announcement, NewRequest
from tests.store.conftest import World


def test_a_form_posted_ten_times_opens_one_request(world: World) -> None:
    with ThreadPoolExecutor(5) as threads:
        numbers = {request.id for request in threads.map(lambda _: world.open_request("same"), range(10))}
    assert len(numbers) == 1
    assert world.store.telephony.count_open_requests("11144477735") == (2, None)


def test_an_opened_request_has_group_deadline_and_history(world: World) -> None:
    request = world.store.requests.find(world.request.id)
    assert (request.group.name, request.contract, request.situation_label) == ("SDNIVEL1", "C1", "Em andamento")
    assert request.deadline == world.store.calendars.current.add(request.opened_at, timedelta(hours=8))
    assert [(event.actor, event.action) for event in request.events] == [("Ana", "abertura")]


def test_a_request_solved_on_the_phone_is_opened_and_resolved_at_once(world: World) -> None:
    announced = Announcement(world.integration.id, "novaSolicitacao", "11144477735", None, None)
    call = world.store.calls.find(world.store.calls.announce(announced).token)
    new = NewRequest(world.maria.id, world.service.id, "Senha.", "incidente")
    first, second = (
        world.store.requests.open(new, world.ana.id, "form:solved", call.id, "Desbloqueei.") for _ in range(2)
    )
    assert first.id == second.id
    assert (first.situation, first.closed_at, first.is_late(world.store.now())) == (
        Situation.RESOLVED,
        first.opened_at,
        False,
    )
    assert [(one.actor, one.action, one.note) for one in first.events] == [
        ("Ana", "abertura", ""),
        ("Ana", "resolução", "Desbloqueei."),
    ]
    assert world.store.requests.list_of_call(call.id) == [first.id]
    assert world.store.telephony.count_open_requests("11144477735") == (1, world.request.id)
    reopened = world.store.execution.execute(first.id, world.ana.id, Action.REOPEN, "Voltou.")
    assert reopened.deadline is not None and reopened.deadline >= world.request.deadline


def test_who_may_not_execute_resolves_nothing_and_opens_nothing(world: World) -> None:
    new = NewRequest(world.maria.id, world.service.id, "Senha.", "incidente")
    with pytest.raises(ExecutionRefused):
        world.store.requests.open(new, world.bia.id, "form:solved", None, "Desbloqueei.")
    assert world.store.telephony.count_open_requests("11144477735") == (1, world.request.id)
    world.store.staff.add_group("CONSULTA", may_execute=False)
    for group, executes in (("CONSULTA", False), ("SDNIVEL1", True)):
        agent = world.store.staff.add_agent(group.lower(), group, "hash", [group])
        assert (agent.name in [one.name for one in world.store.execution.list_executors()]) is executes


def test_opening_for_nobody_or_nothing_is_refused(world: World) -> None:
    with pytest.raises(RequesterNotFound):
        world.store.requests.open(NewRequest(99, world.service.id, "x", "incidente"), world.ana.id, "form:a")
    with pytest.raises(ServiceNotFound):
        world.store.requests.open(NewRequest(world.maria.id, 99, "x", "incidente"), world.ana.id, "form:a")


def test_requests_in_progress_are_counted(world: World) -> None:
    count = world.store.telephony.count_open_requests
    assert count("11144477735") == (1, world.request.id)
    second = world.open_request("second")
    assert count("11144477735") == (2, None)
    world.store.execution.execute(second.id, world.ana.id, Action.SUSPEND, "espera")
    assert count("11144477735") == (1, world.request.id)
    world.store.execution.execute(world.request.id, world.ana.id, Action.RESOLVE, "feito")
    assert count("11144477735") == (0, None)
    world.store.execution.execute(world.request.id, world.ana.id, Action.REOPEN, "voltou")
    assert count("11144477735") == (1, world.request.id)
    with pytest.raises(RequesterNotFound):
        count("52998224725")


def test_the_count_follows_whatever_changes_a_request(world: World) -> None:
    def counted() -> tuple[int, int]:
        with world.store._database.reading() as session:
            asked = session.query(Request).filter(Request.situation.in_(OPEN_SITUATIONS))
            return world.store.telephony.count_open_requests("11144477735")[0], asked.filter_by(
                requester_id=world.maria.id
            ).count()

    other = world.store.requesters.add("52998224725", "João")
    for situation in (*Situation, *reversed(Situation)):
        with world.store._database.writing() as session:
            session.get_one(Request, world.request.id).situation = situation
        assert counted()[0] == counted()[1]
    with world.store._database.writing() as session:
        session.get_one(Request, world.request.id).requester_id = other.id
    assert counted() == (0, 0)
    assert world.store.telephony.count_open_requests("52998224725") == (1, world.request.id)
    with world.store._database.writing() as session:
        session.execute(delete(RequestEvent))
        session.execute(delete(Request))
    assert world.store.telephony.count_open_requests("52998224725") == (0, None)


def test_only_an_executor_executes(world: World) -> None:
    number = world.request.id
    assert world.store.requests.may_execute(number, world.ana.id)
    assert not world.store.requests.may_execute(number, world.bia.id)
    with pytest.raises(ExecutionRefused):
        world.store.execution.execute(number, world.bia.id, Action.NOTE, "x")
    assert len(world.store.requests.find(number).events) == 1


def test_a_group_without_the_permission_does_not_execute(world: World) -> None:
    world.store.staff.add_group("LEITURA", may_execute=False)
    world.store.staff.add_agent("caio", "Caio", "hash", ["LEITURA"])
    service = world.store.catalogue.add_service("Consulta", "requisição", "LEITURA")
    request = world.open_request("readers", service)
    caio = world.store.staff.find_agent("caio")
    assert not world.store.requests.may_execute(request.id, caio.id)
    assert not world.store.requests.may_execute(request.id, world.ana.id)


def test_a_finished_request_is_not_executed_but_reopened(world: World) -> None:
    number = world.request.id
    world.store.execution.execute(number, world.ana.id, Action.RESOLVE, "feito")
    assert not world.store.requests.may_execute(number, world.ana.id)
    with pytest.raises(TransitionRefused):
        world.store.execution.execute(number, world.ana.id, Action.SUSPEND, "x")
    assert world.store.execution.execute(number, world.ana.id, Action.REOPEN, "voltou").situation == "Reaberta"


def test_suspension_hides_the_deadline_and_reactivation_brings_it_back(world: World) -> None:
    number, due = world.request.id, world.request.deadline
    assert world.store.execution.execute(number, world.ana.id, Action.SUSPEND, "espera").deadline is None
    assert world.store.telephony.summarise_request(number).deadline is None
    back = world.store.execution.execute(number, world.ana.id, Action.REACTIVATE, "chegou").deadline
    assert back is not None and due is not None
    assert abs((back - due).total_seconds()) <= 5


def test_an_overdue_request_is_still_overdue_after_a_suspension(world: World) -> None:
    long_ago = datetime(2016, 7, 1, 15, 10, tzinfo=UTC)
    with world.store._database.writing() as session:
        session.merge(world.request).due_at = long_ago
    world.store.execution.execute(world.request.id, world.ana.id, Action.SUSPEND, "espera")
    back = world.store.execution.execute(world.request.id, world.ana.id, Action.REACTIVATE, "x").deadline
    assert back is not None
    assert timedelta(0) <= back - long_ago <= timedelta(seconds=5)


def test_a_closed_request_was_never_late_for_its_suspension(world: World) -> None:
    world.store.execution.execute(world.request.id, world.ana.id, Action.SUSPEND, "espera")
    long_ago = datetime.now(UTC) - timedelta(days=30)
    with world.store._database.writing() as session:
        session.get_one(Request, world.request.id).due_at = long_ago
    closed = world.store.execution.execute(world.request.id, world.ana.id, Action.CLOSE, "fim")
    assert closed.deadline is not None
    assert closed.deadline > long_ago
    assert not world.store.telephony.summarise_request(closed.id).is_late


def test_a_finished_request_takes_no_note(world: World) -> None:
    world.store.execution.execute(world.request.id, world.ana.id, Action.RESOLVE, "feito")
    with pytest.raises(TransitionRefused):
        world.store.execution.execute(world.request.id, world.ana.id, Action.NOTE, "mais isto")


def test_closing_a_parent_closes_its_children(world: World) -> None:
    child = world.open_request("child")
    with world.store._database.writing() as session:
        session.merge(child).parent_id = world.request.id
    world.store.execution.execute(world.request.id, world.ana.id, Action.CLOSE, "fim")
    closed = world.store.requests.find(child.id)
    assert (closed.situation, closed.events[-1].actor) == ("Fechada", "Automático")


def test_every_action_leaves_its_line_in_the_history(world: World) -> None:
    for action in (Action.NOTE, Action.SUSPEND, Action.REACTIVATE, Action.RESOLVE, Action.CLOSE):
        world.store.execution.execute(world.request.id, world.ana.id, action, f"nota de {action}")
    events = world.store.requests.find(world.request.id).events
    assert [event.action for event in events][1:] == [
        "anotação",
        "suspensão",
        "reativação",
        "resolução",
        "encerramento",
    ]
    assert events[2].note == "nota de suspensão"


def test_an_unknown_number_is_not_found(world: World) -> None:
    for ask in (world.store.requests.find, world.store.telephony.summarise_request):
        with pytest.raises(RequestNotFound):
            ask(999)


def test_a_request_closed_in_time_stays_in_time(world: World) -> None:
    number = world.request.id
    closed = world.store.execution.execute(number, world.ana.id, Action.CLOSE, "feito")
    assert closed.closed_at is not None and closed.due_at is not None
    assert closed.opened_at <= closed.closed_at < closed.due_at
    assert not closed.is_late(closed.due_at + timedelta(days=1))
    again = world.store.execution.execute(number, world.ana.id, Action.REOPEN, "voltou")
    assert again.closed_at is None
    assert again.due_at is not None and again.is_late(again.due_at + timedelta(days=1))


def test_a_request_closed_again_was_closed_the_second_time(world: World) -> None:
    number = world.request.id
    world.store.execution.execute(number, world.ana.id, Action.RESOLVE, "feito")
    yesterday = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    with world.store._database.writing() as session:
        session.get_one(Request, number).closed_at = yesterday
    assert world.store.execution.execute(number, world.ana.id, Action.CLOSE, "").closed_at == yesterday
    world.store.execution.execute(number, world.ana.id, Action.REOPEN, "voltou")
    second = world.store.execution.execute(number, world.ana.id, Action.RESOLVE, "feito").closed_at
    assert second is not None and second > yesterday


def test_a_child_closed_with_its_parent_keeps_when_it_was_resolved(world: World) -> None:
    children = {key: world.open_request(key).id for key in ("open", "resolved")}
    earlier = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    world.store.execution.execute(children["resolved"], world.ana.id, Action.RESOLVE, "feito")
    with world.store._database.writing() as session:
        for number in children.values():
            session.get_one(Request, number).parent_id = world.request.id
        session.get_one(Request, children["resolved"]).closed_at = earlier
    parent = world.store.execution.execute(world.request.id, world.ana.id, Action.CLOSE, "")
    closed = {key: world.store.requests.find(number) for key, number in children.items()}
    assert {request.situation for request in closed.values()} == {"Fechada"}
    assert closed["resolved"].closed_at == earlier
    assert closed["open"].closed_at == parent.closed_at is not None
