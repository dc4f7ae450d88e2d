"""What an import takes, and those who call meanwhile: `python -m bench.imports FOLDER`.

The files are made once and imported by the real command. A service on the same database is called at a steady rate all
the while, every second call an announcement; each call is timed from when it was due, so that none waits unseen.
"""

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import NamedTuple

from bench import dataset
from bench.servers import Server, start_service
from soap_service.rules.documents import format_document
from soap_service.store import Store
from tests.postgres import Postgres

DATABASES = ("sqlite", "postgresql")
#: Calls a second, and threads that make them.
RATE, CALLERS = 50, 10
_HIGHEST_P99 = 100.0
_SERVICES, _GROUPS = 40, 12
_SITUATIONS = ("Fechada", "Fechada", "Fechada", "Resolvida", "Cancelada")
_ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><{operation} '
    'xmlns="urn:soap-service:telefonia:v1">{inner}</{operation}></e:Body></e:Envelope>'
)


class Imported(NamedTuple):
    """What an import took: seconds, those of its processor, its highest memory in MiB; milliseconds of the callers."""

    lines: int
    seconds: float
    cpu_seconds: float
    memory_mib: float
    times: dict[str, list[float]]


def document(index: int) -> str:
    """Return a CPF with right check digits."""
    digits = f"{(index * 7_919 + 100_000_007) % 999_999_999:09}"
    for _ in range(2):
        weighted = sum(int(digit) * weight for digit, weight in zip(digits, count(len(digits) + 1, -1)))
        digits += str(weighted * 10 % 11 % 10)
    return digits


def make_requesters(file: Path, lines: int) -> None:
    """Write a file of people as Excel does."""
    with file.open("w", encoding="utf-8-sig", newline="\r\n") as stream:
        stream.write("CPF;Nome;E-mail;Telefone;Ramal;Unidade\n")
        for index in range(lines):
            email, phone, extension = dataset.contacts(index)
            person = format_document(document(index)), dataset.name(index), email, phone, extension
            stream.write(";".join((*person, f"Unidade {index % 200}")) + "\n")


def make_requests(file: Path, lines: int, requesters: int) -> None:
    """Write a file of requests: a twelfth is open, the others have been finished with a solution."""
    now = datetime(2026, 11, 20, 9)
    with file.open("w", encoding="utf-8", newline="\r\n") as stream:
        stream.write(
            "Número;CPF;Serviço;Grupo;Situação;Aberta em;Prazo;Encerrada em;Descrição;Solução;Urgência;Impacto\n"
        )
        for index in range(lines):
            opened = now - timedelta(minutes=(index * 0.754878 % 1) * 1_000_000)
            closed = opened + timedelta(hours=1 + index % 90)
            is_open = index % 12 == 0
            service = index % _SERVICES
            cells = (
                str(index + 1),
                document(index * 31 % requesters),
                f"Serviço importado {service}",
                f"Grupo importado {service % _GROUPS}",
                "Em andamento" if is_open else _SITUATIONS[index % 5],
                f"{opened:%d/%m/%Y %H:%M}",
                f"{opened + timedelta(hours=8 + index % 120):%d/%m/%Y %H:%M}",
                "" if is_open else f"{closed:%d/%m/%Y %H:%M}",
                '"' + dataset.description(index) + '"',
                "" if is_open else "Peça trocada e testada com o solicitante.",
                "média",
                "baixo",
            )
            stream.write(";".join(cells) + "\n")


