"""50 parallel posts, 200 rounds, at two nodes, of a button and of a take-over: exactly one child, one owner each."""

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from soap_service.errors import StoreUnavailable
from soap_service.serving.server import SWITCH_SECONDS
from soap_service.store import Announcement, NewRequest, Store
from tests.postgres import Postgres, create_database, execute

ROUNDS, POSTS = 200, 50
T = TypeVar("T")


def main() -> None:
    sys.setswitchinterval(SWITCH_SECONDS)  # as a node does
    server = Postgres(is_durable=True)
    url = create_database(server.url)
    stores = [Store(url), Store(url)]
    store = stores[0]
    store.schema.upgrade()
    store.staff.add_group("G", may_execute=True)
    agents = [store.staff.add_agent(f"agent{n}", f"Agent {n}", "hash", ["G"]).id for n in range(POSTS)]
    maria = store.requesters.add("11144477735", "Maria")
    service = store.catalogue.add_service("Falha", "incidente", "G")
    integration = store.integrations.add("pbx", None, None, "127.0.0.0/8").id
    request = store.requests.open(NewRequest(maria.id, service.id, "x", "incidente"), agents[0], "form:1")
    store.parameters.change(282, "S", "test")
    store.parameters.change(283, str(service.id), "test")
    children = wrong_owners = forms = refused = 0

    def answered(work: Callable[[], T]) -> T:
        """Try again as a person does who is told that the database was too busy."""
        nonlocal refused
        while True:
            try:
                return work()
            except StoreUnavailable:
                refused += 1

    started = time.monotonic()
    with ThreadPoolExecutor(POSTS) as threads:
        for number in range(ROUNDS):
            store.calls.repeat_within = store.calls.repeat_within * 0
            call = Announcement(integration, "visualizarSolicitacao", "11144477735", request.id, "4067")
            token = store.calls.announce(call).token
            gate = threading.Barrier(POSTS)

            def press(n: int, token: str = token, gate: threading.Barrier = gate) -> int | None:
                gate.wait()
                return answered(lambda: stores[n % 2].calls.answer(token, agents[n]).child_number)

            numbers = set(threads.map(press, range(POSTS)))
            children += len(numbers)
            again = threading.Barrier(POSTS)

            def take(n: int, gate: threading.Barrier = again, number: int = number) -> None:
                gate.wait()
                answered(lambda: stores[n % 2].extensions.register(agents[n], f"{number % 7}", take_over=True))

            list(threads.map(take, range(POSTS)))
            owners = execute(url, f"SELECT count(agent_id) FROM extension WHERE number = '{number % 7}'")[0][0]
            held = execute(url, "SELECT count(*) - count(DISTINCT agent_id) FROM extension WHERE agent_id IS NOT NULL")
            wrong_owners += owners != 1 or held[0][0] != 0
            once = threading.Barrier(POSTS)

            def post(n: int, gate: threading.Barrier = once, number: int = number) -> int:
                gate.wait()
                new = NewRequest(maria.id, service.id, "x", "incidente")
                return answered(lambda: stores[n % 2].requests.open(new, agents[n], f"form:round {number}").id)

            if number % 10 == 0:
                forms += len(set(threads.map(post, range(POSTS)))) - 1
    rows = execute(url, f"SELECT count(*), count(DISTINCT origin_key) FROM request WHERE parent_id = {request.id}")[0]
    events = execute(url, "SELECT count(*) FROM request_event JOIN request r ON r.id = request_id WHERE parent_id > 0")
    print(
        f"{POSTS} parallel posts x {ROUNDS} rounds in {time.monotonic() - started:.0f} s: {children} child requests "
        f"answered, {rows[0]} rows of {rows[1]} calls with {events[0][0]} lines of history; "
        f"{wrong_owners} rounds without exactly one owner; {forms} forms opened twice; {refused} told to try again"
    )
    assert (children, rows, events[0][0], wrong_owners, forms) == (ROUNDS, (ROUNDS, ROUNDS), 2 * ROUNDS, 0, 0)
    for one in stores:
        one.close()
    server.close()


if __name__ == "__main__":
    main()
