"""Servers turn by turn: what is measured, with wrk, and the table that tells it.

`BENCH_ROUNDS` turns of `BENCH_SECONDS` each after `BENCH_WARM_SECONDS`, with `BENCH_REQUESTS` in the data set;
`BENCH_CASES` names other cases than a bench has itself, `PEERS` other peers: `BENCH_CASES="obterQtdeSolicitacoes:1"`.
"""

import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.answers import difference
from bench.dataset import make
from bench.servers import NotStarted, Server, start_peer

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
WARM_SECONDS = int(os.environ.get("BENCH_WARM_SECONDS", "5"))
REQUESTS = int(os.environ.get("BENCH_REQUESTS", "1000000"))
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def given_folder() -> Path:
    """Return the folder that the command names, var/bench if it names none; made where it is missing."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "var/bench").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def requests_file(folder: Path) -> Path:
    """Return the SQLite file of `REQUESTS` requests in a folder; made where it is missing."""
    file = folder / f"requests-{REQUESTS}.db"
    make(file, REQUESTS)
    return file


class Case(NamedTuple):
    """An operation, and how many connections ask it."""

    operation: str
    connections: int

    @property
    def keys(self) -> int:
        """How many documents or numbers it is asked for."""
        return REQUESTS if self.operation == "obterDadosSolicitacao" else REQUESTS // 5


def list_cases(usual: str) -> list[Case]:
    """Return the cases that `BENCH_CASES` names, or the usual ones: each an operation, a colon and connections."""
    named = (case.partition(":") for case in os.environ.get("BENCH_CASES", usual).split())
    return [Case(operation, int(connections)) for operation, _, connections in named]


@dataclass
class Turn:
    """What one server did in one turn; `failure` says why it counts for nothing.

    Microseconds of processor a call are the server's own and, told apart, its database server's; `wrk` is how many
    cores wrk took meanwhile.
    """

    rate: float = 0.0
    cpu: float = 0.0
    database_cpu: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    wrk: float = 0.0
    failure: str = ""


def load(server: Server, case: Case, seconds: int = SECONDS) -> Turn:
    """Drive a server with wrk, from a process of its own, and read the clocks of the server's processes around it.

    A turn in which a connection broke, a call was refused, no answer came in time or the server has ended is a failure.
    """
    script = str(Path(__file__).with_name("calls.lua"))
    command = ["wrk", "-t1", f"-c{case.connections}", f"-d{seconds}", "--latency", "-s", script, server.url, "--"]
    before = server.cpu_seconds(), server.database_cpu_seconds(), _children_seconds()
    done = subprocess.run(
        [*command, case.operation, str(case.keys), server.credential], capture_output=True, text=True, check=False
    )
    after = server.cpu_seconds(), server.database_cpu_seconds(), _children_seconds()
    own, database, wrk = (late - early for early, late in zip(before, after, strict=True))
    if server.process.poll() is not None:
        return Turn(failure=f"it has ended with {server.process.returncode}")
    if done.returncode:
        return Turn(failure=done.stderr.strip() or f"wrk ended with {done.returncode}")
    if broken := re.search(r"Socket errors: .*|Non-2xx or 3xx responses: .*", done.stdout):
        return Turn(failure=broken[0])
    calls = int(_found(r"(\d+) requests in", done.stdout))
    if not calls:
        return Turn(failure="no answer")
    return Turn(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", done.stdout)),
        cpu=own / calls * 1e6,
        database_cpu=database / calls * 1e6,
        p50=_milliseconds(_found(r"\n +50% +(\S+)", done.stdout)),
        p99=_milliseconds(_found(r"\n +99% +(\S+)", done.stdout)),
        wrk=wrk / seconds,
    )


def interleave(servers: Sequence[Server], case: Case, between: Callable[[], object] = int) -> dict[str, list[Turn]]:
    """Give every server its turn, and what else is measured too, `ROUNDS` times: the machine's moods hit all alike."""
    turns: dict[str, list[Turn]] = {server.name: [] for server in servers}
    for server in servers:
        server.failures = 0
        load(server, case, WARM_SECONDS)  # Java compiles what it runs often
    for number in range(ROUNDS):
        for server in servers:
            print(f"  round {number + 1} of {ROUNDS}: {server.name:<20}\r", end="", file=sys.stderr, flush=True)
            turn = load(server, case)
            if turn.failure:
                server.failures += 1
                print(f"  {server.name}, round {number + 1}: {turn.failure}", file=sys.stderr)
            else:
                turns[server.name].append(turn)
        between()
    return turns


