"""Single sign-on: who somebody is by their provider, and the role that their groups give. Pure rules.

An identity is issuer and subject; what else a provider says can change, and joins nobody to an agent.
Source: OpenID Connect Core 1.0, 5.7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from soap_service.errors import SignOnRefused
from soap_service.rules.roles import Role
from soap_service.rules.texts import clean_line

LONGEST_ID = 255
_LONGEST_LOGIN, _LONGEST_NAME = 60, 200


@dataclass(frozen=True)
class Identity:
    """Who somebody is: issuer and subject. Login, name and groups are what the provider says of them."""

    issuer: str
    subject: str
    login: str = ""
    name: str = ""
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SignOn:
    """What a browser was sent to the provider with; what comes back is compared with it."""

    state: str
    nonce: str
    verifier: str
    return_path: str = "/"


class Provider(Protocol):
    """Who vouches for agents. Every method may wait for it, some seconds at most; all raise ProviderAway."""

    roles: Mapping[str, Role]
    makes_agents: bool

    def begin(self, return_path: str) -> tuple[str, SignOn]:
        """Return the address to send the browser to, and what to remember."""
        ...

    def finish(self, begun: SignOn, answer: Mapping[str, str]) -> Identity:
        """Return whom the provider vouches for in its answer; raises SignOnRefused, SignOnCancelled."""
        ...

    def log_out_address(self) -> str:
        """Return where the log-in at the provider is ended; "" where it has no such page."""
        ...


def identity_of(claims: Mapping[str, Any], groups_claim: str) -> Identity:
    """Return the identity that checked claims tell of, its names without what cannot be seen.

    Raises: SignOnRefused for a subject that is empty, longer than `LONGEST_ID` or has what cannot be kept as it is.
    """
    subject = str(claims["sub"])
    if not 0 < len(subject) <= LONGEST_ID or clean_line(subject) != subject:
        raise SignOnRefused("the subject cannot be kept")
    login = str(claims.get("preferred_username") or claims.get("email") or "").partition("@")[0]
    name = clean_line(str(claims.get("name") or login))
    groups = claims.get(groups_claim)
    told = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    return Identity(
        str(claims["iss"]),
        subject,
        "".join(clean_line(login).lower().split())[:_LONGEST_LOGIN],
        name[:_LONGEST_NAME],
        frozenset(map(str, told)),
    )


def read_roles(text: str) -> dict[str, Role]:
    """Return the role of each group in a text (``administrator=desk-admins, agent=desk``); raises ValueError."""
    found = {}
    for item in filter(None, (one.strip() for one in text.split(","))):
        role, sign, group = item.partition("=")
        if not sign or not group.strip():
            raise ValueError(item)
        found[group.strip()] = Role(role.strip())
    return found


def role_of_groups(groups: frozenset[str], roles: Mapping[str, Role]) -> Role | None:
    """Return the role of most rights that one of the groups gives; None for no role."""
    order = list(Role)
    return max((roles[group] for group in groups if group in roles), key=order.index, default=None)