class Callers:
    """Calls at a steady rate from several connections; their times in milliseconds, by operation."""

    def __init__(self, server: Server, people: int) -> None:
        self._server, self._people = server, people
        self._times: dict[str, list[float]] = {}
        self._numbers = count()
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(place,)) for place in range(CALLERS)]
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    def take(self) -> dict[str, list[float]]:
        """Return the times of the calls since the last time."""
        with self._lock:
            times, self._times = self._times, {}
        return times

    def stop(self) -> None:
        """Make no more calls."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _call(self, place: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=30)
        headers = {"Content-Type": "text/xml; charset=utf-8", "Authorization": f"Basic {self._server.credential}"}
        for turn in count(place, CALLERS):
            due = self._began + turn / RATE
            if self._is_over.wait(max(0.0, due - time.monotonic())):
                break
            operation = ("obterQtdeSolicitacoes", "novaSolicitacao")[turn // CALLERS % 2]
            inner = f"<cpf>{document(turn * 7919 % self._people)}</cpf>"
            if operation == "novaSolicitacao":
                inner += f"<ramal>{2000 + turn % 7000}</ramal>"
            body = _ENVELOPE.format(operation=operation, inner=inner).encode()
            connection.request("POST", self._server.path, body, headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 200 or b"Fault" in said:
                operation = f"refused {operation}"
            with self._lock:
                self._times.setdefault(operation, []).append((time.monotonic() - due) * 1000)
        connection.close()


def run_import(url: str, callers: Callers, lines: int, *arguments: str) -> Imported:
    """Import a file by the command while others call."""
    callers.take()
    command = [sys.executable, "-m", "soap_service", "import", *arguments, "--database-url", url]
    began = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the import ended with {process.returncode}")
    return Imported(lines, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, callers.take())


@contextmanager
def opened_database(kind: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database on a disk."""
    if kind == "sqlite":
        file = folder / "imports.db"
        for old in folder.glob("imports.db*"):
            old.unlink()
        yield f"sqlite:///{file}"
        return
    server = Postgres(is_durable=True, shared_buffers="1GB")
    try:
        yield server.url
    finally:
        server.close()


def measure(kind: str, folder: Path, files: dict[str, tuple[Path, int]]) -> dict[str, Imported]:
    """Return what each import takes on a database of that kind, and how the callers are without one."""
    found = {}
    with opened_database(kind, folder) as url:
        store = Store(url)
        store.schema.upgrade()
        store.close()
        server = start_service(url, folder / f"imports-{kind}.log")
        callers = Callers(server, files["requesters"][1])
        try:
            time.sleep(3)
            callers.take()
            time.sleep(10)
            found["no import"] = Imported(0, 10, 0, 0, callers.take())
            for name, (file, lines) in files.items():
                created = ["--create"] if name == "requests" else []
                found[name] = run_import(url, callers, lines, name, str(file), *created)
                print_row(kind, name, found[name])
        finally:
            callers.stop()
            server.stop()
    return found


_OPERATIONS = ("obterQtdeSolicitacoes", "novaSolicitacao")


def print_head() -> None:
    """Print the head of the table."""
    heads = " | ".join(f"{name}: p50 | p99 | max" for name in _OPERATIONS)
    print(f"| import | lines | s | lines/s | processor s | MiB | {heads} | refused |\n" + "|---" * 13 + "|")


def print_row(kind: str, name: str, one: Imported) -> None:
    """Print what an import took."""
    figures = " | ".join(
        f"{statistics.median(times):.1f} | {percentile(times, 0.99):.1f} | {max(times):.0f}"
        for times in (one.times.get(operation, [0.0]) for operation in _OPERATIONS)
    )
    refused = sum(len(times) for operation, times in one.times.items() if operation.startswith("refused"))
    print(
        f"| {kind}, {name} | {one.lines:,} | {one.seconds:.1f} | {one.lines / one.seconds:,.0f} | "
        f"{one.cpu_seconds:.1f} | {one.memory_mib:.0f} | {figures} | {refused} |",
        flush=True,
    )


def percentile(times: list[float], part: float) -> float:
    """Return the time that so large a part of all does not pass."""
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]


def main() -> None:
    """Make the files, import them, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--requesters", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=1_000_000, help="0 for none")
    parser.add_argument("--on", choices=DATABASES, action="append", help="measure on this database only")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    makers: dict[str, tuple[int, Callable[[Path, int], None]]] = {
        "requesters": (arguments.requesters, make_requesters),
        "requests": (arguments.requests, lambda file, lines: make_requests(file, lines, arguments.requesters)),
    }
    files = {}
    for name, (lines, make) in makers.items():
        if lines:
            file = folder / f"imports-{name}-{lines}-of-{arguments.requesters}.csv"
            if not file.exists():
                make(file, lines)
            files[name] = file, lines
    print_head()
    slow = []
    for kind in arguments.on or DATABASES:
        found = measure(kind, folder, files)
        print_row(kind, "no import", found["no import"])
        slow += [
            f"{kind}, {name}: {operation}"
            for name, one in found.items()
            for operation, times in one.times.items()
            if percentile(times, 0.99) > _HIGHEST_P99 or operation.startswith("refused")
        ]
    if slow:
        sys.exit(f"p99 over {_HIGHEST_P99:g} ms, or refused: {', '.join(slow)}")


if __name__ == "__main__":
    main()
