"""Deadlines on a working calendar. Pure rules: instants come and go as aware datetimes in UTC.

Source: `domain.md`, Deadline; its check case stands in `tests/rules/test_deadlines.py`.
"""

from collections.abc import Container, Iterator, Sequence
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

    The shifts of a day stand in order and do not overlap.
    """

    zone: ZoneInfo
    week: Week = OFFICE_WEEK
    holidays: Container[date] = ()

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

    def _shifts_on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Yield a day's shifts in UTC; where the clock skips an hour none begins before the one before it has ended."""
        midnight = datetime.combine(day, time(), self.zone)
        done = datetime.min.replace(tzinfo=UTC)
        for opens, closes in self.week[day.weekday()]:
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


class Clock(NamedTuple):
    """How a request stands with its deadline: the working time that is left or, when it is late, that is over.

    `time` is None for more than a year. The clock of a suspended request is stopped.
    """

    time: timedelta | None
    is_late: bool = False
    is_stopped: bool = False


def clock_of(
    calendar: WorkingCalendar,
    situation: Situation,
    deadline: datetime | None,
    closed_at: datetime | None,
    remaining: timedelta | None,
    now: datetime,
) -> Clock | None:
    """Return how a request stands with its deadline; of a finished one, how it stood when it was closed.

    `remaining` is what was left when it was suspended. None without a deadline, and for what was cancelled: nothing is
    promised of it any more.
    """
    if deadline is None or situation is Situation.CANCELLED:
        return None
    if situation is Situation.SUSPENDED:
        return Clock(remaining or timedelta(0), is_stopped=True)
    begin, end = sorted((_reference(situation, closed_at, now), deadline))
    time = calendar.between(begin, end) if end - begin <= _LONGEST_COUNT else None
    return Clock(time, is_late(situation, deadline, closed_at, now))


def _reference(situation: Situation, closed_at: datetime | None, now: datetime) -> datetime:
    return closed_at if situation in FINISHED_SITUATIONS and closed_at is not None else now
