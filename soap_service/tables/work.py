"""The tables of agents' own work: the request chosen in a call, and what an agent has chosen for themselves."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from soap_service.tables.base import Base


class CallLink(Base):
    """The request that an agent opened from a call which was announced without one: at most one for each call."""

    __tablename__ = "call_link"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"), primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id", ondelete="CASCADE"), index=True)


class AgentChoice(Base):
    """What an agent has chosen for themselves, by name: the filters of the list, whether keys work, the theme."""

    __tablename__ = "agent_choice"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class ExtensionPermit(Base):
    """An agent who may take a limited extension; one that nobody has a permit for is anybody's."""

    __tablename__ = "extension_permit"

    number: Mapped[str] = mapped_column(String(20), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"), primary_key=True, index=True)
