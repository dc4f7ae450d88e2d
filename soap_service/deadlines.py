"""Deadlines on a working calendar. Pure rules: instants come and go as aware datetimes in UTC.

Source: `domain.md`, Deadline; its check case stands in `tests/rules/test_deadlines.py`.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from soap_service.situations import FINISHED_SITUATIONS, Situation

_ONE_DAY = timedelta(days=1)
#: A calendar without one working day in this many is a mistake in the settings, not a long holiday.
_LONGEST_BREAK_DAYS = 366


@dataclass(frozen=True)
class WorkingCalendar:
    """When the service desk works: shifts on some weekdays (0 is Monday) in one time zone, not on holidays."""

    zone: ZoneInfo
    shifts: Sequence[tuple[time, time]] = ((time(8), time(18)),)
    weekdays: Container[int] = (0, 1, 2, 3, 4)
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
            if day.weekday() in self.weekdays and day not in self.holidays:
                for opens, closes in self.shifts:
                    begin = datetime.combine(day, opens, self.zone).astimezone(UTC)
                    end = datetime.combine(day, closes, self.zone).astimezone(UTC)
                    if end > start:
                        idle_days = 0
                        yield max(begin, start), end
            day += _ONE_DAY


def is_late(situation: Situation, deadline: datetime | None, closed_at: datetime | None, now: datetime) -> bool:
    """Tell whether a request is past its deadline.

    Late only with a deadline, neither suspended nor cancelled, and strictly after it: at its closing time once it is
    finished, else now.
    """
    if deadline is None or situation in (Situation.SUSPENDED, Situation.CANCELLED):
        return False
    reference = closed_at if situation in FINISHED_SITUATIONS and closed_at is not None else now
    return reference > deadline
