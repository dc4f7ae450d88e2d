"""Live events: written with what happened, read once by every process, on both databases."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import select, update

from soap_service.errors import NotFound
from soap_service.live.progress import Progress
from soap_service.rules.credentials import login_digest
from soap_service.rules.cursor import Position
from soap_service.rules.live_events import LiveEvent, LiveEventKind
from soap_service.storage.live_events import publish
from soap_service.store import Store
from soap_service.tables.live_events import LiveEventRow
from tests.store.conftest import World

ANSWERED = LiveEvent(LiveEventKind.CALL_ANSWERED, extension="4067", ref="token", data={"by": "João"})


def publish_one(store: Store, event: LiveEvent = ANSWERED) -> None:
    with store._database.writing(notifies=True) as session:
        publish(session, event, store.now())


def test_an_event_is_read_once_from_a_position(store: Store) -> None:
    publish_one(store)
    (event,) = store.live_events.list_after(Position())
    assert (event.kind, event.extension, event.ref, event.data) == ("callAnswered", "4067", "token", {"by": "João"})
    assert store.live_events.list_after(Position(event.id)) == []
    assert store.live_events.newest_position() == Position(event.id)


def test_an_event_of_what_was_undone_is_not_there(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store._database.writing(notifies=True) as session:
        publish(session, ANSWERED, store.now())
        raise ZeroDivisionError
    assert store.live_events.list_after(Position()) == []


def test_logging_out_tells_the_streams_of_that_log_in(world: World) -> None:
    before = world.store.live_events.newest_position()
    cookie = world.store.logins.open(world.ana.id, timedelta(hours=1))
    world.store.logins.close("another")
    world.store.logins.close(cookie)
    (event,) = world.store.live_events.list_after(before)
    assert (event.kind, event.agent_id, len(event.ref)) == ("loginEnded", world.ana.id, 64)


def test_a_new_password_and_disabling_tell_all_of_an_agent(world: World) -> None:
    before = world.store.live_events.newest_position()
    world.store.staff.set_password("ana", "other")
    world.store.staff.disable_agent("bia")
    told = [(one.kind, one.agent_id, one.data["reason"]) for one in world.store.live_events.list_after(before)]
    assert told == [("loginsEnded", world.ana.id, "password"), ("loginsEnded", world.bia.id, "disabled")]


def test_a_password_of_ones_own_tells_the_streams_of_the_other_log_ins(world: World) -> None:
    own, other = (world.store.logins.open(world.ana.id, timedelta(hours=1)) for _ in range(2))
    bias = world.store.logins.open(world.bia.id, timedelta(hours=1))
    before = world.store.live_events.newest_position()
    world.store.staff.choose_password(world.ana.id, "other", login_digest(own))
    (event,) = world.store.live_events.list_after(before)
    assert (event.kind, event.ref, event.data["reason"]) == ("loginEnded", login_digest(other).hex(), "password")
    assert world.store.logins.find(own).agent.password_hash == "other"
    assert world.store.logins.find(bias).agent_id == world.bia.id
    with pytest.raises(NotFound):
        world.store.logins.find(other)


def test_old_events_are_forgotten_but_the_newest_number_is_kept(store: Store) -> None:
    for _ in range(3):
        publish_one(store)
    newest = store.live_events.newest_position()
    with store._database.writing() as session:
        session.execute(update(LiveEventRow).values(created_at=datetime.now(UTC) - timedelta(hours=2)))
    store.live_events.forget()
    assert store.live_events.newest_position().last == newest.last
    with store._database.reading() as session:
        assert len(session.scalars(select(LiveEventRow)).all()) == 1


def test_a_damaged_event_is_passed_over(store: Store) -> None:
    publish_one(store)
    with store._database.writing() as session:
        session.execute(update(LiveEventRow).values(data="{"))
    publish_one(store)
    broken, whole = store.live_events.list_after(Position())
    assert (broken.kind, broken.is_for_everybody, whole.kind) == ("", False, "callAnswered")


def test_an_event_that_commits_late_with_a_lower_number_is_read(postgresql_database_url: str) -> None:
    store = Store(postgresql_database_url)
    store.schema.upgrade()
    progress = Progress(timedelta(seconds=60))

    def read() -> list[str]:
        events = store.live_events.list_after(progress.position)
        return [event.ref for event in events if progress.advance(event.id)]

    with psycopg.connect(postgresql_database_url) as late:
        late.execute(
            "INSERT INTO live_event (kind, ref, data, created_at) VALUES ('callAnswered', 'late', '{}', now())"
        )
        publish_one(store)
        assert read() == ["token"]
        late.commit()
    assert read() == ["late"]
    assert read() == []
    store.close()
