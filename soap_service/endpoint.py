"""The SOAP door over HTTP: credentials, limits, the operation called, faults, the WSDL. Nothing raises past it.

Knows nothing of the screens. Reads run on the event loop: each is one look-up by index on the embedded database.
Writes wait in a small pool, bounded, so that a slow disk holds up nothing else.
"""

import asyncio
import logging
import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from soap_service.answers import MEDIA_TYPES, Answers
from soap_service.config import Settings
from soap_service.envelope import (
    MAX_BODY_BYTES,
    Message,
    MessageRefused,
    SoapVersion,
    UnsupportedMediaType,
    list_operations,
    read_message,
)
from soap_service.errors import SoapServiceError, StoreUnavailable, Unauthorized
from soap_service.faults import fault_of, internal_fault
from soap_service.gate import Gate
from soap_service.http import (
    BodyIncomplete,
    BodyTooLarge,
    Receive,
    Scope,
    Send,
    client_of,
    header,
    read_body,
    respond,
    respond_text,
)
from soap_service.metrics import soap_calls, soap_seconds
from soap_service.model import Integration
from soap_service.services import READING_OPERATIONS, Caller, make_application
from soap_service.store import Store
from soap_service.wsdl import build_wsdl

log = logging.getLogger("soap_service.soap")

#: IVR platforms give up after 3 to 5 s: later than this the answer is INDISPONIVEL.
ANSWER_SECONDS = 3.0
#: Writes that may wait for the database at once; one more is answered INDISPONIVEL at once instead of late.
MAX_WAITING = 256
_CHALLENGE = (b"www-authenticate", b'Basic realm="soap_service", charset="UTF-8"')
_CLOSE = (b"connection", b"close")
_WSDL_QUERY = re.compile(rb"(?i)(?:^|&)(?:single)?wsdl(?:=|&|$)")


@dataclass(frozen=True)
class _Context:
    """What a Spyne operation gets as `ctx`: only its user-defined part, as under Spyne's own runtime."""

    udc: Caller


