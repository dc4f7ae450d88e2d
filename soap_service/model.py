"""The tables as mapped classes, and the rules that are about one row. No sessions, no queries.

Instants are UTC; documents are normalised (`documents.normalise_document`). `glossary` maps the names here to the
Portuguese words of the wire and the screens.
"""

from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, TextClause, text, true
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from soap_service.column_types import NameEntry, ReadableMoment, SortedByBytes, UtcDateTime
from soap_service.language import SOURCE_LANGUAGE
from soap_service.rules.calls import SIMULATION
from soap_service.rules.calls import CallState as CallState
from soap_service.rules.calls import Notice as Notice
from soap_service.rules.deadlines import Clock, WorkingCalendar, clock_of, is_late
from soap_service.rules.roles import PERMISSIONS, Permission, Role, role_of
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


class Base(DeclarativeBase):
    """Common to all tables: constraint names that migrations can rely on."""

    type_annotation_map: ClassVar = {datetime: UtcDateTime, str: Text, bool: Boolean(create_constraint=False)}


Base.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Requester(Base):
    """A person or company who calls (solicitante). Triggers keep `open_requests`, how many are in progress.

    `external_id` is by what another desk's files name them. Who was merged into another stays as a row, whose document
    means the other from then on (`storage.people`); who was erased has a document that nobody could have.
    """

    __tablename__ = "requester"
    __table_args__ = (Index(None, "external_id", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(String(14), unique=True)
    name: Mapped[str] = mapped_column(SortedByBytes, index=True)
    email: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    extension: Mapped[str] = mapped_column(String(20), default="")
    unit: Mapped[str] = mapped_column(String(200), default="")
    open_requests: Mapped[int] = mapped_column(server_default="0")
    external_id: Mapped[str | None] = mapped_column(String(100))
    left_at: Mapped[datetime | None]
    # Not a foreign key: a backup's rows come in the order of their ids, and the other may be younger.
    merged_into_id: Mapped[int | None] = mapped_column(index=True)
    erased_at: Mapped[datetime | None]


class Contact(Base):
    """A person behind a company's document (contato): the call and the request may name them.

    Who has left stays as a row, for what they asked for.
    """

    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(primary_key=True)
    requester_id: Mapped[int] = mapped_column(ForeignKey("requester.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(100), default="")
    email: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    extension: Mapped[str] = mapped_column(String(20), default="")
    left_at: Mapped[datetime | None]


class RequesterName(Base):
    """A word of a requester's name, folded, and the whole folded name after it: what a search by name looks into.

    `storage.requesters` writes it with every requester; its key is its order (`names.entries_of`).
    """

    __tablename__ = "requester_name"
    __table_args__ = ({"sqlite_with_rowid": False},)

    entry: Mapped[str] = mapped_column(NameEntry, primary_key=True)
    requester_id: Mapped[int] = mapped_column(
        ForeignKey("requester.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Membership(Base):
    """An agent's place in a group."""

    __tablename__ = "membership"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("executor_group.id"), primary_key=True, index=True)


class Group(Base):
    """Agents who may execute the same requests (grupo executor), and see all requests or only theirs."""

    __tablename__ = "executor_group"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    may_execute: Mapped[bool] = mapped_column(default=False)
    sees_all: Mapped[bool] = mapped_column(default=True, server_default=true())


class Agent(Base):
    """A person who logs in to the screens (atendente). Without a language of their own they read the browser's.

    `is_admin` follows the role, for nodes of the version before, which know no other.
    From `paused_at` on they want no calls; calls missed after `calls_looked_at` are new to them.
    """

    __tablename__ = "agent"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))
    stored_role: Mapped[str] = mapped_column("role", String(20), default=Role.AGENT, server_default=Role.AGENT)
    is_admin: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(10), default="", server_default="")
    paused_at: Mapped[datetime | None]
    calls_looked_at: Mapped[datetime | None]

    groups: Mapped[list[Group]] = relationship(secondary="membership", lazy="raise", order_by=Group.name)

    @property
    def role(self) -> Role:
        """What they may do (`roles.role_of`)."""
        return role_of(self.stored_role, self.is_admin)

    @role.setter
    def role(self, role: Role) -> None:
        self.stored_role, self.is_admin = role, role is Role.ADMINISTRATOR

    def may(self, permission: Permission) -> bool:
        """Tell whether their role has a permission."""
        return permission in PERMISSIONS[self.role]


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


class Extension(Base):
    """A telephone extension (ramal) and the agent who answers it; the row stays when it is given up.

    `taken_from_id` is the former owner of an extension that was taken over, until that agent has seen it.
    """

    __tablename__ = "extension"

    number: Mapped[str] = mapped_column(String(20), primary_key=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), unique=True)
    taken_from_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    changed_at: Mapped[datetime] = mapped_column(index=True)


class Listener(Base):
    """An open event stream for an extension: which process holds it, and until when that is to be believed."""

    __tablename__ = "listener"

    extension: Mapped[str] = mapped_column(String(20), primary_key=True)
    worker: Mapped[str] = mapped_column(String(100), primary_key=True)
    until: Mapped[datetime]


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


class Call(Base):
    """A call that a platform announced for an extension (chamada). The document is kept for the screen alone."""

    __tablename__ = "call"
    __table_args__ = (
        Index(None, "extension", "created_at"),
        Index(None, "requester_id", "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(43), unique=True)
    integration_id: Mapped[int] = mapped_column(ForeignKey("integration.id"), index=True)
    operation: Mapped[str] = mapped_column(String(40))
    document: Mapped[str] = mapped_column(String(14))
    requester_id: Mapped[int | None] = mapped_column(ForeignKey("requester.id"))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("request.id"), index=True)
    extension: Mapped[str | None] = mapped_column(String(20))
    notice: Mapped[str] = mapped_column(String(30))
    created_at: Mapped[datetime] = mapped_column(index=True)
    delivered_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    transferred_to: Mapped[str | None] = mapped_column(String(20))
    returned_at: Mapped[datetime | None]
    returned_by_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))

    requester: Mapped[Requester | None] = relationship(lazy="raise")
    contact: Mapped[Contact | None] = relationship(lazy="raise")
    request: Mapped[Request | None] = relationship(lazy="raise")
    answered_by: Mapped[Agent | None] = relationship(lazy="raise", foreign_keys=answered_by_id)
    returned_by: Mapped[Agent | None] = relationship(lazy="raise", foreign_keys=returned_by_id)
    integration: Mapped[Integration] = relationship(lazy="raise")

    @property
    def delivery_ms(self) -> int | None:
        """After how many milliseconds it was sent to a browser; None when it was not."""
        if self.delivered_at is None:
            return None
        return round((self.delivered_at - self.created_at) / timedelta(milliseconds=1))

    @property
    def is_simulation(self) -> bool:
        """Whether an agent made it to see that calls come; it needs its integration loaded."""
        return self.integration is not None and self.integration.name == SIMULATION

    def state(self, now: datetime, lifetime: timedelta) -> CallState:
        """Return its state at `now`; a call that nobody saw within `lifetime` is missed."""
        if self.returned_at is not None:
            return CallState.RETURNED
        if self.answered_at is not None:
            return CallState.ANSWERED
        if self.transferred_to is not None:
            return CallState.TRANSFERRED
        if self.seen_at is not None:
            return CallState.SEEN
        if now - self.created_at > lifetime:
            return CallState.MISSED
        return CallState.CREATED if self.delivered_at is None else CallState.DELIVERED


