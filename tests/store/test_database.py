"""What holds for the database itself: migrations, durability settings, query plans, a database that is gone."""

import inspect
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, make_url, select

from soap_service.cli.sentences import sentence_of
from soap_service.config import Settings
from soap_service.errors import (
    DatabaseDamaged,
    DatabaseMissing,
    InputRefused,
    SoapServiceError,
    StoreUnavailable,
)
from soap_service.model import Call
from soap_service.rules.auditing import AuditKind
from soap_service.rules.calendars import OwnDay
from soap_service.rules.cursor import Position
from soap_service.rules.deadlines import OFFICE_WEEK
from soap_service.rules.edits import CalendarEdit, ServiceEdit
from soap_service.rules.login_budgets import budgets_of_stranger
from soap_service.rules.situations import Action
from soap_service.soap.faults import fault_of
from soap_service.storage import sqlite
from soap_service.storage.call_list import CallChoice
from soap_service.storage.part import Part
from soap_service.storage.retention import Retention
from soap_service.store import (
    Announcement,
    AuditFilter,
    NewRefusal,
    NewRequest,
    Order,
    RequestFilter,
    Store,
    Told,
    open_store,
)
from tests.databases import is_sqlite
from tests.postgres import drop_database, execute
from tests.store.conftest import World
from tests.store.plans import plans_of, statements_of
from tests.waiting import free_port


def test_the_migrations_lead_to_the_very_schema_of_the_model(store: Store) -> None:
    assert store.schema.problems() == []
    assert store.schema.is_ready()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """A store whose embedded database is looked at from outside."""
    store = Store(f"sqlite:///{tmp_path / 'folder' / 'store.db'}")
    store.schema.upgrade()
    yield store
    store.close()


def test_upgrading_twice_or_from_four_threads_at_once_is_upgrading_once(database_url: str) -> None:
    stores = [Store(database_url) for _ in range(4)]
    if not is_sqlite(stores[0]):
        stores[0].schema.downgrade("base")
    failures: list[BaseException] = []

    def upgrade(store: Store) -> None:
        try:
            store.schema.upgrade()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=upgrade, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(store.schema.is_ready() for store in stores)
    for store in stores:
        store.close()


def test_what_needs_a_database_makes_none(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "missing.db"
    store = Store(f"sqlite:///{file}")
    settings = Settings(database_url=f"sqlite:///{file}")
    for work in (
        lambda: open_store(settings, create=False),
        lambda: store.backups.back_up(tmp_path / "desk.backup"),
        lambda: store.schema.downgrade("base"),
        store.schema.problems,
    ):
        with pytest.raises(DatabaseMissing) as caught:
            work()
        assert sentence_of(caught.value) == f"there is no database at {file}; check --database-url"
    assert list(tmp_path.iterdir()) == []
    open_store(settings).close()
    open_store(settings, create=False).close()


def test_a_new_database_is_its_owners_alone_an_old_one_keeps_its_rights(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "store.db"
    before = os.umask(0o022)
    try:
        store = Store(f"sqlite:///{file}")
        store.schema.upgrade()
    finally:
        os.umask(before)
    rights = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.rglob("*")}
    private = {"store.db": "0o600", "store.db-wal": "0o600", "store.db-shm": "0o600", "store.db-writer": "0o600"}
    assert rights == {"new": "0o700", "folder": "0o700", **private}
    store.close()
    file.parent.chmod(0o755)
    file.chmod(0o640)
    store.schema.upgrade()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o640, 0o755)
    store.close()


