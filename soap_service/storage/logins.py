"""Log-ins: the browsers that agents are logged in with, and whose streams those are. Knows nothing of passwords."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, delete, select, update
from sqlalchemy.orm import Session, contains_eager, joinedload

from soap_service.column_types import UtcDateTime
from soap_service.errors import LoginRefused, NotFound
from soap_service.model import Agent, Extension, Group, LoginSession, Membership, PendingLogin
from soap_service.rules.auditing import AuditKind, RecordKind, current_actor
from soap_service.rules.credentials import login_digest
from soap_service.rules.live_events import LiveEvent, LiveEventKind
from soap_service.storage.audit import write_entry
from soap_service.storage.live_events import publish
from soap_service.storage.part import Part

#: So long a browser waits for the code after the password.
CODE_WITHIN = timedelta(minutes=10)


class Subscriber(NamedTuple):
    """Whose a log-in is, the extension that they have registered, whether they are in a pause, and its form token.

    `is_of_before` tells that it was made before 0.2.0, or by an older node.
    """

    agent_id: int
    extension: str | None
    is_paused: bool
    form_token: str
    is_of_before: bool = False

    @property
    def subscribed(self) -> str | None:
        """What their screens subscribe to: the extension, or nothing in a pause."""
        return None if self.is_paused else self.extension


class Logins(Part):
    """Log-ins of agents, by the random id in the browser's cookie."""

    def open(
        self,
        agent_id: int,
        lifetime: timedelta,
        longest: timedelta | None = None,
        browser: str = "",
        must_set_up_factor: bool = False,
        by_provider: bool = False,
        proved: Agent | None = None,
    ) -> str:
        """Log a browser in and return the random id for its cookie; of it only the SHA-256 is kept.

        It ends after `lifetime` unless it is extended, and after `longest` at the latest. `browser` is what its agent
        recognises it by, with the address of who acts. Where the agent `must_set_up_factor`, that comes first.
        `by_provider`: single sign-on has let them in. `proved` is the agent as they were when they proved who they are:
        raises LoginRefused when that is no proof any more.
        """
        cookie = secrets.token_urlsafe(32)
        now = self._database.now()
        with self._database.writing() as session:
            _check_unchanged(session, proved, by_provider)
            session.execute(delete(LoginSession).where(LoginSession.expires_at < now))
            session.add(
                LoginSession(
                    id_hash=login_digest(cookie),
                    agent_id=agent_id,
                    form_token=secrets.token_urlsafe(32),
                    expires_at=now + lifetime,
                    ends_at=now + (longest or lifetime),
                    opened_at=now,
                    used_at=now,
                    address=current_actor().address[:45],
                    browser=browser,
                    must_set_up_factor=must_set_up_factor,
                    by_provider=by_provider,
                )
            )
            write_entry(session, now, AuditKind.LOGGED_IN, RecordKind.AGENT, agent_id)
        return cookie

    def await_code(self, agent_id: int, is_kept: bool, proved: Agent | None = None) -> str:
        """Have a browser wait for its agent's code, and return the random id for its cookie.

        `proved` is the agent as they were when they gave the password; raises LoginRefused as `open` does.
        """
        cookie, now = secrets.token_urlsafe(32), self._database.now()
        with self._database.writing() as session:
            _check_unchanged(session, proved)
            session.execute(delete(PendingLogin).where(PendingLogin.expires_at < now))
            session.add(
                PendingLogin(
                    id_hash=login_digest(cookie), agent_id=agent_id, expires_at=now + CODE_WITHIN, is_kept=is_kept
                )
            )
        return cookie

    def find_awaiting(self, cookie: str) -> PendingLogin:
        """Return the browser with that cookie that waits for a code, with its active agent; raises NotFound."""
        mine = select(PendingLogin).where(PendingLogin.id_hash == login_digest(cookie))
        with self._database.reading() as session:
            found = session.scalar(mine.options(joinedload(PendingLogin.agent)))
        if found is None or found.expires_at < self._database.now() or not found.agent.is_active:
            raise NotFound
        return found

    def end_wait(self, digest: bytes) -> None:
        """Have a browser wait no more: its code was right."""
        with self._database.writing() as session:
            session.execute(delete(PendingLogin).where(PendingLogin.id_hash == digest))

    def find(self, cookie: str, is_former: bool = False) -> LoginSession:
        """Return the log-in of that cookie with its active agent and groups; raises NotFound.

        A cookie with a name of before 0.2.0 is one `is_former`: only a log-in of before, or of an older node, has it.
        """
        with self._database.reading() as session:
            found = session.scalars(_LOGIN, {"id_hash": login_digest(cookie)}).unique().one_or_none()
        if found is None or found.expires_at < self._database.now() or not found.agent.is_active:
            raise NotFound
        if is_former and found.opened_at is not None:
            raise NotFound
        return found

    def list_of(self, agent_id: int) -> Sequence[LoginSession]:
        """Return an agent's log-ins, the one that was used last first."""
        mine = select(LoginSession).where(LoginSession.agent_id == agent_id)
        with self._database.reading() as session:
            found = session.scalars(mine.where(LoginSession.expires_at >= self._database.now())).all()
        return sorted(found, key=lambda one: one.expires_at, reverse=True)

    def end(self, agent_id: int, digest: bytes) -> None:
        """End that log-in of an agent, and its streams; one that has ended already, or is another's, is left."""
        self._end(agent_id, LoginSession.id_hash == digest)

    def end_others(self, agent_id: int, digest: bytes) -> None:
        """End all log-ins of an agent but that one, and their streams; all of them for no digest at all."""
        self._end(agent_id, LoginSession.id_hash != digest)

    def _end(self, agent_id: int, which: ColumnElement[bool]) -> None:
        with self._database.writing(notifies=True) as session:
            now = self._database.now()
            for _ in range(end_some_logins(session, agent_id, which, "ended", now)):
                write_entry(session, now, AuditKind.LOGIN_ENDED, RecordKind.AGENT, agent_id)

    def extend(self, digest: bytes, expires_at: datetime, ends_at: datetime) -> None:
        """Have a log-in expire later; one that has ended meanwhile stays ended, and one that expires later is left."""
        mine = update(LoginSession).where(LoginSession.id_hash == digest, LoginSession.expires_at < expires_at)
        with self._database.writing() as session:
            session.execute(mine.values(expires_at=expires_at, ends_at=ends_at, used_at=self._database.now()))

    def find_subscriber(self, cookie: str) -> Subscriber:
        """Return whose log-in that cookie is and what their screens subscribe to, in one round trip.

        Raises: NotFound for what is no log-in of an active agent any more, or of one who must choose a password, or set
        up a second factor, first.
        """
        mine = {"id_hash": login_digest(cookie), "now": self._database.now()}
        for agent_id, extension, paused_at, form_token, opened_at in self._database.fetch(_SUBSCRIBER, **mine):
            return Subscriber(agent_id, extension, paused_at is not None, form_token, opened_at is None)
        raise NotFound

    def close(self, cookie: str) -> None:
        """Log the browser out and end its streams; nothing happens when it was not logged in."""
        digest = login_digest(cookie)
        mine = delete(LoginSession).where(LoginSession.id_hash == digest).returning(LoginSession.agent_id)
        with self._database.writing(notifies=True) as session:
            agent_id = session.scalar(mine)
            if agent_id is not None:
                ended = LiveEvent(LiveEventKind.LOGIN_ENDED, agent_id, ref=digest.hex(), data={"reason": "logout"})
                now = self._database.now()
                publish(session, ended, now)
                write_entry(session, now, AuditKind.LOGGED_OUT, RecordKind.AGENT, agent_id)


