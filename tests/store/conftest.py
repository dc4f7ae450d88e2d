"""A store with some people, a service and a request in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from soap_service.model import Agent, Integration, Request, Requester, Service
from soap_service.store import NewRequest, Store
from tests.clock import stop_clock
from tests.conftest import Content
from tests.postgres import create_database, drop_database

#: Lets so many seconds pass.
Clock = Callable[[float], None]


@dataclass
class World:
    store: Store
    ana: Agent
    bia: Agent
    maria: Requester
    service: Service
    integration: Integration
    request: Request

    def open_request(self, key: str, service: Service | None = None) -> Request:
        new = NewRequest(self.maria.id, (service or self.service).id, "Sem rede.", "incidente")
        return self.store.requests.open(new, self.ana.id, f"form:{key}")


def write_world(store: Store) -> None:
    """Ana may execute, Bia may not; Maria has one request in progress."""
    store.staff.add_group("SDNIVEL1", may_execute=True)
    ana = store.staff.add_agent("ana", "Ana", "hash", ["SDNIVEL1"])
    store.staff.add_agent("bia", "Bia", "hash")
    maria = store.requesters.add("11144477735", "Maria")
    service = store.catalogue.add_service("Falha", "incidente", "SDNIVEL1", sla_minutes=480, contract="C1")
    store.integrations.add("pbx", None, None, "127.0.0.0/8")
    store.requests.open(NewRequest(maria.id, service.id, "Sem rede.", "incidente"), ana.id, "form:first")


@pytest.fixture
def content(request: pytest.FixtureRequest) -> Content | None:
    return write_world if "world" in request.fixturenames else None


@pytest.fixture
def world(store: Store) -> World:
    """What `write_world` writes."""
    [integration] = store.integrations.list_all()
    return World(
        store,
        store.staff.find_agent("ana"),
        store.staff.find_agent("bia"),
        store.requesters.find("11144477735"),
        store.catalogue.find_service(1),
        integration,
        store.requests.find(1),
    )


@pytest.fixture
def clock(store: Store) -> Clock:
    """Let seconds pass for the store, whose time stands."""
    advance = stop_clock(store, datetime(2026, 11, 27, 12, tzinfo=UTC))
    return lambda seconds: advance(timedelta(seconds=seconds))


@pytest.fixture
def postgresql_store(postgres_url: str, template: str) -> Iterator[Store]:
    """A store that is told of what other processes commit."""
    url = create_database(postgres_url, template)
    store = Store(url)
    yield store
    store.close()
    drop_database(postgres_url, url)
