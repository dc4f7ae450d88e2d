"""10,000 pops to 100 streams, 500 cuts at random bytes with changes of node: none lost, none doubled."""

import random
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from soap_service.store import Announcement, Store
from tests.conftest import start_service
from tests.postgres import Postgres, create_database
from tests.resilience.browsers import Browser
from tests.waiting import wait_until

STREAMS, POPS, CUTS = 100, 10_000, 500


def main() -> None:
    random.seed(5)
    server = Postgres(is_durable=True)
    folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
    url = create_database(server.url)
    nodes = [start_service(folder / name, database_url=url) for name in "ab"]
    store = Store(url)
    browsers = []
    for number in range(STREAMS):
        agent = store.staff.add_agent(f"agent{number}", f"Agent {number}", "hash")
        store.extensions.register(agent.id, f"{7000 + number}")
        cookie = store.logins.open(agent.id, timedelta(hours=1))
        browsers.append(Browser([node.url for node in nodes], cookie, first=number % 2))
    for one in browsers:
        one.start()
    wait_until(lambda: all(one.opened for one in browsers), 30)
    integration = store.integrations.list_all()[0].id
    announced: list[list[str]] = [[] for _ in range(STREAMS)]

    def announce(number: int) -> None:
        extension = number % STREAMS
        call = Announcement(integration, "novaSolicitacao", f"{number:011}", None, f"{7000 + extension}")
        announced[extension].append(store.calls.announce(call).token)

    started = time.monotonic()
    cuts = 0
    with ThreadPoolExecutor(8) as threads:
        for number in range(POPS):
            threads.submit(announce, number)
            if number % (POPS // CUTS) == 0:
                random.choice([one for one in browsers if not one.is_to_be_cut]).cut(random.randrange(400))
                cuts += 1
            if number % 20 == 0:
                time.sleep(0.06)
    lasted = time.monotonic() - started
    wait_until(lambda: all(set(one.tokens) >= set(calls) for one, calls in zip(browsers, announced, strict=True)), 60)
    lost = sum(len(set(calls) - set(one.tokens)) for one, calls in zip(browsers, announced, strict=True))
    doubled = sum(len(one.tokens) - len(set(one.tokens)) for one in browsers)
    made = sum(one.cuts for one in browsers)
    total = sum(map(len, announced))
    print(
        f"{total} pops to {STREAMS} streams in {lasted:.0f} s, {made} cuts of {cuts} came to pass: "
        f"{lost} lost, {doubled} doubled"
    )
    assert (lost, doubled, total) == (0, 0, POPS)
    for one in browsers:
        one.stop()
    store.close()
    for node in nodes:
        node.stop()
    server.close()


if __name__ == "__main__":
    main()
