"""Writes what platforms asked in vain, and of what they were told, away from their calls."""

import logging
from collections.abc import Callable

from soap_service.errors import StoreUnavailable
from soap_service.keepers.keeper import Keeper

log = logging.getLogger(__name__)

_WRITE_SECONDS = 1.0


class GuessingKeeper(Keeper):
    """Calls `flush` every second, and with True at the end; what cannot be written waits."""

    def __init__(self, flush: Callable[[bool], None]) -> None:
        super().__init__("guessing", _WRITE_SECONDS)
        self._flush = flush

    def close(self) -> None:
        """Write what is left; nothing may be counted any more."""
        super().close()
        try:
            self._flush(True)
        except StoreUnavailable:
            log.error("what platforms asked in the last second was not counted: the database does not answer")

    def keep(self) -> None:
        """Write what has gathered."""
        self._flush(False)
