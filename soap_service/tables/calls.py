"""Calls that platforms announced, and what the endpoint refused."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from soap_service.rules.calls import SIMULATION, CallState
from soap_service.tables.administration import Integration
from soap_service.tables.base import Base
from soap_service.tables.people import Contact, Requester
from soap_service.tables.requests import Request
from soap_service.tables.staff import Agent


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
