"""20 backups and restores under load on PostgreSQL, and every migration up, down and up with that data."""

import tempfile
import threading
import time
from pathlib import Path

from sqlalchemy import inspect

from soap_service.storage.schema import schema_versions
from soap_service.store import Announcement, Store
from tests.postgres import Postgres, create_database

ROUNDS = 20


def rows_of(store: Store) -> dict[str, int]:
    """Return how many rows each table has."""
    with store._database.reading() as session:
        connection = session.connection()
        tables = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
        return {table: connection.exec_driver_sql(f'SELECT count(*) FROM "{table}"').scalar_one() for table in tables}


def main() -> None:
    server = Postgres(is_durable=True)
    folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
    for kind in ("sqlite", "postgresql"):
        url = create_database(server.url) if kind == "postgresql" else f"sqlite:///{folder}/desk.db"
        store = Store(url)
        store.schema.upgrade()
        integration = store.integrations.add("pbx", None, None, "127.0.0.0/8").id
        done = threading.Event()
        slowest = 0.0

        def announce(store: Store = store, integration: int = integration, done: threading.Event = done) -> None:
            nonlocal slowest
            number = 0
            while not done.is_set():
                number += 1
                started = time.monotonic()
                store.calls.announce(Announcement(integration, "novaSolicitacao", f"{number:011}"))
                slowest = max(slowest, time.monotonic() - started)

        caller = threading.Thread(target=announce)
        caller.start()
        torn, rows = 0, 0
        for number in range(ROUNDS):
            time.sleep(0.2)
            file = folder / f"{kind}{number}.backup"
            rows = store.backups.back_up(file)
            target = Store(create_database(server.url) if number % 2 else f"sqlite:///{folder}/{kind}{number}.db")
            target.backups.restore(file)
            with target._database.reading() as session:
                pair = "SELECT (SELECT count(*) FROM call), (SELECT count(*) FROM recent_call)"
                calls, keys = session.connection().exec_driver_sql(pair).one()
            torn += calls != keys
            target.close()
        done.set()
        caller.join()
        before = rows_of(store)
        for version in schema_versions()[-2::-1]:
            store.schema.downgrade(version)
        kept = rows_of(store).keys()  # an older version has no room for what came later
        store.schema.upgrade()
        after = rows_of(store)
        lost = {table: (before[table], after[table]) for table in kept if before[table] != after[table]}
        print(
            f"{kind}: {ROUNDS} backups and restores under load, the last of {rows} rows: {torn} torn; "
            f"slowest call meanwhile {slowest * 1000:.0f} ms; migrations down and up: the rows of {len(kept)} tables, "
            f"{lost or 'none'} lost"
        )
        assert (torn, lost) == (0, {}) and len(kept) > 5 and not store.schema.problems()
        store.close()
    server.close()


if __name__ == "__main__":
    main()
