"""Expressions that each database writes in its own words, and statements that are built once."""

from typing import Any

from sqlalchemy import Insert, Integer, bindparam, insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from soap_service.column_types import Numbers


class MillisecondsBetween(FunctionElement[int]):
    """The milliseconds from one column's instant to another's, in steps of 5."""

    type = Integer()
    inherit_cache = True


@compiles(MillisecondsBetween, "sqlite")
def _milliseconds_in_sqlite(element: MillisecondsBetween, compiler: SQLCompiler, **options: Any) -> str:
    begin, end = (compiler.process(one, **options) for one in element.clauses)
    return f"CAST((julianday({end}) - julianday({begin})) * 17280000 AS INTEGER) * 5"


@compiles(MillisecondsBetween, "postgresql")
def _milliseconds_in_postgresql(element: MillisecondsBetween, compiler: SQLCompiler, **options: Any) -> str:
    begin, end = (compiler.process(one, **options) for one in element.clauses)
    return f"CAST(EXTRACT(epoch FROM {end} - {begin}) * 200 AS INTEGER) * 5"


class IsAmong(FunctionElement[int]):
    """Whether a column's number is one of those in a value of the statement: one value, however many there are."""

    type = Integer()  # of a Boolean SQLite would be asked whether it is 1, and no index serves that
    inherit_cache = True

    def __init__(self, column: InstrumentedAttribute[int], name: str) -> None:
        """Take the name of the value."""
        super().__init__(column, bindparam(name, type_=Numbers()))


@compiles(IsAmong, "sqlite")
def _among_in_sqlite(element: IsAmong, compiler: SQLCompiler, **options: Any) -> str:
    column, numbers = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({numbers}))"  # noqa: S608 - of a column and a placeholder


@compiles(IsAmong, "postgresql")
def _among_in_postgresql(element: IsAmong, compiler: SQLCompiler, **options: Any) -> str:
    column, numbers = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} = ANY({numbers})"


def insert_of(*columns: InstrumentedAttribute[Any]) -> Insert:
    """Return an INSERT of a table's row that takes the value of each column by its name."""
    return insert(columns[0].class_).values({column: bindparam(column.key, type_=column.type) for column in columns})
