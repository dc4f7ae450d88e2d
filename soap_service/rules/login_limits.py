"""How long a log-in lasts: so long without use, and so long at most. Use is a click, a key or a form that is posted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

_A_MINUTE = timedelta(minutes=1)
_WARNING = timedelta(minutes=5)


@dataclass(frozen=True)
class LoginLimits:
    """The time without use after which a log-in ends, and its longest life."""

    idle: timedelta
    longest: timedelta

    @property
    def between_uses(self) -> timedelta:
        """Use is kept at most once in this time: a write for each page would be too many."""
        return min(_A_MINUTE, self.idle / 10)

    @property
    def warning(self) -> timedelta:
        """How long before its end the pages of a log-in warn."""
        return min(_WARNING, self.idle / 4)

    def last_end(self, expires_at: datetime, ends_at: datetime | None) -> datetime:
        """Return when a log-in ends however much it is used; one made before 0.2.0 began `idle` before it expires."""
        return expires_at - self.idle + self.longest if ends_at is None else ends_at

    def extended(self, expires_at: datetime, last_end: datetime, now: datetime) -> datetime:
        """Return when a log-in expires that is used now; what use was kept a moment ago moves nothing."""
        extended = min(now + self.idle, last_end)
        return extended if extended - expires_at >= self.between_uses else expires_at
