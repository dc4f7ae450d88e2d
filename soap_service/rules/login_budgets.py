"""How many passwords may be tried: by account, by network, in all, and from a browser that has been let in before.

A stranger spends of the account's budget, and can use it up; a browser from which that agent has logged in before has
a budget of its own, which no stranger reaches. Source: OWASP, Slow Down Online Guessing Attacks with Device Cookies.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from soap_service.rate_limit import limited_address


@dataclass(frozen=True)
class Budget:
    """`most` tries at once, and another one every so many `seconds`."""

    most: int
    seconds: float

    def is_spent(self, full_at: float, now: float) -> bool:
        """Tell whether no try is left in a budget that is full again at a moment; both in seconds since 1970."""
        return full_at - now > self.seconds * (self.most - 1)

    def is_overspent(self, full_at: float, now: float) -> bool:
        """Tell whether a try was one too many, by when the budget would be full again after it."""
        return full_at - now > self.seconds * self.most


_KNOWN_BROWSER = Budget(10, 60)
_LOGIN_FROM_NETWORK = Budget(10, 60)
_LOGIN = Budget(100, 60)
_NETWORK = Budget(30, 2)
_IN_ALL = Budget(1000, 1)
_OWN_PASSWORD = Budget(10, 60)
#: Three codes of a million are right at a time: at 288 tries a day one of them is hit in three years.
_CODE = Budget(10, 300)


@dataclass(frozen=True)
class TryBudgets:
    """What a try spends of, by key. A success fills those `forgiven` and gives back to those `returned`."""

    forgiven: Mapping[bytes, Budget]
    returned: Mapping[bytes, Budget]

    @property
    def spent(self) -> Mapping[bytes, Budget]:
        """All of them."""
        return {**self.forgiven, **self.returned}


def budgets_of_stranger(login: str, address: str) -> TryBudgets:
    """Return what a try spends of from a browser that has not logged in as that agent before."""
    network = limited_address(address)
    forgiven = {_key("login", login): _LOGIN, _key("login from network", login, network): _LOGIN_FROM_NETWORK}
    return TryBudgets(forgiven, {_key("network", network): _NETWORK, _key("all"): _IN_ALL})


def budgets_of_known(browser: bytes, login: str) -> TryBudgets:
    """Return what a try spends of from a browser that has, by its digest."""
    return TryBudgets({_key("browser", browser.hex(), login): _KNOWN_BROWSER}, {})


def budgets_of_code(agent_id: int, browser: bytes | None) -> TryBudgets:
    """Return what a try of a code spends of, after the right password: from a browser known by that digest, or not.

    Who has the password can spend the account's budget, and no known browser's.
    """
    if browser is not None:
        return TryBudgets({_key("code from browser", browser.hex(), str(agent_id)): _KNOWN_BROWSER}, {})
    return TryBudgets({_key("code", str(agent_id)): _CODE}, {})


def budgets_of_own_password(agent_id: int) -> TryBudgets:
    """Return what a try of one's own password spends of, within a log-in."""
    return TryBudgets({_key("own password", str(agent_id)): _OWN_PASSWORD}, {})


def _key(*parts: str) -> bytes:
    """Return the key of a budget: what was typed as a login may be a password, so its digest is kept."""
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).digest()
