"""Tell the store which extensions have an open screen at this process.

Screens that open at the same moment, after a restart or when a shift begins, are written in one transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from soap_service.errors import StoreUnavailable
from soap_service.store import Store

#: A screen is believed to be there this long after its process last wrote so.
LISTENER_SECONDS = 30.0


class Presence:
    """Write which extensions have a screen at one worker process.

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

    async def note(self, extension: str, is_subscribed: bool) -> None:
        """Write that an extension has a screen, or no longer; return when it is written, or could not be.

        `keep` soon writes them all again.
        """
        self._news[extension] = is_subscribed
        if self._next is None:
            self._next = asyncio.create_task(self._write_news())
        with suppress(StoreUnavailable):
            await asyncio.shield(self._next)

    async def _write_news(self) -> None:
        async with self._turn:  # what comes while another transaction runs goes into the next
            news, self._news, self._next = self._news, {}, None
            subscribed = self._until([extension for extension, is_subscribed in news.items() if is_subscribed])
            await self._write(self._store.listeners.change, self._worker, subscribed, news.keys() - subscribed.keys())

    async def keep(self, extensions: Collection[str]) -> None:
        """Write every extension that has a screen; raises StoreUnavailable."""
        await self._write(self._store.listeners.keep, self._worker, self._until(extensions))

    def _until(self, extensions: Collection[str]) -> dict[str, datetime]:
        """Return until when each extension is believed to have a screen, without those that are not."""
        now = self._store.now()
        seconds = {extension: min(LISTENER_SECONDS, self._believed(extension)) for extension in extensions}
        return {extension: now + timedelta(seconds=left) for extension, left in seconds.items() if left > 0}

    async def end(self) -> None:
        """Remove this process's extensions: it starts or ends; raises StoreUnavailable."""
        await self._write(self._store.listeners.remove, self._worker)
