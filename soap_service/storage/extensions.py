"""Extensions and their owners. An extension has one owner at most, an owner one extension."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from soap_service.column_types import UtcDateTime
from soap_service.errors import ExtensionTaken, InvalidValue, Reason
from soap_service.model import Agent, Extension
from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.rules.extensions import is_extension
from soap_service.storage.audit import write_entry
from soap_service.storage.backend import Question, Row
from soap_service.storage.extension_permits import check_permit
from soap_service.storage.part import Part


@dataclass(frozen=True)
class Ownership:
    """Whose an extension is, if anybody's, and whether its owner wants no calls."""

    number: str
    owner_id: int | None
    owner: str | None
    is_paused: bool

    @property
    def subscribed(self) -> str | None:
        """What the owner's screens subscribe to: the extension, or nothing in a pause."""
        return None if self.is_paused else self.number


class Extensions(Part):
    """Registering extensions, taking them over and giving them up."""

    def number_of(self, agent_id: int) -> str | None:
        """Return the extension that the agent has registered, if any."""
        with self._database.reading() as session:
            return session.scalar(select(Extension.number).where(Extension.agent_id == agent_id))

    def register(self, agent_id: int, number: str, take_over: bool = False) -> None:
        """Make the agent the one owner of an extension, giving up their former one.

        Raises: InvalidValue for a number that no extension can have, or that is reserved for others; ExtensionTaken
        when somebody else holds it and `take_over` is not given.
        """
        number = number.strip()
        if not is_extension(number):
            raise InvalidValue("extension", Reason.NO_EXTENSION)
        self._database.retrying(lambda: self._register_extension(agent_id, number, take_over))

    def _register_extension(self, agent_id: int, number: str, take_over: bool) -> None:
        with self._database.writing(notifies=True) as session:
            # Locked in one order by everybody, and before their owners are read: who waited sees what the other did.
            mine = or_(Extension.agent_id == agent_id, Extension.taken_from_id == agent_id)
            involved = select(Extension).where(or_(Extension.number == number, mine)).order_by(Extension.number)
            found = session.scalars(involved.with_for_update()).all()
            extension = next((one for one in found if one.number == number), None) or Extension(number=number)
            if extension.agent_id == agent_id:
                return
            check_permit(session, number, agent_id)
            owner = None if extension.agent_id is None else session.get_one(Agent, extension.agent_id)
            if owner is not None and not take_over:
                raise ExtensionTaken(number, owner.name)
            now = self._database.now()
            give_up_extension(session, agent_id, now)
            session.execute(update(Extension).where(Extension.taken_from_id == agent_id).values(taken_from_id=None))
            extension.taken_from_id, extension.agent_id = extension.agent_id, agent_id
            extension.changed_at = now
            session.add(extension)
            if owner is not None:
                write_entry(session, now, AuditKind.EXTENSION_TAKEN, RecordKind.EXTENSION, number)
            # What was missed before is no news for who answers there from now on.
            session.execute(update(Agent).where(Agent.id == agent_id).values(calls_looked_at=now))

    def release(self, agent_id: int) -> None:
        """Give up the agent's extension; nothing happens when there is none."""
        with self._database.writing(notifies=True) as session:
            give_up_extension(session, agent_id, self._database.now())

    def list_taken_from(self, agent_id: int) -> Sequence[Ownership]:
        """Return the extensions that others took over from the agent, who has not been told of it yet."""
        return ownerships_of(self._database.fetch(_TAKEN_EXTENSIONS, agent_id=agent_id))

    def acknowledge_takeover(self, agent_id: int) -> None:
        """Record that the agent has been told that their extension was taken over."""
        with self._database.writing() as session:
            session.execute(update(Extension).where(Extension.taken_from_id == agent_id).values(taken_from_id=None))

    def list_changed_since(self, since: datetime) -> Sequence[Ownership]:
        """Return the extensions whose owner, or their pause, changed at or after `since`."""
        statement, values = extensions_changed_since(since)
        return ownerships_of(self._database.fetch(statement, **values))


_OWNERSHIPS = select(Extension.number, Extension.agent_id, Agent.name, Agent.paused_at)
_CHANGED_EXTENSIONS = _OWNERSHIPS.outerjoin(Agent, Agent.id == Extension.agent_id).where(
    Extension.changed_at >= bindparam("since", type_=UtcDateTime)
)
_TAKEN_EXTENSIONS = _OWNERSHIPS.join(Agent, Agent.id == Extension.agent_id).where(
    Extension.taken_from_id == bindparam("agent_id")
)


def give_up_extension(session: Session, agent_id: int, now: datetime) -> None:
    """Free the agent's extension within a session."""
    mine = update(Extension).where(Extension.agent_id == agent_id)
    session.execute(mine.values(agent_id=None, taken_from_id=None, changed_at=now))


def extensions_changed_since(since: datetime) -> Question:
    """Return what asks for the extensions that changed at or after `since`; `ownerships_of` takes the rows."""
    return Question(_CHANGED_EXTENSIONS, {"since": since})


def ownerships_of(rows: Sequence[Row]) -> list[Ownership]:
    """Return who has the extensions of rows."""
    return [Ownership(number, owner_id, owner, paused_at is not None) for number, owner_id, owner, paused_at in rows]
