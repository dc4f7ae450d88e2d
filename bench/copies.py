"""Put what an SQLite database of the measurements holds into a PostgreSQL database: what a restore does, in bulk."""

import psycopg
from sqlalchemy import Connection, Table, make_url, select

from soap_service.model import Base
from soap_service.storage.sequences import advance_sequences
from soap_service.store import Store

_ROWS_AT_ONCE = 10_000
#: Indexes that belong to no constraint: made again at the end, sorted.
_INDEXES = (
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
    "AND indexname NOT IN (SELECT conname FROM pg_constraint)"
)


def copy_to_postgresql(source_url: str, target_url: str) -> None:
    """Fill a new PostgreSQL database with the rows of an SQLite database of this schema."""
    source, target = Store(source_url), Store(target_url)
    target.schema.upgrade()
    with psycopg.connect(make_url(target_url).render_as_string(hide_password=False), autocommit=True) as server:
        server.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys
        server.execute("SET maintenance_work_mem = '1GB'")
        indexes = server.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            server.execute(f"DROP INDEX {name}".encode())
        with source._database.reader.connect() as rows:
            for table in Base.metadata.sorted_tables:
                _copy(table, rows, server)
        for _, definition in indexes:
            server.execute(definition.encode())
        server.execute("VACUUM (ANALYZE)")
    with target._database.writing() as session:
        advance_sequences(target._database, session.connection())
    source.close()
    target.close()


def _copy(table: Table, source: Connection, server: "psycopg.Connection[tuple[object, ...]]") -> None:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    server.execute(f'TRUNCATE "{table.name}" CASCADE'.encode())
    found = source.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
    with server.cursor().copy(f'COPY "{table.name}" ({names}) FROM STDIN'.encode()) as copy:
        for row in found:
            copy.write_row(tuple(row))
