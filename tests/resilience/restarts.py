"""50 immediate restarts of PostgreSQL under load, 100 connections cut at COMMIT: what was answered is there, once."""

import tempfile
import time
from pathlib import Path
from signal import SIGQUIT

from tests.commit_proxy import CommitProxy
from tests.conftest import element, start_service
from tests.postgres import Postgres, create_database, execute
from tests.resilience import UNLIMITED
from tests.resilience.platforms import Platforms
from tests.waiting import wait_until

RESTARTS, CUTS = 50, 100


def main() -> None:
    server = Postgres(is_durable=True)
    folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
    url = create_database(server.url)
    node = start_service(folder / "a", database_url=url, **UNLIMITED)
    platforms = Platforms([node], pause=0)
    back = []
    with platforms.calling():
        for _ in range(RESTARTS):
            time.sleep(0.3)
            server.stop(SIGQUIT)
            server.start()
            started = time.monotonic()
            wait_until(lambda: "1?34534" in node.call("obterQtdeSolicitacoes", cpf="11144477735"), 10)
            back.append(time.monotonic() - started)
    lost, doubled = platforms.verify(execute(url, "SELECT document, token FROM call"))
    print(
        f"{RESTARTS} immediate restarts: {len(platforms.journal)} calls answered, {lost} lost, {doubled} doubled; "
        f"{len(platforms.told)} times INDISPONIVEL, after {max(platforms.told, default=0):.2f} s at most; "
        f"answers again {max(back):.2f} s after its start at most"
    )
    assert lost == doubled == 0 and max(back) < 5
    node.stop()
    _cut_at_commit(server, folder)
    server.close()


def _cut_at_commit(server: Postgres, folder: Path) -> None:
    proxy = CommitProxy(server.port)
    direct = create_database(server.url)
    node = start_service(folder / "b", database_url=direct.replace(f":{server.port}/", f":{proxy.port}/"), **UNLIMITED)
    told = 0

    def call(number: int) -> str:
        nonlocal told
        while True:
            proxy.cuts = 1
            answer = node.call("novaSolicitacao", cpf=f"{number:011}", ramal="4067")
            if "<tns:url>" in answer:
                return element(answer, "url").rpartition("/")[2]
            told += 1

    receipts = {f"{number:011}": call(number) for number in range(CUTS)}
    proxy.cuts = 0
    rows = execute(direct, "SELECT document, token FROM call")
    print(
        f"{proxy.cut_before} connections cut before and {proxy.cut_after} after COMMIT arrived: {len(receipts)} calls "
        f"answered, {told} times INDISPONIVEL, {len(rows)} rows, {sum(receipts[d] != t for d, t in rows)} differ"
    )
    assert dict(rows) == receipts and len(rows) == CUTS
    node.stop()
    proxy.close()


if __name__ == "__main__":
    main()
