"""How a working calendar is written and read: shifts as text, holidays national and own. Pure rules.

A shift does not pass midnight: what does is two shifts, one until 24:00 and one from 00:00 of the next day.
"""

import re
from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise

from soap_service.errors import InvalidValue, Reason
from soap_service.rules.deadlines import Shift, Week, WorkingCalendar

MINUTES_A_DAY = 24 * 60
_LEAST_MINUTES_A_WEEK = 60
_SHIFT = re.compile(r"(\d{1,2})[:hH](\d{2})\s*(?:-|–|às|as|a|até|to)\s*(\d{1,2})[:hH](\d{2})")
_SEPARATORS = re.compile(r"[\s,;/]+|\be\b")


@dataclass(frozen=True)
class OwnDay:
    """A day that the desk itself decides on: a holiday of its own, or a national one on which it works.

    A day with `shifts` is worked in these alone.
    """

    day: date
    name: str
    is_yearly: bool = False
    is_worked: bool = False
    shifts: tuple[Shift, ...] = ()

    def falls_on(self, day: date) -> bool:
        """Tell whether it is that day, in that year or, if yearly, in any."""
        return self.day == day or (self.is_yearly and (self.day.month, self.day.day) == (day.month, day.day))


@dataclass(frozen=True)
class Holidays:
    """The days without work: national ones but those that are worked, and own ones. An own holiday wins."""

    national: Container[date] = ()
    own: Collection[OwnDay] = ()

    def __contains__(self, day: object) -> bool:
        decided = [own.is_worked or own.shifts != () for own in self._on(day)]
        return not all(decided) if decided else day in self.national

    def shifts_on(self, day: date) -> tuple[Shift, ...] | None:
        """Return the shifts of a day that has its own; None for any other."""
        return next((own.shifts for own in self._on(day) if own.shifts), None)

    def _on(self, day: object) -> list[OwnDay]:
        return [own for own in self.own if isinstance(day, date) and own.falls_on(day)]


class NationalHolidays:
    """A country's national holidays in its language, of any year; with the optional ones if asked.

    The library that knows them takes as long to load as a fifth of the service: that waits for the first question.
    """

    def __init__(self, country: str, has_optional: bool = False) -> None:
        self._country, self._has_optional = country, has_optional

    @cached_property
    def with_optional(self) -> "NationalHolidays":
        """The same with the days that the country leaves to each employer (ponto facultativo)."""
        return NationalHolidays(self._country, has_optional=True)

    def load(self) -> None:
        """Look whether holidays of the country are known; raises NotImplementedError when none are."""
        _ = self._names

    def __contains__(self, day: object) -> bool:
        return day in self._names

    def of_year(self, year: int) -> list[tuple[date, str]]:
        """Return the holidays of a year with their names, in order."""
        _ = date(year, 1, 1) in self._names  # has the year counted
        return sorted((day, name) for day, name in dict(self._names).items() if day.year == year)

    @cached_property
    def _names(self) -> dict[date, str]:
        import holidays

        country = holidays.country_holidays(self._country)
        wanted = {holidays.PUBLIC, holidays.OPTIONAL} if self._has_optional else {holidays.PUBLIC}
        categories = wanted & set(country.supported_categories) or None
        years = range((this_year := datetime.now(UTC).year) - 1, this_year + 3)
        return holidays.country_holidays(
            self._country, language=country.default_language, years=years, categories=categories
        )


def national_of(calendar: WorkingCalendar) -> Container[date]:
    """Return the national holidays that a calendar of the settings knows; empty when they name no country."""
    return calendar.holidays.national if isinstance(calendar.holidays, Holidays) else ()


def optional_of(calendar: WorkingCalendar) -> Container[date]:
    """Return the national holidays that a calendar of the settings knows, with the optional ones."""
    national = national_of(calendar)
    return national.with_optional if isinstance(national, NationalHolidays) else national


def list_national_holidays(calendar: WorkingCalendar, year: int, has_optional: bool = False) -> list[tuple[date, str]]:
    """Return the national holidays of a year with their names, in order; none when the settings name no country."""
    national = optional_of(calendar) if has_optional else national_of(calendar)
    return national.of_year(year) if isinstance(national, NationalHolidays) else []


def read_shifts(text: str) -> tuple[Shift, ...]:
    """Return the shifts in a text (``08:00-12:00 13:00-18:00``), none for an empty one.

    Raises: InvalidValue for what is no shift, ends before it begins, or overlaps.
    """
    shifts = []
    for hour, minute, end_hour, end_minute in _SHIFT.findall(text):
        if int(minute) > 59 or int(end_minute) > 59:
            raise InvalidValue("shifts", Reason.NO_SHIFT)
        shifts.append(Shift(int(hour) * 60 + int(minute), int(end_hour) * 60 + int(end_minute)))
    if _SEPARATORS.sub("", _SHIFT.sub("", text)):
        raise InvalidValue("shifts", Reason.NO_SHIFT)
    for shift in shifts:
        if shift.closes <= shift.opens:
            raise InvalidValue("shifts", Reason.BACKWARD_SHIFT)
        if shift.closes > MINUTES_A_DAY:
            raise InvalidValue("shifts", Reason.NO_SHIFT)
    shifts.sort()
    if any(shift.closes > following.opens for shift, following in pairwise(shifts)):
        raise InvalidValue("shifts", Reason.OVERLAPPING_SHIFTS)
    return tuple(shifts)


def write_shifts(shifts: Sequence[Shift]) -> str:
    """Return shifts as `read_shifts` reads them."""
    return " ".join(f"{write_time(shift.opens)}-{write_time(shift.closes)}" for shift in shifts)


def write_time(minutes: int) -> str:
    """Return a time of the day: 08:00, and 24:00 for its end."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def check_calendar(calendar: WorkingCalendar, now: datetime) -> None:
    """Raise InvalidValue for a calendar on which deadlines cannot be counted: hardly any work, or holidays alone."""
    if not has_enough_work(calendar.week):
        raise InvalidValue("shifts", Reason.NO_WORK)
    try:
        calendar.add(now.astimezone(UTC), timedelta(hours=1))
    except ValueError:
        raise InvalidValue("shifts", Reason.NO_WORK) from None


def has_enough_work(week: Week) -> bool:
    """Tell whether a week has an hour of work: with less, a long SLA would be due in centuries."""
    return sum(shift.closes - shift.opens for shifts in week for shift in shifts) >= _LEAST_MINUTES_A_WEEK