def table(servers: Sequence[Server], turns: dict[str, list[Turn]]) -> str:
    """Return the medians of the turns, with their range, and the ratios to the first of the servers."""
    first = turns[servers[0].name]
    columns = ["server", "calls/s (min to max)", "CPU µs a call (min to max)"]
    columns += ["database's CPU µs"] if servers[0].database else []
    columns += ["calls/s to the first's", "CPU", "p50 ms", "p99 ms", "wrk's cores", "MiB"]
    rows = [columns, ["---"] * len(columns)]
    remarks = ["", ""]
    for server in servers:
        mine = turns[server.name]
        remarks.append(f" {server.failures} of {ROUNDS} turns failed" if server.failures else "")
        if not mine:
            rows.append([server.name, *[""] * (len(columns) - 1)])
            continue
        rate, cpu, database, p50, p99, wrk = (
            [getattr(turn, name) for turn in mine] for name in ("rate", "cpu", "database_cpu", "p50", "p99", "wrk")
        )
        rows.append(
            [
                server.name,
                median_and_range(rate),
                median_and_range(cpu, 1),
                *([f"{median(database):.1f}"] if server.database else []),
                f"{median(rate) / median(turn.rate for turn in first):.2f}" if first else "",
                f"{median(cpu) / median(turn.cpu for turn in first):.2f}" if first else "",
                f"{median(p50):.2f}",
                f"{median(p99):.2f}",
                f"{median(wrk):.2f}",
                f"{server.memory_mib():.0f}",
            ]
        )
    return "\n".join(f"| {' | '.join(row)} |{remark}" for row, remark in zip(rows, remarks, strict=True))


class Bench:
    """Servers that are compared: ours first. Used as a context it stops them all; `problems` says what was not sound.

    With problems it ends with 1 and says them once more.
    """

    def __init__(self, folder: Path) -> None:
        self.servers: list[Server] = []
        self.problems: list[str] = []
        self._folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stack.close()
        if self.problems and kind is None:
            sys.exit("\n".join(self.problems))

    def add(self, server: Server) -> Server:
        """Take a server of ours that runs."""
        self._stack.callback(server.stop)
        self.servers.append(server)
        return server

    def add_peers(self, usual: str, database: str) -> None:
        """Start the peers that `PEERS` names, or the usual ones; who answers otherwise than the first has no turn."""
        for name in os.environ.get("PEERS", usual).split():
            print(f"  starting {name:<30}\r", end="", file=sys.stderr, flush=True)
            try:
                peer = start_peer(name, database, self._folder / f"{name}.log")
            except NotStarted as error:
                self._note(str(error))
                continue
            peer.database = self.servers[0].database
            if told := difference(self.servers[0], peer, REQUESTS):
                peer.stop()
                self._note(told)
                continue
            self.add(peer)

    def measure(self, case: Case, between: Callable[[], object] = int) -> None:
        """Print the table of the servers that answer an operation."""
        servers = [server for server in self.servers if case.operation in server.operations]
        where = " on PostgreSQL" if servers[0].database else ""
        print(f"\n{case.operation}{where}, {REQUESTS:,} requests, {case.connections} connections\n", flush=True)
        print(table(servers, interleave(servers, case, between)), flush=True)
        if servers[0].failures:
            self._note(f"{servers[0].name} failed in {case.operation}, {case.connections} connections")

    def _note(self, problem: str) -> None:
        print(f"  {problem}", file=sys.stderr)
        self.problems.append(problem)


def median_and_range(values: list[float], digits: int = 0) -> str:
    """Return the median with the least and the most."""
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def _children_seconds() -> float:
    """Return the processor time of the children that this process has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"wrk said:\n{text}")
    return match[1]


def _milliseconds(text: str) -> float:
    match = re.fullmatch(r"([\d.]+)(us|ms|s)", text)
    if match is None:
        raise SystemExit(f"not a time: {text}")
    return float(match[1]) * _MILLISECONDS[match[2]]
