"""What agents choose for themselves: kept by name, changed, forgotten, and gone with nobody else's."""

from soap_service.store import Choice
from tests.store.conftest import World
from tests.store.plans import plans_of, statements_of


def test_choices_are_kept_changed_and_forgotten_for_each_agent(world: World) -> None:
    store = world.store
    store.choices.choose(world.ana.id, {Choice.THEME: "dark", Choice.KEYS: "off"})
    store.choices.choose(world.bia.id, {Choice.THEME: "light"})
    store.choices.choose(world.ana.id, {Choice.THEME: "light", Choice.KEYS: ""})
    assert store.choices.list_of(world.ana.id) == {"theme": "light"}
    assert store.choices.list_of(world.bia.id) == {"theme": "light"}
    store.choices.choose(world.ana.id, {Choice.THEME: ""})
    assert store.choices.list_of(world.ana.id) == {}
    assert store.choices.list_of(world.bia.id) == {"theme": "light"}


def test_choices_are_found_by_key(world: World) -> None:
    asked = statements_of(world, lambda asked: asked.store.choices.list_of(asked.ana.id))
    (plan,) = plans_of(world.store, asked)
    assert any("agent_id" in step or "pk_agent_choice" in step for step in plan), plan
    assert not any(step.startswith("SCAN") or "Seq Scan" in step for step in plan), plan
