"""Which extensions have an open screen at this process, as the store is told.

Who may open a screen at the same moment, after a restart or at the beginning of a shift, is told in one transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from soap_service.errors import StoreUnavailable
from soap_service.store import Store

#: A screen is believed to be there this long after its process last said so.
LISTENER_SECONDS = 30.0


class Presence:
    """What one worker process says of its screens.

    `write` does a store's method where it may wait; `believed` returns for how many seconds an extension's screens are
    believed to receive, not positive when they are not.
    """

    def __init__(
        self,
        store: Store,
        worker: str,
        write: Callable[..., Awaitable[Any]],
        believed: Callable[[str], float],
    ) -> None:
        self._store, self._worker, self._write, self._believed = store, worker, write, believed
        self._news: dict[str, bool] = {}
        self._next: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def say(self, extension: str, is_heard: bool) -> None:
        """Say that an extension has a screen, or no longer; return when the store knows, or could not be told.

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
            heard = self._until([extension for extension, is_heard in news.items() if is_heard])
            await self._write(self._store.change_listeners, self._worker, heard, news.keys() - heard.keys())

    async def keep(self, extensions: Collection[str]) -> None:
        """Say everything that has a screen; raises StoreUnavailable."""
        await self._write(self._store.keep_listeners, self._worker, self._until(extensions))

    def _until(self, extensions: Collection[str]) -> dict[str, datetime]:
        """Return until when each extension is believed to have a screen, without those that are not."""
        now = self._store.now()
        seconds = {extension: min(LISTENER_SECONDS, self._believed(extension)) for extension in extensions}
        return {extension: now + timedelta(seconds=left) for extension, left in seconds.items() if left > 0}

    async def end(self) -> None:
        """Say that nothing is listened for: the process starts or ends; raises StoreUnavailable."""
        await self._write(self._store.remove_listeners, self._worker)
