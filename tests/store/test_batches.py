"""Calls that are announced at once share one transaction, and none suffers for another."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import psycopg
import pytest
from sqlalchemy import event, text

from soap_service.errors import RequestNotFound, StoreUnavailable
from soap_service.rules.cursor import Position
from soap_service.soap.announcements import MAX_WAITING, Announcements
from soap_service.soap.workers import Pool
from soap_service.storage.steps import Asked, Steps, take_on
from soap_service.store import Announcement, KnownOutcome, Outcome, Receipt, Store
from tests.databases import is_sqlite
from tests.store.conftest import World
from tests.waiting import run_in_own_loop, run_operation

T = TypeVar("T")


@pytest.fixture
def commits(store: Store) -> Callable[[], int]:
    """Return what tells how many transactions have kept calls."""
    if is_sqlite(store):
        seen: list[object] = []
        event.listen(store._database.writer, "commit", seen.append)
        return lambda: len(seen)
    writers = text("SELECT count(DISTINCT xmin::text) FROM call")
    return lambda: int(store._database.fetch(writers)[0][0])


class Announce(Protocol):
    """Has a call announced for somebody who waits so many seconds."""

    def __call__(self, announcement: Announcement, seconds: float = 10.0) -> Coroutine[object, object, Receipt]: ...


def announcing(store: Store, work: Callable[[Announce], Coroutine[object, object, T]]) -> T:
    """Return what `work` comes to, which has calls announced as the SOAP operations have."""

    async def run() -> T:
        pool = Pool(store)
        announcements = Announcements(store, pool)

        async def announce(announcement: Announcement, seconds: float = 10.0) -> Receipt:
            known = KnownOutcome(announcements, asyncio.get_running_loop().time() + seconds)
            return await run_operation(lambda: known.announce(announcement))

        try:
            return await work(announce)
        finally:
            pool.close()
            announcements.close()

    return run_in_own_loop(run())


def announcement(world: World, number: int, request_id: int | None = None) -> Announcement:
    return Announcement(world.integration.id, "novaSolicitacao", f"{number:011}", request_id, "4067")


def share(store: Store, announcements: list[Announcement]) -> list[Outcome]:
    """Announce calls in one transaction, the way that calls share one on this database."""

    async def announce() -> list[Outcome]:
        ways = store.open_shared_commits()
        try:
            return list(await ways[0].announce(lambda: announcements))
        finally:
            for way in ways:
                way.close()

    return run_in_own_loop(announce())


def announce(world: World, *numbers: int) -> list[Outcome]:
    return share(world.store, [announcement(world, number) for number in numbers])


def kept(world: World) -> list[str]:
    return [delivery.token for delivery in world.store.calls.list_after(Position())]


def tokens(receipts: list[Receipt | Exception]) -> list[str]:
    return [receipt.token for receipt in receipts if isinstance(receipt, Receipt)]


def test_calls_that_share_have_one_commit_and_one_notification(world: World, commits: Callable[[], int]) -> None:
    notified: list[int] = []
    world.store.subscribe(lambda: notified.append(len(kept(world))))
    receipts = announce(world, 0, 1, 2, 1)
    assert receipts[3] == receipts[1]  # a repeat of what is not committed yet
    assert kept(world) == tokens(receipts)[:3]
    assert (commits(), notified) == (1, [3])
    assert announce(world, 2, 3)[0] == receipts[2]


def test_a_refused_call_leaves_nothing_and_the_others_are_kept(world: World) -> None:
    wanted = [announcement(world, number, 99_999 if number == 2 else None) for number in (1, 2, 3)]
    first, refused, last = share(world.store, wanted)
    assert isinstance(refused, RequestNotFound)
    assert kept(world) == tokens([first, last])
    assert isinstance(announce(world, 2)[0], Receipt)  # its key was not kept either


def test_when_one_cannot_be_written_nothing_is_kept(world: World) -> None:
    impossible = Announcement(99_999, "novaSolicitacao", f"{7:011}", None, "4067")  # no such integration
    with pytest.raises(StoreUnavailable):
        share(world.store, [announcement(world, 1), impossible])
    assert kept(world) == []
    assert tokens(announce(world, 1)) == kept(world)


def test_calls_that_gathered_share_a_commit_and_each_gets_its_own_answer(
    world: World, commits: Callable[[], int]
) -> None:
    async def announce_all(announce: Announce) -> list[Receipt | BaseException]:
        wanted = [announcement(world, number, 99_999 if number == 7 else None) for number in range(100)]
        return await asyncio.gather(*map(announce, wanted), return_exceptions=True)

    answers = announcing(world.store, announce_all)
    assert isinstance(answers[7], RequestNotFound)
    receipts = [answer for answer in answers if isinstance(answer, Receipt)]
    assert sorted(kept(world)) == sorted(receipt.token for receipt in receipts)
    assert len(receipts) == 99
    assert commits() < 20


def test_one_that_cannot_be_written_fails_alone(world: World) -> None:
    async def announce_all(announce: Announce) -> list[Receipt | BaseException]:
        wanted = [announcement(world, number) for number in range(20)]
        wanted.insert(10, Announcement(99_999, "novaSolicitacao", f"{7:011}", None, "4067"))  # no such integration
        return await asyncio.gather(*map(announce, wanted), return_exceptions=True)

    answers = announcing(world.store, announce_all)
    assert isinstance(answers.pop(10), StoreUnavailable)
    assert sorted(kept(world)) == sorted(answer.token for answer in answers if isinstance(answer, Receipt))
    assert len(kept(world)) == 20


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_one_whose_key_another_holds_waits_alone(world: World) -> None:
    """A transaction somewhere holds the key of one call for 1.5 s: the others are answered at once."""
    key = announcement(world, 3).key("4067")
    statement = text("INSERT INTO recent_call (key, token, announced_at) VALUES (:key, 'held', now())")
    answered: dict[int, float] = {}

    async def announce_all(announce: Announce) -> None:
        async def announce_one(number: int) -> None:
            began = time.monotonic()
            await announce(announcement(world, number))
            answered[number] = time.monotonic() - began

        await asyncio.gather(*(announce_one(number) for number in range(40)))

    with world.store._database.writer.connect() as holder:
        holder.execute(statement, {"key": key})
        release = threading.Timer(1.5, holder.rollback)
        release.start()
        announcing(world.store, announce_all)
        release.join()
    assert answered.pop(3) > 1.4
    assert max(answered.values()) < 1.4
    assert len(kept(world)) == 40


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_who_share_the_same_calls_in_another_order_meet_no_deadlock(world: World) -> None:
    """They lock keys in one order: else the database would end one of them after a second."""
    begin = threading.Barrier(2, timeout=30)

    def together(numbers: list[int]) -> list[list[str]]:
        found = []
        for turn in range(20):
            wanted = [announcement(world, 100 * turn + number) for number in numbers]
            begin.wait()
            found.append(sorted(tokens(list(world.store.calls.announce_together(lambda wanted=wanted: wanted)))))
        return found

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(together, (list(range(20)), list(range(20))[::-1]))
    assert first == second


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_cut", [False, True])
def test_a_transaction_never_goes_on_on_another_connection(world: World, is_cut: bool) -> None:
    """Somebody finds out that the server was gone, or it goes, between two of its steps: nothing of it is kept."""
    database = world.store._database
    remember = text("INSERT INTO recent_call (key, token, announced_at) VALUES (:key, 'x', now()) RETURNING token")
    end_all = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
    """

    def steps() -> Steps[None]:
        yield Asked(remember, [{"key": b"first"}])
        if is_cut:
            with psycopg.connect(database.url.render_as_string(hide_password=False)) as connection:
                connection.execute(end_all)
        else:
            database.backend._server.forget()  # type: ignore[attr-defined]
        yield Asked(remember, [{"key": b"second"}])

    async def run() -> None:
        (link,) = database.backend.open_links(1)
        with pytest.raises(psycopg.OperationalError):
            await take_on(link, steps(), *database.backend.bounds_on_link())
        assert await link.fetch(text("SELECT count(*) FROM recent_call"), {}) == [(0,)]
        link.close()

    run_in_own_loop(run())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_call_given_up_is_not_begun_and_a_full_queue_refuses(world: World) -> None:
    async def give_up(announce: Announce) -> None:
        with world.store._database.lock:  # nothing can be written
            waiting = [
                asyncio.create_task(announce(announcement(world, number), 10.0 if number < 50 else 0.3))
                for number in range(MAX_WAITING)
            ]
            await asyncio.sleep(0)  # each waits
            with pytest.raises(StoreUnavailable):
                await announce(announcement(world, 1_000))
            told = await asyncio.gather(*waiting[50:], return_exceptions=True)
            assert {type(one) for one in told} == {StoreUnavailable}
        await asyncio.gather(*waiting[:50])
        await announce(announcement(world, 2_000))

    announcing(world.store, give_up)
    documents = [world.store.calls.find(token).document for token in kept(world)]
    assert sorted(documents) == sorted(f"{number:011}" for number in [*range(50), 2_000])
