"""Several processes that serve together, at one port: begun, replaced and ended by one that serves nobody itself.

It opens the port and makes the folder that workers share (`siblings.py`); a worker is the same command with one more
argument, so it reads the settings as they are when it begins. A socket to each says when the worker is ready and when
it has ended, and to the worker when it should leave and when nobody watches over it any more.
"""

import fcntl
import logging
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from soap_service.config import Settings
from soap_service.errors import cannot_listen
from soap_service.siblings import LEAVE, READY, Place, Siblings

log = logging.getLogger(__name__)

#: Connections that may wait to be accepted, as uvicorn has it.
_BACKLOG = 2048
#: A worker that ends before it has served so long is replaced later and later.
_STEADY_SECONDS = 30.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
#: Workers that leave or stop have twice STOP_SECONDS of `server`; one that takes longer is killed.
_END_SECONDS = 25.0
_CLOSED_SECONDS = 2.0


@dataclass(eq=False)
class _Worker:
    """A worker's process, and this end of the socket to it."""

    number: int
    process: "subprocess.Popen[bytes]"
    told: socket.socket
    begun_at: float = field(default_factory=time.monotonic)
    is_ready: bool = False
    killed_at: float = float("inf")

    @property
    def is_ending(self) -> bool:
        return self.killed_at < float("inf")

    def leave(self) -> None:
        """Have it take no more connections and end once it has answered."""
        self.killed_at = time.monotonic() + _END_SECONDS
        with suppress(OSError):
            self.told.send(LEAVE)

    def stop(self) -> None:
        """Have it stop as the service does."""
        self.killed_at = min(self.killed_at, time.monotonic() + _END_SECONDS)
        self.process.terminate()


