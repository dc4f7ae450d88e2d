"""On the embedded database reads of one turn share a transaction, and nobody is told less than they know already."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from soap_service.store import NewRequest
from tests.conftest import Service, element, start_service
from tests.soap.test_fast_path import post
from tests.soap.wire import Connection
from tests.waiting import wait_until

DOCUMENT = "11144477735"
COUNT = post(f"<cpf>{DOCUMENT}</cpf>", "obterQtdeSolicitacoes")
BUSY = 24


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    node = start_service(tmp_path_factory.mktemp("turns"), SOAP_SERVICE_CALLS_PER_SECOND="1000000")
    yield node
    assert node.stop() == 0
    assert "Traceback" not in node.log, node.log


@pytest.fixture
def busy(node: Service) -> Iterator[None]:
    """Others ask all the while, many in each turn."""
    has_ended = threading.Event()

    def ask() -> None:
        with ExitStack() as stack:
            connections = [stack.enter_context(Connection(node)) for _ in range(BUSY)]
            while not has_ended.is_set():
                for connection in connections:
                    connection.send(COUNT)
                for connection in connections:
                    connection.reply()

    thread = threading.Thread(target=ask)
    thread.start()
    yield
    has_ended.set()
    thread.join()


def is_log_empty(node: Service) -> bool:
    """Empty the log of the database, unless somebody is reading what is in it at this moment."""
    with sqlite3.connect(node.data / "soap-service.db", timeout=0) as connection:
        return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]


def open_request(node: Service, key: str) -> None:
    """Open one, in this process: another one than the service's."""
    requester, agent = node.store.requesters.find(DOCUMENT), node.store.staff.list_agents()[0]
    node.store.requests.open(NewRequest(requester.id, 1, "Sem rede.", "incidente"), agent.id, f"form:{key}")


@pytest.mark.usefixtures("busy")
def test_who_knows_of_a_change_is_told_of_it_by_every_later_answer(node: Service) -> None:
    opened, _ = node.store.telephony.count_open_requests(DOCUMENT)
    with ExitStack() as stack:
        kept = [stack.enter_context(Connection(node)) for _ in range(3)]
        for number in range(60):
            open_request(node, f"known-{number}")
            opened += 1
            with Connection(node) as fresh:
                for connection in (*kept, fresh):
                    connection.send(COUNT)
                told = [connection.reply().body.decode() for connection in (*kept, fresh)]
            assert [element(one, "obterQtdeSolicitacoesResult") for one in told] == [str(opened)] * 4


@pytest.mark.usefixtures("busy")
def test_the_log_is_emptied_while_calls_are_answered(node: Service) -> None:
    open_request(node, "busy")
    wait_until(lambda: is_log_empty(node))


def test_nobody_reads_once_all_have_their_answers(node: Service) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(node)) for _ in range(BUSY)]
        for number in range(20):
            for connection in connections:
                connection.send(COUNT)
            for connection in connections:
                assert b"Result>" in connection.reply().body
            open_request(node, f"idle-{number}")
            wait_until(lambda: is_log_empty(node), 2.0)
