"""When each integration last called: noted off the path of a call, kept at most once a minute. Knows no message."""

import logging
import time
from collections.abc import Iterable
from datetime import UTC, datetime

from soap_service.errors import StoreUnavailable
from soap_service.soap.workers import Pool
from soap_service.store import Store

log = logging.getLogger(__name__)

#: How long an integration's last use may lag behind, in seconds.
KEPT_SECONDS = 60.0


class LastUses:
    """The last uses that one process saw. `note` is called with the call log's batches, on its event loop."""

    def __init__(self, store: Store, pool: Pool) -> None:
        self._store, self._pool = store, pool
        self._kept: dict[str, float] = {}

    def note(self, names: Iterable[str]) -> None:
        """Have those written, in the pool, that were not within the last minute. What is no integration is left out."""
        now = time.monotonic()
        due = [name for name in names if now - self._kept.get(name, float("-inf")) >= KEPT_SECONDS]
        if due:
            self._kept.update(dict.fromkeys(due, now))
            self._pool.submit(self._keep, due)

    def _keep(self, names: list[str]) -> None:
        try:
            self._store.integrations.note_uses(dict.fromkeys(names, datetime.now(UTC)))
        except StoreUnavailable:
            log.warning("the last use of %s was not kept", ", ".join(names))
