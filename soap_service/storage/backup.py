"""Backups: the whole database as it was at one instant, in one file, and back. Knows the tables, not their meaning.

The file is an SQLite database with this program's schema, whichever database it comes from: it can be looked into with
sqlite3, and restored into either kind. So a desk that outgrows SQLite moves to PostgreSQL by a backup and a restore.
"""

import logging
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert, literal_column, select

from soap_service.errors import AlreadyExists, DataExists, InputRefused, RequesterNotFound, StoreUnavailable
from soap_service.model import (
    Agent,
    Base,
    Call,
    Contact,
    Integration,
    LoginBudget,
    LoginSession,
    PendingLogin,
    PendingSignOn,
    Requester,
)
from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.rules.erasing import key_of_contact
from soap_service.storage.audit import Audit
from soap_service.storage.database import Database
from soap_service.storage.erasure_list import (
    SUFFIX,
    ErasureList,
    file_beside,
    list_of,
    put_list,
    read_list,
    write_list,
)
from soap_service.storage.erasures import Erasures
from soap_service.storage.history import COMMAND
from soap_service.storage.part import Part
from soap_service.storage.schema import Schema, is_newer, newest_schema_version
from soap_service.storage.sequences import advance_sequences
from soap_service.tables.audit import AuditRow, AuditSeal
from soap_service.tables.people import Erasure, ErasureKey
from soap_service.tables.search import Unindexed

log = logging.getLogger(__name__)

_ROWS_AT_ONCE = 1000
_SQLITE = b"SQLite format 3\0"
#: Not copied: the triggers count the requests as they are written.
_MARKS = Unindexed.__table__
_AUDIT = [Base.metadata.tables[name] for name in (AuditRow.__tablename__, AuditSeal.__tablename__)]
_COUNTED = Base.metadata.tables["requester"].c.open_requests
#: Whoever was logged in then is not any more, and what was tried then is over.
_LEFT_OUT = (LoginSession.__table__, PendingLogin.__table__, PendingSignOn.__table__, LoginBudget.__table__)
#: What every database has, and who was erased, is no data that a restore would replace.
_NO_DATA = (Erasure.__table__, ErasureKey.__table__)


@dataclass(frozen=True)
class Restored:
    """What a restore did: rows read, and what has come back with them.

    `reopened` are integrations that may call again though they were revoked or not there, `passwords` the agents whose
    former password is right again; without data before, all of them. `erased` people of the backup are not back.
    `has_list`: a list of erasures newer than the backup's own was there; `newest` is the time of its last one;
    `without_key` are those of it that nobody can be recognised by.
    """

    rows: int
    reopened: list[str] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    had_data: bool = False
    erased: int = 0
    has_list: bool = False
    newest: datetime | None = None
    without_key: int = 0


