"""Who somebody is: platforms' secrets and addresses, the session cookie. Pure rules."""

import base64
import binascii
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Protocol

from soap_service.errors import InvalidValue, Reason

Network = IPv4Network | IPv6Network

#: The cookie that holds a logged-in browser's random id; over https with a prefix (`cookie_name`).
SESSION_COOKIE = "soap_service_session"
_TYPED_BYTES, _TYPED_LETTERS, _GROUP = 20, 28, 4
#: What makes the first agent, who is let in to make the others.
FIRST_COMMAND = "soap-service agent add maria --name 'Maria Lima' --executor-group SDNIVEL1 --admin --permanent"


def cookie_name(name: str, is_https: bool) -> str:
    """Return a cookie's name: over https one that no other host and no page of plain http can set.

    Source: RFC 6265bis, 4.1.3.2.
    """
    return f"__Host-{name}" if is_https else name


def login_cookie(cookies: Mapping[str, str], is_https: bool) -> tuple[str, bool]:
    """Return the log-in's cookie, "" for none, and whether over https it has its name of before 0.2.0."""
    value = cookies.get(cookie_name(SESSION_COOKIE, is_https), "")
    if value or not is_https:
        return value, False
    return cookies.get(SESSION_COOKIE, ""), True


def login_digest(cookie: str) -> bytes:
    """Return what is kept of a log-in's cookie: its SHA-256."""
    return hashlib.sha256(cookie.encode()).digest()


@dataclass(frozen=True)
class NewSecret:
    """A platform's secret: shown once, kept as salt and digest."""

    text: str
    salt: bytes
    digest: bytes


def make_secret() -> NewSecret:
    """Return a new secret of 192 random bits. With so many, a fast keyed hash is as good as a slow one."""
    text, salt = secrets.token_urlsafe(24), secrets.token_bytes(32)
    return NewSecret(text, salt, _digest(text, salt))


def draw_typed_secret() -> str:
    """Return a new secret of 140 random bits that a person can type: small letters and digits in groups of four.

    A fast hash of it is as good as a slow one.
    """
    text = base64.b32encode(secrets.token_bytes(_TYPED_BYTES)).decode().lower()
    return in_groups(text[:_TYPED_LETTERS], "-")


def in_groups(text: str, between: str) -> str:
    """Return a text in groups of four characters."""
    return between.join(text[place : place + _GROUP] for place in range(0, len(text), _GROUP))


class Caller(Protocol):
    """What admits an integration: its secret, its networks."""

    secret_salt: bytes | None
    secret_hash: bytes | None
    addresses: str


def accepts_secret(integration: Caller, secret: str) -> bool:
    """Tell, in constant time, whether that is the integration's secret."""
    if integration.secret_salt is None or integration.secret_hash is None:
        return False
    return hmac.compare_digest(_digest(secret, integration.secret_salt), integration.secret_hash)


def accepts_address(integration: Caller, address: str | None) -> bool:
    """Tell whether one of the integration's networks holds the address; None, an uncertain one, is in none."""
    return address is not None and is_within(address, networks_of(integration.addresses))


def is_open(integration: Caller) -> bool:
    """Tell whether one of the integration's networks is all of IPv4 or IPv6; those that a hand has damaged are not."""
    try:
        return any(network.prefixlen == 0 for network in networks_of(integration.addresses))
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def is_within(address: str, networks: tuple[Network, ...]) -> bool:
    """Tell whether one of the networks holds the address; an IPv4 address mapped to IPv6 counts as IPv4."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in networks)


@lru_cache(maxsize=1024)
def networks_of(text: str) -> tuple[Network, ...]:
    """Return the networks in a text (``10.1.0.0/16 ::1``); raises ValueError for one that is none."""
    return tuple(ip_network(network) for network in text.replace(",", " ").split())


def clean_networks(text: str) -> str:
    """Return networks (``10.1.0.0/16 ::1``) as they are stored; raises InvalidValue for one that is none."""
    try:
        return " ".join(map(str, networks_of(text)))
    except ValueError as error:
        raise InvalidValue("addresses", Reason.NO_NETWORK, str(error)) from None


def is_blank(header: bytes) -> bool:
    """Tell whether an ``Authorization`` value says nothing: it is empty, or Basic with neither name nor secret."""
    scheme, _, value = header.strip().partition(b" ")
    if not scheme or (scheme.lower() == b"basic" and not value.strip()):
        return True
    found = read_basic(header)
    return found is not None and not "".join(found).strip()


def read_basic(header: bytes) -> tuple[str, str] | None:
    """Return user and password of an HTTP ``Authorization: Basic`` value, in NFC; None when it is none.

    Some clients write Latin-1, some of those that write UTF-8 decompose it. Source: RFC 7617.
    """
    scheme, _, value = header.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        decoded = base64.b64decode(value.strip(), validate=True)
    except binascii.Error:
        return None
    name, colon, secret = composed(_text_of(decoded)).partition(":")
    return (name, secret) if colon else None


def composed(text: str) -> str:
    """Return a text in NFC, in which credentials are compared."""
    return unicodedata.normalize("NFC", text)


def _text_of(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _digest(secret: str, salt: bytes) -> bytes:
    return hashlib.blake2b(secret.encode(errors="replace"), key=salt, digest_size=32).digest()
