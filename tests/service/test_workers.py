"""Several processes at one port: what they count and tell each other, and that none that goes takes a call with it."""

import http.client
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.conftest import READY_SECONDS, Service, element, envelope
from tests.crew import WORKERS, start_workers, workers_of
from tests.demonstration import copy_demo, create_demo_database
from tests.event_streams import listening, log_in
from tests.postgres import drop_database
from tests.waiting import free_port, wait_until

CALLS_PER_SECOND = 300


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def crew(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of two workers on a demonstration's database; SIGTERM ends all of it."""
    data = tmp_path_factory.mktemp("workers")
    url = f"sqlite:///{data / 'soap-service.db'}"
    if request.param == "postgresql":
        url = create_demo_database(request.getfixturevalue("postgres_url"))
    copy_demo(data, url)
    service = start_workers(data, url, "--calls-per-second", str(CALLS_PER_SECOND))
    yield service
    workers = workers_of(service)
    assert service.stop() == 0, service.log
    assert "Traceback" not in service.log, service.log
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert not list((data / "temporary").iterdir())
    if request.param == "postgresql":
        drop_database(request.getfixturevalue("postgres_url"), url)


class Platform:
    """One connection of a platform that goes on as long as the service lets it. It asks nothing twice."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._connection = http.client.HTTPConnection("127.0.0.1", int(service.url.rpartition(":")[2]), timeout=30)

    def call(self, operation: str, **arguments: object) -> str:
        answer = self.answer(operation, **arguments)
        assert "Fault" not in answer, answer
        return answer

    def answer(self, operation: str, **arguments: object) -> str:
        self._connection.request("POST", "/soap", envelope(operation, **arguments), {"Content-Type": "text/xml"})
        return self._connection.getresponse().read().decode()

    @property
    def worker(self) -> int:
        """The worker that holds the connection."""
        if self._connection.sock is None:
            self.call("obterQtdeSolicitacoes", cpf="11144477735")
        return worker_of(self._service, self._connection.sock)

    def close(self) -> None:
        self._connection.close()


def worker_of(service: Service, connection: socket.socket) -> int:
    """Return the worker that holds the other end of a connection."""
    here, there = (f"{port:04X}" for port in (connection.getsockname()[1], connection.getpeername()[1]))
    found = re.search(rf": \w+:{there} \w+:{here} 01 (?:\S+ +){{5}}(\d+)", Path("/proc/net/tcp").read_text())
    assert found
    for worker in workers_of(service):
        for file in Path(f"/proc/{worker}/fd").iterdir():
            with suppress(FileNotFoundError):
                if str(file.readlink()) == f"socket:[{found[1]}]":
                    return worker
    raise AssertionError("no worker has it")


@contextmanager
def platforms(service: Service, count: int = WORKERS) -> Iterator[list[Platform]]:
    """Give connections that are spread evenly over the workers, one worker's beside the other's."""
    opened: list[Platform] = []
    of_each: dict[int, list[Platform]] = {worker: [] for worker in workers_of(service)}
    while min(map(len, of_each.values())) < count // WORKERS:
        assert len(opened) < 10 * count
        opened.append(Platform(service))
        of_each[opened[-1].worker].append(opened[-1])
    yield [platform for some in zip(*of_each.values(), strict=False) for platform in some][:count]
    for platform in opened:
        platform.close()


def test_connections_are_spread_over_the_workers(crew: Service) -> None:
    opened = [Platform(crew) for _ in range(12)]
    held = Counter(platform.worker for platform in opened)
    for platform in opened:
        platform.close()
    assert set(held) == workers_of(crew)
    assert min(held.values()) >= 3


def test_any_worker_tells_the_figures_of_all(crew: Service) -> None:
    figure = re.compile(r'soap_call_seconds_count\{operation="obterQtdeSolicitacoes"\} ([0-9.]+)')

    def counted() -> float:
        found = figure.search(httpx.get(f"{crew.url}/metrics").text)
        return float(found[1]) if found else 0.0

    with platforms(crew) as (here, there):
        time.sleep(0.3)  # the call log is written in batches
        before = counted()
        for _ in range(5):
            here.call("obterQtdeSolicitacoes", cpf="11144477735")
            there.call("obterQtdeSolicitacoes", cpf="11144477735")
        wait_until(lambda: counted() == before + 10)
        assert {counted() for _ in range(6)} == {before + 10}


def test_a_call_at_one_worker_pops_up_at_the_other_at_once(crew: Service) -> None:
    late: tuple[list[float], list[float]] = ([], [])  # by the worker that was called
    with listening(crew, log_in(crew, "atendente", "4067")) as listener, platforms(crew, 4) as opened:
        wait_until(lambda: "event_streams 1.0" in httpx.get(f"{crew.url}/metrics").text)
        for number in range(40):
            answer = opened[number % 4].call("novaSolicitacao", cpf=f"{number:011}", ramal="4067")
            answered_at = time.monotonic()
            assert element(answer, "aviso") == "ENTREGUE"
            wait_until(lambda heard=number + 1: len(listener.tokens) == heard)
            late[number % 2].append(listener.times[-1] - answered_at)
    medians = [statistics.median(one) for one in late]
    print("after the answer: median " + " and ".join(f"{one * 1000:.1f} ms" for one in medians))
    assert abs(medians[0] - medians[1]) < 0.03  # a worker looks each 100 ms for what nobody has told it


def test_an_integration_is_limited_at_all_workers_together(crew: Service) -> None:
    time.sleep(2.5)  # its bucket is full
    body = envelope("obterQtdeSolicitacoes", cpf="11144477735")
    head = b"POST /soap HTTP/1.1\r\nHost: here\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(body)
    asked = (head + body) * 2 * CALLS_PER_SECOND

    def ask(connection: socket.socket) -> Counter[bool]:
        connection.sendall(asked)
        answers = b""
        while answers.count(b"</soap11env:Envelope>") < 2 * CALLS_PER_SECOND:
            answers += connection.recv(1 << 20)
        refused = answers.count(b">LIMITE_EXCEDIDO<")
        return Counter({True: 2 * CALLS_PER_SECOND - refused, False: refused})

    begun = time.monotonic()
    with platforms(crew) as opened, ThreadPoolExecutor(WORKERS) as threads:
        told = list(threads.map(ask, [platform._connection.sock for platform in opened]))
    most = 2 * CALLS_PER_SECOND + CALLS_PER_SECOND * (time.monotonic() - begun)
    assert 2 * CALLS_PER_SECOND - WORKERS <= sum(one[True] for one in told) <= most + WORKERS


class Load:
    """Callers that announce calls one after the other, each of its own document, until it is left; some with pauses.

    One that repeats asks again over a new connection when its own breaks, as platforms do.
    """

    def __init__(self, service: Service, kind: int, repeats: bool) -> None:
        self.receipts: dict[str, set[str]] = {}
        self.failures: list[str] = []
        self.breaks = 0
        self._service, self._kind, self._repeats = service, kind, repeats
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._announce, args=(number,)) for number in range(9)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        wait_until(lambda: len(self.receipts) > 20)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _announce(self, caller: int) -> None:
        platform = Platform(self._service)
        count = 0
        while not self._is_over.wait(0.03 if caller < 6 else 0.5):
            count += 1
            document = f"{self._kind}{caller}{count:09}"
            for _ in range(100):
                try:
                    answer = platform.answer("novaSolicitacao", cpf=document, ramal="4068")
                except (OSError, http.client.HTTPException) as error:
                    self.breaks += 1
                    platform.close()
                    if not self._repeats:
                        self.failures.append(repr(error))
                        break
                    continue
                if "Fault" in answer:
                    self.failures.append(answer)
                else:
                    self.receipts.setdefault(document, set()).add(element(answer, "url").rpartition("/")[2])
                break
        platform.close()

    def assert_each_once(self) -> None:
        """Assert that each answered call has one row, and no row two answers."""
        assert not self.failures, self.failures[:3]
        asked = {call.document: call.token for call in self._service.store.call_lists.list_at("4068", 10_000)}
        assert all(len(tokens) == 1 for tokens in self.receipts.values())
        assert {document: asked.get(document) for document in self.receipts} == {
            document: next(iter(tokens)) for document, tokens in self.receipts.items()
        }


def test_sighup_replaces_the_workers_without_a_failed_call(crew: Service) -> None:
    before = workers_of(crew)
    with Load(crew, 1, repeats=False) as load:
        crew.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(workers_of(crew)) == WORKERS and not workers_of(crew) & before, 40)
    load.assert_each_once()
    assert len(load.receipts) > 50


def test_a_killed_worker_is_replaced_and_takes_no_call_with_it(crew: Service) -> None:
    before = workers_of(crew)
    with Load(crew, 2, repeats=True) as load:
        begun = crew.log.count("startup complete")
        os.kill(min(before), signal.SIGKILL)
        wait_until(lambda: crew.log.count("startup complete") == begun + 1, READY_SECONDS)
    load.assert_each_once()
    assert load.breaks
    assert "ended (SIGKILL) and is replaced" in crew.log


def test_a_worker_that_cannot_start_says_why_once(tmp_path: Path) -> None:
    (tmp_path / "desk.db").write_bytes(b"this is no database" * 100)
    said = []
    for count in (1, WORKERS):
        command = [sys.executable, "-m", "soap_service", "serve", "--database-url", f"sqlite:///{tmp_path / 'desk.db'}"]
        command += ["--port", str(free_port()), "--workers", str(count), "--log-level", "error"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        said.append((done.returncode, re.sub(r"^.*ERROR", "", done.stderr, flags=re.MULTILINE), done.stdout))
    assert said[0][0] == 1
    assert "the database is damaged" in said[0][1]
    assert said[0] == said[1]
