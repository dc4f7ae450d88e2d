"""SQLite, embedded: how its connections are made, its writers kept apart, and what it is told in words of its own."""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Column, Connection, Engine, create_engine, event, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import DeclarativeBase

from soap_service.errors import DatabaseDamaged, StoreUnavailable
from soap_service.storage.backend import Backend, Fetch, Link, Question, Row, Traits
from soap_service.storage.full_text import find_in_sqlite
from soap_service.storage.held import HeldConnections, OneForEachThread
from soap_service.turns import Turns

#: How long a transaction waits for another writer, in seconds.
BUSY_SECONDS = 5.0
_TRAITS = Traits(
    reads_inline=True,
    writers=1,
    poll_seconds=0.1,
    commit_lag=timedelta(seconds=5),
    import_seconds=0.025,  # nobody else writes
    counts_written_numbers=True,
    notifies_processes=False,
)
_DATA_VERSION = text("PRAGMA data_version")
_LAST_NUMBER = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
_ADVANCE = text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name AND seq < :last")
_BEGIN_NUMBERS = text(
    "INSERT INTO sqlite_sequence (name, seq) SELECT :name, :last "
    "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = :name)"
)
#: 64 MiB of pages for a connection that imports; the default is 2.
_IMPORT_CACHE = "PRAGMA cache_size=-65536"
_UNBOUNDED = nullcontext()
_HELD = f"another writer holds it for more than {BUSY_SECONDS:.0f} s"


#: Words are merged out of the index in pieces of so many pages.
_PAGES_AT_ONCE = 200
_CHECKPOINT_TRIES = 3
_CHANGES = text("SELECT total_changes()")
_MERGE = text("INSERT INTO fulltext_words (fulltext_words, rank) VALUES ('merge', :pages)")


class SqliteBackend(Backend):
    """An SQLite file of this machine."""

    traits = _TRAITS

    def __init__(self, url: URL) -> None:
        self.file = Path(url.database) if url.database else None
        self.lock = self._lock = WriterLock(Path(f"{url.database}-writer"))
        # An error's text may reach the log; documents must not.
        self.reader = make_engine(url, isolation_level="AUTOCOMMIT", hide_parameters=True)
        self.writer = self.direct = make_engine(url, hide_parameters=True)

    def close(self) -> None:  # noqa: D102
        self.reader.dispose()
        self.writer.dispose()
        self._lock.close()

    def write_in_turn(self, turns: Turns) -> None:  # noqa: D102
        self._lock.turns = turns

    def check_address(self) -> None:
        """Do nothing: nothing lies before a file."""

    def hold_connections(self) -> HeldConnections:  # noqa: D102
        return OneForEachThread(self.reader)

    def give_way(self) -> None:
        """Do nothing: there are as many connections as threads."""

    def share(self) -> AbstractContextManager[None]:  # noqa: D102
        return _UNBOUNDED

    def direct_share(self) -> AbstractContextManager[None]:  # noqa: D102
        return _UNBOUNDED

    def read_clock(self, fetch: Fetch) -> datetime | None:  # noqa: D102
        return None

    def failure_of(self, error: BaseException) -> type[StoreUnavailable]:  # noqa: D102
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # what is above is the kind of damage
        is_damaged = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        return DatabaseDamaged if is_damaged else StoreUnavailable

    def drop_if_gone(self, connection: Connection, error: Exception) -> bool:  # noqa: D102
        return False

    def listen(self, on_notification: Callable[[], None]) -> Link | None:
        """Return None: no other process can call; `change_marker` tells of their commits."""

    def notify_others(self, fetch: Fetch) -> None:
        """Do nothing: the others look at their `change_marker`."""

    def change_marker(self, fetch: Fetch) -> int:  # noqa: D102
        return int(fetch(_DATA_VERSION)[0][0])

    def insert_into(self, table: type[DeclarativeBase]) -> Any:  # noqa: D102
        return insert(table)

    def pipelined(self, connection: Connection) -> AbstractContextManager[None]:
        """Do nothing: a statement is a function call, and who waits holds `lock`."""
        return nullcontext()

    def fetch_each(self, cursor: Any, statement: str, values: Sequence[Any]) -> list[list[Row]]:  # noqa: D102
        return [cursor.execute(statement, one).fetchall() for one in values]

    def insert_rows(  # noqa: D102
        self, connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Row]
    ) -> None:
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names of ours
        cursor: Any = connection.connection.cursor()  # of sqlite3: it takes an iterator
        cursor.executemany(statement, rows)

    def find_words(self, fetch: Fetch, words: Sequence[str], highest: int, most: int) -> Sequence[Any]:  # noqa: D102
        return find_in_sqlite(fetch, words, highest, most)

    def compact_words(self, connection: Connection, is_first: bool) -> bool:  # noqa: D102
        before = connection.scalar(_CHANGES)
        connection.execute(_MERGE, {"pages": -_PAGES_AT_ONCE if is_first else _PAGES_AT_ONCE})
        return bool(connection.scalar(_CHANGES) - before < 2)  # Source: SQLite, FTS5, the 'merge' command

    def forget_removed(self) -> None:  # noqa: D102
        with self.lock, self.reader.connect() as connection:
            for _ in range(_CHECKPOINT_TRIES):
                is_busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
                if not is_busy:
                    break

    def open_links(self, count: int) -> list[Link]:  # noqa: D102
        return []

    def bounds_on_link(self) -> tuple[list[Question], list[Question]]:
        """Return nothing: there is no link."""
        return [], []

    def begin_migration(self, connection: Connection) -> None:
        """Do nothing: whoever migrates holds `lock`."""

    def begin_long_work(self, connection: Connection) -> None:
        """Do nothing: no statement is bounded."""

    def begin_import(self, connection: Connection) -> None:  # noqa: D102
        connection.exec_driver_sql(_IMPORT_CACHE).close()

    def begin_snapshot(self, connection: Connection) -> None:
        """Do nothing: every transaction reads of one instant."""

    def problems(self, connection: Connection) -> list[str]:  # noqa: D102
        found: list[str] = []
        for pragma in ("quick_check", "foreign_key_check"):
            rows = connection.exec_driver_sql(f"PRAGMA {pragma}").all()
            said = [" ".join(map(str, row)).replace("\n", " ") for row in rows if tuple(row) != ("ok",)]
            found += [f"it is damaged: {pragma}: {one}" for one in said]
        return found

    def last_number(self, connection: Connection, column: Column[int]) -> int:  # noqa: D102
        return int(connection.scalar(_LAST_NUMBER, {"name": column.table.name}) or 0)

    def advance_number(self, connection: Connection, column: Column[int], last: int) -> None:  # noqa: D102
        given = {"name": column.table.name, "last": last}
        connection.execute(_ADVANCE, given)
        connection.execute(_BEGIN_NUMBERS, given)


