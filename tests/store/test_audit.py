"""The audit: recorded with what it is about, sealed in batches, changed by nobody; tampering is noticed."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from soap_service.config import Settings
from soap_service.errors import StoreUnavailable
from soap_service.keepers import audit
from soap_service.model import Agent
from soap_service.rules.auditing import Actor, ActorKind, AuditKind, RecordKind, acting
from soap_service.rules.calls import Refused
from soap_service.storage.staff import agent_edit_of
from soap_service.store import AuditFilter, NewRefusal, Store
from soap_service.tables.audit import AuditRow, AuditSeal
from tests.databases import is_sqlite
from tests.store.conftest import World
from tests.store.plans import plans_of, statements_of

TRIGGERS = ("audit_update_refused", "audit_delete_refused", "audit_seal_update_refused", "audit_seal_delete_refused")


def actor(agent: Agent, address: str = "10.0.0.7") -> Actor:
    return Actor(ActorKind.AGENT, agent.login, agent.id, address)


def rows(store: Store, **wanted: Any) -> Sequence[AuditRow]:
    store.audit.flush()
    return list(store.audit.iterate(AuditFilter(**wanted)))


def told(store: Store, **wanted: Any) -> list[tuple[str, str, str]]:
    return [(row.kind, row.record_kind, row.record) for row in rows(store, **wanted)]


def look_up(store: Store, agent: Agent, count: int, begin: int = 0) -> None:
    with acting(actor(agent)):
        for number in range(begin, begin + count):
            store.audit.note(AuditKind.PERSON_VIEWED, RecordKind.REQUESTER, number)


def seal_all(store: Store, most: int = 0) -> None:
    store.audit.flush()
    while store.audit_seals.seal(most) is not None:
        pass


@pytest.mark.parametrize("is_keeper", [True, False])
def test_one_worker_of_a_service_seals_and_each_writes_its_own(
    world: World, is_keeper: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal_all(world.store)
    monkeypatch.setattr(audit, "_SEAL_SECONDS", 0.0)
    keeper = audit.AuditKeeper(world.store, Settings(), lambda: is_keeper)
    look_up(world.store, world.ana, 3)
    keeper.keep()
    assert len(list(world.store.audit.iterate(AuditFilter(kind=AuditKind.PERSON_VIEWED)))) == 3
    assert (world.store.audit_seals.seal() is None) is is_keeper


@pytest.fixture
def tampered(world: World) -> Iterator[World]:
    """A world whose triggers somebody with the database's password has removed, with four seals of three rows."""
    seal_all(world.store)
    for begin in range(0, 9, 3):
        look_up(world.store, world.ana, 3, begin)
        seal_all(world.store)
    with world.store._database.writing() as session:
        for name in TRIGGERS:
            table = name.removesuffix("_refused").rpartition("_")[0]
            on = "" if is_sqlite(world.store) else f" ON {table}"
            session.execute(text(f"DROP TRIGGER {name}{on}"))
    yield world


def change(store: Store, statement: Any) -> None:
    with store._database.writing() as session:
        session.execute(statement)


def test_a_deed_has_who_from_where_when_and_which_record(world: World) -> None:
    before = world.store.now()
    with acting(actor(world.ana)):
        world.store.extensions.register(world.bia.id, "4067")
        world.store.extensions.register(world.ana.id, "4067", take_over=True)
    (row,) = rows(world.store, kind=AuditKind.EXTENSION_TAKEN)
    assert (row.actor_kind, row.actor, row.agent_id, row.address) == ("agent", "ana", world.ana.id, "10.0.0.7")
    assert (row.record_kind, row.record) == ("extension", "4067")
    assert before <= row.happened_at <= world.store.now()


def test_whoever_is_not_named_is_the_command(world: World) -> None:
    (first, *_) = rows(world.store)
    assert (first.actor_kind, first.actor, first.kind) == ("command", "soap-service", "setting-changed")


