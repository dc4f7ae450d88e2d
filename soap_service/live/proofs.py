"""Proofs of browsers that they receive: each answers a pulse of its stream with a POST, on the event loop.

A stream tells its browser its own random id; who sends it back receives. The process that gets a proof need not be
the one that holds the stream: it passes proofs of others on together, as one live event.
"""

import asyncio
import hmac
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from soap_service.asgi.messages import Receive, Scope, Send, header, respond_text
from soap_service.errors import NotFound, StoreUnavailable
from soap_service.live.browser_stream import cookie_of
from soap_service.live.registry import Registry
from soap_service.rules.credentials import login_digest
from soap_service.store import Store

PATH = "/eventos/prova"
#: Proofs of streams at other processes are passed on together, this long after the first of them.
PASS_ON_SECONDS = 5.0
#: Of so many streams at most; more come again with the next pulse.
MOST_PASSED_ON = 5000
#: A log-in that was looked up is believed for this long when it proves streams of other processes.
_KNOWN_SECONDS = 60.0
_STREAM_ID = re.compile(rb"[0-9A-Za-z_-]{22}")
_EMPTY = [(b"cache-control", b"no-store")]


class Proofs:
    """The ASGI application at `PATH`; `read` and `write` do a store's method where it may wait."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        read: Callable[..., Awaitable[Any]],
        write: Callable[..., Awaitable[Any]],
        is_https: bool = False,
    ) -> None:
        self._is_https = is_https
        self._store, self._registry, self._read, self._write = store, registry, read, write
        self._elsewhere: set[str] = set()
        self._passing_on: asyncio.Task[None] | None = None
        self._known: dict[bytes, tuple[str, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one proof: 204, or 403 when it is not this log-in's; it has no body.

        A GET proves nothing but that the line works.
        """
        if scope["method"] == "GET":
            await _respond(send, 204)
            return
        if scope["method"] != "POST":
            await respond_text(send, 405, "Use POST.", [(b"allow", b"GET, POST")])
            return
        stream_id = header(scope, b"x-stream")
        if _has_body(scope) or not _STREAM_ID.fullmatch(stream_id):
            await respond_text(send, 400, "A prova não é válida.", [(b"connection", b"close")])
            return
        cookie, _ = cookie_of(scope, self._is_https)  # whose stream it is not proves nothing here
        status = await self._take(stream_id.decode(), cookie, header(scope, b"x-form-token"))
        await _respond(send, status)

    async def _take(self, stream_id: str, cookie: str, form_token: bytes) -> int:
        stream = self._registry.by_id.get(stream_id)
        if stream is not None:
            is_theirs = stream.cookie == cookie and hmac.compare_digest(stream.form_token.encode(), form_token)
            if is_theirs:
                await self._registry.prove(stream)
            return 204 if is_theirs else 403
        try:
            if not hmac.compare_digest((await self._form_token_of(cookie)).encode(), form_token):
                return 403
        except NotFound:
            return 403
        except StoreUnavailable:
            return 503
        self._pass_on(stream_id)
        return 204

    async def _form_token_of(self, cookie: str) -> str:
        """Return the form token of a log-in; raises NotFound, StoreUnavailable."""
        digest, now = login_digest(cookie), time.monotonic()
        form_token, looked_up_at = self._known.get(digest, ("", -_KNOWN_SECONDS))
        if now - looked_up_at < _KNOWN_SECONDS:
            return form_token
        if len(self._known) > MOST_PASSED_ON:
            self._known.clear()
        found: str = (await self._read(self._store.logins.find_subscriber, cookie)).form_token
        self._known[digest] = found, now
        return found

    def _pass_on(self, stream_id: str) -> None:
        if len(self._elsewhere) < MOST_PASSED_ON:
            self._elsewhere.add(stream_id)
        if self._passing_on is None:
            self._passing_on = asyncio.create_task(self._pass_all_on())

    async def _pass_all_on(self) -> None:
        await asyncio.sleep(PASS_ON_SECONDS)
        proved, self._elsewhere, self._passing_on = sorted(self._elsewhere), set(), None
        with suppress(StoreUnavailable):  # the next pulse brings other proofs
            await self._write(self._store.live_events.pass_on_proofs, proved)


async def _respond(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": _EMPTY})
    await send({"type": "http.response.body", "body": b""})


def _has_body(scope: Scope) -> bool:
    length = header(scope, b"content-length")
    return length not in (b"", b"0") or header(scope, b"transfer-encoding") != b""
