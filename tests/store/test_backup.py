"""Backups: one instant, one file, either kind of database; migrations down and up with data in the tables."""

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from soap_service.cli.sentences import sentence_of
from soap_service.errors import AlreadyExists, DataExists, InputRefused
from soap_service.model import Agent, Base, Call, PrioritySla, RecentCall, Request, RequestStop
from soap_service.rules.situations import Action
from soap_service.storage.schema import schema_versions
from soap_service.store import Announcement, NewRequest, Store
from soap_service.tables.administration import AdminChange
from tests.databases import is_sqlite
from tests.store.conftest import World


def rows_of(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store._database.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }


def without_audit(rows: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows that a restore replaces."""
    return {name: found for name, found in rows.items() if not name.startswith("audit")}


def fill(world: World) -> None:
    world.store.extensions.register(world.ana.id, "4067")
    for number in range(20):
        world.store.calls.announce(Announcement(world.integration.id, "novaSolicitacao", f"{number:011}", None, "4067"))
    world.store.parameters.change(281, "S", "ana")


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_what_is_restored_is_what_was_backed_up_on_either_kind(
    world: World, tmp_path: Path, target: str, postgresql_database_url: str
) -> None:
    fill(world)
    written = world.store.backups.back_up(tmp_path / "desk.backup")
    before = rows_of(world.store)
    assert written == sum(map(len, before.values()))
    is_same = (target == "postgresql") != is_sqlite(world.store) and target == "postgresql"
    url = postgresql_database_url if target == "postgresql" else f"sqlite:///{tmp_path / 'other.db'}"
    other = world.store if is_same else Store(url)
    kept = len(before["audit"]) if is_same else 0  # the audit that is there stays
    assert other.backups.restore(tmp_path / "desk.backup", is_replacing=is_same).rows == written - kept
    assert without_audit(rows_of(other)) == without_audit(before)
    *copied, restored = rows_of(other)["audit"]
    assert (copied, "restored" in restored) == (before["audit"], True)
    assert other.audit_seals.seal() is not None and other.audit_seals.verify().problems == []
    newest = max(row[0] for row in before["call"])
    other.calls.announce(Announcement(world.integration.id, "novaSolicitacao", "77777777777"))
    assert other.calls.newest_position().last == newest + 1
    other.requests.open(NewRequest(world.maria.id, world.service.id, "x", "incidente"), world.ana.id, "form:after")
    assert other.telephony.count_open_requests("11144477735") == (2, None)
    assert list(tmp_path.glob("*.partial*")) == []
    other.close()


def test_a_backup_under_writes_is_of_one_instant(world: World, tmp_path: Path) -> None:
    done = threading.Event()

    def announce() -> None:
        number = 0
        while not done.is_set():
            number += 1
            world.store.calls.announce(Announcement(world.integration.id, "novaSolicitacao", f"{number:011}"))

    caller = threading.Thread(target=announce)
    caller.start()
    try:
        for number in range(5):
            world.store.backups.back_up(tmp_path / f"{number}.backup")
    finally:
        done.set()
        caller.join()
    for number in range(5):
        restored = Store(f"sqlite:///{tmp_path / f'{number}.restored'}")
        restored.backups.restore(tmp_path / f"{number}.backup")
        with restored._database.reading() as session:
            counts = [session.scalar(select(func.count()).select_from(kind)) for kind in (Call, RecentCall)]
        assert counts[0] == counts[1]  # a call and its key are written in one transaction
        restored.close()


def test_a_restore_replaces_nothing_unasked_and_takes_no_other_file(world: World, tmp_path: Path) -> None:
    backup = tmp_path / "desk.backup"
    world.store.backups.back_up(backup)
    with pytest.raises(AlreadyExists):
        world.store.backups.back_up(backup)
    with pytest.raises(DataExists) as caught:
        world.store.backups.restore(backup)
    assert "--replace" in sentence_of(caught.value)
    other = tmp_path / "text"
    other.write_text("not a database")
    for wrong in (other, tmp_path / "nothing"):
        with pytest.raises(InputRefused):
            world.store.backups.restore(wrong, is_replacing=True)
    assert world.store.requesters.find("11144477735").name == "Maria"


def test_restoring_a_database_in_use_takes_the_rows_in_its_wal_too(tmp_path: Path) -> None:
    live = Store(f"sqlite:///{tmp_path / 'live.db'}")
    live.schema.upgrade()
    live.requesters.add("11144477735", "Maria")
    assert (tmp_path / "live.db-wal").stat().st_size > 0
    restored = Store(f"sqlite:///{tmp_path / 'restored.db'}")
    restored.backups.restore(tmp_path / "live.db")
    assert restored.requesters.find("11144477735").name == "Maria"
    for store in (live, restored):
        store.close()


def test_a_restore_of_the_database_into_itself_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "live.db"
    store = Store(f"sqlite:///{file}")
    store.schema.upgrade()
    store.requesters.add("11144477735", "Maria")
    (tmp_path / "link.db").symlink_to(file)
    for same in (file, tmp_path / "link.db"):
        with pytest.raises(InputRefused, match="itself"):
            store.backups.restore(same, is_replacing=True)
    assert store.requesters.find("11144477735").name == "Maria"
    store.close()


def test_a_file_that_is_no_backup_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(InputRefused):
        Store(f"sqlite:///{tmp_path / 'new.db'}").backups.restore(tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


def test_every_migration_goes_up_down_and_up_with_data(world: World) -> None:
    fill(world)
    with world.store._database.writing() as session:
        session.execute(update(Agent).values(calls_looked_at=None))  # the first schemas have no room for these
        session.execute(delete(AdminChange))
    before = rows_of(world.store)
    before["admin_change"] = before["live_event"] = []  # their tables go with an earlier schema, and what they held
    for version in schema_versions()[-2::-1]:
        world.store.schema.downgrade(version)
        assert world.store.schema.version() == version
        assert not world.store.schema.is_ready()
    world.store.schema.upgrade()
    after = rows_of(world.store)
    assert before.pop("erasure_key") != after.pop("erasure_key")  # nobody was erased: a new key does as well
    assert (before.pop("answered_before"), before.pop("unknown_hour")) == ([], [])
    assert (after.pop("answered_before"), len(after.pop("unknown_hour"))) == ([], 1)  # learned from an unknown call
    assert after == before
    assert world.store.schema.problems() == []
    world.open_request("after")
    assert world.store.telephony.count_open_requests("11144477735") == (2, None)  # the triggers are there again
    world.store.schema.downgrade("base")
    assert world.store.schema.problems() != []
    world.store.schema.upgrade()
    assert world.store.schema.problems() == []


def test_stops_of_an_older_database_are_taken_from_its_history(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A request that had been suspended and reactivated, one suspended while late, one in time, one with an SLA."""
    store, ana = world.store, world.ana.id
    back, late, timely = (world.open_request(key) for key in ("back", "late", "timely"))
    for action in (Action.SUSPEND, Action.REACTIVATE, Action.RESOLVE, Action.CLOSE, Action.REOPEN):
        store.execution.execute(back.id, ana, action, "x")
    with store._database.writing() as session:
        session.get_one(Request, late.id).due_at = store.calendars.current.subtract(store.now(), timedelta(hours=3))
        session.add(PrioritySla(service_id=world.service.id, priority=1, sla_minutes=60))
    for request in (late, timely):
        store.execution.execute(request.id, ana, Action.SUSPEND, "x")
    kept = store.requests.find(timely.id).remaining_seconds
    with store._database.reading() as session:
        stops = session.execute(select(RequestStop.request_id, RequestStop.stopped_at, RequestStop.resumed_at)).all()
    store.schema.downgrade("0010")
    assert "1 SLAs of single priorities" in caplog.text
    assert "1 requests suspended while late" in caplog.text
    store.schema.upgrade()
    with store._database.reading() as session:
        found = session.execute(select(RequestStop.request_id, RequestStop.stopped_at, RequestStop.resumed_at)).all()
        assert [row.request_id for row in found] == [back.id, back.id]
        for row, before in zip(found, stops, strict=True):
            assert all(abs(mine - its) < timedelta(seconds=1) for mine, its in zip(row[1:], before[1:], strict=True))
    assert (store.requests.find(late.id).remaining_seconds, store.requests.find(timely.id).remaining_seconds) == (
        None,
        kept,
    )
    for request, deadline in ((late, store.requests.find(late.id).due_at), (timely, timely.due_at)):
        again = store.execution.execute(request.id, ana, Action.REACTIVATE, "x").deadline
        assert again is not None and deadline is not None
        assert abs(again - deadline) < timedelta(seconds=10)


def test_a_database_of_a_newer_program_is_left_alone(world: World) -> None:
    from sqlalchemy import text

    with world.store._database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for work in (
        world.store.schema.upgrade,
        lambda: world.store.schema.downgrade("0001"),
        lambda: world.store.schema.downgrade("base"),
    ):
        with pytest.raises(InputRefused, match="install the newer program"):
            work()
    assert "install the newer program" in world.store.schema.problems()[0]
    assert world.store.schema.version() == "9999"


def test_a_backup_of_a_newer_program_is_told(tmp_path: Path) -> None:
    newer = Store(f"sqlite:///{tmp_path / 'newer.db'}")
    newer.schema.upgrade()
    newer.backups.back_up(tmp_path / "desk.backup")
    newer.close()
    with closing(sqlite3.connect(tmp_path / "desk.backup")) as backup:
        backup.execute("UPDATE alembic_version SET version_num = '9999'")
        backup.commit()
    with pytest.raises(InputRefused, match="a backup of a newer program"):
        Store(f"sqlite:///{tmp_path / 'new.db'}").backups.restore(tmp_path / "desk.backup")