def test_changes_of_every_kind_are_recorded_with_their_ids(world: World) -> None:
    store, since = world.store, world.store.now()
    edit = agent_edit_of(store.staff.find_agent("bia"))
    store.staff.change_agent(world.bia.id, replace(edit, name="Beatriz"), edit.stamp)
    store.staff.set_password("bia", "another")
    store.parameters.change(281, "S", "rui")
    store.integrations.revoke("pbx")
    store.logins.close(store.logins.open(world.ana.id, timedelta(hours=1)))
    added = store.requesters.add("52998224725", "João")
    assert told(store, since=since) == [
        ("setting-changed", "agent", str(world.bia.id)),
        ("setting-changed", "agent", str(world.bia.id)),
        ("setting-changed", "parameter", "281"),
        ("setting-changed", "integration", str(world.integration.id)),
        ("log-in", "agent", str(world.ana.id)),
        ("log-out", "agent", str(world.ana.id)),
        ("person-added", "requester", str(added.id)),
    ]


def test_a_change_that_fails_leaves_no_row(world: World) -> None:
    before = len(rows(world.store))
    with pytest.raises(ZeroDivisionError), world.store._database.writing() as session:
        session.execute(update(Agent).values(name="x"))
        from soap_service.storage.audit import write_entry

        write_entry(session, world.store.now(), AuditKind.SETTING_CHANGED, RecordKind.AGENT, 1)
        _ = 1 // 0
    assert len(rows(world.store)) == before


def test_a_refused_platform_is_recorded_by_its_name_and_a_busy_one_is_not(world: World) -> None:
    refusals = [
        NewRefusal("pbx", "-", Refused.NOT_PROVEN, "10.0.0.9", 3),
        NewRefusal("pbx", "-", "LIMITE_EXCEDIDO", "10.0.0.9", 3),
    ]
    world.store.diagnosis.note_refusals(refusals)
    (row,) = rows(world.store, kind=AuditKind.INTEGRATION_REFUSED)
    assert (row.actor_kind, row.actor, row.address, row.record) == ("integration", "pbx", "10.0.0.9", "SEGREDO_ERRADO")


def test_no_document_comes_into_a_row(world: World) -> None:
    with acting(Actor(ActorKind.AGENT, "111.444.777-35", 1, "10.0.0.7")):
        world.store.audit.write(AuditKind.EXTENSION_TAKEN, RecordKind.EXTENSION, "11144477735")
    row = rows(world.store)[-1]
    assert (row.actor, row.record) == ("***35", "***35")


def test_four_hundred_look_ups_leave_as_many_rows_and_one_warning(world: World) -> None:
    look_up(world.store, world.ana, 200)
    seal_all(world.store, most=200)
    assert told(world.store, kind=AuditKind.MANY_PERSONS) == []
    for begin in (200, 300):
        look_up(world.store, world.ana, 100, begin)
        seal_all(world.store, most=200)
    look_up(world.store, world.bia, 200)
    for _ in range(300):
        look_up(world.store, world.bia, 1)  # the same person again is no other person
    seal_all(world.store, most=200)
    assert len(rows(world.store, actor="ana", kind=AuditKind.PERSON_VIEWED)) == 400
    (warning,) = world.store.audit.list_warnings(world.store.now() - timedelta(hours=1))
    assert (warning.actor, warning.agent_id, warning.record) == ("ana", world.ana.id, "200")


def test_searches_that_find_nobody_count_as_persons(world: World) -> None:
    with acting(actor(world.ana)):
        for _ in range(5):
            world.store.audit.note(AuditKind.PERSON_SEARCHED, RecordKind.REQUESTER)
    seal_all(world.store, most=4)
    assert len(world.store.audit.list_warnings(world.store.now() - timedelta(hours=1))) == 1


