"""Numbers that a database gives. Knows the tables, not what their rows mean."""

from sqlalchemy import Connection, Integer, func, select

from soap_service.model import Base
from soap_service.storage.database import Database

_REQUEST = Base.metadata.tables["request"].c.id


def advance_sequences(database: Database, connection: Connection) -> None:
    """Have the numbers that the database gives go on after those that were written by hand."""
    if database.backend.traits.counts_written_numbers:
        return
    for table in Base.metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None and isinstance(column.type, Integer):
            highest = connection.scalar(select(func.max(column)))
            if highest is not None:
                database.backend.advance_number(connection, column, highest)


def begin_numbers(database: Database, first: int) -> None:
    """Have the requests that are opened here numbered from `first` on, or from what was given already."""
    if first <= 1:
        return
    with database.reading() as session:
        if database.backend.last_number(session.connection(), _REQUEST) >= first - 1:
            return  # as at each start but the first: nothing is written
    with database.transaction() as connection:
        advance_numbers(database, connection, first - 1)


def advance_numbers(database: Database, connection: Connection, last: int) -> None:
    """Have the next request that is opened here get a number above `last`."""
    database.backend.advance_number(connection, _REQUEST, last)
