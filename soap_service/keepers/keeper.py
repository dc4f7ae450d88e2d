"""A thread that does something again and again until the process ends."""

import logging
import threading
from abc import ABC, abstractmethod

from soap_service.errors import StoreUnavailable

log = logging.getLogger(__name__)


class Keeper(ABC):
    """A daemon thread that calls `keep` after each pause of `seconds`; what fails is tried again after the next."""

    def __init__(self, name: str, seconds: float) -> None:
        self._seconds = seconds
        self._ending, self._waking = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def keep(self) -> None:
        """Do what is due. While it goes on `_ending` tells when to leave the rest."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Have `keep` called at once; in any thread."""
        self._waking.set()

    def close(self) -> None:
        """End after the piece that is under way."""
        self._ending.set()
        self._waking.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._waking.wait(self._seconds)
            self._waking.clear()
            if self._ending.is_set():
                return
            try:
                self.keep()
            except StoreUnavailable:
                continue
            except Exception:
                log.exception("%s: it failed, and is tried again", self._thread.name)
