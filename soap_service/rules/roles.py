"""What an agent may do: roles, and the permissions of each. Pure rules; the screens' routes say which one they need.

Which requests an agent may execute, and sees, is a matter of groups beside the role. Source: docs/roles.md.
"""

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    """What a route can need."""

    VIEW = "view"  # lists, searches, requests, calls, one's own preferences
    WORK = "work"  # an extension and its calls, opening and executing requests
    SUPERVISE = "supervise"  # the panel, exports, forwarding and assigning what others execute, many at once too
    ADMINISTER = "administer"  # everything under Administration


class Role(StrEnum):
    """What an agent is; a property of the agent."""

    VIEWER = "viewer"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.VIEW}),
    Role.AGENT: frozenset({Permission.VIEW, Permission.WORK}),
    Role.SUPERVISOR: frozenset({Permission.VIEW, Permission.WORK, Permission.SUPERVISE}),
    Role.ADMINISTRATOR: frozenset(Permission),
}


def role_of(stored: str, is_admin: bool) -> Role:
    """Return the role that a row means.

    Nodes of the version before know `is_admin` alone, and change nothing else: it decides who administers.
    """
    if is_admin:
        return Role.ADMINISTRATOR
    return Role(stored) if stored in (Role.VIEWER, Role.SUPERVISOR) else Role.AGENT
