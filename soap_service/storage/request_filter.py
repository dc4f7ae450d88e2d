"""What a list of requests is asked for: which requests, in which order. Plain values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from soap_service.rules.scopes import Scope
from soap_service.rules.situations import UNFINISHED_SITUATIONS, Situation


class Order(StrEnum):
    """The order of a list; the values are those of the screens' addresses."""

    NUMBER = "numero"  # newest first
    OPENED = "abertura"  # oldest first
    DUE = "prazo"  # due soonest first, what has no deadline last
    PRIORITY = "prioridade"  # most pressing first, of these the oldest


#: The orders of a list that may hold finished requests, or one requester's.
ORDERS_OF_ALL = (Order.NUMBER, Order.OPENED)


@dataclass(frozen=True)
class RequestFilter:
    """Which requests a list has; no groups mean any.

    What is late, or due before `due_by`, is unfinished and not suspended; asked for both, a list has both. In the same
    way `is_unassigned` leaves what is unfinished and nobody's, or that and the responsible's. With a `scope` a list has
    only what is in it.
    """

    situations: tuple[Situation, ...] = UNFINISHED_SITUATIONS
    group_ids: tuple[int, ...] = ()
    responsible_id: int | None = None
    requester_id: int | None = None
    is_late: bool = False
    due_by: datetime | None = None
    is_unassigned: bool = False
    scope: Scope | None = None

    @property
    def is_timed(self) -> bool:
        """Tell whether only what has a deadline is asked for."""
        return self.is_late or self.due_by is not None

    @property
    def is_narrow(self) -> bool:
        """Tell whether only what is unfinished can be in the list, whatever the situations."""
        return self.is_timed or self.is_unassigned

    @property
    def is_of_unfinished(self) -> bool:
        """Tell whether only unfinished requests, of anybody, are asked for: then every order can be had."""
        is_unfinished = self.is_narrow or set(self.situations) <= set(UNFINISHED_SITUATIONS)
        return self.requester_id is None and is_unfinished

    @property
    def is_suspended(self) -> bool:
        """Tell whether of what is unfinished only what is suspended is asked for: nothing of it has a deadline."""
        return set(self.situations) & set(UNFINISHED_SITUATIONS) == {Situation.SUSPENDED}

    @property
    def is_contradictory(self) -> bool:
        """Tell whether nothing can be late, due or nobody's, and in one of these situations at once."""
        return self.is_narrow and not set(self.situations) & set(UNFINISHED_SITUATIONS)

    def order(self, wanted: Order) -> Order:
        """Return the order in which this list can be had, the wanted one if so."""
        return wanted if self.is_of_unfinished or wanted in ORDERS_OF_ALL else Order.NUMBER
