"""The screens' WSGI application on the ASGI server: whole requests to a small thread pool, whole answers back.

Slow pages and password hashing wait here and never hold up the event loop. Knows nothing of the application.

Source: PEP 3333; ASGI HTTP specification.
"""

import asyncio
import io
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote_to_bytes

from soap_service.asgi.messages import (
    BodyCut,
    BodyIncomplete,
    BodyTooLarge,
    Receive,
    Scope,
    Send,
    client_of,
    read_body,
    respond_text,
)
from soap_service.rules.credentials import Network

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

#: Forms are small: more than this is refused before the application sees it.
MAX_FORM_BYTES = 64 * 1024
MAX_WAITING = 256
_CLOSE = [(b"connection", b"close")]


class Bridge:
    """Run a WSGI application under ASGI, in `threads` threads of its own; one of them makes it, too."""

    def __init__(
        self,
        make: Callable[[], WsgiApplication],
        proxies: tuple[Network, ...],
        request_seconds: float,
        threads: int = 8,
    ) -> None:
        self._make = make
        self._proxies = proxies
        self._request_seconds = request_seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="screens")
        self._waiting = 0

    def start(self) -> None:
        """Begin to make the application; requests wait for it."""
        self._application = self._pool.submit(self._make)

    def close(self) -> None:
        """Let the pages in progress end."""
        self._pool.shutdown(wait=True, cancel_futures=True)

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
        if self._waiting >= MAX_WAITING:
            await respond_text(send, 503, "O serviço está ocupado. Tente novamente.", [(b"retry-after", b"2")])
            return
        self._waiting += 1
        try:
            environ = _environ(scope, body, client_of(scope, self._proxies))
            environ["CONTENT_LENGTH"] = str(length or len(body))
            loop = asyncio.get_running_loop()
            status, headers, answer = await loop.run_in_executor(self._pool, self._run, environ)
        finally:
            self._waiting -= 1
        await send({"type": "http.response.start", "status": status, "headers": [*headers, *closing]})
        await send({"type": "http.response.body", "body": answer})

    def _run(self, environ: dict[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Call the application and gather its whole answer."""
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., Any]:
            started[:] = [int(status[:3]), [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers]]
            return lambda _data: None

        chunks = self._application.result()(environ, start_response)
        try:
            answer = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        status, headers = started
        return status, headers, answer


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
