"""Which calls were sent to a browser: recorded in the store after the fact, so that no call waits for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from soap_service.errors import StoreUnavailable
from soap_service.metrics import delivery_seconds
from soap_service.store import Delivery, Store

log = logging.getLogger(__name__)

#: Deliveries are recorded together, each with its own time, this long after the first of them.
RECORD_SECONDS = 0.05
_AWAY_SECONDS = 1.0


class Deliveries:
    """What was delivered and is not recorded yet. `write` has work done in a thread."""

    def __init__(self, store: Store, write: Callable[..., Awaitable[Any]]) -> None:
        self._store = store
        self._write = write
        self._delivered: dict[str, datetime] = {}
        self._has_some = asyncio.Event()

    def note(self, call: Delivery) -> None:
        """Note that a call was sent to a browser now."""
        now = self._store.now()
        self._delivered.setdefault(call.token, now)
        self._has_some.set()
        delivery_seconds.observe((now - call.created_at).total_seconds())

    async def record(self) -> None:
        """Record what is noted, until it is cancelled; survive a database that is away."""
        while True:
            await self._has_some.wait()
            await asyncio.sleep(RECORD_SECONDS)
            self._has_some.clear()
            delivered, self._delivered = self._delivered, {}
            try:
                await self._write(self._store.calls.mark_delivered, delivered)
            except StoreUnavailable:
                self._delivered = {**self._delivered, **delivered}
                self._has_some.set()
                await asyncio.sleep(_AWAY_SECONDS)
            except Exception:
                log.exception("recording of deliveries")
