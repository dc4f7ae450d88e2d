"""Which kind of database a test's store has, for what only one kind can do."""

from soap_service.store import Store


def is_sqlite(store: Store) -> bool:
    """Tell whether the store's database is an SQLite file."""
    return store._database.url.get_backend_name() == "sqlite"
