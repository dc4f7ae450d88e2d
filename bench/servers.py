"""Servers under the bench: started as their users start them, their clocks and memory read from /proc."""

import base64
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
READY_SECONDS = 120.0


@dataclass
class Server:
    """A running server: its process, where it listens, and the credential it wants, if any."""

    name: str
    process: "subprocess.Popen[bytes]"
    port: int
    credential: str = ""
    path: str = "/soap"
    failures: int = 0

    @property
    def url(self) -> str:
        """Where it takes SOAP calls."""
        return f"http://127.0.0.1:{self.port}{self.path}"

    def cpu_seconds(self) -> float:
        """Return the processor time that its processes have used."""
        total = 0
        for pid in self._pids():
            with suppress(OSError):  # a child that has ended meanwhile
                fields = _stat(pid)
                total += sum(map(int, fields[11:15]))  # user and system, of itself and of children it has waited for
        return total / _TICKS

    def memory_mib(self) -> float:
        """Return the resident memory of its processes."""
        pages = 0
        for pid in self._pids():
            with suppress(OSError):
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

    def _pids(self) -> list[int]:
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
                except (OSError, IndexError):
                    continue
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            waiting += children.get(pid, [])
        return found


def start_service(url: str, log: Path, tree: Path = Path(), name: str = "soap_service") -> Server:
    """Start the service of a tree as README says for production: a credential, limits, log and metrics on."""
    port = _free_port()
    command = [sys.executable, "-m", "soap_service"]
    subprocess.run(
        [*command, "integration", "revoke", "bench", "--database-url", url], capture_output=True, check=False
    )
    platform = f"bench-{time.time_ns()}"
    added = subprocess.run(
        [*command, "integration", "add", platform, "--database-url", url], capture_output=True, text=True, check=False
    )
    if added.returncode:
        raise SystemExit(f"integration add: {added.stderr}")
    subprocess.run([*command, "parameter", "set", "281", "S", "--database-url", url], capture_output=True, check=True)
    secret = added.stdout.split("once: ")[1].strip()
    no_limits = ["--calls-per-second", "1000000", "--unknown-documents-per-minute", "0"]
    flags = ["--database-url", url, "--port", str(port), *no_limits]
    with log.open("wb") as output:
        process = subprocess.Popen([*command, "serve", *flags], stdout=output, stderr=output, cwd=tree)
    server = Server(name, process, port, base64.b64encode(f"{platform}:{secret}".encode()).decode())
    _wait(server)
    return server


def start_peer(name: str, database: Path, log: Path) -> Server:
    """Start a peer by its own script; it builds what it needs first."""
    port = _free_port()
    environment = {**os.environ, "BENCH_CACHE": str(database.parent)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(PEERS / name / "start"), str(database), str(port)], stdout=output, stderr=output, env=environment
        )
    server = Server(name, process, port)
    _wait(server)
    return server


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the command's name: state, parent, ..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def _wait(server: Server) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"{server.name} did not start; its log says why")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
