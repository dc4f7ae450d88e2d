"""What callers and agents notice when the database goes, and when it comes back. Nothing is restarted but it."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from soap_service.rules.credentials import SESSION_COOKIE
from tests.commit_proxy import CommitProxy
from tests.conftest import Service, element, start_service
from tests.demonstration import create_demo_database
from tests.event_streams import announce, listening, log_in
from tests.postgres import Postgres, execute
from tests.waiting import wait_until

TOLD_SECONDS = 3.5  # INDISPONIVEL within 3 s, and a machine that tests use too
BACK_SECONDS = 5.0
OPERATIONS = {
    "obterQtdeSolicitacoes": {"cpf": "11144477735"},
    "obterDadosSolicitacao": {"id": 955},
    "novaSolicitacao": {"cpf": "11144477735", "ramal": "4067"},
    "visualizarSolicitacao": {"id": 955, "cpf": "12312312312", "ramal": "4067"},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    server = Postgres(is_durable=True)
    yield server
    server.close()


@pytest.fixture
def node(server: Postgres, tmp_path: Path) -> Iterator[Service]:
    node = start_service(tmp_path, database_url=create_demo_database(server.url))
    yield node
    assert node.stop() == 0
    assert "Traceback" not in node.log, node.log


def told(node: Service, operation: str, arguments: dict[str, object]) -> str:
    """Return the code of the fault; it must come in time."""
    started = time.monotonic()
    answer = node.call(operation, **arguments)
    assert time.monotonic() - started < TOLD_SECONDS
    return element(answer, "codigo")


def status(node: Service, path: str = "/readyz") -> int:
    return node.client.get(node.url + path, timeout=10).status_code


def _stop(server: Postgres) -> None:
    server.stop(signal.SIGQUIT)


def _make_read_only(server: Postgres, value: str = "on") -> None:
    execute(server.url, f"ALTER SYSTEM SET default_transaction_read_only = {value}")
    execute(server.url, "SELECT pg_reload_conf()")


OUTAGES: dict[str, tuple[Callable[[Postgres], None], Callable[[Postgres], None]]] = {
    "stopped": (_stop, Postgres.start),
    "killed": (Postgres.kill, Postgres.start),
    "frozen": (Postgres.freeze, lambda server: server.freeze(False)),
    "read-only": (_make_read_only, lambda server: _make_read_only(server, "off")),
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_a_lost_database_is_told_in_time_and_everything_is_back_soon(
    server: Postgres, node: Service, outage: str
) -> None:
    begin, end = OUTAGES[outage]
    with listening(node, log_in(node, "atendente", "4067")) as listener:
        first = announce(node)
        wait_until(lambda: listener.tokens)
        node.store.close()
        begin(server)
        try:
            if outage == "read-only":
                wait_until(lambda: status(node) == 503, 3)
            for operation, arguments in OPERATIONS.items():
                assert told(node, operation, {**arguments, "cpf": "52998224725"}) == "INDISPONIVEL"
            assert status(node) == 503
            assert status(node, "/healthz") == 200
            assert not listener.has_ended
        finally:
            end(server)
        back = time.monotonic()
        wait_until(lambda: status(node) == 200, BACK_SECONDS)
        wait_until(lambda: "1?34534" in node.call("obterQtdeSolicitacoes", cpf="11144477735"), BACK_SECONDS)
        receipts: list[str] = []
        wait_until(lambda: _announced(node, receipts), BACK_SECONDS)
        wait_until(lambda: receipts[-1] in listener.tokens, BACK_SECONDS)
        assert time.monotonic() - back < BACK_SECONDS
        assert not listener.has_ended
        assert listener.tokens[0] == first
        assert len(listener.tokens) == len(set(listener.tokens))


def _announced(node: Service, receipts: list[str]) -> bool:
    answer = node.call("novaSolicitacao", cpf="12345678909", ramal="4067")
    if "INDISPONIVEL" in answer:
        return False
    assert element(answer, "aviso") in ("ENTREGUE", "AGUARDANDO")
    receipts.append(element(answer, "url").rpartition("/")[2])
    return True


def test_no_stream_opens_while_the_database_is_gone_but_soon_after(server: Postgres, node: Service) -> None:
    cookie = log_in(node, "atendente", "4067")
    node.store.close()
    server.stop(signal.SIGQUIT)
    refused = httpx.get(f"{node.url}/eventos", headers={"Cookie": f"{SESSION_COOKIE}={cookie}"}, timeout=10)
    assert refused.status_code == 503
    server.start()
    wait_until(lambda: status(node) == 200, BACK_SECONDS)  # as a browser tries again
    with listening(node, cookie) as listener:
        token = announce(node)
        wait_until(lambda: listener.tokens == [token])


def test_calls_to_a_frozen_database_are_answered_and_none_is_late_later(server: Postgres, node: Service) -> None:
    server.freeze()
    try:
        with ThreadPoolExecutor(24) as threads:  # more would measure how long this process waits for itself
            started = time.monotonic()
            codes = list(threads.map(lambda n: told(node, "novaSolicitacao", {"cpf": f"{n:011}"}), range(120)))
        assert set(codes) == {"INDISPONIVEL"}
        assert time.monotonic() - started < 5 * TOLD_SECONDS
    finally:
        server.freeze(False)
    wait_until(lambda: "1?34534" in node.call("obterQtdeSolicitacoes", cpf="11144477735"), BACK_SECONDS)
    started = time.monotonic()
    announce(node)
    assert time.monotonic() - started < 1


def test_a_connection_cut_at_commit_is_resolved_by_the_key(server: Postgres, tmp_path: Path) -> None:
    proxy = CommitProxy(server.port)
    direct = create_demo_database(server.url)
    node = start_service(tmp_path, database_url=direct.replace(f":{server.port}/", f":{proxy.port}/"))
    try:
        with listening(node, log_in(node, "atendente", "4067")) as listener:
            tokens = []
            for number in range(10):
                proxy.cuts = 1
                tokens.append(announce(node, cpf=f"{number:011}"))
                assert announce(node, cpf=f"{number:011}") == tokens[-1]
            wait_until(lambda: len(listener.tokens) == 10)
            assert listener.tokens == tokens
        proxy.cuts = 0
        counted = "SELECT count(*), count(DISTINCT document) FROM call WHERE extension = '4067'"
        assert execute(direct, counted) == [(10, 10)]
        assert min(proxy.cut_before, proxy.cut_after) >= 2
    finally:
        node.stop()
        proxy.close()


def test_sigterm_lets_a_call_in_progress_end_and_sends_browsers_elsewhere(server: Postgres, node: Service) -> None:
    import psycopg

    answers: list[str] = []
    with listening(node, log_in(node, "atendente", "4067")) as listener:
        with psycopg.connect(node.database_url) as held:
            held.execute("LOCK TABLE call IN ACCESS EXCLUSIVE MODE")
            caller = threading.Thread(
                target=lambda: answers.append(node.call("novaSolicitacao", cpf="11144477735", ramal="4067"))
            )
            caller.start()
            # The call's own transaction, not a stream that looks for calls: it asks who listens, too.
            waiting = """
                SELECT count(*) > 0 FROM pg_locks AS waits JOIN pg_locks AS has USING (pid)
                WHERE NOT waits.granted AND has.granted AND has.relation = 'listener'::regclass
            """
            wait_until(lambda: held.execute(waiting).fetchone() == (True,))
            node.process.send_signal(signal.SIGTERM)
            wait_until(lambda: listener.has_ended)
            held.rollback()
        caller.join(10)
        assert "url" in answers[0]
        assert node.process.wait(12) == 0
        assert 500 <= listener.retry <= 3000


def test_a_full_disk_keeps_reads_working_and_loses_nothing(tmp_path: Path) -> None:
    mounted = f'mount -t tmpfs -o size=2m tmpfs {tmp_path} && exec "$@"'
    url = f"sqlite:///{tmp_path}/full.db"
    node = start_service(
        tmp_path.with_name("full-disk"),
        database_url=url,
        wrapper=["unshare", "-rm", "sh", "-c", mounted, "sh"],
    )
    first = announce(node)
    full = (number for number in range(5000) if "INDISPONIVEL" in _announce_anyone(node, number))
    assert next(full, None) is not None
    assert "1?34534" in node.call("obterQtdeSolicitacoes", cpf="11144477735")
    assert node.call("obterDadosSolicitacao", id=955).count("Em andamento") == 1
    assert status(node, "/healthz") == 200
    assert announce(node) == first  # a repeat needs no space
    assert node.stop() == 0
    assert "Traceback" not in node.log


def _announce_anyone(node: Service, number: int) -> str:
    return node.call("novaSolicitacao", cpf=f"{number:011}", ramal="4067")
