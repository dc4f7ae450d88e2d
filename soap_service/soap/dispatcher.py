"""SOAP without HTTP: a posted message in, an answer out, and nothing raises past it.

Two ways lead into it, one meaning: `answer` takes every message; `answer_now` takes one that is known already, and
leaves the rest to `answer`. Either runs an operation on the event loop until it has all it needs: rows of a server, or
the receipt of its call (`storage/missing.py`).
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from soap_service.config import Settings
from soap_service.errors import CrossSite, StoreUnavailable, Unauthorized
from soap_service.rate_limit import OWN_LIMITS, Limits
from soap_service.rules.calls import Refused
from soap_service.services import Caller
from soap_service.soap.admission import Admission
from soap_service.soap.announcements import Announcements
from soap_service.soap.call_log import LOGGER, CallLog
from soap_service.soap.faults import fault_of, internal_fault
from soap_service.soap.headers import NO_HEADERS, Addressing, Headers
from soap_service.soap.known_messages import KnownMessages
from soap_service.soap.last_uses import LastUses
from soap_service.soap.message import (
    Message,
    MessageRefused,
    SoapVersion,
    UnsupportedEncoding,
    UnsupportedMediaType,
    list_operations,
)
from soap_service.soap.reader import read_message
from soap_service.soap.refusals import Refusals
from soap_service.soap.workers import Pool
from soap_service.soap.writer import MEDIA_TYPES, Answers
from soap_service.store import WAIT_SECONDS, KnownIntegration, KnownOutcome, Missing, Store, TelephonyReads

if TYPE_CHECKING:
    from spyne import Application

log = logging.getLogger(LOGGER)

#: IVR platforms give up after 3 to 5 s: later than this the answer is INDISPONIVEL. What an operation misses is waited
#: for a little less (`WAIT_SECONDS`).
ANSWER_SECONDS = 3.0
#: Beyond a budget an announcement is answered after this, or a multiple of it: a known caller may take twice as long as
#: an unknown one, and that would tell the two apart.
WITHHELD_SECONDS = 0.25
#: Kept as the outcome of what was answered 415 or 403, outside SOAP.
_OUTSIDE_SOAP: dict[type[Exception], str] = {
    UnsupportedMediaType: "TIPO_DE_MIDIA",
    UnsupportedEncoding: "CODIFICACAO_DO_CONTEUDO",
    CrossSite: Refused.CROSS_SITE,
}
_CHALLENGE = (b"www-authenticate", b'Basic realm="soap_service", charset="UTF-8"')


class Post(NamedTuple):
    """A posted message: its body and what of its head matters. An address of None is uncertain.

    `encoding` is a Content-Encoding that is not identity; `is_cross_site`: a browser sent it for another site's page.
    """

    body: bytes
    content_type: str
    authorization: bytes
    address: str | None
    query: bytes = b""
    encoding: str = ""
    is_cross_site: bool = False


class Reply(NamedTuple):
    """An answer: HTTP status, media type, envelope, further headers."""

    status: int
    media_type: bytes
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(slots=True)
class _Context:
    """What a Spyne operation gets as `ctx`: only its user-defined part, as under Spyne's own runtime."""

    udc: Caller


@dataclass(slots=True, eq=False)
class Call:
    """What is known of a call so far, for its fault and its line in the log.

    One that waits for something has its `work`; its reply goes to `deliver`, which whoever gets the call sets at once.
    """

    address: str | None
    version: SoapVersion = SoapVersion.SOAP_11
    operation: str = "-"
    integration: str = "-"
    addressing: Addressing | None = None
    caller: Caller | None = None
    started: float = field(default_factory=time.monotonic)
    work: Callable[[], Any] = lambda: None
    deliver: Callable[[Reply], None] = lambda _: None

    @property
    def deadline(self) -> float:
        """Until when it waits for what it misses, by the event loop's clock."""
        return self.started + WAIT_SECONDS

    async def reply(self) -> Reply:
        """Return the reply once it is there."""
        replied: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.deliver = lambda reply: None if replied.done() else replied.set_result(reply)
        return await replied


