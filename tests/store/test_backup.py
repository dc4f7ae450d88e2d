"""Backups: one instant, one file, either kind of database; migrations down and up with data in the tables."""

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from soap_service.administration_model import AdminChange
from soap_service.errors import AlreadyExists, DataExists, InvalidValue, sentence_of
from soap_service.model import Agent, Base, Call, PrioritySla, RecentCall, Request, RequestStop
from soap_service.rules.situations import Action
from soap_service.storage.schema import schema_versions
from soap_service.store import Announcement, NewRequest, Store
from tests.store.conftest import World


def rows_of(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }


def fill(world: World) -> None:
    world.store.register_extension(world.ana.id, "4067")
    for number in range(20):
        world.store.announce_call(Announcement(world.integration.id, "novaSolicitacao", f"{number:011}", None, "4067"))
    world.store.set_parameter(281, "S", "ana")


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_what_is_restored_is_what_was_backed_up_on_either_kind(
    world: World, tmp_path: Path, target: str, postgresql_database_url: str
) -> None:
    fill(world)
    written = world.store.back_up(tmp_path / "desk.backup")
    before = rows_of(world.store)
    assert written == sum(map(len, before.values()))
    is_same = (target == "postgresql") != world.store.is_embedded and target == "postgresql"
    url = postgresql_database_url if target == "postgresql" else f"sqlite:///{tmp_path / 'other.db'}"
    other = world.store if is_same else Store(url)
    assert other.restore(tmp_path / "desk.backup", is_replacing=is_same) == written
    assert rows_of(other) == before
    newest = max(row[0] for row in before["call"])
    other.announce_call(Announcement(world.integration.id, "novaSolicitacao", "77777777777"))
    assert other.newest_position().last == newest + 1
    other.open_request(NewRequest(world.maria.id, world.service.id, "x", "incidente"), world.ana.id, "form:after")
    assert other.count_open_requests("11144477735") == (2, None)
    assert list(tmp_path.glob("*.partial*")) == []
    other.close()


def test_a_backup_under_writes_is_of_one_instant(world: World, tmp_path: Path) -> None:
    done = threading.Event()

    def announce() -> None:
        number = 0
        while not done.is_set():
            number += 1
            world.store.announce_call(Announcement(world.integration.id, "novaSolicitacao", f"{number:011}"))

    caller = threading.Thread(target=announce)
    caller.start()
    try:
        for number in range(5):
            world.store.back_up(tmp_path / f"{number}.backup")
    finally:
        done.set()
        caller.join()
    for number in range(5):
        restored = Store(f"sqlite:///{tmp_path / f'{number}.restored'}")
        restored.restore(tmp_path / f"{number}.backup")
        with restored.reading() as session:
            counts = [session.scalar(select(func.count()).select_from(kind)) for kind in (Call, RecentCall)]
        assert counts[0] == counts[1]  # a call and its key are written in one transaction
        restored.close()


def test_a_restore_replaces_nothing_unasked_and_takes_no_other_file(world: World, tmp_path: Path) -> None:
    backup = tmp_path / "desk.backup"
    world.store.back_up(backup)
    with pytest.raises(AlreadyExists):
        world.store.back_up(backup)
    with pytest.raises(DataExists) as caught:
        world.store.restore(backup)
    assert "--replace" in sentence_of(caught.value)
    other = tmp_path / "text"
    other.write_text("not a database")
    for wrong in (other, tmp_path / "nothing"):
        with pytest.raises(InvalidValue):
            world.store.restore(wrong, is_replacing=True)
    assert world.store.find_requester("11144477735").name == "Maria"


def test_restoring_a_database_in_use_takes_the_rows_in_its_wal_too(tmp_path: Path) -> None:
    live = Store(f"sqlite:///{tmp_path / 'live.db'}")
    live.upgrade()
    live.add_requester("11144477735", "Maria")
    assert (tmp_path / "live.db-wal").stat().st_size > 0
    restored = Store(f"sqlite:///{tmp_path / 'restored.db'}")
    restored.restore(tmp_path / "live.db")
    assert restored.find_requester("11144477735").name == "Maria"
    for store in (live, restored):
        store.close()


