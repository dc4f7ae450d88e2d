"""What administrators change, as plain values: compared, stamped, told apart. Pure rules; knows no session, no screen.

A form carries the stamp of the values it was filled from. A change is made only where the stamp is still right, so that
of two administrators who edit the same thing none overwrites the other in silence.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from soap_service.errors import InvalidValue, Reason
from soap_service.language import SOURCE_LANGUAGE
from soap_service.rules.calendars import Holidays, OwnDay, national_of, optional_of, write_shifts
from soap_service.rules.deadlines import Week, WorkingCalendar
from soap_service.rules.roles import Role

#: The operations that an integration can be allowed.
OPERATIONS = ("obterQtdeSolicitacoes", "obterDadosSolicitacao", "novaSolicitacao", "visualizarSolicitacao")
LONGEST_SLA_MINUTES = 525_600
#: From the most pressing to the least (`situations.priority_of`).
PRIORITIES = (1, 2, 3, 4, 5)


class Edit:
    """Values of one thing that can be changed together; a frozen dataclass."""

    @property
    def stamp(self) -> str:
        """A short text that differs for different values."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:32]

    def differences(self, other: "Edit") -> dict[str, tuple[str, str]]:
        """Return, by field, how this and the other read where they differ."""
        mine, theirs = self.told(), other.told()
        return {name: (mine[name], theirs[name]) for name in mine if mine[name] != theirs[name]}

    def told(self) -> dict[str, str]:
        """Return every field as a short text, for the history."""
        return {field.name: _told(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True)
class ServiceEdit(Edit):
    """A catalogue entry. No SLA means no deadline; `priority_slas` are (priority, minutes) where it is another."""

    name: str
    kind: str
    group: str
    sla_minutes: int | None = None
    contract: str = ""
    is_active: bool = True
    priority_slas: tuple[tuple[int, int], ...] = ()
    description_template: str = ""

    def check(self) -> None:
        """Raise InvalidValue unless every SLA is between one minute and one year."""
        slas = [minutes for _, minutes in self.priority_slas]
        if self.sla_minutes is not None:
            slas.append(self.sla_minutes)
        if not all(0 < minutes <= LONGEST_SLA_MINUTES for minutes in slas):
            raise InvalidValue("sla_minutes", Reason.NO_SLA)

    def told(self) -> dict[str, str]:
        """Return every field as a short text, the SLA of each priority as a field of its own."""
        told = super().told()
        del told["priority_slas"]
        slas = dict(self.priority_slas)
        return told | {f"sla_minutes-{priority}": _told(slas.get(priority)) for priority in PRIORITIES}


@dataclass(frozen=True)
class GroupEdit(Edit):
    """A group of agents."""

    name: str
    may_execute: bool
    sees_all: bool = True


@dataclass(frozen=True)
class AgentEdit(Edit):
    """An agent but for login and password. `groups` are names."""

    name: str
    role: Role
    is_active: bool
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class PersonEdit(Edit):
    """A requester's data. The document is normalised."""

    document: str
    name: str
    email: str = ""
    phone: str = ""
    extension: str = ""
    unit: str = ""


@dataclass(frozen=True)
class ContactEdit(Edit):
    """A contact of a requester."""

    name: str
    role: str = ""
    email: str = ""
    phone: str = ""
    extension: str = ""
    has_left: bool = False


@dataclass(frozen=True)
class IntegrationEdit(Edit):
    """From where and for what a platform may call: networks and operations, space separated; none means any.

    It is answered in its language.
    """

    addresses: str
    operations: str
    language: str = SOURCE_LANGUAGE


@dataclass(frozen=True)
class CalendarEdit(Edit):
    """The working calendar as it is kept: shifts of each weekday, whether national holidays are skipped, own days.

    The optional ones can be skipped only with the others.
    """

    week: Week
    skips_national: bool
    own: tuple[OwnDay, ...] = ()
    skips_optional: bool = False

    def told(self) -> dict[str, str]:
        """Return each weekday's shifts and what else there is."""
        days = {f"weekday-{number}": write_shifts(shifts) for number, shifts in enumerate(self.week)}
        return {**days, "skips_national": _told(self.skips_national), "skips_optional": _told(self.skips_optional)}

    def calendar(self, settings: WorkingCalendar) -> WorkingCalendar:
        """Return the calendar that this describes, in the time zone and country of the settings' calendar."""
        known = optional_of(settings) if self.skips_optional else national_of(settings)
        holidays = Holidays(known if self.skips_national else (), self.own)
        return replace(settings, week=self.week, holidays=holidays, short_day=holidays.shifts_on)


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "S" if value else "N"
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
