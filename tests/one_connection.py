"""No thread takes a second connection for a session while it has one: some of them would wait for each other."""

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import soap_service
from soap_service.storage.database import Database

_PROGRAM = str(Path(soap_service.__file__).parent)
_TAKES = ("reading", "snapshot", "transaction", "pipelined")


@contextmanager
def one_connection_a_thread() -> Iterator[None]:
    """Fail what of the program takes a second one; tests may."""
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

        def take_by(database: Database, *arguments: Any, **named: Any) -> AbstractContextManager[Any]:
            is_program = _is_program(sys._getframe(1)) and not getattr(local, "is_test", False)
            return (take_one if is_program else take)(database, *arguments, **named)

        return take_by

    def write_by(database: Database, *arguments: Any, **named: Any) -> AbstractContextManager[Any]:
        return write(database, _is_program(sys._getframe(1)), *arguments, **named)

    @contextmanager
    def write(database: Database, is_program: bool, *arguments: Any, **named: Any) -> Iterator[Any]:
        local.is_test = not is_program  # until the transaction behind it was taken
        with writing(database, *arguments, **named) as given:
            local.is_test = False
            yield given

    writing = Database.writing
    with pytest.MonkeyPatch.context() as patch:
        for name in _TAKES:
            patch.setattr(Database, name, counted(getattr(Database, name)))
        patch.setattr(Database, "writing", write_by)
        yield


def _is_program(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_PROGRAM)