def test_a_restore_of_the_database_into_itself_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "live.db"
    store = Store(f"sqlite:///{file}")
    store.upgrade()
    store.add_requester("11144477735", "Maria")
    (tmp_path / "link.db").symlink_to(file)
    for same in (file, tmp_path / "link.db"):
        with pytest.raises(InvalidValue, match="itself"):
            store.restore(same, is_replacing=True)
    assert store.find_requester("11144477735").name == "Maria"
    store.close()


def test_a_file_that_is_no_backup_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue):
        Store(f"sqlite:///{tmp_path / 'new.db'}").restore(tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


def test_every_migration_goes_up_down_and_up_with_data(world: World) -> None:
    fill(world)
    with world.store.writing() as session:
        session.execute(update(Agent).values(calls_looked_at=None))  # the first schemas have no room for these
        session.execute(delete(AdminChange))
    before = rows_of(world.store)
    before["admin_change"] = []  # its table goes with an earlier schema, and what it held with it
    for version in schema_versions()[-2::-1]:
        world.store.downgrade(version)
        assert world.store.schema_version() == version
        assert not world.store.is_ready()
    world.store.upgrade()
    assert rows_of(world.store) == before
    assert world.store.problems() == []
    world.open_request("after")
    assert world.store.count_open_requests("11144477735") == (2, None)  # the triggers are there again
    world.store.downgrade("base")
    assert world.store.problems() != []
    world.store.upgrade()
    assert world.store.problems() == []


def test_stops_of_an_older_database_are_taken_from_its_history(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A request that had been suspended and reactivated, one suspended while late, one in time, one with an SLA."""
    store, ana = world.store, world.ana.id
    back, late, timely = (world.open_request(key) for key in ("back", "late", "timely"))
    for action in (Action.SUSPEND, Action.REACTIVATE, Action.RESOLVE, Action.CLOSE, Action.REOPEN):
        store.execute_request(back.id, ana, action, "x")
    with store.writing() as session:
        session.get_one(Request, late.id).due_at = store.calendar.subtract(store.now(), timedelta(hours=3))
        session.add(PrioritySla(service_id=world.service.id, priority=1, sla_minutes=60))
    for request in (late, timely):
        store.execute_request(request.id, ana, Action.SUSPEND, "x")
    kept = store.find_request(timely.id).remaining_seconds
    with store.reading() as session:
        stops = session.execute(select(RequestStop.request_id, RequestStop.stopped_at, RequestStop.resumed_at)).all()
    store.downgrade("0010")
    assert "1 SLAs of single priorities" in caplog.text
    assert "1 requests suspended while late" in caplog.text
    store.upgrade()
    with store.reading() as session:
        found = session.execute(select(RequestStop.request_id, RequestStop.stopped_at, RequestStop.resumed_at)).all()
        assert [row.request_id for row in found] == [back.id, back.id]
        for row, before in zip(found, stops, strict=True):
            assert all(abs(mine - its) < timedelta(seconds=1) for mine, its in zip(row[1:], before[1:], strict=True))
    assert (store.find_request(late.id).remaining_seconds, store.find_request(timely.id).remaining_seconds) == (
        None,
        kept,
    )
    for request, deadline in ((late, store.find_request(late.id).due_at), (timely, timely.due_at)):
        again = store.execute_request(request.id, ana, Action.REACTIVATE, "x").deadline
        assert again is not None and deadline is not None
        assert abs(again - deadline) < timedelta(seconds=10)


def test_a_database_of_a_newer_program_is_left_alone(world: World) -> None:
    from sqlalchemy import text

    with world.store.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for work in (world.store.upgrade, lambda: world.store.downgrade("0001"), lambda: world.store.downgrade("base")):
        with pytest.raises(InvalidValue, match="install the newer program"):
            work()
    assert "install the newer program" in world.store.problems()[0]
    assert world.store.schema_version() == "9999"


def test_a_backup_of_a_newer_program_is_told(tmp_path: Path) -> None:
    newer = Store(f"sqlite:///{tmp_path / 'newer.db'}")
    newer.upgrade()
    newer.back_up(tmp_path / "desk.backup")
    newer.close()
    with closing(sqlite3.connect(tmp_path / "desk.backup")) as backup:
        backup.execute("UPDATE alembic_version SET version_num = '9999'")
        backup.commit()
    with pytest.raises(InvalidValue, match="a backup of a newer program"):
        Store(f"sqlite:///{tmp_path / 'new.db'}").restore(tmp_path / "desk.backup")
