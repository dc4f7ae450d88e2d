"""Look-ups of concurrent calls, joined: what waits travels together in one statement, without threads.

A read is run on `KnownRows`. Where a row is not known yet it ends with `RowMissing`; the row is looked up with those
that others miss, and the read is run again from its start. A read changes nothing, so that is all the machinery.

At most `MOST_UNDER_WAY` statements are under way, each on a connection of its own; what arrives meanwhile goes into the
next. Everything ends: a statement as any other does (`postgresql_server.py`), a wait at its read's deadline.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from soap_service.errors import StoreUnavailable
from soap_service.storage.backend import Link
from soap_service.storage.telephony_reads import KnownRows, LookUps, RowMissing, TelephonyReads

log = logging.getLogger(__name__)

MOST_UNDER_WAY = 2
#: Keys of one statement.
MOST_TOGETHER = 256
#: Reads that may wait for rows at once; one more is refused at once instead of late.
MOST_WAITING = 1024
#: A read that has waited so long, for all of its rows, is told that the database is unavailable.
READ_SECONDS = 2.7
_LOOK_SECONDS = 0.1


class _Waiting:
    """A read that waits for the rows of a key, and what is called when they are known or cannot be."""

    __slots__ = ("go_on", "key", "known", "look_up")

    def __init__(self, missing: RowMissing, go_on: Callable[[Exception | None], None]) -> None:
        self.known, self.look_up, self.key, self.go_on = missing.known, missing.look_up, missing.key, go_on


class JoinedLookUps(LookUps):
    """The look-ups of one process on a server. Its methods are called on the event loop."""

    def __init__(
        self,
        store: TelephonyReads,
        links: Sequence[Link],
        failure: Callable[[Exception], StoreUnavailable],
        errors: tuple[type[Exception], ...],
    ) -> None:
        super().__init__(store)
        self._failure, self._errors = failure, errors
        self._links, self._free = links, list(links)
        self._queue: deque[_Waiting] = deque()
        self._unanswered: set[_Waiting] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:  # noqa: D102
        for task in self._tasks:
            task.cancel()
        for link in self._links:
            link.close()
        if self._timer is not None:
            self._timer.cancel()

    def reads(self) -> TelephonyReads:  # noqa: D102
        return KnownRows(self, self._store.now, asyncio.get_running_loop().time() + READ_SECONDS)

    def find(self, missing: RowMissing, go_on: Callable[[Exception | None], None]) -> None:  # noqa: D102
        if len(self._unanswered) >= MOST_WAITING:
            raise StoreUnavailable
        loop = asyncio.get_running_loop()
        waiting = _Waiting(missing, go_on)
        self._unanswered.add(waiting)
        is_first = not self._queue
        self._queue.append(waiting)
        if is_first and self._free:  # else whoever is under way takes it along
            task = loop.create_task(self._work_off(self._free.pop()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self._timer is None:
            self._timer = loop.call_later(_LOOK_SECONDS, self._give_up_late)

    async def run(self, work: Callable[[], Any]) -> Any:  # noqa: D102
        while True:
            try:
                return work()
            except RowMissing as missing:
                await self.wait_for(missing)

    async def wait_for(self, missing: RowMissing) -> None:  # noqa: D102
        found: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.find(missing, partial(_settle, found))
        await found

    async def _work_off(self, link: Link) -> None:
        """Look up what waits, as much as has gathered in one statement, until nothing does."""
        try:
            while self._queue:
                batch = self._next_batch()
                try:
                    await self._look_up(link, batch)
                except self._errors as error:
                    failure = self._failure(error)
                    for waiting in batch:
                        self._tell(waiting, failure)
        finally:
            self._free.append(link)

    def _next_batch(self) -> list[_Waiting]:
        """Take those who wait for the same kind of row as the first."""
        look_up = self._queue[0].look_up
        batch: list[_Waiting] = []
        others: list[_Waiting] = []
        while self._queue and len(batch) < MOST_TOGETHER:
            waiting = self._queue.popleft()
            if waiting not in self._unanswered:
                continue
            (batch if waiting.look_up is look_up else others).append(waiting)
        self._queue.extendleft(reversed(others))
        return batch

    async def _look_up(self, link: Link, batch: list[_Waiting]) -> None:
        if not batch:
            return
        look_up = batch[0].look_up
        rows: dict[object, list[Any]] = {waiting.key: [] for waiting in batch}
        for key, *row in await link.fetch(look_up.many, {"keys": list(rows)}):
            rows[key].append(row)
        for waiting in batch:
            waiting.known.add(look_up, waiting.key, rows[waiting.key])
            self._tell(waiting, None)

    def _tell(self, waiting: _Waiting, error: Exception | None) -> None:
        if waiting not in self._unanswered:
            return  # it was told that it is too late
        self._unanswered.discard(waiting)
        try:
            waiting.go_on(error)
        except Exception:
            log.exception("a read could not be answered")  # and holds up no other

    def _give_up_late(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for waiting in [one for one in self._unanswered if one.known.deadline < now]:
            self._tell(waiting, StoreUnavailable("it did not answer in time"))
        self._timer = loop.call_later(_LOOK_SECONDS, self._give_up_late) if self._unanswered else None


def _settle(found: asyncio.Future[None], error: Exception | None) -> None:
    if found.done():
        return  # who waited has given up
    if error is None:
        found.set_result(None)
    else:
        found.set_exception(error)
