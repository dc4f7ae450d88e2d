"""Time to first byte of every page with 1,000,000 requests: `python -m bench.screens FOLDER [REQUESTS]`.

The service is the real one on SQLite, of the data set of `bench.dataset` and 500,000 calls in 14 days. Each page is
asked for `TIMES` times over one connection after a first one; printed are median and 95th percentile in milliseconds.
"""

import secrets
import sqlite3
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path

import httpx

from bench import dataset
from soap_service.rules.credentials import SESSION_COOKIE
from soap_service.store import Store
from tests.browser.pages import prepare
from tests.conftest import start_service

TIMES = 60
CALLS = 500_000
_DAYS = 14


def add_calls(file: Path) -> None:
    """Put calls into the 14 days before now, between 8 and 18 o'clock, in their order; those there already are kept."""
    database = sqlite3.connect(file)
    (there,) = database.execute("SELECT count(*) FROM call").fetchone()
    (integration,) = database.execute("SELECT id FROM integration").fetchone()
    now = datetime.now(UTC)
    rows = []
    for number in range(there, CALLS):
        spread = (number * 7_919) % (_DAYS * 36_000)
        day, second = divmod(spread, 36_000)
        created = (now - timedelta(days=day)).replace(hour=11, minute=0, second=0) + timedelta(seconds=second)
        if created > now:
            continue
        seen = None if number % 11 == 0 else created + timedelta(milliseconds=5 + number % 97)
        texts = [one and one.strftime("%Y-%m-%d %H:%M:%S.%f") for one in (created, seen)]
        rows.append((secrets.token_urlsafe(32), integration, f"{4000 + number % 200}", *texts))
    database.executemany(
        "INSERT INTO call (token, integration_id, operation, document, extension, notice, created_at, seen_at) "
        "VALUES (?, ?, 'novaSolicitacao', '', ?, 'ENTREGUE', ?, ?)",
        sorted(rows, key=itemgetter(3)),
    )
    database.commit()
    database.close()


def main(folder: Path, requests: int) -> None:
    """Make the data, start the service, ask for every page, print the table."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"screens-{requests}.db"
    dataset.make(file, requests)
    add_calls(file)
    store = Store(f"sqlite:///{file}")
    while store.count_hours_of_calls():
        pass
    store.close()
    service = start_service(folder, database_url=f"sqlite:///{file}")
    try:
        walk = prepare(service)
        admin = service.store.find_agent("admin")
        cookie = service.store.open_session(admin.id, timedelta(hours=1))  # the start gave a password: older ones ended
        with httpx.Client(cookies={SESSION_COOKIE: cookie}, timeout=30) as client:
            print(f"{'page':<44}{'median ms':>10}{'p95 ms':>8}{'status':>8}")
            for name, address in sorted(walk.addresses().items()):
                answer = client.get(address)
                if "/entrar" in answer.headers.get("location", ""):
                    raise SystemExit("nobody is logged in")
                spent = sorted(_first_byte(client, address) for _ in range(TIMES))
                median, late = statistics.median(spent), spent[int(TIMES * 0.95) - 1]
                print(f"{name:<44}{median:>10.1f}{late:>8.1f}{answer.status_code:>8}")
    finally:
        service.stop()


def _first_byte(client: httpx.Client, address: str) -> float:
    """Return the milliseconds from asking to the head of the answer."""
    began = time.perf_counter()
    with client.stream("GET", address) as answer:
        spent = time.perf_counter() - began
        answer.read()
    return spent * 1000


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
