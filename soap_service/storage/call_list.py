"""The calls of a stretch of time, a page at a time, for the lists of the screens. Changes nothing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select, tuple_
from sqlalchemy.orm import joinedload

from soap_service.model import Call, CallState
from soap_service.storage.database import Database
from soap_service.storage.part import Part
from soap_service.storage.worklist import MOST_COUNTED

#: Calls on one page of a list.
CALLS_SHOWN = 50


@dataclass(frozen=True)
class CallChoice:
    """Which calls: from `since` until before `until`, at an extension or at all, in some states or in all."""

    since: datetime
    until: datetime
    extension: str | None = None
    states: Collection[CallState] = ()


class CallLists(Part):
    """Lists of calls, newest first."""

    def __init__(self, database: Database, call_lifetime: timedelta) -> None:
        super().__init__(database)
        self._call_lifetime = call_lifetime

    def list_page(self, choice: CallChoice, before: int = 0) -> Sequence[Call]:
        """Return a page of calls with all that is shown of them: `CALLS_SHOWN`, and one if more follow.

        `before` is the id of the last call of the page before this one.
        """
        query = self._chosen(choice)
        if before:
            last = select(Call.created_at).where(Call.id == before).scalar_subquery()
            query = query.where(tuple_(Call.created_at, Call.id) < tuple_(last, before))
        return self._calls(query.limit(CALLS_SHOWN + 1))

    def count(self, choice: CallChoice) -> int:
        """Return how many calls a list has, of more than `MOST_COUNTED` one more than that."""
        chosen: Select[Any] = (
            self._chosen(choice).with_only_columns(literal_column("1").label("one")).limit(MOST_COUNTED + 1)
        )
        with self._database.reading() as session:
            return session.scalar(select(func.count()).select_from(chosen.subquery())) or 0

    def list_at(self, extension: str, limit: int = CALLS_SHOWN) -> Sequence[Call]:
        """Return the latest calls at an extension, newest first, with all that is shown of them."""
        return self._calls(select(Call).where(Call.extension == extension).limit(limit))

    def _chosen(self, choice: CallChoice) -> Select[Any]:
        query = select(Call).where(Call.created_at >= choice.since, Call.created_at < choice.until)
        if choice.extension is not None:
            query = query.where(Call.extension == choice.extension)
        if choice.states:
            query = query.where(or_(*map(self._is_in, choice.states)))
        return query

    def _calls(self, query: Select[Any]) -> Sequence[Call]:
        wanted = map(joinedload, (Call.requester, Call.answered_by, Call.returned_by, Call.integration))
        with self._database.reading() as session:
            return session.scalars(query.order_by(Call.created_at.desc(), Call.id.desc()).options(*wanted)).all()

    def _is_in(self, state: CallState) -> ColumnElement[bool]:
        """Return what holds for the calls that `Call.state` says to be in a state now."""
        if state is CallState.RETURNED:
            return Call.returned_at.is_not(None)
        if state is CallState.ANSWERED:
            return and_(Call.returned_at.is_(None), Call.answered_at.is_not(None))
        unanswered = and_(Call.returned_at.is_(None), Call.answered_at.is_(None))
        if state is CallState.TRANSFERRED:
            return and_(unanswered, Call.transferred_to.is_not(None))
        remained = and_(unanswered, Call.transferred_to.is_(None))
        if state is CallState.SEEN:
            return and_(remained, Call.seen_at.is_not(None))
        is_young = Call.created_at >= self._database.now() - self._call_lifetime
        unseen = and_(remained, Call.seen_at.is_(None))
        if state is CallState.MISSED:
            return and_(unseen, ~is_young)
        is_delivered = Call.delivered_at.is_not(None)
        return and_(unseen, is_young, is_delivered if state is CallState.DELIVERED else ~is_delivered)
