"""Agents, their groups and log-ins, extensions. Knows neither requesters nor requests nor calls."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from soap_service.column_types import UtcDateTime
from soap_service.errors import AgentNotFound, ExtensionTaken, InvalidValue, NotFound
from soap_service.model import Agent, Extension, Listener, LoginSession
from soap_service.rules.credentials import login_digest
from soap_service.rules.extensions import is_extension
from soap_service.rules.live_events import LiveEvent, LiveEventKind
from soap_service.storage.database import Database
from soap_service.storage.live_events import publish


@dataclass(frozen=True)
class Ownership:
    """Whose an extension is, if anybody's, and whether its owner wants no calls."""

    number: str
    owner_id: int | None
    owner: str | None
    is_paused: bool

    @property
    def heard(self) -> str | None:
        """What the owner's screens hear: the extension, or nothing in a pause."""
        return None if self.is_paused else self.number


class People(Database):
    """The people of the service desk."""

    def find_agent(self, login: str) -> Agent:
        """Return the agent with that login, active or not; raises AgentNotFound."""
        with self.reading() as session:
            return agent_of(session, login)

    def set_language(self, agent_id: int, language: str) -> None:
        """Give the agent a language; the empty one is that of their browser."""
        with self.writing() as session:
            session.execute(update(Agent).where(Agent.id == agent_id).values(language=language))

    def open_session(self, agent_id: int, lifetime: timedelta, longest: timedelta | None = None) -> str:
        """Log a browser in and return the random id for its cookie; of it only the SHA-256 is kept.

        It ends after `lifetime` unless it is extended, and after `longest` at the latest.
        """
        cookie = secrets.token_urlsafe(32)
        now = self.now()
        with self.writing() as session:
            session.execute(delete(LoginSession).where(LoginSession.expires_at < now))
            session.add(
                LoginSession(
                    id_hash=login_digest(cookie),
                    agent_id=agent_id,
                    form_token=secrets.token_urlsafe(32),
                    expires_at=now + lifetime,
                    ends_at=now + (longest or lifetime),
                )
            )
        return cookie

    def find_session(self, cookie: str) -> LoginSession:
        """Return the log-in of that cookie with its active agent and groups; raises NotFound."""
        query = select(LoginSession).where(LoginSession.id_hash == login_digest(cookie))
        with self.reading() as session:
            found = session.scalar(query.options(joinedload(LoginSession.agent).selectinload(Agent.groups)))
        if found is None or found.expires_at < self.now() or not found.agent.is_active:
            raise NotFound
        return found

    def extend_session(self, digest: bytes, expires_at: datetime, ends_at: datetime) -> None:
        """Have a log-in expire later; one that has ended meanwhile stays ended, and one that expires later is left."""
        mine = update(LoginSession).where(LoginSession.id_hash == digest, LoginSession.expires_at < expires_at)
        with self.writing() as session:
            session.execute(mine.values(expires_at=expires_at, ends_at=ends_at))

    def find_hearing(self, cookie: str) -> tuple[int, str | None, str]:
        """Return whose log-in that cookie is, the extension that their screens hear, and its form token.

        One round trip. In a pause they hear no extension.

        Raises: NotFound for what is no log-in of an active agent any more.
        """
        for agent_id, extension, form_token in self.ask(_HEARING, id_hash=login_digest(cookie), now=self.now()):
            return agent_id, extension, form_token
        raise NotFound

    def close_session(self, cookie: str) -> None:
        """Log the browser out and end its streams; nothing happens when it was not logged in."""
        digest = login_digest(cookie)
        mine = delete(LoginSession).where(LoginSession.id_hash == digest).returning(LoginSession.agent_id)
        with self.writing(ring=True) as session:
            agent_id = session.scalar(mine)
            if agent_id is not None:
                ended = LiveEvent(LiveEventKind.LOGIN_ENDED, agent_id, ref=digest.hex(), data={"reason": "logout"})
                publish(session, ended, self.now())

    def extension_of(self, agent_id: int) -> str | None:
        """Return the extension that the agent has registered, if any."""
        with self.reading() as session:
            return session.scalar(select(Extension.number).where(Extension.agent_id == agent_id))

    def register_extension(self, agent_id: int, number: str, take_over: bool = False) -> None:
        """Make the agent the one owner of an extension, giving up their former one.

        Raises: InvalidValue for a number that no extension can have; ExtensionTaken when somebody else holds it and
        `take_over` is not given.
        """
        number = number.strip()
        if not is_extension(number):
            raise InvalidValue("ramal", "O ramal tem até 20 caracteres: dígitos, letras e * # + - . @ _")
        self.resolving(lambda: self._register_extension(agent_id, number, take_over))

    def _register_extension(self, agent_id: int, number: str, take_over: bool) -> None:
        with self.writing(ring=True) as session:
            # Locked in one order by everybody, and before their owners are read: who waited sees what the other did.
            mine = or_(Extension.agent_id == agent_id, Extension.taken_from_id == agent_id)
            involved = select(Extension).where(or_(Extension.number == number, mine)).order_by(Extension.number)
            found = session.scalars(involved.with_for_update()).all()
            extension = next((one for one in found if one.number == number), None) or Extension(number=number)
            if extension.agent_id == agent_id:
                return
            owner = None if extension.agent_id is None else session.get_one(Agent, extension.agent_id)
            if owner is not None and not take_over:
                raise ExtensionTaken(number, owner.name)
            now = self.now()
            give_up_extension(session, agent_id, now)
            session.execute(update(Extension).where(Extension.taken_from_id == agent_id).values(taken_from_id=None))
            extension.taken_from_id, extension.agent_id = extension.agent_id, agent_id
            extension.changed_at = now
            session.add(extension)
            # What was missed before is no news for who answers there from now on.
            session.execute(update(Agent).where(Agent.id == agent_id).values(calls_looked_at=now))

    def release_extension(self, agent_id: int) -> None:
        """Give up the agent's extension; nothing happens when there is none."""
        with self.writing(ring=True) as session:
            give_up_extension(session, agent_id, self.now())

    def list_extensions_taken_from(self, agent_id: int) -> Sequence[Ownership]:
        """Return the extensions that others took over from the agent, who has not been told of it yet."""
        return [_ownership(*row) for row in self.ask(_TAKEN_EXTENSIONS, agent_id=agent_id)]

    def acknowledge_takeover(self, agent_id: int) -> None:
        """Record that the agent has been told that their extension was taken over."""
        with self.writing() as session:
            session.execute(update(Extension).where(Extension.taken_from_id == agent_id).values(taken_from_id=None))

    def list_extensions_changed_since(self, since: datetime) -> Sequence[Ownership]:
        """Return the extensions whose owner, or their pause, changed at or after `since`."""
        return [_ownership(*row) for row in self.ask(_CHANGED_EXTENSIONS, since=since)]

    def change_listeners(self, worker: str, heard: Mapping[str, datetime], gone: Collection[str]) -> None:
        """Say for which extensions a worker process listens too, until when each, and for which it no longer does."""
        with self.writing() as session:
            if gone:
                mine = delete(Listener).where(Listener.worker == worker)
                session.execute(mine.where(Listener.extension.in_(gone)))
            if heard:
                self._write_listeners(session, worker, heard)

    def keep_listeners(self, worker: str, heard: Mapping[str, datetime]) -> None:
        """Say which extensions a worker process listens for, until when each, and no other; forget who died.

        Those of a process that could not say so for a while are there again.
        """
        with self.writing() as session:
            session.execute(delete(Listener).where(Listener.until < self.now()))
            gone = delete(Listener).where(Listener.worker == worker, Listener.extension.not_in(heard))
            session.execute(gone)
            if heard:
                self._write_listeners(session, worker, heard)

    def _write_listeners(self, session: Session, worker: str, heard: Mapping[str, datetime]) -> None:
        """Write the rows, those that are there already and those that are not alike, in one order everywhere."""
        rows = [
            {"extension": extension, "worker": worker, "until": until} for extension, until in sorted(heard.items())
        ]
        insert = self.insert_into(Listener)
        key = (Listener.extension, Listener.worker)
        session.execute(insert.on_conflict_do_update(index_elements=key, set_={"until": insert.excluded.until}), rows)

    def remove_listeners(self, worker: str) -> None:
        """Say that a worker process listens for nothing: it starts or ends."""
        with self.writing() as session:
            session.execute(delete(Listener).where(Listener.worker == worker))


