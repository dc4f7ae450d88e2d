"""The journal of SOAP calls: a line in the log and the figures of each, written in batches. Knows nothing of SOAP.

A call only leaves a tuple behind; ten times a second what has gathered is written with one system call. A line names
operation, integration, outcome and time, and has no room for a document. What fails inside is logged at once, not here.
"""

import asyncio
import logging
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

from soap_service.metrics import soap_calls, soap_seconds

LOGGER = "soap_service.soap"
FLUSH_SECONDS = 0.1


class Journal:
    """What the calls of one process left behind. `record` and `flush` are called on its event loop.

    `note_uses` is told, with each batch, who called.
    """

    def __init__(self, note_uses: Callable[[Iterable[str]], None] = lambda _: None) -> None:
        self._note_uses = note_uses
        self._records: list[tuple[float, str, str, str, float]] = []
        self._is_logging = logging.getLogger(LOGGER).isEnabledFor(logging.INFO)

    def record(self, operation: str, integration: str, outcome: str, seconds: float) -> None:
        """Leave a call behind: its operation, who called, `ok` or a fault's code, and how long it took."""
        if not self._records:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        self._records.append((time.time(), operation, integration, outcome, seconds))

    def flush(self) -> None:
        """Write what has gathered."""
        records, self._records = self._records, []
        spent: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for _, operation, _, outcome, seconds in records:
            spent[operation, outcome].append(seconds)
        for (operation, outcome), times in spent.items():
            soap_calls.labels(operation, outcome).inc(len(times))
            soap_seconds.observe(operation, times)
        self._note_uses({record[2] for record in records})
        if self._is_logging and records:
            sys.stderr.write("".join(_lines(records)))
            sys.stderr.flush()


def _lines(records: list[tuple[float, str, str, str, float]]) -> list[str]:
    """Return the lines in the form of the rest of the log."""
    lines = []
    second, stamp = 0, ""
    for moment, operation, integration, outcome, seconds in records:
        if int(moment) != second:
            second = int(moment)
            stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        milliseconds = int(moment % 1 * 1000)
        lines.append(
            f"{stamp},{milliseconds:03} INFO {LOGGER} {operation} "
            f"integration={integration} outcome={outcome} ms={seconds * 1000:.2f}\n"
        )
    return lines
