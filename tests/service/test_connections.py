"""How many connections to PostgreSQL a node needs, whatever is asked of it, and who waits when they are few."""

import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

from soap_service.rules.credentials import SESSION_COOKIE
from tests.conftest import Service, element, start_service
from tests.demonstration import PASSWORD
from tests.event_streams import announce, listening, log_in
from tests.postgres import execute
from tests.waiting import wait_until

#: What docs/operations.md promises of a worker.
MOST_CONNECTIONS = 12
SECONDS = 4.0
PAGES = ("/", "/solicitacoes", "/solicitacoes.csv", "/chamadas", "/painel", "/solicitacoes/955", "/solicitacoes/nova")
OWN_NAME = "the-node"


@pytest.fixture
def node(postgresql_demo_url: str, tmp_path: Path) -> Iterator[Service]:
    """A node whose connections have a name of their own."""
    with started(postgresql_demo_url, tmp_path) as node:
        yield node


@contextmanager
def started(url: str, folder: Path, **settings: str) -> Iterator[Service]:
    node = start_service(folder, database_url=f"{url}?application_name={OWN_NAME}", **settings)
    node.database_url = url
    yield node
    assert node.stop() == 0
    assert "Traceback" not in node.log, node.log


@dataclass
class Seen:
    """How many connections the node had at each look."""

    counts: list[int] = field(default_factory=list)


@contextmanager
def watched(url: str) -> Iterator[Seen]:
    """Look at the connections all the time."""
    seen, is_over = Seen(), threading.Event()
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"

    def look() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not is_over.wait(0.02):
                row = connection.execute(query, (OWN_NAME,)).fetchone()
                assert row
                seen.counts.append(row[0])

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join()


def repeat(work: Callable[[httpx.Client, int], str], number: int, url: str, until: float) -> Counter[str]:
    """Do something again and again on a connection of its own; count what came of it."""
    told = Counter[str]()
    with httpx.Client(base_url=url, timeout=30) as client:
        while time.monotonic() < until:
            told[work(client, number)] += 1
            number += 1000
    return told


def ask(node: Service, operation: str, number: int) -> str:
    """Return what was answered in a word."""
    cpf = "11144477735" if operation == "obterQtdeSolicitacoes" else f"{number:011}"
    answer = (
        node.call(operation, cpf=cpf, ramal="4067") if operation == "novaSolicitacao" else node.call(operation, cpf=cpf)
    )
    return element(answer, "codigo") if "codigo>" in answer else "answered"


def enter(client: httpx.Client, login: str, password: str, token: str = "") -> str:
    form = {"form_token": token or token_of(client), "usuario": login, "senha": password}
    return str(client.post("/entrar", data=form).status_code)


def token_of(client: httpx.Client) -> str:
    """Return what the form of the log-in brings."""
    token = re.search(r'name="form_token" value="([^"]+)"', client.get("/entrar").text)
    assert token
    return token[1]


def test_a_node_under_every_load_at_once_has_few_and_nobody_is_refused(node: Service, postgresql_demo_url: str) -> None:
    logged_in = {"Cookie": f"{SESSION_COOKIE}={log_in(node, 'admin')}"}
    with ExitStack() as streams, watched(postgresql_demo_url) as seen:
        for number in range(20):
            streams.enter_context(listening(node, log_in(node, ("atendente", "admin")[number % 2])))
        log_in(node, "atendente", "4067")
        until = time.monotonic() + SECONDS

        def call(client: httpx.Client, number: int) -> str:
            return ask(node, ("obterQtdeSolicitacoes", "novaSolicitacao")[number % 2], number)

        def look(client: httpx.Client, number: int) -> str:
            return str(client.get(PAGES[number % len(PAGES)], headers=logged_in).status_code)

        def guess(client: httpx.Client, number: int) -> str:
            return enter(client, f"nobody{number}", "wrong")

        with ThreadPoolExecutor(32 + 12 + 4) as threads:
            running = {
                name: [threads.submit(repeat, work, number, node.url, until) for number in range(count)]
                for name, work, count in (("calls", call, 32), ("pages", look, 12), ("log-ins", guess, 4))
            }
            told = {name: sum((one.result() for one in some), Counter[str]()) for name, some in running.items()}
    assert max(seen.counts) <= MOST_CONNECTIONS
    assert max(seen.counts) > 8, "the load did not need them"
    assert set(told["calls"]) <= {"answered", "LIMITE_EXCEDIDO"}, told
    assert told["calls"]["answered"] > 100, told
    assert set(told["pages"]) == {"200"}, told
    assert set(told["log-ins"]) <= {"401", "403", "422", "429"}, told
    assert "database: " not in node.log, node.log


