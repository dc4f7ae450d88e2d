"""A store with some people, a service and a request in it."""

from dataclasses import dataclass

import pytest

from soap_service.model import Agent, Integration, Request, Requester, Service
from soap_service.store import NewRequest, Store


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


@pytest.fixture
def world(store: Store) -> World:
    """Ana may execute, Bia may not; Maria has one request in progress."""
    store.staff.add_group("SDNIVEL1", may_execute=True)
    ana = store.staff.add_agent("ana", "Ana", "hash", ["SDNIVEL1"])
    bia = store.staff.add_agent("bia", "Bia", "hash")
    maria = store.requesters.add("11144477735", "Maria")
    service = store.catalogue.add_service("Falha", "incidente", "SDNIVEL1", sla_minutes=480, contract="C1")
    integration = store.integrations.add("pbx", None, None, "127.0.0.0/8")
    new = NewRequest(maria.id, service.id, "Sem rede.", "incidente")
    request = store.requests.open(new, ana.id, "form:first")
    return World(store, ana, bia, maria, service, integration, request)
