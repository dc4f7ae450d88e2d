"""Reads on PostgreSQL travel together, without threads, and every promise of a read holds on that way too."""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psycopg
import pytest

from soap_service.errors import RequesterNotFound, StoreUnavailable
from soap_service.rules.cursor import Position
from soap_service.storage.joined import MOST_WAITING
from soap_service.store import WAIT_SECONDS, Announcement, Store
from tests.conftest import Service, start_service
from tests.postgres import Postgres, create_database, execute
from tests.soap.test_fast_path import post
from tests.soap.wire import Connection
from tests.waiting import run_in_own_loop, run_operation, wait_until

COUNT = post("<cpf>11144477735</cpf>", "obterQtdeSolicitacoes")
DATA = post("<id>955</id>", "obterDadosSolicitacao")
TOLD_SECONDS = 3.5  # 3 s, and a machine that tests use too


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    server = Postgres(log_statement="all")
    yield server
    server.close()


@pytest.fixture(scope="module")
def node(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    node = start_service(tmp_path_factory.mktemp("joined"), database_url=create_database(server.url))
    yield node
    assert node.stop() == 0
    assert "Traceback" not in node.log, node.log


def is_answered(connection: Connection, request: bytes = COUNT, words: bytes = b">1?34534<") -> bool:
    connection.send(request)
    return words in connection.reply().body


def in_time() -> float:
    """Return until when somebody waits who begins now."""
    return asyncio.get_running_loop().time() + WAIT_SECONDS


def joined_statements(server: Postgres) -> int:
    return (server.folder / "log").read_text().count("ANY (")


def test_reads_that_come_together_share_a_statement(server: Postgres, node: Service) -> None:
    documents = ["11144477735", "52998224725", "12312312312", "00000000000", "1144477735"]  # nobody's; lost a zero

    async def ask() -> list[object]:
        look_ups = node.store.telephony.join_look_ups()
        reads = [look_ups.reads(in_time()) for _ in documents * 100]
        works = [
            partial(one.count_open_requests, document) for one, document in zip(reads, documents * 100, strict=True)
        ]
        answers = await asyncio.gather(*map(run_operation, works), return_exceptions=True)
        look_ups.close()
        return list(answers)

    before = joined_statements(server)
    answers = run_in_own_loop(ask())
    for document, answer in zip(documents * 100, answers, strict=True):
        try:
            assert answer == node.store.telephony.count_open_requests(document)
        except RequesterNotFound:
            assert isinstance(answer, RequesterNotFound)
    assert joined_statements(server) - before < 10


def test_pipelined_requests_wait_for_a_read_that_waits(node: Service) -> None:
    with Connection(node) as connection, psycopg.connect(node.database_url) as held:
        assert all(is_answered(connection) for _ in range(3))
        held.execute("LOCK TABLE requester IN ACCESS EXCLUSIVE MODE")
        connection.send(COUNT)
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + DATA + COUNT)
        with Connection(node) as other:
            assert is_answered(other, DATA, b"955")  # nobody waits but who asked
        held.rollback()
        bodies = [connection.reply().body for _ in range(4)]
    assert b">1?34534<" in bodies[0] and bodies[1] == b"ok\n" and b"955" in bodies[2] and b">1?34534<" in bodies[3]


def test_a_client_that_leaves_holds_up_nobody(node: Service) -> None:
    with Connection(node) as connection, psycopg.connect(node.database_url) as held:
        assert all(is_answered(connection) for _ in range(3))
        held.execute("LOCK TABLE requester IN ACCESS EXCLUSIVE MODE")
        for _ in range(20):
            with Connection(node) as leaving:
                leaving.send(COUNT)
        connection.send(COUNT)
        connection.end()
        held.rollback()
        assert b">1?34534<" in connection.reply().body
        assert connection.is_closed()


def test_a_connection_that_was_cut_is_made_again_and_nobody_is_told(node: Service) -> None:
    with Connection(node) as connection:
        for _ in range(3):
            assert is_answered(connection)
            execute(
                node.database_url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'soap-service'",
            )