class CallHour(Base):
    """The calls of one hour that is over, counted: what the panel reads instead of the calls (`storage.panel`)."""

    __tablename__ = "call_hour"

    begins_at: Mapped[datetime] = mapped_column(primary_key=True)
    announced: Mapped[int]
    seen: Mapped[int]
    missed: Mapped[int]
    delays: Mapped[str]


class CallRequest(Base):
    """A request that was opened in a call: the caller asked for it."""

    __tablename__ = "call_request"

    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)


class RecentCall(Base):
    """The key of a call announced a moment ago; its unique key makes a platform's retry the same call."""

    __tablename__ = "recent_call"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(43))
    announced_at: Mapped[datetime] = mapped_column(index=True)


class Refusal(Base):
    """How often in a minute the SOAP endpoint refused an integration (empty: unknown) for a reason, and whom last."""

    __tablename__ = "refusal"

    minute: Mapped[datetime] = mapped_column(primary_key=True)
    integration: Mapped[str] = mapped_column(String(60), primary_key=True)
    operation: Mapped[str] = mapped_column(String(40), primary_key=True)
    reason: Mapped[str] = mapped_column(String(40), primary_key=True)
    address: Mapped[str] = mapped_column(String(45), default="")
    count: Mapped[int]


class LoginSession(Base):
    """A logged-in browser. The cookie holds a random id; here stands only its SHA-256.

    Use moves `expires_at`, up to `ends_at`; log-ins made before 0.2.0, and by its older nodes, have no `ends_at`.
    """

    __tablename__ = "login_session"

    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    form_token: Mapped[str] = mapped_column(String(43))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime | None]

    agent: Mapped[Agent] = relationship(lazy="raise")