class Backups(Part):
    """Backup and restore, while the service runs."""

    def __init__(
        self, database: Database, schema: Schema, audit: Audit, make_erasures: Callable[[Database], Erasures]
    ) -> None:
        super().__init__(database)
        self._schema, self._audit, self._make_erasures = schema, audit, make_erasures

    def back_up(self, file: Path) -> int:
        """Write the database as it is now to a file, whole or not at all; return the number of rows.

        The list of erasures is written beside it.

        Raises: AlreadyExists when the file is there; InputRefused when the database has another schema;
        DatabaseMissing.
        """
        self._schema.must_exist()
        if self._schema.version() != newest_schema_version():
            raise InputRefused("database_url", "its schema is not this program's; run soap-service db upgrade first")
        if file.exists():
            raise AlreadyExists(file)
        try:
            self._audit.write(AuditKind.BACKED_UP, RecordKind.DATABASE)  # so that the backup has it, too
        except StoreUnavailable:
            log.warning("the audit lacks this backup: the database cannot be written")
        partial = file.with_name(f"{file.name}.partial")
        partial.unlink(missing_ok=True)
        with self._database.as_domain_errors():
            os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # it holds personal data
            own = self._database.backend.file
            rows = self._copy_rows(partial) if own is None else _copy_file(own, partial)
            _sync(partial)
            with self._database.reading() as session:
                known = list_of(session.connection())
            write_list(_list_of_backup(file), known)
            partial.rename(file)
            _sync(file.parent)
        return rows

    def restore(self, file: Path, is_replacing: bool = False, erasures: Path | None = None) -> Restored:
        """Put what a backup holds into the database, all or nothing, without log-ins and without who was erased.

        Who was erased is known from the lists beside the database and beside the backup, from those within both, and
        from `erasures`: a list, or a newer backup. They only grow, so that all together are the newest.
        Numbers once given are not given again. The audit that is there stays as it is.

        Raises: DataExists when there is data and it is not to be replaced;
        InputRefused for a file that is no backup, or is this database.
        """
        own = self._database.backend.file
        if own is not None and own.exists() and file.exists() and file.samefile(own):
            raise InputRefused("file", f"{file} is the database itself; restore a backup of it")
        given = ErasureList() if erasures is None else _given_list(erasures)
        with _opened(file) as backup:
            self._schema.upgrade()  # of a database that a file which is no backup has not made
            with self._database.reading() as session:
                had_data = _has_data(session.connection())
                if had_data and not is_replacing:
                    raise DataExists
                here = list_of(session.connection())
            with backup.reader.connect() as source:
                within = list_of(source)
            beside = [one for one in (file_beside(self._database), _list_of_backup(file)) if one and one.exists()]
            known = within | given
            for one in beside:
                known |= read_list(one)
            if had_data or here.entries:
                known |= here
            erased = self._erase_in(backup, within, known)
            with backup.reader.connect() as source:
                restored = self._put(source, had_data, is_replacing, known)
        self._audit.write(AuditKind.RESTORED, RecordKind.DATABASE)
        self._database.notify()
        with self._database.as_domain_errors():
            if place := file_beside(self._database):
                write_list(place, known)
        has_list = had_data or bool(here.entries or beside or erasures)
        return replace(
            restored,
            had_data=had_data,
            erased=erased,
            has_list=has_list,
            newest=known.newest,
            without_key=known.without_key,
        )

    def _erase_in(self, backup: Database, within: ErasureList, known: ErasureList) -> int:
        """Erase in a copy of a backup who was erased after it was made; return how many people."""
        later = ErasureList(known.entries - within.entries, known.keys)
        if not later.entries:
            return 0
        erasures, erased = self._make_erasures(backup), 0
        with backup.reading() as session:
            people = session.scalars(select(Requester.document).where(Requester.erased_at.is_(None))).all()
            contacts = session.execute(select(Contact.requester_id, Contact.id).order_by(Contact.id)).all()
            unknown = select(Call.document).where(Call.requester_id.is_(None)).distinct()
            documents = [*people, *session.scalars(unknown)]
        for document in documents:
            if document and later.has(document):
                with suppress(RequesterNotFound):
                    erased += erasures.erase_document(document, COMMAND).is_known
        for requester_id, contact_id in contacts:
            if later.has(key_of_contact(contact_id)):
                erased += erasures.erase_contact(requester_id, contact_id, COMMAND).is_known
        return erased

    def _put(self, source: Connection, had_data: bool, is_replacing: bool, known: ErasureList) -> Restored:
        rows = 0
        with (
            self._database.as_domain_errors(),
            self._database.lock,
            self._database.backend.direct.connect() as connection,
        ):
            self._database.backend.begin_long_work(connection)
            with connection.begin():
                tables = [table for table in _tables() if table not in _AUDIT]
                if not is_replacing and _has_data(connection):
                    raise DataExists
                before = _admitted(connection)
                for table in reversed(tables):
                    connection.execute(table.delete())
                if not any(map(partial(_has_rows, connection), _AUDIT)):
                    tables += _AUDIT
                for table in tables:
                    if table not in _LEFT_OUT:
                        rows += _copy_table(table, source, connection)
                put_list(connection, known)
                advance_sequences(self._database, connection)
                after = _admitted(connection)
        reopened, passwords = (
            sorted(name for name, what in new.items() if not had_data or name not in old or old[name] != what)
            for old, new in zip(before, after, strict=True)
        )
        return Restored(rows, reopened, passwords)

    def _copy_rows(self, partial: Path) -> int:
        copy = Database(f"sqlite:///{partial}")
        Schema(copy).upgrade()
        rows = 0
        with self._database.backend.direct.connect() as connection, copy.writer.connect() as target:
            self._database.backend.begin_long_work(connection)
            with connection.begin(), target.begin():
                self._database.backend.begin_snapshot(connection)
                for table in _tables():
                    rows += _copy_table(table, connection, target)
        copy.close()
        with closing(sqlite3.connect(partial)) as written:
            written.execute("PRAGMA journal_mode=DELETE").close()
        partial.with_name(f"{partial.name}-writer").unlink(missing_ok=True)
        return rows