_HEARING = (
    select(LoginSession.agent_id, Extension.number, LoginSession.form_token)
    .join(Agent, Agent.id == LoginSession.agent_id)
    .outerjoin(Extension, and_(Extension.agent_id == Agent.id, Agent.paused_at.is_(None)))
    .where(LoginSession.id_hash == bindparam("id_hash"), Agent.is_active)
    .where(LoginSession.expires_at >= bindparam("now", type_=UtcDateTime))
)
_OWNERSHIPS = select(Extension.number, Extension.agent_id, Agent.name, Agent.paused_at)
_CHANGED_EXTENSIONS = _OWNERSHIPS.outerjoin(Agent, Agent.id == Extension.agent_id).where(
    Extension.changed_at >= bindparam("since", type_=UtcDateTime)
)
_TAKEN_EXTENSIONS = _OWNERSHIPS.join(Agent, Agent.id == Extension.agent_id).where(
    Extension.taken_from_id == bindparam("agent_id")
)


def agent_of(session: Session, login: str) -> Agent:
    """Return an agent with their groups within a session; raises AgentNotFound."""
    agent = session.scalar(select(Agent).where(Agent.login == login).options(selectinload(Agent.groups)))
    if agent is None:
        raise AgentNotFound(login)
    return agent


def give_up_extension(session: Session, agent_id: int, now: datetime) -> None:
    """Free the agent's extension within a session."""
    mine = update(Extension).where(Extension.agent_id == agent_id)
    session.execute(mine.values(agent_id=None, taken_from_id=None, changed_at=now))


def end_logins(session: Session, agent_id: int, reason: str, now: datetime) -> None:
    """End all log-ins of an agent, and their streams, within a session; why is `LiveEventKind.LOGINS_ENDED`'s."""
    session.execute(delete(LoginSession).where(LoginSession.agent_id == agent_id))
    publish(session, LiveEvent(LiveEventKind.LOGINS_ENDED, agent_id, data={"reason": reason}), now)


def _ownership(number: str, owner_id: int | None, owner: str | None, paused_at: datetime | None) -> Ownership:
    return Ownership(number, owner_id, owner, paused_at is not None)
