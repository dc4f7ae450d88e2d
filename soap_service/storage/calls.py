"""Calls from their announcement to their answer, and who listens for them. The child request of a call is made here."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import (
    Executable,
    bindparam,
    delete,
    func,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session, joinedload

from soap_service.column_types import UtcDateTime
from soap_service.errors import CallNotFound, Reason
from soap_service.model import Agent, Call, RecentCall, Request
from soap_service.rules.cursor import MOST_MISSING, Position
from soap_service.rules.live_events import LiveEventKind
from soap_service.rules.situations import AUTOMATIC, Action, Situation
from soap_service.storage.announcing import Announcement, Outcome, Receipt, keep_calls
from soap_service.storage.backend import Question
from soap_service.storage.calendar import Calendars
from soap_service.storage.call_events import publish_about_call, publish_at_extension
from soap_service.storage.child_requests import child_service
from soap_service.storage.database import Database
from soap_service.storage.expressions import IsAmong
from soap_service.storage.live_events import publish_request_change
from soap_service.storage.part import Part
from soap_service.storage.requests import NewRequest, add_event, create_request
from soap_service.storage.steps import Steps, take

log = logging.getLogger(__name__)

#: Keys of announced calls are kept this long, in case `repeat_within` grows.
_KEYS_KEPT = timedelta(hours=1)


@dataclass(frozen=True)
class Delivery:
    """A call as the event stream sees it. One that `is_over` was answered or transferred, and pops up no more."""

    id: int
    token: str
    extension: str | None
    created_at: datetime
    is_over: bool = False


@dataclass(frozen=True)
class Answer:
    """What pressing the button of a call did: the child request launched, or why none was though it should be."""

    child_number: int | None = None
    problem: Reason | None = None


class Calls(Part):
    """The life of calls. `repeat_within` and `lifetime` are settings of the service."""

    def __init__(self, database: Database, calendars: Calendars, repeat_within: timedelta, lifetime: timedelta) -> None:
        super().__init__(database)
        self._calendars, self.repeat_within, self.lifetime = calendars, repeat_within, lifetime

    def announce(self, announcement: Announcement) -> Receipt:
        """Keep a call for the screens and return its receipt; a repeat within `repeat_within` gets the first receipt.

        Raises: RequestNotFound when the request does not exist or is not the document's; nothing is kept then.
        """
        [outcome] = self._database.retrying(lambda: self.announce_together(lambda: [announcement]))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def announce_together(self, gather: Callable[[], Sequence[Announcement]]) -> Sequence[Outcome]:
        """Do what `announce` does for all calls that have gathered once one transaction for them may write.

        Returns what became of each, in their order. Raises: StoreUnavailable when nothing was kept, or it is not known
        whether.
        """
        with self._database.pipelined() as connection:
            return take(self.keep(gather()), partial(self._database.fetch_each, connection))

    def keep(self, announcements: Sequence[Announcement]) -> Steps[list[Outcome]]:
        """Return the steps that keep calls within a transaction; they return what became of each, in their order."""
        return keep_calls(announcements, self._database.now(), self.repeat_within)

    def find(self, token: str) -> Call:
        """Return a call with its requester, request, integration, who answered and who returned it.

        Raises: CallNotFound.
        """
        with self._database.reading() as session:
            return _call(session, token)

    def list_after(self, position: Position) -> Sequence[Delivery]:
        """Return the calls that a position does not cover, by id; one round trip."""
        statement, values = calls_not_covered(position)
        return self._deliveries(statement, **values)

    def list_waiting(self, extension: str) -> Sequence[Delivery]:
        """Return the calls at an extension that may pop up, oldest first: young, not seen, answered or transferred."""
        since = self._database.now() - self.lifetime
        return self._deliveries(_CALLS_WAITING, extension=extension, since=since)

    def _deliveries(self, query: Executable, **values: object) -> Sequence[Delivery]:
        """Return the calls that a query finds; one that cannot be read is logged and holds up no other."""
        with suppress(ValueError, TypeError):
            return [Delivery(*row) for row in self._database.fetch(query, **values)]
        found = []
        for (call_id,) in self._database.fetch(_IDS[query], **values):
            try:
                found += [Delivery(*row) for row in self._database.fetch(_ONE_CALL, call_id=call_id)]
            except (ValueError, TypeError):
                log.error("call %d cannot be read and is passed over", call_id)
        return found

    def newest_position(self) -> Position:
        """Return the position of who has read every call that is there now."""
        return Position.of(row[0] for row in self._database.fetch(_NEWEST_CALLS))

    def mark_delivered(self, moments: Mapping[str, datetime]) -> None:
        """Record when the event of each of these calls, by token, was sent to a browser; the first time counts."""
        rows = [{"a_token": token, "moment": moment} for token, moment in moments.items()]
        self._database.retrying(lambda: self._mark(_MARK_DELIVERED, rows))

    def mark_seen(self, token: str) -> None:
        """Record that the popup of a call was on an agent's screen; the first time counts. A missed call stays one."""
        self._database.retrying(lambda: self._mark_seen(token))

    def _mark_seen(self, token: str) -> None:
        now = self._database.now()
        with self._database.writing() as session:  # without a notification: the list shows it within a second
            marked = {"a_token": token, "moment": now, "since": now - self.lifetime}
            for (extension,) in session.execute(_MARK_SEEN, marked).all():
                publish_at_extension(session, LiveEventKind.CALL_SEEN, extension, token, now)

    def _mark(self, statement: Executable, rows: Sequence[dict[str, object]]) -> None:
        if rows:
            with self._database.writing() as session:
                session.connection().execute(statement, rows)

    def forget_announcements(self) -> None:
        """Forget the keys of announcements that are too old to be repeated."""
        with self._database.writing() as session:
            session.execute(delete(RecentCall).where(RecentCall.announced_at < self._database.now() - _KEYS_KEPT))

    def answer(self, token: str, agent_id: int, launches_child: bool = True) -> Answer:
        """Record that an agent pressed a button of a call, and launch its child request if 282 and 283 say so.

        None is launched by a button that leads to another request than the one the call is about.

        At most one child a call, however often and by whomever it is pressed: the key of its origin is unique.
        Raises: CallNotFound.
        """
        return self._database.retrying(lambda: self._answer(token, agent_id, launches_child))

    def _answer(self, token: str, agent_id: int, launches_child: bool) -> Answer:
        calendar = self._calendars.current
        with self._database.writing(notifies=True) as session:
            now = self._database.now()
            call = _call(session, token, is_changed=True)
            call.seen_at = call.seen_at or now
            agent = session.get_one(Agent, agent_id)
            if call.answered_at is None:
                call.answered_at, call.answered_by_id = now, agent_id
                publish_about_call(session, LiveEventKind.CALL_ANSWERED, call, agent_id, now, by=agent.name)
            if call.request is None or not launches_child:
                return Answer()
            origin = f"call:{call.id}"
            launched = session.scalar(select(Request.id).where(Request.origin_key == origin))
            if launched is not None:
                return Answer(launched)
            service, problem = child_service(session)
            if service is None:
                return Answer(problem=problem)
            viewed = NewRequest(
                requester_id=call.request.requester_id,
                service_id=service.id,
                kind=service.kind,
                description=f"Visualização da solicitação {call.request.id} durante uma ligação.",
            )
            child = create_request(session, viewed, service, calendar, origin, now, parent_id=call.request.id)
            child.situation, child.closed_at = Situation.CLOSED, child.opened_at
            add_event(session, child.id, AUTOMATIC, Action.OPEN, now)
            add_event(session, child.id, AUTOMATIC, Action.CLOSE, now)
            publish_request_change(session, call.request.id, call.request.version, agent.name, now, child=str(child.id))
            return Answer(child.id)


