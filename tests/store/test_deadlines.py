"""Deadlines of stored requests: suspended, finished, reopened, reclassified. Work is from 8 to 18, Monday to Friday."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete, select

from soap_service.errors import ExecutionRefused, ServiceNotFound, TransitionRefused
from soap_service.model import Request, RequestEvent, RequestStop
from soap_service.rules.calendars import Holidays, NationalHolidays, OwnDay
from soap_service.rules.deadlines import Shift
from soap_service.rules.situations import Action, Situation
from soap_service.storage.catalogue import service_edit_of
from soap_service.store import Changes, Classification, NewRequest
from tests.rules.test_deadlines import local
from tests.store.conftest import World

At = Callable[[str], None]


@pytest.fixture
def at(world: World, monkeypatch: pytest.MonkeyPatch) -> At:
    """Set the store's clock to a local time."""
    return lambda text: monkeypatch.setattr(world.store._database, "now", lambda: local(text).astimezone(UTC))


def opened(world: World, at: At, when: str, urgency: str = "M") -> int:
    """Open a request of the service of 8 h, of priority 3 or 1."""
    at(when)
    new = NewRequest(world.maria.id, world.service.id, "x", "incidente", urgency=urgency, impact=urgency)
    return world.store.requests.open(new, world.ana.id, f"form:{when}").id


def do(world: World, at: At, when: str, number: int, action: Action, **changes: object) -> Request:
    at(when)
    return world.store.execution.execute(number, world.ana.id, action, "motivo", Changes(**changes))  # type: ignore[arg-type]


def due(request: Request) -> str | None:
    deadline = request.deadline
    return f"{deadline.astimezone(local('2026-11-23T08:00').tzinfo):%dT%H:%M}" if deadline else None


def test_late_request_comes_back_exactly_as_late_after_a_suspension(world: World, at: At) -> None:
    number = opened(world, at, "2026-11-23T08:00")  # Monday, due at 16:00
    suspended = do(world, at, "2026-11-24T09:00", number, Action.SUSPEND)  # 3 h late
    assert not suspended.is_late(local("2026-11-25T09:00"))
    assert suspended.remaining_seconds == -3 * 3600
    back = do(world, at, "2026-11-26T10:00", number, Action.REACTIVATE)  # 2 h of Thursday, 1 h of Wednesday
    assert due(back) == "25T17:00"
    assert back.is_late(local("2026-11-26T10:00"))


def test_reopened_request_has_what_was_left_when_it_was_resolved(world: World, at: At) -> None:
    number = opened(world, at, "2026-11-23T08:00")  # due at 16:00
    do(world, at, "2026-11-23T11:00", number, Action.RESOLVE)  # 5 h left
    do(world, at, "2026-11-24T09:00", number, Action.CLOSE)  # closing what is resolved stops nothing anew
    back = do(world, at, "2026-11-25T15:00", number, Action.REOPEN)  # 3 h on Wednesday, 2 h on Thursday
    assert (due(back), back.closed_at, back.remaining_seconds) == ("26T10:00", None, None)
    again = do(world, at, "2026-11-26T09:00", number, Action.CLOSE)  # 1 h left
    assert again.closed_at == local("2026-11-26T09:00")
    assert due(do(world, at, "2026-11-27T09:00", number, Action.REOPEN)) == "27T10:00"


def test_reopened_late_request_stays_as_late_as_it_was(world: World, at: At) -> None:
    number = opened(world, at, "2026-11-23T08:00")
    do(world, at, "2026-11-24T08:30", number, Action.RESOLVE)  # 2 h 30 min late
    assert due(do(world, at, "2026-11-27T12:00", number, Action.REOPEN)) == "27T09:30"


def test_request_closed_while_suspended_goes_on_with_what_was_left(world: World, at: At) -> None:
    number = opened(world, at, "2026-11-23T08:00")
    do(world, at, "2026-11-23T14:00", number, Action.SUSPEND)  # 2 h left
    closed = do(world, at, "2026-11-25T10:00", number, Action.CLOSE)
    assert (due(closed), closed.is_late(local("2026-11-27T10:00"))) == ("25T12:00", False)
    assert due(do(world, at, "2026-11-26T08:00", number, Action.REOPEN)) == "26T10:00"


def test_a_request_finished_by_an_older_version_reopens_with_what_was_left(world: World, at: At) -> None:
    number = opened(world, at, "2026-11-23T08:00")
    do(world, at, "2026-11-23T11:00", number, Action.RESOLVE)
    with world.store._database.writing() as session:
        request = session.get_one(Request, number)
        request.stopped_at = request.remaining_seconds = None
    assert due(do(world, at, "2026-11-25T15:00", number, Action.REOPEN)) == "26T10:00"


