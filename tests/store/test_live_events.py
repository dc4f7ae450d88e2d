"""Live events: written with what happened, read once by every process, on both databases."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import select, update

from soap_service.live.progress import Progress
from soap_service.live_event_model import LiveEventRow
from soap_service.rules.cursor import Position
from soap_service.rules.live_events import LiveEvent, LiveEventKind
from soap_service.storage.live_events import publish
from soap_service.store import Store
from tests.store.conftest import World

ANSWERED = LiveEvent(LiveEventKind.CALL_ANSWERED, extension="4067", ref="token", data={"by": "João"})


def publish_one(store: Store, event: LiveEvent = ANSWERED) -> None:
    with store.writing(ring=True) as session:
        publish(session, event, store.now())


def test_an_event_is_read_once_from_a_position(store: Store) -> None:
    publish_one(store)
    (event,) = store.list_live_events_after(Position())
    assert (event.kind, event.extension, event.ref, event.data) == ("callAnswered", "4067", "token", {"by": "João"})
    assert store.list_live_events_after(Position(event.id)) == []
    assert store.newest_live_position() == Position(event.id)


def test_an_event_of_what_was_undone_is_not_there(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.writing(ring=True) as session:
        publish(session, ANSWERED, store.now())
        raise ZeroDivisionError
    assert store.list_live_events_after(Position()) == []


def test_logging_out_tells_the_streams_of_that_log_in(world: World) -> None:
    cookie = world.store.open_session(world.ana.id, timedelta(hours=1))
    world.store.close_session("another")
    world.store.close_session(cookie)
    (event,) = world.store.list_live_events_after(Position())
    assert (event.kind, event.agent_id, len(event.ref)) == ("loginEnded", world.ana.id, 64)


def test_a_new_password_and_disabling_tell_all_of_an_agent(world: World) -> None:
    world.store.set_password("ana", "other")
    world.store.disable_agent("bia")
    told = [(one.kind, one.agent_id, one.data["reason"]) for one in world.store.list_live_events_after(Position())]
    assert told == [("loginsEnded", world.ana.id, "password"), ("loginsEnded", world.bia.id, "disabled")]


def test_old_events_are_forgotten_but_the_newest_number_is_kept(store: Store) -> None:
    for _ in range(3):
        publish_one(store)
    newest = store.newest_live_position()
    with store.writing() as session:
        session.execute(update(LiveEventRow).values(created_at=datetime.now(UTC) - timedelta(hours=2)))
    store.forget_live_events()
    assert store.newest_live_position().last == newest.last
    with store.reading() as session:
        assert len(session.scalars(select(LiveEventRow)).all()) == 1


def test_a_damaged_event_is_passed_over(store: Store) -> None:
    publish_one(store)
    with store.writing() as session:
        session.execute(update(LiveEventRow).values(data="{"))
    publish_one(store)
    broken, whole = store.list_live_events_after(Position())
    assert (broken.kind, broken.is_for_everybody, whole.kind) == ("", False, "callAnswered")


def test_an_event_that_commits_late_with_a_lower_number_is_read(postgresql_database_url: str) -> None:
    store = Store(postgresql_database_url)
    store.upgrade()
    progress = Progress(timedelta(seconds=60))

    def read() -> list[str]:
        events = store.list_live_events_after(progress.position)
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
