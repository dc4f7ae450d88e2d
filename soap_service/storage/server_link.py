"""PostgreSQL connections of the event loop: no threads, no cursors, many statements for one send and one read.

psycopg makes the connection, and turns values into the server's words and its words into rows. What lies between goes
through libpq's pipeline here, which takes a third of what an awaited cursor does (docs/decisions.md).
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors, pq
from psycopg.adapt import PyFormat, Transformer
from sqlalchemy import Executable, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from soap_service.storage.backend import Question, Row
from soap_service.storage.postgresql_server import ANSWER_SECONDS, CHANNEL, Server, is_read_only
from soap_service.storage.prepared import Prepared

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

log = logging.getLogger(__name__)

#: Says statements as libpq takes them, with $1 for the first value.
_DIALECT: Any = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


_GOOD = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
_SILENT = "the database did not answer in time"
_LISTEN = Question(text(f"LISTEN {CHANNEL}"), {})


@cache
def _prepare(statement: Executable) -> Prepared:
    return Prepared(statement, _DIALECT)


class ServerLink:
    """A connection that is made when it is needed, and again when its server was gone. Who uses it uses it alone."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._wire: _Wire | None = None
        self._made_at = 0.0

    def close(self) -> None:
        """Close the connection; nothing waits for it."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def fetch(self, statement: Executable, values: dict[str, Any]) -> Sequence[Row]:
        """Return the rows of a statement, asked once more if the connection was a stale one; raises psycopg.Error."""
        questions = [Question(statement, values)]
        is_old = self._wire is not None
        try:
            return (await self.ask(questions))[0]
        except psycopg.Error:
            if not is_old:
                raise
        return (await self.ask(questions))[0]

    async def ask(self, questions: Sequence[Question], has_begun: bool = False) -> Sequence[Sequence[Row]]:
        """Return the rows of each of many statements that are sent together.

        They are one transaction, unless one of them begins one that goes on; with `has_begun` they are a part of that,
        and never asked on another connection. An error closes the connection, and what was begun is undone.
        Raises: psycopg.Error.
        """
        self._let_go_of_old()
        if has_begun and self._wire is None:
            raise psycopg.OperationalError("the connection was closed within a transaction")
        try:
            if self._wire is None:
                made_at = time.monotonic()
                self._wire = await self._connect()
                self._made_at = made_at
            return await self._wire.ask(questions)
        except BaseException as error:  # who was cancelled leaves answers on their way
            self._let_go_of_old()
            if is_read_only(error):
                self._server.forget(self._made_at)
            self.close()
            raise

    async def _connect(self) -> "_Wire":
        return _Wire(await self._server.connect_async())

    def _let_go_of_old(self) -> None:
        """Close a connection whose server is gone, and let all know if nobody did."""
        if self._wire is not None and self._wire.is_gone:
            self._server.forget(self._made_at)
        if self._server.is_stale(self._made_at):
            self.close()


class ListeningLink(ServerLink):
    """One that also listens, from its first question on, and calls back with what a notification says."""

    def __init__(self, server: Server, on_notification: Callable[[str], None]) -> None:
        super().__init__(server)
        self._on_notification = on_notification
        self._can_listen = True

    async def _connect(self) -> "_Wire":
        while True:
            wire = _Wire(await self._server.connect_async(), self._on_notification)
            if not self._can_listen:
                return wire
            try:
                await wire.ask([_LISTEN])
            except errors.FeatureNotSupported:
                log.info("this database sends no notifications; calls of other nodes are found by looking every second")
                self._can_listen = False
                wire.close()
            except BaseException:
                wire.close()
                raise
            else:
                return wire


def _ignore(_: str) -> None:
    """Take a notification that nobody listens for."""


class _Wire:
    """An open connection in pipeline mode, until its server `is_gone`. Source: PostgreSQL's manual, libpq."""

    def __init__(
        self, connection: psycopg.AsyncConnection[Any], on_notification: Callable[[str], None] = _ignore
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._on_notification = on_notification
        self._libpq = connection.pgconn
        self._socket = self._libpq.socket
        self._transformer = Transformer(connection)
        self._names: dict[Prepared, bytes] = {}
        self._asked: deque[Prepared | None] = deque()
        self._rows: list[Sequence[Row]] = []
        self._error: psycopg.Error | None = None
        self._answer: asyncio.Future[Sequence[Sequence[Row]]] = self._loop.create_future()
        self._answer.cancel()  # nobody waits for one
        self._is_writing = False
        self.is_gone = False
        self._libpq.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._read)

    def close(self) -> None:
        """Close the connection."""
        if self._socket >= 0:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket = -1
        self._libpq.finish()

    async def ask(self, questions: Sequence[Question]) -> Sequence[Sequence[Row]]:
        """Return the rows of each; raises psycopg.Error."""
        self._answer = self._loop.create_future()
        timer = self._loop.call_later(ANSWER_SECONDS, self._fail, psycopg.OperationalError(_SILENT))
        try:
            for statement, values in questions:
                self._send(_prepare(statement), values)
            self._libpq.pipeline_sync()
            self._flush()
            return await self._answer
        finally:
            timer.cancel()

    def _send(self, prepared: Prepared, values: dict[str, Any]) -> None:
        """Have a statement run. All values go as text: the server finds their types when it prepares the statement."""
        name = self._names.get(prepared)
        if name is None:
            name = self._names[prepared] = f"s{len(self._names)}".encode()
            self._libpq.send_prepare(name, prepared.sql.encode())
            self._asked.append(None)
        sent: Any = prepared.sent(values)
        self._libpq.send_query_prepared(name, self._transformer.dump_sequence(sent, [PyFormat.TEXT] * len(sent)))
        self._asked.append(prepared)

    def _flush(self) -> None:
        """Send what the kernel takes now, and the rest when it takes more."""
        try:
            is_left = bool(self._libpq.flush())
        except psycopg.Error as error:
            self._fail(error)
            return
        if is_left and not self._is_writing:
            self._loop.add_writer(self._socket, self._flush)
        elif self._is_writing and not is_left:
            self._loop.remove_writer(self._socket)
        self._is_writing = is_left

    def _read(self) -> None:
        """Take what has come of the answer, and notifications; outside of both, only the connection's end comes."""
        try:
            self._libpq.consume_input()
            while not self._answer.done() and not self._libpq.is_busy():
                self._take(self._libpq.get_result())
            while (notification := self._libpq.notifies()) is not None:
                self._on_notification(notification.extra.decode())
        except Exception as error:  # the server's, or of a value that cannot be what its column is
            self._fail(error)

    def _take(self, result: "PGresult | None") -> None:
        """Take one result: of a statement, or, when all are here, of the whole; None stands between two statements."""
        if result is None:
            if self._libpq.status != pq.ConnStatus.OK:  # libpq would give None for ever
                raise psycopg.OperationalError("the connection was lost")
            return
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            self._finish()
        elif result.status in _GOOD:
            prepared = self._asked.popleft()
            if prepared is not None:
                self._transformer.set_pgresult(result)
                self._rows.append(prepared.received(self._transformer.load_rows(0, result.ntuples, tuple)))
        elif self._error is None:  # those behind it were not run
            self._error = errors.error_from_result(result, self._transformer.encoding)

    def _finish(self) -> None:
        rows, self._rows = self._rows, []
        if self._error is None:
            self._answer.set_result(rows)
        else:
            self._answer.set_exception(self._error)

    def _fail(self, error: Exception) -> None:
        """Close the connection, and tell who waits, if anybody does."""
        self.is_gone = isinstance(error, psycopg.OperationalError)
        self.close()
        if not self._answer.done():
            self._answer.set_exception(error)
