"""A deadline whose clock stands and runs again. Check cases worked out by hand, Monday to Friday from 8 to 18."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from soap_service.rules.deadlines import (
    Clock,
    Shift,
    WorkingCalendar,
    clock_of,
    deadline_from,
    recounted_deadline,
    resumed_deadline,
    time_left,
)
from soap_service.rules.situations import Situation
from tests.rules.test_deadlines import SAO_PAULO, calendars, durations, instants, local

HOUR = timedelta(hours=1)


def stop(due: str, stopped: str, resumed: str) -> datetime:
    """Return the deadline of a request due then whose clock stood between two moments."""
    left = time_left(SAO_PAULO, local(due), local(stopped))
    return resumed_deadline(SAO_PAULO, local(due), left, local(resumed))


# November 2026: the 23rd is a Monday, the 27th a Friday, the 28th and 29th a weekend.
@pytest.mark.parametrize(
    ("due", "stopped", "resumed", "expected"),
    [
        ("2026-11-24T12:00", "2026-11-24T10:00", "2026-11-25T09:00", "2026-11-25T11:00"),  # 2 h were left
        ("2026-11-24T12:00", "2026-11-23T17:00", "2026-11-27T17:00", "2026-11-30T12:00"),  # 1 h + 4 h: 1 h, then Monday
        ("2026-11-24T12:00", "2026-11-24T15:00", "2026-11-26T10:00", "2026-11-25T17:00"),  # 3 h late: 2 h and 1 h back
        ("2026-11-24T12:00", "2026-11-25T10:00", "2026-11-30T09:00", "2026-11-27T11:00"),  # 8 h late: 1 h and 7 h back
        ("2026-11-27T18:00", "2026-11-30T08:00", "2026-12-01T10:00", "2026-12-01T10:00"),  # late by no working time
        ("2026-11-24T12:00", "2026-11-27T18:00", "2026-11-30T08:00", "2026-11-24T12:00"),  # stood over a weekend
    ],
)
def test_the_clock_goes_on_with_what_was_left(due: str, stopped: str, resumed: str, expected: str) -> None:
    assert stop(due, stopped, resumed) == local(expected)


def test_what_nobody_kept_leaves_the_deadline() -> None:
    due = local("2026-11-24T12:00")
    assert resumed_deadline(SAO_PAULO, due, None, local("2026-12-25T10:00")) == due


@pytest.mark.parametrize(
    ("hours", "stops", "expected"),
    [
        (8, [], "2016-07-01T12:10"),  # the manual's: 3 h 50 min on Thursday, 4 h 10 min on Friday
        (4, [], "2016-07-01T08:10"),
        (8, [("2016-06-30T15:10", "2016-07-01T09:10")], "2016-07-01T16:10"),  # 1 h ran, 7 h from 9:10
        (8, [("2016-06-30T15:10", "2016-07-01T09:10"), ("2016-07-01T10:10", "2016-07-04T08:00")], "2016-07-04T14:00"),
        (1, [("2016-06-30T17:10", "2016-07-01T10:00")], "2016-06-30T18:00"),  # 2 h late by the stop: 2 h before 10:00
        (8, [("2016-06-30T18:00", "2016-07-01T08:00")], "2016-07-01T12:10"),  # a night is no stop
    ],
)
def test_a_recount_leaves_stopped_time_out(hours: int, stops: list[tuple[str, str]], expected: str) -> None:
    stood = [(local(begin), local(end)) for begin, end in stops]
    due = recounted_deadline(SAO_PAULO, local("2016-06-30T14:10"), timedelta(hours=hours), stood)
    assert due == local(expected)


def test_a_half_day_counts_half() -> None:
    ash_wednesday = local("2026-02-18T00:00").date()
    calendar = replace(SAO_PAULO, short_day=lambda day: (Shift(13 * 60, 18 * 60),) if day == ash_wednesday else None)
    # Tuesday 16:00 + 8 h: 2 h on Tuesday, 5 h on Wednesday afternoon, 1 h on Thursday.
    assert calendar.add(local("2026-02-17T16:00"), 8 * HOUR) == local("2026-02-19T09:00")
    assert calendar.subtract(local("2026-02-19T09:00"), 8 * HOUR) == local("2026-02-17T16:00")


def test_a_suspended_request_tells_how_late_it_was_and_is_not_late() -> None:
    due, now = local("2026-11-24T12:00"), local("2026-11-26T12:00")
    clock = clock_of(SAO_PAULO, Situation.SUSPENDED, due, None, -3 * HOUR, now)
    assert clock == Clock(3 * HOUR, is_stopped=True, was_late=True)
    assert clock is not None and not clock.is_late


@given(calendars, instants, st.timedeltas(timedelta(days=-90), timedelta(days=90)))
def test_stopping_and_resuming_at_once_changes_nothing(
    calendar: WorkingCalendar, due: datetime, ahead: timedelta
) -> None:
    now = due - ahead
    assert resumed_deadline(calendar, due, time_left(calendar, due, now), now) == due


# Whole seconds, as the store keeps what was left.
@given(calendars, instants, st.integers(-2_592_000, 2_592_000), st.integers(0, 1_440_000))
def test_exactly_as_late_or_early_after_a_stop(
    calendar: WorkingCalendar, due: datetime, ahead: int, stood: int
) -> None:
    stopped = due - timedelta(seconds=ahead)
    resumed = stopped + timedelta(seconds=stood)
    left = time_left(calendar, due, stopped)
    assert left is not None
    assert time_left(calendar, resumed_deadline(calendar, due, left, resumed), resumed) == left


@given(calendars, instants, durations, durations)
def test_a_deadline_that_was_counted_comes_back_as_it_was(
    calendar: WorkingCalendar, start: datetime, sla: timedelta, passed: timedelta
) -> None:
    due = calendar.add(start, sla)
    left = time_left(calendar, due, start + passed)
    assert left is not None
    assume(left and sla)
    assert deadline_from(calendar, start + passed, left) == due


@given(calendars, instants, durations, durations, durations)
def test_a_later_stop_or_a_longer_sla_is_never_due_earlier(
    calendar: WorkingCalendar, start: datetime, sla: timedelta, more: timedelta, stood: timedelta
) -> None:
    stops = [(start + more / 2, start + more / 2 + stood)]
    assert recounted_deadline(calendar, start, sla, stops) <= recounted_deadline(calendar, start, sla + more, stops)
    assert recounted_deadline(calendar, start, sla, []) <= recounted_deadline(calendar, start, sla, stops)


@example(SAO_PAULO, local("2026-11-24T12:00"), timedelta(0), [(timedelta(0), timedelta(microseconds=1))])
@given(calendars, instants, durations, st.lists(st.tuples(durations, durations), max_size=3))
def test_a_recount_says_what_stops_and_resumes_had_made(
    calendar: WorkingCalendar, start: datetime, sla: timedelta, times: list[tuple[timedelta, timedelta]]
) -> None:
    due, now, stops = calendar.add(start, sla), start, []
    for ran, stood in times:
        stopped = now + ran
        now = stopped + stood
        due = resumed_deadline(calendar, due, time_left(calendar, due, stopped), now)
        stops.append((stopped, now))
    recounted = time_left(calendar, recounted_deadline(calendar, start, sla, stops), now)
    kept = time_left(calendar, due, now)
    assert recounted is not None
    assert kept is not None
    assert abs(recounted - kept) <= len(times) * timedelta(seconds=1)  # a stop below a second moves no deadline
