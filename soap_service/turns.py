"""A fair order among the workers of a service for what one at a time may do: each says since when it waits."""

import mmap
import os
import select
import time
from contextlib import suppress
from pathlib import Path

_CELL_BYTES = 8
_BELL_BYTES = 65_536
#: How often the first one looks whether it can go on: a process that has no turns to pass on may have held it up.
_LOOK_SECONDS = 0.002
#: Who is not the first tries all the same after this: the first one may have been stopped.
_PATIENCE_SECONDS = 0.02
#: Who waits longer has given up, or was killed.
_LONGEST_SECONDS = 5.0


class Turns:
    """What a worker sees of the order; its own turn is that of one thread at a time.

    The order is no lock: what must not be done twice at once needs one beside it. Nothing here is left locked by a
    worker that is killed.
    """

    def __init__(self, folder: Path, worker: int, workers: int) -> None:
        self._worker = worker
        with (folder / "turns").open("r+b") as file:
            self._since = memoryview(mmap.mmap(file.fileno(), 0)).cast("d")
        # Open for both: it has no end, however the others come and go, and who rings never waits.
        self._bells = [os.open(folder / f"turn-{one}", os.O_RDWR | os.O_NONBLOCK) for one in range(workers)]
        self._own = select.poll()
        self._own.register(self._bells[worker], select.POLLIN)
        self._rung_at = 0.0
        self.end()

    @staticmethod
    def make_files(folder: Path, workers: int) -> None:
        """Make in a folder what so many workers need."""
        (folder / "turns").write_bytes(bytes(_CELL_BYTES * workers))
        for one in range(workers):
            os.mkfifo(folder / f"turn-{one}", 0o600)

    @staticmethod
    def forget(folder: Path, worker: int) -> None:
        """Forget that a worker has waited which has ended."""
        with (folder / "turns").open("r+b") as file:
            file.seek(_CELL_BYTES * worker)
            file.write(bytes(_CELL_BYTES))

    def begin(self) -> None:
        """Begin to wait."""
        self._since[self._worker] = self._rung_at = time.monotonic()

    def end(self) -> None:
        """Wait no more: it is done, or given up."""
        self._since[self._worker] = 0.0

    def is_mine(self) -> bool:
        """Tell whether to try now: nobody has waited longer, or whoever has does nothing."""
        return self._first() == self._worker or time.monotonic() - self._rung_at > _PATIENCE_SECONDS

    def wait(self) -> None:
        """Wait until it may be this worker's turn."""
        seconds = _LOOK_SECONDS if self._first() == self._worker else _PATIENCE_SECONDS
        if self._own.poll(seconds * 1000):
            with suppress(BlockingIOError):
                os.read(self._bells[self._worker], _BELL_BYTES)
            self._rung_at = time.monotonic()

    def pass_on(self) -> None:
        """Wake the worker that has waited longest, if any does."""
        first = self._first()
        if first is not None:
            with suppress(BlockingIOError):  # it has been rung often enough
                os.write(self._bells[first], b"1")

    def _first(self) -> int | None:
        now = time.monotonic()
        waiting = [
            (since, one) for one, since in enumerate(self._since.tolist()) if since and now - since < _LONGEST_SECONDS
        ]
        return min(waiting)[1] if waiting else None