def test_every_connection_of_sqlite_is_durable_and_checks_foreign_keys(sqlite_store: Store) -> None:
    for session_of in (sqlite_store._database.reading, sqlite_store._database.writing):
        with session_of() as session:
            pragmas = {
                name: session.connection().exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def test_a_transaction_that_fails_leaves_nothing(world: World) -> None:
    with pytest.raises(ZeroDivisionError), world.store._database.writing() as session:
        session.merge(world.maria).name = "Outra"
        session.flush()
        _ = 1 // 0
    assert world.store.requesters.find("11144477735").name == "Maria"


def test_the_marker_tells_that_another_process_has_written_to_sqlite(sqlite_store: Store) -> None:
    sqlite_store.requesters.add("11144477735", "Maria")
    marker = sqlite_store.change_marker()
    assert sqlite_store.change_marker() == marker
    with sqlite3.connect(str(sqlite_store._database.url.database)) as other:
        other.execute("UPDATE requester SET name = 'Maria II'")
    other.close()
    assert sqlite_store.change_marker() != marker


def test_a_call_that_cannot_be_read_holds_up_no_other(sqlite_store: Store) -> None:
    integration = sqlite_store.integrations.add("pbx", None, None).id
    calls = [
        sqlite_store.calls.announce(Announcement(integration, "novaSolicitacao", document, None, "4067"))
        for document in ("1", "2", "3")
    ]
    with sqlite3.connect(str(sqlite_store._database.url.database)) as other:
        other.execute("UPDATE call SET created_at = '2099-99-99 ontem' WHERE document = '2'")
    other.close()
    readable = [calls[0].token, calls[2].token]
    assert [call.token for call in sqlite_store.calls.list_after(Position())] == readable
    assert [call.token for call in sqlite_store.calls.list_after(Position(3, frozenset({1, 2})))] == readable[:1]
    assert [call.token for call in sqlite_store.calls.list_waiting("4067")] == readable


def test_threads_that_have_asked_leave_connections_to_others(store: Store) -> None:
    asked = threading.Barrier(31)

    def ask() -> None:
        store.calls.newest_position()
        asked.wait(20)  # so that each is a thread of its own
        asked.wait(20)

    with ThreadPoolExecutor(30) as threads:
        for _ in range(30):
            threads.submit(ask)
        asked.wait(20)
        begun = time.monotonic()
        assert not store.worklist.has_request(1)
        took = time.monotonic() - begun
        asked.wait(20)
    assert took < 1


def test_subscribers_are_notified_after_the_commit_of_a_call(world: World) -> None:
    seen: list[int] = []
    world.store.subscribe(lambda: seen.append(world.store.calls.newest_position().last))
    world.store.calls.announce(Announcement(world.integration.id, "novaSolicitacao", "11144477735"))
    assert seen == [1]


def announce(world: World) -> str:
    announcement = Announcement(world.integration.id, "visualizarSolicitacao", "11144477735", world.request.id, "4067")
    return world.store.calls.announce(announcement).token


def transfer(world: World) -> None:
    age(world, announce(world), 5)
    world.store.calls.announce(Announcement(world.integration.id, "novaSolicitacao", "11144477735", None, "4068"))


def return_missed(world: World) -> None:
    token = announce(world)
    age(world, token, 70)
    world.store.returned_calls.mark(token, world.ana.id)


def age(world: World, token: str, seconds: float) -> None:
    """Have a call be announced so long ago."""
    with world.store._database.writing() as session:
        call = session.scalars(select(Call).where(Call.token == token)).one()
        call.created_at = world.store.now() - timedelta(seconds=seconds)


LOOKUPS: dict[str, Callable[[World], object]] = {
    "count_open_requests": lambda w: w.store.telephony.count_open_requests("11144477735"),
    "summarise_request": lambda w: w.store.telephony.summarise_request(w.request.id),
    "was_answered": lambda w: w.store.telephony.was_answered("a" * 32),
    "learn_budgets": lambda w: w.store.unknown_asked.learn_budgets(),
    "announce_call": announce,
    "find_call": lambda w: w.store.calls.find(announce(w)),
    "list_calls_at": lambda w: w.store.call_lists.list_at("4067"),
    "list_calls_without_extension": lambda w: w.store.diagnosis.list_calls_without_extension(w.request.opened_at, 5),
    "find_newest_call_at": lambda w: w.store.diagnosis.find_newest_call_at(w.request.opened_at),
    "find_extension_status": lambda w: w.store.diagnosis.find_extension_status("4067"),
    "list_calls_after": lambda w: w.store.calls.list_after(Position(0)),
    "list_calls_after with some missing": lambda w: w.store.calls.list_after(Position(9, frozenset({3, 5}))),
    "list_calls_waiting": lambda w: w.store.calls.list_waiting("4067"),
    "newest_position": lambda w: w.store.calls.newest_position(),
    "register_extension": lambda w: w.store.extensions.register(w.bia.id, "4067"),
    "forget_announcements": lambda w: w.store.calls.forget_announcements(),
    "mark_delivered": lambda w: w.store.calls.mark_delivered({announce(w): w.store.now()}),
    "mark_seen": lambda w: w.store.calls.mark_seen(announce(w)),
    "announce_call of a transfer": transfer,
    "return_call": return_missed,
    "answer_call": lambda w: w.store.calls.answer(announce(w), w.ana.id),
    "extension_of": lambda w: w.store.extensions.number_of(w.ana.id),
    "find_session": lambda w: w.store.logins.find(w.store.logins.open(w.ana.id, w.store.calls.lifetime)),
    "find_hearing": lambda w: w.store.logins.find_subscriber(w.store.logins.open(w.ana.id, w.store.calls.lifetime)),
    "list_extensions_changed_since": lambda w: w.store.extensions.list_changed_since(w.request.opened_at),
    "find_request": lambda w: w.store.requests.find(w.request.id),
    "list_children": lambda w: w.store.requests.list_children(w.request.id),
    "find_requester": lambda w: w.store.requesters.find("11144477735"),
    "list_requesters_named": lambda w: w.store.requesters.list_named("Ma"),
    "list_requesters_named by two words": lambda w: w.store.requesters.list_named("Ma S"),
    "has_request": lambda w: w.store.worklist.has_request(1),
}


@pytest.mark.parametrize("name", LOOKUPS)
def test_every_lookup_is_served_by_an_index(world: World, name: str) -> None:
    asked = statements_of(world, LOOKUPS[name])
    assert asked
    for (statement, _), plan in zip(asked, plans_of(world.store, asked), strict=True):
        scans = [step for step in plan if step.startswith("SCAN") or "Seq Scan" in step]
        # The desk's own holidays, a handful; what was limited before; a list that was given.
        small = ("CONSTANT ROW", "calendar_day", "anon_", "json_each")
        scans = [step for step in scans if not any(name in step for name in small)]
        assert scans == [], f"{statement}\n{plan}"


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("count_open_requests", 1),
        ("summarise_request", 1),
        ("was_answered", 1),
        ("find_hearing", 1),
        ("announce_call", 3),
    ],
)
def test_what_is_waited_for_takes_the_statements_its_docstring_says(world: World, name: str, count: int) -> None:
    cookie = world.store.logins.open(world.ana.id, world.store.calls.lifetime)
    works = {**LOOKUPS, "find_hearing": lambda w: w.store.logins.find_subscriber(cookie)}
    asked = [statement for statement, _ in statements_of(world, works[name])]
    assert len([statement for statement in asked if "pg_notify" not in statement]) == count


