"""Two workers at one port: 10,000 pops to 500 streams, beside 2,000 reads a second; workers killed and replaced.

    python -m tests.resilience.workers

First pops are timed, alone and while wrk asks at full speed. Then the workers are replaced by SIGHUP under callers who
ask nothing twice, and killed (kill -9) under callers who ask again. On SQLite, then on PostgreSQL.
"""

import asyncio
import gc
import json
import multiprocessing
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from soap_service.rules.credentials import SESSION_COOKIE
from tests.conftest import Service, envelope
from tests.crew import WORKERS, start_workers, workers_of
from tests.demonstration import copy_demo, create_demo_database
from tests.postgres import Postgres
from tests.waiting import run_in_own_loop

STREAMS, POPS_A_SECOND, READS_A_SECOND = 500, 250, 2_000
TIMED_POPS, DISTURBED_POPS, HANG_UPS, KILLS = 1_000, 4_000, 4, 6
READERS, CALLERS = 20, 8
KNOWN = "11144477735"
#: A call that is asked again after a kill is the same call.
FLAGS = ("--repeat-seconds", "60", "--calls-per-second", "0", "--unknown-documents-per-minute", "0")


@dataclass
class Heard:
    """What one browser heard: the token and time of each call, and how often its stream was opened and refused."""

    calls: list[tuple[str, float]] = field(default_factory=list)
    last_event_id: str = ""
    opened: int = 0
    refused: int = 0


async def hear(port: int, cookie: str, heard: Heard) -> None:
    """Hold a browser's stream, and open it again where it was when it ends."""
    while True:
        try:
            await _hear_once(port, cookie, heard)
        except OSError:
            heard.refused += 1
        await asyncio.sleep(0.2)


async def _hear_once(port: int, cookie: str, heard: Heard) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    last = f"Last-Event-ID: {heard.last_event_id}\r\n" if heard.last_event_id else ""
    writer.write(f"GET /eventos HTTP/1.0\r\nHost: x\r\nCookie: {SESSION_COOKIE}={cookie}\r\n{last}\r\n".encode())
    try:
        if b" 200 " not in await reader.readline():
            heard.refused += 1
            return
        heard.opened += 1
        fields: dict[str, str] = {}
        while line := (await reader.readline()).decode():
            if line.strip():
                name, _, value = line.strip().partition(": ")
                fields[name] = value
                continue
            if fields.get("event") == "chamada":
                heard.calls.append((json.loads(fields["data"])["token"], time.time()))
                heard.last_event_id = fields.get("id", heard.last_event_id)
            fields = {}
    finally:
        writer.close()


def hold_streams(port: int, cookies: list[str], parent: Connection) -> None:
    """Hold all browsers' streams in a process of its own; tell when they are open, and on "end" what they heard."""
    gc.disable()  # a pause of this process is not the service's

    async def hold() -> None:
        browsers = [Heard() for _ in cookies]
        tasks = [asyncio.create_task(hear(port, *both)) for both in zip(cookies, browsers, strict=True)]
        while not all(one.opened for one in browsers):
            await asyncio.sleep(0.05)
        parent.send("open")
        await asyncio.to_thread(parent.recv)
        for task in tasks:
            task.cancel()
        parent.send(browsers)

    run_in_own_loop(hold())


