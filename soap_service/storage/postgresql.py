"""PostgreSQL over a network: how connections are made and bounded, and the bell that it rings. Knows no table.

Everything here has an end: a connection attempt, a statement, an answer that does not come. A database that is gone is
told at once to whoever asks next, and looked for again shortly after.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from soap_service.errors import InvalidValue

log = logging.getLogger(__name__)

#: A statement that takes longer is ended by the server; an answer that takes longer is no longer waited for.
STATEMENT_SECONDS = 2.0
ANSWER_SECONDS = 2.5
#: After a connection could not be made, the next attempt waits this long and everybody is told at once meanwhile.
RETRY_SECONDS = 0.25
#: Connections of one process; more callers than that wait, for `POOL_SECONDS` at most.
POOL_SIZE = 40
POOL_SECONDS = 1.0
CHANNEL = "soap_service"
_RING = text("SELECT pg_notify(:channel, :name)").bindparams(channel=CHANNEL)

_SESSION = {
    "timezone": "UTC",
    "statement_timeout": f"{STATEMENT_SECONDS:.0f}s",
    "lock_timeout": f"{STATEMENT_SECONDS:.0f}s",
    "idle_in_transaction_session_timeout": "10s",
}
_NETWORK: dict[str, Any] = {
    "connect_timeout": 2,
    "target_session_attrs": "read-write",  # of several hosts, the one that is primary; a standby counts as gone
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 3000,
    "application_name": "soap-service",
}
#: Two transactions met and the database ended one of them: serialisation failure, deadlock.
_LOST_TO_ANOTHER = ("40001", "40P01")
_NO_SUCH_FUNCTION = "42883"
#: What a database says of itself when it is no longer the one to write to.
_READ_ONLY = "25006"
_NOT_UTF8 = (
    "the database's encoding is {}, which has not every letter; make one with "
    "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
)
#: Under which name the pool keeps when a connection was made.
_MADE_AT = "made_at"


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that closes itself when an answer takes longer than `answer_seconds`; None waits for ever."""

    answer_seconds: float | None = ANSWER_SECONDS

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for what the driver waits for, but not longer; raises OperationalError."""
        if timeout is not None or self.answer_seconds is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_seconds)
        except errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError("the database did not answer in time") from None


class Server:
    """A PostgreSQL server, or a cluster of which one is primary: makes connections, remembers that it is gone."""

    def __init__(self, url: URL) -> None:
        self.url = url.set(drivername="postgresql+psycopg")
        self._retry_at = 0.0
        self._gone_at = 0.0

    def make_engine(self, **options: Any) -> Engine:
        """Return an engine whose connections are bounded, and forgotten once the database turns read-only."""
        engine = create_engine(
            self.url, pool_size=POOL_SIZE, max_overflow=0, pool_timeout=POOL_SECONDS, pool_use_lifo=True, **options
        )
        event.listen(engine, "do_connect", lambda _dialect, _record, cargs, cparams: self._connect(*cargs, **cparams))
        event.listen(engine, "handle_error", _forget_read_only)
        event.listen(engine, "connect", _note_age)
        event.listen(engine, "checkout", self._refuse_stale)
        return engine

    def forget_if_gone(self, connection: Connection, error: Exception) -> bool:
        """Drop a connection whose driver has told that its server is gone, and all others; tell whether it was so.

        What SQLAlchemy does itself for a statement that goes through it, here for one that went through the driver.
        """
        if connection.invalidated or not isinstance(error, psycopg.Error):
            return False
        driver: Any = connection.connection.dbapi_connection
        dialect: Any = connection.dialect
        if _sqlstate_of(error) != _READ_ONLY and not dialect.is_disconnect(error, driver, None):
            return False
        if connection.info[_MADE_AT] > self._gone_at:  # else another thread has told of the same end
            self._gone_at = time.monotonic()
        connection.invalidate(error)
        return True

    def listen(self, own_name: str, hear: Callable[[], None]) -> "Ear":
        """Have `hear` called at every ring of a process that is not called `own_name`, until the ear is ended."""
        ear = Ear(self, own_name, hear)
        ear.start()
        return ear

    def ring(self, connection: Connection, own_name: str) -> bool:
        """Ring the bell of every process; False on an engine that has none. Raises: DBAPIError."""
        try:
            connection.execute(_RING, {"name": own_name})
        except DBAPIError as error:
            if _sqlstate_of(error.orig) != _NO_SUCH_FUNCTION:
                raise
            return False
        return True

    def is_lost_to_another(self, error: BaseException) -> bool:
        """Tell whether a driver's error says that two transactions met and another one won."""
        return _sqlstate_of(error) in _LOST_TO_ANOTHER

    def _refuse_stale(self, _driver: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        """Have the pool make a connection anew when it was made before its server was gone."""
        if record.info[_MADE_AT] <= self._gone_at:
            raise DisconnectionError

    def connect(self) -> BoundedConnection:
        """Return a connection of its own in autocommit mode; raises OperationalError, InvalidValue."""
        dialect = self.url.get_dialect()()
        arguments, named = dialect.create_connect_args(self.url)
        connection = self._connect(*arguments, **named)
        connection.autocommit = True
        return connection

    def _connect(self, *arguments: Any, **named: Any) -> BoundedConnection:
        if time.monotonic() < self._retry_at:
            raise psycopg.OperationalError("the database is gone; looked for a moment ago")
        session = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
        named["options"] = f"{session} {named.get('options', '')}".strip()
        try:
            connection = BoundedConnection.connect(*arguments, **{**_NETWORK, **named})
        except psycopg.OperationalError:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            raise
        encoding = connection.info.parameter_status("server_encoding")  # told by the server, not asked for
        if encoding not in (None, "UTF8"):  # an engine that is PostgreSQL's kin may not tell
            connection.close()
            raise InvalidValue("database_url", _NOT_UTF8.format(encoding))
        return connection


def _forget_read_only(context: ExceptionContext) -> None:
    """Drop every connection to a primary that became a standby: the one to write to is elsewhere."""
    if _sqlstate_of(context.original_exception) == _READ_ONLY:
        context.is_disconnect = True


def _note_age(_driver: object, record: ConnectionPoolEntry) -> None:
    record.info[_MADE_AT] = time.monotonic()


def _sqlstate_of(error: BaseException | None) -> str:
    """Return the five characters by which PostgreSQL names an error; empty when it is none of its."""
    return getattr(error, "sqlstate", None) or ""


class Ear(threading.Thread):
    """Listen on a connection of its own and call `hear` at every ring of another process, and after every reconnect.

    A ring may be lost: whoever listens also looks from time to time.
    """

    def __init__(self, server: Server, own_name: str, hear: Callable[[], None]) -> None:
        super().__init__(name="bell", daemon=True)
        self._server = server
        self._own_name = own_name
        self._hear = hear
        self._is_ending = threading.Event()

    def end(self) -> None:
        """Stop listening and wait for it."""
        self._is_ending.set()
        self.join()

    def run(self) -> None:
        """Listen until told to end, however often the connection breaks."""
        while not self._is_ending.is_set():
            try:
                self._listen()
            except psycopg.errors.FeatureNotSupported:
                log.info("this database rings no bell; calls of other nodes are found by looking every second")
                return
            except psycopg.Error as error:
                log.warning("bell: %s", str(error).partition("\n")[0])
                self._is_ending.wait(1.0)

    def _listen(self) -> None:
        connection = self._server.connect()
        try:
            connection.execute(f"LISTEN {CHANNEL}")
            self._hear()
            while not self._is_ending.is_set():
                for notification in connection.notifies(timeout=0.25):
                    if notification.payload != self._own_name:
                        self._hear()
        finally:
            connection.close()
