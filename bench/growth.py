"""`python -m bench.growth [FOLDER]`: what the operations' questions cost in the store as the requests grow.

In one process, without HTTP; microseconds, medians of batches. The heavy requester has 100,000 requests of their own,
or a tenth of all in the smallest database, half of them in progress.
"""

import os
import statistics
import time
from collections.abc import Callable

from bench.dataset import HEAVY, document, make
from bench.turns import given_folder
from soap_service.store import Announcement, Store

SIZES = [int(size) for size in os.environ.get("BENCH_SIZES", "10000 1000000 10000000").split()]
_BATCHES, _BATCH = 20, 200


def cost(ask: Callable[[int], object], batch: int = _BATCH) -> float:
    """Return the median over batches of the microseconds that one question takes."""
    ask(0)
    batches = []
    for number in range(_BATCHES):
        started = time.perf_counter()
        for index in range(batch):
            ask(number * batch + index)
        batches.append((time.perf_counter() - started) / batch * 1e6)
    return statistics.median(batches)


def costs(store: Store, size: int, known: int) -> list[float]:
    """Return the cost of each question on one database."""
    integration = store.integrations.add(f"growth-{time.time_ns()}", None, None, "192.0.2.1").id

    def announce(index: int) -> object:
        caller = document(index * 7_919 % known)
        return store.calls.announce(Announcement(integration, "novaSolicitacao", caller, extension="4067"))

    return [
        cost(lambda index: store.telephony.count_open_requests(document(index * 7_919 % known))),
        cost(lambda _: store.telephony.count_open_requests(HEAVY)),
        cost(lambda index: store.telephony.summarise_request(1_000_000 + index * 7_919 % size)),
        cost(announce, batch=20),
    ]


def main() -> None:
    """Make each database and print its row."""
    folder = given_folder()
    print("| requests | count | count, heavy requester | data of a request | announce a call |\n|---|---|---|---|---|")
    for size in SIZES:
        file = folder / f"requests-{size}.db"
        known = make(file, size)
        store = Store(f"sqlite:///{file}")
        store.schema.upgrade()
        row = costs(store, size, known)
        store.close()
        print(f"| {size:,} | " + " | ".join(f"{cell:,.1f}" for cell in row) + " |", flush=True)


if __name__ == "__main__":
    main()
