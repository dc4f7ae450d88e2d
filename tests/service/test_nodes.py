"""Two nodes on one PostgreSQL: a call at one pops up at the other, once, whatever the order of commits."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.conftest import Service, element, start_service
from tests.event_streams import announce, listening, log_in
from tests.postgres import create_database, drop_database, execute
from tests.waiting import wait_until

Nodes = tuple[Service, Service]


@pytest.fixture
def nodes(tmp_path: Path, postgresql_demo_url: str) -> Iterator[Nodes]:
    nodes = tuple(start_service(tmp_path / name, database_url=postgresql_demo_url) for name in "ab")
    yield nodes  # type: ignore[misc]
    for node in nodes:
        node.stop()
        assert "Traceback" not in node.log, node.log


def test_a_call_at_one_node_pops_up_at_the_other_by_notification(nodes: Nodes) -> None:
    here, there = nodes
    with listening(there, log_in(there, "atendente", "4067")) as listener:
        answer = here.call("novaSolicitacao", cpf="11144477735", ramal="4067")
        assert element(answer, "aviso") == "ENTREGUE"
        wait_until(lambda: listener.tokens)
        later = here.call("novaSolicitacao", cpf="52998224725", ramal="4067")
        wait_until(lambda: len(listener.tokens) == 2)
        assert listener.tokens == [element(one, "url").rpartition("/")[2] for one in (answer, later)]


def test_without_notification_a_call_is_found_within_a_second(nodes: Nodes) -> None:
    here, there = nodes
    with listening(there, log_in(there, "atendente", "4067")) as listener:
        execute(here.database_url, _COMMIT_LATE.format(document="1"))
        wait_until(lambda: listener.tokens, 2)


#: A call as another node writes it, without its notification.
_COMMIT_LATE = """
INSERT INTO call (token, integration_id, operation, document, extension, notice, created_at)
VALUES (repeat('{document}', 43), 1, 'novaSolicitacao', '{document}', '4067', 'ENTREGUE', now())
"""


def test_a_call_that_commits_late_with_a_lower_number_is_not_passed_over(nodes: Nodes) -> None:
    here, there = nodes
    cookie = log_in(there, "atendente", "4067")
    with psycopg.connect(here.database_url) as held, psycopg.connect(here.database_url) as given_up:
        with listening(there, cookie) as listener, listening(here, cookie) as other:
            given_up.execute(_COMMIT_LATE.format(document="7"))
            held.execute(_COMMIT_LATE.format(document="8"))
            later = announce(here)
            wait_until(lambda: listener.tokens == other.tokens == [later])
            held_id, given_up_id = (
                int(execute(here.database_url, "SELECT max(id) FROM call")[0][0]) - back for back in (1, 2)
            )
            assert listener.events[0][0] == f"{held_id + 1}-{given_up_id}.{held_id}"
            last_event_id = listener.events[0][0]
            given_up.rollback()
        held.commit()  # while nobody listens
    late = "8" * 43
    with listening(here, cookie, last_event_id) as listener:
        wait_until(lambda: listener.tokens)
        newest = announce(here, cpf="52998224725")
        wait_until(lambda: len(listener.tokens) == 2)
        assert listener.tokens == [late, newest]


def test_a_call_that_commits_late_reaches_an_open_stream(nodes: Nodes) -> None:
    here, there = nodes
    with psycopg.connect(here.database_url) as held, listening(there, log_in(there, "atendente", "4067")) as listener:
        held.execute(_COMMIT_LATE.format(document="8"))
        later = [announce(here, cpf=f"{number:011}") for number in range(3)]
        wait_until(lambda: listener.tokens == later)
        held.commit()
        wait_until(lambda: listener.tokens == [*later, "8" * 43], 3)


def test_a_browser_that_changes_nodes_gets_what_it_missed_once(nodes: Nodes) -> None:
    here, there = nodes
    cookie = log_in(here, "atendente", "4067")
    announced: list[str] = []
    seen: list[str] = []
    last_event_id = ""
    for number in range(6):
        with listening(nodes[number % 2], cookie, last_event_id) as listener:
            announced += [announce(node, cpf=f"{number}{n}".zfill(11)) for n, node in enumerate(nodes)]
            expected = announced[len(seen) :]
            wait_until(lambda heard=listener, expected=expected: len(heard.tokens) >= len(expected))
            seen += listener.tokens
            last_event_id = listener.events[-1][0]
        announced.append(announce(there, cpf=f"{number}9".zfill(11)))  # while nobody listens
    assert seen == announced[:-1]


def test_a_repeat_at_the_other_node_is_the_same_call(nodes: Nodes) -> None:
    with listening(nodes[1], log_in(nodes[1], "atendente", "4067")) as listener, ThreadPoolExecutor(8) as threads:
        receipts = set(threads.map(lambda number: announce(nodes[number % 2]), range(40)))
        assert len(receipts) == 1
        wait_until(lambda: listener.tokens)
        other = announce(nodes[0], cpf="52998224725")
        wait_until(lambda: len(listener.tokens) == 2)
        assert listener.tokens == [*receipts, other]


def test_a_takeover_at_one_node_tells_the_former_owner_at_the_other(nodes: Nodes) -> None:
    here, there = nodes
    with (
        listening(here, log_in(here, "atendente", "4067")) as loser,
        listening(there, log_in(there, "consulta")) as winner,
    ):
        there.store.extensions.register(there.store.staff.find_agent("consulta").id, "4067", take_over=True)
        wait_until(lambda: loser.events)
        token = announce(here)
        wait_until(lambda: winner.tokens)
        assert (loser.tokens, winner.tokens) == ([], [token])


def test_listeners_that_another_node_has_forgotten_are_told_again(nodes: Nodes) -> None:
    here, there = nodes
    with listening(there, log_in(there, "atendente", "4067")):
        execute(here.database_url, "DELETE FROM listener")
        numbers = iter(range(1, 10_000))
        wait_until(
            lambda: element(here.call("novaSolicitacao", cpf=next(numbers), ramal="4067"), "aviso") == "ENTREGUE", 15
        )


def test_processes_that_start_at_once_migrate_once(postgres_url: str) -> None:
    url = create_database(postgres_url)
    command = [sys.executable, "-m", "soap_service", "parameter", "list", "--database-url", url]
    starting = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    for process in starting:
        assert process.communicate(timeout=60)[1] == b""
        assert process.returncode == 0
    assert execute(url, "SELECT count(*) FROM alembic_version") == [(1,)]
    drop_database(postgres_url, url)
