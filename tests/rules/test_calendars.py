"""How working calendars are written, and which days are holidays."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soap_service.config import Settings
from soap_service.errors import InputRefused, InvalidValue, Reason
from soap_service.rules.calendars import (
    Holidays,
    NationalHolidays,
    OwnDay,
    check_calendar,
    list_national_holidays,
    read_shifts,
    write_shifts,
)
from soap_service.rules.deadlines import OFFICE_WEEK, Shift, WorkingCalendar
from soap_service.rules.edits import CalendarEdit, ServiceEdit

TIRADENTES = date(2026, 4, 21)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shifts"),
    [
        ("", ()),
        ("08:00-12:00 13:00-18:00", ((480, 720), (780, 1080))),
        ("13:00 - 18:00, 8h00 às 12h00", ((480, 720), (780, 1080))),
        ("00:00-24:00", ((0, 1440),)),
        ("08:00-12:00,12:00-18:00", ((480, 720), (720, 1080))),
    ],
)
def test_shifts_are_read_as_people_write_them(text: str, shifts: tuple[tuple[int, int], ...]) -> None:
    assert read_shifts(text) == shifts


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("8-18", Reason.NO_SHIFT),
        ("08:00-12:00 depois", Reason.NO_SHIFT),
        ("08:00-12:60", Reason.NO_SHIFT),
        ("08:60-12:00", Reason.NO_SHIFT),
        ("08:00-25:00", Reason.NO_SHIFT),
        ("22:00-06:00", Reason.BACKWARD_SHIFT),
        ("08:00-08:00", Reason.BACKWARD_SHIFT),
        ("08:00-12:00 11:00-18:00", Reason.OVERLAPPING_SHIFTS),
    ],
)
def test_what_is_no_shift_is_refused_with_a_reason(text: str, reason: Reason) -> None:
    with pytest.raises(InvalidValue) as caught:
        read_shifts(text)
    assert caught.value.reason is reason


@given(st.lists(st.integers(0, 1440), max_size=8, unique=True))
def test_shifts_read_as_they_were_written(marks: list[int]) -> None:
    ends = sorted(marks)
    shifts = tuple(Shift(a, b) for a, b in zip(ends[::2], ends[1::2], strict=False))
    assert read_shifts(write_shifts(shifts)) == shifts


def test_national_holidays_are_told_in_the_countrys_language() -> None:
    calendar = WorkingCalendar(ZoneInfo("UTC"), OFFICE_WEEK, Holidays(NationalHolidays("BR")))
    listed = dict(list_national_holidays(calendar, 2027))
    assert listed[date(2027, 9, 7)] == "Independência do Brasil"
    assert all(day.year == 2027 for day in listed)


def test_own_holidays_count_once_or_yearly_national_ones_can_be_worked() -> None:
    own = (
        OwnDay(date(2026, 10, 24), "Aniversário de Goiânia", is_yearly=True),
        OwnDay(date(2026, 7, 1), "Mudança"),
        OwnDay(TIRADENTES, "Tiradentes", is_worked=True),
    )
    holidays = Holidays(NationalHolidays("BR"), own)
    assert date(2026, 10, 24) in holidays
    assert date(2031, 10, 24) in holidays
    assert date(2026, 7, 1) in holidays
    assert date(2027, 7, 1) not in holidays
    assert TIRADENTES not in holidays
    assert TIRADENTES.replace(year=2027) in holidays


def test_a_calendar_without_work_is_refused() -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    daily = tuple(OwnDay(date.fromordinal(NOW.toordinal() + n), "férias", is_yearly=True) for n in range(366))
    for calendar in (
        WorkingCalendar(zone, ((),) * 7),
        WorkingCalendar(zone, ((Shift(480, 539),), *((),) * 6)),
        WorkingCalendar(zone, OFFICE_WEEK, Holidays((), daily)),
    ):
        with pytest.raises(InvalidValue):
            check_calendar(calendar, NOW)
    check_calendar(WorkingCalendar(zone), NOW)
    check_calendar(WorkingCalendar(zone, ((Shift(480, 540),), *((),) * 6)), NOW)  # an hour a week is enough


def test_the_settings_are_the_calendar_that_it_begins_with() -> None:
    calendar = Settings(working_days="mon,sat", working_hours="08:00-12:00,13:00-24:00").calendar
    assert [bool(shifts) for shifts in calendar.week] == [True, False, False, False, False, True, False]
    assert calendar.week[0] == ((480, 720), (780, 1440))
    assert date(2026, 12, 25) in calendar.holidays
    with pytest.raises(InputRefused, match="working_hours"):
        Settings(working_hours="08:00-08:30", working_days="mon")


def test_a_stamp_differs_with_every_value_and_the_differences_are_told() -> None:
    service = ServiceEdit("Falha", "incidente", "SDNIVEL1", 480)
    same, other = ServiceEdit("Falha", "incidente", "SDNIVEL1", 480), ServiceEdit("Falha", "incidente", "SDNIVEL1")
    assert service.stamp == same.stamp != other.stamp
    assert service.differences(other) == {"sla_minutes": ("480", "")}
    week = CalendarEdit(OFFICE_WEEK, skips_national=True)
    shorter = CalendarEdit(((Shift(480, 720),), *OFFICE_WEEK[1:]), skips_national=True)
    assert week.differences(shorter) == {"weekday-0": ("08:00-18:00", "08:00-12:00")}
