"""kill -9 of a service while calls share its commits: 16 platforms, each asks again until it is answered.

On SQLite the service alone is killed; on PostgreSQL, in turn, the service, every process of the server, and the
connections between them.
"""

import random
import sqlite3
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from signal import SIGKILL

import httpx
import psycopg
from sqlalchemy import text

from soap_service.store import Store
from tests.conftest import element, start_service
from tests.postgres import Postgres
from tests.resilience import UNLIMITED

KILLS, CALLERS = 30, 16


def main() -> None:
    random.seed(5)
    folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
    prove("SQLite", folder, f"sqlite:///{folder}/soap-service.db", None)
    postgres = Postgres(is_durable=True)
    try:
        prove("PostgreSQL", Path(tempfile.mkdtemp(prefix="soap-resilience-")), postgres.url, postgres)
    finally:
        postgres.close()


def prove(kind: str, folder: Path, url: str, postgres: Postgres | None) -> None:
    settings = {"SOAP_SERVICE_REPEAT_SECONDS": "120", "SOAP_SERVICE_CALLS_PER_SECOND": "0", **UNLIMITED}
    first = node = start_service(folder, database_url=url, **settings)
    port = int(first.url.rpartition(":")[2])
    journal: dict[str, str] = {}
    attempts = 0
    done = threading.Event()

    def call(caller: int) -> None:
        nonlocal attempts
        number = 0
        while not done.is_set():
            number += 1
            document = f"{caller:02}{number:09}"
            while document not in journal and not done.is_set():
                attempts += 1
                if attempts % 50 == 0:
                    time.sleep(0.1)  # leave the machine to who starts
                with suppress(httpx.TransportError):  # killed, or not there again yet
                    answer = first.call("novaSolicitacao", cpf=document, ramal="4067")
                    if "INDISPONIVEL" not in answer:
                        journal[document] = element(answer, "url").rpartition("/")[2]

    with ThreadPoolExecutor(CALLERS) as threads:
        callers = [threads.submit(call, caller) for caller in range(CALLERS)]
        for turn in range(KILLS):
            time.sleep(random.uniform(0.2, 1.0))
            if postgres is not None and turn % 3 == 1:
                postgres.kill()
                postgres.start()
            elif postgres is not None and turn % 3 == 2:
                _cut(url)
            else:
                node.process.send_signal(SIGKILL)
                node.process.wait()
                node = start_service(folder, port=port, database_url=url, **settings)
        done.set()
        for caller in callers:
            caller.result()
    assert node.stop() == 0, node.log
    if postgres is None:
        with closing(sqlite3.connect(folder / "soap-service.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store = Store(url)
    with store._database.reading() as session:
        rows = dict(session.execute(text("SELECT document, token FROM call")).tuples().all())
        count = session.scalar(text("SELECT count(*) FROM call")) or 0
        half = session.scalar(text("SELECT count(*) FROM call WHERE token NOT IN (SELECT token FROM recent_call)"))
    store.close()
    lost = sum(rows.get(document) != token for document, token in journal.items())
    print(
        f"{kind}: {KILLS} kills under {CALLERS} callers: {len(journal)} calls answered in {attempts} attempts; "
        f"{lost} lost, {count - len(rows)} doubled, {half} half"
    )
    assert (lost, count - len(rows), half) == (0, 0, 0)


def _cut(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'soap-service'"
        )


if __name__ == "__main__":
    main()
