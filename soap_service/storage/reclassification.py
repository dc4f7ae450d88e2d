"""Reclassifying a request: another service, urgency or impact, and its deadline counted again from the opening.

The time in which the clock stood is left out: what is kept in `request_stop`, and what lasts since `stopped_at`.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from soap_service.model import Request, RequestStop, Service
from soap_service.rules.deadlines import WorkingCalendar, recounted_deadline, time_left
from soap_service.rules.situations import LEVELS, STOPPED_SITUATIONS, priority_of
from soap_service.storage.catalogue import active_service
from soap_service.storage.requests import sla_of


@dataclass(frozen=True)
class Classification:
    """What a request is for and how pressing it is. Urgency and impact are A, M or B."""

    service_id: int
    urgency: str
    impact: str


def reclassify(
    session: Session, request: Request, wanted: Classification, calendar: WorkingCalendar, now: datetime
) -> str:
    """Classify a request anew, recount its deadline, and return what changed, as its history says it.

    The executor group stays: forwarding is an action of its own. Raises: ServiceNotFound for a new service that is not
    active.
    """
    before = _told(session, request, calendar.zone)
    if wanted.service_id != request.service_id:
        request.service_id = active_service(session, wanted.service_id).id
    request.urgency, request.impact = wanted.urgency, wanted.impact
    request.priority = priority_of(wanted.urgency, wanted.impact)
    _recount(session, request, calendar, now)
    after = _told(session, request, calendar.zone)
    changed = [name for name in after if before[name] != after[name] or name == _DEADLINE]
    return "\n".join(f"{name}: {before[name]} → {after[name]}" for name in changed)


def _recount(session: Session, request: Request, calendar: WorkingCalendar, now: datetime) -> None:
    sla = sla_of(session, session.get_one(Service, request.service_id), request.priority)
    request.due_at = request.remaining_seconds = None
    if sla is None or request.opened_at is None:
        return
    query = select(RequestStop.stopped_at, RequestStop.resumed_at).where(RequestStop.request_id == request.id)
    stops = [(stopped_at, resumed_at) for stopped_at, resumed_at in session.execute(query.order_by(RequestStop.id))]
    request.due_at = recounted_deadline(calendar, request.opened_at, sla, stops)
    if request.situation in STOPPED_SITUATIONS:
        left = time_left(calendar, request.due_at, request.stopped_at or now)
        request.remaining_seconds = None if left is None else int(left.total_seconds())


_DEADLINE = "Prazo limite"


def _told(session: Session, request: Request, zone: ZoneInfo) -> dict[str, str]:
    """Return what a classification decides, in the words of the history."""
    service = session.get(Service, request.service_id)
    due_at = request.due_at
    return {
        "Serviço": service.name if service else "—",
        "Urgência": LEVELS.get(request.urgency, "—"),
        "Impacto": LEVELS.get(request.impact, "—"),
        "Prioridade": str(request.priority),
        _DEADLINE: f"{due_at.astimezone(zone):%d/%m/%Y %H:%M}" if due_at else "A combinar",
    }
