"""What agents opened and resolved, by day, for the panel. The child requests that calls launched are left out."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

from sqlalchemy import bindparam, func, literal_column, select

from soap_service.column_types import UtcDateTime
from soap_service.model import RequestEvent
from soap_service.rules.situations import AUTOMATIC, Action
from soap_service.storage.part import Part

#: A day that ended this long ago has no transaction under way any more, and is not counted at every look.
_SETTLED = timedelta(minutes=10)
_BELIEVED_SECONDS = 3600.0
_MOST_KEPT = 64


@dataclass(frozen=True)
class DayOfWork:
    """The requests of a day, by the name of the agent."""

    begins_at: datetime
    opened: Mapping[str, int]
    resolved: Mapping[str, int]


class WorkDone(Part):
    """Requests opened and resolved."""

    @cached_property
    def _settled_days(self) -> dict[tuple[datetime, datetime], tuple[float, DayOfWork]]:
        """Days that are over, each with when it was counted."""
        return {}

    def list_days(self, bounds: Sequence[datetime]) -> list[DayOfWork]:
        """Return what was opened and resolved between each of these moments and the next."""
        return [self._day_of_work(begins_at, ends_at) for begins_at, ends_at in pairwise(bounds)]

    def _day_of_work(self, begins_at: datetime, ends_at: datetime) -> DayOfWork:
        kept = self._settled_days
        known = kept.get((begins_at, ends_at))
        if known is not None and time.monotonic() - known[0] < _BELIEVED_SECONDS:
            return known[1]
        opened: dict[str, int] = {}
        resolved: dict[str, int] = {}
        for actor, action, count in self._database.query(_WORK, begins_at=begins_at, ends_at=ends_at):
            (opened if action == Action.OPEN else resolved)[actor] = count
        day = DayOfWork(begins_at, opened, resolved)
        if ends_at + _SETTLED < self._database.now():
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            kept[begins_at, ends_at] = time.monotonic(), day
        return day


_WORK = (
    select(RequestEvent.actor, RequestEvent.action, func.count())
    .where(
        RequestEvent.happened_at >= bindparam("begins_at", type_=UtcDateTime),
        RequestEvent.happened_at < bindparam("ends_at", type_=UtcDateTime),
        # As `ix_request_event_work` says it.
        RequestEvent.action.in_([literal_column(f"'{one}'") for one in (Action.OPEN, Action.RESOLVE)]),
        RequestEvent.actor != literal_column(f"'{AUTOMATIC}'"),
    )
    .group_by(RequestEvent.actor, RequestEvent.action)
)
