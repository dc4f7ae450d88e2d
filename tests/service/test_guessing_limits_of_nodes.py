"""Unknown documents and numbers at two nodes of one PostgreSQL: counted together, also after a restart."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import Service, element, start_service
from tests.event_streams import listening, log_in
from tests.postgres import execute
from tests.service.test_nodes import Nodes
from tests.waiting import wait_until

KNOWN, ALSO_KNOWN = "11144477735", "12312312312"
COUNT, DETAILS = "obterQtdeSolicitacoes", "obterDadosSolicitacao"


@pytest.fixture
def nodes(tmp_path: Path, postgresql_demo_url: str) -> Iterator[Nodes]:
    nodes = tuple(start_service(tmp_path / name, database_url=postgresql_demo_url) for name in "ab")
    execute(postgresql_demo_url, "DELETE FROM unknown_hour")
    execute(postgresql_demo_url, "DELETE FROM answered_before")
    yield nodes  # type: ignore[misc]
    for node in nodes:
        node.stop()
        assert "Traceback" not in node.log, node.log


def is_refused(answer: str) -> bool:
    return "LIMITE_EXCEDIDO" in answer


def guess(nodes: Nodes, first: int = 1, most: int = 400) -> int:
    """Ask both nodes about documents and numbers that nobody has; return how many were answered until one was not."""
    for number in range(most):
        node = nodes[number % 2]
        unknown = first + number
        asked = {"cpf": f"{unknown:011}"} if number % 4 < 2 else {"id": 10_000_000 + unknown}
        if is_refused(node.call(COUNT if "cpf" in asked else DETAILS, **asked)):
            return number
    return most


def both_refuse(nodes: Nodes) -> None:
    """Wait until each node has learned from the other that the budget is over."""
    wait_until(lambda: all(is_refused(node.call(COUNT, cpf="00000000999")) for node in nodes), 5)


def values_of(answer: str, *names: str) -> list[str]:
    return [element(answer, name) for name in names]


def seconds_of(node: Service, cpf: str, extension: str) -> float:
    begun = time.monotonic()
    node.call("novaSolicitacao", cpf=cpf, ramal=extension)
    return time.monotonic() - begun


def the_hour_lasts(seconds: int = 60) -> None:
    """Wait for the next hour when this one is nearly over: it would give another budget."""
    left = 3600 - datetime.now(UTC).timestamp() % 3600
    if left < seconds:
        wait_until(lambda: datetime.now(UTC).timestamp() % 3600 < 60, seconds + 5)


def test_guesses_at_two_nodes_are_counted_together_and_after_a_restart(nodes: Nodes) -> None:
    the_hour_lasts()
    here, there = nodes
    assert here.call(COUNT, cpf=KNOWN) == there.call(COUNT, cpf=KNOWN)
    assert 220 <= guess(nodes) <= 270
    both_refuse(nodes)
    # What was asked with success goes on, and the number that this told; everything else is refused alike.
    assert "1?34534" in here.call(COUNT, cpf=KNOWN)
    wait_until(lambda: "1?34534" in there.call(COUNT, cpf=KNOWN), 15)
    assert "Em andamento" in there.call(DETAILS, id=34534)
    known, unknown = (here.call(COUNT, cpf=cpf) for cpf in (ALSO_KNOWN, "00000000999"))
    assert known == unknown
    assert is_refused(known)
    known, unknown = (there.call(DETAILS, id=number) for number in (955, 20_000_000))
    assert known == unknown
    assert is_refused(known)
    known, unknown = (here.call("visualizarSolicitacao", id=955, cpf=cpf) for cpf in (ALSO_KNOWN, "00000000999"))
    assert known == unknown
    assert is_refused(known)
    here.stop()
    again = start_service(here.data, database_url=here.database_url)
    assert is_refused(again.call(COUNT, cpf=ALSO_KNOWN))
    assert "1?34534" in again.call(COUNT, cpf=KNOWN)
    again.stop()
    (warned,) = execute(here.database_url, "SELECT actor, record FROM audit WHERE kind = 'many-unknown'")
    assert tuple(warned) == ("demonstracao", "220")
    counted = execute(here.database_url, "SELECT sum(unknown) FROM unknown_hour")[0][0]
    assert 220 <= counted <= 270


def test_beyond_the_budget_calls_pop_up_and_tell_the_platform_nothing(nodes: Nodes) -> None:
    the_hour_lasts()
    here, there = nodes
    assert guess(nodes) >= 220
    both_refuse(nodes)
    said = ("identificado", "aviso", "mensagem")
    with listening(there, log_in(there, "atendente", "4067")) as listener:
        known, unknown = (here.call("novaSolicitacao", cpf=cpf, ramal="4067") for cpf in (KNOWN, "00000000999"))
        assert values_of(known, *said) == values_of(unknown, *said)
        assert element(known, "identificado") == "false"
        wait_until(lambda: len(listener.tokens) == 2)
        # A known caller's second call is a transfer, which takes twice as long: the time tells nothing either.
        time.sleep(2.1)
        for cpf in (KNOWN, "00000000999"):
            taken = [seconds_of(here, cpf, extension) for extension in "123456"]
            assert 0.25 <= min(taken) < 0.35, taken  # the quickest: the others may have waited for this machine
    kept = execute(here.database_url, f"SELECT max(requester_id) FROM call WHERE document = '{KNOWN}'")
    assert kept[0][0] is not None  # the agent sees who it is


def test_a_platform_with_a_large_usual_number_is_not_limited(nodes: Nodes) -> None:
    the_hour_lasts()
    here, _ = nodes
    usual = (
        "SELECT id, date_trunc('hour', now()) - day * interval '1 day', 400 FROM integration, generate_series(1, 6) day"
    )
    execute(here.database_url, f"INSERT INTO unknown_hour {usual} WHERE name = 'demonstracao'")
    fast = {"SOAP_SERVICE_UNKNOWN_DOCUMENTS_PER_MINUTE": "36000"}  # else the rate of the process is met first
    again = start_service(here.data.parent / "c", database_url=here.database_url, **fast)
    assert guess((again, again), most=600) == 600
    assert 800 <= 600 + guess((again, again), first=100_000) <= 850
    again.stop()


def test_an_empty_desk_is_warned_and_not_limited(nodes: Nodes) -> None:
    the_hour_lasts()
    here, _ = nodes
    execute(here.database_url, "TRUNCATE requester CASCADE")
    assert here.call(COUNT, cpf=KNOWN)
    assert guess(nodes, most=300) == 300
    warned = "SELECT record FROM audit WHERE kind = 'many-unknown'"
    wait_until(lambda: execute(here.database_url, warned), 5)
