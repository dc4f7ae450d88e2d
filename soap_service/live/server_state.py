"""A look at the database's state and clock from time to time, whatever else is asked of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from soap_service.errors import StoreUnavailable

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
_RETRY_SECONDS = 0.1


async def watch_server(check: Callable[[], Awaitable[None]]) -> None:
    """Check it again and again, and soon again while it is away, until cancelled."""
    while True:
        try:
            await check()
            await asyncio.sleep(LOOK_SECONDS)
        except StoreUnavailable:
            await asyncio.sleep(_RETRY_SECONDS)
        except Exception:
            log.exception("a look at the database")
            await asyncio.sleep(LOOK_SECONDS)
