"""Dates and numbers as people write them, in each language. Knows neither store nor page.

Source: CLDR, through Babel; Portuguese dates as docs/rules.md has them.
"""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

#: CLDR's names of our languages.
_LOCALES = {"pt-BR": "pt_BR", "en": "en_GB", "es": "es"}
_DATES = {"pt-BR": "dd/MM/yyyy", "en": "d MMM y", "es": "d MMM y"}
_TIMES = {"pt-BR": "HH:mm", "en": "HH:mm", "es": "H:mm"}
_MOMENTS = {"pt-BR": "{} {}", "en": "{}, {}", "es": "{}, {}"}


class Formats:
    """The forms of one language; instants are shown in `zone`."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        from babel import Locale, dates, numbers  # 60 ms, which a process without visitors does not need

        self._dates, self._numbers = dates, numbers
        self._number = lru_cache(1024)(numbers.format_decimal)  # a page of figures has the small ones many times
        self._locale = Locale.parse(_LOCALES[language])
        self._date, self._time = _DATES[language], _TIMES[language]
        self._moment = _MOMENTS[language].format(self._date, self._time)
        self._zone = zone

    def moment(self, instant: datetime) -> str:
        """Return an instant to the minute."""
        return self._dates.format_datetime(instant.astimezone(self._zone), self._moment, locale=self._locale)

    def time(self, instant: datetime) -> str:
        """Return the time of day of an instant, to the minute."""
        return self._dates.format_time(instant.astimezone(self._zone), self._time, locale=self._locale)

    def day(self, day: date) -> str:
        """Return a day of the calendar; of an instant, the day it is in the zone."""
        if isinstance(day, datetime):
            day = day.astimezone(self._zone)
        return self._dates.format_date(day, self._date, locale=self._locale)

    def number(self, number: float) -> str:
        """Return a number with its groups of thousands and its decimal mark."""
        return self._number(number, locale=self._locale)

    def short_day(self, day: date) -> str:
        """Return day and month, for where there is little room."""
        return self._dates.format_skeleton("MMdd", day, locale=self._locale)

    def milliseconds(self, count: float) -> str:
        """Return a duration in milliseconds with its unit."""
        return f"{self.number(count)} ms"

    def percent(self, share: float) -> str:
        """Return a share of one as a percentage."""
        return self._numbers.format_percent(share, locale=self._locale)

    def iso(self, instant: datetime) -> str:
        """Return an instant for the `datetime` attribute of a `time` element."""
        return instant.astimezone(self._zone).isoformat(timespec="seconds")
