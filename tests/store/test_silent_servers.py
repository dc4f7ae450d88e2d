"""A PostgreSQL that neither answers nor refuses any more, as one that lost its power, and another in its place."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import make_url, text

from soap_service.errors import StoreUnavailable
from soap_service.store import Store
from tests.proxy import Network

#: An answer for which nobody is waited for: others wait 2 s for a connection, 2.5 s for an answer.
AT_ONCE = 1.0


@pytest.fixture
def network(postgresql_database_url: str) -> Iterator[Network]:
    """A network in which what is connected goes silent, and what connects anew finds a server."""
    network = Network(make_url(postgresql_database_url).port or 0)
    yield network
    network.cut()


@pytest.fixture
def store(network: Network, postgresql_database_url: str) -> Iterator[Store]:
    store = Store(make_url(postgresql_database_url).set(port=network.port).render_as_string())
    yield store
    store.close()


def took(thread: ThreadPoolExecutor, store: Store) -> float:
    """Return how long a look at the database takes a thread, in seconds."""
    started = time.monotonic()
    thread.submit(store.check).result()
    return time.monotonic() - started


def look_in_session(store: Store) -> None:
    with store._database.reading() as session:
        session.execute(text("SELECT 1"))


def test_one_thread_finds_out_for_all_that_hold_a_connection(network: Network, store: Store) -> None:
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        for thread in (one, other):
            took(thread, store)
        network.half_open()
        assert took(one, store) > 2
        assert took(other, store) < AT_ONCE


def test_who_meets_it_in_a_session_finds_out_for_all(network: Network, store: Store) -> None:
    with ThreadPoolExecutor(1) as other:
        took(other, store)
        look_in_session(store)
        network.half_open()
        with pytest.raises(StoreUnavailable):
            look_in_session(store)
        assert took(other, store) < AT_ONCE


def test_of_several_hosts_that_of_the_primary_is_asked_first(postgresql_database_url: str) -> None:
    url = make_url(postgresql_database_url)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hosts = f"host=127.0.0.1:{silent.getsockname()[1]}&host=127.0.0.1:{url.port}"
        store = Store(f"postgresql://postgres@/{url.database}?{hosts}")
        with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
            assert took(one, store) > 1.5
            assert took(other, store) < AT_ONCE
        store.close()