class Dispatcher:
    """Answer the SOAP messages of one process; callers are limited where the `limits` are counted."""

    def __init__(
        self, application: "Application", store: Store, settings: Settings, limits: Limits = OWN_LIMITS
    ) -> None:
        self._store = store
        self._settings = settings
        self._operations = list_operations(application)
        self._answers = {version: Answers(application, version) for version in SoapVersion}
        per_second, per_minute = settings.calls_per_second, settings.unknown_documents_per_minute
        self._admission = Admission(store, per_second, per_minute, limits)
        self.guessing = self._admission.guessing
        self._known_messages = KnownMessages()
        self._pool = Pool(store)
        self.look_ups = store.telephony.join_look_ups()
        self._announcements = Announcements(store, self._pool)
        self.call_log = CallLog(LastUses(store, self._pool).note, limits)
        self._refusals = Refusals(store, self._pool)
        self._refreshing: asyncio.Future[None] | None = None

    def close(self) -> None:
        """Let the work in progress end, and write what is left of the call log."""
        self._announcements.close()
        self._pool.close()
        self.look_ups.close()
        self.call_log.flush()
        self._refusals.flush()

    async def answer(self, post: Post) -> Reply:
        """Answer a message, whatever happens; raises UnsupportedMediaType for what is no SOAP at all, CrossSite."""
        return await self._answer(post, self._admit)

    async def simulate(self, post: Post, integration: KnownIntegration) -> Reply:
        """Answer a message that this process itself vouches for, as that integration; nothing over HTTP does."""

        def admit(_: Post, call: Call, __: Headers) -> KnownIntegration:
            call.integration = integration.name
            self._admission.count_call(integration)
            return integration

        return await self._answer(post, admit)

    async def _answer(self, post: Post, admit: Callable[[Post, Call, Headers], KnownIntegration]) -> Reply:
        call = Call(post.address, _version_of(post.content_type))
        try:
            if self._admission.must_refresh():
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._refresh()
            known = None if post.encoding else self._known_messages.recall(post.content_type, post.body)
            found = known or self._read(post)  # before anybody is admitted: it may hold the credential
            integration = admit(post, call, _note_headers(found, call))
            if isinstance(found, Exception):
                raise found
            message = found
            if known is None:
                self._known_messages.learn(post.content_type, post.body, message)
            call.work = self._begin(message, integration, post, call, self.look_ups.reads(call.deadline))
        except (UnsupportedMediaType, CrossSite) as error:
            self._note(call, error, _OUTSIDE_SOAP.get(type(error), ""))
            raise
        except TimeoutError:
            return self._fault(call, StoreUnavailable())
        except Exception as error:
            return self._fault(call, error)
        return self._advance(call) or await call.reply()

    def answer_now(self, post: Post, body: bytes) -> Reply | Call | None:
        """Answer a message that is known: at once, or when it has all it needs; None for everything else.

        The body is not the post's own where that has come with the same head before.
        """
        is_unusual = post.is_cross_site or post.encoding or self._admission.must_refresh()
        message = None if is_unusual else self._known_messages.recall(post.content_type, body)
        if message is None:
            return None
        call = Call(post.address)
        try:
            integration = self._admit(post, call, NO_HEADERS)
            call.work = self._begin(message, integration, post, call, self.look_ups.reads_of_turn(call.deadline))
        except Exception as error:
            return self._fault(call, error)
        return self._advance(call) or call

    def _advance(self, call: Call, error: Exception | None = None) -> Reply | None:
        """Run an operation from its start; None when it waits for something."""
        try:
            if error is not None:
                raise error
            result = call.work()
            if call.caller is not None and call.caller.is_withheld:
                self._withhold(call, result)
                return None
            return self._result(call, result)
        except Missing as missing:
            try:
                missing.find(partial(self._go_on, call))
            except StoreUnavailable as refusal:
                return self._fault(call, refusal)
            return None
        except Exception as failure:
            return self._fault(call, failure)

    def _go_on(self, call: Call, error: Exception | None) -> None:
        reply = self._advance(call, error)
        if reply is not None:
            call.deliver(reply)

    def _withhold(self, call: Call, result: Any) -> None:
        """Have an answer wait until the time that it took tells nothing."""
        taken = time.monotonic() - call.started
        asyncio.get_running_loop().call_later(
            WITHHELD_SECONDS - taken % WITHHELD_SECONDS, lambda: call.deliver(self._result(call, result))
        )

    def refuse(self, refusal: MessageRefused, content_type: str, address: str | None) -> Reply:
        """Answer a message that was not even read."""
        return self._fault(Call(address, _version_of(content_type)), refusal)

    def _read(self, post: Post) -> Message | MessageRefused | UnsupportedMediaType:
        """Return the message, or why there is none."""
        if post.encoding:
            return UnsupportedEncoding(post.encoding)
        try:
            return read_message(post.body, post.content_type, self._operations)
        except (MessageRefused, UnsupportedMediaType) as refusal:
            return refusal

    def _admit(self, post: Post, call: Call, headers: Headers) -> KnownIntegration:
        integration = self._admission.identify(post.authorization, post.address, post.is_cross_site, headers.token)
        call.integration = integration.name
        self._admission.count_call(integration)
        return integration

    def _begin(
        self, message: Message, integration: KnownIntegration, post: Post, call: Call, reads: TelephonyReads
    ) -> Callable[[], Any]:
        """Return the operation's work; raises what the message deserves."""
        operation = message.operation
        call.version, call.operation = message.version, operation.name
        self._admission.check_operation(integration, operation.name)
        call.caller = caller = Caller(
            reads=reads,
            announce=KnownOutcome(self._announcements, call.deadline).announce,
            integration=integration,
            budget=self.guessing.of(integration.id),
            public_url=self._settings.base_url,
            zone=self._settings.zone,
            extension=_extension_of(post.query) if post.query else "",
        )
        return partial(operation.function, _Context(caller), *message.bind())

    def _result(self, call: Call, result: Any) -> Reply:
        answers = self._answers[call.version]
        if call.addressing is None:
            body = answers.result(call.operation, result)
        else:
            body = answers.addressed_result(call.operation, result, call.addressing)
        self._record(call, "ok")
        return Reply(200, MEDIA_TYPES[call.version], body)

    def _fault(self, call: Call, error: Exception) -> Reply:
        """Return the answer that an error deserves."""
        headers = (_CHALLENGE,) if isinstance(error, Unauthorized) else ()
        if isinstance(error, MessageRefused) and error.version is not None:
            call.version = error.version
        language = self._admission.language_of(call.integration)
        fault = fault_of(error, language)
        if fault is None:
            incident = secrets.token_hex(4).upper()
            log.error("%s integration=%s incident=%s", call.operation, call.integration, incident, exc_info=error)
            fault = internal_fault(incident, language)
        answers = self._answers[call.version]
        outcome = fault.code or fault.faultcode
        self._note(call, error, outcome)
        status = 401 if headers else answers.status(fault)
        return Reply(status, MEDIA_TYPES[call.version], answers.fault(fault, call.addressing), headers)

    def _note(self, call: Call, error: Exception, outcome: str) -> None:
        """Leave a call behind that failed."""
        self._record(call, outcome)
        self._refusals.note(error, outcome, call.integration, call.operation, call.address)

    def _record(self, call: Call, outcome: str) -> None:
        seconds = time.monotonic() - call.started
        self.call_log.record(call.operation, call.integration, outcome, seconds, call.address)

    async def _refresh(self) -> None:
        """Have admission read its rules again: here where that is quick, else once for all calls that wait for it."""
        if self._store.traits.reads_inline:
            self._admission.refresh()
            return
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.ensure_future(self._pool.do(self._admission.refresh))
        await asyncio.shield(self._refreshing)


def _note_headers(found: Message | MessageRefused | UnsupportedMediaType, call: Call) -> Headers:
    """Return the headers of what was read; a call that has some is answered as its envelope asks, whoever it is."""
    if isinstance(found, UnsupportedMediaType):
        return NO_HEADERS
    if found.headers is not NO_HEADERS:
        call.version, call.addressing = found.version or call.version, found.headers.addressing
    return found.headers


def _version_of(content_type: str) -> SoapVersion:
    """Return the version that a media type announces, for an answer before the envelope was seen."""
    is_12 = content_type.strip().lower().startswith("application/soap+xml")
    return SoapVersion.SOAP_12 if is_12 else SoapVersion.SOAP_11


def _extension_of(query: bytes) -> str:
    """Return the `?ramal=` of the endpoint's address, for clients that cannot add an element.

    Dialplans paste numbers there as they are: a `+` is a `+`.
    """
    try:
        fields = parse_qsl(query.decode("latin-1").replace("+", "%2B"), errors="replace", max_num_fields=20)
    except ValueError:
        return ""
    return next((value for name, value in fields if name.lower() == "ramal"), "")
