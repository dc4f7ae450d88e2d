"""Connections that stay open from one fetch to the next: each thread's own, or a few that threads share.

A fetch is one round trip and needs nothing else, so who has such a connection waits for nobody.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Share:
    """So many of some connections, for who may have no more of them; who finds none waits, some seconds at most."""

    def __init__(self, most: int, seconds: float) -> None:
        self._free, self._seconds = threading.Semaphore(most), seconds

    def take(self) -> None:
        """Take one; raises PoolTimeout."""
        if not self._free.acquire(timeout=self._seconds):
            raise PoolTimeout(f"no connection was free within {self._seconds:.0f} s")

    def give_back(self) -> None:
        """Leave it to the next."""
        self._free.release()

    __enter__ = take

    def __exit__(self, *_: object) -> None:
        self.give_back()


class Held:
    """A connection, and a cursor of the driver's on it."""

    __slots__ = ("connection", "cursor")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.cursor: Any = connection.connection.cursor()

    def close(self) -> None:
        """Let go of it; what becomes of it no longer matters."""
        with suppress(SQLAlchemyError):
            self.connection.close()


class HeldConnections(ABC):
    """Gives a thread a connection for one fetch. What was taken is given back, or None in its place."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self) -> Held:
        """Return another one for who has taken None, or lost what was taken; raises the driver's errors."""
        return Held(self._engine.connect())

    @abstractmethod
    def take(self) -> Held | None:
        """Return one, or None for who must open it; raises PoolTimeout."""

    @abstractmethod
    def give_back(self, held: Held | None) -> None:
        """Have it for the next fetch."""

    def drop(self, held: Held) -> None:
        """Let go of one that was taken; None is given back in its place."""
        held.close()

    @abstractmethod
    def close(self) -> None:
        """Close every one; nothing may be asked at the same time."""


class OneForEachThread(HeldConnections):
    """Connections that cost nothing but a file's handle."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._thread = threading.local()
        self._all: set[Held] = set()

    def open(self) -> Held:  # noqa: D102
        held = super().open()
        self._all.add(held)
        return held

    def take(self) -> Held | None:  # noqa: D102
        return getattr(self._thread, "held", None)

    def give_back(self, held: Held | None) -> None:  # noqa: D102
        self._thread.held = held

    def drop(self, held: Held) -> None:  # noqa: D102
        self._all.discard(held)
        super().drop(held)

    def close(self) -> None:  # noqa: D102
        for held in self._all:
            held.close()
        self._all.clear()
        self._thread = threading.local()


class FewForAll(HeldConnections):
    """So many connections for all threads. One is left to those that do not give way; who finds none waits."""

    def __init__(
        self,
        engine: Engine,
        count: int,
        seconds: float,
        is_stale: Callable[[Connection], bool],
        gives_way: Callable[[], bool],
    ) -> None:
        super().__init__(engine)
        self._is_stale, self._gives_way = is_stale, gives_way
        self._share, self._share_of_pages = Share(count, seconds), Share(count - 1, seconds)
        self._free: list[Held | None] = [None] * count

    def take(self) -> Held | None:
        """Return the one used last; None for one that was not opened yet, or whose server was gone since."""
        self._enter()
        held = self._free.pop()
        if held is None or not self._is_stale(held.connection):
            return held
        with suppress(SQLAlchemyError):
            held.connection.invalidate()
        held.close()
        return None

    def _enter(self) -> None:
        if not self._gives_way():
            self._share.take()
            return
        self._share_of_pages.take()
        try:
            self._share.take()
        except PoolTimeout:
            self._share_of_pages.give_back()
            raise

    def give_back(self, held: Held | None) -> None:  # noqa: D102
        self._free.append(held)
        self._share.give_back()
        if self._gives_way():
            self._share_of_pages.give_back()

    def close(self) -> None:  # noqa: D102
        for held in self._free:
            if held is not None:
                held.close()
        self._free = [None] * len(self._free)
