"""The look-ups of one turn share a read transaction: it shows one moment, ends with the turn, and survives nothing."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import literal_column, select

from soap_service.errors import DatabaseDamaged, RequesterNotFound, StoreUnavailable
from soap_service.model import Requester
from soap_service.storage.look_ups import LookUp
from soap_service.storage.turn_reads import TurnReads
from soap_service.store import Store
from tests.store.conftest import World

BROKEN = LookUp(select(literal_column("no_such_column")).select_from(Requester), by=Requester.document)

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def look_ups(world: World) -> Iterator[TurnReads]:
    look_ups = world.store.telephony.join_look_ups()
    assert isinstance(look_ups, TurnReads)
    yield look_ups
    look_ups.close()


def count(look_ups: TurnReads) -> int:
    return look_ups.reads_of_turn(0.0).count_open_requests("11144477735")[0]


def is_checkpoint_busy(store: Store) -> bool:
    """Tell whether a checkpoint that does not wait finds somebody who reads what the log has."""
    connection = sqlite3.connect(str(store._database.url.database), timeout=0)
    try:
        return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
    finally:
        connection.close()


def test_a_turn_shows_one_moment_and_the_next_turn_the_next(world: World, look_ups: TurnReads) -> None:
    look_ups.begin_turn()
    seen = [count(look_ups)]
    world.open_request("second")
    seen.append(count(look_ups))
    look_ups.end_turn()
    seen.append(count(look_ups))
    look_ups.begin_turn()
    seen.append(count(look_ups))
    look_ups.end_turn()
    assert seen == [1, 1, 2, 2]


def test_what_is_read_outside_a_turn_stands_for_itself(world: World, look_ups: TurnReads) -> None:
    seen = []
    for key in "abc":
        world.open_request(key)
        seen.append(count(look_ups))
    look_ups.begin_turn()
    look_ups.end_turn()  # nothing was read in it
    world.open_request("d")
    assert [*seen, count(look_ups)] == [2, 3, 4, 5]


def test_what_else_the_same_thread_reads_is_as_new_as_ever(world: World, look_ups: TurnReads) -> None:
    look_ups.begin_turn()
    assert count(look_ups) == 1
    world.open_request("second")
    assert look_ups.reads(0.0).count_open_requests("11144477735") == (2, None)
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(look_ups.reads(0.0).count_open_requests, "11144477735").result() == (2, None)
    assert count(look_ups) == 1
    look_ups.end_turn()


def test_no_transaction_outlives_its_turn(world: World, look_ups: TurnReads) -> None:
    look_ups.begin_turn()
    count(look_ups)
    world.open_request("second")
    assert is_checkpoint_busy(world.store)
    look_ups.end_turn()
    assert not is_checkpoint_busy(world.store)
    world.open_request("third")
    look_ups.begin_turn()
    count(look_ups)
    look_ups.close()
    world.open_request("fourth")
    assert not is_checkpoint_busy(world.store)
    look_ups.end_turn()


def test_who_is_not_found_ends_nothing(world: World, look_ups: TurnReads) -> None:
    look_ups.begin_turn()
    with pytest.raises(RequesterNotFound):
        look_ups.reads_of_turn(0.0).count_open_requests("52998224725")
    world.open_request("second")
    assert count(look_ups) == 1
    look_ups.end_turn()
    assert count(look_ups) == 2


@pytest.mark.parametrize("has_read", [False, True])
def test_an_error_ends_the_transaction_and_the_next_read_begins_anew(
    world: World, look_ups: TurnReads, has_read: bool
) -> None:
    look_ups.begin_turn()
    if has_read:
        assert count(look_ups) == 1
    with pytest.raises(StoreUnavailable):
        look_ups.reads_of_turn(0.0).look_up(BROKEN, "x")
    world.open_request("second")
    assert not is_checkpoint_busy(world.store)
    assert count(look_ups) == 2
    look_ups.end_turn()
    look_ups.begin_turn()
    assert count(look_ups) == 2
    world.open_request("third")
    assert count(look_ups) == 2
    look_ups.end_turn()
    assert not is_checkpoint_busy(world.store)


def test_a_transaction_that_cannot_be_ended_is_let_go(
    world: World, look_ups: TurnReads, caplog: pytest.LogCaptureFixture
) -> None:
    look_ups.begin_turn()
    assert count(look_ups) == 1
    look_ups._cursor.execute("COMMIT")  # by another hand
    look_ups.end_turn()
    assert "no transaction is active" in caplog.text
    world.open_request("second")
    look_ups.begin_turn()
    assert count(look_ups) == 2
    look_ups.end_turn()
    assert not is_checkpoint_busy(world.store)


def test_a_damaged_file_is_told_in_a_turn_as_anywhere(tmp_path: Path, world: World) -> None:
    world.store.close()
    file = Path(str(world.store._database.url.database))
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [root] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'requester'").fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
    with file.open("r+b") as opened:
        opened.seek((root - 1) * size)
        opened.write(b"\xa5" * size)
    store = Store(f"sqlite:///{file}")
    look_ups = TurnReads(store.telephony, store._database)
    look_ups.begin_turn()
    for _ in range(2):
        with pytest.raises(DatabaseDamaged):
            count(look_ups)
    look_ups.end_turn()
    look_ups.close()
    store.close()
