"""The service catalogue, requests and their history."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, TextClause, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from soap_service.column_types import ReadableMoment
from soap_service.rules.deadlines import Clock, WorkingCalendar, clock_of, is_late
from soap_service.rules.searching import first_line
from soap_service.rules.situations import (
    AUTOMATIC,
    FINISHED_SITUATIONS,
    OPEN_SITUATIONS,
    SITUATION_LABELS,
    Action,
    Situation,
    known_situation,
)
from soap_service.tables.base import Base
from soap_service.tables.people import Contact, Requester
from soap_service.tables.staff import Agent, Group


class Service(Base):
    """A catalogue entry that requests are opened for (serviço). No SLA means no deadline.

    The form of a new request offers the template while its description is empty.
    """

    __tablename__ = "service"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    contract: Mapped[str] = mapped_column(String(200), default="")
    sla_minutes: Mapped[int | None]
    group_id: Mapped[int] = mapped_column(ForeignKey("executor_group.id"), index=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    description_template: Mapped[str] = mapped_column(default="", server_default="")

    group: Mapped[Group] = relationship(lazy="raise")
    priority_slas: Mapped[list["PrioritySla"]] = relationship(
        lazy="raise", order_by="PrioritySla.priority", cascade="all, delete-orphan"
    )


class PrioritySla(Base):
    """The SLA of a service for one priority, where it is another than the service's."""

    __tablename__ = "priority_sla"

    service_id: Mapped[int] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), primary_key=True)
    priority: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sla_minutes: Mapped[int]


_IS_OPEN = text("situation IN ({})".format(", ".join(f"'{one}'" for one in OPEN_SITUATIONS)))


_UNFINISHED = text(f"situation NOT IN ({', '.join(repr(str(s)) for s in FINISHED_SITUATIONS)})")


_UNASSIGNED = text(f"{_UNFINISHED} AND responsible_id IS NULL")


_FILTERS = ("situation", "group_id", "responsible_id")


_HAS_RESPONSIBLE = text("responsible_id IS NOT NULL")


def _index(name: str, where: TextClause | None, *columns: str) -> Index:
    """Return an index of requests, of all or of those that a condition names.

    On PostgreSQL, too: that is said in the migration alone, for here it would load that dialect in every process.
    """
    return Index(f"ix_request_{name}", *columns, sqlite_where=where)


