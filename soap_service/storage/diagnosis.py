"""Why a call did or did not reach a screen: refusals at the SOAP endpoint, extensions, calls without one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import and_, delete, exists, select
from sqlalchemy.orm import Session, joinedload

from soap_service.model import Agent, Call, Extension, Integration, Listener, Refusal
from soap_service.rules.auditing import Actor, ActorKind, AuditKind, RecordKind, acting
from soap_service.rules.calls import SIMULATION, Refused
from soap_service.storage.audit import write_entry
from soap_service.storage.part import Part

#: Minutes kept of each kind of refusal, so that a flood of one kind drives out no other, and of all kinds together.
MINUTES_OF_A_KIND = 5
MOST_REFUSALS = 100
_KIND = (Refusal.integration, Refusal.operation, Refusal.reason)


@dataclass(frozen=True)
class NewRefusal:
    """So many refusals of one kind: of an integration (empty: unknown), for an operation, the last from an address."""

    integration: str
    operation: str
    reason: str
    address: str
    count: int


@dataclass(frozen=True)
class RefusalKind(NewRefusal):
    """The kept refusals of one kind together; `last_at` is the minute of the last."""

    last_at: datetime


@dataclass(frozen=True)
class ExtensionStatus:
    """How an extension stands: who has registered it, since when they want no calls, whether a browser subscribes."""

    owner: str | None = None
    paused_at: datetime | None = None
    is_subscribed: bool = False


class Diagnoses(Part):
    """What a diagnosis asks. Refusals are kept by kind and minute, a bounded number, without documents or secrets."""

    def note_refusals(self, refusals: Sequence[NewRefusal]) -> None:
        """Add refusals to those of this minute, and forget the oldest."""
        now = self._database.now()
        minute = now.replace(second=0, microsecond=0)
        insert = self._database.insert_into(Refusal)
        added = insert.on_conflict_do_update(
            index_elements=(Refusal.minute, *_KIND),
            set_={"count": Refusal.count + insert.excluded.count, "address": insert.excluded.address},
        )
        with self._database.writing() as session:
            for one in refusals:
                session.execute(added, {**vars(one), "address": one.address[:45], "minute": minute})
                is_kind = and_(*(column == getattr(one, column.key) for column in _KIND))
                _forget_older(session, is_kind, MINUTES_OF_A_KIND)
                if one.reason in [*Refused]:
                    with acting(Actor(ActorKind.INTEGRATION, one.integration, address=one.address)):
                        write_entry(session, now, AuditKind.INTEGRATION_REFUSED, RecordKind.NONE, one.reason)
            _forget_older(session, Refusal.count > 0, MOST_REFUSALS)

    def list_refusals(self) -> Sequence[RefusalKind]:
        """Return the kept refusals by kind, the latest first."""
        found: dict[tuple[str, str, str], RefusalKind] = {}
        with self._database.reading() as session:
            rows = session.scalars(select(Refusal).order_by(Refusal.minute.desc(), *_KIND)).all()
        for row in rows:
            kind = (row.integration, row.operation, row.reason)
            last = found.get(kind)
            if last is None:
                found[kind] = RefusalKind(*kind, row.address, row.count, row.minute)
            else:
                found[kind] = replace(last, count=last.count + row.count)
        return list(found.values())

    def find_extension_status(self, extension: str) -> ExtensionStatus:
        """Return how an extension stands now; one that nobody has registered stands empty."""
        is_subscribed = exists().where(Listener.extension == Extension.number, Listener.until > self._database.now())
        query = select(Agent.name, Agent.paused_at, is_subscribed).join(Extension, Extension.agent_id == Agent.id)
        with self._database.reading() as session:
            row = session.execute(query.where(Extension.number == extension)).one_or_none()
        return ExtensionStatus() if row is None else ExtensionStatus(*row)

    def list_calls_without_extension(self, since: datetime, limit: int) -> Sequence[Call]:
        """Return the latest calls that named no extension and found none, newest first, with their integrations."""
        query = select(Call).where(Call.extension.is_(None), Call.created_at >= since)
        query = query.order_by(Call.created_at.desc()).options(joinedload(Call.integration))
        with self._database.reading() as session:
            return session.scalars(query.limit(limit)).all()

    def find_newest_call_at(self, since: datetime) -> datetime | None:
        """Return when a platform last announced a call, for whatever extension; None when none did since then."""
        simulation = select(Integration.id).where(Integration.name == SIMULATION)
        query = select(Call.created_at).where(Call.created_at >= since, Call.integration_id.not_in(simulation))
        with self._database.reading() as session:
            return session.scalar(query.order_by(Call.created_at.desc()).limit(1))


def _forget_older(session: Session, condition: object, kept: int) -> None:
    """Forget of the refusals that fit a condition all but the latest."""
    fitting = select(Refusal.minute, *_KIND).where(condition).order_by(Refusal.minute.desc(), *_KIND)  # type: ignore[arg-type]
    for row in session.execute(fitting.offset(kept)).all():
        columns = (Refusal.minute, *_KIND)
        session.execute(delete(Refusal).where(and_(*(c == v for c, v in zip(columns, row, strict=True)))))