def test_pages_that_wait_for_a_lock_hold_up_no_call_and_no_log_in(node: Service, postgresql_demo_url: str) -> None:
    """A hundred at once want what another transaction has locked; each ends, with an answer that says so."""
    logged_in = {"Cookie": f"{SESSION_COOKIE}={log_in(node, 'admin')}"}
    with (
        listening(node, log_in(node, "atendente", "4067")) as listener,
        watched(postgresql_demo_url) as seen,
        httpx.Client(base_url=node.url, timeout=30) as client,
        httpx.Client(base_url=node.url, timeout=60, limits=httpx.Limits(max_connections=100)) as viewing,
    ):
        token = token_of(client)
        with psycopg.connect(postgresql_demo_url) as held, ThreadPoolExecutor(100) as viewers:
            held.execute("LOCK TABLE service IN ACCESS EXCLUSIVE MODE")

            def view(number: int) -> int:
                return viewing.get("/solicitacoes/nova", headers=logged_in).status_code

            views = [viewers.submit(view, number) for number in range(100)]
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database IS NOT NULL"
            wait_until(lambda: execute(postgresql_demo_url, waiting)[0][0] >= 3)
            tokens, slowest = [], 0.0
            for number in range(20):
                started = time.monotonic()
                tokens.append(announce(node, cpf=f"{number:011}"))
                wait_until(lambda: listener.tokens == tokens, 5)
                slowest = max(slowest, time.monotonic() - started)
            began = time.monotonic()
            entered = enter(client, "consulta", PASSWORD, token)
            took = time.monotonic() - began
            assert not all(one.done() for one in views), "they were to wait until then"
            held.rollback()
        told = Counter(one.result() for one in views)
    assert slowest < 1, "a call, or its popup, waited for a page"
    assert entered == "303"
    assert took < 1, "a log-in waited for a page"
    assert set(told) <= {200, 503}, told
    assert max(seen.counts) <= MOST_CONNECTIONS


def test_slow_downloads_hold_no_connection(node: Service, postgresql_demo_url: str) -> None:
    """Ten lists of requests whose readers have stopped reading, while calls and pages go on."""
    more = "SELECT n FROM generate_series(100001, 140000) AS n"
    row = "jsonb_populate_record(r, jsonb_build_object('id', n, 'origin_key', 'slow' || n))"
    execute(postgresql_demo_url, f"INSERT INTO request SELECT ({row}).* FROM request r, ({more}) m WHERE r.id = 955")
    address = httpx.URL(node.url)
    cookie = f"{SESSION_COOKIE}={log_in(node, 'admin')}"
    head = f"GET /solicitacoes.csv HTTP/1.1\r\nHost: desk\r\nCookie: {cookie}\r\n\r\n"
    busy = """
        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'the-node' AND state <> 'idle'
    """
    with ExitStack() as readers, watched(postgresql_demo_url) as seen:
        for _ in range(10):
            reader = readers.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect((address.host, address.port))
            reader.sendall(head.encode())
            assert reader.recv(15) == b"HTTP/1.1 200 OK"
        wait_until(lambda: _is_still(lambda: execute(postgresql_demo_url, busy) == [(0,)]))
        started = time.monotonic()
        for number in range(20):
            assert announce(node, cpf=f"{number:011}")
        assert httpx.get(f"{node.url}/entrar").status_code == 200
        assert time.monotonic() - started < 5
    assert max(seen.counts) <= MOST_CONNECTIONS


def _is_still(is_idle: Callable[[], bool]) -> bool:
    """Tell whether it is so each time that one looks, for a while."""
    return all(is_idle() for _ in range(10) if time.sleep(0.05) is None)
