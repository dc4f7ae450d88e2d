"""What all visits of the screens share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

from soap_service.importing.jobs import Imported, ImportJob
from soap_service.rate_limit import OWN_LIMITS, Limit, Limited, Limits
from soap_service.rules.auditing import Actor
from soap_service.rules.calls import Simulated
from soap_service.rules.login_limits import LoginLimits
from soap_service.rules.roles import Role
from soap_service.rules.single_sign_on import Provider
from soap_service.screens.assets import Assets
from soap_service.screens.pages import Pages
from soap_service.store import Store

ImportFile = Callable[[ImportJob, IO[bytes], IO[bytes] | None, Actor], Imported]


def begun_sign_ons(limits: Limits) -> Limit:
    """Return how often an address may begin to log in at the provider."""
    return limits.make(Limited.SIGN_ONS, rate=1, burst=30)


def recorded_refusals(limits: Limits) -> Limit:
    """Return how often refused log-ins of an address are recorded."""
    return limits.make(Limited.RECORDED_REFUSALS, rate=1 / 60, burst=1)


@dataclass(frozen=True)
class Premises:
    """What all visits share.

    `simulate` sends a call with a document to an extension, its receipt in a language; without it nobody can.
    `endpoint_url` is the address of the web services. `import_file` takes a file in and writes its rejects.
    Agents of the roles `second_factor_of` must have a second factor. `provider` is that of single sign-on, if any;
    where there are `password_logins`, no other may log in by password. Pages of `framing_origins` may show the screens
    in a frame.
    """

    store: Store
    pages: Pages
    assets: Assets
    login_limits: LoginLimits
    is_https: bool
    simulate: Callable[[str, str, str], Simulated] | None = None
    endpoint_url: str = ""
    import_file: ImportFile | None = None
    second_factor_of: frozenset[Role] = frozenset()
    provider: Provider | None = None
    password_logins: frozenset[str] = frozenset()
    framing_origins: tuple[str, ...] = ()
    sign_ons_begun: Limit = field(default_factory=lambda: begun_sign_ons(OWN_LIMITS))
    refusals_recorded: Limit = field(default_factory=lambda: recorded_refusals(OWN_LIMITS))
