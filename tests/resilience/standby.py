"""A primary and its synchronous standby: the primary is killed under load, the standby promoted; nothing is restarted.

The nodes name both servers in their URL. What was answered must be on the new primary, once; the streams stay open and
hear every call once. Then the other way round, on a standby made anew. Last, a standby that stops answering.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

from tests.conftest import Service, element, start_service
from tests.postgres import Postgres, create_database, execute
from tests.resilience import UNLIMITED
from tests.resilience.platforms import REPEAT, Platforms, count_heard_twice, streams_open
from tests.waiting import wait_until

FAILOVERS, SECONDS = 6, 2.0
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

    def rows(self, statement: str) -> list[Any]:
        return execute(f"{self.primary.url.rpartition('/')[0]}/{self.name}", statement)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
    cluster = Cluster()
    nodes = [start_service(folder / name, database_url=cluster.url, **REPEAT, **UNLIMITED) for name in "ab"]
    platforms = Platforms(nodes)
    back, away = [], []
    with streams_open(nodes) as streams:
        with platforms.calling():
            for number in range(FAILOVERS):
                time.sleep(SECONDS)
                killed = time.monotonic()
                cluster.fail_over()
                promoted = time.monotonic()
                answered = platforms.wait_for_answer(promoted)
                back.append(answered - promoted)
                away.append(answered - killed)
                if number < FAILOVERS - 1:
                    cluster.renew()
        cluster.renew()
        heard_twice = count_heard_twice(streams, platforms)
        lost, doubled = platforms.verify(cluster.rows("SELECT document, token FROM call"))
        print(
            f"{FAILOVERS} failovers to a synchronous standby: {len(platforms.journal)} calls answered, {lost} lost, "
            f"{doubled} doubled; {len(platforms.told)} times INDISPONIVEL, after "
            f"{max(platforms.told, default=0):.2f} s at most; the next call answered {max(back):.1f} s after the "
            f"promotion at most, {max(away):.1f} s after the kill; {len(streams)} streams: {heard_twice} events "
            f"doubled, opened {sum(len(one.opened) for one in streams)} times",
            flush=True,
        )
        assert lost == doubled == heard_twice == 0 and max(back) < 5 and max(platforms.told, default=0) < 3.5
        assert all(len(one.opened) == 1 for one in streams)
        _silence_the_standby(cluster, nodes[0])
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
