"""The provider of single sign-on: found by discovery, asked with PKCE, believed for what its keys have signed.

Every question waits some seconds at most, in the threads of who asks; one that was away a moment ago is not asked.
Whatever is published or answered is foreign: odd forms of it are refusals, and no failures of this program.
Source: OpenID Connect Core 1.0 and Discovery 1.0, RFC 7636, RFC 9207, OpenID Connect RP-Initiated Logout 1.0.
"""

import hmac
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from soap_service.config import Settings
from soap_service.errors import ProviderAway, SignOnCancelled, SignOnRefused
from soap_service.rules.roles import Role
from soap_service.rules.single_sign_on import Identity, SignOn, identity_of

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session
    from joserfc.jwk import KeySet

log = logging.getLogger(__name__)

RETURN = "/entrar/provedor/volta"
#: To connect, and between two pieces of an answer.
_SECONDS = (3.05, 5.0)
_BELIEVED = 3600.0
_NOT_ASKED = 5.0
#: How far the provider's clock may be from ours.
_LEEWAY = 60
_LONGEST_REASON = 300
#: Signatures with keys that are public; no other proves who has signed.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LOOPBACK = re.compile(r"localhost|127\.[0-9.]+|::1")


class IdentityProvider:
    """The provider that the settings name. What it publishes is believed for an hour."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time) -> None:
        self.roles: Mapping[str, Role] = settings.roles_by_group
        self.makes_agents = settings.oidc_new_agents == "yes"
        self._settings, self._secret, self._now = settings, settings.read_oidc_secret(), now
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._read_at = self._failed_at = self._keys_read_at = -_BELIEVED

    def begin(self, return_path: str) -> tuple[str, SignOn]:
        """Return the address to send the browser to, and what to remember; raises ProviderAway."""
        metadata = self._discover()
        begun = SignOn(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), return_path)
        with self._session() as session:
            address, _ = session.create_authorization_url(
                metadata["authorization_endpoint"], begun.state, begun.verifier, nonce=begun.nonce
            )
        return address, begun

    def finish(self, begun: SignOn, answer: Mapping[str, str]) -> Identity:
        """Return whom the provider vouches for in its answer.

        Raises: SignOnRefused with why, for the log; SignOnCancelled; ProviderAway.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
            raise SignOnRefused("the state is another one")
        if answer.get("iss", self._settings.oidc_issuer) != self._settings.oidc_issuer:
            raise SignOnRefused("the answer is another issuer's")
        if error := answer.get("error", ""):
            raise SignOnCancelled if error == "access_denied" else SignOnRefused(f"the provider says {error[:60]!r}")
        token = self._redeem(answer.get("code", ""), begun)
        claims = self._claims_of(str(token.get("id_token", "")), begun.nonce)
        if self._settings.oidc_groups_claim not in claims or "name" not in claims:
            claims = {**self._ask_user_info(str(token.get("access_token", "")), claims), **claims}
        return identity_of(claims, self._settings.oidc_groups_claim)

    def log_out_address(self) -> str:
        """Return where the log-in at the provider is ended; "" where it has no such page. Raises: ProviderAway."""
        page = self._discover().get("end_session_endpoint")
        if not page:
            return ""
        back = {
            "client_id": self._settings.oidc_client_id,
            "post_logout_redirect_uri": f"{self._settings.base_url}/entrar",
        }
        return f"{page}{'&' if '?' in page else '?'}{urlencode(back)}"

    def _redeem(self, code: str, begun: SignOn) -> dict[str, Any]:
        import requests
        from authlib.integrations.base_client import OAuthError

        if not code:
            raise SignOnRefused("the answer has no code")
        try:
            with self._session() as session:
                token: dict[str, Any] = session.fetch_token(
                    self._discover()["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=begun.verifier,
                    timeout=_SECONDS,
                    allow_redirects=False,
                )
        except OAuthError as error:
            raise SignOnRefused(f"the code was refused: {error.error!s:.60}") from None
        except (requests.RequestException, ValueError, TypeError, LookupError, RecursionError) as error:
            raise self._away(error) from None
        return token

    def _claims_of(self, id_token: str, nonce: str) -> dict[str, Any]:
        """Return what a signed token claims, once all of it was checked; raises SignOnRefused, ProviderAway."""
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        published = self._discover().get("id_token_signing_alg_values_supported", _ALGORITHMS)
        algorithms = [name for name in _ALGORITHMS if isinstance(published, list | tuple) and name in published]
        if not algorithms:  # the library would take its own defaults
            raise SignOnRefused("the provider signs by nothing that is believed")
        try:
            try:
                token = jwt.decode(id_token, self._read_keys(), algorithms)
            except InvalidKeyIdError:  # signed with a key that is newer than what was read
                token = jwt.decode(id_token, self._read_keys(is_new=True), algorithms)
            jwt.JWTClaimsRegistry(
                now=int(self._now()),
                leeway=_LEEWAY,
                iss={"essential": True, "value": self._settings.oidc_issuer},
                aud={"essential": True, "value": self._settings.oidc_client_id},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(token.claims)
        except (JoseError, ValueError, TypeError, LookupError, RecursionError) as error:
            raise SignOnRefused(f"the token was refused: {type(error).__name__}: {error!s:.120}") from None
        claims = dict(token.claims)
        if claims["nonce"] != nonce:  # the library takes a list that has it, too
            raise SignOnRefused("the nonce is another one")
        is_of_many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (is_of_many or "azp" in claims) and claims.get("azp") != self._settings.oidc_client_id:
            raise SignOnRefused("the token was given to another program")
        return claims

    def _ask_user_info(self, access_token: str, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the provider says of whom the token is about, beside the token; nothing where it says nothing."""
        place = self._discover().get("userinfo_endpoint")
        if not place or not access_token:
            return {}
        told = self._get(place, {"Authorization": f"Bearer {access_token}"})
        if told.get("sub") != claims["sub"]:
            raise SignOnRefused("the provider tells of somebody else")
        return told

    def _discover(self) -> dict[str, Any]:
        """Return what the provider publishes of itself; raises ProviderAway."""
        with self._lock:
            if time.monotonic() - self._read_at < _BELIEVED:
                return self._metadata
            if time.monotonic() - self._failed_at < _NOT_ASKED:
                raise ProviderAway(self._settings.oidc_issuer)
            issuer = self._settings.oidc_issuer
            found = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != issuer:
                raise self._away(f"it calls itself {found.get('issuer')!r}, and oidc_issuer is {issuer!r}")
            needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            for name in (*needed, "userinfo_endpoint", "end_session_endpoint"):
                if (name in found or name in needed) and not _is_safe(found.get(name)):
                    raise self._away(f"its {name} is {found.get(name)!r}")
            self._metadata, self._read_at = found, time.monotonic()
            return found

    def _read_keys(self, *, is_new: bool = False) -> "KeySet":
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        place = self._discover()["jwks_uri"]
        with self._lock:
            age = time.monotonic() - self._keys_read_at
            if self._keys is None or age > _BELIEVED or (is_new and age > _NOT_ASKED):
                try:
                    self._keys = KeySet.import_key_set(self._get(place))  # type: ignore[arg-type]
                except (JoseError, ValueError, TypeError, LookupError) as error:
                    raise self._away(error) from None
                self._keys_read_at = time.monotonic()
            return self._keys

    def _get(self, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON object at an address of the provider; raises ProviderAway."""
        import requests

        from soap_service.identity.bounded_answers import bound

        try:
            with requests.Session() as session:
                bound(session)
                answer = session.get(address, headers=headers, timeout=_SECONDS, allow_redirects=False)
            if answer.status_code != requests.codes.ok:
                raise self._away(f"{address} answers {answer.status_code}")
            told = answer.json()
        except (requests.RequestException, ValueError, RecursionError) as error:
            raise self._away(error) from None
        if not isinstance(told, dict):
            raise self._away(f"{address} answers no object")
        return told

    def _away(self, why: object) -> ProviderAway:
        log.warning("single sign-on is away: %s", str(why)[:_LONGEST_REASON])
        self._failed_at = time.monotonic()
        return ProviderAway(self._settings.oidc_issuer)

    def _session(self) -> "OAuth2Session":
        from authlib.integrations.requests_client import OAuth2Session

        from soap_service.identity.bounded_answers import bound

        methods = self._metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        is_basic = not isinstance(methods, list) or "client_secret_basic" in methods
        method = "client_secret_basic" if is_basic else "client_secret_post"
        session = OAuth2Session(
            self._settings.oidc_client_id,
            self._secret or None,
            token_endpoint_auth_method=method if self._secret else "none",
            scope=self._settings.oidc_scopes,
            redirect_uri=f"{self._settings.base_url}{RETURN}",
            code_challenge_method="S256",
            default_timeout=_SECONDS,
        )
        bound(session)
        return session


def _is_safe(address: object) -> bool:
    """Tell whether an address is of https, or of this machine: its host, and not what only looks like one before it."""
    try:
        parts = urlsplit(str(address))
    except ValueError:
        return False
    is_here = parts.scheme == "http" and _LOOPBACK.fullmatch(parts.hostname or "") is not None
    return bool(parts.hostname) and (parts.scheme == "https" or is_here)