def test_child_closed_with_its_parent_keeps_what_was_left(world: World, at: At) -> None:
    parent, child = opened(world, at, "2026-11-23T08:00"), opened(world, at, "2026-11-23T09:00")
    with world.store._database.writing() as session:
        session.get_one(Request, child).parent_id = parent
    do(world, at, "2026-11-23T10:00", parent, Action.CLOSE)
    closed = world.store.requests.find(child)
    assert (closed.closed_at, closed.remaining_seconds) == (local("2026-11-23T10:00"), 7 * 3600)
    assert due(do(world, at, "2026-11-24T08:00", child, Action.REOPEN)) == "24T15:00"


def reclassify(world: World, at: At, when: str, number: int, service: int, level: str = "M") -> Request:
    wanted = Classification(service, level, level)
    return do(world, at, when, number, Action.NOTE, classification=wanted)


def test_reclassifying_counts_from_the_opening_without_the_stops(world: World, at: At) -> None:
    longer = world.store.catalogue.add_service("Projeto", "requisição", "SDNIVEL1", sla_minutes=20 * 60)
    number = opened(world, at, "2026-11-23T08:00")
    do(world, at, "2026-11-23T10:00", number, Action.SUSPEND)
    do(world, at, "2026-11-24T10:00", number, Action.REACTIVATE)  # 2 h of work had passed
    do(world, at, "2026-11-24T12:00", number, Action.RESOLVE)
    do(world, at, "2026-11-25T12:00", number, Action.REOPEN)  # 4 h of work had passed
    changed = reclassify(world, at, "2026-11-25T14:00", number, longer.id)  # 16 h from Wednesday 12:00: 6 and 10
    assert (due(changed), changed.service_id, changed.situation) == ("26T18:00", longer.id, Situation.REOPENED)
    assert changed.group_id == world.service.group_id
    note, line = changed.events[-2:]
    assert (note.action, line.action) == ("anotação", "reclassificação")
    assert line.note == "Serviço: Falha → Projeto\nPrazo limite: 25/11/2026 16:00 → 26/11/2026 18:00"


def test_reclassifying_a_suspended_request_changes_what_is_left(world: World, at: At) -> None:
    longer = world.store.catalogue.add_service("Projeto", "requisição", "SDNIVEL1", sla_minutes=20 * 60)
    number = opened(world, at, "2026-11-23T08:00")
    do(world, at, "2026-11-23T10:00", number, Action.SUSPEND)
    changed = reclassify(world, at, "2026-11-24T10:00", number, longer.id)
    assert (changed.deadline, changed.remaining_seconds) == (None, 18 * 3600)
    assert due(do(world, at, "2026-11-25T08:00", number, Action.REACTIVATE)) == "26T16:00"


def test_reclassifying_to_no_sla_has_no_deadline_and_back_has_one(world: World, at: At) -> None:
    never = world.store.catalogue.add_service("Melhoria", "requisição", "SDNIVEL1")
    number = opened(world, at, "2026-11-23T08:00")
    assert reclassify(world, at, "2026-11-23T09:00", number, never.id).due_at is None
    assert due(reclassify(world, at, "2026-11-23T09:30", number, world.service.id)) == "23T16:00"


def test_priority_with_an_sla_of_its_own_decides_the_deadline(world: World, at: At) -> None:
    edit = service_edit_of(world.store.catalogue.find_service(world.service.id))
    wanted = replace(edit, priority_slas=((1, 60), (4, 1200)))
    number = opened(world, at, "2026-11-23T08:00", "A")
    world.store.catalogue.change_service(world.service.id, wanted, edit.stamp, "rui")
    assert due(world.store.requests.find(number)) == "23T16:00"  # a changed SLA moves no open request
    assert due(world.store.requests.find(opened(world, at, "2026-11-23T08:30", "A"))) == "23T09:30"
    assert due(world.store.requests.find(opened(world, at, "2026-11-23T08:45", "M"))) == "23T16:45"
    changed = reclassify(world, at, "2026-11-23T10:00", number, world.service.id, "A")
    assert (due(changed), changed.priority) == ("23T09:00", 1)
    assert service_edit_of(world.store.catalogue.find_service(world.service.id)) == wanted
    (line,) = [
        one for one in world.store.history.list_changes() if one.subject == "service" and one.action == "changed"
    ]
    assert line.details == '{"sla_minutes-1": ["", "60"], "sla_minutes-4": ["", "1200"]}'
    world.store.catalogue.change_service(
        world.service.id, replace(wanted, priority_slas=((4, 600),)), wanted.stamp, "rui"
    )
    assert service_edit_of(world.store.catalogue.find_service(world.service.id)).priority_slas == ((4, 600),)


