"""Calls that are announced at the same time share a transaction: the disk is waited for, and a server asked, once.

It waits for no other transaction. On a server it goes through a connection of the event loop; on the embedded database
in a thread, which takes what has gathered when it may write.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from soap_service.storage.announcing import Announcement, Outcome
from soap_service.storage.backend import Link
from soap_service.storage.calls import Calls
from soap_service.storage.database import Database
from soap_service.storage.steps import take_on

#: Transactions under way at once on a server, so that it works while we answer.
MOST_UNDER_WAY = 2


class SharedCommits(ABC):
    """One way to announce calls together; one transaction at a time."""

    @abstractmethod
    async def announce(self, gather: Callable[[], Sequence[Announcement]]) -> Sequence[Outcome]:
        """Do what `Calls.announce` does for all calls that have gathered once a transaction for them may write.

        Returns what became of each, in their order. Raises: StoreUnavailable when nothing was kept, or it is not known
        whether.
        """

    @abstractmethod
    def close(self) -> None:
        """Let the transaction in progress end, if that can be."""


class _InThread(SharedCommits):
    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="soap-shared")

    async def announce(self, gather: Callable[[], Sequence[Announcement]]) -> Sequence[Outcome]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._calls.announce_together, gather)

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)


class _OnLink(SharedCommits):
    def __init__(self, calls: Calls, database: Database, link: Link) -> None:
        self._calls, self._database, self._link = calls, database, link

    async def announce(self, gather: Callable[[], Sequence[Announcement]]) -> Sequence[Outcome]:
        begin, end = self._database.backend.bounds_on_link()
        try:
            outcomes = await take_on(self._link, self._calls.keep(gather()), begin, end)
        except self._database.errors as error:
            raise self._database.failure(error) from error
        self._database.notify_here()
        return outcomes

    def close(self) -> None:
        self._link.close()


def open_shared_commits(calls: Calls, database: Database) -> list[SharedCommits]:
    """Return as many ways as may usefully be under way at once."""
    links = database.backend.open_links(MOST_UNDER_WAY)
    return [_OnLink(calls, database, link) for link in links] or [_InThread(calls)]
