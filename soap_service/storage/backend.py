"""What SQLite and PostgreSQL do differently, behind one interface. Which of them it is, is decided once: at opening."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Column, Connection, Engine, Executable
from sqlalchemy.orm import DeclarativeBase

from soap_service.errors import StoreUnavailable
from soap_service.storage.held import HeldConnections
from soap_service.turns import Turns

#: The values of a row, in the order of its columns.
Row = Sequence[Any]
#: Returns the rows of a prebuilt statement, with its values by name.
Fetch = Callable[..., Sequence[Any]]


class ReadOnly(StoreUnavailable):
    """The database answers, and cannot be written."""


@dataclass(frozen=True)
class Traits:
    """What those who use a store may know of its database.

    `reads_inline`: a read is so quick that an event loop can wait for it. `writers`: how many threads may usefully
    write at once. `poll_seconds`: how often to look for what no notification has told. `commit_lag`: how late a
    transaction may become visible after its time.
    `import_seconds`: how long a transaction of an import may take, for those who write meanwhile.
    `counts_written_numbers`: whether a key that was written by hand counts as one that the database has given.
    `notifies_processes`: whether the database tells other processes of a commit.
    """

    reads_inline: bool
    writers: int
    poll_seconds: float
    commit_lag: timedelta
    import_seconds: float
    counts_written_numbers: bool
    notifies_processes: bool


class Question(NamedTuple):
    """A prebuilt statement and its values."""

    statement: Executable
    values: dict[str, Any]


class Link(Protocol):
    """A connection for the event loop, made when it is needed, and again when its server was gone."""

    async def fetch(self, statement: Executable, values: dict[str, Any]) -> Sequence[Row]:
        """Return the rows of a statement; raises the driver's errors."""

    async def ask(self, questions: Sequence[Question], has_begun: bool = False) -> Sequence[Sequence[Row]]:
        """Return the rows of each of many statements that are sent together; raises the driver's errors.

        They are one transaction, unless one of them begins one that goes on; with `has_begun` they are a part of that.
        After an error nothing of it is done.
        """

    def close(self) -> None:
        """Close the connection; nothing waits for it."""


class Backend(ABC):
    """A kind of database: how it is connected to, and what is said to it in other words than to the other kind.

    `reader` commits each statement, `writer` begins transactions; `direct` does so on connections that no pooler lends
    to others, for prepared statements and what sets more than its transaction. `lock` is held by whoever writes. `file`
    is where the database lies on this machine, None for one that is a server.
    """

    traits: Traits
    reader: Engine
    writer: Engine
    direct: Engine
    lock: AbstractContextManager[None]
    file: Path | None = None

    @abstractmethod
    def close(self) -> None:
        """Close every connection."""

    @abstractmethod
    def write_in_turn(self, turns: Turns) -> None:
        """Have workers of one service write in a fair order where one writes at a time."""

    @abstractmethod
    def check_address(self) -> None:
        """Check that nothing lies before the database through which not all works; raises InputRefused."""

    # Its connections

    @abstractmethod
    def hold_connections(self) -> HeldConnections:
        """Return the connections that fetches are made on."""

    @abstractmethod
    def give_way(self) -> None:
        """Have this thread's sessions leave some connections to calls, however long they take."""

    @abstractmethod
    def share(self) -> AbstractContextManager[None]:
        """Wait until a session may have a connection of `reader` or `writer`; raises PoolTimeout."""

    @abstractmethod
    def direct_share(self) -> AbstractContextManager[None]:
        """Wait until a transaction that may wait for others' locks may have a connection of `direct`."""

    # Its clock and its errors

    @abstractmethod
    def read_clock(self, fetch: Fetch) -> datetime | None:
        """Check that the database can be written and return its time; None where this machine's clock decides.

        Raises: ReadOnly, StoreUnavailable.
        """

    @abstractmethod
    def failure_of(self, error: BaseException) -> type[StoreUnavailable]:
        """Return what a driver's error means."""

    @abstractmethod
    def drop_if_gone(self, connection: Connection, error: Exception) -> bool:
        """Drop a connection whose driver has told that its server is gone, and all others; tell whether it was so."""

    # Notifications

    @abstractmethod
    def listen(self, on_notification: Callable[[], None]) -> Link | None:
        """Return a link that also calls back when another process has notified; None where none tells another.

        It listens from the first question on, and again from the first after its server was gone: what was committed
        before is in the answer.
        """

    @abstractmethod
    def notify_others(self, fetch: Fetch) -> None:
        """Notify the other processes that something was committed. One that cannot be sent is no failure."""

    @abstractmethod
    def change_marker(self, fetch: Fetch) -> int:
        """Return a number that is another one when other processes may have committed."""

    # Statements

    @abstractmethod
    def insert_into(self, table: type[DeclarativeBase]) -> Any:
        """Return an INSERT that can say what happens ON CONFLICT."""

    @abstractmethod
    def pipelined(self, connection: Connection) -> AbstractContextManager[None]:
        """Send a transaction's statements without waiting for each answer, if that can be."""

    @abstractmethod
    def fetch_each(self, cursor: Any, statement: str, values: Sequence[Any]) -> list[list[Row]]:
        """Return the rows of a statement for each of many values, on the driver's cursor; raises its errors."""

    @abstractmethod
    def insert_rows(self, connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Insert rows of the driver's own values in the quickest way that it has; raises the driver's errors."""

    @abstractmethod
    def find_words(self, fetch: Fetch, words: Sequence[str], highest: int, most: int) -> Sequence[Any]:
        """Return number and subject of the newest requests, up to a number, that have all these words."""

    @abstractmethod
    def compact_words(self, connection: Connection, is_first: bool) -> bool:
        """Merge a piece of what no text has any more out of the full-text index; tell whether nothing is left."""

    @abstractmethod
    def forget_removed(self) -> None:
        """Have nothing left beside the rows of what is in no row any more, if that can be."""

    @abstractmethod
    def open_links(self, count: int) -> list[Link]:
        """Return that many connections for the event loop; none where reads are inline."""

    @abstractmethod
    def bounds_on_link(self) -> tuple[list[Question], list[Question]]:
        """Return what begins a transaction on a link, one that soon gives up waiting for another's locks, and its end.

        The end commits, and notifies the other processes.
        """

    # Whole tables

    @abstractmethod
    def begin_migration(self, connection: Connection) -> None:
        """Keep other nodes from migrating until the transaction ends."""

    @abstractmethod
    def begin_long_work(self, connection: Connection) -> None:
        """Let statements take as long as they need: a migration of many rows, and the wait for another node's."""

    @abstractmethod
    def begin_import(self, connection: Connection) -> None:
        """Let a connection that is to read and write many rows use more memory."""

    @abstractmethod
    def begin_snapshot(self, connection: Connection) -> None:
        """Have all that a transaction reads be of one instant."""

    @abstractmethod
    def problems(self, connection: Connection) -> list[str]:
        """Return what is wrong with the database itself, as sentences for an administrator."""

    @abstractmethod
    def last_number(self, connection: Connection, column: Column[int]) -> int:
        """Return the highest number that the database has given or been told of for a column; 0 for none."""

    @abstractmethod
    def advance_number(self, connection: Connection, column: Column[int], last: int) -> None:
        """Have the next number that the database gives for a column lie above `last`, and above those given before."""
