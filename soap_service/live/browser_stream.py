"""One browser's event stream: what waits to be sent to it, in which form. Knows no store and no other stream.

Source: WHATWG HTML, Server-sent events.
"""

import asyncio
import json
import math
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from soap_service.asgi.messages import Receive, Scope, header
from soap_service.rules.credentials import login_cookie, login_digest
from soap_service.rules.cursor import Position
from soap_service.rules.live_events import LiveEvent
from soap_service.store import Attendance, Delivery, Ownership

#: What may wait for one browser to read it; one that falls behind further is cut and comes back.
LONGEST_QUEUE = 256

START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),  # nginx passes each event on at once
    ],
}


def text(name: str, data: Mapping[str, object], event_id: str = "") -> bytes:
    """Return an event as it is sent."""
    identity = f"id: {event_id}\n" if event_id else ""
    return f"{identity}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


@dataclass(frozen=True)
class Event:
    """What waits to be sent; of a call, its delivery."""

    text: bytes
    call: Delivery | None = None

    @classmethod
    def of_attendance(cls, attendance: Attendance) -> "Event":
        """Return what tells an agent's pages how many calls were missed, and whether calls pause."""
        pause = "S" if attendance.paused_at else "N"
        return cls(text("atendimento", {"perdidas": str(attendance.missed), "pausa": pause}))

    @classmethod
    def of_change(cls, change: Ownership, before: str | None) -> "Event":
        """Return what tells an owner's pages, which had `before`, of a pause or of their new extension."""
        pause = text("atendimento", {"pausa": "S" if change.is_paused else "N"})
        if before is not None and change.subscribed is None:
            return cls(pause)
        return cls(text("ramal", {"ramal": change.number}) + (pause if before is None else b""))

    @classmethod
    def of_loss(cls, change: Ownership) -> "Event":
        """Return what tells a former owner's pages what became of their extension; those before 0.2.0 in a sentence."""
        taken = f"foi assumido por {change.owner}" if change.owner is not None else "foi liberado"
        lost = {"perdido": change.number, "dono": change.owner or ""}
        return cls(text("ramal", {**lost, "mensagem": f"O ramal {change.number} {taken}."}))

    @classmethod
    def of_upgrade(cls, extension: str) -> "Event":
        """Return what has a page from before 0.2.0 ask beside its extension, where it shows texts, to be reloaded."""
        return cls(text("ramal", {"ramal": f"{extension} · recarregue esta página (F5)"}))

    @classmethod
    def of_live(cls, event: LiveEvent) -> "Event":
        """Return what tells pages of a live event; a page that gets it twice knows it by its number."""
        return cls(text("novidade", {**event.data, "kind": str(event.kind), "ref": event.ref, "number": event.id}))


#: What keeps the stream of a page from before 0.2.0, which proves nothing, open in proxies.
HEARTBEAT = Event(b": \n\n")
#: What tells a page that its log-in opened so many streams that this one ends; it does not come back by itself.
REPLACED = Event(b"retry: 30000\n" + text("novidade", {"kind": "streamReplaced", "ref": "", "number": 0}))
#: A browser is believed to receive this long after it last proved so.
PROOF_SECONDS = 45.0
#: Its stream is ended when it has not proved so for this long; it comes back when it is awake.
MOST_UNPROVED_SECONDS = 150.0


