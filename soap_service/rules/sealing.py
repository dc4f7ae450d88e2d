"""A short text sealed for one log-in: who has only the seal, or only that log-in's key, has nothing. Pure rules."""

import base64
import binascii
import hashlib
import hmac
import secrets

_NONCE, _TIME, _TAG, _LONGEST = 16, 8, 16, 64


def seal(text: str, key: str, purpose: str, until: int) -> str:
    """Return the text as only `unseal` reads it: with the same key, for the same purpose, before that second.

    The key stream is used once, for its nonce is new each time.
    """
    plain, nonce = text.encode(), secrets.token_bytes(_NONCE)
    if len(plain) > _LONGEST:
        raise ValueError("too long to be sealed")
    head = nonce + until.to_bytes(_TIME, "big")
    hidden = _xor(plain, _digest(key, b"stream", purpose, head, _LONGEST))
    return base64.urlsafe_b64encode(head + hidden + _digest(key, b"tag", purpose, head + hidden, _TAG)).decode()


def unseal(sealed: str, key: str, purpose: str, now: float) -> str | None:
    """Return the text; None for a seal that is damaged, too old, of another log-in or for something else."""
    try:
        octets = base64.urlsafe_b64decode(sealed.encode())
    except (binascii.Error, ValueError):
        return None
    body, tag = octets[:-_TAG], octets[-_TAG:]
    head, hidden = body[: _NONCE + _TIME], body[_NONCE + _TIME :]
    if len(hidden) > _LONGEST or not hmac.compare_digest(_digest(key, b"tag", purpose, body, _TAG), tag):
        return None
    if now >= int.from_bytes(head[_NONCE:], "big"):
        return None
    return _xor(hidden, _digest(key, b"stream", purpose, head, _LONGEST)).decode()


def _digest(key: str, use: bytes, purpose: str, octets: bytes, size: int) -> bytes:
    message = len(purpose.encode()).to_bytes(4, "big") + purpose.encode() + octets
    return hashlib.blake2b(message, key=key.encode(), person=use, digest_size=size).digest()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=False))
