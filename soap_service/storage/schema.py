"""The schema of the database: which migration it stands at, up and down. Knows no table's meaning."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from soap_service.errors import DatabaseMissing, InvalidValue, StoreUnavailable
from soap_service.storage import sqlite
from soap_service.storage.database import Database

log = logging.getLogger(__name__)

_MIGRATIONS = Path(__file__).parent.parent / "migrations"
#: The one lock that nodes starting together take before they migrate; any number that nobody else uses.
_LOCK_NUMBER = 281_282_283


class Schema(Database):
    """Migrations, one node at a time, each all or nothing."""

    def is_ready(self) -> bool:
        """Tell whether the database answers, can be written, and has the schema of this program."""
        try:
            self.look()
            return self.schema_version() == newest_schema_version()
        except StoreUnavailable:
            return False

    def schema_version(self) -> str | None:
        """Return the migration that the database stands at; None for an empty one."""
        with self.reading() as session:
            return _version(session.connection())

    def must_exist(self) -> None:
        """Refuse an embedded database that is not there: SQLite would make an empty one; raises DatabaseMissing."""
        with self._as_domain_errors():
            if self.is_embedded and not Path(str(self.url.database)).exists():
                raise DatabaseMissing(self.url.database)

    def upgrade(self) -> None:
        """Bring the database up to the schema of this program; does nothing where it already is.

        An embedded database that is not there is made, for its owner alone.

        Raises: InvalidValue when a newer program has brought it further.
        """
        if self.is_embedded and self.url.database:
            with self._as_domain_errors():
                sqlite.make_file(Path(self.url.database))
        newest = newest_schema_version()
        version = self.schema_version()
        _refuse_newer(version)
        if version != newest:
            self._migrate(newest, lambda found: (found or "") < newest)

    def problems(self) -> list[str]:
        """Return what is wrong with the database, as sentences for an administrator; raises StoreUnavailable."""
        self.must_exist()
        self.look()
        version = self.schema_version()
        if is_newer(version):
            return [_newer(version)]
        if version != newest_schema_version():
            return [f"its schema is {version or 'none'}, this program's is {newest_schema_version()}: db upgrade"]
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext

        from soap_service.model import Base

        with self.reading() as session:
            connection = session.connection()
            context = MigrationContext.configure(connection, opts={"include_name": _has_class})
            found = [f"its tables are not this program's: {one}" for one in compare_metadata(context, Base.metadata)]
            if self.is_embedded:
                for pragma in ("quick_check", "foreign_key_check"):
                    rows = connection.exec_driver_sql(f"PRAGMA {pragma}").all()
                    said = [" ".join(map(str, row)).replace("\n", " ") for row in rows if tuple(row) != ("ok",)]
                    found += [f"it is damaged: {pragma}: {one}" for one in said]
            elif connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "off":
                found.append("synchronous_commit is off: what was answered can be lost")
        return found

    def downgrade(self, version: str) -> None:
        """Take the database back to an earlier migration (`0001`), or to an empty one (`base`).

        Raises: InvalidValue for no migration, and when a newer program has brought it further; DatabaseMissing.
        """
        known = ["base", *schema_versions()]
        if version not in known:
            raise InvalidValue("version", f"choose from {', '.join(known)}")
        self.must_exist()
        self._migrate(version, lambda found: found is not None and (version == "base" or found > version))

    def _migrate(self, target: str, is_due: Callable[[str | None], bool]) -> None:
        """Take the steps to a migration unless another node has taken them meanwhile."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        with self._as_domain_errors(), self._lock, self._writer.connect() as connection:
            unbound(connection)
            with connection.begin():
                if not self.is_embedded:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
                version = _version(connection)
                _refuse_newer(version)  # how to take the steps back only the newer program knows
                if not is_due(version):
                    return
                config.attributes["connection"] = connection
                step = command.upgrade if target > (version or "") and target != "base" else command.downgrade
                step(config, target)
        log.info("database brought to schema %s", target)


def _has_class(name: str | None, _kind: str, _parents: object) -> bool:
    """Tell whether a thing of the database is one that the mapped classes describe: the full-text index is not."""
    return not (name or "").startswith("fulltext_")


def schema_versions() -> list[str]:
    """Return the names of all migrations, in order: the first four characters of their files."""
    return sorted(file.name[:4] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def newest_schema_version() -> str:
    """Return the name of the newest migration."""
    return schema_versions()[-1]


def is_newer(version: str | None) -> bool:
    """Tell whether a database at that migration was brought further than this program can."""
    return version is not None and version > newest_schema_version()


def _newer(version: str | None) -> str:
    known = newest_schema_version()
    return f"its schema is {version}, of a newer program; this one knows {known}: install the newer program"


def _refuse_newer(version: str | None) -> None:
    if is_newer(version):
        raise InvalidValue("database_url", _newer(version))


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def unbound(connection: Connection) -> None:
    """Let statements take as long as they need: a migration of many rows, and the wait for another node's."""
    if connection.dialect.name != "postgresql":
        return
    connection.detach()  # what is set here must not come back to the pool
    driver: Any = connection.connection.dbapi_connection
    driver.answer_seconds = None
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        connection.exec_driver_sql(f"SET {name} = 0")
    connection.commit()
