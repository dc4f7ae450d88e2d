"""Deadlines on a working calendar. Pure rules: instants come and go as aware datetimes in UTC.

Source: docs/rules.md, Deadlines; its check case stands in `tests/rules/test_deadlines.py`.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from soap_service.rules.situations import FINISHED_SITUATIONS, Situation

_ONE_DAY = timedelta(days=1)
#: A calendar without one working day in this many is a mistake, not a long holiday.
_LONGEST_BREAK_DAYS = 366
#: Nobody counts the hours of more than a year, and a date that a hand has damaged may be centuries away.
_LONGEST_COUNT = timedelta(days=366)
#: Working time is kept for as much as this; counting it takes 3 ms a year.
_LONGEST_KEPT = timedelta(days=30 * 366)


class Shift(NamedTuple):
    """A stretch of work within one day: from and to, in minutes since midnight; 1440 is its end, 24:00."""

    opens: int
    closes: int


Week = Sequence[Sequence[Shift]]
OFFICE_DAY = (Shift(8 * 60, 18 * 60),)
#: Monday to Friday from 8 to 18.
OFFICE_WEEK: Week = (*(OFFICE_DAY,) * 5, (), ())


@dataclass(frozen=True)
class WorkingCalendar:
    """When the service desk works: the shifts of each weekday from Monday on, in one time zone, not on holidays.

    The shifts of a day stand in order and do not overlap. `short_day` returns the shifts of a day that has its own.
    """

    zone: ZoneInfo
    week: Week = OFFICE_WEEK
    holidays: Container[date] = ()
    short_day: Callable[[date], Sequence[Shift] | None] = lambda _day: None

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """Return the instant at which `duration` of working time has passed since `start`.

        Never before `start`; later for a longer duration. An end that falls on the end of a shift stays there.
        Raises ValueError when the calendar has no working day within a year.
        """
        if duration <= timedelta(0):
            return start
        for begin, end in self._shifts_from(start):
            if duration <= end - begin:
                return begin + duration
            duration -= end - begin
        raise ValueError("the working calendar has no working day within a year")

    def subtract(self, end: datetime, duration: timedelta) -> datetime:
        """Return the instant after which `duration` of working time passes until `end`.

        Where `add` would end at the end of a shift, this does too, not at the beginning of the next one.
        Raises ValueError when the calendar has no working day within a year.
        """
        if duration <= timedelta(0):
            return end
        for begin, stop in self._shifts_until(end):
            if duration < stop - begin:
                return stop - duration
            duration -= stop - begin
        raise ValueError("the working calendar has no working day within a year")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from `start` to `end`; zero when `end` is not after `start`."""
        total = timedelta(0)
        for begin, stop in self._shifts_from(start):
            if begin >= end:
                break
            total += min(stop, end) - begin
        return total

    def _shifts_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the shifts that end after `start`, in UTC, the first cut at `start`; stop after a year without any."""
        day = start.astimezone(self.zone).date()
        idle_days = 0
        while idle_days < _LONGEST_BREAK_DAYS:
            idle_days += 1
            if day not in self.holidays:
                for begin, end in self._shifts_on(day):
                    if end > start:
                        idle_days = 0
                        yield max(begin, start), end
            day += _ONE_DAY

    def _shifts_until(self, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the shifts that begin before `end`, the last one first and cut at `end`."""
        day = end.astimezone(self.zone).date()
        idle_days = 0
        while idle_days < _LONGEST_BREAK_DAYS:
            idle_days += 1
            if day not in self.holidays:
                for begin, stop in reversed(list(self._shifts_on(day))):
                    if begin < end:
                        idle_days = 0
                        yield begin, min(stop, end)
            day -= _ONE_DAY

    def _shifts_on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Yield a day's shifts in UTC; where the clock skips an hour none begins before the one before it has ended."""
        midnight = datetime.combine(day, time(), self.zone)
        done = datetime.min.replace(tzinfo=UTC)
        short = self.short_day(day)
        for opens, closes in self.week[day.weekday()] if short is None else short:
            begin = max(done, (midnight + timedelta(minutes=opens)).astimezone(UTC))
            end = (midnight + timedelta(minutes=closes)).astimezone(UTC)
            if end > begin:
                done = end
                yield begin, end


