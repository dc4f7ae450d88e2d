"""How a request stands with its deadline, in working time. Source: docs/rules.md, Deadlines."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soap_service.rules.deadlines import Clock, WorkingCalendar, clock_of, is_late
from soap_service.rules.situations import FINISHED_SITUATIONS, OPEN_SITUATIONS, Situation

from .test_deadlines import SAO_PAULO, calendars, instants, local

HOUR = timedelta(hours=1)
open_situations = st.sampled_from(OPEN_SITUATIONS)
#: Well within what is counted, a year.
passed_times = st.timedeltas(timedelta(0), timedelta(days=60))
slas = st.timedeltas(timedelta(minutes=1), 20 * HOUR)


def signed(clock: Clock | None) -> timedelta:
    """Return what is left, below zero what it is late by."""
    assert clock is not None and clock.time is not None
    return -clock.time if clock.is_late else clock.time


@pytest.mark.parametrize(
    ("situation", "closed", "now", "clock"),
    [
        (Situation.IN_PROGRESS, None, "2016-06-30T17:00", Clock(5 * HOUR + timedelta(minutes=10))),
        (Situation.IN_PROGRESS, None, "2016-07-01T12:10", Clock(timedelta(0))),
        (Situation.REOPENED, None, "2016-07-01T14:20", Clock(2 * HOUR + timedelta(minutes=10), is_late=True)),
        (Situation.IN_PROGRESS, None, "2016-07-04T09:00", Clock(6 * HOUR + timedelta(minutes=50), is_late=True)),
        (Situation.IN_PROGRESS, None, "2026-11-25T09:00", Clock(None, is_late=True)),
        (Situation.RESOLVED, "2016-07-01T10:10", "2026-11-25T09:00", Clock(2 * HOUR)),
        (Situation.CLOSED, "2016-07-01T13:10", "2026-11-25T09:00", Clock(HOUR, is_late=True)),
        (Situation.SUSPENDED, None, "2026-11-25T09:00", Clock(3 * HOUR, is_stopped=True)),
        (Situation.CANCELLED, "2016-07-01T13:10", "2016-07-01T13:10", None),
    ],
)
def test_the_check_case_of_the_manual(situation: Situation, closed: str | None, now: str, clock: Clock | None) -> None:
    due = local("2016-07-01T12:10")
    assert clock_of(SAO_PAULO, situation, due, local(closed) if closed else None, 3 * HOUR, local(now)) == clock


def test_at_night_it_is_late_without_a_minute_of_work() -> None:
    due, now = local("2016-07-01T18:00"), local("2016-07-01T22:00")
    assert clock_of(SAO_PAULO, Situation.IN_PROGRESS, due, None, None, now) == Clock(timedelta(0), is_late=True)


def test_what_was_overdue_when_it_was_suspended_has_nothing_left() -> None:
    due = local("2016-07-01T12:10")
    stopped = Clock(timedelta(0), is_stopped=True)
    assert clock_of(SAO_PAULO, Situation.SUSPENDED, due, None, timedelta(0), local("2016-07-02T10:00")) == stopped


@given(calendars, st.sampled_from(Situation), instants, instants)
def test_without_a_deadline_there_is_no_clock(
    calendar: WorkingCalendar, situation: Situation, closed: datetime, now: datetime
) -> None:
    assert clock_of(calendar, situation, None, closed, None, now) is None


@given(calendars, instants, slas)
def test_when_it_is_opened_the_whole_sla_is_left(calendar: WorkingCalendar, opened: datetime, sla: timedelta) -> None:
    due = calendar.add(opened, sla)
    if due - opened <= timedelta(days=366):
        assert clock_of(calendar, Situation.IN_PROGRESS, due, None, None, opened) == Clock(sla)


@given(calendars, open_situations, instants, slas, passed_times, passed_times)
def test_as_time_passes_exactly_the_work_in_it_is_lost(
    calendar: WorkingCalendar,
    situation: Situation,
    opened: datetime,
    sla: timedelta,
    passed: timedelta,
    more: timedelta,
) -> None:
    due = calendar.add(opened, sla)
    sooner = opened + passed
    later = sooner + more
    if due - opened > timedelta(days=300):
        return
    before = clock_of(calendar, situation, due, None, None, sooner)
    after = clock_of(calendar, situation, due, None, None, later)
    assert signed(before) - signed(after) == calendar.between(sooner, later)


@given(calendars, st.sampled_from(FINISHED_SITUATIONS), instants, instants, instants, instants)
def test_of_a_finished_request_nothing_runs_any_more(
    calendar: WorkingCalendar, situation: Situation, due: datetime, closed: datetime, now: datetime, later: datetime
) -> None:
    assert clock_of(calendar, situation, due, closed, None, now) == clock_of(
        calendar, situation, due, closed, None, later
    )


@given(calendars, instants, slas, passed_times, passed_times)
def test_what_is_left_at_suspension_is_left_at_reactivation(
    calendar: WorkingCalendar, opened: datetime, sla: timedelta, passed: timedelta, pause: timedelta
) -> None:
    due = calendar.add(opened, sla)
    remaining = calendar.between(opened + passed, due)
    now = opened + passed + pause
    stopped = clock_of(calendar, Situation.SUSPENDED, due, None, remaining, now)
    assert stopped == Clock(remaining, is_stopped=True)
    if remaining:
        running = clock_of(calendar, Situation.IN_PROGRESS, calendar.add(now, remaining), None, None, now)
        assert running is not None and running.time in (remaining, None)


@given(calendars, st.sampled_from(Situation), instants, instants | st.none(), instants)
def test_the_clock_and_the_answer_to_the_telephony_agree(
    calendar: WorkingCalendar, situation: Situation, due: datetime, closed: datetime | None, now: datetime
) -> None:
    clock = clock_of(calendar, situation, due, closed, None, now)
    assert (clock is not None and clock.is_late) == is_late(situation, due, closed, now)


@pytest.mark.parametrize("due", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_a_date_that_is_centuries_away_costs_nothing(due: datetime) -> None:
    started = time.monotonic()
    clock = clock_of(SAO_PAULO, Situation.IN_PROGRESS, due, None, None, datetime.now(UTC))
    assert clock is not None and clock.time is None
    assert time.monotonic() - started < 1
