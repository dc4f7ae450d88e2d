"""The one store behind both doors: every question and change is a method, every method owns its transaction.

Its rooms are in `soap_service.storage`, one a subject. Sessions never leave it: what it returns is loaded and detached.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from soap_service.config import Settings
from soap_service.rules.deadlines import WorkingCalendar
from soap_service.storage.administration import Administration
from soap_service.storage.attendance import Attendance, Attendances
from soap_service.storage.backup import Backups
from soap_service.storage.calendar import Calendars
from soap_service.storage.call_list import CALLS_SHOWN, CallChoice, CallLists
from soap_service.storage.callers import CallerGlance, Callers
from soap_service.storage.calls import Announcement, Answer, Calls, Delivery, Receipt
from soap_service.storage.diagnosis import Diagnoses, NewRefusal, RefusalKind, Standing
from soap_service.storage.execution import NOBODY, Changes, Execution, RequestView
from soap_service.storage.history import History
from soap_service.storage.integrations import Integrations
from soap_service.storage.live_events import LiveEvents
from soap_service.storage.panel import GroupLoad, HourOfCalls, Panel, add_delays, percentile
from soap_service.storage.people import Ownership
from soap_service.storage.reclassification import Classification
from soap_service.storage.requests import NewRequest, RequestSummary
from soap_service.storage.search import MOST_RANKED, FoundRequests, Search
from soap_service.storage.staff import Staff
from soap_service.storage.worklist import MOST_COUNTED, Order, RequestFilter, RequestPage, Worklist

__all__ = [
    "CALLS_SHOWN",
    "MOST_COUNTED",
    "MOST_RANKED",
    "NOBODY",
    "Announcement",
    "Answer",
    "Attendance",
    "CallChoice",
    "CallerGlance",
    "Changes",
    "Classification",
    "Delivery",
    "FoundRequests",
    "GroupLoad",
    "HourOfCalls",
    "NewRefusal",
    "NewRequest",
    "Order",
    "Ownership",
    "Receipt",
    "RefusalKind",
    "RequestFilter",
    "RequestPage",
    "RequestSummary",
    "RequestView",
    "Standing",
    "Store",
    "add_delays",
    "open_store",
    "percentile",
]


class Store(
    Calls,
    Callers,
    CallLists,
    Attendances,
    Diagnoses,
    Execution,
    Worklist,
    Search,
    Staff,
    Administration,
    Integrations,
    Calendars,
    History,
    LiveEvents,
    Panel,
    Backups,
):
    """Open a store on a database; `upgrade` it before the first question.

    `calendar` counts deadlines until another is saved; a call is repeated when it comes again within `repeat_within`
    (10 s) and is missed when nobody saw it within `call_lifetime` (60 s).
    """

    def __init__(
        self,
        url: str,
        calendar: WorkingCalendar | None = None,
        repeat_within: timedelta = timedelta(seconds=10),
        call_lifetime: timedelta = timedelta(seconds=60),
    ) -> None:
        super().__init__(url)
        self.default_calendar = calendar or WorkingCalendar(ZoneInfo("America/Sao_Paulo"))
        self.repeat_within = repeat_within
        self.call_lifetime = call_lifetime


def open_store(settings: Settings, create: bool = True) -> Store:
    """Return the store of the settings, brought up to the schema of this program.

    Raises: DatabaseMissing for an embedded database that is not there and that it may not `create`.
    """
    store = Store(settings.database_url, settings.calendar, settings.repeat_within, settings.call_lifetime)
    if not create:
        store.must_exist()
    store.upgrade()
    return store
