"""The history of what administrators changed. Knows who, when and what; nothing of the things themselves."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from soap_service.administration_model import AdminChange
from soap_service.storage.database import Database

#: Who changed something when nobody else is named: the command.
COMMAND = "soap-service"
CHANGES_SHOWN = 50


class History(Database):
    """Reading the history."""

    def list_admin_changes(self, before: int | None = None, limit: int = CHANGES_SHOWN) -> Sequence[AdminChange]:
        """Return the latest changes, newest first; of those before a change's id if one is given."""
        query = select(AdminChange).order_by(AdminChange.id.desc()).limit(limit)
        with self.reading() as session:
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
) -> None:
    """Write a line of the history: each detail is a field's name with its text before and after. Never a secret."""
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
