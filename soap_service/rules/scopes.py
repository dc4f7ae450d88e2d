"""Which requests an agent sees who does not see all. Pure rules.

An agent sees all requests unless every group they are in is restricted; administrators and agents without a group see
all. Source: docs/roles.md, Need to know.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """What a restricted agent sees: requests of their groups, their own, and those opened in calls they answered."""

    agent_id: int
    group_ids: tuple[int, ...]
    numbers: frozenset[int] = frozenset()

    def sees(self, number: int, group_id: int, responsible_id: int | None) -> bool:
        """Tell whether a request is one of these."""
        return group_id in self.group_ids or responsible_id == self.agent_id or number in self.numbers