NEW = NewRequest(1, 1, "x", "incidente")
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "announcement": (Announcement(1, "novaSolicitacao", "1"),),
    "new": (NEW,),
    "action": (Action.NOTE,),
}


EDIT = CalendarEdit(OFFICE_WEEK, skips_national=True)


def public_methods() -> list[str]:
    """Return every method of the store's parts that asks or changes the database, as `part.method`."""
    own = {"schema.is_ready", "schema.must_exist", "schema.check_address", "backups.back_up", "backups.restore"}
    own |= {
        "calls.keep",
        "indexing.index_before_search",
        "news.listen",
        "news.read_on",
        "telephony.join_look_ups",
        "telephony.look_up",
        "telephony.now",
    }
    own |= {"audit.note", "audit.flush", "audit.iterate", "audit.iterate_sealed"}
    own |= {"tables.import_requesters", "tables.import_requests", "tables.import_history", "tables.export"}
    store = Store("sqlite:///")
    parts = {name: part for name, part in vars(store).items() if isinstance(part, Part)}
    found = [
        f"{name}.{method}"
        for name, part in parts.items()
        for method, _ in inspect.getmembers(type(part), inspect.isfunction)
        if not method.startswith("_")
    ]
    return [name for name in found if name not in own]


def _argument(parameter: inspect.Parameter) -> Any:
    """Return some value that fits a parameter, by its name or its type."""
    from datetime import UTC, datetime, timedelta

    named = {
        "announcement": Announcement(1, "n", "1"),
        "new": NEW,
        "action": Action.NOTE,
        "parameter_id": 281,
        "tried": budgets_of_stranger("ana", "192.0.2.1"),
        "position": Position(),
        "bounds": [datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC)],
        "choice": CallChoice(datetime.now(UTC), datetime.now(UTC)),
        "moments": {"x": datetime.now(UTC)},
        "version": "base",
        "wanted": AuditFilter() if "Audit" in str(parameter.annotation) else RequestFilter(),
        "order": Order.DUE,
        "value": "S",
        "told": Told(Position(), Position(), datetime.now(UTC)),
        "edit": EDIT if "Calendar" in str(parameter.annotation) else ServiceEdit("x", "incidente", "x"),
        "unknown": {1: 1},
        "budgets": {1: 220},
        "uses": {"x": datetime.now(UTC)},
        "refusals": [NewRefusal("", "-", "SEM_CREDENCIAL", "", 1)],
        "own": OwnDay(date(2026, 10, 24), "x"),
        "first": 500,
        "kind": AuditKind.EXPORTED,
        "kept": Retention(1, 1, 1, 1),
        "before": datetime.now(UTC),
    }
    by_type = {
        "int": 1,
        "str": "x",
        "bytes | None": None,
        "bytes": b"",
        "datetime": datetime.now(UTC),
        "timedelta": timedelta(1),
        "bool": True,
    }
    kind = getattr(parameter.annotation, "__name__", str(parameter.annotation))
    return named[parameter.name] if parameter.name in named else by_type.get(kind, ["x"])


