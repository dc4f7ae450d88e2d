"""Expressions that each database writes in its own words, and statements that are built once."""

from typing import Any

from sqlalchemy import Insert, Integer, bindparam, insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
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


def insert_of(*columns: InstrumentedAttribute[Any]) -> Insert:
    """Return an INSERT of a table's row that takes the value of each column by its name."""
    return insert(columns[0].class_).values({column: bindparam(column.key, type_=column.type) for column in columns})
