"""kill -9 of a service on SQLite while calls share its commits: 16 platforms, each asks again until it is answered."""

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

from tests.conftest import element, start_service

KILLS, CALLERS = 30, 16


def main() -> None:
    random.seed(5)
    folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
    settings = {"SOAP_SERVICE_REPEAT_SECONDS": "120", "SOAP_SERVICE_CALLS_PER_SECOND": "0"}
    settings["SOAP_SERVICE_UNKNOWN_DOCUMENTS_PER_MINUTE"] = "0"
    first = node = start_service(folder, **settings)
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
                with suppress(httpx.TransportError):  # killed, or not there again yet
                    answer = first.call("novaSolicitacao", cpf=document, ramal="4067")
                    journal[document] = element(answer, "url").rpartition("/")[2]

    with ThreadPoolExecutor(CALLERS) as threads:
        callers = [threads.submit(call, caller) for caller in range(CALLERS)]
        for _ in range(KILLS):
            time.sleep(random.uniform(0.2, 1.0))
            node.process.send_signal(SIGKILL)
            node.process.wait()
            node = start_service(folder, port=port, **settings)
        done.set()
        for caller in callers:
            caller.result()
    assert node.stop() == 0, node.log
    with closing(sqlite3.connect(folder / "soap-service.db")) as database:
        (sound,) = database.execute("PRAGMA integrity_check").fetchone()
        rows = dict(database.execute("SELECT document, token FROM call"))
        (count,) = database.execute("SELECT count(*) FROM call").fetchone()
        (half,) = database.execute(
            "SELECT count(*) FROM call WHERE token NOT IN (SELECT token FROM recent_call)"
        ).fetchone()
    lost = sum(rows.get(document) != token for document, token in journal.items())
    print(
        f"{KILLS} kills under {CALLERS} callers: {len(journal)} calls answered in {attempts} attempts, file {sound}; "
        f"{lost} lost, {count - len(rows)} doubled, {half} half"
    )
    assert (sound, lost, count - len(rows), half) == ("ok", 0, 0, 0)


if __name__ == "__main__":
    main()