def is_late(situation: Situation, deadline: datetime | None, closed_at: datetime | None, now: datetime) -> bool:
    """Tell whether a request is past its deadline.

    Late only with a deadline, neither suspended nor cancelled, and strictly after it: at its closing time once it is
    finished, else now.
    """
    if deadline is None or situation in (Situation.SUSPENDED, Situation.CANCELLED):
        return False
    return _reference(situation, closed_at, now) > deadline


def time_left(calendar: WorkingCalendar, due_at: datetime, now: datetime) -> timedelta | None:
    """Return the working time until a deadline, negative once it has passed; None over more than 30 years."""
    if abs(due_at - now) > _LONGEST_KEPT:
        return None
    return calendar.between(now, due_at) if now <= due_at else -calendar.between(due_at, now)


def deadline_from(calendar: WorkingCalendar, now: datetime, left: timedelta) -> datetime:
    """Return the deadline that has this working time left, or is over by it where it is negative."""
    return calendar.add(now, left) if left >= timedelta(0) else calendar.subtract(now, -left)


def resumed_deadline(calendar: WorkingCalendar, due_at: datetime, left: timedelta | None, now: datetime) -> datetime:
    """Return the deadline of a request whose clock stopped with this time left, to the second, and runs from now.

    It stays as it was where no working time has passed since, or where nobody kept what was left.
    """
    if left is None:
        return due_at
    unstopped = time_left(calendar, due_at, now)
    if unstopped is not None and abs(unstopped - left) < timedelta(seconds=1):
        return due_at
    return deadline_from(calendar, now, left)


def recounted_deadline(
    calendar: WorkingCalendar, opened_at: datetime, sla: timedelta, stops: Iterable[tuple[datetime, datetime]]
) -> datetime:
    """Return the deadline counted from the opening, the time left out in which the clock stood (from, to)."""
    begin, left = opened_at, sla
    for stopped_at, resumed_at in stops:
        if calendar.between(max(begin, stopped_at), resumed_at):
            left -= calendar.between(begin, stopped_at)
            begin = resumed_at
    return deadline_from(calendar, begin, left)


class Clock(NamedTuple):
    """How a request stands with its deadline: the working time that is left or, when it is late, that is over.

    `time` is None for more than a year. The clock of a suspended request is stopped; whether it was late by that time
    when it stopped, `was_late` tells.
    """

    time: timedelta | None
    is_late: bool = False
    is_stopped: bool = False
    was_late: bool = False


def clock_of(
    calendar: WorkingCalendar,
    situation: Situation,
    deadline: datetime | None,
    closed_at: datetime | None,
    remaining: timedelta | None,
    now: datetime,
) -> Clock | None:
    """Return how a request stands with its deadline; of a finished one, how it stood when it was closed.

    `remaining` is what was left when it was suspended, negative when it was late. None without a deadline, and for
    what was cancelled: nothing is promised of it any more.
    """
    if deadline is None or situation is Situation.CANCELLED:
        return None
    if situation is Situation.SUSPENDED:
        left = remaining or timedelta(0)
        return Clock(abs(left), is_stopped=True, was_late=left < timedelta(0))
    begin, end = sorted((_reference(situation, closed_at, now), deadline))
    time = calendar.between(begin, end) if end - begin <= _LONGEST_COUNT else None
    return Clock(time, is_late(situation, deadline, closed_at, now))


def _reference(situation: Situation, closed_at: datetime | None, now: datetime) -> datetime:
    return closed_at if situation in FINISHED_SITUATIONS and closed_at is not None else now
