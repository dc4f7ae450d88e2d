"""Extensions that only some agents may take. One without a permit is anybody's."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from soap_service.errors import AgentNotFound, InvalidValue, Reason
from soap_service.model import Agent, Extension
from soap_service.rules.extensions import is_extension
from soap_service.storage.history import COMMAND, record
from soap_service.storage.part import Part
from soap_service.tables.work import ExtensionPermit


class ExtensionPermits(Part):
    """Who may take which extension."""

    def list_all(self) -> Sequence[tuple[str, Sequence[str]]]:
        """Return each limited extension with the logins of the agents who may take it."""
        query = select(ExtensionPermit.number, Agent.login).join(Agent, Agent.id == ExtensionPermit.agent_id)
        with self._database.reading() as session:
            rows = session.execute(query.order_by(ExtensionPermit.number, Agent.login)).all()
        return [(number, [row[1] for row in some]) for number, some in groupby(rows, key=lambda row: str(row[0]))]

    def limit(self, number: str, logins: Sequence[str], actor: str = COMMAND) -> None:
        """Let only these agents take an extension, anybody if none is named; who holds it and may not loses it.

        Raises: InvalidValue for a number that no extension can have; AgentNotFound with a login.
        """
        if not is_extension(number):
            raise InvalidValue("extension", Reason.NO_EXTENSION)
        self._database.retrying(lambda: self._limit(number, sorted(set(logins)), actor))

    def _limit(self, number: str, logins: Sequence[str], actor: str) -> None:
        with self._database.writing(notifies=True) as session:
            agents = {agent.login: agent for agent in session.scalars(select(Agent).where(Agent.login.in_(logins)))}
            for login in logins:
                if login not in agents:
                    raise AgentNotFound(login)
            extension = session.get(Extension, number, with_for_update=True)
            before = sorted(session.scalars(_permitted(number).with_only_columns(Agent.login)))
            if before == list(logins):
                return
            session.execute(delete(ExtensionPermit).where(ExtensionPermit.number == number))
            session.add_all(ExtensionPermit(number=number, agent_id=agents[login].id) for login in logins)
            now = self._database.now()
            if logins and extension is not None and extension.agent_id not in {one.id for one in agents.values()}:
                extension.agent_id, extension.taken_from_id, extension.changed_at = None, None, now
            changed = {"agents": (", ".join(before), ", ".join(logins))}
            record(session, now, actor, "extension", "changed", number, changed, record_id=number)


def check_permit(session: Session, number: str, agent_id: int) -> None:
    """Refuse an extension that is limited to others; raises InvalidValue."""
    permitted = session.scalars(_permitted(number).with_only_columns(Agent.id)).all()
    if permitted and agent_id not in permitted:
        raise InvalidValue("extension", Reason.EXTENSION_RESERVED)


def _permitted(number: str) -> Any:
    mine = ExtensionPermit.agent_id == Agent.id
    return select(Agent).join(ExtensionPermit, mine).where(ExtensionPermit.number == number)
