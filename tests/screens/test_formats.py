from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from soap_service.screens.formats import Formats

#: Late in the evening of the day before in the zone.
INSTANT = datetime(2026, 11, 4, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "moment", "day", "number", "percent"),
    [
        ("pt-BR", "03/11/2026 22:05", "04/11/2026", "1.234.567,5", "12%"),
        ("en", "3 Nov 2026, 22:05", "4 Nov 2026", "1,234,567.5", "12%"),
        ("es", "3 nov 2026, 22:05", "4 nov 2026", "1.234.567,5", "12\N{NO-BREAK SPACE}%"),
    ],
)
def test_dates_and_numbers_have_the_form_of_the_language(
    language: str, moment: str, day: str, number: str, percent: str
) -> None:
    formats = Formats(language, ZoneInfo("America/Sao_Paulo"))
    assert formats.moment(INSTANT) == moment
    assert formats.time(INSTANT) == "22:05"
    assert formats.day(date(2026, 11, 4)) == day
    assert formats.day(INSTANT) == formats.day(date(2026, 11, 3))
    assert formats.number(1234567.5) == number
    assert formats.percent(0.12) == percent
