"""PostgreSQL, shared by many nodes: its notifications, its clock, and what it is told in words of its own."""

import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import URL, Column, Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import DeclarativeBase

from soap_service.errors import InputRefused, StoreUnavailable, TransactionLost
from soap_service.storage.backend import Backend, Fetch, Link, Question, ReadOnly, Row, Traits
from soap_service.storage.full_text import find_in_postgresql
from soap_service.storage.held import FewForAll, HeldConnections, Share
from soap_service.storage.postgresql_server import (
    CHANNEL,
    IS_POOLED,
    POOL_SECONDS,
    Server,
    sqlstate_of,
)
from soap_service.storage.server_link import ListeningLink, ServerLink
from soap_service.turns import Turns

log = logging.getLogger(__name__)

_TRAITS = Traits(
    reads_inline=False,
    writers=8,
    poll_seconds=1.0,
    commit_lag=timedelta(seconds=30),
    import_seconds=0.05,  # others write beside it
    counts_written_numbers=False,
    notifies_processes=True,
)
#: Connections of sessions and transactions, and of fetches. With two for joined look-ups, two for announcements and the
#: one that listens a process has 12; where a pooler lies before the database, two engines share the first: 3 and 2.
SESSIONS = 5
FETCHES = 2
#: So many of the first are left to what waits for nobody when pages, and calls that wait for a lock, have the rest.
LEFT_TO_CALLS = 1
_UNBOUNDED = nullcontext()
_CHECK = text("SELECT clock_timestamp(), current_setting('transaction_read_only')")
#: Its own commit waits for no disk: who was not notified of what was committed before, after a crash, reads it anyway.
_NOTIFY = text("SELECT set_config('synchronous_commit', 'off', true), pg_notify(:channel, :name)").bindparams(
    channel=CHANNEL
)
#: The tables of people, of which autovacuum might not think for months. It holds up nobody who reads or writes.
_FORGET = (
    "VACUUM (ANALYZE, SKIP_LOCKED, TRUNCATE FALSE, INDEX_CLEANUP ON) requester, requester_name, requester_contact, "
    "contact, person_change, request, request_event, request_words, call"
)
#: For one transaction: plan each statement once, whatever its values.
_PLAN_ONCE = "SET LOCAL plan_cache_mode = force_generic_plan"
_BEGIN = Question(text("BEGIN"), {})
_BE_IMPATIENT = Question(text("SET LOCAL lock_timeout = '100ms'"), {})
_COMMIT = Question(text("COMMIT"), {})
_PROCESS = text("SELECT pg_backend_pid()")
_STATEMENT_TIMEOUT = text("SELECT current_setting('statement_timeout')")
_LIMIT_THE_ROLE = "set its limits by ALTER ROLE as docs/operations.md says"
_NO_SUCH_FUNCTION = "42883"
#: Two transactions met and the database ended one of them: serialisation failure, deadlock.
_LOST_TO_ANOTHER = ("40001", "40P01")
#: The one lock that nodes starting together take before they migrate; any number that nobody else uses.
_MIGRATION_LOCK = 281_282_283


