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
    """So many connections for all threads; who finds none waits some seconds at most."""

    def __init__(self, engine: Engine, count: int, seconds: float, is_stale: Callable[[Connection], bool]) -> None:
        super().__init__(engine)
        self._seconds, self._is_stale = seconds, is_stale
        self._turns = threading.Semaphore(count)
        self._free: list[Held | None] = [None] * count

    def take(self) -> Held | None:
        """Return the one used last; None for one that was not opened yet, or whose server was gone since."""
        if not self._turns.acquire(timeout=self._seconds):
            raise PoolTimeout(f"no connection was free for a fetch within {self._seconds:.0f} s")
        held = self._free.pop()
        if held is None or not self._is_stale(held.connection):
            return held
        with suppress(SQLAlchemyError):
            held.connection.invalidate()
        held.close()
        return None

    def give_back(self, held: Held | None) -> None:  # noqa: D102
        self._free.append(held)
        self._turns.release()

    def close(self) -> None:  # noqa: D102
        for held in self._free:
            if held is not None:
                held.close()
        self._free = [None] * len(self._free)
