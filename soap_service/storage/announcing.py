"""Announcements of calls: many are kept at once, each of their statements for all of them together.

It is told in steps (`steps.py`): on a server those of all calls travel together, on the embedded database each is a
function call.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import bindparam, exists, select, text

from soap_service.column_types import UtcDateTime
from soap_service.errors import RequestNotFound
from soap_service.model import Agent, Call, Extension, Listener, Notice, RecentCall, Request
from soap_service.rules.documents import documents_to_look_up
from soap_service.storage.call_events import publish_transfers
from soap_service.storage.expressions import insert_of
from soap_service.storage.missing import GoOn, Missing
from soap_service.storage.steps import Asked, Steps
from soap_service.storage.transfers import CALLER, IS_TRANSFER, TRANSFER, earlier_calls


@dataclass(frozen=True)
class Announcement:
    """What a platform said: a normalised document, the request, the extension.

    The document is empty when it could not be one; then `spoken`, what was sent for it, tells two callers apart.
    A preferred extension is taken instead of `extension` when somebody has registered it.
    """

    integration_id: int
    operation: str
    document: str
    request_id: int | None = None
    extension: str | None = None
    spoken: str = ""
    preferred_extensions: tuple[str, ...] = ()

    def key(self, extension: str | None) -> bytes:
        """Return what two announcements of the same call at an extension have in common, as a SHA-256."""
        document = self.document or self.spoken
        fields = (self.integration_id, self.operation, document, self.request_id, extension)
        return hashlib.sha256(repr(fields).encode()).digest()


@dataclass(frozen=True)
class Receipt:
    """What became of an announcement: the call's opaque token, whether the caller is known, where it pops up.

    `is_paused` tells whether the extension's agent is in a pause now.
    """

    token: str
    is_identified: bool
    notice: Notice
    extension: str | None
    is_paused: bool = False


#: What became of an announcement: its receipt, or why it was refused.
Outcome = Receipt | Exception


class Announcer(Protocol):
    """What has calls announced."""

    def find(self, missing: "NotAnnounced", go_on: GoOn) -> None:
        """Do what `Missing.find` does."""


class NotAnnounced(Missing):
    """An operation needs the receipt of a call that is not announced yet."""

    def __init__(self, known: "KnownOutcome", announcement: Announcement) -> None:
        super().__init__()
        self.known, self.announcement = known, announcement

    def find(self, go_on: GoOn) -> None:  # noqa: D102
        self.known.announcer.find(self, go_on)


class KnownOutcome:
    """What became of the one call that an operation announces, once that is known; until then NotAnnounced is raised.

    Whoever waits for it waits until `deadline` of the event loop's clock at most.
    """

    outcome: Outcome | None = None

    def __init__(self, announcer: Announcer, deadline: float) -> None:
        self.announcer, self.deadline = announcer, deadline

    def announce(self, announcement: Announcement) -> Receipt:
        """Return the receipt; raises NotAnnounced, RequestNotFound, StoreUnavailable."""
        if self.outcome is None:
            raise NotAnnounced(self, announcement)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class _NewCall:
    """A call that is being announced, and what is known of it so far."""

    requester_id: int | None = None
    owner_id: int | None = None
    is_registered = is_paused = is_subscribed = is_transfer = is_repeat = False

    def __init__(self, said: Announcement, extension: str | None) -> None:
        self.said, self.extension, self.document = said, extension, said.document
        self.key = said.key(extension)
        self.token = secrets.token_urlsafe(32)

    @property
    def is_refused(self) -> bool:
        """Whether it is about a request that is not the caller's."""
        return self.said.request_id is not None and (self.owner_id is None or self.owner_id != self.requester_id)

    @property
    def notice(self) -> Notice:
        if self.extension is None:
            return Notice.NO_EXTENSION
        if not self.is_registered:
            return Notice.NOT_REGISTERED
        return Notice.DELIVERED if self.is_subscribed else Notice.WAITING

    def earlier(self, document: str, now: datetime) -> Mapping[str, object]:
        return earlier_calls(self.said.integration_id, document, now)

    def row(self, now: datetime) -> dict[str, Any]:
        return {
            "token": self.token,
            "integration_id": self.said.integration_id,
            "operation": self.said.operation,
            "document": self.document,
            "requester_id": self.requester_id,
            "request_id": self.said.request_id,
            "extension": self.extension,
            "notice": self.notice,
            "created_at": now,
        }

    def receipt(self) -> Receipt:
        return Receipt(self.token, self.requester_id is not None, self.notice, self.extension, bool(self.is_paused))


def keep_calls(announcements: Sequence[Announcement], now: datetime, repeat_within: timedelta) -> Steps[list[Outcome]]:
    """Keep announced calls within a transaction, and return what became of each, in their order.

    Three statements for each, one more for all when no extension was said. A transfer takes one more to mark the
    earlier call, and two to tell the browsers that show it. What is refused, RequestNotFound, leaves nothing.
    """
    extensions = yield from _extensions(announcements)
    calls = [_NewCall(*each) for each in zip(announcements, extensions, strict=True)]
    yield from _find_only_extension(calls)
    yield from _find_facts(calls, now)
    wanted = [call for call in calls if not call.is_refused]
    yield from _remember(wanted, now, repeat_within)
    new = [call for call in wanted if not call.is_repeat]
    yield Asked(_ANNOUNCE, [call.row(now) for call in new], needs_rows=False)
    yield from _transfer([call for call in new if call.is_transfer], now)
    repeats = [call for call in wanted if call.is_repeat]
    outcomes: dict[_NewCall, Outcome] = {call: call.receipt() for call in new}
    first_receipts = yield Asked(_ANNOUNCED, [{"key": call.key} for call in repeats])
    for call, [(token, requester_id, notice, extension)] in zip(repeats, first_receipts, strict=True):
        outcomes[call] = Receipt(token, requester_id is not None, Notice(notice), extension, bool(call.is_paused))
    return [outcomes.get(call) or RequestNotFound(call.said.request_id) for call in calls]


