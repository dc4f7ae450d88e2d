"""The tables of Administration: the history of its changes, the working calendar, when platforms last called.

Further mapped classes of `model.Base`; `store` brings them in. No sessions, no queries.
"""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from soap_service.model import Base


class AdminChange(Base):
    """A change that an administrator made: who, when, what, and each field before and after (JSON). Never a secret.

    `origin_key` names the form that made something new: unique, so that a repeated post makes it once.
    """

    __tablename__ = "admin_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    changed_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    details: Mapped[str]
    origin_key: Mapped[str | None] = mapped_column(String(64), unique=True)


class SavedCalendar(Base):
    """The working calendar once it was changed on its screen: one row, the shifts of Monday to Sunday in seven lines.

    Without the row the settings hold.
    """

    __tablename__ = "working_calendar"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    week: Mapped[str]
    skips_national: Mapped[bool]
    skips_optional: Mapped[bool] = mapped_column(server_default=false())


class CalendarDay(Base):
    """A day that the desk decides on (`calendars.OwnDay`); its shifts as text, empty for none of its own."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    is_yearly: Mapped[bool]
    is_worked: Mapped[bool]
    shifts: Mapped[str] = mapped_column(server_default="")


class IntegrationUse(Base):
    """When a platform last called, to the minute."""

    __tablename__ = "integration_use"

    integration_id: Mapped[int] = mapped_column(ForeignKey("integration.id"), primary_key=True)
    used_at: Mapped[datetime]
