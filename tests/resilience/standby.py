"""A primary and its synchronous standby: the primary is killed under load, the standby promoted; nothing is restarted.

The nodes name both servers in their URL. What was answered must be on the new primary, once; the streams stay open and
hear every call once. Then the other way round, on a standby made anew. Last, a standby that stops answering.
"""

import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conftest import Service, element, start_service
from tests.event_streams import log_in
from tests.postgres import Postgres, create_database, execute
from tests.resilience import UNLIMITED
from tests.resilience.browsers import Browser
from tests.waiting import wait_until

FAILOVERS, CALLERS, SECONDS = 6, 4, 2.0
_STREAMING = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'sync'"


class Cluster:
    """Two servers at two ports that stay; one of them is primary and answers no write before the other has it."""

    def __init__(self) -> None:
        self.primary = Postgres(is_durable=True)
        name = create_database(self.primary.url).rpartition("/")[2]
        self.standby = self._follow(None)
        hosts = "&".join(f"host=127.0.0.1:{server.port}" for server in (self.primary, self.standby))
        self.url = f"postgresql://postgres@/{name}?{hosts}"
        self.name = name

    def _follow(self, port: int | None) -> Postgres:
        """Return a standby, once the primary waits for it."""
        standby = Postgres(is_durable=True, port=port or 0, primary=self.primary)
        self._wait_for_standby("'*'")
        wait_until(lambda: execute(self.primary.url, _STREAMING) == [(1,)])
        return standby

    def _wait_for_standby(self, names: str) -> None:
        execute(self.primary.url, f"ALTER SYSTEM SET synchronous_standby_names = {names}")
        execute(self.primary.url, "SELECT pg_reload_conf()")

    def fail_over(self) -> None:
        """Kill the primary and have the standby take its place."""
        self.primary.kill()
        execute(self.standby.url, "SELECT pg_promote()")

    def renew(self) -> None:
        """Make a standby of the new primary where the old primary was."""
        gone, self.primary = self.primary, self.standby
        gone.close()
        self.standby = self._follow(gone.port)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        return execute(f"{self.primary.url.rpartition('/')[0]}/{self.name}", statement)


class Platform:
    """Callers that call the same again until it is answered, and a journal of what was."""

    def __init__(self, nodes: list[Service]) -> None:
        self.nodes = nodes
        self.journal: dict[str, str] = {}
        self.answered_at: list[float] = []
        self.told: list[float] = []
        self.is_ending = threading.Event()

    def call(self, caller: int) -> None:
        number = 0
        while not self.is_ending.is_set():
            number += 1
            document = f"{caller}{number:010}"
            while document not in self.journal:
                started = time.monotonic()
                answer = self.nodes[number % 2].call("novaSolicitacao", cpf=document, ramal="4067")
                if "<tns:url>" in answer:
                    self.journal[document] = element(answer, "url").rpartition("/")[2]
                    self.answered_at.append(time.monotonic())
                else:
                    self.told.append(time.monotonic() - started)
                    time.sleep(0.1)
            time.sleep(0.02)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
    cluster = Cluster()
    # A call that is tried again for longer than 10 s, on a busy machine, shall still be the same.
    settings = {"SOAP_SERVICE_REPEAT_SECONDS": "60", **UNLIMITED}
    nodes = [start_service(folder / name, database_url=cluster.url, **settings) for name in "ab"]
    cookie = log_in(nodes[0], "atendente", "4067")
    streams = [Browser([nodes[n % 2].url], cookie) for n in range(10)]
    for one in streams:
        one.start()
    wait_until(lambda: all(one.opened for one in streams))
    platform = Platform(nodes)
    back, away = [], []
    with ThreadPoolExecutor(CALLERS) as threads:
        for caller in range(1, CALLERS + 1):
            threads.submit(platform.call, caller)
        for number in range(FAILOVERS):
            time.sleep(SECONDS)
            killed = time.monotonic()
            cluster.fail_over()
            promoted = time.monotonic()
            wait_until(lambda promoted=promoted: platform.answered_at[-1] > promoted, 20)
            back.append(next(at for at in platform.answered_at if at > promoted) - promoted)
            away.append(next(at for at in platform.answered_at if at > promoted) - killed)
            if number < FAILOVERS - 1:
                cluster.renew()
        platform.is_ending.set()
    cluster.renew()
    wait_until(lambda: all(set(one.times) >= set(platform.journal.values()) for one in streams), 30)
    rows = dict(cluster.rows("SELECT document, token FROM call"))
    count = cluster.rows("SELECT count(*) FROM call")[0][0]
    lost = sum(rows.get(document) != token for document, token in platform.journal.items())
    doubled = sum(len(one.tokens) - len(set(one.tokens)) for one in streams)
    print(
        f"{FAILOVERS} failovers to a synchronous standby: {len(platform.journal)} calls answered, {lost} lost, "
        f"{count - len(rows)} doubled; {len(platform.told)} times INDISPONIVEL, after "
        f"{max(platform.told, default=0):.2f} s at most; the next call answered {max(back):.1f} s after the promotion "
        f"at most, {max(away):.1f} s after the kill; 10 streams: {doubled} events doubled, opened "
        f"{sum(len(one.opened) for one in streams)} times",
        flush=True,
    )
    assert lost == doubled == 0 and count == len(rows) and max(back) < 5 and max(platform.told, default=0) < 3.5
    assert all(len(one.opened) == 1 for one in streams)
    _silence_the_standby(cluster, nodes[0])
    for one in streams:
        one.stop()
    for node in nodes:
        assert node.stop() == 0
    cluster.primary.close()
    cluster.standby.close()


def _silence_the_standby(cluster: Cluster, node: Service) -> None:
    """No call is answered that the standby does not have; once it is back the same call is there, once."""

    def announce() -> str:
        return node.call("novaSolicitacao", cpf="77777777777", ramal="4067")

    cluster.standby.freeze()
    try:
        started = time.monotonic()
        answer = announce()
        took = time.monotonic() - started
        reads = node.call("obterQtdeSolicitacoes", cpf="11144477735")
    finally:
        cluster.standby.freeze(False)
    wait_until(lambda: "<tns:url>" in announce())
    count = cluster.rows("SELECT count(*) FROM call WHERE document = '77777777777'")
    print(
        f"a synchronous standby that does not answer: {element(answer, 'codigo')} after {took:.2f} s, reads "
        f"{'answered' if '1?34534' in reads else 'NOT answered'}; once it is back the call is there {count[0][0]} time"
    )
    assert "INDISPONIVEL" in answer and took < 3.5 and count == [(1,)], (answer, count)
    assert "1?34534" in reads, reads + node.log[-2000:]


if __name__ == "__main__":
    main()
