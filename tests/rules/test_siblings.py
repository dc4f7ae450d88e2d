"""What workers share in their folder: who keeps, who has how many connections, and that another has committed."""

import asyncio
import os
from pathlib import Path

import pytest

from soap_service.siblings import Siblings
from tests.waiting import run_in_own_loop


@pytest.fixture
def workers(tmp_path: Path) -> list[Siblings]:
    Siblings.make_folder(tmp_path, 3)
    return [Siblings(tmp_path, worker, 3) for worker in range(3)]


def test_one_worker_at_a_time_is_the_keeper(workers: list[Siblings]) -> None:
    assert [one.is_keeper() for one in workers] == [True, False, False]
    os.close(workers[0]._keeper)  # as the kernel does when it ends
    assert [one.is_keeper() for one in workers[1:]] == [True, False]


def test_fewest_connections_are_those_of_workers_that_take_some(workers: list[Siblings], tmp_path: Path) -> None:
    assert workers[0].fewest_connections() == 0
    workers[0].count_connections(5)
    workers[1].count_connections(3)
    assert workers[2].fewest_connections() == 3
    workers[1].count_connections(None)
    assert workers[2].fewest_connections() == 5
    workers[2].count_connections(0)
    assert workers[0].fewest_connections() == 0
    Siblings.forget(tmp_path, 2)
    assert workers[0].fewest_connections() == 5


def test_a_commit_wakes_each_other_worker_and_never_waits(workers: list[Siblings]) -> None:
    woken: list[int] = []

    async def wake() -> None:
        for number, worker in enumerate(workers):
            worker.watch(lambda number=number: woken.append(number))
        workers[1].wake_others()
        await asyncio.sleep(0.05)

    run_in_own_loop(wake())
    assert woken == [0, 2]
    for _ in range(70_000):  # more than a pipe takes, and nobody reads
        workers[1].wake_others()
    assert len(os.read(workers[0]._wakes[0], 1 << 20)) == 65_536
