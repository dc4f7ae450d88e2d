"""The reads of the telephony platforms on the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from soap_service.storage.joined import MOST_UNDER_WAY, JoinedLookUps
from soap_service.storage.look_ups import LookUp
from soap_service.storage.part import Part
from soap_service.storage.telephony_reads import LookUps, TelephonyReads
from soap_service.storage.turn_reads import TurnReads


class Telephony(TelephonyReads, Part):
    """The reads on the database, here and now."""

    def look_up(self, look_up: LookUp, key: object) -> Sequence[Any]:  # noqa: D102
        return self._database.fetch(look_up.one, key=key)

    def now(self) -> datetime:  # noqa: D102
        return self._database.now()

    def join_look_ups(self) -> LookUps:
        """Return how concurrent reads are run."""
        database = self._database
        links = database.backend.open_links(MOST_UNDER_WAY)
        if not links:
            return TurnReads(self, database)
        return JoinedLookUps(self, links, database.failure, database.errors)