def test_a_lock_is_told_in_time_to_who_needs_the_row(node: Service) -> None:
    with Connection(node) as connection, psycopg.connect(node.database_url) as held:
        assert is_answered(connection)
        held.execute("LOCK TABLE requester IN ACCESS EXCLUSIVE MODE")
        connection.send(COUNT)
        reply = connection.reply()
        assert b"INDISPONIVEL" in reply.body
        assert reply.seconds < TOLD_SECONDS
        held.rollback()
        assert is_answered(connection)


def test_what_waits_behind_a_lock_is_taken_by_the_other_connection(node: Service) -> None:
    with Connection(node) as concerned, Connection(node) as other, psycopg.connect(node.database_url) as held:
        assert is_answered(concerned) and is_answered(other, DATA, b"955")
        held.execute("LOCK TABLE requester IN ACCESS EXCLUSIVE MODE")
        concerned.send(COUNT)
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        wait_until(lambda: execute(node.database_url, waiting) == [(1,)])
        other.send(DATA)
        reply = other.reply()
        assert b"955" in reply.body
        assert reply.seconds < 1
        held.rollback()
        assert b">1?34534<" in concerned.reply().body


def test_a_frozen_server_is_told_in_time_and_what_waits_is_bounded(server: Postgres, node: Service) -> None:
    store = Store(node.database_url)

    async def ask() -> tuple[int, float]:
        look_ups = store.telephony.join_look_ups()
        started = time.monotonic()

        async def one(number: int) -> None:
            reads = look_ups.reads(in_time())
            with pytest.raises(StoreUnavailable):
                await run_operation(lambda: reads.summarise_request(number))

        all_of_them = [asyncio.create_task(one(number)) for number in range(1, MOST_WAITING + 51)]
        await asyncio.sleep(0)  # each has asked
        refused = sum(one.done() for one in all_of_them)
        await asyncio.gather(*all_of_them)
        look_ups.close()
        return refused, time.monotonic() - started

    server.freeze()
    try:
        refused_at_once, seconds = run_in_own_loop(ask())
    finally:
        server.freeze(False)
    assert refused_at_once == 50  # so many are too many
    assert seconds < TOLD_SECONDS
    store.close()
    with Connection(node) as connection:
        wait_until(lambda: is_answered(connection), 5)


def test_sigterm_lets_a_read_that_waits_end(server: Postgres, tmp_path: Path) -> None:
    node = start_service(tmp_path, database_url=create_database(server.url))
    with Connection(node) as connection, psycopg.connect(node.database_url) as held:
        assert all(is_answered(connection) for _ in range(3))
        held.execute("LOCK TABLE requester IN ACCESS EXCLUSIVE MODE")
        connection.send(COUNT)
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        wait_until(lambda: execute(server.url, waiting) == [(1,)])
        node.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "Shutting down" in node.log)
        held.rollback()
        reply = connection.reply()
        assert b">1?34534<" in reply.body
        assert reply.headers["connection"] == "close"
        assert connection.is_closed()
    assert node.process.wait(12) == 0
    assert "Traceback" not in node.log


def test_calls_that_commit_together_are_told_to_other_nodes_together(server: Postgres, node: Service) -> None:
    own, other = Store(node.database_url), Store(node.database_url)
    heard: list[int] = []

    def listen() -> None:
        with psycopg.connect(node.database_url, autocommit=True) as connection:
            connection.execute("LISTEN soap_service")
            heard.append(0)
            for _ in connection.notifies(timeout=20):
                heard.append(len(other.calls.list_after(Position())))
                if heard[-1] == 400:
                    return

    listener = threading.Thread(target=listen)
    listener.start()
    wait_until(lambda: heard)
    before = (server.folder / "log").read_text().count("pg_notify")
    [integration, *_] = own.integrations.list_all()

    def announce(number: int) -> None:
        own.calls.announce(Announcement(integration.id, "novaSolicitacao", f"{number:011}", None, "4067"))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(announce, range(400)))
    listener.join(2)  # the last notification came after the last commit
    assert heard[-1] == 400
    assert (server.folder / "log").read_text().count("pg_notify") - before < 350
    own.close()
    other.close()
