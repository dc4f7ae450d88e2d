"""Figures for the panel: calls by hour, the time until they popped up, requests in progress by group.

Each hour that is over has one row in `call_hour`, counted once, away from every call and every page. A page reads a
few hundred rows, and counts only what the last hours have brought.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import and_, bindparam, case, func, literal_column, select, text
from sqlalchemy.exc import IntegrityError

from soap_service.column_types import UtcDateTime
from soap_service.model import Call, CallHour, Group, Integration, Request
from soap_service.rules.calls import SIMULATION, Notice
from soap_service.rules.situations import OPEN_SITUATIONS
from soap_service.storage.database import Database
from soap_service.storage.expressions import MillisecondsBetween
from soap_service.storage.part import Part

_HOUR = timedelta(hours=1)
#: Hours that are counted, from now back.
HOURS_KEPT = 15 * 24
#: Hours counted in one turn, so that a turn stays short after an upgrade with many calls.
_HOURS_A_TURN = 24
#: Upper bounds of the delays that are told apart, in milliseconds; the last has none.
DELAY_BOUNDS = (
    5,
    10,
    15,
    20,
    30,
    40,
    50,
    75,
    100,
    150,
    200,
    300,
    500,
    750,
    1_000,
    2_000,
    5_000,
    10_000,
    30_000,
    60_000,
)


@dataclass(frozen=True)
class HourOfCalls:
    """The calls of the hour that begins then: announced, seen by an agent, missed; how many took how long to pop up.

    One that was transferred is not missed; one that was returned was.

    `delays` counts by `DELAY_BOUNDS` those that were announced while a screen was connected: for the others it would
    tell how long an agent was away. Calls that may still be seen are neither seen nor missed.
    """

    begins_at: datetime
    announced: int
    seen: int
    missed: int
    delays: tuple[int, ...]


@dataclass(frozen=True)
class GroupLoad:
    """The requests in progress of an executor group, and how many of them are late."""

    name: str
    in_progress: int
    late: int


def percentile(delays: Sequence[int], share: float) -> float | None:
    """Return the delay, in milliseconds, within which that share of the calls popped up; None without calls.

    Within its bound it is interpolated.
    """
    wanted = share * sum(delays)
    if not wanted:
        return None
    passed = 0
    for (low, high), count in zip(pairwise((0, *DELAY_BOUNDS, DELAY_BOUNDS[-1])), delays, strict=True):
        if count and passed + count >= wanted:
            return low + (high - low) * (wanted - passed) / count
        passed += count
    return float(DELAY_BOUNDS[-1])


def add_delays(hours: Iterable[HourOfCalls]) -> tuple[int, ...]:
    """Return how many calls of all those hours took how long."""
    total = [0] * (len(DELAY_BOUNDS) + 1)
    for hour in hours:
        total = [sum(pair) for pair in zip(total, hour.delays, strict=True)]
    return tuple(total)


class Panel(Part):
    """Figures of the service desk, simulated calls left out. What nobody saw within `call_lifetime` is missed."""

    def __init__(self, database: Database, call_lifetime: timedelta) -> None:
        super().__init__(database)
        self._call_lifetime = call_lifetime

    def list_hours(self, since: datetime) -> Sequence[HourOfCalls]:
        """Return the hours since then that had calls, oldest first: those counted, and those not over yet."""
        rows = self._database.query(_COUNTED, since=since)
        hours = [
            HourOfCalls(begins_at, announced, seen, missed, tuple(map(int, delays.split())))
            for begins_at, announced, seen, missed, delays in rows
        ]
        begins_at = max(hours[-1].begins_at + _HOUR if hours else _hour_of(since), self._open_since() - 2 * _HOUR)
        while begins_at <= self._database.now():
            hours.append(self._count(begins_at))
            begins_at += _HOUR
        return [hour for hour in hours if hour.announced]

    def list_group_loads(self) -> Sequence[GroupLoad]:
        """Return the requests in progress of each group that has any, by name."""
        rows = self._database.query(_LOADS, now=self._database.now())
        loads = [GroupLoad(name, late + in_time + free, late) for name, late, in_time, free in rows]
        return [load for load in loads if load.in_progress]

    def count_hours(self) -> int:
        """Count hours of calls that are over and were not counted yet, newest first; return how many."""
        until = self._open_since()
        since = until - HOURS_KEPT * _HOUR
        there = {row[0] for row in self._database.query(_COUNTED, since=since)}
        wanted = [until - n * _HOUR for n in range(1, HOURS_KEPT)]
        missing = [begins_at for begins_at in wanted if begins_at not in there][:_HOURS_A_TURN]
        counted = [self._count(begins_at) for begins_at in missing]
        if not counted:
            return 0
        try:
            with self._database.writing() as session:
                for hour in counted:
                    delays = " ".join(map(str, hour.delays))
                    session.add(CallHour(**{**vars(hour), "delays": delays}))
        except IntegrityError:
            return 0  # another node was faster
        return len(counted)

    def _open_since(self) -> datetime:
        """Return the beginning of the first hour whose calls may still be seen for the first time."""
        return _hour_of(self._database.now() - self._call_lifetime)

    def _count(self, begins_at: datetime) -> HourOfCalls:
        """Count the calls of one hour, from the calls."""
        now = self._database.now()
        rows = self._database.query(
            _DELAYS, begins_at=begins_at, ends_at=begins_at + _HOUR, missed_at=now - self._call_lifetime
        )
        found: Counter[int] = Counter()
        announced = seen = missed = 0
        for delay, calls, unseen_and_old, connected in rows:
            announced += calls
            if delay is None:
                missed += unseen_and_old
                continue
            seen += calls
            found[sum(delay >= bound for bound in DELAY_BOUNDS)] += connected
        return HourOfCalls(begins_at, announced, seen, missed, tuple(found[n] for n in range(len(DELAY_BOUNDS) + 1)))


def _hour_of(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


_COUNTED = (
    select(CallHour.begins_at, CallHour.announced, CallHour.seen, CallHour.missed, CallHour.delays)
    .where(CallHour.begins_at >= bindparam("since", type_=UtcDateTime))
    .order_by(CallHour.begins_at)
)
_OF_HOUR = (
    Call.created_at >= bindparam("begins_at", type_=UtcDateTime),
    Call.created_at < bindparam("ends_at", type_=UtcDateTime),
    Call.integration_id.not_in(select(Integration.id).where(Integration.name == literal_column(f"'{SIMULATION}'"))),
)
_WAS_CONNECTED = Call.notice == literal_column(f"'{Notice.DELIVERED}'")
_IS_MISSED = and_(Call.created_at < bindparam("missed_at", type_=UtcDateTime), Call.transferred_to.is_(None))
_DELAYS = (
    select(
        MillisecondsBetween(Call.created_at, Call.seen_at).label("delay"),
        func.count(),
        func.sum(case((_IS_MISSED, 1), else_=0)),
        func.sum(case((_WAS_CONNECTED, 1), else_=0)),
    )
    .where(*_OF_HOUR)
    .group_by(text("delay"))
)
_OF_GROUP = (
    select(func.count())
    .where(
        Request.situation.in_([literal_column(f"'{one}'") for one in OPEN_SITUATIONS]),  # as `ix_request_load` says it
        Request.group_id == Group.id,
    )
    .correlate(Group)
)
_NOW = bindparam("now", type_=UtcDateTime)
#: Late, in time and without a deadline: three searches of that index for each group, which read each entry once. With
#: GROUP BY, SQLite takes twice the time.
_LOADS = select(
    Group.name,
    *(
        _OF_GROUP.where(condition).scalar_subquery()
        for condition in (Request.due_at < _NOW, Request.due_at >= _NOW, Request.due_at.is_(None))
    ),
).order_by(Group.name)
