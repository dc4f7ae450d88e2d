"""How many rows the tables of a store have."""

from sqlalchemy import func, select

from soap_service.store import Store


def count(store: Store, table: type) -> int:
    """Count the rows of one table."""
    return count_at_once(store, table)[0]


def count_at_once(store: Store, *tables: type) -> tuple[int, ...]:
    """Count as of one moment: a server still carries out the COMMIT that a killed process had sent."""
    with store._database.reading() as session:
        counted = select(*(select(func.count()).select_from(table).scalar_subquery() for table in tables))
        return tuple(session.execute(counted).one())
