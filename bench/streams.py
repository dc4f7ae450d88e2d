"""`python -m bench.streams [FOLDER]`: many open event streams while SOAP calls run at full speed.

2,000 agents' streams are held by one process of asyncio sockets; wrk asks from another; every pop is announced by a
third connection and timed from just before its request to its event's arrival. A burst of pops closes it. What the
service refuses ends it, with the answer.
"""

import asyncio
import gc
import os
import re
import sqlite3
import statistics
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bench.disk import bare_commits
from bench.servers import Server, start_service
from bench.turns import Case, given_folder, load, requests_file
from soap_service.rules.credentials import SESSION_COOKIE
from soap_service.store import Store

STREAMS = int(os.environ.get("BENCH_STREAMS", "2000"))
POPS, BURST = 300, 200
#: So long the service counts the missed calls of those who came.
SETTLE_SECONDS = 15.0
#: In which all streams are open.
OPEN_SECONDS = 120.0
_HEAD = "GET /eventos?prova= HTTP/1.1\r\nHost: bench\r\nCookie: {cookie}\r\n\r\n"
_PROOF = (
    "POST /eventos/prova HTTP/1.1\r\nHost: bench\r\nCookie: {cookie}\r\nX-Form-Token: {token}\r\n"
    "X-Stream: {stream}\r\nContent-Length: 0\r\n\r\n"
)
_BODY = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><novaSolicitacao '
    'xmlns="urn:soap-service:telefonia:v1"><cpf>{cpf}</cpf><ramal>{ramal}</ramal></novaSolicitacao></e:Body></e:Envelope>'
)


@dataclass
class Listening:
    """When each token arrived, over all streams, by the clock that the database's times are of."""

    arrived: dict[str, float] = field(default_factory=dict)
    is_open: int = 0
    #: The last answer that was no stream.
    refusal: str = ""
    #: Of each cookie, what its stream's proof needs: the stream's id.
    streams: dict[str, str] = field(default_factory=dict)


def log_in_everybody(database: Path) -> list[str]:
    """Give each of `STREAMS` agents an extension, `b0` and on, and return their cookies."""
    store = Store(f"sqlite:///{database}")
    with sqlite3.connect(database) as raw:
        raw.execute("DELETE FROM extension WHERE number LIKE 'b%'")
        for index in range(STREAMS):
            raw.execute(
                "INSERT OR IGNORE INTO agent (id, login, name, password_hash, is_admin, is_active) "
                "VALUES (?, ?, ?, '', 0, 1)",
                (10_000 + index, f"bench{index}", f"Bench {index}"),
            )
            raw.execute(
                "INSERT INTO extension (number, agent_id, changed_at) VALUES (?, ?, '2026-01-01 00:00:00.000000')",
                (f"b{index}", 10_000 + index),
            )
    raw.close()
    cookies = [store.logins.open(10_000 + index, timedelta(hours=1)) for index in range(STREAMS)]
    store.close()
    return cookies


async def listen(port: int, cookie: str, seen: Listening) -> None:
    """Hold one stream and note when tokens arrive; come back, as a browser does, when it was refused or ended."""
    while True:
        await _listen_once(port, cookie, seen)
        await asyncio.sleep(0.5)


async def _listen_once(port: int, cookie: str, seen: Listening) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_HEAD.format(cookie=f"{SESSION_COOKIE}={cookie}").encode())
    try:
        status = await reader.readline()
        if b" 200 " not in status:
            seen.refusal = (status + await reader.read(1000)).decode(errors="replace")
            return
        while line := await reader.readline():
            if line.startswith(b"retry"):
                seen.is_open += 1
            elif line.startswith(b'data: {"prova"'):
                seen.streams[cookie] = line.split(b'"')[3].decode()
            elif b'"token": "' in line:
                seen.arrived[line.split(b'"token": "')[1].split(b'"')[0].decode()] = time.time()
    finally:
        writer.close()


async def prove_all(server: Server, store: Store, seen: Listening) -> None:
    """Post a proof of each stream over kept-alive connections, and print what one costs."""
    tokens = {cookie: store.logins.find_subscriber(cookie).form_token for cookie in seen.streams}
    lines = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(8)]
    before, idle_since = server.cpu_seconds(), time.perf_counter()
    await asyncio.sleep(2)
    idle = (server.cpu_seconds() - before) / (time.perf_counter() - idle_since)
    before, started = server.cpu_seconds(), time.perf_counter()
    rounds = 5
    for number, (cookie, stream_id) in enumerate(list(seen.streams.items()) * rounds):
        reader, writer = lines[number % len(lines)]
        writer.write(
            _PROOF.format(cookie=f"{SESSION_COOKIE}={cookie}", token=tokens[cookie], stream=stream_id).encode()
        )
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 204 " not in answer.splitlines()[0]:
            raise SystemExit(f"the service refused a proof: {answer.decode()}")
    lasted = time.perf_counter() - started
    cost = (server.cpu_seconds() - before - idle * lasted) / (len(seen.streams) * rounds) * 1e6
    share = cost * STREAMS / 15 / 1e4
    print(f"A proof takes {cost:.0f} µs of processor time: {share:.1f} % of a core for {STREAMS} streams.", flush=True)
    for _, writer in lines:
        writer.close()


