"""What streams have not told yet: calls, extensions that changed hands, live events; all of it in one round trip."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from soap_service.rules.cursor import Position
from soap_service.rules.live_events import LiveEvent
from soap_service.storage.backend import Link
from soap_service.storage.calls import Calls, Delivery, calls_not_covered
from soap_service.storage.database import Database
from soap_service.storage.extensions import Extensions, Ownership, extensions_changed_since, ownerships_of
from soap_service.storage.live_events import LiveEvents, events_not_covered, events_of
from soap_service.storage.part import Part


@dataclass(frozen=True)
class Told:
    """What was told before: the calls and events of positions, and the extensions that had changed by a time."""

    calls: Position
    events: Position
    changed_until: datetime


@dataclass(frozen=True)
class News:
    """What is new: calls and events by id, and extensions that changed, as they stood after the calls were read.

    `read_at` is when all of it was asked for.
    """

    read_at: datetime
    calls: Sequence[Delivery]
    changes: Sequence[Ownership]
    events: Sequence[LiveEvent]


class NewsFeed(Part):
    """Reads what is new. Ownership is read after the calls, so that no call follows a former owner."""

    def __init__(self, database: Database, calls: Calls, extensions: Extensions, live_events: LiveEvents) -> None:
        super().__init__(database)
        self._calls, self._extensions, self._live_events = calls, extensions, live_events

    def listen(self, on_notification: Callable[[], None]) -> Link | None:
        """Return the link for `read_on`, as `Backend.listen` does."""
        return self._database.backend.listen(on_notification)

    def read(self, told: Told) -> News:
        """Read it where a thread may wait; a row that cannot be read is passed over. Raises: StoreUnavailable."""
        read_at = self._database.now()
        calls = self._calls.list_after(told.calls)
        changes = self._extensions.list_changed_since(told.changed_until)
        return News(read_at, calls, changes, self._live_events.list_after(told.events))

    async def read_on(self, link: Link, told: Told) -> News:
        """Read it on the event loop; raises StoreUnavailable, and ValueError for a row that cannot be read."""
        read_at = self._database.now()
        questions = (
            calls_not_covered(told.calls),
            extensions_changed_since(told.changed_until),
            events_not_covered(told.events),
        )
        try:
            calls, changes, events = await link.ask(questions)
        except self._database.errors as error:
            raise self._database.failure(error) from error
        return News(read_at, [Delivery(*row) for row in calls], ownerships_of(changes), events_of(events))