@pytest.mark.parametrize("name", public_methods())
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_method_tells_a_database_that_is_gone_in_the_domains_words(tmp_path: Path, name: str, kind: str) -> None:
    folder = tmp_path / "gone"
    folder.write_text("a file where the folder should be")
    urls = {"sqlite": f"sqlite:///{folder / 'store.db'}", "postgresql": f"postgresql://127.0.0.1:{free_port()}/gone"}
    store = Store(urls[kind])
    method = attrgetter(name)(store)
    required = [p for p in inspect.signature(method).parameters.values() if p.default is inspect.Parameter.empty]
    with pytest.raises((StoreUnavailable, SoapServiceError)) as caught:
        method(*map(_argument, required))
    assert isinstance(caught.value, StoreUnavailable), caught.value


def test_is_ready_says_no_when_the_database_is_gone(tmp_path: Path) -> None:
    (tmp_path / "gone").write_text("")
    assert not Store(f"sqlite:///{tmp_path / 'gone' / 'store.db'}").schema.is_ready()


def test_a_database_that_is_gone_is_told_to_commands_in_the_drivers_words(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    port = free_port()
    urls = {
        f"sqlite:///{folder}": "unable to open database file",
        f"postgresql://desk:s3cret11144477735@127.0.0.1:{port}/gone": f"port {port} failed: Connection refused",
    }
    for url, words in urls.items():
        with pytest.raises(StoreUnavailable) as caught:
            Store(url).schema.problems()
        said = sentence_of(caught.value)
        assert words in said
        assert "\n" not in said and "s3cret" not in said
        assert str(caught.value) == ""  # what others show of it
        assert fault_of(caught.value) == fault_of(StoreUnavailable())


def test_the_drivers_words_hold_neither_password_nor_document(tmp_path: Path) -> None:
    store = Store("postgresql://desk:s3cret@127.0.0.1/gone")
    failure = store._database.failure(sqlite3.OperationalError("no s3cret for 111.444.777-35\nDETAIL: Maria"))
    assert failure.reason == "no *** for ***35"


def test_a_lock_that_another_writer_holds_is_told(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.1)
    other = Store(str(sqlite_store._database.url))
    with other._database.lock, pytest.raises(StoreUnavailable) as caught:
        sqlite_store.staff.add_group("SDNIVEL1", may_execute=True)
    assert "another writer" in sentence_of(caught.value)
    other.close()


@pytest.mark.parametrize("where", [0, 100, 4096])
def test_a_malformed_file_is_told_to_be_damaged(tmp_path: Path, sqlite_template: Path, where: int) -> None:
    file = tmp_path / "store.db"
    content = bytearray(sqlite_template.read_bytes())
    content[where : where + 4096 if where else 100] = b"\xa5" * (4096 if where else 100)
    file.write_bytes(content)
    store = Store(f"sqlite:///{file}")
    try:
        said = "; ".join(store.schema.problems())
    except DatabaseDamaged as error:
        said = sentence_of(error)
    assert "damaged" in said
    store.close()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_postgresql_database_without_utf8_is_refused(postgres_url: str, encoding: str) -> None:
    name = f"soap_{encoding.lower()}"
    execute(postgres_url, f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LOCALE 'C'")
    url = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    store = Store(url)
    try:
        for work in (store.schema.upgrade, store.schema.problems):
            with pytest.raises(InputRefused) as caught:
                work()
            said = sentence_of(caught.value)
            assert encoding in said and "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0" in said
    finally:
        store.close()
        drop_database(postgres_url, url)


def test_numbers_that_begin_high_enough_are_not_written_again(world: World) -> None:
    commits: list[object] = []
    event.listen(world.store._database.writer, "commit", commits.append)
    world.store.tables.begin_numbers(5000)
    assert len(commits) == 1
    for first in (5000, 4000, 1, 0):
        world.store.tables.begin_numbers(first)
    assert len(commits) == 1
    assert world.open_request("first above").id == 5000
    world.store.tables.begin_numbers(5001)
    assert world.open_request("second above").id == 5001
