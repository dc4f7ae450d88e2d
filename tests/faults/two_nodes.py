"""Calls at node A pop in a browser at B; then one node is killed with -9 under 20 calls a second.

Every answered call must exist once, every pop be seen once, and the agents be back within 10 s.
"""

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conftest import element, start_service
from tests.faults.browsers import Browser
from tests.postgres import Postgres, create_database, execute
from tests.service.test_stream import log_in
from tests.waiting import wait_until

CALLS = 400
SECONDS = 20


def main() -> None:
    server = Postgres(is_durable=True)
    folder = Path(tempfile.mkdtemp(prefix="soap-faults-"))
    url = create_database(server.url)
    here, there = (start_service(folder / name, database_url=url) for name in "ab")
    browser = Browser([there.url], log_in(there, "atendente", "4067"))
    browser.start()
    wait_until(lambda: browser.opened)
    took = []
    for number in range(CALLS):
        started = time.monotonic()
        token = element(here.call("novaSolicitacao", cpf=f"{number:011}", ramal="4067"), "url").rpartition("/")[2]
        wait_until(lambda token=token: token in browser.times)
        took.append((browser.times[token] - started) * 1000)
    took.sort()
    print(
        f"call at A to event at B, {CALLS} calls: median {statistics.median(took):.1f} ms, "
        f"p99 {took[int(CALLS * 0.99)]:.1f} ms, worst {took[-1]:.1f} ms"
    )
    browser.stop()

    cookie = log_in(here, "atendente", "4067")
    browsers = [Browser([here.url, there.url], cookie, first=n % 2) for n in range(20)]
    for one in browsers:
        one.start()
    wait_until(lambda: all(one.opened for one in browsers))
    answered: list[str] = []
    killed_at = 0.0

    def call(number: int) -> None:
        for node in (here, there) if number % 2 else (there, here):
            try:
                answer = node.call("novaSolicitacao", cpf=f"9{number:010}", ramal="4067")
            except Exception:  # the node is dead: a platform tries the other one
                continue
            if "<tns:url>" in answer:
                answered.append(element(answer, "url").rpartition("/")[2])
                return

    with ThreadPoolExecutor(8) as threads:
        for number in range(20 * SECONDS):
            if number == 5 * SECONDS:
                here.process.kill()
                killed_at = time.monotonic()
            threads.submit(call, number)
            time.sleep(0.05)
    wait_until(lambda: all(set(answered) <= set(one.times) for one in browsers), 15)
    back = max(one.reopened_after(killed_at) for one in browsers)
    rows = execute(url, "SELECT count(*), count(DISTINCT document) FROM call WHERE document LIKE '9%'")[0]
    doubled = sum(len(one.tokens) - len(set(one.tokens)) for one in browsers)
    lost = sum(len(set(answered) - set(one.tokens)) for one in browsers)
    print(
        f"kill -9 under 20 calls/s for {SECONDS} s: {len(answered)} answered, {rows[0]} rows, {rows[1]} different; "
        f"20 streams: {lost} lost, {doubled} doubled, all back after {back:.1f} s"
    )
    assert lost == doubled == 0 and rows[0] == rows[1] == len(set(answered)) and back < 10
    for one in browsers:
        one.stop()
    there.stop()
    server.close()


if __name__ == "__main__":
    main()
