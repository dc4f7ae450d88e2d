"""Extensions, log-ins, requesters and agents."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from soap_service.errors import (
    AgentNotFound,
    AlreadyExists,
    ExtensionTaken,
    InvalidValue,
    NotFound,
    RequesterNotFound,
    StoreUnavailable,
)
from soap_service.model import Listener, Notice, Requester, RequesterName
from soap_service.storage.requesters import MATCHES_SHOWN
from soap_service.store import Announcement, Ownership, Store
from tests.store.conftest import World

HOUR = timedelta(hours=1)


def test_registering_a_taken_extension_asks_first(world: World) -> None:
    world.store.extensions.register(world.ana.id, "4067")
    with pytest.raises(ExtensionTaken) as caught:
        world.store.extensions.register(world.bia.id, "4067")
    assert caught.value.owner == "Ana"
    assert world.store.extensions.number_of(world.ana.id) == "4067"


def test_taking_an_extension_over_tells_the_former_owner(world: World) -> None:
    store = world.store
    before = datetime.now(UTC)
    store.extensions.register(world.ana.id, "4067")
    store.extensions.register(world.bia.id, "4067", take_over=True)
    assert (store.extensions.number_of(world.ana.id), store.extensions.number_of(world.bia.id)) == (None, "4067")
    assert store.extensions.list_taken_from(world.ana.id) == [Ownership("4067", world.bia.id, "Bia", False)]
    assert store.extensions.list_changed_since(before) == [Ownership("4067", world.bia.id, "Bia", False)]
    store.extensions.acknowledge_takeover(world.ana.id)
    assert store.extensions.list_taken_from(world.ana.id) == []


def test_an_agent_has_one_extension_and_can_give_it_up(world: World) -> None:
    store = world.store
    store.extensions.register(world.ana.id, "4067")
    store.extensions.register(world.ana.id, " 04067 ")
    assert store.extensions.number_of(world.ana.id) == "04067"
    store.extensions.register(world.bia.id, "4067")
    store.extensions.release(world.ana.id)
    assert store.extensions.number_of(world.ana.id) is None


@pytest.mark.parametrize("number", ["", " ", "x" * 21, "40 67", "ramal!", "4067\n1", "é"])
def test_what_cannot_be_an_extension_is_refused(world: World, number: str) -> None:
    with pytest.raises(InvalidValue):
        world.store.extensions.register(world.ana.id, number)


def test_of_twenty_takeovers_at_once_one_owner_remains(world: World) -> None:
    def take_over(agent_id: int) -> None:
        """As an agent does: a machine that is too busy says so within its time, and is asked again."""
        for _ in range(10):
            with suppress(StoreUnavailable):
                return world.store.extensions.register(agent_id, "4067", take_over=True)
        raise StoreUnavailable

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(take_over, [world.ana.id, world.bia.id] * 10))
    owners = [agent for agent in (world.ana.id, world.bia.id) if world.store.extensions.number_of(agent) == "4067"]
    assert len(owners) == 1


def test_a_process_says_for_which_extensions_it_listens_and_for_no_other(world: World) -> None:
    store, later = world.store, datetime.now(UTC) + HOUR
    store.extensions.register(world.ana.id, "4067")
    store.listeners.change("one", {"4067": later}, [])
    store.listeners.change("dead", {"4068": datetime.now(UTC) - HOUR}, [])
    store.listeners.keep("one", {"4069": later})
    with store._database.reading() as session:
        assert [(row.extension, row.worker) for row in session.query(Listener)] == [("4069", "one")]
    call = Announcement(world.integration.id, "novaSolicitacao", "11144477735", extension="4067")
    assert store.calls.announce(call).notice is Notice.WAITING


def test_a_log_in_lasts_until_it_expires_ends_or_its_agent_is_disabled(world: World) -> None:
    store = world.store
    expired = store.logins.open(world.ana.id, -HOUR)
    closed = store.logins.open(world.ana.id, HOUR)
    store.logins.close(closed)
    disabled = store.logins.open(world.bia.id, HOUR)
    store.extensions.register(world.bia.id, "4067")
    store.staff.disable_agent("bia")
    for cookie in (expired, closed, disabled, "", "x"):
        with pytest.raises(NotFound):
            store.logins.find(cookie)
    assert store.extensions.number_of(world.bia.id) is None
    session = store.logins.find(store.logins.open(world.ana.id, HOUR))
    assert (session.agent.login, session.agent.groups[0].name) == ("ana", "SDNIVEL1")


def test_a_log_in_has_the_agents_groups_by_name(world: World) -> None:
    for groups in (["SDNIVEL1", "AUDITORIA", "CAMPO"], []):
        for name in groups[1:]:
            world.store.staff.add_group(name, may_execute=True)
        agent = world.store.staff.add_agent(f"of{len(groups)}", "Zoé", "hash", groups)
        login = world.store.logins.find(world.store.logins.open(agent.id, HOUR))
        assert [group.name for group in login.agent.groups] == sorted(groups)


def test_a_new_password_ends_the_log_ins(world: World) -> None:
    cookie = world.store.logins.open(world.ana.id, HOUR)
    world.store.staff.set_password("ana", "other")
    with pytest.raises(NotFound):
        world.store.logins.find(cookie)


def test_a_document_has_one_requester(world: World) -> None:
    assert world.store.requesters.find("11144477735").name == "Maria"
    with pytest.raises(AlreadyExists):
        world.store.requesters.add("11144477735", "Outra Maria")
    with pytest.raises(RequesterNotFound):
        world.store.requesters.find("52998224725")


def test_requesters_are_found_by_the_beginning_of_any_word_in_any_case(world: World) -> None:
    store = world.store
    store.requesters.add("52998224725", "Mariana Conceição D'Ávila")
    store.requesters.add("12345678909", "100% Óbvio_")

    def named(typed: str) -> list[str]:
        return [requester.name for requester in store.requesters.list_named(typed)]

    assert named("Mari") == ["Maria", "Mariana Conceição D'Ávila"]
    for typed in ("CONCEICAO", "conceição", "conce mari", "avila", "d'avila mariana", "Mariana  Conceicao d"):
        assert named(typed) == ["Mariana Conceição D'Ávila"], typed
    assert named("100%") == named("obvio") == ["100% Óbvio_"]
    for typed in ("%", "ariana", "maria conceicao zebra", "", "_"):
        assert named(typed) == [], typed


def test_a_search_by_name_shows_each_requester_once_and_not_too_many(world: World) -> None:
    for number in range(30):
        world.store.requesters.add(f"{number:011}", f"Marta Marta Marques {number:02}")
    found = world.store.requesters.list_named("mar")
    assert len({requester.id for requester in found}) == len(found) == MATCHES_SHOWN


def test_a_requester_is_found_by_their_new_name_only_and_not_when_gone(world: World) -> None:
    with world.store._database.writing() as session:
        session.merge(world.maria).name = "Mônica"
    assert world.store.requesters.list_named("maria") == []
    assert [one.id for one in world.store.requesters.list_named("monica")] == [world.maria.id]
    other = world.store.requesters.add("52998224725", "Zuleica")
    with world.store._database.writing() as session:
        session.delete(session.get_one(Requester, other.id))
    assert world.store.requesters.list_named("zuleica") == []


def test_names_that_were_there_before_are_found_after_the_migration(world: World) -> None:
    world.store.requesters.add("52998224725", "Conceição Straße")
    entries = _entries(world.store)
    world.store.schema.downgrade("0006")
    world.store.schema.upgrade()
    assert _entries(world.store) == entries != []
    assert [one.name for one in world.store.requesters.list_named("strasse")] == ["Conceição Straße"]


def _entries(store: Store) -> list[tuple[str, int]]:
    with store._database.reading() as session:
        return sorted((row.entry, row.requester_id) for row in session.query(RequesterName))


def test_agents_are_known_by_login_once(world: World) -> None:
    with pytest.raises(AlreadyExists):
        world.store.staff.add_agent("ana", "Outra Ana", "hash")
    with pytest.raises(NotFound) as caught:
        world.store.staff.add_agent("carla", "Carla", "hash", ["NENHUM"])
    assert caught.value.key == "NENHUM"
    with pytest.raises(AgentNotFound):
        world.store.staff.find_agent("carla")


def test_who_is_stored_under_a_document_read_differently_today_is_listed(store: Store) -> None:
    right = store.requesters.add("11144477735", "Right")
    labelled = store.requesters.add("CPF11144477735", "Labelled")
    as_a_float = store.requesters.add("00111444777350", "Written as a float")
    found = {one.id: (one.reading, one.other_id) for one in store.requesters.list_misread()}
    assert right.id not in found
    assert found[labelled.id] == ("11144477735", right.id)
    assert as_a_float.id in found
