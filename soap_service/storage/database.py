"""The database behind the store: connections, transactions, its clock and its bell. Knows no table's meaning.

Reads run on autocommit connections; writes in one transaction each, one at a time on SQLite. Driver errors become
domain errors here and nowhere else.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Executable, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from soap_service.errors import DatabaseDamaged, InvalidValue, StoreUnavailable, TransactionLost
from soap_service.rules.documents import mask_documents
from soap_service.storage import sqlite
from soap_service.storage.prepared import Prepared

if TYPE_CHECKING:
    from soap_service.storage import postgresql

log = logging.getLogger(__name__)

_T = TypeVar("_T")

#: How long a change whose fate is not known is looked for again by its key, in seconds.
RESOLVE_SECONDS = 2.0
_DATA_VERSION = text("PRAGMA data_version")
_LOOK = text("SELECT clock_timestamp(), current_setting('transaction_read_only')")


class _Shared:
    """A transaction of several parts on SQLite, each a savepoint in it; `rings` when one wants the bell rung."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.rings = False
        self._driver: Any = connection.connection.dbapi_connection

    @property
    def is_whole(self) -> bool:
        """Whether the transaction is still there: for a full or failing disk SQLite undoes it all itself."""
        return bool(self._driver.in_transaction)

    @contextmanager
    def part(self) -> Iterator[None]:
        if not self.is_whole:
            raise StoreUnavailable  # a savepoint would begin another transaction
        self._driver.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self.is_whole:
                self._driver.execute("ROLLBACK TO part")
            raise
        finally:
            if self.is_whole:
                self._driver.execute("RELEASE part")


