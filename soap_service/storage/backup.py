"""Backups: the whole database as it was at one instant, in one file, and back. Knows the tables, not their meaning.

The file is an SQLite database with this program's schema, whichever database it comes from: it can be looked into with
sqlite3, and restored into either kind. So a desk that outgrows SQLite moves to PostgreSQL by a backup and a restore.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Table, func, insert, select

from soap_service.errors import AlreadyExists, DataExists, InvalidValue
from soap_service.model import Base
from soap_service.search_model import Unindexed
from soap_service.storage.schema import Schema, is_newer, newest_schema_version, unbound
from soap_service.storage.sequences import advance_sequences

_ROWS_AT_ONCE = 1000
#: Not copied: the triggers count the requests as they are written.
_MARKS = Unindexed.__table__
_COUNTED = Base.metadata.tables["requester"].c.open_requests


class Backups(Schema):
    """Backup and restore, while the service runs."""

    def back_up(self, file: Path) -> int:
        """Write the database as it is now to a file, whole or not at all; return the number of rows.

        Raises: AlreadyExists when the file is there; InvalidValue when the database has another schema;
        DatabaseMissing.
        """
        self.must_exist()
        if self.schema_version() != newest_schema_version():
            raise InvalidValue("database_url", "its schema is not this program's; run soap-service db upgrade first")
        if file.exists():
            raise AlreadyExists(file)
        partial = file.with_name(f"{file.name}.partial")
        partial.unlink(missing_ok=True)
        with self._as_domain_errors():
            os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # it holds personal data
            rows = self._copy_file(partial) if self.is_embedded else self._copy_rows(partial)
            _sync(partial)
            partial.rename(file)
            _sync(file.parent)
        return rows

    def restore(self, file: Path, is_replacing: bool = False) -> int:
        """Put what a backup holds into the database, all or nothing; return the number of rows.

        Numbers once given are not given again. Raises: DataExists when there is data and it is not to be replaced;
        InvalidValue for a file that is no backup, or is this database.
        """
        own = Path(str(self.url.database))
        if self.is_embedded and own.exists() and file.exists() and file.samefile(own):
            raise InvalidValue("file", f"{file} is the database itself; restore a backup of it")
        with _opened(file) as source:
            self.upgrade()  # of a database that a file which is no backup has not made
            rows = self._put(source, is_replacing)
        self.ring()
        return rows

    def _put(self, source: Connection, is_replacing: bool) -> int:
        rows = 0
        with self._as_domain_errors(), self._lock, self._writer.connect() as connection:
            unbound(connection)
            with connection.begin():
                tables = Base.metadata.sorted_tables
                if not is_replacing and any(connection.scalar(select(func.count()).select_from(t)) for t in tables):
                    raise DataExists
                for table in reversed(tables):
                    connection.execute(table.delete())
                for table in tables:
                    rows += _copy_table(table, source, connection)
                advance_sequences(connection)
        return rows

    def _copy_file(self, partial: Path) -> int:
        with (
            closing(sqlite3.connect(str(self.url.database))) as source,
            closing(sqlite3.connect(partial)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE").close()
            return sum(target.execute(f'SELECT count(*) FROM "{t.name}"').fetchone()[0] for t in _tables())  # noqa: S608

    def _copy_rows(self, partial: Path) -> int:
        copy = Schema(f"sqlite:///{partial}")
        copy.upgrade()
        rows = 0
        with self._writer.connect() as connection, copy._writer.connect() as target:
            unbound(connection)
            with connection.begin(), target.begin():
                # One snapshot of all tables.
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                for table in _tables():
                    rows += _copy_table(table, connection, target)
        copy.close()
        with closing(sqlite3.connect(partial)) as written:
            written.execute("PRAGMA journal_mode=DELETE").close()
        partial.with_name(f"{partial.name}-writer").unlink(missing_ok=True)
        return rows


def _tables() -> list[Table]:
    return Base.metadata.sorted_tables


def _copy_table(table: Table, source: Connection, target: Connection) -> int:
    """Copy the rows of a table in the order of their keys, so that a request comes after its parent."""
    rows = 0
    if table is _MARKS:
        target.execute(table.delete())  # the triggers have marked what was copied
    columns = [column for column in table.columns if column is not _COUNTED]
    query = select(*columns).order_by(*table.primary_key)
    found = source.execution_options(yield_per=_ROWS_AT_ONCE).execute(query)
    for some in found.mappings().partitions():
        target.execute(insert(table), [dict(row) for row in some])
        rows += len(some)
    return rows


@contextmanager
def _opened(file: Path) -> Iterator[Connection]:
    """Give a connection to a copy of a backup, brought up to this program's schema; raises InvalidValue."""
    if not file.is_file():
        raise InvalidValue("file", f"there is no {file}")
    with tempfile.TemporaryDirectory(prefix="soap-service-") as folder:
        copied = Path(folder) / "backup.db"
        try:
            is_whole = _copy_whole(file, copied)
        except sqlite3.DatabaseError as error:
            raise InvalidValue("file", f"{file} is not a whole backup of this program: {error}") from error
        if not is_whole:
            raise InvalidValue("file", f"{file} is not a whole backup of this program")
        with closing(Schema(f"sqlite:///{copied}")) as backup:
            if is_newer(version := backup.schema_version()):
                reason = f"{file} is a backup of a newer program, of schema {version}: install the newer program"
                raise InvalidValue("file", reason)
            backup.upgrade()
            with backup._reader.connect() as connection:
                yield connection


def _copy_whole(file: Path, copied: Path) -> bool:
    """Copy a file through SQLite, and tell whether the copy is whole and has this program's tables.

    A database in use has its newest rows in the `-wal` beside it. One that has nothing beside it may lie where nothing
    can be written: then SQLite must be told that it stays as it is. Raises: sqlite3.DatabaseError.
    """
    is_in_use = any(file.with_name(file.name + end).exists() for end in ("-wal", "-journal"))
    how = "mode=ro" if is_in_use else "immutable=1"
    with (
        closing(sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True)) as source,
        closing(sqlite3.connect(copied)) as target,
    ):
        source.backup(target)
        names = {row[0] for row in target.execute("SELECT name FROM sqlite_master")}
        is_sound = target.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return is_sound and {"alembic_version", "request", "call"} <= names


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
