"""The demonstration deletes and changes nothing but what is its own."""

from pathlib import Path

import pytest

from soap_service.demo import prepare_demo, remove_demo
from soap_service.errors import InvalidValue
from soap_service.rules.credentials import check_password, hash_password
from soap_service.store import Store
from tests.conftest import PASSWORD

ENVIRONMENT = {"SOAP_SERVICE_DEMO_PASSWORD": PASSWORD}


def test_a_demonstration_is_removed_and_can_begin_anew(store: Store, tmp_path: Path) -> None:
    remove_demo(store, tmp_path)  # there was none yet
    prepare_demo(store, tmp_path, ENVIRONMENT)
    remove_demo(store, tmp_path)
    assert (store.list_agents(), (tmp_path / "password").exists()) == ([], False)
    prepare_demo(store, tmp_path, ENVIRONMENT)
    assert len(store.list_agents()) == 3


@pytest.mark.parametrize("logins", [["maria"], ["admin"], ["atendente", "consulta", "admin"]], ids=",".join)
def test_a_real_database_is_neither_removed_nor_given_the_password(
    store: Store, tmp_path: Path, logins: list[str]
) -> None:
    for login in logins:
        store.add_agent(login, login, hash_password("uma senha longa"), [], is_admin=True)
    with pytest.raises(InvalidValue, match="nothing was deleted"):
        remove_demo(store, tmp_path)
    with pytest.raises(InvalidValue, match="nothing was changed"):
        prepare_demo(store, tmp_path, ENVIRONMENT)
    for agent in store.list_agents():
        check_password("uma senha longa", agent.password_hash)
    assert [agent.login for agent in store.list_agents()] == sorted(logins)


def test_a_demonstration_that_somebody_works_with_is_kept(store: Store, tmp_path: Path) -> None:
    prepare_demo(store, tmp_path, ENVIRONMENT)
    store.add_agent("maria", "Maria Lima", hash_password("uma senha longa"), [], is_admin=False)
    with pytest.raises(InvalidValue, match="nothing was deleted"):
        remove_demo(store, tmp_path)
    assert len(store.list_agents()) == 4
    assert prepare_demo(store, tmp_path, {"SOAP_SERVICE_DEMO_PASSWORD": "outra senha"}) == "outra senha"


def test_a_database_without_agents_but_with_a_platform_is_kept(store: Store, tmp_path: Path) -> None:
    store.add_integration("pbx", None, None, "10.1.2.3")
    with pytest.raises(InvalidValue, match="nothing was deleted"):
        remove_demo(store, tmp_path)
    assert len(store.list_integrations()) == 1
