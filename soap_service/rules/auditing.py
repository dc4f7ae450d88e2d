"""The audit's words, and how its rows are sealed. Pure rules: knows no session, no screen.

Whoever acts is named once, where a page or a command begins (`acting`), so that everything done meanwhile is recorded
under that name.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from soap_service.rules.documents import mask_documents

LONGEST_NAME = 200
LONGEST_RECORD = 60


class AuditKind(StrEnum):
    """What happened."""

    LOGGED_IN = "log-in"
    LOG_IN_REFUSED = "log-in-refused"
    LOG_INS_LIMITED = "log-ins-limited"  # too many failures from there; at most one row a minute
    LOGGED_OUT = "log-out"
    LOGIN_ENDED = "log-in-ended"  # by its agent in another log-in, or by an administrator
    CODE_REFUSED = "code-refused"  # after the right password
    RECOVERY_CODE_USED = "recovery-code-used"
    RECOVERY_CODES_MADE = "recovery-codes-made"
    SECOND_FACTOR_SET_UP = "second-factor-set-up"
    SECOND_FACTOR_REMOVED = "second-factor-removed"  # by its agent, or reset by an administrator
    IDENTITY_JOINED = "identity-joined"  # an agent's at the provider of single sign-on
    IDENTITY_SEPARATED = "identity-separated"
    ACCESS_REFUSED = "access-refused"  # of who is logged in: by role, group or form token
    INTEGRATION_REFUSED = "integration-refused"
    PERSON_VIEWED = "person-viewed"
    PERSON_SEARCHED = "person-searched"
    DOCUMENT_SHOWN = "document-shown"
    PERSON_ADDED = "person-added"
    PERSON_CHANGED = "person-changed"
    PERSONS_MERGED = "persons-merged"
    PERSON_EXPORTED = "person-exported"
    PERSON_ERASED = "person-erased"
    CONTACT_ERASED = "contact-erased"
    MANY_PERSONS = "many-persons"  # more persons in an hour than the settings allow without a warning
    MANY_UNKNOWN = "many-unknown"  # a platform asked about more unknown documents and numbers than its hour's budget
    EXTENSION_TAKEN = "extension-taken"
    IMPORTED = "imported"
    EXPORTED = "exported"
    BACKED_UP = "backed-up"
    RESTORED = "restored"
    PURGED = "purged"
    SETTING_CHANGED = "setting-changed"
    AUDIT_READ = "audit-read"


#: What tells that somebody saw a person's data: of so many persons an hour administrators are warned.
PERSONS_SEEN = (AuditKind.PERSON_VIEWED, AuditKind.PERSON_SEARCHED, AuditKind.DOCUMENT_SHOWN)


class ActorKind(StrEnum):
    """Who can do something."""

    AGENT = "agent"
    INTEGRATION = "integration"
    COMMAND = "command"
    VISITOR = "visitor"  # a browser that is not logged in


class RecordKind(StrEnum):
    """What it can be done to."""

    NONE = ""
    REQUESTER = "requester"
    REQUEST = "request"
    CALL = "call"
    EXTENSION = "extension"
    AGENT = "agent"
    GROUP = "group"
    SERVICE = "service"
    PARAMETER = "parameter"
    CALENDAR = "calendar"
    HOLIDAY = "holiday"
    INTEGRATION = "integration"
    AUDIT = "audit"
    DATABASE = "database"


@dataclass(frozen=True)
class Actor:
    """Who acts, from which address: an agent by login and id, a platform or a user of the command by name."""

    kind: ActorKind
    name: str = ""
    agent_id: int | None = None
    address: str = ""


_NOBODY_NAMED = Actor(ActorKind.COMMAND, "soap-service")
_acting: ContextVar[Actor] = ContextVar("acting", default=_NOBODY_NAMED)


def current_actor() -> Actor:
    """Return who acts in this thread; the command where nobody was named."""
    return _acting.get()


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Have what is done meanwhile, in this thread, be done by an actor."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)


@dataclass(frozen=True)
class AuditEntry:
    """A row of the audit before it has a number. The record's id is never a document."""

    happened_at: datetime
    actor: Actor
    kind: AuditKind
    record_kind: RecordKind = RecordKind.NONE
    record: str = ""

    def values(self) -> dict[str, Any]:
        """Return the columns of the row."""
        return {
            "happened_at": self.happened_at,
            "actor_kind": str(self.actor.kind),
            "actor": mask_documents(self.actor.name)[:LONGEST_NAME],
            "agent_id": self.actor.agent_id,
            "address": self.actor.address[:45],
            "kind": str(self.kind),
            "record_kind": str(self.record_kind),
            "record": mask_documents(self.record)[:LONGEST_RECORD],
        }


def entry_of(now: datetime, kind: AuditKind, record_kind: RecordKind, record: object) -> AuditEntry:
    """Return the entry of what the current actor does."""
    return AuditEntry(now, current_actor(), kind, record_kind, str(record))


def told_row(row: Any) -> dict[str, Any]:
    """Return a row as JSON lines and seals have it: all that it says, times in UTC with microseconds."""
    return {
        "id": row.id,
        "at": told_moment(row.happened_at),
        "who_kind": row.actor_kind,
        "who": row.actor,
        "agent_id": row.agent_id,
        "from": row.address,
        "kind": row.kind,
        "record_kind": row.record_kind,
        "record": row.record,
    }


def told_moment(moment: datetime | None) -> str:
    """Return an instant as text, the same on every database; "" for one that cannot be read."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def as_line(told: dict[str, Any]) -> str:
    """Return what is told as one line of JSON."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def digest_of(previous: str, seal: dict[str, Any], rows: Iterable[Any]) -> str:
    """Return the digest that closes a batch: over the seal before it, what this seal says, and each row in order."""
    digest = hashlib.sha256(previous.encode())
    digest.update(as_line(seal).encode())
    for row in rows:
        digest.update(b"\n" + as_line(told_row(row)).encode())
    return digest.hexdigest()
