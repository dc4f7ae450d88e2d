"""What stands in deploy/, run: the real nginx with TLS in front of two nodes, HAProxy's and systemd's own checks."""

import os
import re
import shutil
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import requests
import zeep
from zeep.transports import Transport

from tests.conftest import Service, element, start_service
from tests.service.test_stream import listening, log_in
from tests.waiting import free_port, wait_until

DEPLOY = Path(__file__).parents[2] / "deploy"
PATH = f"{os.environ['PATH']}:/usr/sbin"


@pytest.fixture(scope="module", autouse=True)
def proxies() -> None:
    subprocess.run(["sh", str(Path(__file__).with_name("find-proxies.sh"))], check=True, timeout=600)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate with its key, in one file."""
    file = tmp_path / "telefonia.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", str(file), "-out", f"{file}.crt"], check=True, capture_output=True)
    with file.open("a") as both:
        both.write(Path(f"{file}.crt").read_text())
    return file


@pytest.fixture
def desk(tmp_path: Path, certificate: Path, postgresql_database_url: str) -> Iterator[tuple[Service, list[Service]]]:
    """Two nodes behind nginx: what a client sees, and the nodes."""
    port = free_port()
    url = f"https://localhost:{port}"
    nodes = [
        start_service(
            tmp_path / name,
            database_url=postgresql_database_url,
            SOAP_SERVICE_PUBLIC_URL=url,
            SOAP_SERVICE_TRUSTED_PROXIES="127.0.0.2",
        )
        for name in "ab"
    ]
    site = (DEPLOY / "nginx.conf").read_text()
    for there, here in {
        "listen 443": f"listen 127.0.0.1:{port}",
        "telefonia.example.com": "localhost",
        "/etc/ssl/certs/telefonia.pem": str(certificate),
        "/etc/ssl/private/telefonia.key": str(certificate),
        "127.0.0.1:8001": nodes[0].url.removeprefix("http://"),
        "127.0.0.1:8002": nodes[1].url.removeprefix("http://"),
    }.items():
        assert there in site
        site = site.replace(there, here)
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {tmp_path}/pid; {'user root;' if os.geteuid() == 0 else ''}"
        f"error_log {tmp_path}/nginx.log; events {{}} http {{ access_log off; proxy_bind 127.0.0.2;"
        f"client_body_temp_path {tmp_path}/body; proxy_temp_path {tmp_path}/proxy; {site} }}"
    )
    nginx = shutil.which("nginx", path=PATH)
    assert nginx
    process = subprocess.Popen([nginx, "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "nginx.log")])
    front = Service(url, tmp_path, process, postgresql_database_url, ssl.create_default_context(cafile=certificate))
    wait_until(lambda: _answers(front))
    yield front, nodes
    front.stop()
    for node in nodes:
        node.stop()


def _answers(front: Service) -> bool:
    assert front.process.poll() is None, (front.data / "nginx.log").read_text()
    try:
        return httpx.get(f"{front.url}/readyz", verify=front.verify).status_code == 200
    except httpx.TransportError:
        return False


def test_behind_nginx_the_wsdl_the_calls_and_the_events_are_those_of_one_service(
    desk: tuple[Service, list[Service]],
) -> None:
    front, _ = desk
    wsdl = httpx.get(f"{front.url}/soap?wsdl", verify=front.verify).text
    assert f'location="{front.url}/soap"' in wsdl
    transport = Transport(session=_session(front))
    client = zeep.Client(f"{front.url}/soap?wsdl", transport=transport).service
    assert client.obterQtdeSolicitacoes("11144477735") == "1?34534"
    with listening(front, log_in(front, "atendente", "4067")) as listener:
        for number in range(6):  # at both nodes
            started = time.monotonic()
            answer = front.call("novaSolicitacao", cpf=f"{number:011}", ramal="4067")
            assert element(answer, "aviso") == "ENTREGUE"
            assert element(answer, "url").startswith(f"{front.url}/chamadas/")
            wait_until(lambda number=number: len(listener.tokens) == number + 1)
            assert listener.times[-1] - started < 0.5  # not buffered
    assert httpx.get(f"{front.url}/metrics", verify=front.verify).status_code == 403


def _session(front: Service) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = f"{front.data}/telefonia.pem.crt"
    return session


def test_when_a_node_is_killed_every_call_is_answered_and_the_agents_are_back_soon(
    desk: tuple[Service, list[Service]],
) -> None:
    front, nodes = desk
    cookie = log_in(front, "atendente", "4067")
    with listening(front, cookie) as one, listening(front, cookie) as two:
        tokens = []
        for number in range(40):
            if number == 10:
                nodes[0].process.send_signal(signal.SIGKILL)
                nodes[0].process.wait()
                killed = time.monotonic()
            answer = front.call("novaSolicitacao", cpf=f"{number:011}", ramal="4067")
            tokens.append(element(answer, "url").rpartition("/")[2])
        gone = [listener for listener in (one, two) if listener.has_ended]
        for listener in gone:
            last = listener.events[-1][0] if listener.events else ""
            with listening(front, cookie, last) as again:
                wait_until(lambda heard=listener, again=again: set(heard.tokens + again.tokens) == set(tokens))
                assert len(listener.tokens + again.tokens) == len(tokens)
                assert time.monotonic() - killed < 10
        for listener in {one, two} - set(gone):
            wait_until(lambda heard=listener: heard.tokens == tokens)


def test_haproxy_and_systemd_find_nothing_wrong(tmp_path: Path, certificate: Path) -> None:
    configuration = (DEPLOY / "haproxy.cfg").read_text().replace("/etc/haproxy/telefonia.pem", str(certificate))
    (tmp_path / "haproxy.cfg").write_text(re.sub(r"bind :443", f"bind 127.0.0.1:{free_port()}", configuration))
    haproxy = shutil.which("haproxy", path=PATH)
    checked = subprocess.run([str(haproxy), "-c", "-f", str(tmp_path / "haproxy.cfg")], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    unit = (DEPLOY / "soap-service@.service").read_text().replace("/opt/soap-service/bin/soap-service", "/bin/true")
    (tmp_path / "soap-service@8001.service").write_text(unit)
    if analyze := shutil.which("systemd-analyze"):
        verify = [analyze, "verify", "--man=no", str(tmp_path / "soap-service@8001.service")]
        said = subprocess.run(verify, capture_output=True, text=True, timeout=60).stderr
        assert "soap-service@8001.service:" not in said, said
