"""kill -9 in the middle of `db upgrade`, on both databases: the schema before it or the one after, and all the data.

On SQLite at every write and sync system call, on PostgreSQL at every message to the server, from the first migration
with data and from nothing. After each kill the upgrade is made again. Then several start at once: one of them migrates.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import select

from soap_service.model import Base
from soap_service.storage.schema import newest_schema_version
from soap_service.store import Announcement, NewRequest, Store
from tests.postgres import Postgres, create_database, drop_database

_CALLS = {"sqlite": "write,pwrite64,fdatasync,fsync,ftruncate,unlink", "postgresql": "sendto"}
MOST_POINTS = 400
STARTS, AT_ONCE = 10, 4

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
            store.upgrade()
            _fill(store)
            store.downgrade("0001")
            store.close()
            self._template = str(store.url.database)

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
    store.add_group("G", may_execute=True)
    agent = store.add_agent("ana", "Ana", "hash", ["G"]).id
    service = store.add_service("Falha", "incidente", "G").id
    integration = store.add_integration("pbx", None, None, "127.0.0.0/8").id
    for number in range(100):
        requester = store.add_requester(f"{number:011}", f"Requester {number}").id
        store.open_request(NewRequest(requester, service, "x", "incidente"), agent, f"form:{number}")
        store.announce_call(Announcement(integration, "novaSolicitacao", f"{number:011}", None, "4067"))


def rows_of(store: Store) -> Rows:
    with store.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }


def _upgrade(url: str, *before: str) -> "subprocess.Popen[str]":
    command = [*before, sys.executable, "-B", "-W", "ignore", "-m", "soap_service", "db", "upgrade"]
    settings = {**os.environ, "SOAP_SERVICE_LOG_LEVEL": "info"}
    both = subprocess.STDOUT
    return subprocess.Popen(
        [*command, "--database-url", url], stdout=subprocess.PIPE, stderr=both, text=True, env=settings
    )


def _kills(kind: str, databases: Databases) -> Iterator[str]:
    """Kill an upgrade at one system call after another; give each database that was left, until one got through."""
    for point in range(1, MOST_POINTS):
        url = databases.copy()
        calls = _CALLS[kind]
        strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}"]
        upgrade = _upgrade(url, *strace, "-e", f"inject={calls}:signal=KILL:when={point}")
        upgrade.communicate(timeout=60)
        yield url
        databases.drop(url)
        if upgrade.returncode == 0:
            return
    raise AssertionError("the upgrade was never left alone")


def _judge(url: str, before: str | None, expected: Rows) -> tuple[bool, bool]:
    """Tell whether an upgrade that was killed had come to pass; and whether it went well the second time."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store = Store(url)
    version = store.schema_version()
    assert version in (before, newest_schema_version()), version
    store.upgrade()
    is_well = store.problems() == [] and rows_of(store) == expected
    store.close()
    return version != before, is_well


def main() -> None:
    server = Postgres(is_durable=True)
    for kind in ("sqlite", "postgresql"):
        folder = Path(tempfile.mkdtemp(prefix="soap-faults-"))
        filled = Databases(kind, server, folder, True)
        _kill_everywhere(kind, filled, "0001")
        _kill_everywhere(kind, Databases(kind, server, folder, False), None)
        _start_at_once(kind, filled)
    server.close()


def _kill_everywhere(kind: str, databases: Databases, before: str | None) -> None:
    started = time.monotonic()
    url = databases.copy()
    _upgrade(url).communicate()
    store = Store(url)
    expected = rows_of(store)
    store.close()
    databases.drop(url)
    found = [_judge(url, before, expected) for url in _kills(kind, databases)][:-1]
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
        upgrades = [_upgrade(url) for _ in range(AT_ONCE)]
        said = [upgrade.communicate(timeout=60)[0] for upgrade in upgrades]
        assert [upgrade.returncode for upgrade in upgrades] == [0] * AT_ONCE, said
        migrated.append(len(re.findall("database brought to schema", "".join(said))))
        store = Store(url)
        assert store.problems() == [] and len(rows_of(store)["call"]) == 100
        store.close()
        databases.drop(url)
    print(f"{kind}: {STARTS} times {AT_ONCE} at once: {migrated.count(1)} times exactly one migrated", flush=True)
    assert migrated == [1] * STARTS


if __name__ == "__main__":
    main()
