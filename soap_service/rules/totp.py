"""One-time codes of an authenticator app, and the recovery codes that stand in for it. Pure rules.

Source: RFC 6238 (TOTP), RFC 4226 (HOTP), Google Authenticator's Key Uri Format.
"""

import base64
import hashlib
import hmac
import re
import secrets
from urllib.parse import quote, urlencode

from soap_service.rules.credentials import draw_typed_secret, in_groups

#: A code is good for so many seconds; apps know no other number.
STEP_SECONDS = 30
DIGITS = 6
#: So many steps the agent's clock may be before or behind.
DRIFT = 1
ISSUER = "soap_service"
RECOVERY_CODES = 8
_KEY_BYTES = 20
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)
_BETWEEN = re.compile(r"[\s-]+")


def new_key() -> bytes:
    """Return the key of a new authenticator."""
    return secrets.token_bytes(_KEY_BYTES)


def written_key(key: bytes) -> str:
    """Return a key as it is typed into an app that cannot read the QR code: base32 in groups of four."""
    return in_groups(base64.b32encode(key).decode(), " ")


def address_of(key: bytes, login: str, host: str) -> str:
    """Return what the QR code says to the app: the key, and by which name it is listed there."""
    label = quote(f"{ISSUER} {host}:{login}", safe=":@")
    values = {"secret": base64.b32encode(key).decode(), "issuer": f"{ISSUER} {host}"}
    return f"otpauth://totp/{label}?{urlencode(values, quote_via=quote)}"


def step_at(moment: float) -> int:
    """Return the number of the step in which a moment lies, in seconds since 1970."""
    return int(moment // STEP_SECONDS)


def code_at(key: bytes, step: int) -> str:
    """Return the code of a step."""
    digest = hmac.digest(key, step.to_bytes(8), hashlib.sha1)
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(key: bytes, code: str, moment: float) -> int | None:
    """Return the step near a moment whose code that is, the newest first; None for no code of these steps."""
    now, found = step_at(moment), None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(code_at(key, step).encode(), code.encode()):
            found = step
    return found


def typed_code(text: str) -> str:
    """Return a code as it is compared: without blanks and hyphens, in small letters."""
    return _BETWEEN.sub("", text).lower()


def is_from_app(code: str) -> bool:
    """Tell whether a typed code looks like an app's; any other may be a recovery code."""
    return _CODE.fullmatch(code) is not None


def new_recovery_codes() -> list[str]:
    """Return recovery codes as they are shown, no two alike."""
    return [draw_typed_secret() for _ in range(RECOVERY_CODES)]


def recovery_digest(agent_id: int, code: str) -> bytes:
    """Return what is kept of an agent's recovery code."""
    return hashlib.sha256(f"{agent_id}:{typed_code(code)}".encode()).digest()
