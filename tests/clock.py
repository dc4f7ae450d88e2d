"""A store's clock that stands until a test lets time pass."""

from collections.abc import Callable
from datetime import datetime, timedelta

from soap_service.store import Store


def stop_clock(store: Store, at: datetime) -> Callable[[timedelta], None]:
    """Have a store's time stand at an instant; return what lets time pass."""
    now = at
    store._database.now = lambda: now  # type: ignore[method-assign]

    def advance(by: timedelta) -> None:
        nonlocal now
        now += by

    return advance
