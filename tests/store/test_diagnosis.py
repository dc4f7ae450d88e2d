"""Refusals are kept, by kind and minute, in bounded number; and what else a diagnosis asks of the store."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from soap_service.errors import AlreadyExists, IntegrationNotFound
from soap_service.model import Call, Integration, Refusal
from soap_service.rules.calls import SIMULATION
from soap_service.rules.edits import IntegrationEdit
from soap_service.storage.diagnosis import MINUTES_OF_A_KIND, MOST_REFUSALS
from soap_service.store import Announcement, ExtensionStatus, NewRefusal
from tests.store.conftest import World

WRONG = NewRefusal("pbx", "-", "SEGREDO_ERRADO", "192.0.2.7", 3)


def rows(world: World) -> int:
    with world.store._database.reading() as session:
        return session.scalar(select(func.count()).select_from(Refusal)) or 0


def grow_older(world: World, minutes: int) -> None:
    """Let time pass over the refusals that are kept."""
    with world.store._database.writing() as session:
        for one in session.scalars(select(Refusal)).all():
            one.minute -= timedelta(minutes=minutes)


def simulate(world: World) -> str:
    simulation = world.store.integrations.find_simulation()
    return world.store.calls.announce(Announcement(simulation.id, "novaSolicitacao", "", None, "4067")).token


def test_refusals_of_a_kind_are_added_up_and_the_last_address_stays(world: World) -> None:
    world.store.diagnosis.note_refusals([WRONG])
    world.store.diagnosis.note_refusals([NewRefusal("pbx", "-", "SEGREDO_ERRADO", "192.0.2.8", 1)])
    (kept,) = world.store.diagnosis.list_refusals()
    assert (kept.integration, kept.reason, kept.address, kept.count) == ("pbx", "SEGREDO_ERRADO", "192.0.2.8", 4)
    assert timedelta() <= datetime.now(UTC) - kept.last_at < timedelta(minutes=2)


def test_the_kind_that_was_refused_last_is_listed_first(world: World) -> None:
    world.store.diagnosis.note_refusals([WRONG])
    grow_older(world, 2)
    world.store.diagnosis.note_refusals([NewRefusal("", "-", "SEM_CREDENCIAL", "", 1)])
    assert [one.reason for one in world.store.diagnosis.list_refusals()] == ["SEM_CREDENCIAL", "SEGREDO_ERRADO"]


def test_a_kind_that_goes_on_for_hours_drives_out_only_itself(world: World) -> None:
    world.store.diagnosis.note_refusals([NewRefusal("", "-", "SEM_CREDENCIAL", "", 1)])
    for _ in range(MINUTES_OF_A_KIND + 3):
        grow_older(world, 1)
        world.store.diagnosis.note_refusals([WRONG])
    assert rows(world) == MINUTES_OF_A_KIND + 1
    assert {one.reason for one in world.store.diagnosis.list_refusals()} == {"SEGREDO_ERRADO", "SEM_CREDENCIAL"}


def test_of_many_kinds_only_the_latest_are_kept(world: World) -> None:
    world.store.diagnosis.note_refusals(
        [NewRefusal(f"pbx-{n}", "-", "SEGREDO_ERRADO", "", 1) for n in range(MOST_REFUSALS)]
    )
    grow_older(world, 1)
    world.store.diagnosis.note_refusals([WRONG])
    assert rows(world) == MOST_REFUSALS
    assert world.store.diagnosis.list_refusals()[0].integration == "pbx"


def test_an_extension_stands_with_its_owner_a_pause_and_a_listener(world: World) -> None:
    assert world.store.diagnosis.find_extension_status("4067") == ExtensionStatus()
    world.store.extensions.register(world.ana.id, "4067")
    assert world.store.diagnosis.find_extension_status("4067") == ExtensionStatus("Ana")
    world.store.listeners.change("node", {"4067": datetime.now(UTC) + timedelta(seconds=30)}, [])
    assert world.store.diagnosis.find_extension_status("4067") == ExtensionStatus("Ana", None, True)
    world.store.attendance.pause(world.ana.id)
    paused = world.store.diagnosis.find_extension_status("4067")
    assert paused.paused_at is not None
    assert not paused.is_subscribed


def test_a_listener_whose_time_is_up_hears_nothing(world: World) -> None:
    world.store.extensions.register(world.ana.id, "4067")
    world.store.listeners.change("node", {"4067": datetime.now(UTC) - timedelta(seconds=1)}, [])
    assert not world.store.diagnosis.find_extension_status("4067").is_subscribed


def test_calls_without_an_extension_are_listed_newest_first(world: World) -> None:
    tokens = [
        world.store.calls.announce(Announcement(world.integration.id, "novaSolicitacao", document)).token
        for document in ("1", "2")
    ]
    world.store.calls.announce(Announcement(world.integration.id, "novaSolicitacao", "3", None, "4067"))
    since = datetime.now(UTC) - timedelta(hours=1)
    found = world.store.diagnosis.list_calls_without_extension(since, 5)
    assert [call.token for call in found] == tokens[::-1]
    assert found[0].integration.name == "pbx"


def test_the_simulation_is_made_once_and_is_in_no_list(world: World) -> None:
    simulation = world.store.integrations.find_simulation()
    assert world.store.integrations.find_simulation().id == simulation.id
    assert (simulation.secret_hash, simulation.addresses) == (None, "")
    for include_revoked in (False, True):
        assert [one.name for one in world.store.integrations.list_all(include_revoked)] == ["pbx"]


def test_nobody_can_add_change_renew_or_revoke_the_simulation(world: World) -> None:
    simulation = world.store.integrations.find_simulation()
    with pytest.raises(AlreadyExists):
        world.store.integrations.add(SIMULATION, b"salt", b"digest")
    for change in (
        lambda: world.store.integrations.find(simulation.id),
        lambda: world.store.integrations.change(simulation.id, IntegrationEdit("0.0.0.0/0", "", "pt-BR"), ""),
        lambda: world.store.integrations.renew_secret(simulation.id, b"salt", b"digest"),
        lambda: world.store.integrations.set_language(SIMULATION, "en"),
        lambda: world.store.integrations.revoke(SIMULATION),
    ):
        with pytest.raises(IntegrationNotFound):
            change()
    with world.store._database.reading() as session:
        kept = session.get_one(Integration, simulation.id)
    assert (kept.secret_hash, kept.addresses, kept.revoked_at) == (None, "", None)


def test_a_simulated_call_is_told_apart_and_counted_nowhere(world: World) -> None:
    world.store.extensions.register(world.ana.id, "4067")
    token = simulate(world)
    with world.store._database.writing() as session:
        session.query(Call).one().created_at -= timedelta(seconds=70)
        session.get_one(type(world.ana), world.ana.id).calls_looked_at = None
    assert world.store.calls.find(token).is_simulation
    assert world.store.call_lists.list_at("4067")[0].is_simulation
    assert world.store.attendance.find(world.ana.id).missed == 0
    assert world.store.panel.list_hours(datetime.now(UTC) - timedelta(hours=2)) == []
    assert world.store.diagnosis.find_newest_call_at(datetime.now(UTC) - timedelta(hours=2)) is None
