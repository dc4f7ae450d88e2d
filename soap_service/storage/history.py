"""The history of what administrators changed. Knows who, when and what; and how an edit of one is compared."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from soap_service.errors import AlreadyExists, ChangedMeanwhile
from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.rules.edits import Edit
from soap_service.storage.audit import write_entry
from soap_service.storage.part import Part
from soap_service.tables.administration import AdminChange

#: Who changed something when nobody else is named: the command.
COMMAND = "soap-service"
CHANGES_SHOWN = 50


class History(Part):
    """Reading the history."""

    def list_changes(self, before: int | None = None, limit: int = CHANGES_SHOWN) -> Sequence[AdminChange]:
        """Return the latest changes, newest first; of those before a change's id if one is given."""
        query = select(AdminChange).order_by(AdminChange.id.desc()).limit(limit)
        with self._database.reading() as session:
            return session.scalars(query if before is None else query.where(AdminChange.id < before)).all()


def record(
    session: Session,
    now: datetime,
    actor: str,
    subject: str,
    action: str,
    name: str,
    details: Mapping[str, tuple[str, str]] | None = None,
    origin_key: str | None = None,
    *,
    record_id: object,
) -> None:
    """Write a line of the history: each detail is a field's name with its text before and after. Never a secret.

    The audit gets the id where the history has the name.
    """
    write_entry(session, now, AuditKind.SETTING_CHANGED, RecordKind(subject), record_id)
    session.add(
        AdminChange(
            changed_at=now,
            actor=actor,
            subject=subject,
            action=action,
            name=name,
            details=json.dumps(dict(details or {}), ensure_ascii=False),
            origin_key=origin_key,
        )
    )


def is_recorded(session: Session, origin_key: str | None) -> bool:
    """Tell whether the form with that key has made its thing already."""
    made = select(AdminChange.id).where(AdminChange.origin_key == origin_key)
    return origin_key is not None and session.scalar(made) is not None


def is_to_be_made(edit: Edit, before: Edit, stamp: str, subject: str) -> bool:
    """Tell whether an edit changes what is there (locked); raises ChangedMeanwhile unless it was made from that."""
    if before == edit:
        return False
    if before.stamp != stamp:
        raise ChangedMeanwhile(subject)
    return True


def refuse_taken(session: Session, names: InstrumentedAttribute[str], name: str) -> None:
    """Raise AlreadyExists when something has that name."""
    if session.scalar(select(names).where(names == name)) is not None:
        raise AlreadyExists(name)
