"""Hours of calls are counted once, percentiles come from counts, and the panel asks no table whole."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from soap_service.model import Call, CallHour
from soap_service.rules.situations import Action
from soap_service.storage.panel import _DELAYS, _LOADS, DELAY_BOUNDS, percentile
from soap_service.storage.work_done import _WORK
from soap_service.store import Announcement, DayOfWork, GroupLoad
from tests.databases import is_sqlite
from tests.store.conftest import World


def add_call(world: World, token: str, created_at: datetime, delay_ms: int | None, notice: str = "ENTREGUE") -> None:
    with world.store._database.writing() as session:
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
    while world.store.panel.count_hours():
        pass
    first, second = world.store.panel.list_hours(begins_at)
    assert (first.begins_at, first.announced, first.seen, first.missed) == (begins_at, 3, 2, 1)
    assert second.announced == 1
    assert [(DELAY_BOUNDS[n], count) for n, count in enumerate(first.delays) if count] == [(15, 1), (1000, 1)]


def test_only_calls_that_a_screen_was_connected_for_say_how_long_they_took(world: World) -> None:
    begins_at = hour(5)
    add_call(world, "a", begins_at, 12)
    add_call(world, "b", begins_at, 45_000, "AGUARDANDO")
    add_call(world, "c", begins_at, 12, "RAMAL_NAO_REGISTRADO")
    while world.store.panel.count_hours():
        pass
    [found] = world.store.panel.list_hours(begins_at)
    assert (found.announced, found.seen, found.missed) == (3, 3, 0)
    assert percentile(found.delays, 0.95) == pytest.approx(14.75)


def test_the_present_hour_is_counted_from_its_calls(world: World) -> None:
    now = datetime.now(UTC)
    add_call(world, "a", now, 10)
    add_call(world, "b", now, None)
    found = world.store.panel.list_hours(now - timedelta(hours=1))
    assert [(one.announced, one.seen, one.missed) for one in found] == [(2, 1, 0)]


def test_an_hour_is_counted_once(world: World) -> None:
    add_call(world, "a", hour(3), 10)
    while world.store.panel.count_hours():
        pass
    with world.store._database.writing() as session:
        session.execute(text("DELETE FROM call"))
    assert world.store.panel.count_hours() == 0
    assert [one.announced for one in world.store.panel.list_hours(hour(4))] == [1]


def test_two_processes_that_count_the_same_hours_count_them_once(world: World) -> None:
    add_call(world, "a", hour(3), 10)
    world.store.panel.count_hours()
    with world.store._database.reading() as session:
        before = session.query(CallHour).count()
    with world.store._database.writing() as session:
        session.execute(text("DELETE FROM call_hour WHERE announced = 0"))
    world.store.panel.count_hours()
    with world.store._database.reading() as session:
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
    assert world.store.panel.list_group_loads() == [GroupLoad("SDNIVEL1", 1, 0)]
    with world.store._database.writing() as session:
        session.execute(text("UPDATE request SET due_at = '2016-07-01 12:10:00.000000'"))
    assert world.store.panel.list_group_loads() == [GroupLoad("SDNIVEL1", 1, 1)]


def test_the_panel_asks_by_index(world: World) -> None:
    """The plan of each question names an index; on the server, with sequential scans made dear."""
    questions = {"ix_call_created_at": _DELAYS, "ix_request_load": _LOADS, "ix_request_event_work": _WORK}
    values = dict.fromkeys(("begins_at", "ends_at", "missed_at", "now"), "2026-01-01 00:00:00.000000")
    with world.store._database.writing() as session:
        if not is_sqlite(world.store):
            for way in ("enable_seqscan", "enable_sort"):
                session.execute(text(f"SET LOCAL {way} = off"))
        for index, question in questions.items():
            compiled = question.compile(dialect=session.get_bind().dialect)
            cursor = session.connection().connection.cursor()
            explain = "EXPLAIN QUERY PLAN " if is_sqlite(world.store) else "EXPLAIN "
            given = {name: values.get(name, bind.value) for name, bind in compiled.binds.items()}
            order = compiled.positiontup
            cursor.execute(explain + compiled.string, given if order is None else [given[name] for name in order])
            plan = str(cursor.fetchall())
            # The server may take another index of an empty table, but reads no table whole.
            assert (index in plan) if is_sqlite(world.store) else ("Seq Scan" not in plan), plan


def test_requests_are_counted_by_day_and_agent_without_child_requests(world: World) -> None:
    now = world.store.now()
    bounds = [now - timedelta(hours=1), now + timedelta(hours=1), now + timedelta(hours=2)]
    world.store.parameters.change(282, "S", "ana")
    world.store.parameters.change(283, str(world.service.id), "ana")
    announced = Announcement(world.integration.id, "visualizarSolicitacao", "11144477735", world.request.id, None)
    answer = world.store.calls.answer(world.store.calls.announce(announced).token, world.ana.id)
    assert answer.child_number
    for key in ("one", "two"):
        world.store.execution.execute(world.open_request(key).id, world.ana.id, Action.RESOLVE, "Feito.")
    assert world.store.work_done.list_days(bounds) == [
        DayOfWork(bounds[0], {"Ana": 3}, {"Ana": 2}),
        DayOfWork(bounds[1], {}, {}),
    ]


def test_a_day_that_is_over_is_counted_once_an_hour(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = world.store.now() + timedelta(seconds=1)
    bounds = [ended - timedelta(days=1), ended]
    assert world.store.work_done.list_days(bounds)[0].opened == {"Ana": 1}
    world.open_request("second")
    assert world.store.work_done.list_days(bounds)[0].opened == {"Ana": 2}
    monkeypatch.setattr(world.store._database, "now", lambda: ended + timedelta(minutes=11))
    assert world.store.work_done.list_days(bounds)[0].opened == {"Ana": 2}
    with world.store._database.writing() as session:
        session.execute(text("DELETE FROM request_event"))
    assert world.store.work_done.list_days(bounds)[0].opened == {"Ana": 2}
    monkeypatch.setattr("soap_service.storage.work_done._BELIEVED_SECONDS", 0.0)
    assert world.store.work_done.list_days(bounds)[0].opened == {}
