"""The look-ups of one turn of the event loop on an embedded database: they share a read transaction.

A statement of its own begins and ends one, which is 3 of the 7.5 µs of a look-up: two system calls for locks, and a
look whether anybody has committed. So while answers of a turn are held back, what is looked up for the next of them
is read in one transaction, which ends before any of them is sent (`asgi/outbox.py`, which says when). Nobody who has
been told something is answered by what was there before: their question comes after the answer, and is read in a later
turn. Nor does a transaction wait for a client: no checkpoint is held up for longer than a turn takes.

It has a connection of its own: whatever else is read on the event loop, as the news after a commit, is read as it
stands at that moment.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from soap_service.storage.database import Database
from soap_service.storage.look_ups import LookUp
from soap_service.storage.telephony_reads import LookUps, TelephonyReads


class TurnReads(TelephonyReads, LookUps):
    """The reads of one process on an embedded database. Its methods are called on the event loop."""

    def __init__(self, store: TelephonyReads, database: Database) -> None:
        super().__init__(store)
        self._database, self._prepare = database, database.prepare
        self._connection: Connection | None = None
        self._cursor: Any = None
        self._shall_begin = self._has_begun = False

    def close(self) -> None:  # noqa: D102
        self._let_go()

    def reads_of_turn(self, deadline: float) -> TelephonyReads:  # noqa: D102
        return self

    def begin_turn(self) -> None:  # noqa: D102
        self._shall_begin = True

    def end_turn(self) -> None:  # noqa: D102
        self._shall_begin = False
        if self._has_begun:
            self._has_begun = False
            try:
                self._cursor.execute("COMMIT")
            except self._database.errors as error:
                self._database.failure(error)  # which logs it; what was read is right
                self._let_go()

    def look_up(self, look_up: LookUp, key: object) -> Sequence[Any]:  # noqa: D102
        try:
            cursor = self._cursor or self._open()
            if self._shall_begin:
                self._shall_begin = False
                cursor.execute("BEGIN")
                self._has_begun = True
            return self._prepare(look_up.one).fetch(cursor, {"key": key})
        except self._database.errors as error:
            self._let_go()
            raise self._database.failure(error) from error

    def now(self) -> datetime:  # noqa: D102
        return self._database.now()

    def _open(self) -> Any:
        self._connection = self._database.reader.connect()
        self._cursor = self._connection.connection.cursor()
        return self._cursor

    def _let_go(self) -> None:
        """Forget the connection, and with it its transaction."""
        connection, self._connection, self._cursor, self._has_begun = self._connection, None, None, False
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.close()
