"""Announcements of one process: those that come together are kept together, off the event loop or beside it.

What gathered until a transaction may write shares it. When it fails, nothing of it was kept, or nobody knows: then
each of its calls is announced alone, in a thread, which its key makes safe. So no call suffers for another. One whose
caller was told that it is too late is not begun.
"""

import asyncio

from soap_service.soap.workers import Pool
from soap_service.store import Announcement, Finder, GoOn, NotAnnounced, Outcome, SharedCommits, Store, Waiting

#: Announcements that may wait for the database at once.
MAX_WAITING = 256
#: Announcements of one transaction: others wait for its locks meanwhile.
MOST_TOGETHER = 32


class Announcements(Finder[NotAnnounced, SharedCommits]):
    """The announcements that wait for the database."""

    def __init__(self, store: Store, pool: Pool) -> None:
        self._shared = store.open_shared_commits()
        super().__init__(self._shared, MAX_WAITING)
        self._calls, self._pool = store.calls, pool

    def close(self) -> None:
        """Let the transactions in progress end."""
        super().close()
        for shared in self._shared:
            shared.close()

    def find(self, missing: NotAnnounced, go_on: GoOn) -> None:
        """Have a call announced; raises StoreUnavailable when too many wait."""
        self.add(Waiting(missing, missing.known.deadline, go_on))

    async def find_some(self, worker: SharedCommits) -> None:  # noqa: D102
        batch = _Batch(self)
        try:
            outcomes = await worker.announce(batch.gather)
        except Exception:  # of one of them, or of the database: each finds out for itself
            batch.gather()
            for waiting in batch.gathered:
                self._pool.submit(self._announce_alone, waiting, asyncio.get_running_loop())
        else:
            for waiting, outcome in zip(batch.gathered, outcomes, strict=True):
                self._tell(waiting, outcome)

    def _tell(self, waiting: Waiting[NotAnnounced], outcome: Outcome) -> None:
        waiting.missing.known.outcome = outcome
        self.tell(waiting)

    def _announce_alone(self, waiting: Waiting[NotAnnounced], loop: asyncio.AbstractEventLoop) -> None:
        if not self.is_waiting(waiting):
            return
        outcome: Outcome
        try:
            outcome = self._calls.announce(waiting.missing.announcement)
        except Exception as error:
            outcome = error
        loop.call_soon_threadsafe(self._tell, waiting, outcome)


class _Batch:
    """What is taken from a queue for one transaction, once; who has given up is left out."""

    def __init__(self, announcements: Announcements) -> None:
        self._announcements = announcements
        self._is_gathered = False
        self.gathered: list[Waiting[NotAnnounced]] = []

    def gather(self) -> list[Announcement]:
        """Return what waits, the first time what waits by then."""
        if not self._is_gathered:
            self._is_gathered = True
            queue, is_waiting = self._announcements.queue, self._announcements.is_waiting
            while queue and len(self.gathered) < MOST_TOGETHER:  # the event loop only adds to it meanwhile
                waiting = queue.popleft()
                if is_waiting(waiting):
                    self.gathered.append(waiting)
        return [waiting.missing.announcement for waiting in self.gathered]
