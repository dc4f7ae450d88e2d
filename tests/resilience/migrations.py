"""kill -9 in the middle of `db upgrade`, on both databases: the schema before it or the one after, and all the data.

On SQLite at write and sync system calls, on PostgreSQL at messages to the server, from the first migration with data
and from nothing: at every one of them, or at 30 where there are more than 40. After each kill the upgrade is made
again. Then several start at once: one of them migrates.
"""

import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import select

from soap_service.model import Base
from soap_service.storage.schema import newest_schema_version
from soap_service.store import Announcement, NewRequest, Store
from tests.postgres import Postgres, create_database, drop_database

_CALLS = {"sqlite": "write,pwrite64,fdatasync,fsync,ftruncate,unlink", "postgresql": "sendto"}
MOST_POINTS, SOME_POINTS = 40, 30
STARTS, AT_ONCE = 10, 4

_PYTHON = (sys.executable, "-B", "-W", "ignore")
#: What a node does at its start, telling whether it was the one that migrated.
_AS_A_NODE = """
import logging, sys
from soap_service.store import Store
logging.basicConfig(level="INFO")
Store(sys.argv[1]).schema.upgrade()
"""

Rows = dict[str, list[tuple[Any, ...]]]


class Databases:
    """Copies of one database of one kind that stands at the first migration, with data in it, or at nothing."""

    def __init__(self, kind: str, server: Postgres, folder: Path, is_filled: bool) -> None:
        self._kind, self._server = kind, server
        self._file = folder / f"{is_filled}.db"
        self._template = "template1"
        if is_filled:
            url = create_database(server.url) if kind == "postgresql" else f"sqlite:///{self._file}"
            store = Store(url)
            store.schema.upgrade()
            _fill(store)
            store.schema.downgrade("0001")
            store.close()
            self._template = str(store._database.url.database)

    def copy(self) -> str:
        """Return the URL of a fresh copy; the one before it is gone."""
        if self._kind == "postgresql":
            return create_database(self._server.url, self._template)
        copy = self._file.with_name("copy.db")
        for suffix in ("", "-wal", "-shm", "-writer"):
            Path(f"{copy}{suffix}").unlink(missing_ok=True)
        if self._file.exists():
            shutil.copyfile(self._file, copy)
        return f"sqlite:///{copy}"

    def drop(self, url: str) -> None:
        if self._kind == "postgresql":
            drop_database(self._server.url, url)


def _fill(store: Store) -> None:
    store.staff.add_group("G", may_execute=True)
    agent = store.staff.add_agent("ana", "Ana", "hash", ["G"]).id
    service = store.catalogue.add_service("Falha", "incidente", "G").id
    integration = store.integrations.add("pbx", None, None, "127.0.0.0/8").id
    for number in range(100):
        requester = store.requesters.add(f"{number:011}", f"Requester {number}").id
        store.requests.open(NewRequest(requester, service, "x", "incidente"), agent, f"form:{number}")
        store.calls.announce(Announcement(integration, "novaSolicitacao", f"{number:011}", None, "4067"))


def rows_of(store: Store) -> Rows:
    """Return all rows by table; of what each upgrade draws anew, keys and digests, how many there are."""
    with store._database.reading() as session:
        found = {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }
    return found | {drawn: [()] * len(found[drawn]) for drawn in ("erasure_key", "answered_before")}


def _upgrade(url: str, *before: str) -> "subprocess.Popen[str]":
    """Begin `soap-service db upgrade`."""
    return _begin(*before, *_PYTHON, "-m", "soap_service", "db", "upgrade", "--database-url", url)


def _begin(*command: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _points(kind: str, url: str, file: Path) -> list[int]:
    """Let an upgrade through and return at which of its system calls others are killed."""
    calls = _CALLS[kind]
    upgrade = _upgrade(url, "strace", "-f", "-qq", "-o", str(file), "-e", f"trace={calls}")
    assert upgrade.wait(60) == 0, upgrade.communicate()
    count = sum("resumed>" not in line for line in file.read_text("latin-1").splitlines())
    points = list(range(1, count + 1))
    return points if count <= MOST_POINTS else sorted(random.sample(points, SOME_POINTS))


def _kill(kind: str, url: str, point: int) -> None:
    calls = _CALLS[kind]
    strace = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}")
    upgrade = _upgrade(url, *strace, "-e", f"inject={calls}:signal=KILL:when={point}")
    upgrade.communicate(timeout=60)


def _judge(url: str, before: str | None, expected: Rows) -> tuple[bool, bool]:
    """Tell whether an upgrade that was killed had come to pass; and whether it went well the second time."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store = Store(url)
    version = store.schema.version()
    assert version in (before, newest_schema_version()), version
    store.schema.upgrade()
    is_well = store.schema.problems() == [] and rows_of(store) == expected
    store.close()
    return version != before, is_well


def main() -> None:
    random.seed(5)
    server = Postgres(is_durable=True)
    for kind in ("sqlite", "postgresql"):
        folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
        filled = Databases(kind, server, folder, True)
        _kill_everywhere(kind, filled, folder, "0001")
        _kill_everywhere(kind, Databases(kind, server, folder, False), folder, None)
        _start_at_once(kind, filled)
    server.close()


def _kill_everywhere(kind: str, databases: Databases, folder: Path, before: str | None) -> None:
    started = time.monotonic()
    url = databases.copy()
    points = _points(kind, url, folder / "calls")
    store = Store(url)
    expected = rows_of(store)
    store.close()
    databases.drop(url)
    found = []
    for point in points:
        url = databases.copy()
        _kill(kind, url, point)
        found.append(_judge(url, before, expected))
        databases.drop(url)
    done, wrong = sum(is_done for is_done, _ in found), sum(not is_well for _, is_well in found)
    print(
        f"{kind}, {f'{before} with data' if before else 'nothing'} to {newest_schema_version()}: killed at "
        f"{len(found)} system calls in {time.monotonic() - started:.0f} s, {done} of them after the commit; "
        f"{wrong} wrong after the upgrade was made again",
        flush=True,
    )
    assert wrong == 0 and found


def _start_at_once(kind: str, databases: Databases) -> None:
    migrated = []
    for _ in range(STARTS):
        url = databases.copy()
        upgrades = [_begin(*_PYTHON, "-c", _AS_A_NODE, url) for _ in range(AT_ONCE)]
        said = [upgrade.communicate(timeout=60)[0] for upgrade in upgrades]
        assert [upgrade.returncode for upgrade in upgrades] == [0] * AT_ONCE, said
        migrated.append(len(re.findall("database brought to schema", "".join(said))))
        store = Store(url)
        assert store.schema.problems() == [] and len(rows_of(store)["call"]) == 100
        store.close()
        databases.drop(url)
    print(f"{kind}: {STARTS} times {AT_ONCE} at once: {migrated.count(1)} times exactly one migrated", flush=True)
    assert migrated == [1] * STARTS


if __name__ == "__main__":
    main()