@dataclass(eq=False)
class BrowserStream:
    """One open browser: whose it is, what it had when it came, its extension, and what waits to be sent.

    Calls that come while it is being opened wait until what it missed has been replayed: the id of an event says that
    everything before it has been sent. None in the queue ends the stream. While it is waiting for the queue, `send_now`
    may send an event at once; it tells whether it did.
    """

    agent_id: int
    cookie: str
    had: Position
    form_token: str = ""
    is_proving: bool = False
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    extension: str | None = None
    queue: "asyncio.Queue[Event | None]" = field(default_factory=lambda: asyncio.Queue(LONGEST_QUEUE))
    is_full: bool = False
    is_waiting: bool = False
    send_now: Callable[[Event], bool] | None = None
    login: str = field(init=False)
    opened_at: float = field(init=False)
    pulse: Event = field(init=False)
    _proved_at: float = field(init=False)
    _early: list[tuple[Delivery, Position]] | None = field(default_factory=list)

    def __post_init__(self) -> None:
        self.login = login_digest(self.cookie).hex()
        self.opened_at = self._proved_at = time.monotonic()
        self.pulse = Event(text("pulso", {"prova": self.id})) if self.is_proving else HEARTBEAT

    def greet(self, extension: str | None, is_paused: bool) -> None:
        """Queue the first pulse, which says how the agent stands: of changes while none was open nobody told."""
        if self.is_proving:
            attendance = {"ramal": extension or "", "pausa": "S" if is_paused else "N"}
            self.put(Event(text("pulso", {"prova": self.id, **attendance})))

    def prove(self) -> None:
        """Note that its browser has just proved that it receives."""
        self._proved_at = time.monotonic()

    @property
    def believed_seconds(self) -> float:
        """For how long its browser is believed to receive; without end for a page from before 0.2.0."""
        return self._proved_at + PROOF_SECONDS - time.monotonic() if self.is_proving else math.inf

    @property
    def is_dead(self) -> bool:
        """Whether its browser has proved nothing for so long that it is given up."""
        return self.believed_seconds < PROOF_SECONDS - MOST_UNPROVED_SECONDS

    def put(self, event: Event | None) -> None:
        """Queue an event; a stream whose browser falls behind ends after what is queued, and goes on from there."""
        if self.is_full or (event is not None and self._has_been_sent(event)):
            return
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.is_full = True

    def _has_been_sent(self, event: Event) -> bool:
        is_next = self.is_waiting and self.queue.empty()
        return is_next and self.send_now is not None and self.send_now(event)

    async def end_when_gone(self, receive: Receive) -> None:
        """End the stream when its browser has gone."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self.put(None)

    def push(self, call: Delivery, position: Position) -> None:
        """Queue a call that has just been read."""
        if self._early is None:
            self.replay(call, position)
        else:
            self._early.append((call, position))

    def replay(self, call: Delivery, position: Position) -> None:
        """Queue a call; its event's id says what the browser will have then, be it from here or from another node."""
        if not self.had.covers(call.id):
            identity = str(position.joined(self.had))
            self.put(Event(text("chamada", {"token": call.token}, identity), call))

    def begin(self) -> None:
        """Queue what was pushed before all that was missed had been replayed."""
        early, self._early = self._early or [], None
        for call, position in early:
            self.push(call, position)


def part(body: bytes) -> dict[str, object]:
    """Return the ASGI message of a part of a stream."""
    return {"type": "http.response.body", "body": body, "more_body": True}


def cookie_of(scope: Scope, is_https: bool) -> tuple[str, bool]:
    """Return the log-in's cookie, empty when there is none, and whether it has its name of before 0.2.0.

    Cookies of other sites may be of any bytes.
    """
    from werkzeug.sansio.http import parse_cookie  # no call need wait for Werkzeug: screens load it after the start

    return login_cookie(parse_cookie(header(scope, b"cookie").decode("latin-1")), is_https)


def position_of(scope: Scope) -> Position:
    """Return what the browser had when its last stream ended: the id of the last event.

    A page that opens a new stream by itself says it in the address (`depois`); its browser does so in a header.
    """
    had = header(scope, b"last-event-id").decode("latin-1")
    return Position.parse(had or _query_of(scope).get("depois", ""))


def is_proving(scope: Scope) -> bool:
    """Tell whether the page proves that it receives, which those from before 0.2.0 do not."""
    return "prova" in _query_of(scope)


def _query_of(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
