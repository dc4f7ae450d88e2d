"""The one store of SOAP and screens: every question and change is a method, every method owns its transaction.

Its parts are in `soap_service.storage`, one a subject. Sessions never leave it: what it returns is loaded and detached.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from soap_service.config import Settings
from soap_service.errors import StoreUnavailable
from soap_service.rules.deadlines import WorkingCalendar
from soap_service.storage.announcing import Announcement, KnownOutcome, NotAnnounced, Outcome, Receipt
from soap_service.storage.attendance import Attendance, Attendances
from soap_service.storage.audit import Audit, AuditFilter
from soap_service.storage.audit_seals import AuditSeals, Sealed, Verification, told_seal
from soap_service.storage.backend import Link, Traits
from soap_service.storage.backup import Backups, Restored
from soap_service.storage.calendar import Calendars
from soap_service.storage.call_list import CALLS_SHOWN, CallChoice, CallLists
from soap_service.storage.callers import CallerGlance, Callers
from soap_service.storage.calls import Answer, Calls, Delivery
from soap_service.storage.catalogue import Catalogue
from soap_service.storage.child_requests import ChildRequests
from soap_service.storage.choices import Choice, Choices
from soap_service.storage.database import Database
from soap_service.storage.diagnosis import Diagnoses, ExtensionStatus, NewRefusal, RefusalKind
from soap_service.storage.erasures import Erased, Erasures
from soap_service.storage.execution import NOBODY, Changes, Execution, RequestView
from soap_service.storage.extension_permits import ExtensionPermits
from soap_service.storage.extensions import Extensions, Ownership
from soap_service.storage.first_steps import Beginnings, FirstSteps
from soap_service.storage.history import History
from soap_service.storage.identities import SIGN_ON_WITHIN, Identities
from soap_service.storage.indexing import Indexing
from soap_service.storage.integrations import Integrations, KnownIntegration
from soap_service.storage.listeners import Listeners
from soap_service.storage.live_events import LiveEvents
from soap_service.storage.login_tries import KNOWN_FOR, LoginTries
from soap_service.storage.logins import CODE_WITHIN, Logins
from soap_service.storage.missing import WAIT_SECONDS, Finder, GoOn, Missing, Waiting
from soap_service.storage.news import News, NewsFeed, Told
from soap_service.storage.panel import GroupLoad, HourOfCalls, Panel, add_delays, percentile
from soap_service.storage.parameters import Parameters
from soap_service.storage.people import People, PersonView, contact_edit_of, edit_of
from soap_service.storage.person_export import Exported, PersonExports, write_text
from soap_service.storage.reclassification import Classification
from soap_service.storage.request_filter import Order, RequestFilter
from soap_service.storage.requesters import Requesters
from soap_service.storage.requests import NewRequest, Requests
from soap_service.storage.retention import Purged, Retention, Retentions
from soap_service.storage.returned_calls import ReturnedCalls
from soap_service.storage.schema import Schema
from soap_service.storage.scopes import Scopes
from soap_service.storage.search import MOST_RANKED, FoundRequests, Search
from soap_service.storage.second_factors import SecondFactors, key_file_beside
from soap_service.storage.secret_key import SecretKey
from soap_service.storage.shared_commits import SharedCommits, open_shared_commits
from soap_service.storage.staff import Staff
from soap_service.storage.tables import Tables
from soap_service.storage.telephony import Telephony
from soap_service.storage.telephony_reads import RequestSummary, TelephonyReads
from soap_service.storage.unknown_asked import HASHES_AT_ONCE, UnknownAsked
from soap_service.storage.work_done import DayOfWork, WorkDone
from soap_service.storage.worklist import MOST_COUNTED, RequestPage, WorkCounts, Worklist
from soap_service.turns import Turns

__all__ = [
    "CALLS_SHOWN",
    "CODE_WITHIN",
    "HASHES_AT_ONCE",
    "KNOWN_FOR",
    "MOST_COUNTED",
    "MOST_RANKED",
    "NOBODY",
    "SIGN_ON_WITHIN",
    "WAIT_SECONDS",
    "Announcement",
    "Answer",
    "Attendance",
    "AuditFilter",
    "CallChoice",
    "CallerGlance",
    "Changes",
    "Choice",
    "Classification",
    "DayOfWork",
    "Delivery",
    "Erased",
    "Exported",
    "ExtensionStatus",
    "Finder",
    "FirstSteps",
    "FoundRequests",
    "GoOn",
    "GroupLoad",
    "HourOfCalls",
    "KnownIntegration",
    "KnownOutcome",
    "Link",
    "Missing",
    "NewRefusal",
    "NewRequest",
    "News",
    "NotAnnounced",
    "Order",
    "Outcome",
    "Ownership",
    "PersonView",
    "Purged",
    "Receipt",
    "RefusalKind",
    "RequestFilter",
    "RequestPage",
    "RequestSummary",
    "RequestView",
    "Restored",
    "Retention",
    "Sealed",
    "SharedCommits",
    "Store",
    "TelephonyReads",
    "Told",
    "Verification",
    "Waiting",
    "WorkCounts",
    "add_delays",
    "contact_edit_of",
    "edit_of",
    "open_store",
    "percentile",
    "told_seal",
    "write_text",
]

log = logging.getLogger(__name__)


class Store:
    """A database by subject: `store.calls.announce(...)`. Bring its `schema` up to date before the first question.

    `calendar` counts deadlines until another is saved; a call is repeated when it comes again within `repeat_within`
    (10 s) and is missed when nobody saw it within `call_lifetime` (60 s). `key_file` has the key of encrypted secrets;
    an embedded database has its own beside it. `direct_url` leads to a PostgreSQL that `url` reaches through a pooler.
    """

    def __init__(
        self,
        url: str,
        calendar: WorkingCalendar | None = None,
        repeat_within: timedelta = timedelta(seconds=10),
        call_lifetime: timedelta = timedelta(seconds=60),
        key_file: Path | None = None,
        direct_url: str = "",
    ) -> None:
        database = self._database = Database(url, direct_url)
        self.schema = Schema(database)
        self.audit = Audit(database)
        self.audit_seals = AuditSeals(database)
        self.backups = Backups(database, self.schema, self.audit, _make_erasures)
        self.history = History(database)
        self.live_events = LiveEvents(database)

        self.calendars = Calendars(database, calendar or WorkingCalendar(ZoneInfo("America/Sao_Paulo")))
        self.parameters = Parameters(database)
        self.child_requests = ChildRequests(database)
        self.catalogue = Catalogue(database)
        self.integrations = Integrations(database)
        self.unknown_asked = UnknownAsked(database)

        self.logins = Logins(database)
        self.login_tries = LoginTries(database)
        self.identities = Identities(database)
        self.second_factors = SecondFactors(database, SecretKey(key_file or key_file_beside(database)))
        self.extensions = Extensions(database)
        self.extension_permits = ExtensionPermits(database)
        self.listeners = Listeners(database)
        self.staff = Staff(database)
        self.choices = Choices(database)
        self.attendance = Attendances(database, call_lifetime)
        self.first_steps = Beginnings(database)

        self.requesters = Requesters(database)
        self.requests = Requests(database, self.calendars)
        self.telephony = Telephony(database)
        self.execution = Execution(database, self.calendars, self.requests)
        self.scopes = Scopes(database)
        self.worklist = Worklist(database)
        self.work_done = WorkDone(database)
        self.indexing = Indexing(database)
        self.search = Search(database, self.requesters, self.indexing)
        self.people = People(database)
        self.person_exports = PersonExports(database, self.search, self.audit)
        self.retention = Retentions(database, self.audit)
        self.erasures = Erasures(database, self.search, self.indexing)

        self.calls = Calls(database, self.calendars, repeat_within, call_lifetime)
        self.news = NewsFeed(database, self.calls, self.extensions, self.live_events)
        self.call_lists = CallLists(database, call_lifetime)
        self.returned_calls = ReturnedCalls(database, call_lifetime)
        self.callers = Callers(database)
        self.diagnosis = Diagnoses(database)
        self.panel = Panel(database, call_lifetime)
        self.tables = Tables(database, self.audit)

    @property
    def traits(self) -> Traits:
        """What the database is like, for those who decide when and how much to ask it."""
        return self._database.backend.traits

    def now(self) -> datetime:
        """Return the time by the clock that decides."""
        return self._database.now()

    def check(self) -> None:
        """Check that the database is there, can be written, and what time it has; raises StoreUnavailable."""
        self._database.check()

    def subscribe(self, on_change: Callable[[], None]) -> None:
        """Have `on_change` called, in any thread, after each commit that the agents' screens wait for."""
        self._database.subscribe(on_change)

    def give_way(self) -> None:
        """Have what this thread does from now on leave some of the database's connections to calls."""
        self._database.give_way()

    def write_in_turn(self, turns: Turns) -> None:
        """Have workers of one service write in a fair order where one writes at a time."""
        self._database.backend.write_in_turn(turns)

    def open_shared_commits(self) -> list[SharedCommits]:
        """Return how calls that are announced at the same time share transactions, each way for one at a time."""
        return open_shared_commits(self.calls, self._database)

    def change_marker(self) -> int:
        """Return a number that is another one when other processes may have committed."""
        return self._database.change_marker()

    def close(self) -> None:
        """Write what the audit was told, and close every connection; nothing may be asked at the same time."""
        try:
            self.audit.flush()
        except StoreUnavailable:
            log.error("the audit lacks what was looked at since the database went away")
        self._database.close()


def _make_erasures(database: Database) -> Erasures:
    indexing = Indexing(database)
    return Erasures(database, Search(database, Requesters(database), indexing), indexing)


def open_store(settings: Settings, create: bool = True) -> Store:
    """Return the store of the settings, brought up to the schema of this program.

    Raises: DatabaseMissing for an embedded database that is not there and that it may not `create`; InputRefused for a
    pooler without the database's direct address.
    """
    limits = (settings.repeat_within, settings.call_lifetime)
    store = Store(settings.database_url, settings.calendar, *limits, settings.secret_key, settings.direct_database_url)
    store.schema.check_address()
    if not create:
        store.schema.must_exist()
    store.schema.upgrade()
    store.tables.begin_numbers(settings.first_request_number)
    return store
