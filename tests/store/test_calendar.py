"""The working calendar as it is kept: changed, seen by others, never without work, never overwritten in silence."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from soap_service.errors import ChangedMeanwhile, InvalidValue
from soap_service.rules.calendars import OwnDay
from soap_service.rules.deadlines import OFFICE_WEEK, Shift
from soap_service.storage.calendar import BELIEVED_SECONDS
from soap_service.store import Store
from soap_service.tables.administration import AdminChange, SavedCalendar
from tests.store.conftest import World

ROUND_THE_CLOCK = ((Shift(0, 1440),),) * 7


def change(store: Store, **changes: object) -> None:
    edit = store.calendars.find()
    store.calendars.change(replace(edit, **changes), edit.stamp, "rui")  # type: ignore[arg-type]


def calendar_changes(store: Store) -> list[AdminChange]:
    return [change for change in store.history.list_changes() if change.subject in ("calendar", "holiday")]


def test_a_new_request_is_due_by_the_saved_calendar_an_old_one_as_before(world: World) -> None:
    before = world.store.requests.find(world.request.id).deadline
    change(world.store, week=ROUND_THE_CLOCK)
    request = world.open_request("second")
    assert request.deadline == request.opened_at + timedelta(hours=8)
    assert world.store.requests.find(world.request.id).deadline == before


def test_another_node_counts_by_it_within_seconds(world: World) -> None:
    node = Store(world.store._database.url.render_as_string(hide_password=False))
    assert node.calendars.current.week == OFFICE_WEEK
    change(world.store, week=ROUND_THE_CLOCK)
    time.sleep(BELIEVED_SECONDS + 0.1)
    assert node.calendars.current.week == ROUND_THE_CLOCK
    node.close()


def test_an_own_holiday_counts_until_it_is_removed(world: World) -> None:
    holiday = OwnDay(date(2026, 10, 26), "Aniversário", is_yearly=True)
    world.store.calendars.add_day(holiday, "rui")
    world.store.calendars.add_day(holiday, "rui")
    friday = datetime(2026, 10, 23, 20, tzinfo=UTC)  # 17:00 in São Paulo
    assert world.store.calendars.current.add(friday, timedelta(hours=2)) == friday + timedelta(days=4, hours=-8)
    world.store.calendars.remove_day(holiday, "rui")
    world.store.calendars.remove_day(holiday, "rui")
    assert world.store.calendars.current.add(friday, timedelta(hours=2)) == friday + timedelta(days=3, hours=-8)
    changes = [(c.action, c.actor, c.name) for c in calendar_changes(world.store)]
    assert changes == [("removed", "rui", "26/10/2026 Aniversário"), ("added", "rui", "26/10/2026 Aniversário")]


def test_a_calendar_without_work_is_refused_and_the_last_good_one_stays(world: World) -> None:
    with pytest.raises(InvalidValue):
        change(world.store, week=((),) * 7)
    assert world.store.calendars.find().week == OFFICE_WEEK
    assert calendar_changes(world.store) == []


def test_what_somebody_else_changed_is_not_overwritten(world: World) -> None:
    edit = world.store.calendars.find()
    change(world.store, week=ROUND_THE_CLOCK)
    with pytest.raises(ChangedMeanwhile):
        world.store.calendars.change(edit, edit.stamp, "ana")
    assert world.store.calendars.find().week == ROUND_THE_CLOCK


def test_what_says_the_same_as_somebody_else_is_no_conflict(world: World) -> None:
    edit = world.store.calendars.find()
    same = replace(edit, week=ROUND_THE_CLOCK)
    for _ in range(2):
        world.store.calendars.change(same, edit.stamp)
    assert len(calendar_changes(world.store)) == 1


def test_a_change_of_the_shifts_leaves_a_line_with_before_and_after(world: World) -> None:
    change(world.store, week=((Shift(480, 720),), *OFFICE_WEEK[1:]))
    (line,) = calendar_changes(world.store)
    assert (line.actor, line.subject, line.action) == ("rui", "calendar", "changed")
    assert line.details == '{"weekday-0": ["08:00-18:00", "08:00-12:00"]}'


def test_a_calendar_that_somebody_spoilt_by_hand_gives_way_to_the_settings(world: World) -> None:
    change(world.store, week=ROUND_THE_CLOCK)
    with world.store._database.writing() as session:
        session.get_one(SavedCalendar, 1).week = "sempre"
    node = Store(world.store._database.url.render_as_string(hide_password=False))
    assert node.calendars.current.week == OFFICE_WEEK
    node.close()
    change(world.store, week=ROUND_THE_CLOCK)
    assert world.store.calendars.current.week == ROUND_THE_CLOCK
