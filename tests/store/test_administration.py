"""Parameters with their history, services, agents, groups, integrations: changed once, by whom, never in silence."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from soap_service.errors import (
    AlreadyExists,
    ChangedMeanwhile,
    IntegrationNotFound,
    InvalidValue,
    LastAdministrator,
    NotFound,
    SoapServiceError,
    sentence_of,
)
from soap_service.rules.credentials import make_secret
from soap_service.rules.edits import AgentEdit, GroupEdit, IntegrationEdit
from soap_service.soap.last_use import Uses
from soap_service.soap.workers import Pool
from soap_service.storage.administration import service_edit_of
from soap_service.storage.integrations import integration_edit_of
from soap_service.storage.staff import agent_edit_of, group_edit_of
from tests.store.conftest import World
from tests.waiting import wait_until


def test_every_save_of_a_parameter_is_kept_with_before_after_who_and_when(world: World) -> None:
    world.store.set_parameter(281, "y", "ana")
    world.store.set_parameter(281, "N", "bia")
    newest, oldest = world.store.list_parameter_changes(281)
    assert (oldest.before, oldest.after, oldest.actor) == ("N", "S", "ana")
    assert (newest.before, newest.after, newest.actor) == ("S", "N", "bia")
    assert newest.changed_at >= oldest.changed_at


def test_defaults_stand_until_something_is_saved(world: World) -> None:
    assert world.store.list_parameters() == [(281, "N"), (282, "N"), (283, "")]


def test_a_wrong_value_is_refused_and_the_last_good_one_stays(world: World) -> None:
    world.store.set_parameter(283, str(world.service.id), "ana")
    for wrong in ("999", "abc"):
        with pytest.raises(InvalidValue):
            world.store.set_parameter(283, wrong, "ana")
    assert world.store.parameter(283) == str(world.service.id)
    assert len(world.store.list_parameter_changes(283)) == 1


def test_a_revoked_integration_is_listed_no_more(world: World) -> None:
    with pytest.raises(AlreadyExists):
        world.store.add_integration("pbx", None, None)
    world.store.revoke_integration("pbx")
    assert world.store.list_integrations() == []
    assert [i.name for i in world.store.list_integrations(include_revoked=True)] == ["pbx"]
    with pytest.raises(IntegrationNotFound):
        world.store.revoke_integration("pbx")


def test_two_who_change_a_service_at_once_do_not_overwrite_each_other(world: World) -> None:
    edit = service_edit_of(world.store.find_service(world.service.id))
    start = threading.Barrier(2)
    refused: list[SoapServiceError] = []

    def change(contract: str) -> None:
        start.wait()
        try:
            world.store.change_service(world.service.id, replace(edit, contract=contract), edit.stamp, contract)
        except ChangedMeanwhile as error:
            refused.append(error)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(change, ("C2", "C3")))
    assert len(refused) == 1
    (line,) = [one for one in world.store.list_admin_changes() if one.subject == "service" and one.action == "changed"]
    assert line.actor == world.store.find_service(world.service.id).contract


def test_what_is_saved_twice_is_saved_once_and_a_taken_name_is_told(world: World) -> None:
    other = world.store.add_service("Outro", "incidente", "SDNIVEL1")
    before = service_edit_of(other)
    for _ in range(2):
        world.store.change_service(other.id, replace(before, sla_minutes=60), before.stamp)
    assert world.store.find_service(other.id).sla_minutes == 60
    now = service_edit_of(world.store.find_service(other.id))
    with pytest.raises(AlreadyExists):
        world.store.change_service(other.id, replace(now, name="Falha"), now.stamp)
    with pytest.raises(NotFound):
        world.store.change_service(other.id, replace(now, group="NINGUEM"), now.stamp)
    with pytest.raises(InvalidValue):
        world.store.change_service(other.id, replace(now, sla_minutes=0), now.stamp)


def test_a_form_posted_from_many_threads_makes_its_thing_once(world: World) -> None:
    def add(_: int) -> int:
        return world.store.add_service("Novo", "incidente", "SDNIVEL1", form_key="form:abc").id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(add, range(6)))) == 1


def test_of_the_last_two_administrators_only_one_can_be_removed(world: World) -> None:
    for login in ("rui", "eva"):
        world.store.add_agent(login, login, "hash", is_admin=True)

    def remove(login: str) -> bool:
        try:
            world.store.disable_agent(login)
        except LastAdministrator:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, ("rui", "eva"))) == [False, True]
    assert sum(agent.is_admin and agent.is_active for agent in world.store.list_agents()) == 1


def test_an_agents_rights_and_groups_change_together(world: World) -> None:
    edit = agent_edit_of(world.store.find_agent_by_id(world.bia.id))
    assert edit == AgentEdit("Bia", is_admin=False, is_active=True)
    changed = replace(edit, name="Bia Lima", groups=("SDNIVEL1",))
    world.store.change_agent(world.bia.id, changed, edit.stamp, "rui")
    assert agent_edit_of(world.store.find_agent_by_id(world.bia.id)) == changed
    with pytest.raises(ChangedMeanwhile):
        world.store.change_agent(world.bia.id, replace(edit, is_admin=True), edit.stamp, "rui")
    line = world.store.list_admin_changes()[0]
    assert line.details == '{"name": ["Bia", "Bia Lima"], "groups": ["", "SDNIVEL1"]}'
    assert [agent.name for agent in world.store.list_members(world.store.list_groups()[0].id)] == ["Ana", "Bia Lima"]


def test_a_group_that_loses_its_permission_executes_no_more(world: World) -> None:
    group = world.store.list_groups()[0]
    assert world.store.may_execute(world.request.id, world.ana.id)
    world.store.change_group(group.id, GroupEdit("SDNIVEL1", may_execute=False), group_edit_of(group).stamp)
    assert not world.store.may_execute(world.request.id, world.ana.id)


def test_no_line_of_the_history_holds_a_secret_or_a_password(world: World) -> None:
    secret = make_secret()
    world.store.add_integration("ivr", secret.salt, secret.digest)
    world.store.renew_secret(world.store.list_integrations()[0].id, secret.salt, secret.digest)
    world.store.set_password("ana", "the hash of a password")
    told = " ".join(f"{one.name} {one.details}" for one in world.store.list_admin_changes())
    assert secret.text not in told
    assert secret.digest.hex() not in told
    assert "hash" not in told


def test_a_revoked_integration_cannot_be_changed(world: World) -> None:
    edit = integration_edit_of(world.integration)
    with pytest.raises(InvalidValue):
        world.store.change_integration(world.integration.id, IntegrationEdit("", ""), edit.stamp)
    world.store.revoke_integration("pbx")
    with pytest.raises(IntegrationNotFound):
        world.store.change_integration(world.integration.id, IntegrationEdit("::1/128", ""), edit.stamp)
    with pytest.raises(IntegrationNotFound):
        world.store.renew_secret(world.integration.id, b"", b"")


def test_the_last_use_of_an_integration_never_goes_back(world: World) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    world.store.note_integration_uses({"pbx": now, "-": now})
    world.store.note_integration_uses({"pbx": now - timedelta(minutes=1)})
    assert world.store.list_integration_uses() == {world.integration.id: now}


def test_a_thousand_calls_in_a_minute_are_one_write(world: World) -> None:
    pool = Pool(world.store)
    uses = Uses(world.store, pool)
    uses.note({"pbx", "-"})
    wait_until(world.store.list_integration_uses)
    first = world.store.list_integration_uses()
    for _ in range(1000):
        uses.note({"pbx"})
    pool.close()
    assert world.store.list_integration_uses() == first
    uses.note({"another"})  # the pool was shut down: the process ends


def test_an_integration_that_is_not_there_is_named(world: World) -> None:
    for work in (world.store.revoke_integration, lambda name: world.store.set_integration_language(name, "es")):
        with pytest.raises(IntegrationNotFound) as caught:
            work("nada")
        assert sentence_of(caught.value).startswith("there is no nada;")
