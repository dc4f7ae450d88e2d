"""The threads behind one process's endpoint, for what waits for the database and is no plain call."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from soap_service.store import Store


class Pool:
    """Few threads. Its methods are called on the event loop."""

    def __init__(self, store: Store) -> None:
        self._threads = ThreadPoolExecutor(store.traits.writers, thread_name_prefix="soap")

    def close(self) -> None:
        """Let the work in progress end."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def do(self, work: Callable[[], None]) -> None:
        """Have work done in a thread; raises what it raises."""
        await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def submit(self, work: Callable[..., None], *arguments: object) -> None:
        """Have work done that nobody waits for; when the process ends, not even that."""
        with suppress(RuntimeError):  # the threads were shut down
            self._threads.submit(work, *arguments)
