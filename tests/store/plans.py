"""What a store asks its database, and how the database would find it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import psycopg
from sqlalchemy import event

from soap_service.store import Store
from tests.databases import is_sqlite
from tests.store.conftest import World


def plans_of(store: Store, asked: Sequence[tuple[str, Any]], shuns_sorting: bool = False) -> list[list[str]]:
    """Return the steps of each plan; on PostgreSQL of one that shuns the scans that small tables invite."""
    with store._database.writing() as session:
        connection = session.connection()
        explain = "EXPLAIN QUERY PLAN" if is_sqlite(store) else "EXPLAIN"
        if not is_sqlite(store):
            shunned = ("seqscan", "sort", "bitmapscan") if shuns_sorting else ("seqscan",)
            for way in shunned:
                connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        found = [connection.exec_driver_sql(f"{explain} {statement}", values).all() for statement, values in asked]
        return [[row[-1] for row in rows] for rows in found]


def statements_of(world: World, work: Callable[[World], object]) -> list[tuple[str, Any]]:
    """Return the statements that the driver is given, without those that begin and end transactions.

    SQLite tells of them with the values filled in; of PostgreSQL's driver each cursor does, with its parameters.
    """
    asked: list[tuple[str, Any]] = []

    def record(statement: str, parameters: Any = None) -> None:
        if statement.startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            asked.append((statement, parameters))

    class Recording(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            record(query, params)
            return super().execute(query, params, **options)

    def trace(connection: Any, _: object) -> None:
        if is_sqlite(world.store):
            connection.set_trace_callback(record)
        else:
            connection.cursor_factory = Recording

    traced = Store(world.store._database.url.render_as_string(hide_password=False))
    database = traced._database
    for pool in {engine.pool for engine in (database.reader, database.writer, database._held._engine)}:
        event.listen(pool, "connect", trace)
    traced.check()  # what a first connection asks is none of the work's
    asked.clear()
    work(replace(world, store=traced))
    traced.close()
    return asked
