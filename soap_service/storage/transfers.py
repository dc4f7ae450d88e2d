"""A call announced again at another extension: the earlier one, unless somebody answered it, was transferred.

Source: `docs/rules.md`, Calls.
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update

from soap_service.column_types import UtcDateTime
from soap_service.model import Call, Requester
from soap_service.rules.documents import is_cpf

#: A call that comes this long after the earlier one is another call.
_LONGEST = timedelta(minutes=1)
#: Announcements so close together are of a ring group, whose telephones all ring.
_RING_GROUP = timedelta(seconds=2)

_NEW_EXTENSION = bindparam("extension", type_=Call.extension.type)
_TO = bindparam("to", type_=Call.extension.type)
_EARLIER = (
    Call.integration_id == bindparam("platform"),
    Call.created_at >= bindparam("earliest", type_=UtcDateTime),
    Call.created_at < bindparam("latest", type_=UtcDateTime),
    Call.answered_at.is_(None),
    Call.transferred_to.is_(None),
)
#: The id of who has a document; that of a merged record is the other's.
CALLER = (
    select(func.coalesce(Requester.merged_into_id, Requester.id))
    .where(Requester.document == bindparam("document"))
    .scalar_subquery()
)
#: Whether the call that is being announced is a transfer; a column of the one question that an announcement asks.
IS_TRANSFER = select(Call.id).where(Call.requester_id == CALLER, Call.extension != _NEW_EXTENSION, *_EARLIER).exists()
#: Mark the earlier calls, and tell their tokens and extensions.
TRANSFER = (
    update(Call.__table__)  # type: ignore[arg-type]
    .where(Call.requester_id == bindparam("caller"), Call.extension != _TO, *_EARLIER)
    .values(transferred_to=_TO)
    .returning(Call.token, Call.extension)
)


def earlier_calls(integration_id: int, document: str, now: datetime) -> dict[str, object]:
    """Return the values that say, of both statements, which earlier calls are meant: with a CNPJ, none."""
    platform = integration_id if is_cpf(document) else None
    return {"platform": platform, "earliest": now - _LONGEST, "latest": now - _RING_GROUP}