class Supervisor:
    """Keeps `settings.worker_count` workers, each run by the command with these arguments.

    SIGTERM and SIGINT end them all, SIGHUP replaces one after the other, each once the next is ready. Raises
    InputRefused for a port that cannot be had, and SystemExit, with its status, when a worker that cannot start has
    said why and no other serves.
    """

    def __init__(self, settings: Settings, arguments: Sequence[str]) -> None:
        self._settings = settings
        self._command = [sys.executable, "-m", "soap_service", *arguments, "--worker"]
        self._count = settings.worker_count
        #: One more than serve: the next one is ready before the last one leaves.
        self._numbers = range(self._count + 1)
        self._workers: dict[int, _Worker] = {}
        self._replaced: list[_Worker] = []
        self._next: _Worker | None = None
        self._failures = 0
        self._starts_at = 0.0
        self._stopped_by: int | None = None
        self._status = 0
        self._is_greeted = False

    def run_saying(self, greeting: str) -> None:
        """Serve until told to stop; print the greeting when every worker is ready."""
        self._greeting = greeting
        with (
            _opened(self._settings) as self._listeners,
            _folder(len(self._numbers)) as self._folder,
            selectors.DefaultSelector() as self._selector,
            _signals() as (woken, self._take_signals),
        ):
            self._selector.register(woken, selectors.EVENT_READ)
            try:
                while self._workers or self._stopped_by is None:
                    self._look()
            finally:
                for worker in self._workers.values():
                    worker.process.kill()
                    worker.process.wait()
        if self._stopped_by == signal.SIGINT:
            raise KeyboardInterrupt
        if self._status:
            raise SystemExit(self._status)

    def _look(self) -> None:
        """Begin what is missing, and wait for what happens next."""
        if self._stopped_by is None:
            self._begin_missing()
        for key, _ in self._selector.select(self._seconds_left()):
            if key.data is None:
                for number in self._take_signals():
                    self._take_signal(number)
            else:
                self._hear(key.data)
        for worker in self._workers.values():
            if time.monotonic() > worker.killed_at:
                worker.process.kill()

    def _seconds_left(self) -> float | None:
        """Return how long nothing need be done; None: until something happens."""
        due = [worker.killed_at for worker in self._workers.values() if worker.is_ending]
        if self._stopped_by is None and self._starts_at > time.monotonic():
            due.append(self._starts_at)
        return max(0.0, min(due) - time.monotonic()) + 0.01 if due else None

    # What is there and what is missing

    def _begin_missing(self) -> None:
        if time.monotonic() < self._starts_at:
            return
        serving = [worker for worker in self._workers.values() if not worker.is_ending]
        # The first one migrates the database, and says alone what is wrong.
        wanted = self._count if any(worker.is_ready for worker in serving) else 1
        for _ in range(wanted - len(serving)):
            self._begin()
        if self._replaced and self._next is None and len(self._workers) == self._count and self._are_ready():
            self._next = self._begin()

    def _are_ready(self) -> bool:
        return all(worker.is_ready for worker in self._workers.values())

    def _begin(self) -> _Worker:
        """Start a worker."""
        number = next(number for number in self._numbers if number not in self._workers)
        here, there = socket.socketpair()
        listeners = [listener.fileno() for listener in self._listeners]
        place = Place(str(self._folder), number, len(self._numbers), listeners, there.fileno())
        # A group of its own: what a terminal interrupts is this process, which then ends its workers.
        process = subprocess.Popen(  # noqa: S603 - this command
            [*self._command, place.write()], pass_fds=[*listeners, place.told], process_group=0
        )
        there.close()
        worker = self._workers[number] = _Worker(number, process, here)
        self._selector.register(here, selectors.EVENT_READ, worker)
        return worker

    # What happens

    def _take_signal(self, number: int) -> None:
        if number == signal.SIGHUP:
            self._replaced = [worker for worker in self._workers.values() if not worker.is_ending]
            log.info("%d workers are replaced, one after the other", len(self._replaced))
            return
        self._stop(number)

    def _stop(self, number: int) -> None:
        """End all workers, as a signal of that number would."""
        if self._stopped_by is None:
            self._stopped_by = number
        for worker in self._workers.values():
            worker.stop()

    def _hear(self, worker: _Worker) -> None:
        word = b""
        with suppress(ConnectionError):
            word = worker.told.recv(1)
        if word == READY:
            self._take_ready(worker)
        else:
            self._take_end(worker)

    def _take_ready(self, worker: _Worker) -> None:
        worker.is_ready = True
        if self._stopped_by is not None:  # what told it so may have come when nothing listened to it yet
            worker.process.terminate()
            return
        if worker is self._next:
            self._next = None
            if (old := self._take_replaced()) is not None:
                old.leave()
        if not self._is_greeted and len(self._workers) == self._count and self._are_ready():
            self._is_greeted = True
            print(self._greeting, flush=True)

    def _take_replaced(self) -> _Worker | None:
        """Return the next worker to be replaced that lives."""
        while self._replaced:
            worker = self._replaced.pop(0)
            if self._workers.get(worker.number) is worker and not worker.is_ending:
                return worker
        return None

    def _take_end(self, worker: _Worker) -> None:
        """Note that a worker has ended; one that was not told to is replaced."""
        self._selector.unregister(worker.told)
        worker.told.close()
        try:
            status = worker.process.wait(_CLOSED_SECONDS)
        except subprocess.TimeoutExpired:  # it has closed its socket, and does not end
            worker.process.kill()
            status = worker.process.wait()
        del self._workers[worker.number]
        Siblings.forget(self._folder, worker.number)
        if self._stopped_by is not None or worker.is_ending:
            return
        if worker is self._next:
            log.error("the next worker did not start: those of before stay")
            self._next, self._replaced = None, []
            return
        is_served = self._is_greeted and any(other.is_ready for other in self._workers.values())
        if not worker.is_ready and not is_served:
            self._status = status if status > 0 else 1
            self._stop(signal.SIGTERM)
            return
        self._pause(worker)
        log.error("worker %d ended (%s) and is replaced", worker.process.pid, _told(status))

    def _pause(self, worker: _Worker) -> None:
        """Have the next one begin now, or later if those before have not served for long."""
        is_steady = worker.is_ready and time.monotonic() - worker.begun_at > _STEADY_SECONDS
        self._failures = 0 if is_steady else self._failures + 1
        if self._failures > 1:
            pause = min(_FIRST_PAUSE_SECONDS * 2 ** (self._failures - 2), _LONGEST_PAUSE_SECONDS)
            self._starts_at = time.monotonic() + pause


def _told(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"


@contextmanager
def _opened(settings: Settings) -> Iterator[list[socket.socket]]:
    """Give sockets that listen at the settings' address, at each that its name has; raises InputRefused."""
    with ExitStack() as opened:
        listeners: list[socket.socket] = []
        try:
            found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            for family, kind, protocol, _, address in found:
                listeners.append(opened.enter_context(socket.socket(family, kind, protocol)))
                listeners[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    listeners[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listeners[-1].bind(address)
                listeners[-1].listen(_BACKLOG)
        except OSError:
            raise cannot_listen(settings.host, settings.port) from None
        yield listeners


@contextmanager
def _folder(workers: int) -> Iterator[Path]:
    """Give the folder that so many workers share."""
    folder = Path(tempfile.mkdtemp(prefix="soap-service-"))
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_SH)  # systemd removes what is old and nobody has locked
        Siblings.make_folder(folder, workers)
        yield folder
    finally:
        os.close(opened)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _signals() -> Iterator[tuple[socket.socket, Callable[[], bytes]]]:
    """Give a socket that can be read when a signal has come, and what returns those that have."""
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        there.setblocking(False)
        signal.set_wakeup_fd(there.fileno())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        yield here, lambda: here.recv(64)
        signal.set_wakeup_fd(-1)
