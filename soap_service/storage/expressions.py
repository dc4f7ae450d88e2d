"""Expressions that each database writes in its own words."""

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class MillisecondsBetween(FunctionElement[int]):
    """The milliseconds from one column's instant to another's, in steps of 5."""

    type = Integer()
    inherit_cache = True


@compiles(MillisecondsBetween, "sqlite")
def _in_sqlite(element: MillisecondsBetween, compiler: SQLCompiler, **options: Any) -> str:
    begin, end = (compiler.process(one, **options) for one in element.clauses)
    return f"CAST((julianday({end}) - julianday({begin})) * 17280000 AS INTEGER) * 5"


@compiles(MillisecondsBetween, "postgresql")
def _in_postgresql(element: MillisecondsBetween, compiler: SQLCompiler, **options: Any) -> str:
    begin, end = (compiler.process(one, **options) for one in element.clauses)
    return f"CAST(EXTRACT(epoch FROM {end} - {begin}) * 200 AS INTEGER) * 5"
