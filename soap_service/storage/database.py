"""The database behind the store: connections, transactions, its clock, its notifications. Knows no table's meaning.

Reads run on autocommit connections; writes in one transaction each, one at a time on SQLite. Driver errors become
domain errors here and nowhere else.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Executable, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from soap_service.errors import InputRefused, StoreUnavailable, TransactionLost
from soap_service.rules.documents import mask_documents
from soap_service.storage.backend import Backend
from soap_service.storage.held import Held
from soap_service.storage.prepared import Prepared
from soap_service.storage.sqlite import SqliteBackend

log = logging.getLogger(__name__)

_T = TypeVar("_T")

#: How long a change whose outcome is not known is looked for again by its key, in seconds.
RETRY_SECONDS = 2.0
#: How often work may find that another was faster, beside once for each of its keys.
_MOST_RACES = 2


class Database:
    """One database: `sqlite:///file` embedded, or `postgresql://user@host/name` shared by many nodes."""

    def __init__(self, url: str, direct_url: str = "") -> None:
        self.url, direct = make_url(url), make_url(direct_url or url)
        self.backend = _open_backend(self.url, direct if direct_url else None)
        self._passwords = {str(one.password) for one in (self.url, direct) if one.password}
        self.lock, self.reader, self.writer = self.backend.lock, self.backend.reader, self.backend.writer
        driver: Any = self.reader.dialect.loaded_dbapi
        any_error: type[Exception] = driver.Error
        self.errors = (any_error, DBAPIError, PoolTimeout)
        self._integrity_error: type[Exception] = driver.IntegrityError
        self._prepared: dict[Executable, Prepared] = {}
        self._held = self.backend.hold_connections()
        self._subscribers: list[Callable[[], None]] = []
        self._clock: tuple[float, datetime] | None = None

    def close(self) -> None:
        """Close every connection; nothing may be asked at the same time."""
        self._held.close()
        self.backend.close()

    def give_way(self) -> None:
        """Have what this thread does from now on leave some connections to calls, however long it takes."""
        self.backend.give_way()

    def subscribe(self, on_change: Callable[[], None]) -> None:
        """Have `on_change` called, in any thread, after each commit here that the agents' screens wait for.

        Of others' tells `Backend.listen`, and `change_marker`.
        """
        self._subscribers.append(on_change)

    def now(self) -> datetime:
        """Return the time by the clock that decides: on PostgreSQL the database's, as it was at the last `check`."""
        if self._clock is None:
            return datetime.now(UTC)
        then, instant = self._clock
        return instant + timedelta(seconds=time.monotonic() - then)

    def check(self) -> None:
        """Check that the database is there, can be written, and what time it has; raises StoreUnavailable."""
        asked = time.monotonic()
        instant = self.backend.read_clock(self.fetch)
        if instant is None:
            return
        answered = time.monotonic()
        uncertainty = timedelta(seconds=answered - asked)
        if self._clock is None or abs(self.now() - instant) > uncertainty:
            self._clock = ((asked + answered) / 2, instant)

    def fetch(self, statement: Executable, **values: object) -> Sequence[Any]:
        """Return the rows of a prebuilt statement, in one round trip on an autocommit connection that is held open.

        This is the cheap way, for what a call or an event waits for: a look-up by index. On a server few connections
        are held for it, so what may take longer is asked by `query`. Raises: StoreUnavailable.
        """
        try:
            held = self._held.take()
        except PoolTimeout as error:
            raise self.failure(error) from error
        try:
            try:
                if held is None:
                    held = self._held.open()
                return self.prepare(statement).fetch(held.cursor, values)
            except self.errors as error:
                failure, held = self._let_go(held, error), None
                if not isinstance(failure, TransactionLost):
                    raise failure from error
            try:  # the connection was a stale one: a question may be asked twice
                held = self._held.open()
                return self.prepare(statement).fetch(held.cursor, values)
            except self.errors as error:
                failure, held = self._let_go(held, error), None
                raise failure from error
        finally:
            self._held.give_back(held)

    def _let_go(self, held: Held | None, error: Exception) -> StoreUnavailable:
        """Drop a connection and return what its error means."""
        is_gone = False
        if held is not None:
            with suppress(SQLAlchemyError):
                is_gone = self.backend.drop_if_gone(held.connection, error)
            self._held.drop(held)
        return self.failure(error, is_gone)

    def query(self, statement: Executable, **values: object) -> Sequence[Any]:
        """Return the rows of a statement that may take as long as any; for the rest as `fetch`."""

        def ask() -> Sequence[Any]:
            with self.reading() as session:
                return session.execute(statement, values).all()

        return self.retrying(ask)

    def prepare(self, statement: Executable) -> Prepared:
        """Return a prebuilt statement as the driver takes it."""
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = self._prepared[statement] = Prepared(statement, self.reader.dialect)
        return prepared

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session whose every statement stands for itself; what it loads outlives it."""
        with self.as_domain_errors(), self.backend.share(), Session(self.reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Give a session that sees one moment of the database, however long it reads; no writer waits for it."""
        with self.as_domain_errors(), self.backend.share(), Session(self.reader, expire_on_commit=False) as session:
            connection = session.connection()
            connection.exec_driver_sql("BEGIN").close()
            self.backend.begin_snapshot(connection)
            try:
                yield session
            finally:
                connection.exec_driver_sql("ROLLBACK").close()

    @contextmanager
    def transaction(self, notifies: bool = False) -> Iterator[Connection]:
        """Give a connection in one transaction, committed at the end; then notify subscribers if asked.

        Raises: StoreUnavailable when the database cannot be written in time; TransactionLost when it is not known
        whether it was, or when another transaction won.
        """
        with self.as_domain_errors(), self.lock, self.backend.share(), self.writer.begin() as connection:
            yield connection
        if notifies:
            self.notify()

    @contextmanager
    def pipelined(self) -> Iterator[Connection]:
        """Give a connection for `fetch_each` in one transaction; then notify. For the rest as `transaction`."""
        share = self.backend.direct_share()
        with self.as_domain_errors(), self.lock, share, self.backend.direct.connect() as connection:
            try:
                with self.backend.pipelined(connection), connection.begin():
                    yield connection
            except self.errors as error:
                is_gone = self.backend.drop_if_gone(connection, error)
                raise self.failure(error, is_gone) from error
        self.notify()

    @contextmanager
    def writing(self, notifies: bool = False) -> Iterator[Session]:
        """Give a session in one transaction; for the rest as `transaction`."""
        with self.transaction(notifies) as connection, Session(connection, expire_on_commit=False) as session:
            yield session
            session.commit()

    def forget_removed(self) -> None:
        """Have nothing left beside the rows of what is in no row any more, if that can be."""
        with suppress(StoreUnavailable), self.as_domain_errors():
            self.backend.forget_removed()

    def fetch_each(
        self, connection: Connection, statement: Executable, values: Sequence[dict[str, Any]]
    ) -> Sequence[Sequence[Any]]:
        """Return the rows of a prebuilt statement for each of many values, within a transaction that is `pipelined`.

        Raises: StoreUnavailable, TransactionLost.
        """
        if not values:
            return []
        try:
            cursor = connection.connection.cursor()
            return self.prepare(statement).fetch_each(cursor, self.backend.fetch_each, values)
        except self.errors as error:
            is_gone = self.backend.drop_if_gone(connection, error)
            raise self.failure(error, is_gone) from error

    def insert_into(self, table: type[DeclarativeBase]) -> Any:
        """Return an INSERT that can say what happens ON CONFLICT, in the words of this database."""
        return self.backend.insert_into(table)

    def insert_rows(
        self, connection: Connection, table: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Insert many rows, all with the same columns, within a transaction, without SQLAlchemy's work for each.

        Columns that no row names get what the database gives them. Raises: IntegrityError, StoreUnavailable.
        """
        if not rows:
            return
        columns, dialect = list(rows[0]), self.writer.dialect
        told = [table.__table__.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns]
        sent = (
            [
                value if to_driver is None else to_driver(value)
                for to_driver, value in zip(told, row.values(), strict=True)
            ]
            for row in rows
        )
        try:
            self.backend.insert_rows(connection, table.__tablename__, columns, sent)
        except self._integrity_error as error:
            raise IntegrityError(None, None, error) from error
        except self.errors as error:
            is_gone = self.backend.drop_if_gone(connection, error)
            raise self.failure(error, is_gone) from error

    def find_words(self, words: Sequence[str], highest: int, most: int) -> Sequence[Any]:
        """Return number and subject of the newest requests, up to a number, that have all these words."""
        return self.backend.find_words(self.query, words, highest, most)

    def retrying(self, work: Callable[[], _T], keys: int = 1) -> _T:
        """Return what `work` does in a transaction; do it again when another was faster or its outcome is not known.

        For what unique keys make the same however often it is done: the second time finds what the first has left. Work
        with many keys may lose a race for each of them.
        """
        deadline = time.monotonic() + RETRY_SECONDS
        is_lost, races = False, 0
        while True:
            try:
                return work()
            except IntegrityError:  # another node was faster: now it is there to be found
                races += 1
                if races > _MOST_RACES + keys:
                    raise
            except StoreUnavailable as error:
                is_lost = is_lost or isinstance(error, TransactionLost)
                if not is_lost or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def notify(self) -> None:
        """Notify whoever waits for changes, here and on other nodes. One that cannot be sent is no failure."""
        self.notify_here()
        self.backend.notify_others(self.fetch)

    def notify_here(self) -> None:
        """Notify whoever waits for changes in this process."""
        for on_change in self._subscribers:
            on_change()

    def change_marker(self) -> int:
        """Return a number that is another one when other processes may have committed."""
        return self.backend.change_marker(self.fetch)

    def failure(self, error: Exception, is_gone: bool = False) -> StoreUnavailable:
        """Return the domain's word for a driver's error, with the driver's own, and log those."""
        original = getattr(error, "orig", error)
        # The lines after the first may tell what is in a row.
        reason = mask_documents(str(original).strip().partition("\n")[0])
        for password in self._passwords:
            reason = reason.replace(password, "***")
        log.error("database: %s", reason)
        if is_gone or getattr(error, "connection_invalidated", False):
            return TransactionLost(reason)
        return self.backend.failure_of(original)(reason)

    @contextmanager
    def as_domain_errors(self) -> Iterator[None]:
        """Have errors of the driver and of files leave as StoreUnavailable; IntegrityError stays what it is."""
        try:
            yield
        except IntegrityError:
            raise  # a unique key did its work: the method that wrote knows what it means
        except (*self.errors, OSError) as error:
            raise self.failure(error) from error


def _open_backend(url: URL, direct_url: URL | None) -> Backend:
    """Return the backend of a URL; raises InputRefused for one of no kind we know."""
    match url.get_backend_name():
        case "sqlite":
            return SqliteBackend(url)
        case "postgresql":
            from soap_service.storage.postgresql import PostgresqlBackend  # others do not wait for its driver

            return PostgresqlBackend(url, direct_url)
        case _:
            raise InputRefused("database_url", "it begins with sqlite:/// or postgresql://")
