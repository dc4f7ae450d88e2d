"""Expressions that each database writes in its own words, and statements that are built once."""

from typing import Any

from sqlalchemy import ColumnElement, Insert, Integer, bindparam, column, insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from soap_service.column_types import Listed


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
    """Whether a column's value is one of a list that is a value of the statement: one, however many are in it."""

    type = Integer()  # of a Boolean SQLite would be asked whether it is 1, and no index serves that
    inherit_cache = True

    def __init__(self, column: InstrumentedAttribute[Any], name: str) -> None:
        """Take the name of the list."""
        super().__init__(column, bindparam(name, type_=Listed(column.type)))


@compiles(IsAmong, "sqlite")
def _among_in_sqlite(element: IsAmong, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - of a column and a placeholder


@compiles(IsAmong, "postgresql")
def _among_in_postgresql(element: IsAmong, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} = ANY ({values})"


class Each(FunctionElement[Any]):
    """The rows that a list has which is a value of the statement, each with one `value`."""

    inherit_cache = True

    def __init__(self, name: str, type_: TypeEngine[Any]) -> None:
        """Take the name of the value, and the type of what is in the list."""
        super().__init__(bindparam(name, type_=Listed(type_)))


def values_of(name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """Return a column of what is in a list that is a value of the statement."""
    rows = Each(name, type_).table_valued(column("value", type_), name="value")  # so PostgreSQL names the column too
    return rows.c.value


@compiles(Each, "sqlite")
def _each_in_sqlite(element: Each, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(Each, "postgresql")
def _each_in_postgresql(element: Each, compiler: SQLCompiler, **options: Any) -> str:
    return f"unnest({compiler.process(element.clauses, **options)})"


def insert_of(*columns: InstrumentedAttribute[Any]) -> Insert:
    """Return an INSERT of a table's row that takes the value of each column by its name."""
    return insert(columns[0].class_).values({column: bindparam(column.key, type_=column.type) for column in columns})