class Platform:
    """Callers of a telephony platform. `journal` has the token that each document's call was answered with."""

    def __init__(self, service: Service) -> None:
        self.port = int(service.url.rpartition(":")[2])
        self.journal: dict[str, str] = {}
        self.started: dict[str, float] = {}
        self.failures: Counter[str] = Counter()
        self.breaks = 0
        self.reads = 0

    async def announce(self, first: int, count: int, a_second: float, asks_again: bool) -> None:
        """Announce calls of as many documents, at one extension after the other, so many a second."""
        numbers = iter(range(first, first + count))
        begun = time.monotonic()

        async def call() -> None:
            line = Line(self)
            for number in numbers:
                await asyncio.sleep(begun + (number - first) / a_second - time.monotonic())
                document, extension, moment = f"{number:011}", f"b{number % STREAMS}", time.time()
                answer = await line.ask(envelope("novaSolicitacao", cpf=document, ramal=extension), asks_again)
                if found := re.search(rb"/chamadas/([^<]+)<", answer):
                    self.journal[document] = found[1].decode()
                    self.started[self.journal[document]] = moment
            line.close()

        await asyncio.gather(*(call() for _ in range(CALLERS)))

    async def read(self, asks_again: bool) -> None:
        """Ask for the count of somebody's requests, at `READS_A_SECOND`, until it is cancelled."""
        question = envelope("obterQtdeSolicitacoes", cpf=KNOWN)

        async def ask() -> None:
            line, due = Line(self), time.monotonic()
            while True:
                due += READERS / READS_A_SECOND
                await asyncio.sleep(due - time.monotonic())
                await line.ask(question, asks_again)
                self.reads += 1

        await asyncio.gather(*(ask() for _ in range(READERS)))


