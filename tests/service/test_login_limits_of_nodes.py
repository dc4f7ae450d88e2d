"""Tries of passwords at two nodes of one PostgreSQL: counted together, also after a restart; nobody is locked out."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.conftest import PASSWORD, Service, start_service
from tests.service.test_nodes import Nodes

SETTINGS = {"SOAP_SERVICE_TRUSTED_PROXIES": "127.0.0.1"}
#: So long that it is refused without a hash.
WRONG = "x" * 2000


@pytest.fixture
def nodes(tmp_path: Path, postgresql_demo_url: str) -> Iterator[Nodes]:
    nodes = tuple(start_service(tmp_path / name, database_url=postgresql_demo_url, **SETTINGS) for name in "ab")
    yield nodes  # type: ignore[misc]
    for node in nodes:
        node.stop()


class Visitor:
    """A browser behind a proxy, at any node."""

    def __init__(self) -> None:
        self.client = httpx.Client()

    def log_in(self, node: Service, address: str, password: str = PASSWORD, login: str = "atendente") -> int:
        """Post the log-in form as from an address and return the answer's status."""
        behind = {"X-Forwarded-For": address}
        page = self.client.get(f"{node.url}/entrar", headers=behind)
        if page.status_code == 303:
            return 303
        token = re.search(r'name="form_token" value="([^"]+)"', page.text)
        assert token is not None
        form = {"form_token": token[1], "usuario": login, "senha": password}
        return self.client.post(f"{node.url}/entrar", data=form, headers=behind).status_code

    def log_out(self) -> None:
        """Forget the log-in, as a browser does that is closed; what it is known by stays."""
        del self.client.cookies["soap_service_session"]


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    visitor = Visitor()
    yield visitor
    visitor.client.close()


def test_tries_at_two_nodes_are_counted_together_and_after_a_restart(nodes: Nodes, visitor: Visitor) -> None:
    here, there = nodes
    tried = [visitor.log_in(nodes[number % 2], "192.0.2.1", WRONG) for number in range(12)]
    assert tried == [403] * 10 + [429] * 2
    assert visitor.log_in(there, "192.0.2.1") == 429
    here.stop()
    again = start_service(here.data, database_url=here.database_url, **SETTINGS)
    assert visitor.log_in(again, "192.0.2.1") == 429
    assert visitor.log_in(again, "198.51.100.1", login="consulta") == 303
    again.stop()


def test_a_hundred_addresses_lock_no_known_browser_out(nodes: Nodes) -> None:
    here, there = nodes
    with ExitStack() as stack:
        known, stranger, new = (Visitor() for _ in range(3))
        for one in (known, stranger, new):
            stack.enter_context(one.client)
        assert known.log_in(here, "203.0.113.5") == 303
        known.log_out()
        attack = [stranger.log_in(nodes[n % 2], f"192.0.2.{n}", WRONG) for n in range(1, 131)]
        assert (attack.count(403), attack.count(429)) == (100, 30)
        assert new.log_in(there, "203.0.113.5") == 429  # a stranger to this account, though from her office
        assert known.log_in(there, "203.0.113.5", WRONG) == 403
        assert known.log_in(there, "203.0.113.77") == 303
        known.log_out()
        assert known.log_in(here, "192.0.2.1") == 303
        assert stranger.log_in(here, "198.51.100.1", WRONG) == 429
