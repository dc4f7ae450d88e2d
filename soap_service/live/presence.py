"""For which extensions this process has browsers that listen, as the store is told. Knows no stream and no browser.

Who may open a screen at the same moment, after a restart or at the beginning of a shift, is told in one transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import timedelta
from typing import Any

from soap_service.errors import StoreUnavailable
from soap_service.store import Store

#: A stream is believed to be there this long after its process last said so.
LISTENER_SECONDS = 30.0


class Listening:
    """What one worker process says of its listeners; `write` does a store's method where it may wait."""

    def __init__(self, store: Store, worker: str, write: Callable[..., Awaitable[Any]]) -> None:
        self._store, self._worker, self._write = store, worker, write
        self._news: dict[str, bool] = {}
        self._next: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def say(self, extension: str, is_heard: bool) -> None:
        """Say that an extension is listened for, or no longer; return when the store knows, or could not be told.

        `keep` says it all again soon.
        """
        self._news[extension] = is_heard
        if self._next is None:
            self._next = asyncio.create_task(self._tell())
        with suppress(StoreUnavailable):
            await asyncio.shield(self._next)

    async def _tell(self) -> None:
        async with self._turn:  # what is said while another transaction runs goes together into the next
            news, self._news, self._next = self._news, {}, None
            heard = [extension for extension, is_heard in news.items() if is_heard]
            gone = [extension for extension, is_heard in news.items() if not is_heard]
            until = self._store.now() + timedelta(seconds=LISTENER_SECONDS)
            await self._write(self._store.change_listeners, self._worker, heard, gone, until)

    async def keep(self, extensions: Collection[str]) -> None:
        """Say everything that is listened for; raises StoreUnavailable."""
        until = self._store.now() + timedelta(seconds=LISTENER_SECONDS)
        await self._write(self._store.keep_listeners, self._worker, extensions, until)

    async def end(self) -> None:
        """Say that nothing is listened for: the process starts or ends; raises StoreUnavailable."""
        await self._write(self._store.remove_listeners, self._worker)
