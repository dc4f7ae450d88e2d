"""What telephony platforms ask before a call is put through, each answer one look-up, wherever rows come from."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import case, func, literal_column, select

from soap_service.errors import RequesterNotFound, RequestNotFound
from soap_service.model import Request, Requester
from soap_service.rules.deadlines import is_late
from soap_service.rules.documents import documents_to_look_up
from soap_service.rules.situations import OPEN_SITUATIONS, SITUATION_LABELS, Situation
from soap_service.rules.unknown_budgets import ANSWERED_FOR
from soap_service.storage.look_ups import LookingUp, LookUp
from soap_service.storage.missing import GoOn, Missing
from soap_service.tables.administration import AnsweredBefore


class RequestSummary(NamedTuple):
    """What obterDadosSolicitacao tells of a request."""

    number: int
    opened_at: datetime
    deadline: datetime | None
    situation: str
    is_late: bool


class TelephonyReads(LookingUp):
    """The reads of the SOAP operations."""

    def count_open_requests(self, document: str) -> tuple[int, int | None]:
        """Return how many requests of a requester are in progress, and the number of the only one if it is one.

        One round trip for a document that somebody has, by index, at a price that does not grow; one more for that of
        a merged record. Raises: RequesterNotFound for an unknown document.
        """
        for meant in documents_to_look_up(document):
            for count, number, merged_into in self.look_up(OPEN_REQUESTS, meant):
                if merged_into is not None:
                    [(count, number)] = self.look_up(OPEN_REQUESTS_OF, merged_into)
                return count, number
        raise RequesterNotFound

    def was_answered(self, asked_hash: str) -> bool:
        """Tell whether an integration was told lately of what has that hash, in one round trip."""
        since = self.now() - ANSWERED_FOR
        return any(answered_at > since for (answered_at,) in self.look_up(ANSWERED, asked_hash))

    def summarise_request(self, number: int) -> RequestSummary:
        """Return what the telephony may know of a request, in one round trip; raises RequestNotFound."""
        for opened_at, due_at, closed_at, stored in self.look_up(SUMMARY, number):
            situation = Situation(stored)
            return RequestSummary(
                number=number,
                opened_at=opened_at,
                deadline=None if situation is Situation.SUSPENDED else due_at,
                situation=SITUATION_LABELS[situation],
                is_late=is_late(situation, due_at, closed_at, self.now()),
            )
        raise RequestNotFound(number)


class RowFinder(Protocol):
    """What finds the rows that a read misses."""

    def find(self, missing: "RowMissing", go_on: GoOn) -> None:
        """Do what `Missing.find` does."""


class RowMissing(Missing):
    """A read needs rows that are not known yet."""

    def __init__(self, known: "KnownRows", look_up: LookUp, key: object) -> None:
        super().__init__()
        self.known, self.look_up, self.key = known, look_up, key

    def find(self, go_on: GoOn) -> None:  # noqa: D102
        self.known.finder.find(self, go_on)


class KnownRows(TelephonyReads):
    """The reads, on what has been looked up for one of them so far; they raise RowMissing for the rest."""

    def __init__(self, finder: RowFinder, now: Callable[[], datetime], deadline: float) -> None:
        self.finder = finder
        self._now = now
        self.deadline = deadline
        self._rows: dict[tuple[LookUp, object], Sequence[Any]] = {}

    def look_up(self, look_up: LookUp, key: object) -> Sequence[Any]:  # noqa: D102
        rows = self._rows.get((look_up, key))
        if rows is None:
            raise RowMissing(self, look_up, key)
        return rows

    def now(self) -> datetime:  # noqa: D102
        return self._now()

    def add(self, look_up: LookUp, key: object, rows: Sequence[Any]) -> None:
        """Keep the rows of a key, none if there are none."""
        self._rows[look_up, key] = rows


class LookUps:
    """How the reads of one process are run; here each where it is asked."""

    def __init__(self, store: TelephonyReads) -> None:
        self._store = store

    def close(self) -> None:
        """Close what was opened; whoever still waits is told nothing."""

    def reads(self, deadline: float) -> TelephonyReads:
        """Return what one read is run on, which waits until that time of the event loop's clock at most."""
        return self._store

    def reads_of_turn(self, deadline: float) -> TelephonyReads:
        """Return the same for an operation that may be answered within this turn of the event loop."""
        return self.reads(deadline)

    def begin_turn(self) -> None:
        """Let the next `reads_of_turn` be of one moment, until `end_turn` is called in the same turn."""

    def end_turn(self) -> None:
        """Have what is read from now on be of no earlier moment; called before an answer is sent."""


_IS_OPEN = Request.situation.in_([literal_column(f"'{situation}'") for situation in OPEN_SITUATIONS])
_ONLY_REQUEST = select(func.max(Request.id)).where(Request.requester_id == Requester.id, _IS_OPEN).scalar_subquery()
# The number is looked up only where it is the only one, so the answer costs the same whatever somebody's requests.
_COUNT_AND_NUMBER = select(
    Requester.open_requests, case((Requester.open_requests == literal_column("1"), _ONLY_REQUEST))
)
OPEN_REQUESTS = LookUp(_COUNT_AND_NUMBER.add_columns(Requester.merged_into_id), by=Requester.document)
OPEN_REQUESTS_OF = LookUp(_COUNT_AND_NUMBER, by=Requester.id)
ANSWERED = LookUp(select(AnsweredBefore.answered_at), by=AnsweredBefore.asked_hash)
SUMMARY = LookUp(select(Request.opened_at, Request.due_at, Request.closed_at, Request.situation), by=Request.id)
