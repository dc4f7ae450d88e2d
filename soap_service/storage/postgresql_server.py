"""Connections to a PostgreSQL server: bounded, and forgotten when it is gone.

Everything here has an end: a connection attempt, a statement, an answer that does not come. A database that is gone is
told at once to whoever asks next, and looked for again shortly after.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from soap_service.errors import InputRefused

log = logging.getLogger(__name__)
#: It warns of what its own error tells: a pipeline whose connection is gone.
logging.getLogger("psycopg").setLevel(logging.ERROR)

#: A statement that takes longer is ended by the server; an answer that takes longer is no longer waited for.
STATEMENT_SECONDS = 2.0
ANSWER_SECONDS = 2.5
#: After a connection could not be made, the next attempt waits this long and everybody is told at once meanwhile.
RETRY_SECONDS = 0.25
#: Who finds no connection free waits so long at most.
POOL_SECONDS = 2.0
CHANNEL = "soap_service"
_PORT = 5432

_SESSION = {
    "timezone": "UTC",
    "statement_timeout": f"{STATEMENT_SECONDS:.0f}s",
    "lock_timeout": f"{STATEMENT_SECONDS:.0f}s",
    "idle_in_transaction_session_timeout": "10s",
}
#: Of the event loop's connections: each statement is planned once, whatever its values. For an array it would be
#: planned anew each time, at three times the price of the look-up.
_LINK_SESSION = {"plan_cache_mode": "force_generic_plan"}
_NETWORK: dict[str, Any] = {
    "connect_timeout": 2,
    "target_session_attrs": "read-write",  # of several hosts, the one that is primary; a standby counts as gone
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 3000,
    "application_name": "soap-service",
}
#: What a database says of itself when it is no longer the one to write to.
_READ_ONLY = "25006"
#: What PgBouncer says to who sets something for a session.
_NO_OPTIONS = "unsupported startup parameter"
IS_POOLED = (
    "database_url leads to a PgBouncer in transaction mode, through which notifications, prepared statements and the "
    "limits of a session do not work; give the address of PostgreSQL itself here"
)
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

    def __init__(self, url: URL, direct_url: URL | None = None) -> None:
        """Take an address, and the direct one where the first is that of a pooler in transaction mode."""
        self._is_pooled = direct_url is not None
        self.url = url.set(drivername="postgresql+psycopg")
        self._direct_url = (direct_url or url).set(drivername="postgresql+psycopg")
        self._retry_at = 0.0
        self._gone_at = 0.0
        self._primary = ("", 0)

    def make_engine(self, size: int, is_direct: bool = False, **options: Any) -> Engine:
        """Return an engine of so many connections, which are bounded, and forgotten once the database is read-only."""
        url = self._direct_url if is_direct else self.url
        # An error's text may reach the log; documents must not.
        options = {"hide_parameters": True, "pool_timeout": POOL_SECONDS, "pool_use_lifo": True, **options}
        engine = create_engine(url, pool_size=size, max_overflow=0, **options)
        connect = self._connect_pooled if self._is_pooled and not is_direct else self._connect
        event.listen(engine, "do_connect", lambda _dialect, _record, cargs, cparams: connect(*cargs, **cparams))
        event.listen(engine, "handle_error", self._forget_gone)
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
        if not is_read_only(error) and not dialect.is_disconnect(error, driver, None):
            return False
        self.forget(connection.info[_MADE_AT])
        connection.invalidate(error)
        return True

    def forget(self, made_at: float = float("inf")) -> None:
        """Use no connection again that is there now; unless that is known since one made at that time has failed."""
        if made_at > self._gone_at:
            self._gone_at = time.monotonic()

    def is_stale(self, made_at: float) -> bool:
        """Tell whether a connection was made before its server was gone."""
        return made_at <= self._gone_at

    def is_stale_connection(self, connection: Connection) -> bool:
        """Tell the same of a connection of an engine's."""
        return self.is_stale(connection.info[_MADE_AT])

    def _forget_gone(self, context: ExceptionContext) -> None:
        """Drop every connection once one was lost, or its primary became a standby: the primary is elsewhere."""
        if is_read_only(context.original_exception):
            context.is_disconnect = True
        if context.is_disconnect and context.connection is not None:
            self.forget(context.connection.info[_MADE_AT])

    def _refuse_stale(self, _driver: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        """Have the pool make a connection anew when it was made before its server was gone."""
        if self.is_stale(record.info[_MADE_AT]):
            raise DisconnectionError

    async def connect_async(self) -> psycopg.AsyncConnection[Any]:
        """Return a connection of its own for the event loop; raises OperationalError."""
        arguments, named = self._direct_url.get_dialect()().create_connect_args(self._direct_url)
        with self._attempt():
            connection = await psycopg.AsyncConnection.connect(
                *arguments, **self._options(dict(named), _SESSION | _LINK_SESSION)
            )
        self._note_primary(connection)
        return connection

    def _connect_pooled(self, *arguments: Any, **named: Any) -> BoundedConnection:
        """Connect to a pooler, which would lend what is set, or prepared, for a session to others."""
        with self._attempt():
            return BoundedConnection.connect(*arguments, **{**_NETWORK, "prepare_threshold": None, **named})

    def _connect(self, *arguments: Any, **named: Any) -> BoundedConnection:
        try:
            with self._attempt():
                connection = BoundedConnection.connect(*arguments, **self._options(named, _SESSION))
        except psycopg.OperationalError as error:
            if _NO_OPTIONS in str(error):
                raise InputRefused("direct_database_url", IS_POOLED) from None
            raise
        self._note_primary(connection)
        encoding = connection.info.parameter_status("server_encoding")  # told by the server, not asked for
        if encoding not in (None, "UTF8"):  # an engine that is PostgreSQL's kin may not tell
            connection.close()
            raise InputRefused("database_url", _NOT_UTF8.format(encoding))
        return connection

    def _options(self, named: dict[str, Any], session: dict[str, str]) -> dict[str, Any]:
        """Return the driver's options with those that bound a connection, and what holds for its session.

        Of several hosts the one comes first where the primary was last: each one before it that is off, and does not
        refuse, would take two seconds of every connection.
        """
        told = " ".join(f"-c {name}={value}" for name, value in session.items())
        options = {**_NETWORK, **named, "options": f"{told} {named.get('options', '')}".strip()}
        hosts, ports = str(named.get("host", "")).split(","), str(named.get("port", "")).split(",")
        if len(ports) == 1:
            ports *= len(hosts)
        if len(hosts) > 1 and len(ports) == len(hosts):
            pairs = sorted(
                zip(hosts, ports, strict=True), key=lambda pair: (pair[0], int(pair[1] or _PORT)) != self._primary
            )
            options["host"], options["port"] = (",".join(part) for part in zip(*pairs, strict=True))
        return options

    def _note_primary(self, connection: BoundedConnection | psycopg.AsyncConnection[Any]) -> None:
        self._primary = (connection.info.host, connection.info.port)

    @contextmanager
    def _attempt(self) -> Iterator[None]:
        """Do not look for a server that was not there a moment ago."""
        if time.monotonic() < self._retry_at:
            raise psycopg.OperationalError("the database is gone; looked for a moment ago")
        try:
            yield
        except psycopg.OperationalError:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            raise


def _note_age(_driver: object, record: ConnectionPoolEntry) -> None:
    record.info[_MADE_AT] = time.monotonic()


def is_read_only(error: BaseException | None) -> bool:
    """Tell whether an error says that the database is a standby, or has become one."""
    return sqlstate_of(error) == _READ_ONLY


def sqlstate_of(error: BaseException | None) -> str:
    """Return the five characters by which PostgreSQL names an error; "" if there is no SQLSTATE."""
    return getattr(error, "sqlstate", None) or ""
