"""What the ASGI doors share of HTTP: types, whole answers, bounded bodies. Knows no SOAP and no screen."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from soap_service.rules.credentials import Network, is_within

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
WriteNow = Callable[[bytes], bool]
#: The server's ASGI extension that writes a part of a streamed answer at once; False when that cannot be done.
WRITE_NOW = "soap_service.write_now"
#: Set among a request's ASGI extensions when the client has closed its sending side within the body.
BODY_WAS_CUT = "soap_service.body_was_cut"

#: What is read, and thrown away, of a body that was refused, so that the client gets to read why.
_DRAINED_BYTES = 1024 * 1024
_DRAIN_SECONDS = 1.0


class BodyTooLarge(Exception):
    """A request's body passes the limit; what was to be drained of it has been."""


class BodyIncomplete(Exception):
    """The client went away, or took too long, before its body was whole."""


class BodyCut(BodyIncomplete):
    """The client has said all that it will, and can still be answered: the body is shorter than its head said."""


def header(scope: Scope, name: bytes) -> bytes:
    """Return the first header of that lower-case name; empty if there is none."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return b""


def client_of(scope: Scope, proxies: tuple[Network, ...]) -> str | None:
    """Return the client's address: the peer's, or what a trusted proxy says; None when a stranger forwarded it.

    Behind a proxy that is not trusted every client would have the proxy's address, and its rights.
    Source: X-Forwarded-For is read from the right, past the trusted proxies.
    """
    client = scope["client"]
    peer = client[0] if client else ""
    forwarded = b""
    for name, value in scope["headers"]:
        if name == b"forwarded":
            return None
        if name == b"x-forwarded-for":  # a proxy may write a line of its own below the client's
            forwarded = forwarded + b"," + value if forwarded else value
    if not forwarded:
        return str(peer)
    for address in (peer, *reversed([part.strip() for part in forwarded.decode("latin-1").split(",")])):
        if not is_within(address, proxies):
            return None if address == peer else address
    return None


async def read_body(scope: Scope, receive: Receive, limit: int, seconds: float) -> bytes:
    """Return the whole body of at most `limit` bytes; raises BodyTooLarge, BodyCut, BodyIncomplete."""
    length = header(scope, b"content-length")
    if length.isdigit() and int(length) > limit:
        if not header(scope, b"expect"):  # who asks first has sent nothing yet
            await _drain(scope, receive)
        raise BodyTooLarge
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            is_whole = False
            while not is_whole and size <= limit:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise BodyIncomplete
                if message.get("more_body") and BODY_WAS_CUT in scope["extensions"]:
                    raise BodyCut
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                is_whole = not message.get("more_body")
    except TimeoutError:
        raise BodyIncomplete from None
    if size > limit:
        await _drain(scope, receive)
        raise BodyTooLarge
    return b"".join(parts)


async def respond(
    send: Send, status: int, media_type: bytes, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Send a whole answer."""
    length = str(len(body)).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", media_type), (b"content-length", length), *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def respond_text(send: Send, status: int, text: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """Send a whole answer of plain text."""
    await respond(send, status, b"text/plain; charset=utf-8", f"{text}\n".encode(), headers)


async def _drain(scope: Scope, receive: Receive) -> None:
    drained = 0
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while drained < _DRAINED_BYTES:
                message = await receive()
                drained += len(message.get("body", b""))
                if not message.get("more_body") or BODY_WAS_CUT in scope["extensions"]:
                    return
    except TimeoutError:
        return