def test_an_audit_nobody_touched_is_whole_and_says_so(world: World) -> None:
    look_up(world.store, world.ana, 2500)  # more than one seal closes
    seal_all(world.store)
    look_up(world.store, world.ana, 3)
    world.store.audit.flush()
    found = world.store.audit_seals.verify()
    assert (found.problems, found.unsealed) == ([], 3)
    assert found.seal_count == world.store.audit_seals.newest() > 1
    assert found.row_count == len(rows(world.store)) - 3
    assert world.store.audit_seals.verify(found.digest).problems == []


@pytest.mark.parametrize(
    "statement",
    [
        delete(AuditRow).where(AuditRow.record == "4"),
        update(AuditRow).where(AuditRow.record == "4").values(actor="bia"),
        update(AuditRow).where(AuditRow.record == "4").values(record="5"),
        update(AuditRow).where(AuditRow.record == "4").values(agent_id=None),
        update(AuditRow).where(AuditRow.record == "4").values(seal_id=4),
        update(AuditRow).where(AuditRow.record == "4").values(seal_id=99),
        update(AuditSeal).where(AuditSeal.id == 3).values(row_count=2),
        delete(AuditSeal).where(AuditSeal.id == 3),
    ],
    ids=str,
)
def test_what_was_changed_or_deleted_behind_our_back_is_noticed(tampered: World, statement: Any) -> None:
    assert tampered.store.audit_seals.verify().problems == []
    change(tampered.store, statement)
    assert tampered.store.audit_seals.verify().problems != []


def test_the_newest_seals_cut_off_are_noticed_by_who_kept_a_digest(tampered: World) -> None:
    kept = tampered.store.audit_seals.verify().digest
    change(tampered.store, delete(AuditRow).where(AuditRow.seal_id == 4))
    change(tampered.store, delete(AuditSeal).where(AuditSeal.id == 4))
    assert tampered.store.audit_seals.verify().problems == []
    assert tampered.store.audit_seals.verify(kept).problems != []


@pytest.mark.parametrize(
    "statement",
    [
        update(AuditRow).values(actor="bia"),
        update(AuditRow).values(seal_id=None),
        delete(AuditRow),
        update(AuditSeal).values(digest=""),
        delete(AuditSeal),
    ],
    ids=str,
)
def test_the_database_itself_refuses_to_change_the_audit(world: World, statement: Any) -> None:
    seal_all(world.store)
    with pytest.raises((StoreUnavailable, DBAPIError, IntegrityError)):
        change(world.store, statement)
    assert world.store.audit_seals.verify().problems == []


def test_a_purge_deletes_what_is_old_and_leaves_a_seal(world: World) -> None:
    store = world.store
    look_up(store, world.ana, 2500)
    seal_all(store)
    time.sleep(0.01)
    border = store.now()
    look_up(store, world.bia, 10)
    seal_all(store)
    assert store.audit_seals.purge(border, most=1000) == 1000
    assert store.audit_seals.verify().problems == []  # in the midst of it, too
    while store.audit_seals.purge(border, most=1000):
        pass
    seal_all(store)
    assert [row.actor for row in rows(store, kind=AuditKind.PERSON_VIEWED)] == ["bia"] * 10
    assert told(store, kind=AuditKind.PURGED) == [("purged", "audit", "seal 3")]
    assert store.audit_seals.verify().problems == []
    while store.audit_seals.purge(store.now(), most=1000):
        pass
    assert store.audit_seals.verify().problems == []


def test_a_purge_of_nothing_leaves_nothing(world: World) -> None:
    seal_all(world.store)
    before = world.store.audit_seals.verify()
    assert world.store.audit_seals.purge(world.store.now() - timedelta(days=1)) == 0
    assert world.store.audit_seals.verify() == before


