"""Seals of the audit: each closes a batch of rows with a digest over them and over the seal before.

A row that is changed or deleted, or a seal, no longer fits its digest, and no later seal fits either. A purge deletes
whole batches and leaves a seal of its own, which says up to where.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import String, case, cast, delete, func, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from soap_service.rules.auditing import (
    PERSONS_SEEN,
    Actor,
    ActorKind,
    AuditKind,
    RecordKind,
    acting,
    digest_of,
    told_moment,
)
from soap_service.storage.audit import write_entry
from soap_service.storage.part import Part
from soap_service.tables.audit import AuditRow, AuditSeal

_HOUR = timedelta(hours=1)
#: No seal closes more rows, so that sealing and verifying need little memory.
_MOST_ROWS = 1000
_SEALS_AT_ONCE = 50
_DELETED_AT_ONCE = 1000


@dataclass(frozen=True)
class Sealed:
    """A batch that was closed: its seal and its rows."""

    seal: AuditSeal
    rows: Sequence[AuditRow]


@dataclass(frozen=True)
class Verification:
    """What a verification found. `digest` is the newest seal's: noted elsewhere, it shows that nothing was cut off."""

    row_count: int
    seal_count: int
    unsealed: int
    digest: str
    problems: Sequence[str]


class AuditSeals(Part):
    """Sealing, verifying, purging."""

    def seal(self, most_persons: int = 0) -> Sealed | None:
        """Close the rows that no seal has yet; None if there are none.

        Who has seen more than `most_persons` in the hour before is recorded, once an hour; 0 for no limit.
        """
        try:
            return self._database.retrying(lambda: self._seal(most_persons))
        except IntegrityError:
            return None  # other nodes seal all the time

    def _seal(self, most_persons: int) -> Sealed | None:
        open_rows = select(AuditRow.id).where(AuditRow.seal_id.is_(None))
        with self._database.reading() as session:
            if session.scalar(open_rows.limit(1)) is None:
                return None
        with self._database.writing() as session:
            last = _newest_seal(session)
            number = 1 if last is None else last.id + 1
            some = open_rows.order_by(AuditRow.id).limit(_MOST_ROWS)
            # Another node may be sealing the same: who is second finds the seal's number taken, and begins again.
            session.execute(
                update(AuditRow)
                .where(AuditRow.id.in_(some), AuditRow.seal_id.is_(None))
                .values(seal_id=number)
                .execution_options(synchronize_session=False)
            )
            rows = session.scalars(select(AuditRow).where(AuditRow.seal_id == number).order_by(AuditRow.id)).all()
            if not rows:
                return None
            seal = AuditSeal(
                id=number,
                sealed_at=self._database.now(),
                row_count=len(rows),
                first_id=rows[0].id,
                last_id=rows[-1].id,
                through_id=None,
                through_digest="",
            )
            seal.digest = digest_of("" if last is None else last.digest, told_seal(seal), rows)
            session.add(seal)
            session.flush()
            if most_persons:
                _warn(session, rows, most_persons, seal.sealed_at)
            return Sealed(seal, rows)

    def newest(self) -> int:
        """Return the number of the newest seal, 0 for none."""
        with self._database.reading() as session:
            return session.scalar(select(func.max(AuditSeal.id))) or 0

    def verify(self, expected: str = "") -> Verification:
        """Recompute every seal; an `expected` digest must be one of them."""
        problems: list[str] = []
        rows = seals = 0
        is_found = not expected
        digest = ""
        with self._database.snapshot() as session:
            purged = _newest_purge(session)
            number = 0 if purged is None else purged.through_id or 0
            previous = "" if purged is None else purged.through_digest
            for seal, found in self._batches(session, number):
                if seal is None:
                    problems.append(f"{len(found)} rows from number {found[0].id} on belong to no seal")
                    continue
                if seal.id != number + 1:
                    problems.append(f"seals {number + 1} to {seal.id - 1} are missing")
                elif digest_of(previous, told_seal(seal), found) != seal.digest:
                    problems.append(_difference(seal, found))
                number, previous = seal.id, seal.digest
                rows, seals, digest = rows + len(found), seals + 1, seal.digest
                is_found = is_found or seal.digest == expected
            unsealed = session.scalar(select(func.count()).where(AuditRow.seal_id.is_(None))) or 0
        if not is_found:
            problems.append("no seal has the digest that is expected: the newest were cut off, or all were made anew")
        return Verification(rows, seals, unsealed, digest, problems)

    def _batches(self, session: Session, after: int) -> Iterator[tuple[AuditSeal | None, Sequence[AuditRow]]]:
        """Yield seals after a number, in order, each with its rows; rows whose seal is not there come with None."""
        while True:
            query = select(AuditSeal).where(AuditSeal.id > after).order_by(AuditSeal.id).limit(_SEALS_AT_ONCE)
            seals = {seal.id: seal for seal in session.scalars(query)}
            is_last = len(seals) < _SEALS_AT_ONCE
            belongs = select(AuditRow).where(AuditRow.seal_id > after).order_by(AuditRow.seal_id, AuditRow.id)
            if not is_last:
                belongs = belongs.where(AuditRow.seal_id <= max(seals))
            batches = {
                number: list(rows) for number, rows in groupby(session.scalars(belongs), key=lambda row: row.seal_id)
            }
            for number in sorted({*seals, *batches}, key=lambda one: one or 0):
                yield seals.get(number or 0), batches.get(number, [])
            if is_last:
                return
            after = max(seals)
            session.expunge_all()

    def purge(self, before: datetime, most: int = _DELETED_AT_ONCE) -> int:
        """Delete batches that were sealed before an instant, a piece of them; return how many rows.

        First a seal says up to where they go, then they go: whatever interrupts it, the rest is deleted the next time.
        """
        self._database.retrying(lambda: self._seal_purge(before))
        with self._database.writing() as session:
            purge = _newest_purge(session)
            if purge is None:
                return 0
            through = purge.through_id or 0
            some = select(AuditRow.id).where(AuditRow.seal_id <= through).limit(most)
            deleted = _delete(session, delete(AuditRow).where(AuditRow.id.in_(some)))
            if deleted < most:
                _delete(session, delete(AuditSeal).where(AuditSeal.id <= through))
            return deleted

    def _seal_purge(self, before: datetime) -> None:
        with self._database.writing() as session:
            done = _newest_purge(session)
            old = select(AuditSeal).where(AuditSeal.sealed_at < before, AuditSeal.through_id.is_(None))
            reached = session.scalar(old.order_by(AuditSeal.id.desc()).limit(1))
            last = _newest_seal(session)
            if reached is None or last is None or (done is not None and reached.id <= (done.through_id or 0)):
                return
            session.add(
                seal := AuditSeal(
                    id=last.id + 1,
                    sealed_at=self._database.now(),
                    row_count=0,
                    first_id=None,
                    last_id=None,
                    through_id=reached.id,
                    through_digest=reached.digest,
                )
            )
            seal.digest = digest_of(last.digest, told_seal(seal), ())
            write_entry(session, seal.sealed_at, AuditKind.PURGED, RecordKind.AUDIT, f"seal {reached.id}")


