"""Second factors: authenticators by their agents, the codes that are accepted, and recovery codes."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from soap_service.errors import AlreadyExists, LoginRefused, NotFound, SecretKeyMissing
from soap_service.model import Agent, LoginSession, PendingLogin, RecoveryCode, SecondFactor
from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.rules.totp import (
    is_from_app,
    matching_step,
    new_key,
    new_recovery_codes,
    recovery_digest,
    typed_code,
)
from soap_service.storage.audit import write_entry
from soap_service.storage.database import Database
from soap_service.storage.logins import check_login, end_some_logins
from soap_service.storage.part import Part
from soap_service.storage.secret_key import SUFFIX, SecretKey

#: So long a key that was shown waits for its first code.
_CONFIRMED_WITHIN = timedelta(minutes=15)


class SecondFactors(Part):
    """Setting up, checking and removing. Keys are encrypted, with the agent's id, by a key outside the database."""

    def __init__(self, database: Database, secret_key: SecretKey) -> None:
        super().__init__(database)
        self.secret_key = secret_key

    def begin(self, agent_id: int) -> bytes:
        """Return a new key, which counts once `confirm` was told a code of it; one that was not confirmed is gone.

        Raises: AlreadyExists for an agent who has one; SecretKeyMissing.
        """
        self._make_key()
        key = new_key()
        key_id, sealed = self.secret_key.seal(key, _about(agent_id))
        self._database.retrying(lambda: self._put(agent_id, key_id, sealed))
        return key

    def _put(self, agent_id: int, key_id: str, sealed: bytes) -> None:
        row = {"key_id": key_id, "sealed_key": sealed, "begun_at": self._database.now()}
        put = self._database.insert_into(SecondFactor).values(agent_id=agent_id, **row)
        put = put.on_conflict_do_update(  # one statement: of several at once none fails
            index_elements=[SecondFactor.agent_id], set_=row, where=~SecondFactor.is_confirmed
        ).returning(SecondFactor.agent_id)
        with self._database.writing() as session:
            if session.execute(put).first() is None:
                raise AlreadyExists(agent_id)

    def begun_key(self, agent_id: int) -> bytes:
        """Return the key that waits for its first code; raises NotFound for none, SecretKeyMissing."""
        since = self._database.now() - _CONFIRMED_WITHIN
        mine = select(SecondFactor).where(SecondFactor.agent_id == agent_id, ~SecondFactor.is_confirmed)
        with self._database.reading() as session:
            found = session.scalar(mine.where(SecondFactor.begun_at > since))
        if found is None:
            raise NotFound(agent_id)
        return self._key_of(found)

    def confirm(self, agent_id: int, code: str, login: bytes) -> list[str]:
        """Have the key count that was begun, if the code is one of it, and return recovery codes.

        The agent's log-ins but that one end: they had no code.

        Raises: NotFound, also when that log-in has ended; LoginRefused for another code; SecretKeyMissing.
        """
        key, now = self.begun_key(agent_id), self._database.now()
        step = matching_step(key, typed_code(code), now.timestamp())
        if step is None:
            raise LoginRefused
        codes = new_recovery_codes()
        mine = (SecondFactor.agent_id == agent_id, ~SecondFactor.is_confirmed)
        with self._database.writing(notifies=True) as session:
            confirmed = update(SecondFactor).where(*mine).values(is_confirmed=True, last_step=step)
            if session.scalar(confirmed.returning(SecondFactor.agent_id)) is None:
                raise NotFound(agent_id)
            _put_codes(session, agent_id, codes)
            session.execute(update(Agent).where(Agent.id == agent_id).values(second_factor_at=now))
            check_login(session, login)
            session.execute(update(LoginSession).where(LoginSession.id_hash == login).values(must_set_up_factor=False))
            end_some_logins(session, agent_id, LoginSession.id_hash != login, "ended", now)
            write_entry(session, now, AuditKind.SECOND_FACTOR_SET_UP, RecordKind.AGENT, agent_id)
        return codes

    def accept(self, agent_id: int, text: str) -> None:
        """Use up a code of the agent's app or a recovery code.

        Raises: LoginRefused for a code that is wrong, of another time, or was used; SecretKeyMissing.
        """
        code = typed_code(text)
        if is_from_app(code):
            self._accept_from_app(agent_id, code)
        else:
            self._accept_recovery(agent_id, code)

    def _accept_from_app(self, agent_id: int, code: str) -> None:
        mine = select(SecondFactor).where(SecondFactor.agent_id == agent_id, SecondFactor.is_confirmed)
        with self._database.reading() as session:
            found = session.scalar(mine)
        if found is None:
            raise LoginRefused
        step = matching_step(self._key_of(found), code, self._database.now().timestamp())
        if step is None:
            raise LoginRefused
        # Of two who bring the same code at once, one finds it unused.
        unused = (SecondFactor.agent_id == agent_id, SecondFactor.last_step < step)
        used = update(SecondFactor).where(*unused).values(last_step=step).returning(SecondFactor.agent_id)
        with self._database.writing() as session:
            if session.scalar(used) is None:
                raise LoginRefused

    def _accept_recovery(self, agent_id: int, code: str) -> None:
        mine = (RecoveryCode.agent_id == agent_id, RecoveryCode.code_hash == recovery_digest(agent_id, code))
        with self._database.writing() as session:
            if session.scalar(delete(RecoveryCode).where(*mine).returning(RecoveryCode.agent_id)) is None:
                raise LoginRefused
            write_entry(session, self._database.now(), AuditKind.RECOVERY_CODE_USED, RecordKind.AGENT, agent_id)

    def codes_left(self, agent_id: int) -> int:
        """Return how many recovery codes the agent has not used."""
        with self._database.reading() as session:
            count = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.agent_id == agent_id)
            return session.scalar(count) or 0

    def renew_codes(self, agent_id: int) -> list[str]:
        """Return new recovery codes, which replace those before; raises NotFound without a second factor."""
        codes = new_recovery_codes()
        with self._database.writing() as session:
            if not _is_set_up(session, agent_id):
                raise NotFound(agent_id)
            _put_codes(session, agent_id, codes)
            write_entry(session, self._database.now(), AuditKind.RECOVERY_CODES_MADE, RecordKind.AGENT, agent_id)
        return codes

    def remove(self, agent_id: int, login: bytes = b"", must_set_up: bool = False) -> None:
        """Take the second factor from an agent, and end their log-ins but that one, in which they `must_set_up` one.

        Nothing happens without one. Raises: NotFound when that log-in has ended.
        """
        now = self._database.now()
        with self._database.writing(notifies=True) as session:
            if not _is_set_up(session, agent_id):
                return
            for table in (RecoveryCode, SecondFactor, PendingLogin):
                session.execute(delete(table).where(table.agent_id == agent_id))
            session.execute(update(Agent).where(Agent.id == agent_id).values(second_factor_at=None))
            check_login(session, login)
            mine = update(LoginSession).where(LoginSession.id_hash == login)
            session.execute(mine.values(must_set_up_factor=must_set_up))
            end_some_logins(session, agent_id, LoginSession.id_hash != login, "ended", now)
            write_entry(session, now, AuditKind.SECOND_FACTOR_REMOVED, RecordKind.AGENT, agent_id)

    def list_unreadable(self) -> Sequence[Agent]:
        """Return the active agents whose codes cannot be checked, since the key is another one or not there."""
        other = exists().where(SecondFactor.agent_id == Agent.id, SecondFactor.key_id != self.secret_key.id())
        mine = select(Agent).where(Agent.is_active, Agent.second_factor_at.is_not(None), other)
        with self._database.reading() as session:
            return session.scalars(mine.order_by(Agent.login)).all()

    def _make_key(self) -> None:
        """Make the key with the first secret; a database that has others waits for theirs. Raises SecretKeyMissing."""
        with self._database.reading() as session:
            known = session.scalars(select(SecondFactor.key_id).where(SecondFactor.is_confirmed).distinct()).all()
        if not known:
            self.secret_key.make()
        elif self.secret_key.id() not in known:
            raise SecretKeyMissing(self.secret_key.file or "")

    def _key_of(self, found: SecondFactor) -> bytes:
        return self.secret_key.unseal(found.sealed_key, _about(found.agent_id))


def key_file_beside(database: Database) -> Path | None:
    """Return where the key of an embedded database lies; for a server's a setting says so."""
    file = database.backend.file
    return None if file is None else file.with_name(f"{file.name}{SUFFIX}")


def _about(agent_id: int) -> str:
    return f"authenticator of agent {agent_id}"


def _is_set_up(session: Session, agent_id: int) -> bool:
    mine = select(SecondFactor.agent_id).where(SecondFactor.agent_id == agent_id, SecondFactor.is_confirmed)
    return session.scalar(mine) is not None


def _put_codes(session: Session, agent_id: int, codes: Sequence[str]) -> None:
    session.execute(delete(RecoveryCode).where(RecoveryCode.agent_id == agent_id))
    rows = [{"code_hash": recovery_digest(agent_id, code), "agent_id": agent_id} for code in codes]
    session.execute(insert(RecoveryCode), rows)
