"""What is written at once on the embedded database shares one transaction, and each part of it stands for itself."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest
from sqlalchemy import event, text

from soap_service.errors import RequestNotFound, StoreUnavailable
from soap_service.rules.cursor import Position
from soap_service.soap.workers import MAX_WAITING, Pool
from soap_service.store import Announcement, Receipt, Store
from tests.store.conftest import World
from tests.waiting import run_in_own_loop

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def commits(store: Store) -> list[object]:
    """One entry for each transaction that was committed."""
    seen: list[object] = []
    event.listen(store._database.writer, "commit", seen.append)
    return seen


@pytest.fixture
def pool(store: Store) -> Iterator[Pool]:
    pool = Pool(store)
    yield pool
    pool.close()


def announcement(world: World, number: int, request_id: int | None = None) -> Announcement:
    return Announcement(world.integration.id, "novaSolicitacao", f"{number:011}", request_id, "4067")


def announcing(world: World, number: int, request_id: int | None = None) -> Callable[[], Receipt]:
    return lambda: world.store.calls.announce(announcement(world, number, request_id))


def kept(world: World) -> list[str]:
    return [delivery.token for delivery in world.store.calls.list_after(Position())]


def test_nothing_is_seen_before_the_one_commit_and_its_one_notification(world: World, commits: list[object]) -> None:
    notified: list[int] = []
    world.store.subscribe(lambda: notified.append(len(kept(world))))
    commits.clear()
    with world.store.batch():
        receipts = [announcing(world, number)() for number in range(3)]
        assert announcing(world, 1)() == receipts[1]  # a repeat of what is not committed yet
        assert (kept(world), notified) == ([], [])
    assert kept(world) == [receipt.token for receipt in receipts]
    assert (len(commits), notified) == (1, [3])


def test_a_part_that_fails_is_undone_alone(world: World) -> None:
    with world.store.batch():
        first = announcing(world, 1)()
        with pytest.raises(RequestNotFound):
            announcing(world, 2, request_id=99_999)()
        last = announcing(world, 3)()
    assert kept(world) == [first.token, last.token]
    assert announcing(world, 2)().token not in (first.token, last.token)  # its key was not kept either


def test_nothing_is_kept_when_it_ends_with_an_error(world: World) -> None:
    with pytest.raises(ZeroDivisionError), world.store.batch():
        announcing(world, 1)()
        raise ZeroDivisionError
    assert kept(world) == []
    assert announcing(world, 1)()


def test_when_the_database_undoes_all_of_it_all_of_it_is_unavailable(world: World) -> None:
    """Even when a part swallowed the error and later ones went well: SQLite has begun anew behind our back."""
    with pytest.raises(StoreUnavailable), world.store.batch():
        announcing(world, 1)()
        with suppress(StoreUnavailable), world.store._database.writing() as session:
            session.connection().execute(text("ROLLBACK"))
        with suppress(StoreUnavailable):
            announcing(world, 2)()
    first = announcing(world, 1)()
    assert first.token in kept(world)


def test_work_that_gathered_shares_a_commit_and_each_gets_its_own_answer(
    world: World, pool: Pool, commits: list[object]
) -> None:
    async def announce_all() -> list[Receipt | BaseException]:
        works = [announcing(world, number, 99_999 if number == 7 else None) for number in range(100)]
        return await asyncio.gather(*map(pool.run, works), return_exceptions=True)

    commits.clear()
    answers = run_in_own_loop(announce_all())
    assert isinstance(answers[7], RequestNotFound)
    receipts = [answer for answer in answers if isinstance(answer, Receipt)]
    assert kept(world) == [receipt.token for receipt in receipts]
    assert len(receipts) == 99
    assert len(commits) < 20


def test_work_whose_caller_gave_up_is_not_begun_and_a_full_queue_refuses(world: World, pool: Pool) -> None:
    async def give_up() -> None:
        with closing(sqlite3.connect(str(world.store._database.url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # nothing can be written
            waiting = [asyncio.create_task(pool.run(announcing(world, number))) for number in range(MAX_WAITING)]
            await asyncio.sleep(0.2)
            with pytest.raises(StoreUnavailable):
                await pool.run(announcing(world, 1_000))
            for task in waiting[1:]:
                task.cancel()
            await asyncio.gather(*waiting[1:], return_exceptions=True)
        await waiting[0]
        await pool.run(announcing(world, 2_000))

    run_in_own_loop(give_up())
    documents = [world.store.calls.find(token).document for token in kept(world)]
    assert documents == [f"{0:011}", f"{2_000:011}"]


def test_an_unavailable_part_makes_all_that_share_unavailable(world: World, pool: Pool) -> None:
    def unavailable() -> Receipt:
        raise StoreUnavailable

    async def announce_some() -> list[Receipt | BaseException]:
        pool.submit(time.sleep, 0.2)  # the thread is busy: what follows gathers
        works = [announcing(world, 1), unavailable, announcing(world, 2)]
        return await asyncio.gather(*map(pool.run, works), return_exceptions=True)

    assert [type(answer) for answer in run_in_own_loop(announce_some())] == [StoreUnavailable] * 3
    assert kept(world) == []
