"""What the ASGI applications share of HTTP: types, whole answers, bounded bodies. Knows no SOAP and no screen."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from soap_service.rules.credentials import Network
from soap_service.rules.networks import caller_behind

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


_QUALITY = re.compile(r"q\s*=\s*([01](?:\.[0-9]{0,3})?)")


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


def prefers_html(accept: str) -> bool:
    """Tell whether an Accept names HTML, and nothing plain before it, as browsers do and programs do not."""
    wanted = {}
    for item in accept.lower().split(","):
        media_type, _, parameters = item.partition(";")
        quality = _QUALITY.search(parameters)
        wanted[media_type.strip()] = float(quality[1]) if quality else 1.0
    html = max(wanted.get("text/html", 0.0), wanted.get("application/xhtml+xml", 0.0))
    return html > wanted.get("text/plain", 0.0)


def client_of(scope: Scope, proxies: tuple[Network, ...]) -> str | None:
    """Return the client's address: the peer's, or what a trusted proxy says; None when a stranger forwarded it.

    Behind a proxy that is not trusted every client would have the proxy's address, and its rights. `Forwarded` beside
    X-Forwarded-For changes nothing; alone it makes the address uncertain.
    """
    client = scope["client"]
    peer = client[0] if client else ""
    lines = []
    is_uncertain = False
    for name, value in scope["headers"]:
        if name == b"x-forwarded-for":  # a proxy may write a line of its own below the client's
            lines.append(value)
        elif name == b"forwarded":
            is_uncertain = True
    if lines:
        return caller_behind(peer, b",".join(lines).decode("latin-1"), proxies)
    return None if is_uncertain else str(peer)


async def read_body(scope: Scope, receive: Receive, limit: int, seconds: float) -> bytes:
    """Return the whole body of at most `limit` bytes; raises BodyTooLarge, BodyCut, BodyIncomplete."""
    parts: list[bytes] = []
    await keep_body(scope, receive, limit, seconds, parts.append)
    return b"".join(parts)


async def keep_body(
    scope: Scope, receive: Receive, limit: int, seconds: float, keep: Callable[[bytes], object]
) -> None:
    """Give the parts of a body of at most `limit` bytes to `keep`; raises BodyTooLarge, BodyCut, BodyIncomplete."""
    length = header(scope, b"content-length")
    if length.isdigit() and int(length) > limit:
        if not (header(scope, b"expect") and scope["http_version"] == "1.1"):  # who asks first has sent nothing yet
            await _drain(scope, receive)
        raise BodyTooLarge
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
                part = message.get("body", b"")
                size += len(part)
                if size <= limit:
                    keep(part)
                is_whole = not message.get("more_body")
    except TimeoutError:
        raise BodyIncomplete from None
    if size > limit:
        await _drain(scope, receive)
        raise BodyTooLarge


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
