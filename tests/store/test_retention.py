"""What is kept no longer is purged in pieces; what is killed on the way leaves nothing half."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from soap_service import cli
from soap_service.config import Settings
from soap_service.errors import InputRefused, RequestNotFound
from soap_service.keepers.retention import RetentionKeeper
from soap_service.model import Call, Request, RequestEvent
from soap_service.rules.situations import Action
from soap_service.store import Announcement, NewRequest, Purged, Retention
from soap_service.tables.search import RequestWords, Unindexed
from tests.forks import start_command
from tests.store.conftest import World
from tests.store.counting import count, count_at_once

UNKNOWN = "39053344705"
LONG_AGO = timedelta(days=400)
YEAR = Retention(calls=365, unknown_documents=365, finished_requests=365, refusals=365)


def make_old(world: World, table: type, *ids: int, **values: object) -> None:
    with world.store._database.writing() as session:
        session.execute(update(table).where(table.id.in_(ids)).values(**values))  # type: ignore[attr-defined]


def test_only_what_is_old_and_finished_goes(world: World) -> None:
    store, then = world.store, world.store.now() - LONG_AGO
    parent, child, fresh = (world.open_request(key) for key in ("parent", "child", "fresh"))
    make_old(world, Request, child.id, parent_id=parent.id)
    for request in (parent, child, fresh):
        store.execution.execute(request.id, world.ana.id, Action.RESOLVE, "pronto xyzzy")
    make_old(world, Request, parent.id, child.id, closed_at=then)
    old = Announcement(world.integration.id, "visualizarSolicitacao", "11144477735", parent.id, "4067")
    unknown = Announcement(world.integration.id, "novaSolicitacao", UNKNOWN, extension="4067")
    for call in (old, unknown):
        store.calls.announce(call)
    make_old(world, Call, 2, created_at=then)
    assert store.retention.count(Retention()) == store.retention.purge(Retention()) == Purged()
    kept = Retention(unknown_documents=365, finished_requests=365)
    assert store.retention.count(kept) == Purged(unknown_documents=1, finished_requests=1)  # the parent comes after
    assert store.retention.purge(kept) == Purged(unknown_documents=1, finished_requests=2)
    for gone in (parent, child):
        with pytest.raises(RequestNotFound):
            store.requests.find(gone.id)
    assert store.requests.find(fresh.id)
    assert store.requests.find(world.request.id)
    with store._database.reading() as session:
        assert session.execute(select(Call.document, Call.request_id).order_by(Call.id)).all() == [
            ("11144477735", None),
            ("", None),
        ]
    assert [one.id for one in store.search.find_requests("xyzzy").requests] == [fresh.id]
    assert store.retention.purge(YEAR) == Purged(calls=1)
    assert store.telephony.count_open_requests("11144477735") == (1, world.request.id)
    later = store.requests.open(NewRequest(world.maria.id, world.service.id, "x", "incidente"), world.ana.id, "form:z")
    assert later.id > fresh.id
    assert store.schema.problems() == []


def test_the_command_says_first_what_it_would_do(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    done = world.open_request("done")
    world.store.execution.execute(done.id, world.ana.id, Action.RESOLVE, "x")
    make_old(world, Request, done.id, closed_at=world.store.now() - LONG_AGO)
    url = world.store._database.url.render_as_string(hide_password=False)
    command = ["purge", "--database-url", url, "--finished-requests-days", "365"]
    assert cli.main([*command, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "finished requests  1 older than 365 days" in told
    assert "calls              kept for ever" in told
    assert world.store.requests.find(done.id)
    assert cli.main(command) == 0
    with pytest.raises(RequestNotFound):
        world.store.requests.find(done.id)


def test_a_service_purges_once_a_night(world: World) -> None:
    database = world.store._database
    keeper = RetentionKeeper(world.store, Settings(finished_requests_days=365, time_zone="UTC"))
    told = []
    for moment in ((27, 12), (28, 3), (28, 4), (29, 2)):
        database.now = lambda moment=moment: datetime(2026, 11, *moment, tzinfo=UTC)  # type: ignore[method-assign, misc]
        told.append(keeper.purge_if_due())
    assert told == [False, True, False, True]
    keeper.close()
    another = RetentionKeeper(world.store, Settings(finished_requests_days=365, time_zone="UTC"), lambda: False)
    assert not another.purge_if_due()


@pytest.mark.parametrize("setting", [{"calls_days": 7}, {"refusals_days": -1}])
def test_a_wrong_time_is_refused(setting: dict[str, int]) -> None:
    with pytest.raises(InputRefused):
        Settings(**setting)  # type: ignore[arg-type]


@pytest.mark.timeout(300)  # ten starts of the command
def test_a_purge_killed_at_ten_moments_leaves_nothing_half(world: World) -> None:
    store, number = world.store, 1000
    done = world.open_request("done")
    store.execution.execute(done.id, world.ana.id, Action.RESOLVE, "x")
    with store._database.writing() as session:
        row = session.get_one(Request, done.id)
        values = {column.name: getattr(row, column.name) for column in Request.__table__.columns}
        values |= {"origin_key": None, "closed_at": store.now() - LONG_AGO}
        ids = range(1000, 1000 + number)
        session.execute(insert(Request), [{**values, "id": one} for one in ids])
        line = {"happened_at": store.now(), "actor": "Ana", "action": "abertura", "note": ""}
        session.execute(insert(RequestEvent), [{**line, "request_id": one} for one in ids])
    while store.indexing.index_marked():
        pass
    tables = (Request, RequestEvent, RequestWords)
    others = [rows - number for rows in count_at_once(store, *tables)]
    url = store._database.url.render_as_string(hide_password=False)
    command = ["purge", "--finished-requests-days", "365", "--database-url", url]
    seen = []
    for kill in range(10):
        with Path(os.devnull).open("wb") as nowhere:
            process = start_command(command, stdout=nowhere)
        before, deadline = count(store, Request), time.monotonic() + 30
        while count(store, Request) == before and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.007 * kill)
        process.send_signal(signal.SIGKILL)
        process.wait()
        *rows, unindexed = count_at_once(store, *tables, Unindexed)
        left, *also = [now - other for now, other in zip(rows, others, strict=True)]
        seen.append(left)
        assert also == [left, left]
        assert unindexed == 0
    assert seen == sorted(seen, reverse=True)
    assert number > seen[0] > seen[-1] > 0
    assert store.retention.purge(YEAR, lambda seconds: None).finished_requests == seen[-1]
    assert count(store, Request) == others[0]
    assert store.schema.problems() == []