class Request(Base):
    """An incident or service request (solicitação); its number is its id.

    `origin_key` names the form, or the call of a child request, that it came from: unique, so that a repeated post,
    a second tab or a retry is the same request. `version` counts the executions: who saw another has not seen all.
    Since `stopped_at` the clock of its deadline stands, with `remaining_seconds` of working time left, or over.
    `source` names the desk it was imported from; "" for one opened here.
    """

    __tablename__ = "request"
    __table_args__ = (
        Index(None, "requester_id", "situation", "id"),
        _index("load", _IS_OPEN, "situation", "group_id", "due_at"),
        # The lists: of what is unfinished, in each order, with all that filters it; of the rest, by what is asked for.
        _index("unfinished_by_due_at", _UNFINISHED, "due_at", "id", *_FILTERS),
        _index("unfinished_by_priority", _UNFINISHED, "priority", "id", "due_at", *_FILTERS),
        _index("unfinished_by_opened_at", _UNFINISHED, "opened_at", "id", "due_at", *_FILTERS),
        _index("unfinished_by_id", _UNFINISHED, "id", "due_at", *_FILTERS),
        _index(
            "unassigned",
            _UNASSIGNED,
            "group_id",
            "situation",
            "due_at",
            "id",
            "responsible_id",
            "priority",
            "opened_at",
        ),
        Index(None, "situation", "id"),
        Index(None, "situation", "opened_at", "id"),
        Index(None, "group_id", "situation", "id"),
        Index(None, "group_id", "situation", "opened_at", "id"),
        Index(None, "requester_id", "situation", "opened_at", "id"),
        _index("responsible_by_id", _HAS_RESPONSIBLE, "responsible_id", "situation", "id"),
        _index("responsible_by_opened_at", _HAS_RESPONSIBLE, "responsible_id", "situation", "opened_at", "id"),
        {"sqlite_autoincrement": True},  # a number once given is never given again
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("request.id"), index=True)
    requester_id: Mapped[int] = mapped_column(ForeignKey("requester.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), index=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("executor_group.id"))
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    situation: Mapped[Situation] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    contract: Mapped[str] = mapped_column(String(200), default="")
    current_task: Mapped[str] = mapped_column(String(200), default="")
    description: Mapped[str]
    urgency: Mapped[str] = mapped_column(String(1))
    impact: Mapped[str] = mapped_column(String(1))
    priority: Mapped[int]
    contact_phone: Mapped[str] = mapped_column(String(40), default="")
    contact_email: Mapped[str] = mapped_column(String(200), default="")
    opened_at: Mapped[datetime] = mapped_column(ReadableMoment)
    closed_at: Mapped[datetime | None] = mapped_column(ReadableMoment)
    due_at: Mapped[datetime | None] = mapped_column(ReadableMoment)
    remaining_seconds: Mapped[int | None]
    stopped_at: Mapped[datetime | None] = mapped_column(ReadableMoment)
    origin_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    version: Mapped[int] = mapped_column(server_default="1")
    source: Mapped[str] = mapped_column(String(60), server_default="", default="")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))

    requester: Mapped[Requester] = relationship(lazy="raise")
    contact: Mapped[Contact | None] = relationship(lazy="raise")
    service: Mapped[Service] = relationship(lazy="raise")
    group: Mapped[Group] = relationship(lazy="raise")
    responsible: Mapped[Agent | None] = relationship(lazy="raise")
    events: Mapped[list["RequestEvent"]] = relationship(lazy="raise", order_by="RequestEvent.id")

    @property
    def deadline(self) -> datetime | None:
        """When it is due; None without an SLA and while suspended."""
        return None if self.situation == Situation.SUSPENDED else self.due_at

    @property
    def subject(self) -> str:
        """The first line of the description."""
        return first_line(self.description or "")

    @property
    def situation_label(self) -> str:
        """The situation as a sentence form, in Portuguese; a word that is none stands for itself."""
        known = known_situation(self.situation)
        return str(self.situation or "") if known is None else SITUATION_LABELS[known]

    def is_late(self, now: datetime) -> bool:
        """Tell whether it is past its deadline at `now` (`deadlines.is_late`)."""
        known = known_situation(self.situation)
        return known is not None and is_late(known, self.due_at, self.closed_at, now)

    def clock(self, calendar: WorkingCalendar, now: datetime) -> Clock | None:
        """Return how it stands with its deadline at `now` (`deadlines.clock_of`)."""
        known = known_situation(self.situation)
        if known is None:
            return None
        remaining = None if self.remaining_seconds is None else timedelta(seconds=self.remaining_seconds)
        return clock_of(calendar, known, self.due_at, self.closed_at, remaining, now)


class RequestStop(Base):
    """A time in which the clock of a request's deadline stood, suspended or finished, and that is over."""

    __tablename__ = "request_stop"

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id", ondelete="CASCADE"), index=True)
    stopped_at: Mapped[datetime]
    resumed_at: Mapped[datetime]


#: What agents did to begin and to end requests; on PostgreSQL, too, as for `_index`.
_IS_WORK = text(f"action IN ('{Action.OPEN}', '{Action.RESOLVE}') AND actor <> '{AUTOMATIC}'")


class RequestEvent(Base):
    """A line in a request's history: who, when, what, note. `form_key` names the form that left it, once."""

    __tablename__ = "request_event"
    __table_args__ = (
        Index(None, "form_key", unique=True),
        Index("ix_request_event_work", "happened_at", "action", "actor", sqlite_where=_IS_WORK),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"), index=True)
    happened_at: Mapped[datetime] = mapped_column(ReadableMoment)
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(default="")
    form_key: Mapped[str | None] = mapped_column(String(64))
