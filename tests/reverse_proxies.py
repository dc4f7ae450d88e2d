"""The proxies of deploy/, run as they stand but for ports and paths, in front of nodes that tests have started."""

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import httpx

from tests.conftest import Service, start_service
from tests.waiting import free_port, wait_until

DEPLOY = Path(__file__).parent.parent / "deploy"
#: The proxies call the nodes from here: 127.0.0.1 stays an address of callers, which the demonstration lets in.
ADDRESS = "127.0.0.2"
NODES = ("127.0.0.1:8001", "127.0.0.1:8002")


def find_proxies() -> None:
    """Have nginx and HAProxy installed; raises with a sentence."""
    subprocess.run(["sh", str(Path(__file__).with_name("service") / "find-proxies.sh")], check=True, timeout=600)


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, name
    return found


def make_certificate(folder: Path) -> Path:
    """Return a file with a certificate for localhost and its key."""
    file = folder / "telefonia.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", str(file), "-out", f"{file}.crt"], check=True, capture_output=True)
    with file.open("a") as both:
        both.write(Path(f"{file}.crt").read_text())
    return file


def start_alone(kind: str, folder: Path) -> tuple[int, subprocess.Popen[bytes]]:
    """Start `nginx` or `haproxy` with nothing behind it; return its port and the process."""
    port = free_port()
    command = _CONFIGURE[kind](folder, port, make_certificate(folder), list(NODES))
    with (folder / "proxy.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    wait_until(lambda: _listens(port))
    return port, process


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def start_desk(kind: str, folder: Path, database_url: str, **environment: str) -> tuple[Service, list[Service]]:
    """Start two nodes behind `nginx` or `haproxy`; return what a client sees, and the nodes."""
    port = free_port()
    url = f"https://localhost:{port}"
    settings = {"SOAP_SERVICE_PUBLIC_URL": url, "SOAP_SERVICE_TRUSTED_PROXIES": ADDRESS, **environment}
    nodes = [start_service(folder / name, database_url=database_url, **settings) for name in "ab"]
    certificate = make_certificate(folder)
    command = _CONFIGURE[kind](folder, port, certificate, [node.url.removeprefix("http://") for node in nodes])
    with (folder / "proxy.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    trusted = ssl.create_default_context(cafile=f"{certificate}.crt")
    front = Service(url, folder, process, database_url, trusted)
    wait_until(lambda: _answers(front))
    return front, nodes


def _nginx(folder: Path, port: int, certificate: Path, nodes: list[str]) -> list[str]:
    changes = {
        "user www-data": "user root" if os.geteuid() == 0 else "# user",
        "worker_processes auto": "worker_processes 1",
        "pid /run/nginx.pid": f"pid {folder}/pid; daemon off; error_log {folder}/proxy.log",
        "access_log off;": f"access_log off; proxy_bind {ADDRESS}; client_body_temp_path {folder}/body; "
        f"proxy_temp_path {folder}/proxy;",
        "listen 443": f"listen 127.0.0.1:{port}",
        "telefonia.example.com": "localhost",
        "/etc/ssl/certs/telefonia.pem": str(certificate),
        "/etc/ssl/private/telefonia.key": str(certificate),
    }
    (folder / "nginx.conf").write_text(_changed("nginx.conf", changes, nodes))
    return [program("nginx"), "-c", str(folder / "nginx.conf"), "-e", str(folder / "proxy.log")]


def _haproxy(folder: Path, port: int, certificate: Path, nodes: list[str]) -> list[str]:
    changes = {
        "maxconn 20000": "maxconn 4000",  # what a test may open
        "bind :443": f"bind 127.0.0.1:{port}",
        "/etc/haproxy/telefonia.pem": str(certificate),
        "mode http": f"mode http\n    source {ADDRESS}",
    }
    (folder / "haproxy.cfg").write_text(_changed("haproxy.cfg", changes, nodes))
    return [program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]


_CONFIGURE = {"nginx": _nginx, "haproxy": _haproxy}


def _changed(name: str, changes: dict[str, str], nodes: list[str]) -> str:
    text = (DEPLOY / name).read_text()
    for there, here in {**changes, **dict(zip(NODES, nodes, strict=True))}.items():
        assert there in text, there
        text = text.replace(there, here)
    return text


def _answers(front: Service) -> bool:
    assert front.process.poll() is None, (front.data / "proxy.log").read_text()
    try:
        return front.client.get(f"{front.url}/readyz").status_code == 200
    except httpx.TransportError:
        return False
