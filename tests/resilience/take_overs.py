"""One extension, 50 agents at two nodes, 200 rounds: what all of them saw fits one order, one at a time.

In a round 30 take the extension over and then ask who has it, 10 want it without taking it over and are told who has
it, 10 only ask. The extension is a register that take-overs write: `histories` judges each round.
"""

import random
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from soap_service.errors import ExtensionTaken, StoreUnavailable
from soap_service.model import Extension
from soap_service.serving.server import SWITCH_SECONDS
from soap_service.store import Store
from tests.postgres import Postgres, create_database, execute
from tests.resilience.histories import Operation, is_linearizable

ROUNDS, AGENTS, TAKERS, WANTERS = 200, 50, 30, 10
NUMBER = "4067"


class Desk:
    """Two nodes' stores, the agents, and what was answered to whom and when."""

    def __init__(self, url: str) -> None:
        self.stores = [Store(url), Store(url)]
        self.stores[0].schema.upgrade()
        self.agents = [self.stores[0].staff.add_agent(f"agent{n}", f"Agent {n}", "hash").id for n in range(AGENTS)]
        self.history: list[Operation] = []
        self.refused = 0

    def take(self, n: int) -> None:
        store = self.stores[n % 2]
        self._act(True, lambda: store.extensions.register(self.agents[n], NUMBER, take_over=True) or n)

    def want(self, n: int) -> None:
        """Ask for the extension as the dialog does first; it is somebody else's, and the refusal says whose."""
        self._act(False, lambda: self._refusal(n))

    def ask(self, n: int) -> int:
        """Ask who has it."""
        return self._act(False, lambda: self._owner(self.stores[n % 2]))

    def _refusal(self, n: int) -> int:
        try:
            self.stores[n % 2].extensions.register(self.agents[n], NUMBER)
        except ExtensionTaken as taken:
            return int(taken.owner.removeprefix("Agent "))
        raise AssertionError("an extension was given away without a take-over")

    def _owner(self, store: Store) -> int:
        with store._database.reading() as session:
            owner = session.scalar(select(Extension.agent_id).where(Extension.number == NUMBER))
        assert owner is not None
        return self.agents.index(owner)

    def _act(self, is_write: bool, work: Callable[[], int]) -> int:
        """Note what was answered. Who is told that the database was too busy tries again: nothing has been done then.

        If it had been, somebody could read a value before the noted beginning of its write, and no order would fit.
        """
        while True:
            began = time.monotonic()
            try:
                value = work()
            except StoreUnavailable:
                self.refused += 1
                continue
            self.history.append(Operation(is_write, value, began, time.monotonic()))
            return value


def main() -> None:
    random.seed(5)
    sys.setswitchinterval(SWITCH_SECONDS)  # as a node does
    server = Postgres(is_durable=True)
    url = create_database(server.url)
    desk = Desk(url)
    desk.take(0)
    owner = 0
    wrong = operations = meetings = 0
    started = time.monotonic()
    with ThreadPoolExecutor(AGENTS) as threads:
        for _ in range(ROUNDS):
            others = [n for n in range(AGENTS) if n != owner]
            random.shuffle(others)
            takers, wanters = set(others[:TAKERS]), set(others[TAKERS : TAKERS + WANTERS])
            gate = threading.Barrier(AGENTS)

            def act(n: int, gate: threading.Barrier = gate, roles: tuple[set[int], ...] = (takers, wanters)) -> None:
                takers, wanters = roles
                gate.wait()
                if n in takers:
                    desk.take(n)
                if n in wanters:
                    desk.want(n)
                else:
                    desk.ask(n)

            now = time.monotonic()
            desk.history = [Operation(True, owner, now, now)]
            list(threads.map(act, range(AGENTS)))
            owner = desk.ask(0)
            wrong += not is_linearizable(desk.history)
            operations += len(desk.history)
            meetings += sum(
                one.began < other.answered and other.began < one.answered
                for place, one in enumerate(desk.history)
                for other in desk.history[:place]
            )
            rows = "SELECT count(*), count(agent_id), count(DISTINCT agent_id) FROM extension"
            assert execute(url, rows) == [(1, 1, 1)]
    print(
        f"{AGENTS} agents x {ROUNDS} rounds in {time.monotonic() - started:.0f} s: {operations} take-overs, requests "
        f"and questions at one extension, {meetings} pairs of them at the same time, {desk.refused} told to try "
        f"again: {wrong} histories fit no order"
    )
    assert wrong == 0 and meetings > 100 * ROUNDS
    for store in desk.stores:
        store.close()
    server.close()


if __name__ == "__main__":
    main()
