"""What administrators change: parameters, integrations, the working calendar; and the history of it."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Integer, String, false
from sqlalchemy.orm import Mapped, mapped_column

from soap_service.language import SOURCE_LANGUAGE
from soap_service.tables.base import Base


class Parameter(Base):
    """A numbered system parameter (281, 282, 283) and its value."""

    __tablename__ = "parameter"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[str] = mapped_column(String(100))


class ParameterChange(Base):
    """A saved change of a parameter: value before and after, who, when."""

    __tablename__ = "parameter_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    parameter_id: Mapped[int] = mapped_column(Integer, index=True)
    before: Mapped[str] = mapped_column(String(100))
    after: Mapped[str] = mapped_column(String(100))
    actor: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime]


class Integration(Base):
    """A telephony platform that may call the web services.

    With a secret: HTTP Basic, the name as user. Without: known by its source addresses (networks, space separated).
    Receipts and faults speak its `language`; codes are the same in all.
    """

    __tablename__ = "integration"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    secret_salt: Mapped[bytes | None]
    secret_hash: Mapped[bytes | None]
    addresses: Mapped[str] = mapped_column(default="")
    operations: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(String(10), default=SOURCE_LANGUAGE, server_default=SOURCE_LANGUAGE)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


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


class UnknownHour(Base):
    """How many unknown documents and request numbers a platform asked about in the hour that began then."""

    __tablename__ = "unknown_hour"

    integration_id: Mapped[int] = mapped_column(ForeignKey("integration.id"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    unknown: Mapped[int]


class AnsweredBefore(Base):
    """That a platform was told of a document or a request number, by its keyed hash, and when it last was."""

    __tablename__ = "answered_before"

    asked_hash: Mapped[str] = mapped_column(String(32), primary_key=True)
    answered_at: Mapped[datetime] = mapped_column(index=True)


class IntegrationUse(Base):
    """When a platform last called, to the minute."""

    __tablename__ = "integration_use"

    integration_id: Mapped[int] = mapped_column(ForeignKey("integration.id"), primary_key=True)
    used_at: Mapped[datetime]
