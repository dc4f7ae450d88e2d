"""Nodes behind a real PgBouncer in transaction mode, with the direct address of PostgreSQL and without."""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from soap_service.store import Store
from tests.conftest import Service, element, start_service
from tests.demonstration import create_demo_database
from tests.event_streams import listening, log_in
from tests.postgres import Postgres, execute
from tests.waiting import free_port, wait_until

_INI = """
[databases]
* = host=127.0.0.1 port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = {mode}
default_pool_size = 3
ignore_startup_parameters = {ignored}
"""
_USERS = '"postgres" ""\n"limited" ""\n'
#: What docs/operations.md has the role set, since a pooler takes no settings of a session.
_LIMITS = {
    "statement_timeout": "2s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
    "timezone": "UTC",
}


@pytest.fixture(scope="module", autouse=True)
def program() -> str:
    """PgBouncer; where it cannot be had, these tests are skipped."""
    found = subprocess.run(
        ["sh", str(Path(__file__).with_name("find-pgbouncer.sh"))], capture_output=True, text=True, timeout=600
    )
    if found.returncode:
        pytest.skip(found.stderr.strip().splitlines()[-1])
    path = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert path
    return path


class PgBouncer:
    """One in front of a server."""

    def __init__(self, program: str, server: Postgres, mode: str, ignored: str) -> None:
        self.port = free_port()
        file = server.folder / f"{self.port}.ini"  # its user may read that
        users = file.with_suffix(".users")
        users.write_text(_USERS)
        settings = {"users": users, "port": server.port, "own_port": self.port, "mode": mode, "ignored": ignored}
        file.write_text(_INI.format(**settings))
        user: dict[str, Any] = {"user": "nobody"} if os.geteuid() == 0 else {}
        self.process = subprocess.Popen([program, "-q", str(file)], **user)
        wait_until(lambda: self.process.poll() is None and _is_open(self.port), 10)

    def url_of(self, direct: str) -> str:
        """Return the address of a database behind it."""
        return make_url(direct).set(port=self.port).render_as_string(hide_password=False)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def server(program: str) -> Iterator[Postgres]:
    server = Postgres()
    execute(server.url, "CREATE ROLE limited SUPERUSER LOGIN")
    for name, value in _LIMITS.items():
        execute(server.url, f"ALTER ROLE limited SET {name} = '{value}'")
    yield server
    server.close()


@pytest.fixture(params=["transaction"])
def pooler(request: pytest.FixtureRequest, program: str, server: Postgres) -> Iterator[PgBouncer]:
    pooler = PgBouncer(program, server, request.param, "options,extra_float_digits")
    yield pooler
    pooler.close()


@pytest.fixture
def direct(server: Postgres) -> str:
    return create_demo_database(server.url)


@pytest.fixture
def nodes(pooler: PgBouncer, direct: str, tmp_path: Path) -> Iterator[list[Service]]:
    settings = {"SOAP_SERVICE_DIRECT_DATABASE_URL": direct}
    nodes = [start_service(tmp_path / name, database_url=pooler.url_of(direct), **settings) for name in "ab"]
    yield nodes
    for node in nodes:
        assert node.stop() == 0
        assert "database: " not in node.log, node.log


def test_with_the_direct_address_all_works_through_it(nodes: list[Service], direct: str) -> None:
    """More callers and agents than server connections, at two nodes; a call at one pops at the other at once."""
    one, other = nodes
    with listening(other, log_in(other, "atendente", "4067")) as listener:
        seconds = []
        for number in range(10):
            started = time.monotonic()
            assert element(one.call("novaSolicitacao", cpf=f"{number:011}", ramal="4067"), "aviso") == "ENTREGUE"
            wait_until(lambda number=number: len(listener.tokens) == number + 1)
            seconds.append(listener.times[-1] - started)
        assert statistics.median(seconds) < 0.5  # notified: who looks does so once a second

        def ask(number: int) -> str:
            if number % 3:
                return one.call("obterQtdeSolicitacoes", cpf="11144477735")
            return other.call("novaSolicitacao", cpf=f"{1000 + number:011}", ramal="4067")

        with ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(ask, range(300)))
        assert sum("1?34534" in answer for answer in answers) == 200
        wait_until(lambda: len(set(listener.tokens)) == 110)
        assert len(listener.tokens) == 110
    assert execute(direct, "SELECT count(*) FROM call WHERE extension = '4067' AND document < '2'") == [(110,)]


@pytest.mark.parametrize("ignored", ["extra_float_digits", "options,extra_float_digits"])
def test_without_it_a_start_says_what_does_not_work(
    program: str, server: Postgres, direct: str, tmp_path: Path, ignored: str
) -> None:
    """Whether PgBouncer refuses what is set for a session, or passes over it."""
    pooler = PgBouncer(program, server, "transaction", ignored)
    try:
        command = [sys.executable, "-m", "soap_service", "serve", "--database-url", pooler.url_of(direct)]
        told = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=tmp_path)
    finally:
        pooler.close()
    assert told.returncode == 1
    assert "direct_database_url" in told.stderr
    assert "notifications, prepared statements" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("pooler", ["session"], indirect=True)
def test_a_pooler_that_lends_sessions_needs_none(pooler: PgBouncer, direct: str) -> None:
    store = Store(pooler.url_of(direct))
    store.schema.check_address()
    store.close()


@pytest.mark.parametrize(("user", "warnings"), [("postgres", 1), ("limited", 0)])
def test_a_role_without_limits_is_warned_of(
    pooler: PgBouncer, direct: str, user: str, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    url = make_url(pooler.url_of(direct)).set(username=user).render_as_string(hide_password=False)
    store = Store(url, direct_url=direct)
    store.schema.check_address()
    store.close()
    assert sum("ALTER ROLE" in line for line in caplog.messages) == warnings
