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
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, Protocol, TypeVar
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
    keep_body,
    read_body,
    respond_text,
)
from soap_service.rules.credentials import Network

_T = TypeVar("_T")
Answer = tuple[int, list[tuple[bytes, bytes]], "bytes | Parts"]

#: Forms are small: more than this is refused before the application sees it.
MAX_FORM_BYTES = 64 * 1024
#: What comes with a file may have more, once the application has seen who sends it; so long it may take to come.
_UPLOAD_SECONDS = 60.0
_UPLOAD_IN_MEMORY = 256 * 1024
#: A file that is taken in has a thread of its own, so that no page waits for it; another one may wait.
_MAX_UPLOADS = 2
#: In the environment: the most that the body may have.
LARGEST_BODY = "soap_service.largest_body"
MAX_WAITING = 256
#: Each hashing takes 64 MiB and, in four threads of its own, the time of several cores.
HASHING_THREADS = 2
#: More than this many do not wait for them: at 50 to 100 ms each the last one would wait longer than people do.
MAX_HASHING = 128
#: Who waits for another server holds up nobody else; more than so many do not wait.
_ASKING_THREADS = 4
_MAX_ASKING = 32
#: Who is logged in and chooses a password, or proves their own, holds up no log-in; more than so many do not wait.
_MAX_CHOOSING = 32
#: In the environment of a request that would have waited too long: the application says so.
IS_BUSY = "soap_service.is_busy"
_CLOSE = [(b"connection", b"close")]
_BLANKS = b"\xef\xbb\xbf \t\r\n"


class WsgiApplication(Protocol):
    """A WSGI application that tells from a request's head how large its body may be, in bytes."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any], /) -> Iterable[bytes]:
        """Answer one request."""
        ...

    def largest_body(self, environ: dict[str, Any]) -> int:
        """Return it: more than a form for who may upload a file."""
        ...


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

    def __init__(self, name: str, threads: int, most: int, begin_thread: Callable[[], None] | None = None) -> None:
        self.pool = ThreadPoolExecutor(threads, name, begin_thread)
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

    `hashes` tells by method and path which log-ins hash a password, `chooses` which other requests do, `uploads` which
    may bring a file, `asks` which ask another server: all of them wait in threads of their own. A message for the web
    services that comes here is told where they are: `endpoint_url`. Each thread begins with `begin_thread`,
    but those of log-ins and of refusals.
    """

    def __init__(
        self,
        make: Callable[[], WsgiApplication],
        proxies: tuple[Network, ...],
        request_seconds: float,
        hashes: Callable[[str, str], bool] = lambda _method, _path: False,
        uploads: Callable[[str, str], bool] = lambda _method, _path: False,
        endpoint_url: str = "",
        asks: Callable[[str, str], bool] = lambda _method, _path: False,
        chooses: Callable[[str, str], bool] = lambda _method, _path: False,
        threads: int = 8,
        begin_thread: Callable[[], None] | None = None,
    ) -> None:
        self._make = make
        self._proxies = proxies
        self._request_seconds = request_seconds
        self._hashes = hashes
        self._uploads = uploads
        self._asks = asks
        self._chooses = chooses
        self._endpoint_url = endpoint_url
        self._pages = _Threads("screens", threads, MAX_WAITING, begin_thread)
        self._passwords = _Threads("passwords", HASHING_THREADS, MAX_HASHING)
        self._refusals = _Threads("refusals", 1, MAX_WAITING)
        self._files = _Threads("files", 1, _MAX_UPLOADS, begin_thread)
        self._askers = _Threads("askers", _ASKING_THREADS, _MAX_ASKING, begin_thread)
        self._choosers = _Threads("choosers", 1, _MAX_CHOOSING, begin_thread)

    def start(self) -> None:
        """Begin to make the application; requests wait for it."""
        self._application = self._pages.pool.submit(self._make)

    def close(self) -> None:
        """Let the pages in progress end."""
        for threads in (self._pages, self._passwords, self._refusals, self._files, self._askers, self._choosers):
            threads.pool.shutdown(wait=True, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        threads = self._pages
        environ = _environ(scope, client_of(scope, self._proxies))
        limit = MAX_FORM_BYTES
        if self._uploads(scope["method"], scope["path"]) and not self._pages.is_full:
            limit = await self._pages.run(self._largest_body, environ)
            threads = self._files if limit > MAX_FORM_BYTES else threads
        if threads is self._files and threads.is_full:
            await _respond_busy(send, _CLOSE)
            return
        environ[LARGEST_BODY] = limit
        with tempfile.SpooledTemporaryFile(_UPLOAD_IN_MEMORY) as file:
            await self._answer(scope, receive, send, environ, threads, file)

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        environ: dict[str, Any],
        threads: _Threads,
        file: IO[bytes],
    ) -> None:
        """Read a request's body, into a file where it may be large, and answer it."""
        closing: list[tuple[bytes, bytes]] = []
        limit = environ[LARGEST_BODY]
        body = b""
        try:
            if threads is self._files:
                await keep_body(scope, receive, limit, _UPLOAD_SECONDS, file.write)
            else:
                body = await read_body(scope, receive, limit, self._request_seconds)
        except BodyTooLarge:  # the application says so, on a page of its own: it sees the length and no body
            length, closing = limit + 1, _CLOSE
        except BodyCut:
            await respond_text(send, 400, "O corpo da requisição não chegou inteiro.", _CLOSE)
            return
        except BodyIncomplete:
            await respond_text(send, 408, "A requisição não chegou inteira a tempo.", _CLOSE)
            return
        else:
            length = file.tell() or len(body)
        if scope["method"] == "POST" and _is_xml(scope, body):
            await respond_text(send, 404, f"Os web services estão em {self._endpoint_url}", closing)
            return
        if closing:
            file.truncate(0)
        file.seek(0)
        environ["wsgi.input"] = file if threads is self._files else io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(length)
        if self._hashes(scope["method"], scope["path"]):
            environ[IS_BUSY] = self._passwords.is_full
            threads = self._refusals if self._passwords.is_full else self._passwords
        elif self._asks(scope["method"], scope["path"]):
            threads = self._askers
        elif self._chooses(scope["method"], scope["path"]):
            threads = self._choosers
        if threads.is_full:
            await _respond_busy(send, closing)
            return
        status, headers, answer = await threads.run(self._run, environ)
        await send({"type": "http.response.start", "status": status, "headers": [*headers, *closing]})
        if isinstance(answer, Parts):
            await self._send_parts(answer, receive, send)
        else:
            await send({"type": "http.response.body", "body": answer})

    def _largest_body(self, environ: dict[str, Any]) -> int:
        return self._application.result().largest_body(environ)

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


async def _respond_busy(send: Send, headers: list[tuple[bytes, bytes]]) -> None:
    await respond_text(send, 503, "O serviço está ocupado. Tente novamente.", [(b"retry-after", b"2"), *headers])


def _close(chunks: Iterable[bytes]) -> None:
    close = getattr(chunks, "close", None)
    if close is not None:
        close()


def _is_xml(scope: Scope, body: bytes) -> bool:
    """Tell whether that is a message for the web services, and no form: by what it says of itself, or how it begins."""
    return b"xml" in header(scope, b"content-type").lower() or body.lstrip(_BLANKS).startswith(b"<")


def _environ(scope: Scope, client: str | None) -> dict[str, Any]:
    """Return the WSGI environment of a request's head."""
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
        "wsgi.input": io.BytesIO(),
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
