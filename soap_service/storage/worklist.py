"""Lists of requests: filtered, in an order, page by page, each page by index. Knows neither history nor execution.

What is unfinished is small beside all there is, and is listed in every order from indexes that hold it alone, in that
order, with all that filters it; where few fit, they are sought by what filters them, and sorted. Of the rest there is a
list a situation, merged; by number or by opening only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, bindparam, case, func, literal_column, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from soap_service.model import Request
from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.rules.situations import Situation
from soap_service.storage.part import Part
from soap_service.storage.request_conditions import conditions_of, is_not_suspended, sought_by_index
from soap_service.storage.request_filter import Order, RequestFilter

PAGE_SIZE = 50
#: A list is counted up to this many requests; one more says "more than that".
MOST_COUNTED = 1000
#: A list of no more is sorted; a longer one is read in its order, and has a page together soon.
_MOST_SORTED = 1000
_AFTER = re.compile(r"(-?[0-9]{0,18})\.([1-9][0-9]{0,9})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class WorkCounts:
    """How much there is to do, each counted like a list.

    What the agent is responsible for; of their groups, or of all for an agent without one, the rest.
    """

    mine: int
    due_today: int
    late: int
    unassigned: int


@dataclass(frozen=True)
class RequestPage:
    """Requests with requesters, services, groups and responsibles; `after` asks for the next page, if there is one."""

    requests: Sequence[Request]
    after: str = ""


class Worklist(Part):
    """What there is to do, and what has been done."""

    def list_page(self, wanted: RequestFilter, order: Order, after: str = "") -> RequestPage:
        """Return a page of a list: the first, or the one after the place that the page before it named."""
        if wanted.is_contradictory:
            return RequestPage(())
        order = wanted.order(order)
        now = self._database.now()
        with self._database.reading() as session:
            rows = _find_few(session, wanted, order, after, now)
            if rows is None:
                rows = _find_in_order(session, wanted, order, after, now)
            shown = rows[:PAGE_SIZE]
            requests = load_requests(session, [row[0] for row in shown])
        following = _named(shown[-1]) if len(rows) > PAGE_SIZE else ""
        return RequestPage(requests, following)

    def count(self, wanted: RequestFilter) -> int:
        """Return how many requests a list has, of more than `MOST_COUNTED` one more than that."""
        if wanted.is_contradictory:
            return 0
        with self._database.reading() as session:
            return session.scalar(_count_query(wanted, self._database.now())) or 0

    def count_work(self, agent_id: int, group_ids: tuple[int, ...], due_by: datetime) -> WorkCounts:
        """Return how much there is to do for an agent of these groups, in one statement; the day ends at `due_by`."""
        lists = (
            RequestFilter(responsible_id=agent_id),
            RequestFilter(group_ids=group_ids, due_by=due_by),
            RequestFilter(group_ids=group_ids, is_late=True),
            RequestFilter(group_ids=group_ids, is_unassigned=True),
        )
        now = self._database.now()
        with self._database.reading() as session:
            counted = session.execute(select(*(_count_query(wanted, now).scalar_subquery() for wanted in lists))).one()
        return WorkCounts(*counted)

    def has_request(self, number: int) -> bool:
        """Tell whether a request has that number."""
        with self._database.reading() as session:
            return session.scalar(select(Request.id).where(Request.id == number)) is not None


# Built once: building it took as long as asking it.
_SHOWN = (
    select(Request)
    .where(Request.id.in_(bindparam("numbers", expanding=True)))
    .options(*map(joinedload, (Request.requester, Request.service, Request.group, Request.responsible)))
)
# As `Request.deadline` says it.
_DEADLINE = case((Request.situation == literal_column(f"'{Situation.SUSPENDED}'"), None), else_=Request.due_at)
_KEYS: dict[Order, InstrumentedAttribute[Any]] = {
    Order.NUMBER: Request.id,
    Order.OPENED: Request.opened_at,
    Order.DUE: Request.due_at,
    Order.PRIORITY: Request.priority,
}


def _find_few(session: Session, wanted: RequestFilter, order: Order, after: str, now: datetime) -> list[Any] | None:
    """Return the rows of a page of a list that is short, and one more if there are; None of one that is not."""
    sought = sought_by_index(wanted, now)
    if not sought or (session.scalar(_count_of(sought, _MOST_SORTED)) or 0) > _MOST_SORTED:
        return None
    key: Any = _DEADLINE if order is Order.DUE else _KEYS[order]
    branches = [select(Request.id.label("id"), key.label("key")).where(*conditions) for conditions in sought]
    few: Any = union_all(*[select(branch.limit(_MOST_SORTED).subquery()) for branch in branches]).subquery()
    query = select(few.c.id, few.c.key).limit(PAGE_SIZE + 1)
    place = _place(order, after)
    if order is Order.NUMBER:
        return list(session.execute((query.where(few.c.id < place[1]) if place else query).order_by(few.c.id.desc())))
    if place is not None and order is Order.DUE:
        is_after = few.c.key.is_(None) & (few.c.id > _place_without_deadline(after))
        query = query.where(is_after | (tuple_(few.c.key, few.c.id) > tuple_(*place)))
    elif place is not None:
        query = query.where(tuple_(few.c.key, few.c.id) > tuple_(*place))
    return list(session.execute(query.order_by(few.c.key.is_(None), few.c.key, few.c.id)))


def _find_in_order(session: Session, wanted: RequestFilter, order: Order, after: str, now: datetime) -> list[Any]:
    """Return the rows of a page, and one more if there are, as an index has them in that order."""
    rows: list[Any] = []
    if not (order is Order.DUE and wanted.is_suspended):
        rows += session.execute(_page_query(wanted, order, _place(order, after), now))
    if order is Order.DUE and not wanted.is_timed and len(rows) <= PAGE_SIZE:
        rest = _without_deadline(wanted, _place_without_deadline(after))
        rows += session.execute(rest.limit(PAGE_SIZE + 1 - len(rows)))
    return rows


def _page_query(wanted: RequestFilter, order: Order, place: tuple[Any, int] | None, now: datetime) -> Select[Any]:
    key = _KEYS[order]
    branches: list[Any] = []
    for conditions in conditions_of(wanted, order, now):
        query: Any = select(Request.id.label("id"), key.label("key")).where(*conditions)
        if order is Order.DUE:
            query = query.where(Request.due_at.is_not(None), is_not_suspended())
        if place is not None and order is Order.NUMBER:
            query = query.where(Request.id < place[1])
        elif place is not None:
            query = query.where(tuple_(key, Request.id) > tuple_(*place))
        ordered = (Request.id.desc(),) if order is Order.NUMBER else (key, Request.id)
        branches.append(query.order_by(*ordered).limit(PAGE_SIZE + 1))
    if len(branches) == 1:
        return cast("Select[Any]", branches[0])
    merged = union_all(*[select(branch.subquery()) for branch in branches]).subquery()
    by = (merged.c.id.desc(),) if order is Order.NUMBER else (merged.c.key, merged.c.id)
    query = select(merged.c.id, merged.c.key).order_by(*by).limit(PAGE_SIZE + 1)
    return cast("Select[Any]", query)


def _without_deadline(wanted: RequestFilter, after_number: int) -> Select[Any]:
    """Return the query of what has no deadline, or none at the moment, oldest first."""
    (conditions,) = conditions_of(wanted, Order.DUE, _EPOCH)
    has_none = Request.due_at.is_(None) | (Request.situation == Situation.SUSPENDED)
    query: Any = select(Request.id, literal_column("NULL").label("key")).where(*conditions, has_none)
    return cast("Select[Any]", query.where(Request.id > after_number).order_by(Request.id))


def _count_query(wanted: RequestFilter, now: datetime) -> Select[Any]:
    return _count_of(sought_by_index(wanted, now) or conditions_of(wanted, Order.NUMBER, now), MOST_COUNTED)


def _count_of(conditions: Sequence[Sequence[ColumnElement[bool]]], most: int) -> Select[Any]:
    """Return the query of how many rows fit one of these lists of conditions, of more than `most` one more."""
    branches: list[Any] = [
        select(literal_column("1").label("one")).select_from(Request).where(*some).limit(most + 1)
        for some in conditions
    ]
    some = union_all(*[select(branch.subquery()) for branch in branches]).limit(most + 1).subquery()
    return cast("Select[Any]", select(func.count()).select_from(some))


def load_requests(session: Session, numbers: Sequence[int]) -> Sequence[Request]:
    """Return these requests with all that a list shows of them, in this order."""
    found = {one.id: one for one in session.scalars(_SHOWN, {"numbers": numbers})}
    return [found[number] for number in numbers if number in found]


def _named(row: Any) -> str:
    """Return the place of a row in its list, as an address carries it: its key and its number."""
    key = row.key
    if isinstance(key, datetime):
        key = (key - _EPOCH) // timedelta(microseconds=1)
    return f"{'' if key is None else key}.{row.id}"


def _read_place(after: str) -> tuple[str, int] | None:
    """Return the key and the number that an address carries; None when it carries none that a database could hold."""
    found = _AFTER.fullmatch(after)
    if found is None or int(found[2]) > HIGHEST_NUMBER:
        return None
    return found[1], int(found[2])


def _place(order: Order, after: str) -> tuple[Any, int] | None:
    """Return the place after which a page begins; None for the beginning of the list."""
    read = _read_place(after)
    if read is None:
        return None
    key, number = read
    if order is Order.DUE and not key:
        return datetime.max.replace(tzinfo=UTC), number
    if order is Order.NUMBER:
        return number, number
    try:
        if order is Order.PRIORITY:
            return min(int(key), HIGHEST_NUMBER), number
        return _EPOCH + timedelta(microseconds=int(key)), number
    except (ValueError, OverflowError):
        return None


def _place_without_deadline(after: str) -> int:
    read = _read_place(after)
    return read[1] if read is not None and not read[0] else 0