class Caller:
    """A platform's kept-alive connection."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def connect(self) -> None:
        """Open the connection."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._server.port)

    async def announce(self, index: int, extension: int) -> str:
        """Announce a call and return its token."""
        body = _BODY.format(cpf=f"{index:011}", ramal=f"b{extension}").encode()
        head = (
            f"POST /soap HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {self._server.credential}\r\n"
            f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"Envelope>")
        while b"</soap11env:Envelope>" not in answer:
            answer += await self._reader.readuntil(b"Envelope>")
        found = re.search(rb"/chamadas/([^<]+)<", answer)
        if not found:
            raise SystemExit(f"the service refused a call: {answer.decode()}")
        return found[1].decode()


async def pop(server: Server, store: Store, seen: Listening, first: int, count: int, pause: float) -> list[list[float]]:
    """Announce `count` calls at as many extensions; return the milliseconds to their events, each list in order.

    The first from the platform's request, the second from the call's own time: its push.
    """
    callers = [Caller(server) for _ in range(8)]
    await asyncio.gather(*(caller.connect() for caller in callers))
    started: dict[str, float] = {}

    async def announce_some(number: int) -> None:
        for index in range(number, count, len(callers)):
            moment = time.time()
            token = await callers[number].announce(first + index, (index * 7) % STREAMS)
            started[token] = moment
            await asyncio.sleep(pause)

    await asyncio.gather(*(announce_some(number) for number in range(len(callers))))
    for _ in range(200):
        if all(token in seen.arrived for token in started):
            break
        await asyncio.sleep(0.05)
    arrived = [(seen.arrived[token], token) for token in started if token in seen.arrived]
    if len(arrived) < count:
        raise SystemExit(f"{count - len(arrived)} of {count} pops did not arrive")
    created = {token: store.calls.find(token).created_at.timestamp() for _, token in arrived}
    return [sorted((moment - since[token]) * 1000 for moment, token in arrived) for since in (started, created)]


def tell(name: str, measured: list[list[float]]) -> None:
    """Print one row."""
    cells = [f"{statistics.median(times):.1f} | {times[int(len(times) * 0.99) - 1]:.1f}" for times in measured]
    print(f"| {name} | {len(measured[0])} | {' | '.join(cells)} |", flush=True)


async def main() -> None:
    """Open the streams, pop, load, pop, burst."""
    gc.disable()  # a pause of this process is not the service's
    folder = given_folder()
    database = requests_file(folder)
    cookies = log_in_everybody(database)
    server = start_service(f"sqlite:///{database}", folder / "streams.log")
    store = Store(f"sqlite:///{database}")
    try:
        before = server.memory_mib()
        seen = Listening()
        started = time.perf_counter()
        streams = [asyncio.create_task(listen(server.port, cookie, seen)) for cookie in cookies]
        while seen.is_open < STREAMS:
            await asyncio.sleep(0.05)
            if time.perf_counter() - started > OPEN_SECONDS:
                raise SystemExit(f"{STREAMS - seen.is_open} streams did not open; last refused: {seen.refusal}")
        print(
            f"{STREAMS} streams open after {time.perf_counter() - started:.1f} s, "
            f"{(server.memory_mib() - before) * 1024 / STREAMS:.1f} KiB each\n",
            flush=True,
        )
        print(
            "| moment | pops | from the request: median ms | p99 ms | push: median ms | p99 ms |\n"
            "|---|---|---|---|---|---|"
        )
        bare = bare_commits(folder)
        first = int(time.time()) % 10**9
        tell("just after all came", await pop(server, store, seen, first, POPS, 0.05))
        await asyncio.sleep(SETTLE_SECONDS)
        await prove_all(server, store, seen)
        tell("idle", await pop(server, store, seen, first + 1000, POPS, 0.05))
        loading = asyncio.create_task(asyncio.to_thread(load, server, Case("obterQtdeSolicitacoes", 64), 20))
        await asyncio.sleep(1)
        tell("full SOAP load, 64 connections", await pop(server, store, seen, first + 2000, POPS, 0.2))
        turn = await loading
        if turn.failure:
            raise SystemExit(f"the load failed: {turn.failure}")
        tell(f"burst of {BURST}", await pop(server, store, seen, first + 3000, BURST, 0))
        print(f"\nA bare durable commit takes {statistics.median(bare):.1f} ms here, p99 {bare[-2]:.1f} ms.")
        print(f"SOAP meanwhile: {turn.rate:,.0f} calls/s")
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
    finally:
        server.stop()


if __name__ == "__main__":
    asyncio.run(main())
