"""What happens to a call, told to the browsers that show it: those of its extension, and of who acted."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from soap_service.model import Call, Extension
from soap_service.rules.live_events import LiveEvent, LiveEventKind
from soap_service.storage.live_events import PUBLISH, publish, row_of
from soap_service.storage.steps import Asked, Steps


def publish_about_call(
    session: Session, kind: LiveEventKind, call: Call, agent_id: int, now: datetime, **data: str
) -> None:
    """Publish an event about a call, within a session, to its extension, and to the agent who acted.

    Where the call was transferred to they are notified too.
    """
    owner_id = publish_at_extension(session, kind, call.extension, call.token, now, **data)
    if agent_id != owner_id or call.transferred_to is not None:
        publish(session, LiveEvent(kind, agent_id, call.transferred_to, call.token, data), now)


def publish_at_extension(
    session: Session, kind: LiveEventKind, extension: str | None, token: str, now: datetime, **data: str
) -> int | None:
    """Publish an event about a call to an extension, if it has one, and return that one's owner.

    The owner is told too: in a pause their browsers subscribe to no extension.
    """
    if extension is None:
        return None
    owner_id: int | None = session.execute(_OWNER, {"number": extension}).scalar_one_or_none()
    publish(session, LiveEvent(kind, owner_id, extension, token, data), now)
    return owner_id


def publish_transfers(transfers: Sequence[tuple[str, str, str]], now: datetime) -> Steps[None]:
    """Tell, each at its former extension, of calls by token that were transferred from there to another."""
    owners = yield Asked(_OWNER, [{"number": former} for _, former, _ in transfers])
    events = [
        LiveEvent(LiveEventKind.CALL_TRANSFERRED, rows[0][0] if rows else None, former, token, {"to": to})
        for (token, former, to), rows in zip(transfers, owners, strict=True)
    ]
    yield Asked(PUBLISH, [row_of(event, now) for event in events], needs_rows=False)


_OWNER = select(Extension.agent_id).where(Extension.number == bindparam("number"))
