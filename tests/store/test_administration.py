"""Parameters with their history, integrations."""

import pytest

from soap_service.errors import AlreadyExists, IntegrationNotFound, InvalidValue
from tests.store.conftest import World


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
