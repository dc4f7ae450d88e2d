"""Compile once in a run what each test would compile again: statements, which belong to an engine, and templates.

Each test has a database of its own, so engines and an application of its own. What they compile is the same for all of
one kind, and took a quarter of a test's time.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from sqlalchemy import URL, Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

from soap_service.screens.pages import Pages
from soap_service.storage import database, postgresql_server, sqlite

#: Statements kept; the whole suite has fewer.
_MOST_STATEMENTS = 10_000


@contextmanager
def statements_compiled_once() -> Iterator[None]:
    """Have all engines of a kind share what they compile, and all databases of a kind the statements they prepare.

    SQLAlchemy finds a compiled statement by its engine's dialect among others: all of one class are made equal. None
    here has options that change what it says.
    """
    shared: Any = LRUCache(_MOST_STATEMENTS)

    def sharing(make: Callable[..., Engine]) -> Callable[..., Engine]:
        def make_engine(url: URL, **options: Any) -> Engine:
            engine = make(url, **options)
            engine._compiled_cache = shared
            return engine

        return make_engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DefaultDialect, "__eq__", lambda one, other: type(one) is type(other))
        patch.setattr(DefaultDialect, "__hash__", lambda one: hash(type(one)))
        for module in (sqlite, postgresql_server):
            patch.setattr(module, "create_engine", sharing(module.create_engine))
        patch.setattr(database, "Prepared", cache(database.Prepared))
        yield


@contextmanager
def templates_compiled_once() -> Iterator[None]:
    """Compile a template once for each language."""
    make, compiled = Pages._environment, defaultdict[str, _Templates](_Templates)

    def make_with_compiled(pages: Pages, language: str) -> Environment:
        environment = make(pages, language)
        environment.bytecode_cache = compiled[language]
        return environment

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pages, "_environment", make_with_compiled)
        yield


class _Templates(BytecodeCache):
    """Templates as they were compiled."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._code.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()