# Every page asks it: in one round trip, and built once. Joined plainly: SQLite reads all of a join within a join.
_LOGIN = (
    select(LoginSession)
    .join(LoginSession.agent)
    .outerjoin(Membership, Membership.agent_id == Agent.id)
    .outerjoin(Group, Group.id == Membership.group_id)
    .where(LoginSession.id_hash == bindparam("id_hash"))
    .order_by(Group.name)
    .options(contains_eager(LoginSession.agent).contains_eager(Agent.groups))
)
_SUBSCRIBER = (
    select(LoginSession.agent_id, Extension.number, Agent.paused_at, LoginSession.form_token, LoginSession.opened_at)
    .join(Agent, Agent.id == LoginSession.agent_id)
    .outerjoin(Extension, Extension.agent_id == Agent.id)
    .where(LoginSession.id_hash == bindparam("id_hash"), Agent.is_active, ~Agent.must_change_password)
    .where(LoginSession.expires_at >= bindparam("now", type_=UtcDateTime), ~LoginSession.must_set_up_factor)
)


def _check_unchanged(session: Session, proved: Agent | None, by_provider: bool = False) -> None:
    """Raise LoginRefused when an agent has changed since they proved who they are, and hold changes up until the end.

    Between the two a password is hashed: who logs in all the time would be in again behind whatever ends log-ins.
    """
    if proved is None:
        return
    mine = select(Agent.is_active, Agent.password_hash, Agent.second_factor_at).where(Agent.id == proved.id)
    found = session.execute(mine.with_for_update(read=True)).one()
    is_same = (found.password_hash, found.second_factor_at) == (proved.password_hash, proved.second_factor_at)
    if not found.is_active or not (is_same or by_provider):
        raise LoginRefused


def check_login(session: Session, digest: bytes) -> None:
    """Raise NotFound when the log-in in which something is done has ended meanwhile; done by who has none, nothing.

    To be asked once the agent's row is held: what ends log-ins holds it, too.
    """
    if digest and session.get(LoginSession, digest) is None:
        raise NotFound


def end_logins(session: Session, agent_id: int, reason: str, now: datetime) -> None:
    """End all log-ins of an agent, and their streams, within a session; why is `LiveEventKind.LOGINS_ENDED`'s."""
    for table in (LoginSession, PendingLogin):
        session.execute(delete(table).where(table.agent_id == agent_id))
    publish(session, LiveEvent(LiveEventKind.LOGINS_ENDED, agent_id, data={"reason": reason}), now)


def end_some_logins(session: Session, agent_id: int, which: ColumnElement[bool], reason: str, now: datetime) -> int:
    """End those log-ins of an agent, and their streams, within a session; return how many.

    The reason is one of `LiveEventKind.LOGIN_ENDED`.
    """
    some = delete(LoginSession).where(LoginSession.agent_id == agent_id, which).returning(LoginSession.id_hash)
    ended = session.scalars(some).all()
    for digest in ended:
        event = LiveEvent(LiveEventKind.LOGIN_ENDED, agent_id, ref=digest.hex(), data={"reason": reason})
        publish(session, event, now)
    return len(ended)
