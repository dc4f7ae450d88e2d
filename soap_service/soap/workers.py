"""Announcements wait here for the database, off the event loop: few threads, a bounded queue, late ones given up.

An operation that announces a call is run as a read is (`storage/joined.py`): it ends with `NotAnnounced`, the call is
kept together with others that wait, and the operation is run again from its start with its receipt.

What gathered until a transaction may write shares it: the disk is waited for, and a server asked, once
and not once a call. Such a transaction waits for no other. When it fails, nothing of it was kept, or nobody knows: then
each of its calls is announced alone, which its key makes safe. So no call suffers for another.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from soap_service.errors import StoreUnavailable
from soap_service.store import Announcement, NotAnnounced, Outcome, Store

#: Announcements that may wait for the database at once; one more is refused at once instead of late.
MAX_WAITING = 256
#: Announcements of one transaction: others wait for its locks meanwhile.
MOST_TOGETHER = 32

_Future = asyncio.Future[Outcome]
_Waiting = tuple[Announcement, _Future]


class Pool:
    """The threads behind one process's endpoint. Its methods are called on the event loop."""

    def __init__(self, store: Store) -> None:
        self._calls = store.calls
        self._most_under_way = store.traits.shared_commits
        self._sharing = ThreadPoolExecutor(self._most_under_way, thread_name_prefix="soap-shared")
        self._threads = ThreadPoolExecutor(store.traits.writers, thread_name_prefix="soap")
        self._lock = threading.Lock()  # of the next two
        self._queue: deque[_Waiting] = deque()
        self._under_way = 0
        self._waiting = 0

    def close(self) -> None:
        """Let the work in progress end."""
        self._sharing.shutdown(wait=True, cancel_futures=True)
        self._threads.shutdown(wait=True, cancel_futures=True)
        for _, future in self._queue:
            future.cancel()

    async def run(self, work: Callable[[], Any]) -> Any:
        """Return what an operation returns once its call is durable. One whose caller gives up before is not begun.

        Raises: what the operation raises; StoreUnavailable, at once when too much waits already.
        """
        try:
            return work()
        except NotAnnounced as missing:
            missing.known.outcome = await self._announced(missing.announcement)
        return work()

    async def _announced(self, announcement: Announcement) -> Outcome:
        """Return what became of an announcement; raises StoreUnavailable, at once when too much waits already."""
        if self._waiting >= MAX_WAITING:
            raise StoreUnavailable
        future: _Future = asyncio.get_running_loop().create_future()
        with self._lock:
            self._queue.append((announcement, future))
            is_taken_along = self._under_way == self._most_under_way
            self._under_way += not is_taken_along
        if not is_taken_along:
            self._sharing.submit(self._work_off)
        self._waiting += 1
        try:
            return await future
        finally:
            self._waiting -= 1

    async def do(self, work: Callable[[], None]) -> None:
        """Have work done in a thread; raises what it raises."""
        await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def submit(self, work: Callable[..., None], *arguments: object) -> None:
        """Have work done that nobody waits for; when the process ends, not even that."""
        with suppress(RuntimeError):  # the threads were shut down
            self._threads.submit(work, *arguments)

    def _work_off(self) -> None:
        """Announce what waits, as much as has gathered at once, until nothing does; in a thread."""
        while self._goes_on():
            batch = _Batch(self._queue)
            try:
                outcomes = self._calls.announce_together(batch.gather)
            except Exception:  # of one of them, or of the database: each finds out for itself
                batch.gather()
                for waiting in batch.gathered:
                    self.submit(self._announce_alone, *waiting)
            else:
                futures = [future for _, future in batch.gathered]
                if futures:
                    futures[0].get_loop().call_soon_threadsafe(_tell, futures, outcomes)

    def _goes_on(self) -> bool:
        """Tell whether something waits; when nothing does this thread's turn is over."""
        with self._lock:
            self._under_way -= not self._queue
            return bool(self._queue)

    def _announce_alone(self, announcement: Announcement, future: _Future) -> None:
        if future.cancelled():
            return
        outcome: Outcome
        try:
            outcome = self._calls.announce(announcement)
        except Exception as error:
            outcome = error
        future.get_loop().call_soon_threadsafe(_tell, [future], [outcome])


class _Batch:
    """What is taken from a queue for one transaction, once; who has given up is left out."""

    def __init__(self, queue: deque[_Waiting]) -> None:
        self._queue = queue
        self.gathered: list[_Waiting] = []
        self._is_gathered = False

    def gather(self) -> list[Announcement]:
        """Return what waits, the first time what waits by then."""
        if not self._is_gathered:
            self._is_gathered = True
            with suppress(IndexError):  # another thread takes from it, too
                for _ in range(MOST_TOGETHER):
                    self.gathered.append(self._queue.popleft())
            self.gathered = [waiting for waiting in self.gathered if not waiting[1].cancelled()]
        return [announcement for announcement, _ in self.gathered]


def _tell(futures: Iterable[_Future], outcomes: Iterable[Outcome]) -> None:
    for future, outcome in zip(futures, outcomes, strict=True):
        if not future.done():  # who waited may have given up
            future.set_result(outcome)
