"""The working calendar: the shifts of each weekday, national and own holidays, and an example of what follows."""

from datetime import date, datetime, timedelta

from werkzeug.wrappers import Response

from soap_service.errors import AlreadyExists, ChangedMeanwhile, InvalidValue, Reason
from soap_service.rules.calendars import (
    OwnDay,
    list_national_holidays,
    national_of,
    read_shifts,
    write_shifts,
)
from soap_service.rules.deadlines import Shift
from soap_service.rules.edits import CalendarEdit
from soap_service.screens.administration.editing import actor_of, flag, warn_of_changes
from soap_service.screens.administration.history import WEEKDAYS
from soap_service.screens.forms import Form
from soap_service.screens.notices import SAVED
from soap_service.screens.visit import Visit

_FIELDS = {f"weekday-{number}": f"dia-{number}" for number in range(7)} | {
    "skips_national": "nacionais",
    "skips_optional": "facultativos",
}
_MOMENT = "%Y-%m-%dT%H:%M"
_LONGEST_EXAMPLE_HOURS = 8760
_HERE = "/administracao/calendario"


def show_calendar(visit: Visit) -> Response:
    """Show the calendar as it stands, with an example."""
    return _calendar_page(visit, _filled_form(visit))


def save_calendar(visit: Visit) -> Response:
    """Save the shifts, or only fill Monday to Friday with the same ones, or count the example on them."""
    form = visit.form()
    if form.value("acao") == "preencher":
        _fill_working_days(visit, form)
    edit = _read(visit, form)
    if form.errors:
        return _calendar_page(visit, form, status=422)
    if form.value("acao") in ("exemplo", "preencher"):
        return _calendar_page(visit, form, edit)
    try:
        visit.store.calendars.change(edit, form.value("carimbo"), actor_of(visit))
    except InvalidValue as refusal:
        form.refuse("semana", visit.explain(refusal.reason))
        return _calendar_page(visit, form, status=422)
    except ChangedMeanwhile:
        warn_of_changes(visit, form, _FIELDS, visit.store.calendars.find(), edit)
        return _calendar_page(visit, form, status=409, is_outdated=True)
    return visit.redirect(_HERE, SAVED)


def lead_to_calendar(visit: Visit) -> Response:
    """Lead to the page that the holidays are on."""
    return visit.redirect(_HERE)


def change_holidays(visit: Visit) -> Response:
    """Add or remove an own holiday, or work on a national one, as the pressed button says."""
    form = visit.form()
    day = _day_of(form.value("dia"))
    own = next((one for one in visit.store.calendars.find().own if one.day == day), None)
    is_worked = form.value("acao") == "trabalhar"
    if form.value("acao") == "remover":
        if own is not None:
            visit.store.calendars.remove_day(own, actor_of(visit))
        return visit.redirect(_HERE, SAVED)
    name = form.line("nome", 100, missing=visit.gettext("Informe o nome do feriado."))
    if day is None:
        form.refuse("dia", visit.gettext("Informe o dia do feriado."))
    shifts = _read_shifts(visit, form, "turnos")
    if not form.errors and day is not None:
        try:
            is_yearly = form.value("anual") == "S" and not is_worked
            holiday = OwnDay(day, name, is_yearly, is_worked, () if is_worked else shifts)
            visit.store.calendars.add_day(holiday, actor_of(visit))
            return visit.redirect(_HERE, SAVED)
        except AlreadyExists:
            form.refuse("dia", visit.gettext("Este dia já está na lista. Remova-o antes, se quiser mudar."))
        except InvalidValue as refusal:
            form.refuse("dia", visit.explain(refusal.reason))
    filled = _filled_form(visit)
    filled.values |= {name: form.value(name) for name in ("dia", "nome", "anual", "turnos")}
    filled.errors = form.errors
    return _calendar_page(visit, filled, status=422)


def _filled_form(visit: Visit) -> Form:
    edit = visit.store.calendars.find()
    days = {f"dia-{number}": write_shifts(shifts) for number, shifts in enumerate(edit.week)}
    flags = {"nacionais": flag(edit.skips_national), "facultativos": flag(edit.skips_optional)}
    return visit.form(carimbo=edit.stamp, **flags, **days)


def _read(visit: Visit, form: Form) -> CalendarEdit:
    """Return what was typed, with the own days as they stand; what cannot be taken is refused in the form."""
    week = tuple(_read_shifts(visit, form, f"dia-{number}") for number in range(7))
    own = visit.store.calendars.find().own
    skips_national = form.value("nacionais") == "S"
    return CalendarEdit(week, skips_national, own, skips_national and form.value("facultativos") == "S")


def _fill_working_days(visit: Visit, form: Form) -> None:
    shifts = _read_shifts(visit, form, "uteis")
    if not shifts:
        form.refuse("uteis", visit.explain(Reason.NO_SHIFT))
    if not form.errors:
        form.values |= {f"dia-{number}": write_shifts(shifts) for number in range(5)}


def _read_shifts(visit: Visit, form: Form, name: str) -> tuple[Shift, ...]:
    try:
        return read_shifts(form.line(name, 200))
    except InvalidValue as refusal:
        form.refuse(name, visit.explain(refusal.reason))
        return ()


def _calendar_page(
    visit: Visit, form: Form, edit: CalendarEdit | None = None, status: int = 200, *, is_outdated: bool = False
) -> Response:
    stored = visit.store.calendars.find()
    settings = visit.store.calendars.default
    this_year = visit.store.now().astimezone(settings.zone).year
    own = {one.day: one for one in stored.own}
    opened_at, hours, due_at = _example(visit, form, edit or stored)
    return visit.render(
        "administration/calendar.html",
        status,
        form=form,
        weekdays=WEEKDAYS,
        zone=settings.zone.key,
        has_national=national_of(settings) != (),
        skips_national=stored.skips_national,
        years=[
            (year, list_national_holidays(settings, year, stored.skips_optional)) for year in (this_year, this_year + 1)
        ],
        write_shifts=write_shifts,
        own=own,
        own_holidays=[one for one in stored.own if not one.is_worked],
        opened_at=opened_at,
        hours=hours,
        due_at=due_at,
        is_unsaved=edit is not None,
        is_outdated=is_outdated,
    )


def _example(visit: Visit, form: Form, edit: CalendarEdit) -> tuple[datetime, int, datetime | None]:
    """Return when a request is opened, its hours, and when it would be due; None where that cannot be counted."""
    zone = visit.store.calendars.default.zone
    opened_at: datetime | None
    try:
        opened_at = datetime.strptime(form.value("inicio"), _MOMENT).replace(tzinfo=zone)
    except ValueError:
        opened_at = None
    if opened_at is None or not 1970 < opened_at.year < 2100:
        opened_at = visit.store.now().astimezone(zone).replace(second=0, microsecond=0)
    typed = form.value("duracao")
    hours = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else 8
    hours = min(hours, _LONGEST_EXAMPLE_HOURS)
    form.values |= {"inicio": opened_at.strftime(_MOMENT), "duracao": str(hours)}
    try:
        return opened_at, hours, edit.calendar(visit.store.calendars.default).add(opened_at, timedelta(hours=hours))
    except (ValueError, OverflowError):
        return opened_at, hours, None


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
