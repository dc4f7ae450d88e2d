"""Deadlines on the working calendar. Source: docs/rules.md, Deadlines."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soap_service.rules.calendars import has_enough_work
from soap_service.rules.deadlines import OFFICE_WEEK, Shift, WorkingCalendar, is_late
from soap_service.rules.situations import Situation

SAO_PAULO = WorkingCalendar(ZoneInfo("America/Sao_Paulo"))
BROKEN_DAY = (Shift(8 * 60, 12 * 60), Shift(13 * 60, 18 * 60))
WITH_SUMMER_TIME = WorkingCalendar(
    ZoneInfo("Europe/Lisbon"), (*(BROKEN_DAY,) * 5, (), ()), holidays=frozenset({date(2026, 12, 25)})
)
instants = st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
durations = st.timedeltas(timedelta(0), timedelta(hours=400))
days = st.lists(st.integers(0, 24 * 12), max_size=6, unique=True).map(
    lambda marks: tuple(Shift(a * 5, b * 5) for a, b in zip(*[iter(sorted(marks))] * 2, strict=False))
)
weeks = st.tuples(*[days] * 7).filter(has_enough_work)
# Zones whose clock skips and repeats an hour: at 1, at midnight (until 2019 and today), by half an hour.
zones = st.sampled_from(["Europe/Lisbon", "America/Sao_Paulo", "America/Asuncion", "Australia/Lord_Howe"]).map(ZoneInfo)
calendars = st.sampled_from([SAO_PAULO, WITH_SUMMER_TIME]) | st.builds(
    WorkingCalendar, zones, weeks, st.frozensets(st.dates(date(2015, 1, 1), date(2030, 1, 1)), max_size=5)
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SAO_PAULO.zone)


def test_the_check_case_of_the_manual() -> None:
    assert SAO_PAULO.add(local("2016-06-30T14:10"), timedelta(hours=8)) == local("2016-07-01T12:10")


@pytest.mark.parametrize(
    ("opened", "hours", "due"),
    [
        ("2026-11-20T17:00", 2, "2026-11-23T09:00"),  # over a weekend
        ("2026-11-21T10:00", 1, "2026-11-23T09:00"),  # opened on a Saturday
        ("2026-11-23T06:00", 10, "2026-11-23T18:00"),  # opened before work, due when it ends
        ("2026-11-23T19:00", 1, "2026-11-24T09:00"),  # opened after work
    ],
)
def test_only_working_time_counts(opened: str, hours: int, due: str) -> None:
    assert SAO_PAULO.add(local(opened), timedelta(hours=hours)) == local(due)


def test_a_holiday_does_not_count() -> None:
    before_christmas = datetime(2026, 12, 24, 17, tzinfo=WITH_SUMMER_TIME.zone)
    assert WITH_SUMMER_TIME.add(before_christmas, timedelta(hours=2)) == datetime(
        2026, 12, 28, 9, tzinfo=WITH_SUMMER_TIME.zone
    )


def test_a_calendar_without_working_days_is_told() -> None:
    with pytest.raises(ValueError, match="no working day"):
        WorkingCalendar(ZoneInfo("UTC"), ((),) * 7).add(datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1))


def test_each_weekday_has_its_own_shifts() -> None:
    week = (*OFFICE_WEEK[:5], (Shift(9 * 60, 13 * 60),), ())
    calendar = WorkingCalendar(SAO_PAULO.zone, week)
    assert calendar.add(local("2026-11-20T17:00"), timedelta(hours=2)) == local("2026-11-21T10:00")  # a Saturday
    assert calendar.add(local("2026-11-21T12:00"), timedelta(hours=2)) == local("2026-11-23T09:00")


def test_around_the_clock_only_time_counts() -> None:
    calendar = WorkingCalendar(SAO_PAULO.zone, ((Shift(0, 1440),),) * 7)
    assert calendar.add(local("2026-11-21T23:30"), timedelta(hours=2)) == local("2026-11-22T01:30")


def test_a_skipped_hour_is_not_worked_and_a_repeated_one_is() -> None:
    nights = WorkingCalendar(ZoneInfo("Europe/Lisbon"), ((Shift(0, 6 * 60),),) * 7)
    spring, autumn = (datetime(2026, month, day, tzinfo=nights.zone) for month, day in ((3, 29), (10, 25)))
    assert nights.between(spring, spring + timedelta(hours=12)) == timedelta(hours=5)
    assert nights.between(autumn, autumn + timedelta(hours=12)) == timedelta(hours=7)


@given(calendars, instants, durations)
def test_a_deadline_is_never_before_the_opening(calendar: WorkingCalendar, start: datetime, sla: timedelta) -> None:
    assert calendar.add(start, sla) >= start


@given(calendars, instants, durations, durations)
def test_a_longer_sla_is_never_due_earlier(
    calendar: WorkingCalendar, start: datetime, sla: timedelta, more: timedelta
) -> None:
    assert calendar.add(start, sla) <= calendar.add(start, sla + more)


@given(calendars, instants, durations)
def test_the_working_time_up_to_a_deadline_is_the_sla(
    calendar: WorkingCalendar, start: datetime, sla: timedelta
) -> None:
    assert calendar.between(start, calendar.add(start, sla)) == sla


@given(calendars, instants, durations, durations)
def test_suspending_and_reactivating_at_once_changes_nothing(
    calendar: WorkingCalendar, start: datetime, sla: timedelta, passed: timedelta
) -> None:
    due = calendar.add(start, sla)
    now = start + passed
    remaining = calendar.between(now, due)
    if remaining:
        assert calendar.add(now, remaining) == due


@pytest.mark.parametrize(
    ("situation", "closed", "is_it"),
    [
        (Situation.IN_PROGRESS, None, True),
        (Situation.REOPENED, None, True),
        (Situation.SUSPENDED, None, False),
        (Situation.CANCELLED, "2026-11-23T12:00", False),
        (Situation.CLOSED, "2026-11-23T10:00", False),
        (Situation.CLOSED, "2026-11-23T10:01", True),
    ],
)
def test_late_is_strictly_after_the_deadline(situation: Situation, closed: str | None, is_it: bool) -> None:
    due, now = local("2026-11-23T10:00"), local("2026-11-23T12:00")
    assert is_late(situation, due, local(closed) if closed else None, now) is is_it


def test_at_the_very_deadline_it_is_not_late_and_without_one_never() -> None:
    now = local("2026-11-23T10:00")
    assert not is_late(Situation.IN_PROGRESS, now, None, now)
    assert not is_late(Situation.IN_PROGRESS, None, None, now)
