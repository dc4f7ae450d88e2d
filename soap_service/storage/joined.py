"""Look-ups of concurrent calls, joined: what waits travels together in one statement, without threads.

A read is run on `KnownRows`. Where a row is not known yet it ends with `RowMissing`; the row is looked up with those
that others miss (`missing.py`).

One statement is under way; what arrives meanwhile goes into the next. Where one is held up, by somebody's lock or a
network, another connection takes what waits behind it. Everything ends: a statement as any other does
(`server_link.py`), a wait at its read's deadline.
"""

from collections.abc import Callable, Sequence
from typing import Any

from soap_service.errors import StoreUnavailable
from soap_service.storage.backend import Link
from soap_service.storage.missing import Finder, GoOn, Waiting
from soap_service.storage.telephony_reads import KnownRows, LookUps, RowMissing, TelephonyReads

#: Statements that may be under way at once, on a connection each, while one is held up.
MOST_UNDER_WAY = 2
#: Keys of one statement.
MOST_TOGETHER = 256
#: Reads that may wait for rows at once.
MOST_WAITING = 1024


class JoinedLookUps(Finder[RowMissing, Link], LookUps):
    """The look-ups of one process on a server."""

    def __init__(
        self,
        store: TelephonyReads,
        links: Sequence[Link],
        failure: Callable[[Exception], StoreUnavailable],
        errors: tuple[type[Exception], ...],
    ) -> None:
        super().__init__(links, MOST_WAITING, helpers=len(links) - 1)
        self._store, self._links, self._failure, self._errors = store, links, failure, errors

    def close(self) -> None:  # noqa: D102
        super().close()
        for link in self._links:
            link.close()

    def reads(self, deadline: float) -> TelephonyReads:  # noqa: D102
        return KnownRows(self, self._store.now, deadline)

    def find(self, missing: RowMissing, go_on: GoOn) -> None:  # noqa: D102
        self.add(Waiting(missing, missing.known.deadline, go_on))

    async def find_some(self, worker: Link) -> None:  # noqa: D102
        batch = self._next_batch()
        if not batch:
            return
        look_up = batch[0].missing.look_up
        rows: dict[object, list[Any]] = {waiting.missing.key: [] for waiting in batch}
        try:
            for key, *row in await worker.fetch(look_up.many, {"keys": list(rows)}):
                rows[key].append(row)
        except self._errors as error:
            failure = self._failure(error)
            for waiting in batch:
                self.tell(waiting, failure)
            return
        for waiting in batch:
            waiting.missing.known.add(look_up, waiting.missing.key, rows[waiting.missing.key])
            self.tell(waiting)

    def _next_batch(self) -> list[Waiting[RowMissing]]:
        """Take those who wait for the same kind of row as the first."""
        look_up = self.queue[0].missing.look_up
        batch: list[Waiting[RowMissing]] = []
        others: list[Waiting[RowMissing]] = []
        while self.queue and len(batch) < MOST_TOGETHER:
            waiting = self.queue.popleft()
            if self.is_waiting(waiting):
                (batch if waiting.missing.look_up is look_up else others).append(waiting)
        self.queue.extendleft(reversed(others))
        return batch
