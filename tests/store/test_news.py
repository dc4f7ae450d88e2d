"""What streams have not told yet, read in one round trip, and the notifications of other processes on the same link."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import psycopg
import pytest
from sqlalchemy import make_url, text

from soap_service.live.streams import Streams
from soap_service.rules.cursor import Position
from soap_service.storage import server_link
from soap_service.storage.backend import Question
from soap_service.store import Announcement, Link, News, Store, Told
from tests.proxy import Network
from tests.store.conftest import World
from tests.waiting import run_in_own_loop

T = TypeVar("T")

SOON = 2.0


def on_link(
    store: Store, work: Callable[[Link], Awaitable[T]], on_notification: Callable[[], None] = lambda: None
) -> T:
    """Return what work comes to on a link that listens."""

    async def run() -> T:
        link = store.news.listen(on_notification)
        assert link is not None
        try:
            return await work(link)
        finally:
            link.close()

    return run_in_own_loop(run())


def announce(world: World, number: int) -> None:
    world.store.calls.announce(Announcement(world.integration.id, "novaSolicitacao", f"{number:011}", None, "4067"))


def notify(url: str) -> None:
    """Tell all others that something was committed."""
    other = Store(url)
    other._database.notify()
    other.close()


def url_of(store: Store) -> str:
    return store._database.url.render_as_string(hide_password=False)


@pytest.fixture
def changed(world: World) -> World:
    """Ten calls, an extension that has changed hands, and an event."""
    for number in range(10):
        announce(world, number)
    world.store.extensions.register(world.ana.id, "4067")
    world.store.live_events.pass_on_proofs(["abc"])
    return world


POSITIONS = [Position(), Position(4), Position(9, frozenset({2, 5})), Position(10)]


def read_every_way(store: Store, told: Told) -> News:
    """Return what is news, and on a server see that its link tells the same."""
    news = store.news.read(told)
    if store.traits.notifies_processes:
        on_it = on_link(store, lambda link: store.news.read_on(link, told))
        assert replace(on_it, read_at=news.read_at) == news
    else:
        assert store.news.listen(lambda: None) is None
    return news


@pytest.mark.parametrize("position", POSITIONS, ids=str)
def test_what_a_position_does_not_cover_is_news(changed: World, position: Position) -> None:
    store = changed.store
    news = read_every_way(store, Told(position, Position(), store.now() - timedelta(minutes=1)))
    assert [call.id for call in news.calls] == [number for number in range(1, 11) if not position.covers(number)]
    assert [(one.number, one.owner_id) for one in news.changes] == [("4067", changed.ana.id)]
    assert news.events[-1].data == {"streams": "abc"}
    newest = Position(news.events[-1].id)
    nothing = read_every_way(store, Told(Position(10), newest, store.now() + timedelta(minutes=1)))
    assert (nothing.calls, nothing.changes, nothing.events) == ([], [], [])


def test_others_notifications_are_heard_between_and_during_questions(postgresql_store: Store) -> None:
    heard = asyncio.Event()

    async def listen(link: Link) -> None:
        await link.fetch(text("SELECT 1"), {})
        await asyncio.to_thread(postgresql_store._database.notify)
        await link.fetch(text("SELECT 1"), {})
        assert not heard.is_set()  # of its own process
        await asyncio.to_thread(notify, url_of(postgresql_store))
        await asyncio.wait_for(heard.wait(), SOON)
        heard.clear()
        asking = asyncio.create_task(link.ask([Question(text("SELECT pg_sleep(0.5)"), {})]))
        await asyncio.to_thread(notify, url_of(postgresql_store))
        await asking
        await asyncio.wait_for(heard.wait(), SOON)

    on_link(postgresql_store, listen, heard.set)


def test_who_has_lost_the_server_hears_again_from_the_next_question_on(postgresql_store: Store) -> None:
    heard = asyncio.Event()
    process = text("SELECT pg_backend_pid()")

    async def listen(link: Link) -> None:
        [(number,)] = await link.fetch(process, {})
        with psycopg.connect(url_of(postgresql_store)) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (number,))
        await asyncio.sleep(0.2)
        [(another,)] = await link.fetch(process, {})
        assert another != number
        await asyncio.to_thread(notify, url_of(postgresql_store))
        await asyncio.wait_for(heard.wait(), SOON)

    on_link(postgresql_store, listen, heard.set)


def test_who_listens_to_a_server_that_another_found_silent_hears_again(postgresql_database_url: str) -> None:
    network = Network(make_url(postgresql_database_url).port or 0)
    store = Store(make_url(postgresql_database_url).set(port=network.port).render_as_string())
    heard = asyncio.Event()

    async def listen(link: Link) -> None:
        await link.fetch(text("SELECT 1"), {})
        await asyncio.to_thread(store.check)
        network.half_open()
        await asyncio.to_thread(store.check)  # finds out for all
        await link.fetch(text("SELECT 1"), {})
        await asyncio.to_thread(notify, postgresql_database_url)
        await asyncio.wait_for(heard.wait(), SOON)

    try:
        on_link(store, listen, heard.set)
    finally:
        store.close()
        network.cut()


def test_a_database_that_sends_no_notifications_is_read_all_the_same(
    postgresql_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = Question(text("DO $$ BEGIN RAISE feature_not_supported; END $$"), {})
    monkeypatch.setattr(server_link, "_LISTEN", refused)

    async def ask(link: Link) -> object:
        return await link.fetch(text("SELECT 1"), {})

    assert on_link(postgresql_store, ask) == [(1,)]


def test_a_process_hears_of_others_from_its_start_on(postgresql_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    hourly = replace(postgresql_store.traits, poll_seconds=3600.0)
    monkeypatch.setattr(postgresql_store._database.backend, "traits", hourly)
    other = Store(url_of(postgresql_store))
    integration = other.integrations.add("pbx", None, None).id
    pushed: list[str] = []

    async def run() -> None:
        streams = Streams(postgresql_store, "worker")
        await streams.start()
        streams._push = lambda calls: pushed.extend(call.token for call in calls)  # type: ignore[method-assign]
        for number in range(100):  # the first may come before it listens
            call = Announcement(integration, "novaSolicitacao", f"{number:011}", None, "4067")
            await asyncio.to_thread(other.calls.announce, call)
            if pushed:
                break
            await asyncio.sleep(0.05)
        await streams.close()

    run_in_own_loop(run())
    other.close()
    assert pushed
