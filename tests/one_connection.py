"""No thread takes a second connection of sessions while it has one: a few of them would wait for each other for ever."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from soap_service.storage.database import Database

_TAKES = ("reading", "snapshot", "transaction", "pipelined")


@contextmanager
def one_connection_a_thread() -> Iterator[None]:
    """Fail who takes a second one."""
    local = threading.local()

    def counted(take: Callable[..., AbstractContextManager[Any]]) -> Callable[..., AbstractContextManager[Any]]:
        @contextmanager
        def take_one(database: Database, *arguments: Any, **named: Any) -> Iterator[Any]:
            held = local.held = getattr(local, "held", None) or Counter[int]()
            assert not held[id(database)], "a thread takes a second connection while it holds one"
            held[id(database)] += 1
            try:
                with take(database, *arguments, **named) as given:
                    yield given
            finally:
                held[id(database)] -= 1

        return take_one

    with pytest.MonkeyPatch.context() as patch:
        for name in _TAKES:
            patch.setattr(Database, name, counted(getattr(Database, name)))
        yield
