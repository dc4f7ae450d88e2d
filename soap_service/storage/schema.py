"""The schema of the database: which migration it stands at, up and down. Knows no table's meaning."""

import logging
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from soap_service.errors import DatabaseMissing, InputRefused, StoreUnavailable
from soap_service.storage.part import Part
from soap_service.storage.sqlite import make_file

log = logging.getLogger(__name__)

_MIGRATIONS = Path(__file__).parent.parent / "migrations"


class Schema(Part):
    """Migrations, one node at a time, each all or nothing."""

    def is_ready(self) -> bool:
        """Tell whether the database answers, can be written, and has the schema of this program."""
        try:
            self._database.check()
            return self.version() == newest_schema_version()
        except StoreUnavailable:
            return False

    def version(self) -> str | None:
        """Return the migration that the database stands at; None for an empty one."""
        with self._database.reading() as session:
            return _version(session.connection())

    def must_exist(self) -> None:
        """Refuse an embedded database that is not there: SQLite would make an empty one; raises DatabaseMissing."""
        with self._database.as_domain_errors():
            file = self._database.backend.file
            if file is not None and not file.exists():
                raise DatabaseMissing(file)

    def upgrade(self) -> None:
        """Bring the database up to the schema of this program; does nothing where it already is.

        An embedded database that is not there is made, for its owner alone.

        Raises: InputRefused when a newer program has brought it further.
        """
        if self._database.backend.file is not None:
            with self._database.as_domain_errors():
                make_file(self._database.backend.file)
        newest = newest_schema_version()
        version = self.version()
        _refuse_newer(version)
        if version != newest:
            self._migrate(newest, lambda found: (found or "") < newest)

    def problems(self) -> list[str]:
        """Return what is wrong with the database, as sentences for an administrator; raises StoreUnavailable."""
        self.must_exist()
        self._database.check()
        version = self.version()
        if is_newer(version):
            return [_newer(version)]
        if version != newest_schema_version():
            return [f"its schema is {version or 'none'}, this program's is {newest_schema_version()}: db upgrade"]
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext

        from soap_service.model import Base

        with self._database.reading() as session:
            connection = session.connection()
            context = MigrationContext.configure(connection, opts={"include_name": _has_class})
            found = [f"its tables are not this program's: {one}" for one in compare_metadata(context, Base.metadata)]
            return found + self._database.backend.problems(connection)

    def check_address(self) -> None:
        """Check that the database is reached in a way that all works through; raises InputRefused, StoreUnavailable."""
        with self._database.as_domain_errors():
            self._database.backend.check_address()

    def downgrade(self, version: str) -> None:
        """Take the database back to an earlier migration (`0001`), or to an empty one (`base`).

        Raises: InputRefused for no migration, and when a newer program has brought it further; DatabaseMissing.
        """
        known = ["base", *schema_versions()]
        if version not in known:
            raise InputRefused("version", f"choose from {', '.join(known)}")
        self.must_exist()
        self._migrate(version, lambda found: found is not None and (version == "base" or found > version))

    def _migrate(self, target: str, is_due: Callable[[str | None], bool]) -> None:
        """Take the steps to a migration unless another node has taken them meanwhile."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        with (
            self._database.as_domain_errors(),
            self._database.lock,
            self._database.backend.direct.connect() as connection,
        ):
            self._database.backend.begin_long_work(connection)
            with connection.begin():
                self._database.backend.begin_migration(connection)
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
        raise InputRefused("database_url", _newer(version))


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