def _has_data(connection: Connection) -> bool:
    return any(_has_rows(connection, table) for table in _tables() if table not in (*_AUDIT, *_NO_DATA))


def _has_rows(connection: Connection, table: Table) -> bool:
    return connection.execute(select(literal_column("1")).select_from(table).limit(1)).first() is not None


def _copy_file(file: Path, partial: Path) -> int:
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(partial)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE").close()
        return sum(target.execute(f'SELECT count(*) FROM "{t.name}"').fetchone()[0] for t in _tables())  # noqa: S608


def _admitted(connection: Connection) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the integrations that may call with their secrets, and the active agents with their passwords."""
    called = select(Integration.name, Integration.secret_hash).where(Integration.revoked_at.is_(None))
    agents = select(Agent.login, Agent.password_hash).where(Agent.is_active)
    return {row[0]: row[1] for row in connection.execute(called)}, {
        row[0]: row[1] for row in connection.execute(agents)
    }


def _list_of_backup(file: Path) -> Path:
    return file.with_name(f"{file.name}{SUFFIX}")


def _given_list(file: Path) -> ErasureList:
    """Return the erasures of a list, or of a backup with its keys; raises InputRefused."""
    if not file.is_file():
        raise InputRefused("erasures", f"there is no {file}")
    with file.open("rb") as opened:
        is_backup = opened.read(len(_SQLITE)) == _SQLITE
    if not is_backup:
        return read_list(file)
    with _opened(file) as backup, backup.reader.connect() as connection:
        return list_of(connection)


def _tables() -> list[Table]:
    return Base.metadata.sorted_tables


def _copy_table(table: Table, source: Connection, target: Connection) -> int:
    """Copy the rows of a table in the order of their keys, so that a request comes after its parent."""
    rows = 0
    if table is _MARKS or table in _NO_DATA:
        target.execute(table.delete())  # the triggers have marked what was copied; each database makes a key
    columns = [column for column in table.columns if column is not _COUNTED]
    query = select(*columns).order_by(*table.primary_key)
    found = source.execution_options(yield_per=_ROWS_AT_ONCE).execute(query)
    for some in found.mappings().partitions():
        target.execute(insert(table), [dict(row) for row in some])
        rows += len(some)
    return rows


@contextmanager
def _opened(file: Path) -> Iterator[Database]:
    """Give a copy of a backup, brought up to this program's schema; raises InputRefused."""
    if not file.is_file():
        raise InputRefused("file", f"there is no {file}")
    with tempfile.TemporaryDirectory(prefix="soap-service-") as folder:
        copied = Path(folder) / "backup.db"
        try:
            is_whole = _copy_whole(file, copied)
        except sqlite3.DatabaseError as error:
            raise InputRefused("file", f"{file} is not a whole backup of this program: {error}") from error
        if not is_whole:
            raise InputRefused("file", f"{file} is not a whole backup of this program")
        with closing(Database(f"sqlite:///{copied}")) as backup:
            schema = Schema(backup)
            if is_newer(version := schema.version()):
                reason = f"{file} is a backup of a newer program, of schema {version}: install the newer program"
                raise InputRefused("file", reason)
            schema.upgrade()
            yield backup


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