class Database:
    """One database: `sqlite:///file` embedded, or `postgresql://user@host/name` shared by many nodes."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_embedded = self.url.get_backend_name() == "sqlite"
        self._lock: sqlite.WriterLock | nullcontext[None] = nullcontext()
        self._ear: postgresql.Ear | None = None
        if self.is_embedded:
            self._lock = sqlite.WriterLock(Path(f"{self.url.database}-writer"))
            # An error's text may reach the log; documents must not.
            self._reader = sqlite.make_engine(self.url, isolation_level="AUTOCOMMIT", hide_parameters=True)
            self._writer = sqlite.make_engine(self.url, hide_parameters=True)
        elif self.url.get_backend_name() == "postgresql":
            from soap_service.storage.postgresql import Server  # who has no use for it does not wait for its driver

            self._server = Server(self.url)
            self._writer = self._server.make_engine(hide_parameters=True)
            self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")  # of the same pool
        else:
            raise InvalidValue("database_url", "it begins with sqlite:/// or postgresql://")
        driver: type[Exception] = self._reader.dialect.loaded_dbapi.Error
        self._errors = (driver, DBAPIError, PoolTimeout)
        self._prepared: dict[Executable, Prepared] = {}
        self._held = threading.local()
        self._connections: set[Connection] = set()
        self._bells: list[Callable[[], None]] = []
        self._name = secrets.token_hex(8)
        self._rings_others = not self.is_embedded
        self._clock: tuple[float, datetime] | None = None

    def close(self) -> None:
        """Close every connection; nothing may be asked at the same time."""
        if self._ear is not None:
            self._ear.end()
            self._ear = None
        for connection in self._connections:
            with suppress(SQLAlchemyError):
                connection.close()
        self._connections.clear()
        self._held = threading.local()
        self._reader.dispose()
        self._writer.dispose()
        if isinstance(self._lock, sqlite.WriterLock):
            self._lock.close()

    def when_rung(self, bell: Callable[[], None]) -> None:
        """Have `bell` called, in any thread, after each commit that the agents' screens wait for.

        On PostgreSQL those of other nodes ring it too; on SQLite `change_marker` tells of them.
        """
        self._bells.append(bell)
        if not self.is_embedded and self._ear is None:
            self._ear = self._server.listen(self._name, self._ring_here)

    def now(self) -> datetime:
        """Return the time by the clock that decides: on PostgreSQL the database's, as it was last looked at."""
        if self._clock is None:
            return datetime.now(UTC)
        then, instant = self._clock
        return instant + timedelta(seconds=time.monotonic() - then)

    def look(self) -> None:
        """Look whether the database is there, can be written, and what time it has; raises StoreUnavailable.

        On SQLite there is nothing to look at.
        """
        if self.is_embedded:
            return
        asked = time.monotonic()
        instant, is_read_only = self.ask(_LOOK)[0]
        answered = time.monotonic()
        if is_read_only == "on":
            log.error("database: it is read-only")
            self._connections.clear()
            self._held = threading.local()  # no thread asks it again
            self._writer.dispose()
            raise StoreUnavailable("it is read-only")
        uncertainty = timedelta(seconds=answered - asked)
        if self._clock is None or abs(self.now() - instant) > uncertainty:
            self._clock = ((asked + answered) / 2, instant)

    def ask(self, statement: Executable, **values: object) -> Sequence[Any]:
        """Return the rows of a prebuilt statement, in one round trip on this thread's own autocommit connection.

        This is the cheap way, for what a call or an event waits for. Raises: StoreUnavailable.
        """
        connection: Connection | None = getattr(self._held, "connection", None)
        try:
            if connection is None:
                connection = self._hold()
            return self._ask(connection, statement, values)
        except self._errors as error:
            failure = self._let_go(connection, error)
            if not isinstance(failure, TransactionLost):
                raise failure from error
        connection = None
        try:  # the connection was a stale one: a question may be asked twice
            connection = self._hold()
            return self._ask(connection, statement, values)
        except self._errors as error:
            raise self._let_go(connection, error) from error

    def _ask(self, connection: Connection, statement: Executable, values: dict[str, object]) -> Sequence[Any]:
        prepared = self._prepare(statement)
        if prepared.is_expanding:
            return connection.execute(statement, values).all()
        return prepared.ask(self._held.cursor, values)

    def _prepare(self, statement: Executable) -> Prepared:
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = self._prepared[statement] = Prepared(statement, self._reader.dialect)
        return prepared

    def _hold(self) -> Connection:
        """Keep a connection, and a cursor of the driver's, for this thread."""
        connection = self._held.connection = self._reader.connect()
        self._connections.add(connection)
        self._held.cursor = connection.connection.cursor()
        return connection

    def _let_go(self, connection: Connection | None, error: Exception) -> StoreUnavailable:
        """Forget this thread's connection and return what its error means."""
        self._held.connection = self._held.cursor = None
        is_gone = False
        if connection is not None:
            self._connections.discard(connection)
            with suppress(SQLAlchemyError):
                is_gone = not self.is_embedded and self._server.forget_if_gone(connection, error)
                connection.close()
        return self._failure(error, is_gone)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session whose every statement stands for itself; what it loads outlives it."""
        with self._as_domain_errors(), Session(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def changing(self, ring: bool = False) -> Iterator[Connection]:
        """Give a connection in one transaction, committed at the end; then ring the bell if asked.

        Raises: StoreUnavailable when the database cannot be written in time; TransactionLost when it is not known
        whether it was, or when another transaction won.
        """
        shared = self._shared
        if shared is not None:
            with self._as_domain_errors(), shared.part():
                yield shared.connection
            shared.rings = shared.rings or ring
            return
        with self._as_domain_errors(), self._lock, self._writer.begin() as connection:
            yield connection
        if ring:
            self.ring()

    @contextmanager
    def writing(self, ring: bool = False) -> Iterator[Session]:
        """Give a session in one transaction; for the rest as `changing`."""
        mode: Any = "conditional_savepoint" if self._shared is None else "create_savepoint"
        with (
            self.changing(ring) as connection,
            Session(connection, expire_on_commit=False, join_transaction_mode=mode) as session,
        ):
            yield session
            session.commit()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Have all that this thread writes meanwhile share one transaction, and its one sync to the disk. SQLite only.

        A part that fails is undone alone. Raises: StoreUnavailable when nothing of it is kept.
        """
        with self._as_domain_errors(), self._lock, self._writer.begin() as connection:
            shared = self._held.shared = _Shared(connection)
            try:
                yield
            finally:
                self._held.shared = None
            if not shared.is_whole:
                raise StoreUnavailable
        if shared.rings:
            self.ring()

    @property
    def _shared(self) -> _Shared | None:
        return getattr(self._held, "shared", None)

    def ask_within(self, connection: Connection, statement: Executable, **values: object) -> Sequence[Any]:
        """Return the rows of a prebuilt statement as `ask` does, within a transaction that `changing` gave.

        Raises: StoreUnavailable, TransactionLost.
        """
        try:
            return self._prepare(statement).ask(connection.connection.cursor(), values)
        except self._errors as error:
            is_gone = not self.is_embedded and self._server.forget_if_gone(connection, error)
            raise self._failure(error, is_gone) from error

    def insert_into(self, table: type[DeclarativeBase]) -> Any:
        """Return an INSERT that can say what happens ON CONFLICT, in the words of this database."""
        if self.is_embedded:
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
        return insert(table)

    def resolving(self, work: Callable[[], _T]) -> _T:
        """Return what `work` does in a transaction; do it again when another was faster or its fate is not known.

        For what a unique key makes the same however often it is done: the second time finds what the first has left.
        """
        deadline = time.monotonic() + RESOLVE_SECONDS
        is_lost, races = False, 0
        while True:
            try:
                return work()
            except IntegrityError:  # another node was faster: now it is there to be found
                races += 1
                if races > 3:
                    raise
            except StoreUnavailable as error:
                is_lost = is_lost or isinstance(error, TransactionLost)
                if not is_lost or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def ring(self) -> None:
        """Wake whoever waits for changes, here and on other nodes. A bell that cannot be rung is no failure."""
        self._ring_here()
        if self._rings_others:
            with suppress(DBAPIError, PoolTimeout), self._reader.connect() as connection:
                self._rings_others = self._server.ring(connection, self._name)  # else others look every second

    def _ring_here(self) -> None:
        for bell in self._bells:
            bell()

    def change_marker(self) -> int:
        """Return a number that differs after any other connection has committed (`PRAGMA data_version`), else 0."""
        if not self.is_embedded:
            return 0
        return int(self.ask(_DATA_VERSION)[0][0])

    def _failure(self, error: Exception, is_gone: bool = False) -> StoreUnavailable:
        """Return the domain's word for a driver's error, with the driver's own, and log those."""
        original = getattr(error, "orig", error)
        # The lines after the first may tell what is in a row.
        reason = mask_documents(str(original).strip().partition("\n")[0])
        if self.url.password:
            reason = reason.replace(str(self.url.password), "***")
        log.error("database: %s", reason)
        if self.is_embedded and sqlite.is_damage(original):
            return DatabaseDamaged(reason)
        is_lost = is_gone or getattr(error, "connection_invalidated", False)
        is_lost = is_lost or (not self.is_embedded and self._server.is_lost_to_another(original))
        return TransactionLost(reason) if is_lost else StoreUnavailable(reason)

    @contextmanager
    def _as_domain_errors(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise  # a unique key did its work: the method that wrote knows what it means
        except (*self._errors, OSError) as error:
            raise self._failure(error) from error
