"""Numbers that a database gives. Knows the tables, not what their rows mean."""

from sqlalchemy import Connection, Integer, func, select, text

from soap_service.model import Base


def advance_sequences(connection: Connection) -> None:
    """Have the numbers that PostgreSQL gives go on after those that were written by hand; SQLite does it by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in Base.metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None and isinstance(column.type, Integer):
            highest = connection.scalar(select(func.max(column)))
            if highest is not None:
                name = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
                given = connection.scalar(text(f"SELECT last_value FROM {name}"))  # noqa: S608 - a sequence of ours
                connection.execute(text("SELECT setval(:name, :last)"), {"name": name, "last": max(highest, given)})