def _delete(session: Session, statement: Any) -> int:
    done: Any = session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)


def told_seal(seal: AuditSeal) -> dict[str, Any]:
    """Return what a seal says, but for its digest."""
    return {
        "seal": seal.id,
        "sealed_at": told_moment(seal.sealed_at),
        "rows": seal.row_count,
        "first": seal.first_id,
        "last": seal.last_id,
        "through": seal.through_id,
        "through_digest": seal.through_digest,
    }


def _newest_seal(session: Session) -> AuditSeal | None:
    return session.scalar(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1))


def _newest_purge(session: Session) -> AuditSeal | None:
    purges = select(AuditSeal).where(AuditSeal.through_id.is_not(None))
    return session.scalar(purges.order_by(AuditSeal.through_id.desc()).limit(1))


def _difference(seal: AuditSeal, rows: Sequence[AuditRow]) -> str:
    if len(rows) != seal.row_count:
        return f"seal {seal.id} closed {seal.row_count} rows and {len(rows)} are there"
    return f"seal {seal.id} does not fit: it, the one before or a row from number {seal.first_id} on was changed"


def _warn(session: Session, rows: Sequence[AuditRow], most: int, now: datetime) -> None:
    """Record who has seen more persons within an hour than `most`; at most once an hour each."""
    agents = {row.actor: row for row in rows if row.agent_id is not None and row.kind in PERSONS_SEEN}
    for login, row in sorted(agents.items()):
        recent = (AuditRow.actor == login, AuditRow.happened_at > now - _HOUR)
        # A search that found nobody counts, too: who tries documents would else not be noticed.
        person = case((AuditRow.record == "", literal("-") + cast(AuditRow.id, String)), else_=AuditRow.record)
        some = select(person).where(*recent, AuditRow.kind.in_(PERSONS_SEEN)).distinct().limit(most + 1)
        warned = select(AuditRow.id).where(*recent, AuditRow.kind == AuditKind.MANY_PERSONS).limit(1)
        if session.scalar(warned) is None and len(session.scalars(some).all()) > most:
            with acting(Actor(ActorKind.AGENT, login, row.agent_id, row.address)):
                write_entry(session, now, AuditKind.MANY_PERSONS, RecordKind.NONE, most)