def test_nodes_that_seal_at_once_seal_each_row_once(world: World) -> None:
    url = world.store._database.url.render_as_string(hide_password=False)
    nodes = [Store(url) for _ in range(4)]

    def work(node: Store) -> None:
        for _ in range(20):
            look_up(node, world.ana, 5)
            node.audit.flush()
            node.audit_seals.seal()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, nodes))
    for node in nodes:
        node.close()
    seal_all(world.store)
    found = world.store.audit_seals.verify()
    assert (found.problems, found.unsealed) == ([], 0)
    assert len(rows(world.store, kind=AuditKind.PERSON_VIEWED)) == 400


def test_what_was_noted_is_written_when_the_store_closes(world: World) -> None:
    look_up(world.store, world.ana, 7)
    url = world.store._database.url.render_as_string(hide_password=False)
    world.store.close()
    again = Store(url)
    assert len(rows(again, kind=AuditKind.PERSON_VIEWED)) == 7
    again.close()


def test_what_cannot_be_written_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up(world.store, world.ana, 3)

    def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(world.store._database, "transaction", refuse)
        with pytest.raises(StoreUnavailable):
            world.store.audit.flush()
        look_up(world.store, world.ana, 2)
    assert len(rows(world.store, kind=AuditKind.PERSON_VIEWED)) == 5


def test_too_many_that_wait_are_not_forgotten_but_held_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soap_service.storage.audit._MOST_WAITING", 10)
    look_up(world.store, world.ana, 25)
    assert len(list(world.store.audit.iterate(AuditFilter(kind=AuditKind.PERSON_VIEWED)))) >= 11
    assert len(rows(world.store, kind=AuditKind.PERSON_VIEWED)) == 25


def test_a_page_of_rows_is_read_by_an_index(world: World) -> None:
    look_up(world.store, world.ana, 120)
    seal_all(world.store)
    now = world.store.now()
    for wanted in (
        AuditFilter(),
        AuditFilter(actor="ana"),
        AuditFilter(kind=AuditKind.PERSON_VIEWED),
        AuditFilter(record_kind="requester", record="7"),
        AuditFilter(since=now - timedelta(days=1), until=now),
        AuditFilter(actor="ana", kind=AuditKind.PERSON_VIEWED, since=now - timedelta(days=1)),
    ):
        first = world.store.audit.list_page(wanted)
        asked = statements_of(world, lambda w, wanted=wanted: w.store.audit.list_page(wanted, before=50))
        for plan in plans_of(world.store, asked):
            assert not [step for step in plan if step.startswith("SCAN audit\0") or "Seq Scan" in step], plan
        numbers = [row.id for row in first]
        assert numbers == sorted(numbers, reverse=True)


def test_pages_follow_each_other_without_a_gap(world: World) -> None:
    look_up(world.store, world.ana, 130)
    world.store.audit.flush()
    found: list[int] = []
    before = 0
    while page := world.store.audit.list_page(AuditFilter(actor="ana"), before):
        found += [row.id for row in page[:50]]
        if len(page) <= 50:
            break
        before = page[49].id
    assert len(found) == len(set(found)) == 130


def test_a_downgrade_leaves_the_audit_and_an_upgrade_goes_on_with_it(world: World) -> None:
    seal_all(world.store)
    before = [row.id for row in rows(world.store)]
    world.store.schema.downgrade("0001")
    with world.store._database.reading() as session:
        assert list(session.scalars(select(AuditRow.id).order_by(AuditRow.id))) == before
    world.store.schema.downgrade("base")
    world.store.schema.upgrade()
    world.store.audit.write(AuditKind.EXPORTED)
    seal_all(world.store)
    assert [row.id for row in rows(world.store)][: len(before)] == before
    assert world.store.audit_seals.verify().problems == []


def test_to_note_a_look_takes_next_to_no_time(world: World) -> None:
    begun = time.perf_counter()
    look_up(world.store, world.ana, 1000)
    assert (time.perf_counter() - begun) / 1000 < 0.0005  # half of what a page may lose; measured: 3 µs
    with suppress(StoreUnavailable):
        world.store.audit.flush()