def make_engine(url: URL, **options: Any) -> Engine:
    """Return an engine in WAL mode with every commit synced to the disk; without AUTOCOMMIT it begins IMMEDIATE.

    It has as many connections as are asked for: each thread keeps one, and it is a file's handle.
    """
    if url.database:
        options["max_overflow"] = -1
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **options)
    event.listen(engine, "connect", _prepare)
    if "isolation_level" not in options:
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def make_file(file: Path) -> None:
    """Make an empty database, and the folders above it, for their owner alone; leave those there are as they are.

    Its `-wal` and `-shm` take its rights. Raises: OSError.
    """
    for folder in reversed(file.absolute().parents):
        if not folder.exists():
            folder.mkdir(0o700, exist_ok=True)  # another node may make it at the same time
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _prepare(connection: Any, _record: object) -> None:
    """Set what holds for every connection; transactions are begun by us, not by the driver."""
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",  # as Debian's SQLite has it: what was erased is not left in the file
        f"busy_timeout={int(BUSY_SECONDS * 1000)}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


class WriterLock:
    """One writer and one checkpointer at a time, among threads and processes, by a lock file beside the database.

    SQLite alone allows a checkpoint beside a commit, which versions before 3.51.3 can get wrong (the WAL-reset bug).
    The kernel frees it when its process ends, however that ends.

    Who waits looks every 2 ms. Whoever has just written would have the lock again before another has looked: workers of
    one service take `turns`, and each wakes the next.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._file = -1
        self.turns: Turns | None = None

    def __enter__(self) -> None:
        deadline = time.monotonic() + BUSY_SECONDS
        if not self._threads.acquire(timeout=BUSY_SECONDS):
            raise StoreUnavailable(_HELD)
        try:
            if self._file < 0:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if self.turns is None:
                self._lock(deadline)
            else:
                self._lock_in_turn(self.turns, deadline)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        if self.turns is not None:
            self.turns.pass_on()
        self._threads.release()

    def close(self) -> None:
        """Close the lock file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _lock(self, deadline: float) -> None:
        while not self._locked():
            if time.monotonic() > deadline:
                raise StoreUnavailable(_HELD)
            time.sleep(0.002)

    def _lock_in_turn(self, turns: Turns, deadline: float) -> None:
        turns.begin()
        try:
            while not (turns.is_mine() and self._locked()):
                if time.monotonic() > deadline:
                    raise StoreUnavailable(_HELD)
                turns.wait()
        finally:
            turns.end()

    def _locked(self) -> bool:
        with suppress(BlockingIOError):
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False
