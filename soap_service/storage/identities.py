"""Identities of single sign-on: whose they are, which wait for an administrator, and sign-ons on their way."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from soap_service.errors import AlreadyExists, NotFound
from soap_service.model import Agent, AgentIdentity, PendingSignOn
from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.rules.credentials import login_digest
from soap_service.rules.roles import Role
from soap_service.rules.single_sign_on import Identity, SignOn
from soap_service.storage.audit import write_entry
from soap_service.storage.history import record
from soap_service.storage.logins import end_logins
from soap_service.storage.part import Part

#: So long a browser may be at the provider.
SIGN_ON_WITHIN = timedelta(minutes=10)
#: So long an identity that is nobody's waits, and so many of them, the newest.
_WAITS_FOR = timedelta(days=30)
_MOST_WAITING = 200
_HISTORY = "OpenID Connect"


class Identities(Part):
    """Joining, separating, finding. Only an administrator joins an identity to an agent who was there before."""

    def begin(self, begun: SignOn) -> str:
        """Remember what a browser was sent away with, and return the random id for its cookie."""
        cookie, now = secrets.token_urlsafe(32), self._database.now()
        with self._database.writing() as session:
            session.execute(delete(PendingSignOn).where(PendingSignOn.expires_at < now))
            session.add(
                PendingSignOn(
                    id_hash=login_digest(cookie),
                    state=begun.state,
                    nonce=begun.nonce,
                    verifier=begun.verifier,
                    return_path=begun.return_path[:2000],
                    expires_at=now + SIGN_ON_WITHIN,
                )
            )
        return cookie

    def take(self, cookie: str) -> SignOn:
        """Return what a browser was sent away with, once; raises NotFound."""
        mine = delete(PendingSignOn).where(PendingSignOn.id_hash == login_digest(cookie))
        with self._database.writing() as session:
            row = session.execute(
                mine.returning(
                    PendingSignOn.state,
                    PendingSignOn.nonce,
                    PendingSignOn.verifier,
                    PendingSignOn.return_path,
                    PendingSignOn.expires_at,
                )
            ).first()
        if row is None or row.expires_at < self._database.now():
            raise NotFound
        return SignOn(row.state, row.nonce, row.verifier, row.return_path)

    def find_agent(self, identity: Identity) -> Agent:
        """Return the agent whose identity it is, active or not; one that is nobody's waits. Raises: NotFound."""
        agent = self._database.retrying(lambda: self._find_agent(identity))
        if agent is None:
            raise NotFound(identity.subject)
        return agent

    def _find_agent(self, identity: Identity) -> Agent | None:
        now = self._database.now()
        with self._database.writing() as session:
            found = self._find(session, identity)
            if found is None:
                found = AgentIdentity(issuer=identity.issuer, subject=identity.subject)
                session.add(found)
            found.login, found.name, found.seen_at = identity.login, identity.name, now
            session.flush()
            if found.agent_id is not None:
                return session.get_one(Agent, found.agent_id)
            self._purge(session)
        return None

    def add_agent(self, identity: Identity, role: Role) -> Agent:
        """Add an agent who has no password, with an identity that is nobody's. Raises: AlreadyExists with the login."""
        return self._database.retrying(lambda: self._add_agent(identity, role))

    def _add_agent(self, identity: Identity, role: Role) -> Agent:
        with self._database.writing() as session:
            taken = select(Agent.id).where(Agent.login == identity.login)
            if not identity.login or session.scalar(taken) is not None:
                raise AlreadyExists(identity.login)
            agent = Agent(login=identity.login, name=identity.name, password_hash="", role=role)
            session.add(agent)
            session.flush()
            now = self._database.now()
            record(session, now, _HISTORY, "agent", "added", agent.login, record_id=agent.id)
            if (found := self._find(session, identity)) is None or found.agent_id is not None:
                raise NotFound(identity.subject)
            found.agent_id, found.joined_at = agent.id, now
            write_entry(session, now, AuditKind.IDENTITY_JOINED, RecordKind.AGENT, agent.id)
        return agent

    def list_of(self, agent_id: int) -> Sequence[AgentIdentity]:
        """Return an agent's identities."""
        mine = select(AgentIdentity).where(AgentIdentity.agent_id == agent_id).order_by(AgentIdentity.id)
        with self._database.reading() as session:
            return session.scalars(mine).all()

    def list_waiting(self) -> Sequence[AgentIdentity]:
        """Return the identities that are nobody's, newest first."""
        nobodys = select(AgentIdentity).where(AgentIdentity.agent_id.is_(None))
        with self._database.reading() as session:
            return session.scalars(nobodys.order_by(AgentIdentity.seen_at.desc())).all()

    def join(self, identity_id: int, agent_id: int) -> None:
        """Make an identity an agent's; raises NotFound for one that is somebody's, or gone."""
        with self._database.writing() as session:
            found = session.get(AgentIdentity, identity_id, with_for_update=True)
            if found is None or found.agent_id is not None or session.get(Agent, agent_id) is None:
                raise NotFound(identity_id)
            found.agent_id, found.joined_at = agent_id, self._database.now()
            write_entry(session, self._database.now(), AuditKind.IDENTITY_JOINED, RecordKind.AGENT, agent_id)

    def separate(self, identity_id: int, agent_id: int) -> None:
        """Take an identity from an agent, whose log-ins end; raises NotFound for one that is not theirs."""
        mine = (AgentIdentity.id == identity_id, AgentIdentity.agent_id == agent_id)
        with self._database.writing(notifies=True) as session:
            if session.scalar(delete(AgentIdentity).where(*mine).returning(AgentIdentity.id)) is None:
                raise NotFound(identity_id)
            now = self._database.now()
            end_logins(session, agent_id, "ended", now)
            write_entry(session, now, AuditKind.IDENTITY_SEPARATED, RecordKind.AGENT, agent_id)

    def _find(self, session: Session, identity: Identity) -> AgentIdentity | None:
        mine = (AgentIdentity.issuer == identity.issuer, AgentIdentity.subject == identity.subject)
        return session.scalar(select(AgentIdentity).where(*mine))

    def _purge(self, session: Session) -> None:
        """Forget identities that have waited in vain, or are too many."""
        nobodys = AgentIdentity.agent_id.is_(None)
        newest = select(AgentIdentity.id).where(nobodys).order_by(AgentIdentity.seen_at.desc()).limit(_MOST_WAITING)
        long_ago = AgentIdentity.seen_at < self._database.now() - _WAITS_FOR
        session.execute(delete(AgentIdentity).where(nobodys, AgentIdentity.id.not_in(newest) | long_ago))
