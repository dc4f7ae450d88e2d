"""SQLite, embedded: how its connections are made and its writers kept apart. Knows no table."""

import fcntl
import os
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event

from soap_service.errors import StoreUnavailable

#: How long a transaction waits for another writer, in seconds.
BUSY_SECONDS = 5.0
_HELD = f"another writer holds it for more than {BUSY_SECONDS:.0f} s"


def make_engine(url: URL, **options: Any) -> Engine:
    """Return an engine in WAL mode with every commit synced to the disk; without AUTOCOMMIT it begins IMMEDIATE."""
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
        f"busy_timeout={int(BUSY_SECONDS * 1000)}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def is_damage(error: BaseException) -> bool:
    """Tell whether a driver's error says that the file is malformed, or is no database."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # what is above is the kind of damage
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class WriterLock:
    """One writer and one checkpointer at a time, among threads and processes, by a lock file beside the database.

    SQLite alone allows a checkpoint beside a commit, which versions before 3.51.3 can get wrong (the WAL-reset bug).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._file = -1

    def __enter__(self) -> None:
        deadline = time.monotonic() + BUSY_SECONDS
        if not self._threads.acquire(timeout=BUSY_SECONDS):
            raise StoreUnavailable(_HELD)
        try:
            if self._file < 0:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            while not self._locked():
                if time.monotonic() > deadline:
                    raise StoreUnavailable(_HELD)
                time.sleep(0.002)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Close the lock file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _locked(self) -> bool:
        with suppress(BlockingIOError):
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False
