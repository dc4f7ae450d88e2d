"""Look-ups by one key: how a statement is asked for one caller at once, and for many callers together.

On SQLite a look-up is a function call, and each is made where it is needed. On a server it is a round trip, whose price
is the same for one key as for fifty: there the look-ups of concurrent calls are joined (`joined.py`).
"""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, Select, bindparam
from sqlalchemy.orm import InstrumentedAttribute

from soap_service.storage.expressions import IsAmong


class LookUp:
    """What is selected where a column has a key: `one` of them, or any of `many`, whose rows begin with their key."""

    def __init__(self, selected: Select[*tuple[Any, ...]], by: InstrumentedAttribute[Any]) -> None:
        self.one: Executable = selected.where(by == bindparam("key"))
        self.many: Executable = selected.with_only_columns(by, *selected.selected_columns).where(IsAmong(by, "keys"))


class LookingUp:
    """Base of what reads by look-ups alone, wherever the rows come from."""

    @abstractmethod
    def look_up(self, look_up: LookUp, key: object) -> Sequence[Any]:
        """Return the rows with that key; raises StoreUnavailable."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the time by the clock that decides."""
