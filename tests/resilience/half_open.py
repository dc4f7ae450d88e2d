"""20 browsers whose lines go silent with both ends left open: when each page hears again, none lost, none shown twice.

The browsers are pages of one real Chromium, each of an agent of its own and behind a forwarder of its own.
"""

import random
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from soap_service.rules.credentials import SESSION_COOKIE
from soap_service.store import Announcement, Store
from tests.chromium import chromium
from tests.conftest import Service, start_service
from tests.proxy import Network

RUNS, AT_ONCE = 20, 5
#: The browser's promise, and how long a run waits for it at most.
PROMISED_SECONDS, MOST_SECONDS = 45.0, 70.0
#: Has the page note each call it gets, each popup it fetches, and when it has a connection, by its own clock.
WATCH = """async () => {
    const script = document.querySelector("script[src$='/main.js']").src;
    const { subscribe } = await import(new URL("live/events.js", script));
    window.heard = { calls: [], open: [] };
    subscribe("call", ({ token }) => window.heard.calls.push(token));
    subscribe("connection", ({ isOpen }) => window.heard.open.push([isOpen, Date.now()]));
}"""


class Run:
    """One agent's page behind a line that goes silent."""

    def __init__(self, browser: Browser, service: Service, store: Store, number: int) -> None:
        self.extension = f"{7000 + number}"
        agent = store.staff.add_agent(f"agent{number}", f"Agent {number}", "hash")
        store.extensions.register(agent.id, self.extension)
        cookie = store.logins.open(agent.id, timedelta(hours=1))
        self.network = Network(int(urlsplit(service.url).port or 0))
        context = browser.new_context()
        context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": self.network.url}])
        self.page: Page = context.new_page()
        self.shown: list[str] = []
        self.page.on("request", lambda request: self._note(request.url))
        self.page.goto(f"{self.network.url}/")
        self.page.locator("#connection:not(.is-lost)").wait_for(timeout=30_000)
        self.page.evaluate(WATCH)
        self.announced: list[str] = []
        self.silent_at = 0.0

    def _note(self, url: str) -> None:
        if url.endswith("/janela"):
            self.shown.append(url.split("/")[-2])

    def silence(self) -> None:
        self.network.half_open()
        self.silent_at = time.time()

    def announce(self, store: Store, integration: int) -> None:
        document = f"{random.randrange(10**11):011}"
        call = Announcement(integration, "novaSolicitacao", document, None, self.extension)
        self.announced.append(store.calls.announce(call).token)

    @property
    def heard(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate("window.heard")
        return found

    @property
    def seconds(self) -> float | None:
        """After how many seconds of silence the page heard again; None while it does not."""
        later = [at / 1000 - self.silent_at for is_open, at in self.heard["open"] if is_open]
        return next((seconds for seconds in later if seconds > 0), None) if self._has_noticed() else None

    def _has_noticed(self) -> bool:
        return any(not is_open and at / 1000 > self.silent_at for is_open, at in self.heard["open"])


def run_some(runs: list[Run], store: Store, integration: int) -> None:
    """Silence each at another moment between two pulses, with calls all along until it hears again."""
    for run in runs:
        run.page.wait_for_timeout(random.uniform(0, 15_000 / len(runs)))
        run.silence()
        run.announce(store, integration)
    deadline = time.time() + MOST_SECONDS
    while time.time() < deadline and any(run.seconds is None for run in runs):
        runs[0].page.wait_for_timeout(5000)
        for run in runs:
            run.announce(store, integration)
    for run in runs:
        run.page.wait_for_timeout(500)


def main() -> None:
    random.seed(11)
    service = start_service(Path(tempfile.mkdtemp(prefix="soap-resilience-")))
    store = Store(service.database_url)
    integration = store.integrations.list_all()[0].id
    done: list[Run] = []
    with chromium() as browser:
        for first in range(0, RUNS, AT_ONCE):
            runs = [Run(browser, service, store, number) for number in range(first, first + AT_ONCE)]
            run_some(runs, store, integration)
            done += runs
        times = [run.seconds for run in done]
        calls = [run.heard["calls"] for run in done]
    heard = sorted(seconds for seconds in times if seconds is not None)
    announced = sum(len(run.announced) for run in done)
    lost = sum(len(set(run.announced) - set(tokens)) for run, tokens in zip(done, calls, strict=True))
    doubled = sum(len(run.shown) - len(set(run.shown)) for run in done)
    print(
        f"{len(heard)} of {RUNS} pages heard again: median {statistics.median(heard):.1f} s, worst {heard[-1]:.1f} s; "
        f"{announced} calls: {lost} lost, {doubled} shown twice"
    )
    assert len(heard) == RUNS and heard[-1] <= PROMISED_SECONDS and (lost, doubled) == (0, 0)
    store.close()
    service.stop()


if __name__ == "__main__":
    main()
