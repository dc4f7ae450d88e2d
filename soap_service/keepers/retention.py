"""Purges every night what a running process keeps no longer: in a thread, in pieces that hold nothing up.

Each node does it by itself, in one of its workers: what one has taken another does not find.
"""

import logging
from collections.abc import Callable
from datetime import date

from soap_service.config import Settings
from soap_service.keepers.keeper import Keeper
from soap_service.store import Retention, Store

log = logging.getLogger(__name__)

_LOOK_SECONDS = 300.0
#: The hours of the desk's day in which a purge begins.
_NIGHT = range(2, 5)


class RetentionKeeper(Keeper):
    """Purges at night; has nothing to do where everything is kept for ever."""

    def __init__(self, store: Store, settings: Settings, is_keeper: Callable[[], bool] = lambda: True) -> None:
        super().__init__("retention", _LOOK_SECONDS)
        self._is_keeper = is_keeper
        self._store, self._zone, self._kept = store, settings.zone, retention_of(settings)
        self._purged_on: date | None = None

    def start(self) -> None:
        """Begin to look for the night."""
        if self._kept != Retention():
            super().start()

    def keep(self) -> None:
        """Purge if it is due; a night in which the database does not answer is tried again."""
        self.purge_if_due()

    def purge_if_due(self) -> bool:
        """Purge once a night, in one worker of a service; tell whether it was done now."""
        now = self._store.now().astimezone(self._zone)
        if now.hour not in _NIGHT or self._purged_on == now.date() or not self._is_keeper():
            return False
        purged = self._store.retention.purge(self._kept, self._ending.wait)
        if not self._ending.is_set():
            self._purged_on = now.date()
        if purged.total:
            log.info("purged: %s", purged)
        return True


def retention_of(settings: Settings) -> Retention:
    """Return for how long the settings keep each."""
    return Retention(
        settings.calls_days,
        settings.unknown_documents_days,
        settings.finished_requests_days,
        settings.refusals_days,
    )
