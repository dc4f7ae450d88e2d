"""What agents choose for themselves, by name: kept with the agent, and the same in every browser of theirs."""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import bindparam, delete, select

from soap_service.storage.part import Part
from soap_service.tables.work import AgentChoice


class Choice(StrEnum):
    """The names of what can be chosen. A choice that is not kept is the usual one."""

    #: "light" or "dark"; else what the browser prefers.
    THEME = "theme"
    #: "off": single keys do nothing.
    KEYS = "keys"
    #: The filters and the order of the list of requests, as its address has them.
    LIST = "list"
    #: "off": the first steps are shown no more.
    CHECKLIST = "checklist"


class Choices(Part):
    """Choices of agents."""

    def list_of(self, agent_id: int) -> Mapping[str, str]:
        """Return what an agent has chosen, by name, in one round trip."""
        return dict(self._database.fetch(_CHOICES, agent_id=agent_id))

    def choose(self, agent_id: int, choices: Mapping[Choice, str]) -> None:
        """Keep choices of an agent; an empty one is forgotten."""
        with self._database.writing() as session:
            for name, value in choices.items():
                if not value:
                    mine = AgentChoice.agent_id == agent_id, AgentChoice.name == name
                    session.execute(delete(AgentChoice).where(*mine))
                    continue
                row = {"agent_id": agent_id, "name": str(name), "value": value}
                new = self._database.insert_into(AgentChoice).values(row)
                session.execute(new.on_conflict_do_update(index_elements=["agent_id", "name"], set_={"value": value}))


_CHOICES = select(AgentChoice.name, AgentChoice.value).where(AgentChoice.agent_id == bindparam("agent_id"))
