"""Kinds of columns that the tables have beside SQLAlchemy's own. Knows no table."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ARRAY, DateTime, String, Text, TypeDecorator
from sqlalchemy.types import TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC: as a plain timestamp where the database keeps no zone (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Turn an aware datetime into UTC; a naive one is a programming error."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("instants carry their time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], datetime | None] | None:
        """Return what reads the database's value; SQLite's text at the price of one call."""
        if dialect.name == "sqlite":
            return _read_text
        return super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return the stored instant as an aware datetime in UTC."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _read_text(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored + "+00:00")


class ReadableMoment(UtcDateTime):
    """An instant that a screen shows: what was damaged by hand and cannot be read counts as not there."""

    cache_ok = True

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], datetime | None] | None:
        """Return what reads the database's value; None where it cannot."""
        strict = super().result_processor(dialect, coltype)

        def tolerant(value: Any) -> datetime | None:
            try:
                return strict(value) if strict is not None else value
            except (ValueError, TypeError):
                return None

        return tolerant


class Listed(TypeDecorator[Sequence[Any]]):
    """A list as one value of a statement: an array, or JSON where the database has none (SQLite)."""

    impl = ARRAY
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> TypeEngine[Any]:
        """Return the type that the database has for it."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else self.impl)  # type: ignore[no-any-return]

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Any) -> Any:
        """Return the list as the database takes it."""
        return json.dumps(value) if dialect.name == "sqlite" else value


#: Text whose order is that of its bytes on every database, so that what begins alike stands together.
SortedByBytes = String(200).with_variant(String(200, collation="C"), "postgresql")
NameEntry = String(320).with_variant(String(320, collation="C"), "postgresql")
ContactEntry = String(110).with_variant(String(110, collation="C"), "postgresql")
