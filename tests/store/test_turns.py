"""Who writes next on SQLite: workers of one service, each with a lock file opened by itself, as processes have it."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from soap_service.errors import StoreUnavailable
from soap_service.storage import sqlite
from soap_service.storage.sqlite import WriterLock
from soap_service.turns import Turns

WORKERS = 3


@pytest.fixture
def locks(tmp_path: Path) -> list[WriterLock]:
    Turns.make_files(tmp_path, WORKERS)
    locks = [WriterLock(tmp_path / "desk.db-writer") for _ in range(WORKERS)]
    for worker, lock in enumerate(locks):
        lock.turns = Turns(tmp_path, worker, WORKERS)
    return locks


def take(lock: WriterLock) -> float:
    """Take a lock once, and return how long that took."""
    begun = time.monotonic()
    with lock:
        return time.monotonic() - begun


def test_nobody_writes_twice_while_another_waits(locks: list[WriterLock]) -> None:
    order: list[tuple[int, int | None]] = []  # who wrote, and who waited for it then

    def write(worker: int) -> None:
        turns = locks[worker].turns
        assert turns is not None
        for _ in range(80):
            with locks[worker]:
                time.sleep(0.002)
                order.append((worker, turns._first()))

    with ThreadPoolExecutor(WORKERS) as threads:
        list(threads.map(write, range(WORKERS)))
    assert len(order) == 240
    awaited = [(one, following) for (one, first), (following, _) in pairwise(order) if first is not None]
    assert len(awaited) > 80
    passed_over = sum(one == following for one, following in awaited)
    assert passed_over < len(awaited) / 10  # of who was not run for the time that the others have patience


def test_a_waiter_that_was_stopped_holds_nobody_up(locks: list[WriterLock], tmp_path: Path) -> None:
    stopped = Turns(tmp_path, 2, WORKERS)
    stopped.begin()
    assert take(locks[0]) < 0.5
    Turns.forget(tmp_path, 2)
    assert take(locks[1]) < 0.5


def test_a_writer_without_turns_is_waited_for(
    locks: list[WriterLock], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = WriterLock(tmp_path / "desk.db-writer")
    with ThreadPoolExecutor(1) as threads:
        with command:
            waiting = threads.submit(take, locks[0])
            time.sleep(0.1)
            assert not waiting.done()
        assert 0.05 < waiting.result() < 1
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.1)
    with command, pytest.raises(StoreUnavailable):
        take(locks[0])
    assert take(locks[1]) < 0.5
