"""Servers under the bench: started as their users start them, their clocks and memory read from /proc."""

import base64
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
READS = ("obterQtdeSolicitacoes", "obterDadosSolicitacao")
#: What peers answer, if it is less than both reads; none of them announces calls.
_OPERATIONS = {"php": READS[:1], "pysimplesoap": READS[:1]}
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
#: So long a peer may take to build itself on a busy machine.
READY_SECONDS = 600.0


class NotStarted(Exception):
    """A server ended, or did not listen in time."""


@dataclass
class Server:
    """A running server: its process, where it listens, and the credential it wants, if any.

    `database` is the process of the database server that it asks, whose time is not its own.
    """

    name: str
    process: "subprocess.Popen[bytes]"
    port: int
    operations: Sequence[str] = (*READS, "novaSolicitacao")
    credential: str = ""
    database: "subprocess.Popen[bytes] | None" = None
    failures: int = 0

    @property
    def url(self) -> str:
        """Where it takes SOAP calls."""
        return f"http://127.0.0.1:{self.port}/soap"

    def cpu_seconds(self) -> float:
        """Return the processor time that its processes have used."""
        return _cpu_seconds(self.process.pid)

    def database_cpu_seconds(self) -> float:
        """Return the processor time that the processes of its database server have used; 0 without one."""
        return 0.0 if self.database is None else _cpu_seconds(self.database.pid)

    def memory_mib(self) -> float:
        """Return the resident memory of its processes."""
        pages = 0
        for pid in _family(self.process.pid):
            with suppress(OSError):  # a child that has ended meanwhile
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * _PAGE / 2**20

    def stop(self) -> None:
        """End it, if it has not ended itself."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_service(
    url: str, log: Path, tree: Path = Path(), name: str = "soap_service", flags: Sequence[str] = ()
) -> Server:
    """Start the service of a tree as README says for production: a credential, limits, log and metrics on.

    Raises: NotStarted.
    """
    command = [sys.executable, "-m", "soap_service"]
    platform = f"bench-{time.time_ns()}"
    added = subprocess.run(
        [*command, "integration", "add", platform, "--database-url", url], capture_output=True, text=True, check=False
    )
    if added.returncode:
        raise NotStarted(f"integration add: {added.stderr}")
    subprocess.run([*command, "parameter", "set", "281", "S", "--database-url", url], capture_output=True, check=True)
    secret = added.stdout.split("once: ")[1].strip()
    no_limits = ["--calls-per-second", "1000000", "--unknown-documents-per-minute", "0"]
    port = _free_port()
    serve = [*command, "serve", "--database-url", url, "--port", str(port), *no_limits, *flags]
    server = Server(name, _run(serve, log, cwd=tree), port)
    server.credential = base64.b64encode(f"{platform}:{secret}".encode()).decode()
    _wait(server)
    return server


def start_peer(name: str, database: str, log: Path) -> Server:
    """Start a peer on a file or a postgresql:// URL by its own script; it builds first what it needs.

    Raises: NotStarted.
    """
    port = _free_port()
    process = _run([str(PEERS / name / "start"), database, str(port)], log, {"BENCH_CACHE": str(log.parent)})
    server = Server(name, process, port, _OPERATIONS.get(name, READS))
    _wait(server)
    return server


def _run(
    command: list[str], log: Path, more: dict[str, str] | None = None, cwd: Path | None = None
) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, cwd=cwd, env={**os.environ, **(more or {})})


def _wait(server: Server) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                return
        time.sleep(0.05)
    server.stop()
    raise NotStarted(f"{server.name} did not start; its log says why")


def _cpu_seconds(pid: int) -> float:
    """Return the processor time of a process, of the children that it has waited for, and of those that run."""
    total = 0
    for member in _family(pid):
        with suppress(OSError):  # a child that has ended meanwhile
            total += sum(map(int, _stat(member)[11:15]))  # user and system, its own and that of ended children
    return total / _TICKS


def _family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the command's name: state, parent, ...; OSError if it has ended."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