class OnceForAll:
    """Work that is done once for all who ask before it begins; who asks later waits and has it done again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tickets = count()
        self._done_until = 0

    def do(self, work: Callable[[], None]) -> None:
        """Do it, or have it done; raises what it raises."""
        ticket = next(self._tickets)
        with self._lock:
            if ticket >= self._done_until:
                self._done_until = next(self._tickets)
                work()


class PostgresqlBackend(Backend):
    """A PostgreSQL server, or a cluster of which one is primary."""

    traits = _TRAITS

    def __init__(self, url: URL, direct_url: URL | None = None) -> None:
        self.lock = nullcontext()
        self._server = Server(url, direct_url)
        if direct_url is None:
            self.writer = self.direct = self._server.make_engine(SESSIONS)
            self._share = self._direct_share = Share(SESSIONS - LEFT_TO_CALLS, POOL_SECONDS)
        else:
            pooled = SESSIONS // 2 + 1
            direct = SESSIONS - pooled
            self.writer, self.direct = (
                self._server.make_engine(pooled),
                self._server.make_engine(direct, is_direct=True),
            )
            self._share = Share(pooled - LEFT_TO_CALLS, POOL_SECONDS)
            self._direct_share = Share(direct - LEFT_TO_CALLS, POOL_SECONDS)
        self.reader = self.writer.execution_options(isolation_level="AUTOCOMMIT")  # of the same pool
        self._fetcher = self._server.make_engine(FETCHES, isolation_level="AUTOCOMMIT")
        self._thread = threading.local()
        self._name = secrets.token_hex(8)
        self._can_notify = True
        self._notifying, self._forgetting = OnceForAll(), OnceForAll()
        self._markers = count(1)

    def close(self) -> None:  # noqa: D102
        for engine in (self.writer, self.direct, self._fetcher):
            engine.dispose()

    def write_in_turn(self, turns: Turns) -> None:
        """Do nothing: the server has its own order."""

    def check_address(self) -> None:  # noqa: D102
        if self.direct is not self.writer:
            with self.reader.connect() as connection:
                if connection.scalar(_STATEMENT_TIMEOUT) == "0":
                    log.warning("no statement through the pooler ends by itself: %s", _LIMIT_THE_ROLE)
            return
        # Two connections that are both open, and one server process behind them: it is lent for a transaction.
        with self.reader.connect() as one, self.reader.connect() as other:
            if one.scalar(_PROCESS) == other.scalar(_PROCESS):
                raise InputRefused("direct_database_url", IS_POOLED)

    def hold_connections(self) -> HeldConnections:  # noqa: D102
        return FewForAll(self._fetcher, FETCHES, POOL_SECONDS, self._server.is_stale_connection, self._gives_way)

    def give_way(self) -> None:  # noqa: D102
        self._thread.gives_way = True

    def share(self) -> AbstractContextManager[None]:  # noqa: D102
        return self._share if self._gives_way() else _UNBOUNDED

    def direct_share(self) -> AbstractContextManager[None]:  # noqa: D102
        return self._direct_share

    def _gives_way(self) -> bool:
        return getattr(self._thread, "gives_way", False)

    def read_clock(self, fetch: Fetch) -> datetime | None:  # noqa: D102
        instant, is_read_only = fetch(_CHECK)[0]
        if is_read_only == "on":
            log.error("database: it is read-only")
            self._server.forget()
            raise ReadOnly("it is read-only")
        return instant  # type: ignore[no-any-return]

    def failure_of(self, error: BaseException) -> type[StoreUnavailable]:  # noqa: D102
        return TransactionLost if sqlstate_of(error) in _LOST_TO_ANOTHER else StoreUnavailable

    def drop_if_gone(self, connection: Connection, error: Exception) -> bool:  # noqa: D102
        return self._server.forget_if_gone(connection, error)

    def listen(self, on_notification: Callable[[], None]) -> Link | None:  # noqa: D102
        return ListeningLink(self._server, lambda name: on_notification() if name != self._name else None)

    def notify_others(self, fetch: Fetch) -> None:
        """Notify the other processes, once for all that is committed by then: who waits for their turn finds it done.

        An engine that cannot notify is asked once; the others look every second.
        """

        def notify() -> None:
            try:
                fetch(_NOTIFY, name=self._name)
            except StoreUnavailable as error:
                self._can_notify = sqlstate_of(error.__cause__) != _NO_SUCH_FUNCTION

        if self._can_notify:
            self._notifying.do(notify)

    def change_marker(self, fetch: Fetch) -> int:
        """Return another number each time: only the tables tell."""
        return next(self._markers)

    def insert_into(self, table: type[DeclarativeBase]) -> Any:  # noqa: D102
        return insert(table)

    @contextmanager
    def pipelined(self, connection: Connection) -> Iterator[None]:  # noqa: D102
        driver: Any = connection.connection.dbapi_connection
        with driver.pipeline():
            driver.execute(_PLAN_ONCE)
            yield

    def fetch_each(self, cursor: Any, statement: str, values: Sequence[Any]) -> list[list[Row]]:  # noqa: D102
        if len(values) == 1:
            return [cursor.execute(statement, values[0]).fetchall()]
        cursor.executemany(statement, values, returning=True)
        return [result.fetchall() for result in cursor.results()]

    def insert_rows(  # noqa: D102
        self, connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Row]
    ) -> None:
        cursor: Any = connection.connection.cursor()
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def find_words(self, fetch: Fetch, words: Sequence[str], highest: int, most: int) -> Sequence[Any]:  # noqa: D102
        return find_in_postgresql(fetch, words, highest, most)

    def open_links(self, count: int) -> list[Link]:  # noqa: D102
        return [ServerLink(self._server) for _ in range(count)]

    def bounds_on_link(self) -> tuple[list[Question], list[Question]]:  # noqa: D102
        notification = [Question(_NOTIFY, {"name": self._name})] if self._can_notify else []
        return [_BEGIN, _BE_IMPATIENT], [_COMMIT, *notification]

    def begin_migration(self, connection: Connection) -> None:  # noqa: D102
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATION_LOCK})

    def begin_long_work(self, connection: Connection) -> None:  # noqa: D102
        connection.detach()  # what is set here must not come back to the pool
        self._unbind(connection)
        connection.commit()

    def _unbind(self, connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        driver.answer_seconds = None
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            connection.exec_driver_sql(f"SET {name} = 0")

    def compact_words(self, connection: Connection, is_first: bool) -> bool:
        """Do nothing: its index knows no word that is in no text, and VACUUM frees the place."""
        return True

    def forget_removed(self) -> None:
        """Have indexes and the planner's statistics, which have samples of values, hold what is in rows alone.

        Its log is the server's. It takes seconds or minutes of one connection, for all who ask meanwhile.
        """
        self._forgetting.do(self._forget_removed)

    def _forget_removed(self) -> None:
        with self.direct.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            try:
                self._unbind(connection)
                connection.exec_driver_sql(_FORGET)
            finally:
                connection.invalidate()  # what is set here must not come back to the pool

    def begin_import(self, connection: Connection) -> None:
        """Do nothing: its memory is the server's."""

    def begin_snapshot(self, connection: Connection) -> None:  # noqa: D102
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    def problems(self, connection: Connection) -> list[str]:  # noqa: D102
        if connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "off":
            return ["synchronous_commit is off: what was answered can be lost"]
        return []

    def last_number(self, connection: Connection, column: Column[int]) -> int:
        """Return the sequence's last value; one that has given nothing yet has the number it gives next."""
        sequence = _sequence_of(connection, column)
        last, is_called = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608
        return int(last) if is_called else int(last) - 1

    def advance_number(self, connection: Connection, column: Column[int], last: int) -> None:  # noqa: D102
        sequence = _sequence_of(connection, column)
        is_behind = "last_value < :last OR (last_value = :last AND NOT is_called)"
        query = text(f"SELECT setval(:name, :last) FROM {sequence} WHERE {is_behind}")  # noqa: S608 - one of ours
        connection.execute(query, {"name": sequence, "last": last})


def _sequence_of(connection: Connection, column: Column[int]) -> str:
    return str(connection.scalar(select(func.pg_get_serial_sequence(column.table.name, column.name))))
