"""The log of SOAP calls: a line in the log and the figures of each, written in batches. Knows nothing of SOAP.

A call only leaves a tuple behind; ten times a second what has gathered is written with one system call. A line names
operation, integration, outcome, time and the caller's address, and has no room for a document. What fails inside is
logged at once, not here.
"""

import asyncio
import logging
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache

from soap_service.errors import LimitExceeded
from soap_service.logs import stamp
from soap_service.metrics import soap_calls, soap_seconds
from soap_service.rate_limit import OWN_LIMITS, Limited, Limits
from soap_service.rules.networks import sound_address

LOGGER = "soap_service.soap"
FLUSH_SECONDS = 0.1
#: Refusals of callers that no integration accounts for get so many lines, so that nobody can fill a disk with them: two
#: lines of 150 bytes each at most, 260 MB a day.
STRANGERS_PER_SECOND = 10
#: Lines of at most 250 bytes each that a pipe takes whole, as 4,096 bytes are by POSIX.
_SHARED_LINES = 16
_NOBODY = "-"
_Record = tuple[float, str, str, str, float, str | None]

log = logging.getLogger(LOGGER)


class CallLog:
    """What the calls of one process left behind. `record` and `flush` are called on its event loop.

    `note_uses` is told, with each batch, who called.
    """

    def __init__(
        self, note_uses: Callable[[Iterable[str]], None] = lambda _: None, limits: Limits = OWN_LIMITS
    ) -> None:
        self._note_uses = note_uses
        self._is_shared = limits.is_shared  # as the log is
        self._records: list[_Record] = []
        self._strangers = limits.make(Limited.STRANGERS_LISTED, STRANGERS_PER_SECOND, burst=STRANGERS_PER_SECOND)
        self._unlisted = 0
        self._is_logging = logging.getLogger(LOGGER).isEnabledFor(logging.INFO)

    def record(self, operation: str, integration: str, outcome: str, seconds: float, address: str | None) -> None:
        """Leave a call behind: its operation, who called, `ok` or a fault's code, how long it took, from where."""
        if not self._records:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        self._records.append((time.time(), operation, integration, outcome, seconds, address))

    def flush(self) -> None:
        """Write what has gathered."""
        records, self._records = self._records, []
        spent: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for _, operation, _, outcome, seconds, _ in records:
            spent[operation, outcome].append(seconds)
        for (operation, outcome), times in spent.items():
            soap_calls.labels(operation, outcome).inc(len(times))
            soap_seconds.labels(operation).observe_all(times)
        self._note_uses({record[2] for record in records})
        if self._is_logging and records:
            self._write(_lines([record for record in records if self._is_listed(record)]))

    def _write(self, lines: list[str]) -> None:
        """Write lines; where other workers write to the same pipe, in pieces that it takes whole."""
        at_once = _SHARED_LINES if self._is_shared else max(len(lines), 1)
        for first in range(0, len(lines), at_once):
            sys.stderr.write("".join(lines[first : first + at_once]))
            sys.stderr.flush()

    def _is_listed(self, record: _Record) -> bool:
        """Tell whether a call gets a line: every one of an integration, some of those that were never let in."""
        if record[2] != _NOBODY:
            return True
        try:
            self._strangers.spend(_NOBODY)
        except LimitExceeded:
            self._unlisted += 1
            return False
        if self._unlisted:
            log.info("%d refusals of strangers before this one have no line", self._unlisted)
            self._unlisted = 0
        return True


def _lines(records: list[_Record]) -> list[str]:
    """Return the lines in the form of the rest of the log."""
    lines = []
    second, begin, zone = 0, "", ""
    for moment, operation, integration, outcome, seconds, address in records:
        if int(moment) != second:
            second = int(moment)
            begin, _, zone = stamp(second).partition(",000")
        milliseconds = int(moment % 1 * 1000)
        lines.append(
            f"{begin},{milliseconds:03}{zone} INFO {LOGGER} {operation} "
            f"integration={integration} outcome={outcome} ms={seconds * 1000:.2f} address={_address_of(address)}\n"
        )
    return lines


@lru_cache(maxsize=4096)
def _address_of(address: str | None) -> str:
    return sound_address(address or "") or "-"