def _extensions(announcements: Sequence[Announcement]) -> Steps[list[str | None]]:
    """Return, for each, the first of its preferred extensions that somebody has registered, or else the one said."""
    preferred = {extension: False for said in announcements for extension in said.preferred_extensions}
    registered = yield Asked(_IS_REGISTERED, [{"extension": extension} for extension in preferred])
    preferred = {extension: bool(rows) for extension, rows in zip(preferred, registered, strict=True)}
    return [
        next((extension for extension in said.preferred_extensions if preferred[extension]), said.extension)
        for said in announcements
    ]


def _find_only_extension(calls: Sequence[_NewCall]) -> Steps[None]:
    """Give calls at no extension the registered one when there is exactly one: a call is never sent to everyone."""
    without = [call for call in calls if not call.extension]
    for numbers in (yield Asked(_FIRST_TWO_REGISTERED, [{}] if without else [])):
        for call in without:
            call.extension = numbers[0][0] if len(numbers) == 1 else None


def _find_facts(calls: Sequence[_NewCall], now: datetime) -> Steps[None]:
    """Find the callers, also under another document that theirs stands for, and what matters for the receipt."""
    asking = [(call, documents_to_look_up(call.document)) for call in calls]
    while asking:
        asked = [(call, others, meant) for call, others in asking if (meant := next(others, None)) is not None]
        values = [
            {
                "document": meant,
                "number": call.said.request_id,
                "extension": call.extension,
                "now": now,
                **call.earlier(meant, now),
            }
            for call, _, meant in asked
        ]
        for (call, _, meant), [facts] in zip(asked, (yield Asked(_FACTS, values)), strict=True):
            (
                call.requester_id,
                call.owner_id,
                call.is_registered,
                call.is_paused,
                call.is_subscribed,
                call.is_transfer,
            ) = facts
            if call.requester_id is not None:
                call.document = meant
        asking = [(call, others) for call, others, _ in asked if call.requester_id is None]


def _remember(calls: Sequence[_NewCall], now: datetime, repeat_within: timedelta) -> Steps[None]:
    """Keep the keys of calls, and find which of them are repeats.

    In the order of the keys: so two transactions never wait for each other.
    """
    # A clock that was set back further must not make everything a repeat.
    window = {"since": now - repeat_within, "until": now + repeat_within}
    calls = sorted(calls, key=lambda call: call.key)
    kept = yield Asked(_REMEMBER, [{"key": call.key, "token": call.token, "now": now, **window} for call in calls])
    for call, rows in zip(calls, kept, strict=True):
        call.is_repeat = not rows


def _transfer(calls: Sequence[_NewCall], now: datetime) -> Steps[None]:
    """Have the earlier calls of these callers be transferred, and tell the browsers that show them."""
    calls = sorted(calls, key=lambda call: call.requester_id or 0)  # two transactions never wait for each other
    earlier = yield Asked(
        TRANSFER,
        [{"caller": call.requester_id, "to": call.extension, **call.earlier(call.document, now)} for call in calls],
    )
    told = [
        (token, former, call.extension or "")
        for call, rows in zip(calls, earlier, strict=True)
        for token, former in rows
    ]
    yield from publish_transfers(told, now)


#: Keep the key of an announcement, or tell by no row that it is there and fresh. Who comes second waits for the first.
_REMEMBER = text(
    "INSERT INTO recent_call (key, token, announced_at) VALUES (:key, :token, :now) ON CONFLICT (key) "
    "DO UPDATE SET token = excluded.token, announced_at = excluded.announced_at "
    "WHERE recent_call.announced_at NOT BETWEEN :since AND :until RETURNING token"
).bindparams(*(bindparam(name, type_=UtcDateTime) for name in ("now", "since", "until")))
_REGISTERED_EXTENSIONS = select(Extension.number).where(Extension.agent_id.is_not(None))
_IS_REGISTERED = _REGISTERED_EXTENSIONS.where(Extension.number == bindparam("extension"))
_FIRST_TWO_REGISTERED = _REGISTERED_EXTENSIONS.limit(2)
_SAID_EXTENSION = bindparam("extension", type_=Extension.number.type)
_FACTS = select(
    CALLER.label("requester_id"),
    select(Request.requester_id).where(Request.id == bindparam("number")).scalar_subquery().label("owner_id"),
    _REGISTERED_EXTENSIONS.where(Extension.number == _SAID_EXTENSION).exists().label("is_registered"),
    _REGISTERED_EXTENSIONS.join(Agent, Agent.id == Extension.agent_id)
    .where(Extension.number == _SAID_EXTENSION, Agent.paused_at.is_not(None))
    .exists()
    .label("is_paused"),
    exists()
    .where(Listener.extension == _SAID_EXTENSION, Listener.until > bindparam("now", type_=UtcDateTime))
    .label("is_subscribed"),
    IS_TRANSFER.label("is_transfer"),
)
_ANNOUNCE = insert_of(
    Call.token,
    Call.integration_id,
    Call.operation,
    Call.document,
    Call.requester_id,
    Call.request_id,
    Call.extension,
    Call.notice,
    Call.created_at,
).returning(Call.id)
_ANNOUNCED = (
    select(Call.token, Call.requester_id, Call.notice, Call.extension)
    .join(RecentCall, RecentCall.token == Call.token)
    .where(RecentCall.key == bindparam("key", type_=RecentCall.key.type))
)
