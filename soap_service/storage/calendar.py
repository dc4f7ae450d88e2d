"""The working calendar: as the settings give it until it is changed on its screen, then as the database keeps it."""

import logging
import time
from dataclasses import replace

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from soap_service.errors import AlreadyExists, ChangedMeanwhile, InvalidValue
from soap_service.rules.calendars import OwnDay, check_calendar, has_enough_work, national_of, read_shifts, write_shifts
from soap_service.rules.deadlines import WorkingCalendar
from soap_service.rules.edits import CalendarEdit
from soap_service.storage.database import Database
from soap_service.storage.history import COMMAND, record
from soap_service.storage.part import Part
from soap_service.tables.administration import CalendarDay, SavedCalendar

log = logging.getLogger(__name__)

#: How long a calendar once read is believed, in seconds: what another node changed counts after that.
BELIEVED_SECONDS = 2.0
_THE_ONE = 1


class Calendars(Part):
    """Reading and changing the working calendar. `default` is that of the settings."""

    def __init__(self, database: Database, default: WorkingCalendar) -> None:
        super().__init__(database)
        self.default = default

    _calendar: tuple[float, WorkingCalendar] | None = None

    @property
    def current(self) -> WorkingCalendar:
        """The calendar that deadlines are counted on now; asked before a transaction, not within."""
        known = self._calendar
        if known is not None and time.monotonic() - known[0] < BELIEVED_SECONDS:
            return known[1]
        asked = time.monotonic()
        with self._database.reading() as session:
            calendar = _edit(session, self.default).calendar(self.default)
        self._calendar = asked, calendar
        return calendar

    def find(self) -> CalendarEdit:
        """Return the calendar as it stands in the database, or in the settings."""
        with self._database.reading() as session:
            return _edit(session, self.default)

    def change(self, edit: CalendarEdit, stamp: str, actor: str = COMMAND) -> None:
        """Save the shifts and whether national holidays are skipped; the own days stay as they are.

        Raises: InvalidValue with the reason; ChangedMeanwhile when it is no longer the one with that stamp.
        """
        self._database.retrying(lambda: self._change_calendar(edit, stamp, actor))
        self._calendar = None

    def _change_calendar(self, edit: CalendarEdit, stamp: str, actor: str) -> None:
        with self._database.writing() as session:
            before = _edit(session, self.default, is_changed=True)
            edit = replace(edit, own=before.own)
            if before != edit and before.stamp != stamp:
                raise ChangedMeanwhile("calendar")
            check_calendar(edit.calendar(self.default), self._database.now())
            _save(session, edit)
            if differences := before.differences(edit):
                record(session, self._database.now(), actor, "calendar", "changed", "", differences, record_id="")

    def add_day(self, own: OwnDay, actor: str = COMMAND) -> None:
        """Add an own holiday, or a national one on which the desk works.

        Raises: AlreadyExists for a day that is there with another name; InvalidValue when hardly any work is left.
        """
        self._database.retrying(lambda: self._add_calendar_day(own, actor))
        self._calendar = None

    def _add_calendar_day(self, own: OwnDay, actor: str) -> None:
        with self._database.writing() as session:
            before = _edit(session, self.default, is_changed=True)
            if own in before.own:
                return
            if any(other.day == own.day for other in before.own):
                raise AlreadyExists(own.day)
            edit = replace(before, own=(*before.own, own))
            check_calendar(edit.calendar(self.default), self._database.now())
            _save(session, before)
            shifts = write_shifts(own.shifts)
            flags = {"is_yearly": own.is_yearly, "is_worked": own.is_worked}
            session.add(CalendarDay(day=own.day, name=own.name, shifts=shifts, **flags))
            action = "worked" if own.is_worked else "added"
            record(
                session,
                self._database.now(),
                actor,
                "holiday",
                action,
                f"{own.day:%d/%m/%Y} {own.name} {shifts}".rstrip(),
                record_id=own.day,
            )

    def remove_day(self, own: OwnDay, actor: str = COMMAND) -> None:
        """Take back what was decided on a day; nothing happens when it was taken back already."""
        self._database.retrying(lambda: self._remove_calendar_day(own, actor))
        self._calendar = None

    def _remove_calendar_day(self, own: OwnDay, actor: str) -> None:
        with self._database.writing() as session:
            before = _edit(session, self.default, is_changed=True)
            if own not in before.own:
                return
            left = replace(before, own=tuple(other for other in before.own if other != own))
            check_calendar(left.calendar(self.default), self._database.now())
            session.execute(delete(CalendarDay).where(CalendarDay.day == own.day))
            now, name = self._database.now(), f"{own.day:%d/%m/%Y} {own.name}"
            record(session, now, actor, "holiday", "removed", name, record_id=own.day)


def _edit(session: Session, default: WorkingCalendar, is_changed: bool = False) -> CalendarEdit:
    """Return what is kept, else the settings' calendar. With `is_changed` others wait until this one is through."""
    saved = session.get(SavedCalendar, _THE_ONE, with_for_update=is_changed or None)
    days = session.scalars(select(CalendarDay).order_by(CalendarDay.day)).all()
    own = tuple(map(_own_day, days))
    if saved is not None:
        try:
            week = tuple(map(read_shifts, saved.week.split("\n")))
            edit = CalendarEdit(week, saved.skips_national, own, saved.skips_optional)
            if len(edit.week) == 7 and has_enough_work(edit.week):
                return edit
        except InvalidValue:
            pass
        log.error("the working calendar cannot be read; that of the settings holds")  # somebody wrote it by hand
    return CalendarEdit(tuple(map(tuple, default.week)), skips_national=national_of(default) != (), own=own)


def _own_day(day: CalendarDay) -> OwnDay:
    try:
        shifts = read_shifts(day.shifts)
    except InvalidValue:
        log.error("the shifts of %s cannot be read; it is a day off", day.day)
        shifts = ()
    return OwnDay(day.day, day.name, day.is_yearly, day.is_worked, shifts)


def _save(session: Session, edit: CalendarEdit) -> None:
    week = "\n".join(map(write_shifts, edit.week))
    flags = {"skips_national": edit.skips_national, "skips_optional": edit.skips_optional}
    session.merge(SavedCalendar(id=_THE_ONE, week=week, **flags))
