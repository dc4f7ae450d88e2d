"""The database behind the store: connections, transactions, migrations. Knows no table's meaning.

Reads run on autocommit connections; writes in one transaction each, one at a time on SQLite. Driver errors become
domain errors here and nowhere else.
"""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Executable, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from soap_service.errors import InvalidValue, StoreUnavailable
from soap_service.storage.prepared import Prepared

log = logging.getLogger(__name__)

#: How long a transaction waits for another writer, in seconds.
BUSY_SECONDS = 5.0
_DATA_VERSION = text("PRAGMA data_version")
_MIGRATIONS = Path(__file__).parent.parent / "migrations"


class Database:
    """One database: `sqlite:///file` embedded, in WAL mode with every commit synced to the disk."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_embedded = self.url.get_backend_name() == "sqlite"
        self._lock = _WriterLock(Path(f"{self.url.database}-writer")) if self.is_embedded else None
        self._reader = self._engine(isolation_level="AUTOCOMMIT")
        self._writer = self._engine()
        self._driver_error: type[Exception] = self._reader.dialect.loaded_dbapi.Error
        self._prepared: dict[Executable, Prepared] = {}
        self._held = threading.local()
        self._connections: set[Connection] = set()
        self._bells: list[Callable[[], None]] = []

    def _engine(self, **options: Any) -> Engine:
        options["hide_parameters"] = True  # an error's text may reach the log; documents must not
        if not self.is_embedded:
            return create_engine(self.url, **options)
        engine = create_engine(self.url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        if "isolation_level" not in options:
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine

    def close(self) -> None:
        """Close every connection; nothing may be asked at the same time."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._held = threading.local()
        self._reader.dispose()
        self._writer.dispose()
        if self._lock is not None:
            self._lock.close()

    def when_rung(self, bell: Callable[[], None]) -> None:
        """Have `bell` called after each commit that the agents' screens wait for, in the committing thread."""
        self._bells.append(bell)

    def ask(self, statement: Executable, **values: object) -> Sequence[Any]:
        """Return the rows of a prebuilt statement, in one round trip on this thread's own autocommit connection.

        This is the cheap way, for what a call or an event waits for. Raises: StoreUnavailable.
        """
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = self._prepared[statement] = Prepared(statement, self._reader.dialect)
        connection: Connection | None = getattr(self._held, "connection", None)
        try:
            if connection is None:
                connection = self._hold()
            return prepared.ask(self._held.cursor, values)
        except (self._driver_error, DBAPIError, PoolTimeout) as error:
            if connection is not None:
                self._held.connection = None
                self._connections.discard(connection)
                connection.close()
            log.error("database: %s", getattr(error, "orig", error))
            raise StoreUnavailable from error

    def _hold(self) -> Connection:
        """Keep a connection, and a cursor of the driver's, for this thread."""
        connection = self._held.connection = self._reader.connect()
        self._connections.add(connection)
        self._held.cursor = connection.connection.cursor()
        return connection

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session whose every statement stands for itself; what it loads outlives it."""
        with _as_domain_errors(), Session(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self, ring: bool = False) -> Iterator[Session]:
        """Give a session in one transaction, committed at the end; then ring the bell if asked.

        Raises: StoreUnavailable when the database cannot be written within `BUSY_SECONDS`.
        """
        sessions = sessionmaker(self._writer, expire_on_commit=False)
        with _as_domain_errors(), self._lock or _NO_LOCK, sessions.begin() as session:
            yield session
        if ring:
            for bell in self._bells:
                bell()

    def change_marker(self) -> int:
        """Return a number that differs after any other connection has committed (`PRAGMA data_version`), else 0."""
        if not self.is_embedded:
            return 0
        return int(self.ask(_DATA_VERSION)[0][0])

    def is_ready(self) -> bool:
        """Tell whether the database answers and has the schema of this program."""
        try:
            return self.schema_version() == newest_schema_version()
        except StoreUnavailable:
            return False

    def schema_version(self) -> str | None:
        """Return the migration that the database stands at; None for an empty one."""
        with self.reading() as session:
            if not session.connection().dialect.has_table(session.connection(), "alembic_version"):
                return None
            return session.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()

    def upgrade(self) -> None:
        """Bring the database up to the schema of this program; does nothing where it already is."""
        if self.is_embedded and self.url.database:
            with _as_domain_errors():
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        version = self.schema_version()
        if version == newest_schema_version():
            return
        if version is not None and version > newest_schema_version():
            raise InvalidValue(
                "database_url", f"the database is newer ({version}) than this program; upgrade the program"
            )
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        with _as_domain_errors(), self._lock or _NO_LOCK, self._writer.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        log.info("database brought up to schema %s", newest_schema_version())


def newest_schema_version() -> str:
    """Return the name of the newest migration: the first four characters of its file, in order."""
    return max(file.name[:4] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


class _WriterLock:
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
            raise StoreUnavailable
        try:
            if self._file < 0:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            while not self._locked():
                if time.monotonic() > deadline:
                    raise StoreUnavailable
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


class _NoLock:
    """A server database keeps its writers apart itself."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


_NO_LOCK = _NoLock()


@contextmanager
def _as_domain_errors() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise  # a unique key did its work: the method that wrote knows what it means
    except (DBAPIError, PoolTimeout, OSError) as error:
        log.error("database: %s", getattr(error, "orig", error))
        raise StoreUnavailable from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Set what holds for every SQLite connection; transactions are begun by us, not by the driver."""
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={int(BUSY_SECONDS * 1000)}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
