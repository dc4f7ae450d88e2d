"""The calls of a stretch of time, a page at a time, for the lists of the screens. Changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select, tuple_
from sqlalchemy.orm import joinedload

from soap_service.model import Call, CallState
from soap_service.storage.database import Database

#: Calls on one page of a list.
CALLS_SHOWN = 50


@dataclass(frozen=True)
class CallChoice:
    """Which calls: from `since` until before `until`, at an extension or at all, of one state or of all."""

    since: datetime
    until: datetime
    extension: str | None = None
    state: CallState | None = None


class CallLists(Database):
    """Lists of calls, newest first."""

    call_lifetime: timedelta

    def list_calls(self, choice: CallChoice, before: int = 0) -> Sequence[Call]:
        """Return a page of calls with requesters, integrations and who answered: `CALLS_SHOWN`, and one if more follow.

        `before` is the id of the last call of the page before this one.
        """
        query = select(Call).where(Call.created_at >= choice.since, Call.created_at < choice.until)
        if choice.extension is not None:
            query = query.where(Call.extension == choice.extension)
        if choice.state is not None:
            query = query.where(self._is_in(choice.state))
        if before:
            last = select(Call.created_at).where(Call.id == before).scalar_subquery()
            query = query.where(tuple_(Call.created_at, Call.id) < tuple_(last, before))
        return self._calls(query.limit(CALLS_SHOWN + 1))

    def list_calls_at(self, extension: str, limit: int = CALLS_SHOWN) -> Sequence[Call]:
        """Return the latest calls at an extension, newest first, with requesters, integrations and who answered."""
        return self._calls(select(Call).where(Call.extension == extension).limit(limit))

    def _calls(self, query: Select[Any]) -> Sequence[Call]:
        wanted = joinedload(Call.requester), joinedload(Call.answered_by), joinedload(Call.integration)
        with self.reading() as session:
            return session.scalars(query.order_by(Call.created_at.desc(), Call.id.desc()).options(*wanted)).all()

    def _is_in(self, state: CallState) -> ColumnElement[bool]:
        """Return what holds for the calls that `Call.state` says to be in a state now."""
        if state is CallState.ANSWERED:
            return Call.answered_at.is_not(None)
        if state is CallState.SEEN:
            return and_(Call.answered_at.is_(None), Call.seen_at.is_not(None))
        is_young = Call.created_at >= self.now() - self.call_lifetime
        unseen = and_(Call.answered_at.is_(None), Call.seen_at.is_(None))
        if state is CallState.MISSED:
            return and_(unseen, ~is_young)
        is_delivered = Call.delivered_at.is_not(None)
        return and_(unseen, is_young, is_delivered if state is CallState.DELIVERED else ~is_delivered)
