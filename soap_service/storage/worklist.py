"""Lists of requests: filtered, in an order, page by page, each page by index. Knows neither history nor execution.

What is unfinished is small beside all there is, and is listed in every order from indexes that hold it alone, in that
order, with all that filters it. Of the rest there is a list a situation, merged; by number or by opening only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, func, literal_column, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from soap_service.model import Request
from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.rules.situations import FINISHED_SITUATIONS, UNFINISHED_SITUATIONS, Situation
from soap_service.storage.database import Database

PAGE_SIZE = 50
#: A list is counted up to this many requests; one more says "more than that".
MOST_COUNTED = 1000
_AFTER = re.compile(r"(-?[0-9]{0,18})\.([1-9][0-9]{0,9})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Order(StrEnum):
    """The order of a list; the values are those of the screens' addresses."""

    NUMBER = "numero"  # newest first
    OPENED = "abertura"  # oldest first
    DUE = "prazo"  # due soonest first, what has no deadline last
    PRIORITY = "prioridade"  # most pressing first, of these the oldest


#: The orders of a list that may hold finished requests, or one requester's.
ORDERS_OF_ALL = (Order.NUMBER, Order.OPENED)


@dataclass(frozen=True)
class RequestFilter:
    """Which requests a list has. `is_late` leaves only what is unfinished, not suspended, and past its deadline."""

    situations: tuple[Situation, ...] = UNFINISHED_SITUATIONS
    group_id: int | None = None
    responsible_id: int | None = None
    requester_id: int | None = None
    is_late: bool = False

    @property
    def is_of_unfinished(self) -> bool:
        """Tell whether only unfinished requests, of anybody, are asked for: then every order can be had."""
        return self.requester_id is None and (self.is_late or set(self.situations) <= set(UNFINISHED_SITUATIONS))

    @property
    def is_contradictory(self) -> bool:
        """Tell whether nothing can be late and in one of these situations at once."""
        return self.is_late and not set(self.situations) & set(UNFINISHED_SITUATIONS)

    def order(self, wanted: Order) -> Order:
        """Return the order in which this list can be had, the wanted one if so."""
        return wanted if self.is_of_unfinished or wanted in ORDERS_OF_ALL else Order.NUMBER


@dataclass(frozen=True)
class RequestPage:
    """Requests with requesters, services, groups and responsibles; `after` asks for the next page, if there is one."""

    requests: Sequence[Request]
    after: str = ""


class Worklist(Database):
    """What there is to do, and what has been done."""

    def list_requests(self, wanted: RequestFilter, order: Order, after: str = "") -> RequestPage:
        """Return a page of a list: the first, or the one after the place that the page before it named."""
        if wanted.is_contradictory:
            return RequestPage(())
        order = wanted.order(order)
        now = self.now()
        with self.reading() as session:
            rows = list(session.execute(_page_query(wanted, order, _place(order, after), now)))
            if order is Order.DUE and not wanted.is_late and len(rows) <= PAGE_SIZE:
                rest = _without_deadline(wanted, _place_without_deadline(after))
                rows += session.execute(rest.limit(PAGE_SIZE + 1 - len(rows)))
            shown = rows[:PAGE_SIZE]
            requests = load_requests(session, [row[0] for row in shown])
        following = _named(shown[-1]) if len(rows) > PAGE_SIZE else ""
        return RequestPage(requests, following)

    def count_requests(self, wanted: RequestFilter) -> int:
        """Return how many requests a list has, of more than `MOST_COUNTED` one more than that."""
        if wanted.is_contradictory:
            return 0
        with self.reading() as session:
            return session.scalar(_count_query(wanted, self.now())) or 0

    def has_request(self, number: int) -> bool:
        """Tell whether a request has that number."""
        with self.reading() as session:
            return session.scalar(select(Request.id).where(Request.id == number)) is not None


# As the indexes of unfinished requests have it, and of no use to any other index.
_IS_UNFINISHED = Request.situation.not_in([literal_column(f"'{situation}'") for situation in FINISHED_SITUATIONS])
_KEYS: dict[Order, InstrumentedAttribute[Any]] = {
    Order.NUMBER: Request.id,
    Order.OPENED: Request.opened_at,
    Order.DUE: Request.due_at,
    Order.PRIORITY: Request.priority,
}


def _page_query(wanted: RequestFilter, order: Order, place: tuple[Any, int] | None, now: datetime) -> Select[Any]:
    key = _KEYS[order]
    branches: list[Any] = []
    for conditions in _conditions(wanted, order, now):
        query: Any = select(Request.id.label("id"), key.label("key")).where(*conditions)
        if order is Order.DUE:
            query = query.where(Request.due_at.is_not(None), _is_not_suspended())
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
    (conditions,) = _conditions(wanted, Order.DUE, _EPOCH)
    has_none = Request.due_at.is_(None) | (Request.situation == Situation.SUSPENDED)
    query: Any = select(Request.id, literal_column("NULL").label("key")).where(*conditions, has_none)
    return cast("Select[Any]", query.where(Request.id > after_number).order_by(Request.id))


def _conditions(wanted: RequestFilter, order: Order, now: datetime) -> list[list[ColumnElement[bool]]]:
    """Return the conditions of each of the queries whose rows, merged, are the list.

    Expressions instead of plain columns keep a database from a filter's own index where the order's has all it needs.
    """
    late: list[ColumnElement[bool]] = [Request.due_at < now, _is_not_suspended()] if wanted.is_late else []
    if wanted.is_of_unfinished:
        conditions = [_IS_UNFINISHED, *late]
        if set(wanted.situations) != set(UNFINISHED_SITUATIONS):
            conditions.append(Request.situation.concat("").in_(wanted.situations))
        if wanted.group_id is not None:
            conditions.append(Request.group_id + 0 == wanted.group_id)
        if wanted.responsible_id is not None:
            conditions.append(Request.responsible_id + 0 == wanted.responsible_id)
        return [conditions]
    owners = [Request.requester_id == wanted.requester_id] if wanted.requester_id is not None else []
    for column, value in ((Request.responsible_id, wanted.responsible_id), (Request.group_id, wanted.group_id)):
        if value is not None:
            owners.append((column + 0 if owners else column) == value)
    if order is Order.NUMBER and not owners and not late and set(wanted.situations) == set(Situation):
        return [[]]
    situations = [s for s in wanted.situations if not wanted.is_late or s in UNFINISHED_SITUATIONS]
    return [[*owners, Request.situation == literal_column(f"'{situation}'"), *late] for situation in situations]


def _is_not_suspended() -> ColumnElement[bool]:
    return Request.situation != literal_column(f"'{Situation.SUSPENDED}'")


def _count_query(wanted: RequestFilter, now: datetime) -> Select[Any]:
    branches: list[Any] = [
        select(literal_column("1").label("one")).select_from(Request).where(*conditions).limit(MOST_COUNTED + 1)
        for conditions in _conditions(wanted, Order.NUMBER, now)
    ]
    some = union_all(*[select(branch.subquery()) for branch in branches]).limit(MOST_COUNTED + 1).subquery()
    return cast("Select[Any]", select(func.count()).select_from(some))


def load_requests(session: Session, numbers: Sequence[int]) -> Sequence[Request]:
    """Return these requests with all that a list shows of them, in this order."""
    query = select(Request).where(Request.id.in_(numbers))
    loaded = (Request.requester, Request.service, Request.group, Request.responsible)
    found = {one.id: one for one in session.scalars(query.options(*map(joinedload, loaded)))}
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
