"""What the SOAP endpoint refused: counted off the path of a call, kept at most once a minute a reason.

Only who was refused pays: one entry in a dictionary. A name that is no integration's is not kept, as somebody may have
typed anything there; so nobody outside can make more kinds of refusals than there are integrations and reasons.
"""

import asyncio
import logging

from soap_service.errors import (
    CrossSite,
    LimitExceeded,
    NoCredential,
    OperationNotAllowed,
    StoreUnavailable,
    Unauthorized,
    UnknownPlatform,
    WrongAddress,
    WrongSecret,
)
from soap_service.rules.calls import SIMULATION, Refused
from soap_service.rules.networks import sound_address
from soap_service.soap.workers import Pool
from soap_service.store import NewRefusal, Store

log = logging.getLogger(__name__)

#: A kind of refusal is written at most once in so many seconds; the first of its kind after the short time.
KEPT_SECONDS = 60.0
_FIRST_SECONDS = 0.1
_NOBODY = "-"
_REASONS: dict[type[Exception], Refused] = {
    UnknownPlatform: Refused.UNKNOWN,
    WrongSecret: Refused.NOT_PROVEN,
    WrongAddress: Refused.WRONG_ADDRESS,
    NoCredential: Refused.NO_CREDENTIAL,
    OperationNotAllowed: Refused.WRONG_OPERATION,
    CrossSite: Refused.CROSS_SITE,
}
_Kind = tuple[str, str, str]


class Refusals:
    """The refusals that one process has not written yet. `note` is called on its event loop."""

    def __init__(self, store: Store, pool: Pool) -> None:
        self._store, self._pool = store, pool
        self._counts: dict[_Kind, tuple[int, str]] = {}
        self._kept: dict[_Kind, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = float("inf")

    def note(self, error: Exception, code: str, integration: str, operation: str, address: str | None) -> None:
        """Count a refusal: its error and code, who was admitted (`-`: nobody), for what, from where."""
        if integration == SIMULATION:
            return  # who simulates reads the answer
        if integration == _NOBODY:
            integration = str(error.key) if isinstance(error, (Unauthorized, LimitExceeded, CrossSite)) else ""
        kind = (integration, operation, _REASONS.get(type(error), code))
        count, _ = self._counts.get(kind, (0, ""))
        self._counts[kind] = (count + 1, address or "")
        loop = asyncio.get_running_loop()
        due = max(loop.time() + _FIRST_SECONDS, self._kept.get(kind, float("-inf")) + KEPT_SECONDS)
        if due < self._due:
            self._wake_at(loop, due)

    def flush(self) -> None:
        """Write what is left, at once and here: the process ends."""
        if self._timer is not None:
            self._timer.cancel()
        refusals, self._counts = _refusals_of(self._counts), {}
        if refusals:
            self._keep(refusals)

    def _wake_at(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due, self._timer = due, loop.call_at(due, self._write, loop)

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have the kinds written, in the pool, that were not within the last minute; come back for the others."""
        now = loop.time()
        self._timer, self._due = None, float("inf")
        self._kept = {kind: then for kind, then in self._kept.items() if now - then < KEPT_SECONDS}
        due = {kind: counted for kind, counted in self._counts.items() if kind not in self._kept}
        self._counts = {kind: counted for kind, counted in self._counts.items() if kind in self._kept}
        self._kept.update(dict.fromkeys(due, now))
        if self._counts:
            self._wake_at(loop, min(self._kept[kind] for kind in self._counts) + KEPT_SECONDS)
        if due:
            self._pool.submit(self._keep, _refusals_of(due))

    def _keep(self, refusals: list[NewRefusal]) -> None:
        try:
            self._store.diagnosis.note_refusals(refusals)
        except StoreUnavailable:
            log.warning("%d refusals were not kept", sum(one.count for one in refusals))


def _refusals_of(counts: dict[_Kind, tuple[int, str]]) -> list[NewRefusal]:
    return [NewRefusal(*kind, sound_address(address), count) for kind, (count, address) in sorted(counts.items())]
