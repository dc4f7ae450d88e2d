"""What integrations asked in vain, by the hour, counted by all nodes; and of what they were told, as keyed hashes.

Nothing here is written by a call: a process brings what has gathered. Rows are written in the order of their keys, so
that no two nodes wait for each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, literal_column, select, true

from soap_service.model import Integration, Requester
from soap_service.rules.auditing import Actor, ActorKind, AuditKind, RecordKind, acting
from soap_service.rules.documents import written_forms
from soap_service.rules.unknown_budgets import ANSWERED_FOR, LEARNED_DAYS, budget_of, hash_asked, hour_of
from soap_service.storage.audit import write_entry
from soap_service.storage.erasure_list import read_keys
from soap_service.storage.expressions import values_of
from soap_service.storage.part import Part
from soap_service.tables.administration import AnsweredBefore, UnknownHour

#: So many rows of one transaction hold up nobody.
HASHES_AT_ONCE = 1000


@dataclass(frozen=True)
class HourOfUnknown:
    """What all nodes have counted in the hour that began then, by integration; `is_empty`: there is no requester."""

    hour: datetime
    counted: Mapping[int, int]
    is_empty: bool


class UnknownAsked(Part):
    """The counts of unknown documents and numbers, and the hashes of those that were told."""

    def read_hour(self) -> HourOfUnknown:
        """Return the counts of this hour; two round trips by index."""
        hour = hour_of(self._database.now())
        counted = {row[0]: row[1] for row in self._database.fetch(_OF_HOUR, hour=hour)}
        return HourOfUnknown(hour, counted, not self._database.fetch(_ANY_REQUESTER))

    def learn_budgets(self) -> dict[int, int]:
        """Return the budget of an hour of each integration that asked in vain in the days before today."""
        today = self._database.now().replace(hour=0, minute=0, second=0, microsecond=0)
        query = select(UnknownHour.integration_id, UnknownHour.hour, UnknownHour.unknown)
        query = query.where(UnknownHour.hour >= today - timedelta(days=LEARNED_DAYS), UnknownHour.hour < today)
        hours: dict[int, list[tuple[datetime, int]]] = {}
        with self._database.reading() as session:
            for integration_id, hour, unknown in session.execute(query):
                hours.setdefault(integration_id, []).append((hour, unknown))
        return {integration_id: budget_of(found) for integration_id, found in hours.items()}

    def read_key(self) -> bytes:
        """Return the key of the hashes."""
        with self._database.reading() as session:
            return next(iter(read_keys(session.connection()).values()))

    def count(self, unknown: Mapping[int, int], budgets: Mapping[int, int]) -> tuple[datetime, dict[int, int]]:
        """Add to the counts of this hour and return them; whose passes its budget is in the audit, once an hour."""
        now = self._database.now()
        rows = [{"integration_id": one, "hour": hour_of(now), "unknown": unknown[one]} for one in sorted(unknown)]
        new = self._database.insert_into(UnknownHour).values(rows)
        added = new.on_conflict_do_update(
            index_elements=["integration_id", "hour"], set_={"unknown": UnknownHour.unknown + new.excluded.unknown}
        )
        with self._database.writing() as session:
            told = session.execute(added.returning(UnknownHour.integration_id, UnknownHour.unknown))
            counted = {row.integration_id: row.unknown for row in told}
            for one, count in counted.items():
                if count - unknown[one] < budgets[one] <= count:
                    name = session.get_one(Integration, one).name
                    with acting(Actor(ActorKind.INTEGRATION, name)):
                        write_entry(session, now, AuditKind.MANY_UNKNOWN, RecordKind.NONE, budgets[one])
        return hour_of(now), counted

    def remember(self, hashes: Iterable[str]) -> None:
        """Keep of what integrations were told now, at most `HASHES_AT_ONCE`."""
        new = self._database.insert_into(AnsweredBefore).from_select(["asked_hash", "answered_at"], _TOLD_NOW)
        kept = new.on_conflict_do_update(index_elements=["asked_hash"], set_={"answered_at": new.excluded.answered_at})
        with self._database.transaction() as connection:
            connection.execute(kept, {"hashes": sorted(hashes), "now": self._database.now()})

    def purge(self) -> None:
        """Forget what counts no more, in pieces."""
        now = self._database.now()
        with self._database.transaction() as connection:
            connection.execute(delete(UnknownHour).where(UnknownHour.hour < now - timedelta(days=LEARNED_DAYS + 1)))
        old = select(AnsweredBefore.asked_hash).where(AnsweredBefore.answered_at < now - ANSWERED_FOR)
        found: Sequence[str] = [""]
        while found:
            with self._database.transaction() as connection:
                found = connection.scalars(old.limit(HASHES_AT_ONCE).with_for_update(skip_locked=True)).all()
                connection.execute(delete(AnsweredBefore).where(AnsweredBefore.asked_hash.in_(found)))


def forget_answered(connection: Connection, documents: Iterable[str]) -> None:
    """Forget that any integration was told of these documents, however it wrote them."""
    integrations = connection.scalars(select(Integration.id)).all()
    keys = read_keys(connection).values()
    forms = [form for document in documents for form in written_forms(document)]
    hashes = sorted(hash_asked(key, one, form) for key in keys for one in integrations for form in forms)
    for place in range(0, len(hashes), HASHES_AT_ONCE):
        some = hashes[place : place + HASHES_AT_ONCE]
        connection.execute(delete(AnsweredBefore).where(AnsweredBefore.asked_hash.in_(some)))


_OF_HOUR = select(UnknownHour.integration_id, UnknownHour.unknown).where(UnknownHour.hour == bindparam("hour"))
_TOLD_NOW = select(
    values_of("hashes", AnsweredBefore.asked_hash.type), bindparam("now", type_=AnsweredBefore.answered_at.type)
).where(true())  # else SQLite takes ON CONFLICT for a join's
_ANY_REQUESTER = select(Requester.id).limit(literal_column("1"))
