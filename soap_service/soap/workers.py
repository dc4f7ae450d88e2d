"""Work that waits for the database, off the event loop: few threads, a bounded queue, late work given up. No SOAP here.

On the embedded database one thread does it, and what has gathered while a transaction was synced to the disk shares
the next one: the disk is waited for once, not once a call. A server database groups its commits itself.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from typing import Any, TypeVar

from soap_service.errors import StoreUnavailable
from soap_service.store import Store

#: Work that may wait for the database at once; one more is refused at once instead of late.
MAX_WAITING = 256

_T = TypeVar("_T")
_Future = asyncio.Future[Any]
_Outcome = tuple[_Future, Any, Exception | None]


class Pool:
    """The threads behind one process's endpoint. Its methods are called on the event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._batch_size = store.traits.batch_size
        self._threads = ThreadPoolExecutor(store.traits.writers, thread_name_prefix="soap")
        self._queue: deque[tuple[Callable[[], Any], _Future]] = deque()
        self._waiting = 0

    def close(self) -> None:
        """Let the work in progress end."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for _, future in self._queue:
            future.cancel()

    async def run(self, work: Callable[[], _T]) -> _T:
        """Return what work returns once it is durable. What has not begun when its caller gives up is never done.

        Raises: what the work raises; StoreUnavailable when too much waits already.
        """
        if self._waiting >= MAX_WAITING:
            raise StoreUnavailable
        future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._queue.append((work, future))
        self._waiting += 1
        self._threads.submit(self._work_off)
        return await future

    def submit(self, work: Callable[..., None], *arguments: object) -> None:
        """Have work done that nobody waits for; when the process ends, not even that."""
        with suppress(RuntimeError):  # the threads were shut down
            self._threads.submit(work, *arguments)

    def _work_off(self) -> None:
        """Do what has gathered, in a thread, and tell those who wait. Another turn may have done it all before."""
        batch: list[tuple[Callable[[], Any], _Future]] = []
        with suppress(IndexError):
            while len(batch) < self._batch_size:
                batch.append(self._queue.popleft())
        if batch:
            loop = batch[0][1].get_loop()
            loop.call_soon_threadsafe(self._tell, self._outcomes(batch))

    def _outcomes(self, batch: list[tuple[Callable[[], Any], _Future]]) -> list[_Outcome]:
        outcomes: list[_Outcome] = []
        try:
            with self._store.batch() if len(batch) > 1 else nullcontext():
                for work, future in batch:
                    outcomes.append(_outcome(work, future))
        except Exception as error:  # nothing of it was kept
            return [(future, None, error) for _, future in batch]
        return outcomes

    def _tell(self, outcomes: list[_Outcome]) -> None:
        for future, result, error in outcomes:
            self._waiting -= 1
            if future.done():
                continue  # who waited has given up
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)


def _outcome(work: Callable[[], Any], future: _Future) -> _Outcome:
    """Do one piece of work; raises StoreUnavailable, which is not of this piece alone."""
    if future.cancelled():
        return future, None, None
    try:
        return future, work(), None
    except StoreUnavailable:
        raise
    except Exception as error:
        return future, None, error
