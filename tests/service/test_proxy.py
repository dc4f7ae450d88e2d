"""What stands in deploy/, run: the real nginx and HAProxy with TLS in front of two nodes; systemd's own check."""

import os
import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import requests
import zeep
from zeep.transports import Transport

from soap_service.store import Store
from tests.conftest import Service, element
from tests.event_streams import listening, log_in
from tests.postgres import Postgres
from tests.reverse_proxies import DEPLOY, find_proxies, start_desk
from tests.waiting import wait_until

Desk = tuple[Service, list[Service]]


@pytest.fixture(params=["nginx", "haproxy"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, postgresql_demo_url: str) -> Iterator[Desk]:
    """Two nodes behind a proxy: what a client sees, and the nodes."""
    find_proxies()
    front, nodes = start_desk(request.param, tmp_path, postgresql_demo_url)
    yield front, nodes
    front.stop()
    for node in nodes:
        node.stop()


def test_behind_a_proxy_wsdl_calls_and_events_are_one_services(desk: Desk) -> None:
    front, _ = desk
    wsdl = httpx.get(f"{front.url}/soap?wsdl", verify=front.verify).text
    assert f'location="{front.url}/soap"' in wsdl
    transport = Transport(session=_session(front))
    client = zeep.Client(f"{front.url}/soap?wsdl", transport=transport).service
    assert client.obterQtdeSolicitacoes("11144477735") == "1?34534"
    with listening(front, log_in(front, "atendente", "4067")) as listener:
        seconds = []
        for number in range(6):  # at both nodes
            started = time.monotonic()
            answer = front.call("novaSolicitacao", cpf=f"{number:011}", ramal="4067")
            assert element(answer, "aviso") == "ENTREGUE"
            assert element(answer, "url").startswith(f"{front.url}/chamadas/")
            wait_until(lambda number=number: len(listener.tokens) == number + 1)
            seconds.append(listener.times[-1] - started)
        assert statistics.median(seconds) < 0.5  # not buffered
    for path in ("/metrics", "/%6detrics"):
        assert httpx.get(f"{front.url}{path}", verify=front.verify).status_code == 403


def _session(front: Service) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = f"{front.data}/telefonia.pem.crt"
    return session


def test_when_a_node_is_killed_calls_are_answered_and_agents_come_back(desk: Desk) -> None:
    front, nodes = desk
    cookie = log_in(front, "atendente", "4067")
    with listening(front, cookie) as one, listening(front, cookie) as two:
        tokens, slowest = [], 0.0
        for number in range(40):
            if number == 10:
                nodes[0].process.send_signal(signal.SIGKILL)
                nodes[0].process.wait()
                killed = time.monotonic()
            started = time.monotonic()
            answer = front.call("novaSolicitacao", cpf=f"{number:011}", ramal="4067")
            slowest = max(slowest, time.monotonic() - started)
            tokens.append(element(answer, "url").rpartition("/")[2])
        assert slowest < 3  # a platform waits no longer
        gone = [listener for listener in (one, two) if listener.has_ended]
        for listener in gone:
            last = listener.events[-1][0] if listener.events else ""
            with listening(front, cookie, last) as again:
                wait_until(lambda heard=listener, again=again: set(heard.tokens + again.tokens) == set(tokens))
                assert len(listener.tokens + again.tokens) == len(tokens)
                assert time.monotonic() - killed < 10
        for listener in {one, two} - set(gone):
            wait_until(lambda heard=listener: heard.tokens == tokens)


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    unit = (DEPLOY / "soap-service@.service").read_text().replace("/opt/soap-service/bin/soap-service", "/bin/true")
    (tmp_path / "soap-service@8001.service").write_text(unit)
    verify = [analyze, "verify", "--man=no", str(tmp_path / "soap-service@8001.service")]
    said = subprocess.run(verify, capture_output=True, text=True, timeout=60).stderr
    assert "soap-service@8001.service:" not in said, said


def test_the_units_exposure_is_at_most_two(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    unit = shutil.copy(DEPLOY / "soap-service@.service", tmp_path / "soap-service@8001.service")
    security = [analyze, "security", "--offline=true", "--no-pager", "--threshold=20", str(unit)]
    done = subprocess.run(security, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_the_containers_database_user_is_no_superuser(tmp_path: Path) -> None:
    server = Postgres()
    psql = shutil.which("psql") or str(server._programs / "psql")
    where = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PATH": f"{Path(psql).parent}:{os.environ['PATH']}"}
    script = ["sh", str(DEPLOY / "database.sh")]
    done = subprocess.run(
        script, env={**where, "SOAP_SERVICE_PASSWORD": 'it\'s "secret"'}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    url = f"postgresql://soap_service@127.0.0.1:{server.port}/soap_service"
    with psycopg.connect(url) as connection:
        rights = (
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = %s"
        )
        assert connection.execute(rights, ["soap_service"]).fetchone() == (False,) * 5
    store = Store(url)
    store.schema.upgrade()
    assert store.schema.is_ready()
    store.close()
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(f"{url.rpartition('/')[0]}/postgres")
    server.close()