def test_imported_deadline_stays_until_it_is_reclassified(world: World, at: At) -> None:
    number = opened(world, at, "2026-11-23T08:00")
    with world.store._database.writing() as session:
        session.get_one(Request, number).due_at = local("2026-11-28T11:00")  # a Saturday
    assert due(do(world, at, "2026-11-23T09:00", number, Action.NOTE)) == "28T11:00"
    do(world, at, "2026-11-23T10:00", number, Action.RESOLVE)
    assert due(do(world, at, "2026-11-23T10:00", number, Action.REOPEN)) == "28T11:00"  # at once: nothing changes
    assert due(reclassify(world, at, "2026-11-23T11:00", number, world.service.id)) == "23T16:00"


def test_only_an_executor_of_an_unfinished_request_reclassifies_it(world: World, at: At) -> None:
    number = opened(world, at, "2026-11-23T08:00")
    wanted = Changes(classification=Classification(world.service.id, "A", "A"))
    with pytest.raises(ExecutionRefused):
        world.store.execution.execute(number, world.bia.id, Action.NOTE, "", wanted)
    with pytest.raises(ServiceNotFound):
        reclassify(world, at, "2026-11-23T09:00", number, 999)
    do(world, at, "2026-11-23T10:00", number, Action.RESOLVE)
    with pytest.raises(TransitionRefused):
        reclassify(world, at, "2026-11-23T11:00", number, world.service.id)
    assert world.store.requests.find(number).priority == 3


def test_deleted_request_takes_its_stops_along(world: World, at: At) -> None:
    number = opened(world, at, "2026-11-23T08:00")
    do(world, at, "2026-11-23T10:00", number, Action.SUSPEND)
    do(world, at, "2026-11-23T11:00", number, Action.REACTIVATE)
    with world.store._database.writing() as session:
        assert session.scalars(select(RequestStop.request_id)).all() == [number]
        session.execute(delete(RequestEvent).where(RequestEvent.request_id == number))
        session.execute(delete(Request).where(Request.id == number))
        assert session.scalars(select(RequestStop.request_id)).all() == []


def test_half_day_and_optional_holiday_count_in_a_new_deadline(world: World, at: At) -> None:
    store = world.store
    store.calendars.default = replace(store.calendars.default, holidays=Holidays(NationalHolidays("BR")))
    store.calendars.add_day(OwnDay(date(2026, 2, 18), "Cinzas", shifts=(Shift(13 * 60, 18 * 60),)), "rui")
    (kept,) = store.calendars.find().own
    assert kept.shifts == (Shift(780, 1080),)
    # Friday 13/02 16:00 + 8 h: 2 h on Friday, 6 h on Monday, which is Carnaval but worked.
    assert due(store.requests.find(opened(world, at, "2026-02-13T16:00"))) == "16T14:00"
    # Tuesday 17/02 16:00 + 8 h: 2 h on Tuesday, 5 h on Wednesday's afternoon, 1 h on Thursday.
    assert due(store.requests.find(opened(world, at, "2026-02-17T16:00"))) == "19T09:00"
    edit = store.calendars.find()
    store.calendars.change(replace(edit, skips_optional=True), edit.stamp, "rui")
    # Without Carnaval: 2 h on Friday, 5 h on Wednesday (the desk's own half-day wins), 1 h on Thursday.
    assert due(store.requests.find(opened(world, at, "2026-02-13T16:01"))) == "19T09:01"


def test_suspended_request_survives_a_calendar_that_changes(world: World, at: At) -> None:
    number = opened(world, at, "2026-11-23T08:00")
    do(world, at, "2026-11-23T14:00", number, Action.SUSPEND)  # 2 h left
    edit = world.store.calendars.find()
    day = ((Shift(8 * 60, 9 * 60),),) * 7
    world.store.calendars.change(replace(edit, week=day), edit.stamp, "rui")
    assert due(do(world, at, "2026-11-24T08:00", number, Action.REACTIVATE)) == "25T09:00"


def test_deadline_that_lies_decades_away_is_left_alone(world: World, at: At) -> None:
    number = opened(world, at, "2026-11-23T08:00")
    far = datetime(2999, 1, 1, tzinfo=UTC)
    with world.store._database.writing() as session:
        session.get_one(Request, number).due_at = far
    do(world, at, "2026-11-23T09:00", number, Action.SUSPEND)
    assert do(world, at, "2026-11-23T10:00", number, Action.REACTIVATE).deadline == far
