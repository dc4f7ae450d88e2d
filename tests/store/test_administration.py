"""Parameters with their history, services, agents, groups, integrations: changed once, by whom, never in silence."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from soap_service.cli.sentences import sentence_of
from soap_service.errors import (
    AlreadyExists,
    ChangedMeanwhile,
    IntegrationNotFound,
    InvalidValue,
    LastAdministrator,
    NotFound,
    SoapServiceError,
)
from soap_service.rules.credentials import make_secret
from soap_service.rules.edits import AgentEdit, GroupEdit, IntegrationEdit
from soap_service.rules.roles import Role
from soap_service.soap.last_uses import LastUses
from soap_service.soap.workers import Pool
from soap_service.storage.catalogue import service_edit_of
from soap_service.storage.integrations import integration_edit_of
from soap_service.storage.staff import agent_edit_of, group_edit_of
from tests.store.conftest import World
from tests.waiting import wait_until


def test_every_save_of_a_parameter_is_kept_with_before_after_who_and_when(world: World) -> None:
    world.store.parameters.change(281, "y", "ana")
    world.store.parameters.change(281, "N", "bia")
    newest, oldest = world.store.parameters.list_changes(281)
    assert (oldest.before, oldest.after, oldest.actor) == ("N", "S", "ana")
    assert (newest.before, newest.after, newest.actor) == ("S", "N", "bia")
    assert newest.changed_at >= oldest.changed_at


def test_defaults_stand_until_something_is_saved(world: World) -> None:
    assert world.store.parameters.list_values() == [(281, "N"), (282, "N"), (283, "")]


def test_a_wrong_value_is_refused_and_the_last_good_one_stays(world: World) -> None:
    world.store.parameters.change(283, str(world.service.id), "ana")
    for wrong in ("999", "abc"):
        with pytest.raises(InvalidValue):
            world.store.parameters.change(283, wrong, "ana")
    assert world.store.parameters.value(283) == str(world.service.id)
    assert len(world.store.parameters.list_changes(283)) == 1


def test_a_revoked_integration_is_listed_no_more(world: World) -> None:
    with pytest.raises(AlreadyExists):
        world.store.integrations.add("pbx", None, None)
    world.store.integrations.revoke("pbx")
    assert world.store.integrations.list_all() == []
    assert [i.name for i in world.store.integrations.list_all(include_revoked=True)] == ["pbx"]
    with pytest.raises(IntegrationNotFound):
        world.store.integrations.revoke("pbx")


def test_two_who_change_a_service_at_once_do_not_overwrite_each_other(world: World) -> None:
    edit = service_edit_of(world.store.catalogue.find_service(world.service.id))
    start = threading.Barrier(2)
    refused: list[SoapServiceError] = []

    def change(contract: str) -> None:
        start.wait()
        try:
            world.store.catalogue.change_service(
                world.service.id, replace(edit, contract=contract), edit.stamp, contract
            )
        except ChangedMeanwhile as error:
            refused.append(error)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(change, ("C2", "C3")))
    assert len(refused) == 1
    (line,) = [
        one for one in world.store.history.list_changes() if one.subject == "service" and one.action == "changed"
    ]
    assert line.actor == world.store.catalogue.find_service(world.service.id).contract


def test_what_is_saved_twice_is_saved_once_and_a_taken_name_is_told(world: World) -> None:
    other = world.store.catalogue.add_service("Outro", "incidente", "SDNIVEL1")
    before = service_edit_of(other)
    for _ in range(2):
        world.store.catalogue.change_service(other.id, replace(before, sla_minutes=60), before.stamp)
    assert world.store.catalogue.find_service(other.id).sla_minutes == 60
    now = service_edit_of(world.store.catalogue.find_service(other.id))
    with pytest.raises(AlreadyExists):
        world.store.catalogue.change_service(other.id, replace(now, name="Falha"), now.stamp)
    with pytest.raises(NotFound):
        world.store.catalogue.change_service(other.id, replace(now, group="NINGUEM"), now.stamp)
    with pytest.raises(InvalidValue):
        world.store.catalogue.change_service(other.id, replace(now, sla_minutes=0), now.stamp)
    world.store.catalogue.change_service(other.id, replace(now, is_active=False), now.stamp)
    active, every = world.store.catalogue.list_services(), world.store.catalogue.list_services(include_inactive=True)
    assert {one.name for one in every} - {one.name for one in active} == {"Outro"}


def test_a_form_posted_from_many_threads_makes_its_thing_once(world: World) -> None:
    def add(_: int) -> int:
        return world.store.catalogue.add_service("Novo", "incidente", "SDNIVEL1", form_key="form:abc").id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(add, range(6)))) == 1


def test_of_the_last_two_administrators_only_one_can_be_removed(world: World) -> None:
    for login in ("rui", "eva"):
        world.store.staff.add_agent(login, login, "hash", role=Role.ADMINISTRATOR)

    def remove(login: str) -> bool:
        try:
            world.store.staff.disable_agent(login)
        except LastAdministrator:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, ("rui", "eva"))) == [False, True]
    assert sum(agent.role is Role.ADMINISTRATOR and agent.is_active for agent in world.store.staff.list_agents()) == 1


def test_an_agents_rights_and_groups_change_together(world: World) -> None:
    edit = agent_edit_of(world.store.staff.find_agent_by_id(world.bia.id))
    assert edit == AgentEdit("Bia", role=Role.AGENT, is_active=True)
    changed = replace(edit, name="Bia Lima", groups=("SDNIVEL1",))
    world.store.staff.change_agent(world.bia.id, changed, edit.stamp, "rui")
    assert agent_edit_of(world.store.staff.find_agent_by_id(world.bia.id)) == changed
    with pytest.raises(ChangedMeanwhile):
        world.store.staff.change_agent(world.bia.id, replace(edit, role=Role.ADMINISTRATOR), edit.stamp, "rui")
    line = world.store.history.list_changes()[0]
    assert line.details == '{"name": ["Bia", "Bia Lima"], "groups": ["", "SDNIVEL1"]}'
    assert [agent.name for agent in world.store.staff.list_members(world.store.staff.list_groups()[0].id)] == [
        "Ana",
        "Bia Lima",
    ]


def test_a_group_that_loses_its_permission_executes_no_more(world: World) -> None:
    group = world.store.staff.list_groups()[0]
    assert world.store.requests.may_execute(world.request.id, world.ana.id)
    world.store.staff.change_group(group.id, GroupEdit("SDNIVEL1", may_execute=False), group_edit_of(group).stamp)
    assert not world.store.requests.may_execute(world.request.id, world.ana.id)


def test_no_line_of_the_history_holds_a_secret_or_a_password(world: World) -> None:
    secret = make_secret()
    world.store.integrations.add("ivr", secret.salt, secret.digest)
    world.store.integrations.renew_secret(world.store.integrations.list_all()[0].id, secret.salt, secret.digest)
    world.store.staff.set_password("ana", "the hash of a password")
    told = " ".join(f"{one.name} {one.details}" for one in world.store.history.list_changes())
    assert secret.text not in told
    assert secret.digest.hex() not in told
    assert "hash" not in told


def test_a_revoked_integration_cannot_be_changed(world: World) -> None:
    edit = integration_edit_of(world.integration)
    with pytest.raises(InvalidValue):
        world.store.integrations.change(world.integration.id, IntegrationEdit("", ""), edit.stamp)
    world.store.integrations.revoke("pbx")
    with pytest.raises(IntegrationNotFound):
        world.store.integrations.change(world.integration.id, IntegrationEdit("::1/128", ""), edit.stamp)
    with pytest.raises(IntegrationNotFound):
        world.store.integrations.renew_secret(world.integration.id, b"", b"")


def test_the_last_use_of_an_integration_never_goes_back(world: World) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    world.store.integrations.note_uses({"pbx": now, "-": now})
    world.store.integrations.note_uses({"pbx": now - timedelta(minutes=1)})
    assert world.store.integrations.list_uses() == {world.integration.id: now}


def test_a_thousand_calls_in_a_minute_are_one_write(world: World) -> None:
    pool = Pool(world.store)
    uses = LastUses(world.store, pool)
    uses.note({"pbx", "-"})
    wait_until(world.store.integrations.list_uses)
    first = world.store.integrations.list_uses()
    for _ in range(1000):
        uses.note({"pbx"})
    pool.close()
    assert world.store.integrations.list_uses() == first
    uses.note({"another"})  # the pool was shut down: the process ends


def test_an_integration_that_is_not_there_is_named(world: World) -> None:
    for work in (world.store.integrations.revoke, lambda name: world.store.integrations.set_language(name, "es")):
        with pytest.raises(IntegrationNotFound) as caught:
            work("nada")
        assert sentence_of(caught.value).startswith("there is no nada;")
