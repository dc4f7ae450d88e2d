"""What an operation needs and does not have yet: how its absence is told, and who waits until it is found.

An operation is run from its start. Where something is missing it ends with a `Missing`; that is found, together with
what others miss, and the operation is run again from its start. Until it has everything it changes nothing, so that is
all the machinery; nothing waits but the caller.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from soap_service.errors import StoreUnavailable

log = logging.getLogger(__name__)

M = TypeVar("M", bound="Missing")
W = TypeVar("W")

#: An operation that has waited so long, since it began, is told that the database is unavailable.
WAIT_SECONDS = 2.7
_LOOK_SECONDS = 0.1

#: Called once: with None when what was missing is known, or with the error why it cannot be.
GoOn = Callable[[Exception | None], None]


class Missing(Exception):
    """An operation needs what is not known yet."""

    @abstractmethod
    def find(self, go_on: GoOn) -> None:
        """Have it found, and `go_on` called, later; raises StoreUnavailable when too much waits already."""


class Waiting(Generic[M]):
    """Who waits for what is missing, until a time of the event loop's clock."""

    __slots__ = ("deadline", "go_on", "missing")

    def __init__(self, missing: M, deadline: float, go_on: GoOn) -> None:
        self.missing, self.deadline, self.go_on = missing, deadline, go_on


class Finder(ABC, Generic[M, W]):
    """Finds what is missing with few workers, each for as many at once as have gathered meanwhile.

    The `helpers` among them begin only when what waits was not taken soon: because somebody is held up. At most
    `most_waiting` wait: one more is refused at once instead of late. Each is told once: that it was found, or in time
    that it was not. Its methods are called on the event loop.
    """

    def __init__(self, workers: Iterable[W], most_waiting: int, helpers: int = 0) -> None:
        self.queue: deque[Waiting[M]] = deque()
        self._free = list(workers)
        self._most_waiting, self._helpers = most_waiting, helpers
        self._untold: set[Waiting[M]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._first_at_look: Waiting[M] | None = None

    def close(self) -> None:
        """Tell nobody any more."""
        for task in self._tasks:
            task.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def add(self, waiting: Waiting[M]) -> None:
        """Have somebody wait; raises StoreUnavailable when too many do already."""
        if len(self._untold) >= self._most_waiting:
            raise StoreUnavailable
        self._untold.add(waiting)
        is_first = not self.queue
        self.queue.append(waiting)
        if is_first and len(self._free) > self._helpers:  # else whoever is at work takes it along
            self._begin_work(asyncio.get_running_loop())
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look_after_late)

    def is_waiting(self, waiting: Waiting[M]) -> bool:
        """Tell whether somebody waits still: they may have been told that it is too late."""
        return waiting in self._untold

    def tell(self, waiting: Waiting[M], error: Exception | None = None) -> None:
        """Let somebody go on, unless they were told before."""
        if waiting not in self._untold:
            return
        self._untold.discard(waiting)
        try:
            waiting.go_on(error)
        except Exception:
            log.exception("a call could not be answered")  # and holds up no other

    @abstractmethod
    async def find_some(self, worker: W) -> None:
        """Take some who wait from the queue, find what they miss, and tell them."""

    def _begin_work(self, loop: asyncio.AbstractEventLoop) -> None:
        task = loop.create_task(self._work_off(self._free.pop()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_off(self, worker: W) -> None:
        try:
            while self.queue:
                await self.find_some(worker)
        finally:
            self._free.append(worker)

    def _look_after_late(self) -> None:
        """Have a helper take what nobody took, and tell those for whom it is too late."""
        loop = asyncio.get_running_loop()
        first = self.queue[0] if self.queue else None
        if first is not None and first is self._first_at_look and self._free:
            self._begin_work(loop)
        self._first_at_look = first
        now = loop.time()
        for waiting in [one for one in self._untold if one.deadline < now]:
            self.tell(waiting, StoreUnavailable("it did not answer in time"))
        self._timer = loop.call_later(_LOOK_SECONDS, self._look_after_late) if self._untold else None
