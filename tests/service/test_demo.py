"""The demonstration deletes and changes nothing but what is its own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from soap_service.demo import prepare_demo, remove_demo
from soap_service.errors import InputRefused
from soap_service.rules.passwords import check_password, hash_password
from soap_service.rules.roles import Role
from soap_service.rules.situations import Situation
from soap_service.store import Order, RequestFilter, Store
from tests.conftest import PASSWORD

ENVIRONMENT = {"SOAP_SERVICE_DEMO_PASSWORD": PASSWORD}


def test_a_demonstration_is_removed_and_can_begin_anew(store: Store, tmp_path: Path) -> None:
    remove_demo(store, tmp_path)  # there was none yet
    prepare_demo(store, tmp_path, ENVIRONMENT)
    remove_demo(store, tmp_path)
    assert (store.staff.list_agents(), (tmp_path / "password").exists()) == ([], False)
    prepare_demo(store, tmp_path, ENVIRONMENT)
    assert len(store.staff.list_agents()) == 7


@pytest.mark.parametrize("logins", [["maria"], ["admin"], ["atendente", "consulta", "admin"]], ids=",".join)
def test_a_real_database_is_neither_removed_nor_given_the_password(
    store: Store, tmp_path: Path, logins: list[str]
) -> None:
    for login in logins:
        store.staff.add_agent(login, login, hash_password("uma senha longa"), [], role=Role.ADMINISTRATOR)
    with pytest.raises(InputRefused, match="nothing was deleted"):
        remove_demo(store, tmp_path)
    with pytest.raises(InputRefused, match="nothing was changed"):
        prepare_demo(store, tmp_path, ENVIRONMENT)
    for agent in store.staff.list_agents():
        check_password("uma senha longa", agent.password_hash)
    assert [agent.login for agent in store.staff.list_agents()] == sorted(logins)


def test_a_demonstration_that_somebody_works_with_is_kept(store: Store, tmp_path: Path) -> None:
    prepare_demo(store, tmp_path, ENVIRONMENT)
    store.staff.add_agent("maria", "Maria Lima", hash_password("uma senha longa"), [])
    with pytest.raises(InputRefused, match="nothing was deleted"):
        remove_demo(store, tmp_path)
    assert len(store.staff.list_agents()) == 8
    assert prepare_demo(store, tmp_path, {"SOAP_SERVICE_DEMO_PASSWORD": "outra senha longa"}) == "outra senha longa"


def test_a_database_without_agents_but_with_a_platform_is_kept(store: Store, tmp_path: Path) -> None:
    store.integrations.add("pbx", None, None, "10.1.2.3")
    with pytest.raises(InputRefused, match="nothing was deleted"):
        remove_demo(store, tmp_path)
    assert len(store.integrations.list_all()) == 1


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 23, 3, 10, tzinfo=UTC),  # a Monday, ten past midnight in São Paulo
        datetime(2026, 11, 25, 13, 0, tzinfo=UTC),
        datetime(2026, 11, 26, 23, 41, tzinfo=UTC),
        datetime(2026, 11, 28, 2, 59, tzinfo=UTC),  # the last minute of a Friday
        datetime(2026, 11, 29, 15, 0, tzinfo=UTC),
    ],
    ids=["monday night", "wednesday morning", "thursday evening", "friday midnight", "sunday noon"],
)
def test_every_list_of_a_demonstration_looks_alive(store: Store, tmp_path: Path, now: datetime) -> None:
    """The numbers of the sample table stand; beside them every situation, and work for everybody."""
    store._database.now = lambda: now  # type: ignore[method-assign]
    prepare_demo(store, tmp_path, ENVIRONMENT)
    for document, count in (("11144477735", (1, 34534)), ("52998224725", (3, None)), ("12345678909", (0, None))):
        assert store.telephony.count_open_requests(document) == count
    assert store.telephony.count_open_requests("12312312312") == (1, 955)
    everything = RequestFilter(situations=tuple(Situation))
    assert 55 <= store.worklist.count(everything) <= 65
    for situation in Situation:
        assert store.worklist.count(RequestFilter(situations=(situation,))), situation
    assert 3 <= store.worklist.count(RequestFilter(is_late=True)) < store.worklist.count(RequestFilter())
    for login in ("atendente", "admin", "bruno", "elisa"):
        agent = store.staff.find_agent(login)
        assert store.worklist.count(RequestFilter(responsible_id=agent.id)), login
    today = store.panel.list_hours(
        now.astimezone(store.calendars.current.zone).replace(hour=0, minute=0).astimezone(UTC)
    )
    assert sum(hour.announced for hour in today) >= 1
    assert store.attendance.find(store.staff.find_agent("atendente").id).extension is None


def test_the_history_of_a_demonstration_is_of_its_time(store: Store, tmp_path: Path) -> None:
    prepare_demo(store, tmp_path, ENVIRONMENT)
    now = store.now()
    assert [event.happened_at.year for event in store.requests.find(955).events] == [2016]
    page = store.worklist.list_page(RequestFilter(situations=tuple(Situation)), Order.NUMBER)
    for number in [one.id for one in page.requests]:
        request = store.requests.find(number)
        moments = [event.happened_at for event in request.events]
        assert moments[0] == request.opened_at, number
        assert moments == sorted(moments), number
        assert moments[-1] <= now, number
        assert request.closed_at is None or request.closed_at in moments, number


def test_a_plain_demonstration_has_the_sample_data_alone(store: Store, tmp_path: Path) -> None:
    prepare_demo(store, tmp_path, ENVIRONMENT, is_plain=True)
    everything = RequestFilter(situations=tuple(Situation))
    numbers = [one.id for one in store.worklist.list_page(everything, Order.NUMBER).requests]
    assert numbers == [34539, 34538, 34537, 34536, 34535, 34534, 955]
    assert [agent.login for agent in store.staff.list_agents()] == ["admin", "atendente", "consulta"]
    remove_demo(store, tmp_path)