@dataclass(frozen=True)
class _Reply:
    """An answer on its way out: HTTP status, envelope, version; and for the log and the figures its outcome."""

    status: int
    body: bytes
    version: SoapVersion
    operation: str
    outcome: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Endpoint:
    """The ASGI application at /soap."""

    def __init__(self, store: Store, settings: Settings) -> None:
        application = make_application()
        self._store = store
        self._settings = settings
        self._proxies = settings.proxies
        self._operations = list_operations(application)
        self._answers = {version: Answers(application, version) for version in SoapVersion}
        self._wsdl = build_wsdl(application, settings.endpoint_url)
        self._gate = Gate(store, settings.calls_per_second, settings.unknown_documents_per_minute)
        self._writers = ThreadPoolExecutor(1 if store.is_embedded else 8, thread_name_prefix="soap-writer")
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        method = scope["method"]
        if method == "POST":
            await self._post(scope, receive, send)
        elif method not in ("GET", "HEAD"):
            await respond_text(send, 405, "Use POST para chamar os web services.", [(b"allow", b"GET, HEAD, POST")])
        elif _WSDL_QUERY.search(scope["query_string"]):
            await respond(send, 200, b"text/xml; charset=utf-8", self._wsdl)
        else:
            await respond_text(send, 200, f"Web services de telefonia. WSDL: {self._settings.endpoint_url}?wsdl")

    def close(self) -> None:
        """Let the writes in progress end."""
        self._writers.shutdown(wait=True, cancel_futures=True)

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        try:
            reply = await self._reply(scope, receive)
        except UnsupportedMediaType:
            await respond_text(send, 415, "O tipo de mídia não é de uma mensagem SOAP: use text/xml.", [_CLOSE])
            return
        except BodyIncomplete:
            await respond_text(send, 408, "A requisição não chegou inteira a tempo.", [_CLOSE])
            return
        await respond(send, reply.status, MEDIA_TYPES[reply.version], reply.body, reply.headers)
        seconds = time.perf_counter() - started
        soap_calls.labels(reply.operation, reply.outcome).inc()
        soap_seconds.labels(reply.operation).observe(seconds)

    async def _reply(self, scope: Scope, receive: Receive) -> _Reply:
        """Return the answer to a POST, whatever happens; raises only what is no SOAP at all."""
        version, operation, who = SoapVersion.SOAP_11, "-", "-"
        headers: tuple[tuple[bytes, bytes], ...] = ()
        try:
            body = await read_body(scope, receive, MAX_BODY_BYTES, self._settings.request_seconds)
            deadline = asyncio.get_running_loop().time() + ANSWER_SECONDS
            if self._gate.must_refresh():
                await self._in_time(deadline, self._gate.refresh)
            integration = self._gate.admit(header(scope, b"authorization"), client_of(scope, self._proxies))
            who = integration.name
            content_type = header(scope, b"content-type").decode("latin-1")
            message = read_message(body, content_type, self._operations)
            version, operation = message.version, message.operation.name
            result = await self._call(message, integration, scope, deadline)
            answer = self._answers[version].result(operation, result)
            log.info("%s integration=%s outcome=ok", operation, who)
            return _Reply(200, answer, version, operation, "ok")
        except BodyTooLarge:
            fault = fault_of(MessageRefused(f"A mensagem passa do limite de {MAX_BODY_BYTES // 1024} KiB."))
            headers = (_CLOSE,)
        except Unauthorized as error:
            fault = fault_of(error)
            headers = (_CHALLENGE,)
        except (UnsupportedMediaType, BodyIncomplete):
            raise
        except SoapServiceError as error:
            version = error.version if isinstance(error, MessageRefused) else version
            fault = fault_of(error)
        except Exception:
            incident = secrets.token_hex(4).upper()
            log.exception("%s integration=%s incident=%s", operation, who, incident)
            fault = internal_fault(incident)
        status = 401 if _CHALLENGE in headers else self._answers[version].status(fault)
        outcome = fault.code or fault.faultcode
        log.info("%s integration=%s outcome=%s", operation, who, outcome)
        return _Reply(status, self._answers[version].fault(fault), version, operation, outcome, headers)

    async def _call(self, message: Message, integration: Integration, scope: Scope, deadline: float) -> Any:
        """Run the operation; raises what it raises, and StoreUnavailable when it did not end in time."""
        operation = message.operation
        self._gate.check_operation(integration, operation.name)
        caller = Caller(
            store=self._store,
            integration_id=integration.id,
            public_url=self._settings.base_url,
            zone=self._settings.zone,
            extension=_extension_of(scope["query_string"]),
        )
        arguments = message.bind()
        if operation.name in READING_OPERATIONS and self._store.is_embedded:
            result = operation.function(_Context(caller), *arguments)
        else:
            result = await self._in_time(deadline, operation.function, _Context(caller), *arguments)
        if caller.found_nobody:
            self._gate.count_unknown(integration)
        return result

    async def _in_time(self, deadline: float, work: Any, *arguments: Any) -> Any:
        """Run work that may wait for the database in the pool, until the loop's clock says `deadline`."""
        if self._waiting >= MAX_WAITING:
            raise StoreUnavailable
        self._waiting += 1
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._writers, work, *arguments)
        future.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(future), deadline - loop.time())
        except TimeoutError:
            future.cancel()  # what has not begun is not done after its caller has been told that it was not
            raise StoreUnavailable from None

    def _done(self, future: "asyncio.Future[Any]") -> None:
        self._waiting -= 1
        if not future.cancelled():
            future.exception()  # seen: its caller may have gone, and has been told INDISPONIVEL


def _extension_of(query: bytes) -> str:
    """Return the `?ramal=` of the endpoint's address, for clients that cannot add an element."""
    if not query:
        return ""
    try:
        values = parse_qs(query.decode("latin-1"), encoding="utf-8", errors="replace", max_num_fields=20)
    except ValueError:
        return ""
    return values.get("ramal", [""])[0]
