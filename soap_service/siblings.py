"""What the workers of one service share beside their database: a folder that its supervisor makes and removes.

Limits and figures are counted there together, a worker tells the others there that it has committed, and one of them
at a time is the keeper, who does what need be done once. Events themselves stay in the database: what is lost here
costs time alone.
"""

import asyncio
import fcntl
import json
import mmap
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from soap_service.rate_limit import SharedLimits
from soap_service.turns import Turns

#: What a worker says to its supervisor when it takes connections, and what it is told when it should take no more.
READY, LEAVE = b"r", b"l"
_WORD = b"1"
_PIPE_BYTES = 65_536
_COUNT_BYTES = 8


@dataclass(frozen=True)
class Place:
    """What a supervisor tells a worker: its folder, its number, and the descriptors that it was left."""

    folder: str
    worker: int
    workers: int
    listeners: list[int]
    told: int

    def write(self) -> str:
        """Return it as an argument of the command."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, argument: str) -> "Place":
        """Return what `write` has written."""
        return cls(**json.loads(argument))

    def join(self) -> "Siblings":
        """Begin to share the folder; `soap_service.metrics` must not have been imported yet."""
        siblings = Siblings(Path(self.folder), self.worker, self.workers)
        siblings.share_figures()
        return siblings

    def open_sockets(self) -> tuple[list[socket.socket], socket.socket]:
        """Return the sockets to accept from, and the one to the supervisor, for this process alone."""
        for file in (*self.listeners, self.told):
            os.set_inheritable(file, False)
            os.set_blocking(file, False)
        return [socket.socket(fileno=file) for file in self.listeners], socket.socket(fileno=self.told)


class Siblings:
    """A worker's view of the folder. `worker` is its number, below `workers`, which no other that lives has."""

    def __init__(self, folder: Path, worker: int, workers: int) -> None:
        self.folder = folder
        self.limits = SharedLimits(folder / "limits", worker, workers)
        self.turns = Turns(folder, worker, workers)
        self._worker = worker
        # Open for both: so none has an end, however the others come and go, and none that is full is waited for.
        self._wakes = [os.open(folder / f"wake-{one}", os.O_RDWR | os.O_NONBLOCK) for one in range(workers)]
        self._others = [wake for one, wake in enumerate(self._wakes) if one != worker]
        self._keeper = os.open(folder / "keeper", os.O_RDONLY)
        self._is_keeper = False
        with (folder / "connections").open("r+b") as file:
            self._connections = memoryview(mmap.mmap(file.fileno(), 0)).cast("q")

    @staticmethod
    def make_folder(folder: Path, workers: int) -> None:
        """Fill an empty folder for so many workers."""
        SharedLimits.make_file(folder / "limits", workers)
        Turns.make_files(folder, workers)
        (folder / "keeper").touch(exist_ok=False)
        (folder / "connections").write_bytes(bytes(_COUNT_BYTES * workers))
        for one in range(workers):
            os.mkfifo(folder / f"wake-{one}", 0o600)

    @staticmethod
    def forget(folder: Path, worker: int) -> None:
        """Forget what was true of a worker only while it lived."""
        Turns.forget(folder, worker)
        (folder / f"gauge_livesum_{worker}.db").unlink(missing_ok=True)
        with (folder / "connections").open("r+b") as file:
            file.seek(_COUNT_BYTES * worker)
            file.write(bytes(_COUNT_BYTES))

    def share_figures(self) -> None:
        """Have this worker's figures kept in the folder; `soap_service.metrics` must not have been imported yet.

        Under its number, not its process: a worker counts on where the one before it in its place was killed.
        """
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self.folder)
        from prometheus_client import values

        values.ValueClass = values.MultiProcessValue(lambda: self._worker)  # type: ignore[no-untyped-call]

    def wake_others(self) -> None:
        """Tell the other workers that something was committed; called in any thread."""
        for wake in self._others:
            with suppress(BlockingIOError):  # it is full of what says the same
                os.write(wake, _WORD)

    def watch(self, on_commit: Callable[[], None]) -> None:
        """Have that called, on the running event loop, when another worker has committed."""
        own = self._wakes[self._worker]

        def take() -> None:
            with suppress(BlockingIOError):
                os.read(own, _PIPE_BYTES)
            on_commit()

        asyncio.get_running_loop().add_reader(own, take)

    def is_keeper(self) -> bool:
        """Tell whether this worker does what need be done once; it stays so until it ends."""
        if not self._is_keeper:
            with suppress(BlockingIOError):
                fcntl.flock(self._keeper, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._is_keeper = True
        return self._is_keeper

    def count_connections(self, count: int | None) -> None:
        """Tell the others how many connections this worker has; None: it takes no more."""
        self._connections[self._worker] = 0 if count is None else count + 1

    def fewest_connections(self) -> int:
        """Return how many connections the worker has that has fewest, of those that take some."""
        return min(filter(None, self._connections.tolist()), default=1) - 1
