"""Who may call the web services, whether they are on, and how often: what is asked before each call.

What administrators set is read again every second, so a call costs no query for it, and a revoked credential or a
parameter that was switched counts within that second.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from soap_service.errors import (
    CrossSite,
    IntegrationOff,
    LimitExceeded,
    NoCredential,
    OperationNotAllowed,
    UnknownPlatform,
    UnsupportedPassword,
    WrongAddress,
    WrongSecret,
)
from soap_service.language import SOURCE_LANGUAGE, translations_of
from soap_service.rate_limit import OWN_LIMITS, Limited, Limits
from soap_service.rules.credentials import (
    accepts_address,
    accepts_secret,
    composed,
    is_blank,
    networks_of,
    read_basic,
)
from soap_service.rules.parameters import WEB_SERVICES_ON
from soap_service.soap.guessing import Guessing
from soap_service.soap.headers import Token
from soap_service.soap.message import shown
from soap_service.store import KnownIntegration, Store

log = logging.getLogger(__name__)

#: How long what administrators set is believed, in seconds.
REFRESH_SECONDS = 1.0


@dataclass(frozen=True)
class _Rules:
    is_on: bool
    integrations: dict[str, KnownIntegration]
    read_at: float
    admitted: dict[bytes, KnownIntegration] = field(default_factory=dict)


class Admission:
    """Admit integrations. One per process; how often each may call is counted where the `limits` are."""

    def __init__(
        self, store: Store, calls_per_second: float, unknown_documents_per_minute: float, limits: Limits = OWN_LIMITS
    ) -> None:
        self._store = store
        self._rules = _Rules(False, {}, float("-inf"))
        self._damaged: set[str] = set()
        self._calls = limits.make(Limited.CALLS, calls_per_second, burst=max(1, int(calls_per_second * 2)))
        self.guessing = Guessing(store, unknown_documents_per_minute, limits)

    def must_refresh(self) -> bool:
        """Tell whether the rules are too old to be believed."""
        return time.monotonic() - self._rules.read_at > REFRESH_SECONDS

    def refresh(self) -> None:
        """Read the rules again; raises StoreUnavailable."""
        integrations = {composed(one.name): one for one in self._known()}
        for language in {one.language for one in integrations.values()}:
            translations_of(language)  # ready before the first sentence is said
        self.guessing.refresh(one.id for one in integrations.values())
        is_on = self._store.parameters.value(WEB_SERVICES_ON) == "S"
        self._rules = _Rules(is_on, integrations, time.monotonic())

    def _known(self) -> Iterator[KnownIntegration]:
        """Give each platform whose secret and addresses can be compared with anything; one of another is not let in.

        Somebody wrote that by hand. It is logged once, and holds up no other.
        """
        for row in self._store.integrations.list_all():
            try:
                known = KnownIntegration.of(row)
                accepts_secret(known, "")
                networks_of(known.addresses)
            except (ValueError, TypeError, AttributeError) as error:
                if row.name not in self._damaged:
                    log.error("integration %s is damaged and is not let in: %s", row.name, error)
                self._damaged.add(row.name)
            else:
                self._damaged.discard(row.name)
                yield known

    def identify(
        self, authorization: bytes, address: str | None, is_cross_site: bool = False, token: Token | None = None
    ) -> KnownIntegration:
        """Return the integration that calls: by its Authorization, else its UsernameToken, else its address.

        An address of None is uncertain. Raises: a kind of Unauthorized; UnsupportedPassword; CrossSite.
        """
        admitted = self._rules.admitted.get(authorization)
        if admitted is None:
            if is_blank(authorization):
                if token is None or token.is_blank:
                    return self._by_address(address, is_cross_site)
                return self._by_token(token, address, is_cross_site)
            admitted = self._prove(*(read_basic(authorization) or ("", "")))
            self._rules.admitted[authorization] = admitted
        return _at(admitted, address)

    def count_call(self, integration: KnownIntegration) -> None:
        """Count a call of an integration; raises LimitExceeded with its name when there are too many."""
        try:
            self._calls.spend(integration.id)
        except LimitExceeded:
            raise LimitExceeded(integration.name) from None

    def check_operation(self, integration: KnownIntegration, operation: str) -> None:
        """Raise OperationNotAllowed for an operation that is not the integration's, IntegrationOff when 281 is N."""
        if integration.operations and operation not in integration.operations:
            raise OperationNotAllowed(operation)
        if not self._rules.is_on:
            raise IntegrationOff

    def language_of(self, name: str) -> str:
        """Return the language of an integration, by its name; the source language for one that was not admitted."""
        integration = self._rules.integrations.get(composed(name))
        return SOURCE_LANGUAGE if integration is None else integration.language

    def _prove(self, name: str, secret: str) -> KnownIntegration:
        """Return the integration of that name when the secret is its own."""
        named = self._rules.integrations.get(name)
        if named is None:
            raise UnknownPlatform
        if not accepts_secret(named, secret):
            raise WrongSecret(named.name)
        return named

    def _by_token(self, token: Token, address: str | None, is_cross_site: bool) -> KnownIntegration:
        """Return the integration that a UsernameToken names.

        Stacks send one that was meant for others to every service: it is passed over where it may be.
        """
        name = composed(token.name)
        if not token.must_be_understood and name not in self._rules.integrations:
            with suppress(NoCredential):
                return self._by_address(address, is_cross_site)
        if token.password_type not in ("", "PasswordText"):
            raise UnsupportedPassword(shown(token.password_type))
        return _at(self._prove(name, composed(token.secret)), address)

    def _by_address(self, address: str | None, is_cross_site: bool) -> KnownIntegration:
        for integration in self._rules.integrations.values():
            if integration.secret_hash is None and accepts_address(integration, address):
                if is_cross_site:
                    raise CrossSite(integration.name)
                return integration
        raise NoCredential


def _at(integration: KnownIntegration, address: str | None) -> KnownIntegration:
    """Return an integration that has proven itself, unless it may not call from there; raises WrongAddress."""
    if integration.addresses and not accepts_address(integration, address):
        raise WrongAddress(integration.name)
    return integration
