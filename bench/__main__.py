"""`python -m bench [FOLDER]`: the service and its peers, turn by turn, and the tables of docs/performance.md."""

import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from bench.dataset import make
from bench.disk import bare_commits
from bench.servers import PEERS, Server, start_peer, start_service

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
WARM_SECONDS = int(os.environ.get("BENCH_WARM_SECONDS", "8"))
REQUESTS = int(os.environ.get("BENCH_REQUESTS", "1000000"))
#: The peers that answer obterDadosSolicitacao too.
WITH_DATA = ("go", "gsoap", "jaxws", "node_soap", "spyne_orm")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass
class Turn:
    """What one server did in one turn; `failure` says why it counts for nothing."""

    rate: float = 0.0
    cpu: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    errors: int = 0
    failure: str = ""


def load(server: Server, operation: str, known: int, connections: int, seconds: int = SECONDS) -> Turn:
    """Drive a server with wrk, from a process of its own, and read the clocks of the server's processes around it.

    A turn in which a connection broke, or no answer came in time, or the server has ended, is a failure.
    """
    script = str(Path(__file__).with_name("calls.lua"))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "-s", script, server.url, "--", operation]
    before = server.cpu_seconds()
    done = subprocess.run([*command, str(known), server.credential], capture_output=True, text=True, check=False)
    used = server.cpu_seconds() - before
    if server.process.poll() is not None:
        return Turn(failure=f"it has ended with {server.process.returncode}")
    if done.returncode:
        return Turn(failure=done.stderr.strip() or f"wrk ended with {done.returncode}")
    if broken := re.search(r"Socket errors: .*", done.stdout):
        return Turn(failure=broken[0])
    calls = int(_found(r"(\d+) requests in", done.stdout))
    if not calls:
        return Turn(failure="no answer")
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    return Turn(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", done.stdout)),
        cpu=used / calls * 1e6,
        p50=_milliseconds(_found(r"\n +50% +(\S+)", done.stdout)),
        p99=_milliseconds(_found(r"\n +99% +(\S+)", done.stdout)),
        errors=int(errors[1]) if errors else 0,
    )


def interleave(
    servers: list[Server], operation: str, known: int, connections: int, between: Callable[[], object] = int
) -> dict[str, list[Turn]]:
    """Give every server its turn, and what else is measured too, `ROUNDS` times: the machine's moods hit all alike."""
    turns: dict[str, list[Turn]] = {server.name: [] for server in servers}
    for server in servers:
        server.failures = 0
    for server in servers:
        load(server, operation, known, connections, seconds=WARM_SECONDS)  # Java compiles what it runs often
    for number in range(ROUNDS):
        for server in servers:
            print(f"  round {number + 1} of {ROUNDS}: {server.name:<20}\r", end="", file=sys.stderr, flush=True)
            turn = load(server, operation, known, connections)
            if turn.failure:
                server.failures += 1
                print(f"  {server.name}, round {number + 1}: {turn.failure}", file=sys.stderr)
            else:
                turns[server.name].append(turn)
        between()
    return turns


def table(servers: list[Server], turns: dict[str, list[Turn]]) -> str:
    """Return the medians of the turns, with their range, and the ratios to the service."""
    ours = median(turn.cpu for turn in turns["soap_service"]) if turns["soap_service"] else math.nan
    rows = [
        "| server | calls/s (min to max) | CPU µs a call (min to max) | to ours | p50 ms | p99 ms | MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for server in servers:
        mine = turns[server.name]
        failed = f" {server.failures} of {ROUNDS} turns failed" if server.failures else ""
        if not mine:
            rows.append(f"| {server.name} | | | | | | |{failed}")
            continue
        cpu = median(turn.cpu for turn in mine)
        errors = sum(turn.errors for turn in mine)
        rows.append(
            f"| {server.name} | {_median_and_range([turn.rate for turn in mine])} "
            f"| {_median_and_range([turn.cpu for turn in mine])} | {cpu / ours:.2f} "
            f"| {median(turn.p50 for turn in mine):.2f} "
            f"| {median(turn.p99 for turn in mine):.2f} "
            f"| {server.memory_mib():.0f} |" + (f" {errors} errors" if errors else "") + failed
        )
    return "\n".join(rows)


def main() -> None:
    """Make the data, start everybody, and print the tables."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "var/bench").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / f"requests-{REQUESTS}.db"
    known = make(database, REQUESTS)
    ours = start_service(f"sqlite:///{database}", folder / "soap_service.log")
    names = sorted(path.parent.name for path in PEERS.glob("*/start"))
    peers = [
        start_peer(name, database, folder / f"{name}.log") for name in os.environ.get("PEERS", " ".join(names)).split()
    ]
    try:
        with_data = [server for server in peers if server.name in WITH_DATA]
        for operation, others, connections, keys in (
            ("obterQtdeSolicitacoes", peers, 64, known),
            ("obterQtdeSolicitacoes", [], 16, known),
            ("obterDadosSolicitacao", with_data, 64, REQUESTS),
        ):
            print(f"\n{operation}, {REQUESTS:,} requests, {connections} connections\n")
            servers = [ours, *others]
            print(table(servers, interleave(servers, operation, keys, connections)), flush=True)
        print("\nnovaSolicitacao, 16 connections\n")
        bare: list[float] = []
        turns = interleave([ours], "novaSolicitacao", known, 16, lambda: bare.append(1000 / mean(bare_commits(folder))))
        print(table([ours], turns))
        print(f"\nA bare sqlite3 loop of durable commits meanwhile: {_median_and_range(bare)} a second.")
    finally:
        for server in (ours, *peers):
            server.stop()


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


def _median_and_range(values: list[float]) -> str:
    return f"{median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


if __name__ == "__main__":
    main()
