"""Agents are told that they missed a call, at once or when they come back; what fails once is done again."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from soap_service.asgi.protocol import BoundedProtocol
from soap_service.live.streams import Streams
from soap_service.model import Listener
from soap_service.storage.news import NewsFeed
from soap_service.store import Announcement, Delivery, News, Store, Told
from tests.conftest import Service, start_service, wait_until
from tests.event_streams import Listener as Browser
from tests.event_streams import announce, listening, log_in
from tests.waiting import run_in_own_loop


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service at which a call is missed after half a second."""
    service = start_service(tmp_path_factory.mktemp("hasty"), SOAP_SERVICE_CALL_SECONDS="0.5")
    yield service
    service.stop()
    assert "Traceback" not in service.log, service.log


def missed(browser: Browser) -> list[str]:
    return [data["perdidas"] for _, name, data in browser.events if name == "atendimento" and "perdidas" in data]


def test_a_call_that_nobody_looks_at_is_told_to_be_missed(hasty: Service) -> None:
    with listening(hasty, log_in(hasty, "atendente", "4067")) as browser:
        announce(hasty)
        wait_until(lambda: missed(browser) == ["1"])
        announce(hasty, cpf="52998224725")  # the watcher goes on
        wait_until(lambda: missed(browser) == ["1", "2"])


def test_a_browser_that_comes_back_is_told_what_was_missed(hasty: Service) -> None:
    cookie = log_in(hasty, "consulta", "4068")
    with listening(hasty, cookie):
        pass
    token = announce(hasty, ramal="4068")
    store = Store(hasty.database_url, call_lifetime=timedelta(seconds=0.5))
    wait_until(lambda: store.attendance.find(store.staff.find_agent("consulta").id).missed == 1)
    others = store.attendance.find(store.staff.find_agent("atendente").id).missed
    store.close()
    with listening(hasty, log_in(hasty, "atendente", "4067")) as other:  # until the watcher has looked at the call
        announce(hasty, cpf="86288366757")
        wait_until(lambda: missed(other)[-1:] == [str(others + 1)])
    with listening(hasty, cookie) as browser:
        wait_until(lambda: missed(browser) == ["1"])
        assert token not in browser.tokens


class FailingOnce(NewsFeed):
    """News whose first reading fails as none should."""

    failures = 0

    def read(self, told: Told) -> News:
        if self.failures == 0:
            self.failures += 1
            raise RuntimeError("unforeseen")
        return super().read(told)


def test_delivery_goes_on_after_an_unforeseen_error(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    news = store.news = FailingOnce(store._database, store.calls, store.extensions, store.live_events)
    store.schema.upgrade()
    integration = store.integrations.add("pbx", None, None, "127.0.0.0/8")
    pushed: list[Delivery] = []

    async def run() -> None:
        streams = Streams(store, "worker")
        await streams.start()
        streams._push = pushed.extend  # type: ignore[method-assign]
        streams._deliver_at_once = lambda: False  # type: ignore[method-assign]
        store.calls.announce(Announcement(integration.id, "novaSolicitacao", "1", extension="4067"))
        async with asyncio.timeout(10):
            while not pushed:
                await asyncio.sleep(0.05)
        await streams.close()

    run_in_own_loop(run())
    assert news.failures == 1 and len(pushed) == 1
    store.close()


@pytest.mark.parametrize(
    ("is_paused", "is_closing", "is_written"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_a_part_is_left_to_the_queue_unless_it_can_be_written(
    is_paused: bool, is_closing: bool, is_written: bool
) -> None:
    written: list[bytes] = []
    protocol: Any = BoundedProtocol.__new__(BoundedProtocol)
    protocol.flow = SimpleNamespace(write_paused=is_paused)
    protocol.transport = SimpleNamespace(is_closing=lambda: is_closing, write=written.append)
    cycle: Any = SimpleNamespace(
        response_started=True, response_complete=False, disconnected=False, chunked_encoding=True
    )
    assert protocol._write_part(cycle, b"part") is is_written
    assert written == ([b"4\r\npart\r\n"] if is_written else [])


def test_a_process_that_ends_leaves_the_screens_of_others(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    store.schema.upgrade()
    for worker in ("one", "two"):
        store.listeners.change(worker, {"4067": store.now()}, [])
    store.listeners.remove("one")
    with store._database.reading() as session:
        assert [row.worker for row in session.query(Listener)] == ["two"]
    store.close()
