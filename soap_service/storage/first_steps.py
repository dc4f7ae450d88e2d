"""What a desk needs before the first call pops up, as far as it is there. Asked only for administrators."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from sqlalchemy import bindparam, case, exists, literal_column, select

from soap_service.model import Agent, Call, Extension, Group, Integration, Membership, Parameter, Service
from soap_service.rules.calls import SIMULATION
from soap_service.rules.parameters import WEB_SERVICES_ON
from soap_service.storage.choices import Choice
from soap_service.storage.part import Part
from soap_service.tables.work import AgentChoice


@dataclass(frozen=True)
class FirstSteps:
    """Whether there is an agent who may execute, a service, a platform, the telephony on, an extension, a call."""

    agent: bool
    service: bool
    integration: bool
    telephony: bool
    extension: bool
    call: bool

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return all(astuple(self))


class Beginnings(Part):
    """The first run of a desk."""

    _has_agents = False

    def has_agents(self) -> bool:
        """Tell whether anybody could ever log in: an agent that was once added is never deleted."""
        if not self._has_agents:
            self._has_agents = bool(self._database.fetch(_ANY_AGENT))
        return self._has_agents

    def is_telephony_on(self) -> bool:
        """Tell whether parameter 281 is S."""
        return bool(self._database.fetch(_IS_ON))

    def find(self, agent_id: int) -> FirstSteps | None:
        """Return how far the desk has come, in one round trip; None for an agent who does not want to see it."""
        rows: Sequence[Sequence[int]] = self._database.fetch(_STEPS, agent_id=agent_id)
        *steps, is_dismissed = map(bool, rows[0])
        return None if is_dismissed else FirstSteps(*steps)


_IS_ON = select(Parameter.id).where(
    Parameter.id == literal_column(str(WEB_SERVICES_ON)), Parameter.value == literal_column("'S'")
)
_ANY_AGENT = select(Agent.id).limit(literal_column("1"))
_MAY_EXECUTE = (
    select(Agent.id)
    .join(Membership, Membership.agent_id == Agent.id)
    .join(Group, Group.id == Membership.group_id)
    .where(Agent.is_active, Group.may_execute)
    .exists()
)
_CAN_CALL = exists().where(Integration.revoked_at.is_(None), Integration.name != literal_column(f"'{SIMULATION}'"))
_IS_DISMISSED = exists().where(
    AgentChoice.agent_id == bindparam("agent_id"), AgentChoice.name == literal_column(f"'{Choice.CHECKLIST}'")
)
_STEPS = select(
    *(
        case((is_there, literal_column("1")), else_=literal_column("0"))
        for is_there in (
            _MAY_EXECUTE,
            exists().where(Service.is_active),
            _CAN_CALL,
            _IS_ON.exists(),
            exists().where(Extension.agent_id.is_not(None)),
            select(Call.id).exists(),
            _IS_DISMISSED,
        )
    )
)
