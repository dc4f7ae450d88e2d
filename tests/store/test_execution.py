"""Executing a request twice, at once, and with what it changes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from soap_service.errors import (
    AgentNotFound,
    ChangedMeanwhile,
    ExecutionRefused,
    GroupRefused,
    NotFound,
    TransitionRefused,
)
from soap_service.model import Request
from soap_service.rules.roles import Role
from soap_service.rules.situations import Action
from soap_service.store import NOBODY, Announcement, Changes, NewRequest
from tests.store.conftest import World


def history(world: World) -> list[tuple[str, str]]:
    return [(event.action, event.note) for event in world.store.requests.find(world.request.id).events][1:]


def test_a_form_posted_twice_or_from_two_tabs_at_once_writes_one_line(world: World) -> None:
    def post(_: int) -> object:
        return world.store.execution.execute(
            world.request.id, world.ana.id, Action.NOTE, "Liguei.", seen_version=1, form_key="k" * 32
        )

    with ThreadPoolExecutor(4) as tabs:
        list(tabs.map(post, range(8)))
    assert history(world) == [("anotação", "Liguei.")]


def test_a_form_posted_again_with_other_words_is_not_taken_for_the_first(world: World) -> None:
    execute, number = world.store.execution.execute, world.request.id
    execute(number, world.ana.id, Action.NOTE, "Um.", form_key="k")
    with pytest.raises(ChangedMeanwhile):
        execute(number, world.ana.id, Action.NOTE, "Dois.", form_key="k")
    assert history(world) == [("anotação", "Um.")]


def test_who_saw_an_older_version_changes_nothing(world: World) -> None:
    execute, number = world.store.execution.execute, world.request.id
    seen = world.store.execution.view(number, world.ana.id).request.version
    execute(number, world.ana.id, Action.SUSPEND, "Peça.", seen_version=seen)
    with pytest.raises(ChangedMeanwhile):
        execute(number, world.ana.id, Action.NOTE, "x", Changes(current_task="y"), seen_version=seen)
    found = world.store.requests.find(number)
    assert (found.situation, found.current_task, found.version) == ("Suspensa", "Atendimento", seen + 1)


def test_task_group_and_responsible_are_changed_each_with_its_line(world: World) -> None:
    other = world.store.staff.add_group("SDNIVEL2", may_execute=True)
    world.store.staff.add_agent("davi", "Davi", "hash", ["SDNIVEL2"])
    execute, number = world.store.execution.execute, world.request.id
    changed = execute(number, world.ana.id, Action.NOTE, "Ver.", Changes("Análise", other.id, world.bia.id))
    assert (changed.current_task, changed.group.name, changed.deadline) == (
        "Análise",
        "SDNIVEL2",
        world.request.deadline,
    )
    assert changed.responsible is not None and changed.responsible.name == "Bia"
    assert history(world) == [
        ("anotação", "Ver."),
        ("mudança de tarefa", "Atendimento → Análise"),
        ("encaminhamento", "SDNIVEL1 → SDNIVEL2"),
        ("responsável", "— → Bia"),
    ]
    with pytest.raises(ExecutionRefused):
        execute(number, world.ana.id, Action.NOTE, "x")


def test_a_group_or_an_agent_that_cannot_be_had_changes_nothing(world: World) -> None:
    world.store.staff.add_agent("carla", "Carla", "hash")
    world.store.staff.disable_agent("carla")
    carla = world.store.staff.find_agent("carla").id
    for changes, error in ((Changes("x", 999), NotFound), (Changes("x", None, carla), AgentNotFound)):
        with pytest.raises(error):
            world.store.execution.execute(world.request.id, world.ana.id, Action.NOTE, "x", changes)
    assert history(world) == []
    taken = world.store.execution.execute(
        world.request.id, world.ana.id, Action.NOTE, "", Changes(None, None, world.ana.id)
    )
    assert taken.responsible_id == world.ana.id
    left = world.store.execution.execute(world.request.id, world.ana.id, Action.NOTE, "", Changes(None, None, NOBODY))
    assert left.responsible_id is None


def test_a_view_knows_what_surrounds_a_request(world: World) -> None:
    token = world.store.calls.announce(Announcement(world.integration.id, "novaSolicitacao", "11144477735")).token
    call = world.store.calls.find(token)
    new = NewRequest(world.maria.id, world.service.id, "x", "incidente")
    opened = world.store.requests.open(new, world.ana.id, "form:call", call.id)
    with world.store._database.writing() as session:
        session.get_one(Request, opened.id).parent_id = world.request.id
    view = world.store.execution.view(opened.id, world.ana.id)
    assert (view.call_token, view.is_executor, [event.action for event in view.events]) == (token, True, ["abertura"])
    assert view.clock is not None and view.clock.time is not None
    assert timedelta(hours=7) < view.clock.time <= timedelta(hours=8)
    assert world.store.requests.list_of_call(call.id) == [opened.id]
    parent = world.store.execution.view(world.request.id, world.bia.id)
    assert ([child.id for child in parent.children], parent.is_executor) == ([opened.id], False)


def test_a_situation_that_is_none_is_left_alone(world: World) -> None:
    with world.store._database.writing() as session:
        session.get_one(Request, world.request.id).situation = "Perdida"  # type: ignore[assignment]
    with pytest.raises(TransitionRefused):
        world.store.execution.execute(world.request.id, world.ana.id, Action.NOTE, "x")


def test_a_disabled_agent_executes_nothing_any_more(world: World) -> None:
    number, ana = world.request.id, world.ana.id
    world.store.staff.disable_agent("ana")
    assert not world.store.requests.may_execute(number, ana)
    assert not world.store.requests.may_act(number, ana)
    assert not world.store.execution.view(number, ana).is_executor
    with pytest.raises(ExecutionRefused):
        world.store.execution.execute(number, ana, Action.NOTE, "x")
    assert history(world) == []


def test_a_change_without_a_note_leaves_one_line(world: World) -> None:
    world.store.execution.execute(world.request.id, world.ana.id, Action.NOTE, "", Changes("Análise"))
    assert history(world) == [("mudança de tarefa", "Atendimento → Análise")]


def test_a_child_closed_with_its_parent_is_another_version(world: World) -> None:
    child = world.open_request("child")
    with world.store._database.writing() as session:
        session.get_one(Request, child.id).parent_id = world.request.id
    world.store.execution.execute(world.request.id, world.ana.id, Action.CLOSE, "")
    closed = world.store.requests.find(child.id)
    assert (closed.situation, closed.version) == ("Fechada", child.version + 1)
    with pytest.raises(ChangedMeanwhile):
        world.store.execution.execute(child.id, world.ana.id, Action.REOPEN, "", seen_version=child.version)


def test_request_is_never_forwarded_to_a_group_that_may_not_execute(world: World) -> None:
    readers = world.store.staff.add_group("LEITURA", may_execute=False)
    world.store.staff.add_agent("davi", "Davi", "hash", ["LEITURA"])
    with pytest.raises(GroupRefused) as refusal:
        world.store.execution.execute(world.request.id, world.ana.id, Action.NOTE, "", Changes(group_id=readers.id))
    assert (refusal.value.key, refusal.value.reason) == ("LEITURA", "may not execute")
    assert [group.name for group in world.store.execution.list_executing_groups()] == ["SDNIVEL1"]
    assert world.store.requests.find(world.request.id).group.name == "SDNIVEL1"


def test_administrator_forwards_and_assigns_what_they_may_not_execute(world: World) -> None:
    other = world.store.staff.add_group("SDNIVEL2", may_execute=True)
    world.store.staff.add_agent("davi", "Davi", "hash", ["SDNIVEL2"])
    rui = world.store.staff.add_agent("rui", "Rui", "hash", role=Role.ADMINISTRATOR)
    number, execute = world.request.id, world.store.execution.execute
    changed = execute(
        number, rui.id, Action.NOTE, "Para vocês.", Changes(group_id=other.id, responsible_id=world.ana.id)
    )
    assert (changed.group.name, changed.responsible_id) == ("SDNIVEL2", world.ana.id)
    for action, changes in (
        (Action.NOTE, Changes()),
        (Action.RESOLVE, Changes(group_id=other.id)),
        (Action.NOTE, Changes("x", other.id)),
    ):
        with pytest.raises(ExecutionRefused):
            execute(number, rui.id, action, "x", changes)


def test_request_is_never_forwarded_to_a_group_without_an_active_agent(world: World) -> None:
    empty = world.store.staff.add_group("REDES", may_execute=True)
    world.store.staff.add_agent("davi", "Davi", "hash", ["REDES"])
    assert [group.name for group in world.store.execution.list_executing_groups()] == ["REDES", "SDNIVEL1"]
    world.store.staff.disable_agent("davi")
    assert [group.name for group in world.store.execution.list_executing_groups()] == ["SDNIVEL1"]
    with pytest.raises(GroupRefused) as refusal:
        world.store.execution.execute(world.request.id, world.ana.id, Action.NOTE, "x", Changes("y", empty.id))
    assert (refusal.value.key, refusal.value.reason) == ("REDES", "no member")
    assert history(world) == []


def test_administrator_may_forward_what_is_unfinished_only_while_active(world: World) -> None:
    rui = world.store.staff.add_agent("rui", "Rui", "hash", role=Role.ADMINISTRATOR)
    number, assigned = world.request.id, Changes(responsible_id=world.ana.id)
    view = world.store.execution.view(number, rui.id)
    assert (view.is_executor, view.may_forward, world.store.requests.may_act(number, rui.id)) == (False, True, True)
    assert not world.store.execution.view(number, world.bia.id).may_forward
    world.store.execution.execute(number, world.ana.id, Action.RESOLVE, "Feito.")
    assert not world.store.execution.view(number, rui.id).may_forward
    with pytest.raises(TransitionRefused):
        world.store.execution.execute(number, rui.id, Action.NOTE, "x", assigned)
    world.store.execution.execute(number, world.ana.id, Action.REOPEN, "Voltou.")
    world.store.staff.add_agent("eva", "Eva", "hash", role=Role.ADMINISTRATOR)
    world.store.staff.disable_agent("rui")
    assert not world.store.requests.may_act(number, rui.id)
    with pytest.raises(ExecutionRefused):
        world.store.execution.execute(number, rui.id, Action.NOTE, "x", assigned)
