"""What the disk asks of each durable write: sqlite3 alone, one row a transaction, in the mode of the service."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path


def bare_commits(folder: Path, count: int = 200) -> list[float]:
    """Return the milliseconds of so many durable commits, in order."""
    file = folder / "commits.db"
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE call (token TEXT)")
        times = []
        for index in range(count):
            started = time.perf_counter()
            database.execute("INSERT INTO call VALUES (?)", (str(index),))
            times.append((time.perf_counter() - started) * 1000)
    return sorted(times)
