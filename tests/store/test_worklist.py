"""Lists of requests: what they hold, in which order, page by page, and from which index."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from soap_service.model import Request
from soap_service.rules.situations import UNFINISHED_SITUATIONS, Situation
from soap_service.storage import worklist
from soap_service.storage.request_conditions import sought_by_index
from soap_service.store import MOST_COUNTED, Order, RequestFilter
from tests.store.conftest import World
from tests.store.plans import plans_of, statements_of

ALL = tuple(Situation)
NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = NOW + timedelta(hours=3)
SITUATIONS = {"open": UNFINISHED_SITUATIONS, "all": ALL, "one": (Situation.CLOSED,), "open one": (Situation.SUSPENDED,)}


@pytest.fixture
def many(world: World) -> World:
    """120 requests more, of every situation, two groups and two requesters; some Ana's, some late, some never due."""
    other = world.store.staff.add_group("SDNIVEL2", may_execute=True)
    joao = world.store.requesters.add("52998224725", "João")
    with world.store._database.writing() as session:
        for index in range(120):
            session.add(
                Request(
                    requester_id=(world.maria.id, joao.id)[index % 3 == 0],
                    service_id=world.service.id,
                    group_id=(world.service.group_id, other.id)[index % 4 == 0],
                    responsible_id=world.ana.id if index % 5 == 0 else None,
                    situation=ALL[index % 7],
                    kind="incidente",
                    description="x",
                    urgency="M",
                    impact="M",
                    priority=1 + index % 5,
                    opened_at=NOW - timedelta(hours=index // 2),
                    due_at=None if index % 6 == 0 else NOW + timedelta(hours=index % 11 - 5, minutes=30),
                )
            )
    return world


def wanted_lists(world: World) -> Iterator[tuple[RequestFilter, Order]]:
    own = world.service.group_id
    groups, people, narrow = ((), (own,), (own, own + 1)), (None, world.maria.id), product((False, True), (None, TODAY))
    options = product(SITUATIONS.values(), groups, (None, world.ana.id), people, (*narrow,), (False, True))
    for situations, group, mine, requester, (late, due_by), free in options:
        if len(group) > 1 and (requester or due_by):
            continue  # nothing new in it
        wanted = RequestFilter(situations, group, mine, requester, late, due_by, free)
        yield from ((wanted, order) for order in Order if wanted.order(order) is order)


def belongs(request: Request, wanted: RequestFilter) -> bool:
    is_late, is_unfinished = request.is_late(NOW), request.situation in UNFINISHED_SITUATIONS
    is_due = request.deadline is not None and not is_late and request.deadline < TODAY
    whose = (
        (None, wanted.responsible_id) if wanted.is_unassigned else (wanted.responsible_id or request.responsible_id,)
    )
    return (
        request.situation in wanted.situations
        and request.group_id in (wanted.group_ids or (request.group_id,))
        and request.responsible_id in whose
        and wanted.requester_id in (None, request.requester_id)
        and (is_unfinished or not (wanted.is_timed or wanted.is_unassigned))
        and (not wanted.is_timed or (wanted.is_late and is_late) or (wanted.due_by is not None and is_due))
    )


def key_of(request: Request, order: Order) -> tuple[object, ...]:
    due = request.deadline
    return {
        Order.NUMBER: (-request.id,),
        Order.OPENED: (request.opened_at, request.id),
        Order.DUE: (due is None, due, request.id) if due else (True, request.id),
        Order.PRIORITY: (request.priority, request.id),
    }[order]


@pytest.mark.parametrize("is_sorted", [True, False], ids=["few sorted", "in an index's order"])
def test_every_list_holds_what_it_should_in_order_page_by_page(
    many: World, monkeypatch: pytest.MonkeyPatch, is_sorted: bool
) -> None:
    if not is_sorted:
        monkeypatch.setattr(worklist, "_MOST_SORTED", -1)
    with many.store._database.reading() as session:
        everything = session.query(Request).all()
    for wanted, order in wanted_lists(many):
        if is_sorted and not sought_by_index(wanted, NOW):
            continue
        expected = sorted((one for one in everything if belongs(one, wanted)), key=lambda one: key_of(one, order))
        found: list[Request] = []
        after, pages = "", 0
        while pages == 0 or after:
            page = many.store.worklist.list_page(wanted, order, after)
            assert len(page.requests) <= 50
            found += page.requests
            after, pages = page.after, pages + 1
        assert [one.id for one in found] == [one.id for one in expected], (wanted, order)
        assert pages == max(1, -(-len(expected) // 50)), (wanted, order)
        assert many.store.worklist.count(wanted) == len(expected), (wanted, order)


@pytest.mark.parametrize("after", ["x", "9" * 40, "1.0", "-.1", "999999999999999999.1", "1.9999999999", "٣.1", "."])
def test_a_place_that_is_none_is_the_beginning_or_the_end(many: World, after: str) -> None:
    for order in Order:
        many.store.worklist.list_page(RequestFilter(), order, after)


def test_a_list_knows_what_it_points_to(world: World) -> None:
    (request,) = world.store.worklist.list_page(RequestFilter(), Order.NUMBER).requests
    assert (request.requester.name, request.service.name, request.group.name) == ("Maria", "Falha", "SDNIVEL1")
    assert request.responsible is None


def test_a_long_list_is_counted_as_far_as_it_matters(world: World) -> None:
    with world.store._database.writing() as session:
        row = {column.name: getattr(world.request, column.name) for column in Request.__table__.columns}
        rows = [{**row, "id": None, "origin_key": None} for _ in range(MOST_COUNTED + 10)]
        for one in rows:
            del one["id"]
        session.execute(Request.__table__.insert(), rows)
    for wanted in (RequestFilter(), RequestFilter(ALL), RequestFilter(requester_id=world.maria.id)):
        assert world.store.worklist.count(wanted) == MOST_COUNTED + 1


def test_every_long_list_and_every_count_come_from_an_index(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worklist, "_MOST_SORTED", -1)

    def ask(asked: World) -> None:
        asked.store.worklist.count_work(asked.ana.id, (), TODAY)
        asked.store.worklist.count_work(asked.ana.id, (asked.service.group_id, 999), TODAY)
        for wanted, order in wanted_lists(world):
            asked.store.worklist.list_page(wanted, order)
            asked.store.worklist.list_page(wanted, order, "1793707200000000.5")
            asked.store.worklist.count(wanted)

    asked = statements_of(world, ask)
    assert len(asked) > 300
    for (statement, _), plan in zip(asked, plans_of(world.store, asked, shuns_sorting=True), strict=True):
        told = f"{statement}\n" + "\n".join(plan)
        if statement.partition("FROM request")[2].strip().startswith("ORDER BY request.id DESC"):
            continue  # all there is, in the order of the table itself, up to the limit
        assert [step for step in plan if _reads_all(step)] == [], told
        is_of_one_day = (
            "due_at >= " in statement
        )  # what is due on a day is few, and sorted where another order is asked for
        if "LEFT OUTER JOIN" not in statement and "UNION" not in statement and not is_of_one_day:
            assert [step for step in plan if "TEMP B-TREE" in step or "Sort" in step] == [], told


def test_no_short_list_is_found_by_reading_what_is_not_in_it(world: World) -> None:
    def ask(asked: World) -> None:
        for wanted, order in wanted_lists(world):
            if sought_by_index(wanted, NOW) and order is not Order.OPENED:
                asked.store.worklist.list_page(wanted, order)

    found = statements_of(world, ask)
    asked = [one for one in found if "LEFT OUTER JOIN" not in one[0]]  # which loads the rows of a page
    assert len(asked) > 300
    for (statement, _), plan in zip(asked, plans_of(world.store, asked, shuns_sorting=True), strict=True):
        steps = [step for step in plan if "request" in step.partition("USING")[0] and not re.search("Cond|Key", step)]
        assert steps or any("false" in step for step in plan), plan  # late and suspended: nothing is read
        assert [step for step in steps if not _is_of_few(step)] == [], f"{statement}\n" + "\n".join(plan)


def _is_of_few(step: str) -> bool:
    """Tell whether a step begins at its place in an index, or reads one that holds only what is wanted."""
    return "SEARCH" in step or "ix_request_unassigned" in step or "Scan using ix_" in step


def test_an_agents_work_and_a_groups_late_requests_have_indexes(world: World) -> None:
    for wanted, index in (
        (RequestFilter(responsible_id=world.ana.id), "ix_request_responsible_by_"),
        (RequestFilter(group_ids=(world.service.group_id,), is_late=True), "ix_request_load"),
        (RequestFilter(group_ids=(world.service.group_id, 999), due_by=TODAY), "ix_request_load"),
        (RequestFilter(group_ids=(world.service.group_id, 999), is_unassigned=True), "ix_request_unassigned"),
        (RequestFilter(is_unassigned=True), "ix_request_unassigned"),
    ):
        asked = statements_of(world, lambda asked, wanted=wanted: asked.store.worklist.count(wanted))  # type: ignore[misc]
        (plan,) = plans_of(world.store, asked, shuns_sorting=True)
        reads = [step for step in plan if "ix_" in step]
        assert reads, plan
        # What is being reclassified is rare, and not in the index of what is in progress.
        assert all(index in step or "ix_request_group_id_situation_" in step for step in reads), plan


def _reads_all(step: str) -> bool:
    if "Seq Scan" in step:
        return True
    is_bounded = any(word in step for word in ("INDEX", "CONSTANT ROW", "(subquery", "anon_", "SCAN (", "USING"))
    return step.startswith("SCAN") and not is_bounded


def test_work_is_counted_as_its_lists_are(many: World) -> None:
    own, agent = (many.service.group_id,), many.ana.id
    for groups in ((), own, (*own, own[0] + 1)):
        counts = many.store.worklist.count_work(agent, groups, TODAY)
        lists = (
            RequestFilter(responsible_id=agent),
            RequestFilter(group_ids=groups, due_by=TODAY),
            RequestFilter(group_ids=groups, is_late=True),
            RequestFilter(group_ids=groups, is_unassigned=True),
        )
        counted = (counts.mine, counts.due_today, counts.late, counts.unassigned)
        assert counted == tuple(many.store.worklist.count(wanted) for wanted in lists)
        assert min(counted) > 0
