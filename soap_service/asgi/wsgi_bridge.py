"""The screens' WSGI application on the ASGI server: whole requests to a small thread pool, answers back.

An answer that knows its length goes back whole. One that does not is long: each part of it is made in a thread when the
part before has been sent, so that neither a thread nor memory waits for a slow client.

Slow pages wait here and never hold up the event loop. What hashes a password has threads of its own, so that no page
waits behind a flood of log-ins.

Source: PEP 3333; ASGI HTTP specification.
"""

import asyncio
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from soap_service.asgi.messages import (
    BodyCut,
    BodyIncomplete,
    BodyTooLarge,
    Receive,
    Scope,
    Send,
    client_of,
    header,
    read_body,
    respond_text,
)
from soap_service.rules.credentials import Network

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_T = TypeVar("_T")
Answer = tuple[int, list[tuple[bytes, bytes]], "bytes | Parts"]

#: Forms are small: more than this is refused before the application sees it.
MAX_FORM_BYTES = 64 * 1024
MAX_WAITING = 256
#: Each hashing takes 64 MiB and, in four threads of its own, the time of several cores.
HASHING_THREADS = 2
#: More than this many do not wait for them: at 50 to 100 ms each the last one would wait longer than people do.
MAX_HASHING = 128
#: In the environment of a request that would have waited too long: the application says so.
IS_BUSY = "soap_service.is_busy"
_CLOSE = [(b"connection", b"close")]
_BLANKS = b"\xef\xbb\xbf \t\r\n"


class Parts:
    """The parts of a long answer, one at a time."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._iterator: Iterator[bytes] = iter(chunks)

    def next(self) -> bytes | None:
        """Return the next part that is not empty; None after the last."""
        return next(filter(None, self._iterator), None)

    def close(self) -> None:
        """Tell the application that no more is wanted."""
        _close(self._chunks)


class _Threads:
    """A few threads, and at most `most` requests that have them or wait for them."""

    def __init__(self, name: str, threads: int, most: int) -> None:
        self.pool = ThreadPoolExecutor(threads, name)
        self._most = most
        self._taken = 0

    @property
    def is_full(self) -> bool:
        return self._taken >= self._most

    async def run(self, work: Callable[..., _T], *arguments: object) -> _T:
        self._taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.pool, work, *arguments)
        finally:
            self._taken -= 1


class Bridge:
    """Run a WSGI application under ASGI, in `threads` threads of its own; one of them makes it, too.

    `hashes` tells by method and path which requests hash a password. A message for the web services that comes here
    is told where they are: `endpoint_url`.
    """

    def __init__(
        self,
        make: Callable[[], WsgiApplication],
        proxies: tuple[Network, ...],
        request_seconds: float,
        hashes: Callable[[str, str], bool] = lambda _method, _path: False,
        endpoint_url: str = "",
        threads: int = 8,
    ) -> None:
        self._make = make
        self._proxies = proxies
        self._request_seconds = request_seconds
        self._hashes = hashes
        self._endpoint_url = endpoint_url
        self._pages = _Threads("screens", threads, MAX_WAITING)
        self._passwords = _Threads("passwords", HASHING_THREADS, MAX_HASHING)
        self._refusals = _Threads("refusals", 1, MAX_WAITING)

    def start(self) -> None:
        """Begin to make the application; requests wait for it."""
        self._application = self._pages.pool.submit(self._make)

    def close(self) -> None:
        """Let the pages in progress end."""
        for threads in (self._pages, self._passwords, self._refusals):
            threads.pool.shutdown(wait=True, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        closing: list[tuple[bytes, bytes]] = []
        length = 0
        try:
            body = await read_body(scope, receive, MAX_FORM_BYTES, self._request_seconds)
        except BodyTooLarge:  # the application says so, on a page of its own: it sees the length and no body
            body, length, closing = b"", MAX_FORM_BYTES + 1, _CLOSE
        except BodyCut:
            await respond_text(send, 400, "O corpo da requisição não chegou inteiro.", _CLOSE)
            return
        except BodyIncomplete:
            await respond_text(send, 408, "A requisição não chegou inteira a tempo.", _CLOSE)
            return
        if scope["method"] == "POST" and _is_xml(scope, body):
            await respond_text(send, 404, f"Os web services estão em {self._endpoint_url}", closing)
            return
        environ = _environ(scope, body, client_of(scope, self._proxies))
        environ["CONTENT_LENGTH"] = str(length or len(body))
        threads = self._pages
        if self._hashes(scope["method"], scope["path"]):
            environ[IS_BUSY] = self._passwords.is_full
            threads = self._refusals if self._passwords.is_full else self._passwords
        if threads.is_full:
            await respond_text(send, 503, "O serviço está ocupado. Tente novamente.", [(b"retry-after", b"2")])
            return
        status, headers, answer = await threads.run(self._run, environ)
        await send({"type": "http.response.start", "status": status, "headers": [*headers, *closing]})
        if isinstance(answer, Parts):
            await self._send_parts(answer, receive, send)
        else:
            await send({"type": "http.response.body", "body": answer})

    async def _send_parts(self, parts: Parts, receive: Receive, send: Send) -> None:
        """Send a long answer; stop when the client has gone."""
        gone = asyncio.ensure_future(receive())
        try:
            while not gone.done() and (part := await self._pages.run(parts.next)) is not None:
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            await self._pages.run(parts.close)

    def _run(self, environ: dict[str, Any]) -> Answer:
        """Call the application and gather its answer, unless that is a long one."""
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., Any]:
            started[:] = [int(status[:3]), [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers]]
            return lambda _data: None

        chunks = self._application.result()(environ, start_response)
        status, headers = started
        if not any(name == b"content-length" for name, _ in headers) and environ["REQUEST_METHOD"] == "GET":
            return status, headers, Parts(chunks)
        try:
            return status, headers, b"".join(chunks)
        finally:
            _close(chunks)


def _close(chunks: Iterable[bytes]) -> None:
    close = getattr(chunks, "close", None)
    if close is not None:
        close()


def _is_xml(scope: Scope, body: bytes) -> bool:
    """Tell whether that is a message for the web services, and no form: by what it says of itself, or how it begins."""
    return b"xml" in header(scope, b"content-type").lower() or body.lstrip(_BLANKS).startswith(b"<")


def _environ(scope: Scope, body: bytes, client: str | None) -> dict[str, Any]:
    """Return the WSGI environment of a request whose body has been read."""
    host, port = scope.get("server") or ("localhost", 0)
    path = unquote_to_bytes(scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client or (scope["client"][0] if scope.get("client") else ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value.decode("latin-1")
        elif key != "CONTENT_LENGTH" and b"_" not in name:
            text = value.decode("latin-1")
            key = f"HTTP_{key}"
            joiner = "; " if key == "HTTP_COOKIE" else ","
            environ[key] = f"{environ[key]}{joiner}{text}" if key in environ else text
    return environ