_THIS_CALL = update(Call.__table__).where(Call.token == bindparam("a_token"))  # type: ignore[arg-type]
_MOMENT = bindparam("moment", type_=UtcDateTime)
_MARK_DELIVERED = _THIS_CALL.where(Call.delivered_at.is_(None)).values(delivered_at=_MOMENT)
_MARK_SEEN = (
    _THIS_CALL.where(Call.seen_at.is_(None))
    .where(Call.created_at >= bindparam("since", type_=UtcDateTime))
    .values(seen_at=_MOMENT)
    .returning(Call.extension)
)
_IS_OVER = or_(Call.answered_at.is_not(None), Call.transferred_to.is_not(None))
_DELIVERY = select(Call.id, Call.token, Call.extension, Call.created_at, _IS_OVER)
_ONE_CALL = _DELIVERY.where(Call.id == bindparam("call_id"))
_NEWER = _DELIVERY.where(Call.id > bindparam("last"))
_CALLS_AFTER = _NEWER.order_by(Call.id)
_MISSED = _DELIVERY.where(IsAmong(Call.id, "missing"))
_CALLS_NOT_COVERED = union_all(_MISSED, _NEWER).order_by("id")
_CALLS_WAITING = _DELIVERY.order_by(Call.id).where(
    Call.extension == bindparam("extension"),
    Call.created_at >= bindparam("since", type_=UtcDateTime),
    Call.seen_at.is_(None),
    ~_IS_OVER,
)
_IDS: dict[Executable, Executable] = {
    query: select(query.subquery().c.id).order_by("id") for query in (_CALLS_AFTER, _CALLS_NOT_COVERED, _CALLS_WAITING)
}
_NEWEST_CALLS = select(Call.id).where(Call.id > select(func.max(Call.id) - MOST_MISSING).scalar_subquery())


def calls_not_covered(position: Position) -> Question:
    """Return what asks for the calls that a position does not cover, by id: the values of a `Delivery`."""
    if position.missing:
        return Question(_CALLS_NOT_COVERED, {"last": position.last, "missing": sorted(position.missing)})
    return Question(_CALLS_AFTER, {"last": position.last})


def _call(session: Session, token: str, is_changed: bool = False) -> Call:
    """Return a call; when it will be changed, nobody else changes it meanwhile."""
    query = select(Call).where(Call.token == token)
    if is_changed:
        session.scalar(query.with_for_update())
    shown = (Call.requester, Call.contact, Call.request, Call.answered_by, Call.returned_by, Call.integration)
    call = session.scalar(query.options(*map(joinedload, shown)))
    if call is None:
        raise CallNotFound
    return call