class Line:
    """One kept-alive connection of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, body: bytes, asks_again: bool) -> bytes:
        """Return the answer; what is no answer, or a fault, is a failure unless the platform asks again."""
        while True:
            try:
                answer = await self._ask_once(body)
                if b"Fault>" not in answer:
                    return answer
                self._platform.failures[re.sub(rb".*faultstring>(.*?)<.*", rb"\1", answer, flags=re.S).decode()] += 1
                return b""
            except (OSError, EOFError, asyncio.LimitOverrunError) as error:
                self.close()
                self._platform.breaks += 1
                if not asks_again:
                    self._platform.failures[type(error).__name__] += 1
                    return b""

    async def _ask_once(self, body: bytes) -> bytes:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._platform.port)
        head = f"POST /soap HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        head_told = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head_told, re.IGNORECASE)
        if length is None:
            raise EOFError
        answer = await self._reader.readexactly(int(length[1]))
        if b"\r\nconnection: close" in head_told.lower():
            self.close()
        return answer

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


async def call_meanwhile(
    disturbance: Coroutine[Any, Any, None], platform: Platform, first: int, asks_again: bool
) -> None:
    """Have a platform announce and read while somebody disturbs the workers; the reads end with both."""
    reading = asyncio.create_task(platform.read(asks_again))
    await asyncio.gather(disturbance, platform.announce(first, DISTURBED_POPS, POPS_A_SECOND, asks_again))
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading


async def hang_up(service: Service) -> None:
    """Replace all workers, again and again."""
    for _ in range(HANG_UPS):
        await asyncio.sleep(1)
        before = workers_of(service)
        service.process.send_signal(signal.SIGHUP)
        while workers_of(service) & before or len(workers_of(service)) != WORKERS:
            await asyncio.sleep(0.1)


async def kill(service: Service) -> None:
    """Kill a worker, again and again, once there are two."""
    for _ in range(KILLS):
        await asyncio.sleep(1)
        begun = service.log.count("startup complete")
        os.kill(min(workers_of(service)), signal.SIGKILL)
        while service.log.count("startup complete") == begun:
            await asyncio.sleep(0.1)


def full_load(folder: Path, service: Service) -> "subprocess.Popen[str]":
    """Have wrk ask at full speed over 64 connections."""
    script = folder / "count.lua"
    body = envelope("obterQtdeSolicitacoes", cpf=KNOWN).decode()
    script.write_text(f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "text/xml"\nwrk.body = [==[{body}]==]\n')
    command = ["wrk", "-t1", "-c64", "-d60", "-s", str(script), service.endpoint]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def prove(folder: Path, database_url: str) -> None:
    """Run the proof on one database and print what was seen; raises AssertionError."""
    folder.mkdir()
    copy_demo(folder, database_url)
    service = start_workers(folder, database_url, *FLAGS)
    store, cookies = service.store, []
    for number in range(STREAMS):
        agent = store.staff.add_agent(f"b{number}", f"Agent {number}", "hash")
        store.extensions.register(agent.id, f"b{number}")
        cookies.append(store.logins.open(agent.id, timedelta(hours=1)))
    here, there = multiprocessing.Pipe()
    port = int(service.url.rpartition(":")[2])
    browsers = multiprocessing.get_context("spawn").Process(target=hold_streams, args=(port, cookies, there))
    browsers.start()
    assert here.recv() == "open"
    platform = Platform(service)
    run_in_own_loop(platform.announce(0, TIMED_POPS, 50, False))
    load = full_load(folder, service)
    time.sleep(1)
    run_in_own_loop(platform.announce(TIMED_POPS, TIMED_POPS, 50, False))
    load.send_signal(signal.SIGINT)
    rate = re.search(r"Requests/sec: +([0-9.]+)", load.communicate()[0])
    assert rate
    run_in_own_loop(call_meanwhile(hang_up(service), platform, 2 * TIMED_POPS, asks_again=False))
    assert not platform.breaks and not platform.failures, (platform.breaks, platform.failures)
    run_in_own_loop(call_meanwhile(kill(service), platform, 2 * TIMED_POPS + DISTURBED_POPS, asks_again=True))
    time.sleep(5)  # who was thrown out is back, and was told
    here.send("end")
    heard: list[Heard] = here.recv()
    browsers.join()
    tell(database_url, service, platform, heard, float(rate[1]))
    assert service.stop() == 0


def tell(database_url: str, service: Service, platform: Platform, heard: list[Heard], rate: float) -> None:
    """Print what was seen and check it; raises AssertionError."""
    calls = [call for n in range(STREAMS) for call in service.store.call_lists.list_at(f"b{n}", 99)]
    rows = {call.document: call.token for call in calls}
    created = {call.token: call.created_at for call in calls}
    lost = sum(rows.get(document) != token for document, token in platform.journal.items())
    doubled = len(calls) - len(platform.journal)
    wanted: list[set[str]] = [set() for _ in range(STREAMS)]
    for document, token in platform.journal.items():
        wanted[int(document) % STREAMS].add(token)
    unheard = twice = 0
    arrived: dict[str, float] = {}
    for one, tokens_of_one in zip(heard, wanted, strict=True):
        told = Counter(token for token, _ in one.calls)
        unheard += len(tokens_of_one - set(told))
        twice += sum(count - 1 for count in told.values()) + len(set(told) - tokens_of_one)
        arrived.update(one.calls)
    tokens = list(platform.journal.values())
    timed = {"alone": tokens[:TIMED_POPS], "wrk at full speed": tokens[TIMED_POPS : 2 * TIMED_POPS]}
    for name, some in timed.items():
        push = sorted((arrived[token] - created[token].timestamp()) * 1000 for token in some)
        asked = sorted((arrived[token] - platform.started[token]) * 1000 for token in some)
        told_as = [f"median {statistics.median(t):.1f}, p99 {t[len(t) * 99 // 100]:.1f} ms" for t in (push, asked)]
        print(f"  {name}: push {told_as[0]}; from the request {told_as[1]}", flush=True)
    print(
        f"{database_url.partition(':')[0]}: {len(platform.journal)} pops to {STREAMS} streams at {WORKERS} workers: "
        f"{lost} lost, {doubled} doubled, {unheard} not heard, {twice} heard twice or by others; wrk had {rate:,.0f} "
        f"counts a second; {HANG_UPS} times SIGHUP, {KILLS} workers killed beside {platform.reads} reads: "
        f"{platform.breaks} connections broken by the kills, {sum(platform.failures.values())} calls refused "
        f"{dict(platform.failures)}; streams opened {sum(one.opened for one in heard)} times, "
        f"{sum(one.refused for one in heard)} times refused",
        flush=True,
    )
    assert lost == doubled == unheard == twice == 0
    assert not platform.failures and len(platform.journal) == 2 * (TIMED_POPS + DISTURBED_POPS)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
    wanted = sys.argv[1:] or ["sqlite", "postgresql"]
    if "sqlite" in wanted:
        data = folder / "sqlite"
        prove(data, f"sqlite:///{data / 'soap-service.db'}")
    if "postgresql" in wanted:
        server = Postgres(is_durable=True)
        prove(folder / "postgresql", create_demo_database(server.url))
        server.close()


if __name__ == "__main__":
    main()
