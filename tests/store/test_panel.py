"""Hours of calls are counted once, percentiles come from counts, and the panel asks no table whole."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from soap_service.model import Call, CallHour
from soap_service.storage.panel import _DELAYS_EMBEDDED, _DELAYS_SERVER, _LOADS, DELAY_BOUNDS, percentile
from soap_service.store import GroupLoad
from tests.store.conftest import World


def add_call(world: World, token: str, created_at: datetime, delay_ms: int | None, notice: str = "ENTREGUE") -> None:
    with world.store.writing() as session:
        session.add(
            Call(
                token=token,
                integration_id=world.integration.id,
                operation="novaSolicitacao",
                document="",
                notice=notice,
                created_at=created_at,
                seen_at=None if delay_ms is None else created_at + timedelta(milliseconds=delay_ms),
            )
        )


def hour(hours_ago: int) -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_ago)


def test_an_hour_counts_its_calls_seen_and_missed(world: World) -> None:
    begins_at = hour(5)
    add_call(world, "a", begins_at, 12)
    add_call(world, "b", begins_at + timedelta(minutes=59, seconds=59), 800)
    add_call(world, "c", begins_at + timedelta(minutes=1), None)
    add_call(world, "d", begins_at + timedelta(hours=1), 5)
    while world.store.count_hours_of_calls():
        pass
    first, second = world.store.list_hours_of_calls(begins_at)
    assert (first.begins_at, first.announced, first.seen, first.missed) == (begins_at, 3, 2, 1)
    assert second.announced == 1
    assert [(DELAY_BOUNDS[n], count) for n, count in enumerate(first.delays) if count] == [(15, 1), (1000, 1)]


def test_only_calls_that_a_screen_was_connected_for_say_how_long_they_took(world: World) -> None:
    begins_at = hour(5)
    add_call(world, "a", begins_at, 12)
    add_call(world, "b", begins_at, 45_000, "AGUARDANDO")
    add_call(world, "c", begins_at, 12, "RAMAL_NAO_REGISTRADO")
    while world.store.count_hours_of_calls():
        pass
    [found] = world.store.list_hours_of_calls(begins_at)
    assert (found.announced, found.seen, found.missed) == (3, 3, 0)
    assert percentile(found.delays, 0.95) == pytest.approx(14.75)


def test_the_present_hour_is_counted_from_its_calls(world: World) -> None:
    now = datetime.now(UTC)
    add_call(world, "a", now, 10)
    add_call(world, "b", now, None)
    found = world.store.list_hours_of_calls(now - timedelta(hours=1))
    assert [(one.announced, one.seen, one.missed) for one in found] == [(2, 1, 0)]


def test_an_hour_is_counted_once(world: World) -> None:
    add_call(world, "a", hour(3), 10)
    while world.store.count_hours_of_calls():
        pass
    with world.store.writing() as session:
        session.execute(text("DELETE FROM call"))
    assert world.store.count_hours_of_calls() == 0
    assert [one.announced for one in world.store.list_hours_of_calls(hour(4))] == [1]


def test_two_processes_that_count_the_same_hours_count_them_once(world: World) -> None:
    add_call(world, "a", hour(3), 10)
    world.store.count_hours_of_calls()
    with world.store.reading() as session:
        before = session.query(CallHour).count()
    with world.store.writing() as session:
        session.execute(text("DELETE FROM call_hour WHERE announced = 0"))
    world.store.count_hours_of_calls()
    with world.store.reading() as session:
        assert session.query(CallHour).filter_by(announced=1).count() == 1
        assert session.query(CallHour).count() >= before


@pytest.mark.parametrize(
    ("delays", "share", "expected"),
    [({}, 0.5, None), ({0: 1}, 0.5, 2.5), ({0: 90, 14: 10}, 0.95, 875.0), ({20: 1}, 0.95, 60_000.0)],
)
def test_a_percentile_is_read_from_counts(delays: dict[int, int], share: float, expected: float | None) -> None:
    counts = [delays.get(n, 0) for n in range(len(DELAY_BOUNDS) + 1)]
    assert percentile(counts, share) == expected


def test_the_load_of_a_group_tells_late_requests(world: World) -> None:
    assert world.store.list_group_loads() == [GroupLoad("SDNIVEL1", 1, 0)]
    with world.store.writing() as session:
        session.execute(text("UPDATE request SET due_at = '2016-07-01 12:10:00.000000'"))
    assert world.store.list_group_loads() == [GroupLoad("SDNIVEL1", 1, 1)]


def test_the_panel_asks_by_index(world: World) -> None:
    """The plan of each question names an index; on the server, with sequential scans made dear."""
    delays = _DELAYS_EMBEDDED if world.store.is_embedded else _DELAYS_SERVER
    questions = {"ix_call_created_at": delays, "ix_request_load": _LOADS}
    values = dict.fromkeys(("begins_at", "ends_at", "missed_at", "now"), "2026-01-01 00:00:00.000000")
    with world.store.writing() as session:
        if not world.store.is_embedded:
            for way in ("enable_seqscan", "enable_sort"):
                session.execute(text(f"SET LOCAL {way} = off"))
        for index, question in questions.items():
            compiled = question.compile(dialect=session.get_bind().dialect)
            cursor = session.connection().connection.cursor()
            explain = "EXPLAIN QUERY PLAN " if world.store.is_embedded else "EXPLAIN "
            given = {name: values.get(name, bind.value) for name, bind in compiled.binds.items()}
            order = compiled.positiontup
            cursor.execute(explain + compiled.string, given if order is None else [given[name] for name in order])
            plan = str(cursor.fetchall())
            # The server may take another index of an empty table, but reads no table whole.
            assert (index in plan) if world.store.is_embedded else ("Seq Scan" not in plan), plan
