"""300 processes killed with -9 at random moments of their work on PostgreSQL: 0 lost, 0 doubled, 0 half.

A process that has begun to work says so; then it has up to a fifth of a second. Each change is written down once it has
been answered.
"""

import json
import os
import random
import signal
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from soap_service.store import Announcement, NewRequest, Store
from tests.postgres import Postgres, create_database, execute

KILLS = 300


def main() -> None:
    random.seed(5)
    server = Postgres(is_durable=True)
    url = create_database(server.url)
    store = Store(url)
    store.schema.upgrade()
    store.staff.add_group("G", may_execute=True)
    agents = [store.staff.add_agent(f"agent{n}", f"Agent {n}", "hash", ["G"]).id for n in range(5)]
    maria = store.requesters.add("11144477735", "Maria").id
    service = store.catalogue.add_service("Falha", "incidente", "G").id
    integration = store.integrations.add("pbx", None, None, "127.0.0.0/8").id
    request = store.requests.open(NewRequest(maria, service, "x", "incidente"), agents[0], "form:first").id
    store.parameters.change(282, "S", "test")
    store.parameters.change(283, str(service), "test")
    store.close()
    journal = Path(tempfile.mkdtemp(prefix="soap-resilience-")) / "journal"
    started = time.monotonic()
    for life in range(KILLS):
        begun, begin = os.pipe()
        if (pid := os.fork()) == 0:
            try:
                _work(url, life, agents, maria, service, integration, request, journal, begin)
            finally:
                os._exit(1)
        os.close(begin)
        assert os.read(begun, 1), "it ended before it had begun"
        os.close(begun)
        time.sleep(random.uniform(0, 0.2))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status), "it ended by itself"
    answered = [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]
    _compare(url, answered, time.monotonic() - started)
    server.close()


def _work(
    url: str,
    life: int,
    agents: list[int],
    maria: int,
    service: int,
    integration: int,
    request: int,
    journal: Path,
    begin: int,
) -> None:
    """Do all kinds of changes one after another; write each down once it has been answered."""
    store = Store(url)
    descriptor = os.open(journal, os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    def note(**what: object) -> None:
        os.write(descriptor, (json.dumps(what) + "\n").encode())

    store.calls.newest_position()
    os.write(begin, b"1")
    for number in range(10_000):
        new = Announcement(integration, "novaSolicitacao", f"{life:03}{number:08}", None, "4067")
        seen = Announcement(integration, "visualizarSolicitacao", "11144477735", request, f"{life}.{number}")
        note(call=store.calls.announce(new).token)
        token = store.calls.announce(seen).token
        note(call=token)
        note(child=store.calls.answer(token, agents[0]).child_number)
        form = f"form:{life}.{number}"
        note(form=form, request=store.requests.open(NewRequest(maria, service, "x", "incidente"), agents[0], form).id)
        note(taking=agents[number % 5])
        store.extensions.register(agents[number % 5], "4067", take_over=True)
        note(owner=agents[number % 5])


def _compare(url: str, answered: list[dict[str, Any]], seconds: float) -> None:
    """Compare what was answered with what is in the tables."""
    tokens = {row[0] for row in execute(url, "SELECT token FROM call")}
    requests = dict(execute(url, "SELECT id, origin_key FROM request"))
    lost = sum(line["call"] not in tokens for line in answered if "call" in line)
    lost += sum(line["child"] not in requests for line in answered if "child" in line)
    lost += sum(requests.get(line["request"]) != line["form"] for line in answered if "form" in line)
    # Only the last take-over shows, or the one that was not answered any more.
    last = {name: [line[name] for line in answered if name in line][-1] for name in ("owner", "taking")}
    lost += execute(url, "SELECT agent_id FROM extension WHERE number = '4067'")[0][0] not in last.values()
    doubled = execute(url, "SELECT count(*) - count(DISTINCT (document, operation, extension)) FROM call")[0][0]
    doubled += execute(url, "SELECT count(*) - count(DISTINCT origin_key) FROM request WHERE origin_key IS NOT NULL")[
        0
    ][0]
    doubled += execute(url, "SELECT count(*) - count(DISTINCT agent_id) FROM extension WHERE agent_id IS NOT NULL")[0][
        0
    ]
    half = execute(
        url, "SELECT count(*) FROM call c LEFT JOIN recent_call r ON r.token = c.token WHERE r.token IS NULL"
    )[0][0]
    half += execute(
        url,
        """SELECT count(*) FROM request r WHERE (SELECT count(*) FROM request_event e
        WHERE e.request_id = r.id) <> CASE WHEN r.parent_id IS NULL THEN 1 ELSE 2 END""",
    )[0][0]
    changes = sum("taking" not in line for line in answered)
    print(
        f"{KILLS} kills in {seconds:.0f} s at {datetime.now(UTC):%F}: {changes} changes answered, "
        f"{len(tokens)} calls and {len(requests)} requests in the tables: {lost} lost, {doubled} doubled, {half} half"
    )
    assert (lost, doubled, half) == (0, 0, 0) and changes > KILLS


if __name__ == "__main__":
    main()
