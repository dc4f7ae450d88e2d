"""Lists of requests: what they hold, in which order, page by page, and from which index."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from soap_service.model import Request
from soap_service.rules.situations import UNFINISHED_SITUATIONS, Situation
from soap_service.store import MOST_COUNTED, Order, RequestFilter
from tests.store.conftest import World
from tests.store.plans import plans_of, statements_of

ALL = tuple(Situation)
NOW = datetime.now(UTC).replace(microsecond=0)
SITUATIONS = {"open": UNFINISHED_SITUATIONS, "all": ALL, "one": (Situation.CLOSED,), "open one": (Situation.SUSPENDED,)}


@pytest.fixture
def many(world: World) -> World:
    """120 requests more, of every situation, two groups and two requesters; some Ana's, some late, some never due."""
    other = world.store.add_group("SDNIVEL2", may_execute=True)
    joao = world.store.add_requester("52998224725", "João")
    with world.store.writing() as session:
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
    groups = (None, world.service.group_id)
    people = (None, world.maria.id)
    for situations, group, mine, requester, late in product(SITUATIONS, groups, (None, world.ana.id), people, (0, 1)):
        wanted = RequestFilter(SITUATIONS[situations], group, mine, requester, bool(late))
        yield from ((wanted, order) for order in Order if wanted.order(order) is order)


def belongs(request: Request, wanted: RequestFilter) -> bool:
    return (
        request.situation in wanted.situations
        and wanted.group_id in (None, request.group_id)
        and wanted.responsible_id in (None, request.responsible_id)
        and wanted.requester_id in (None, request.requester_id)
        and (not wanted.is_late or (request.is_late(NOW) and request.situation in UNFINISHED_SITUATIONS))
    )


def key_of(request: Request, order: Order) -> tuple[object, ...]:
    due = request.deadline
    return {
        Order.NUMBER: (-request.id,),
        Order.OPENED: (request.opened_at, request.id),
        Order.DUE: (due is None, due, request.id) if due else (True, request.id),
        Order.PRIORITY: (request.priority, request.id),
    }[order]


def test_every_list_holds_what_it_should_in_its_order_on_pages_that_follow_each_other(many: World) -> None:
    with many.store.reading() as session:
        everything = session.query(Request).all()
    for wanted, order in wanted_lists(many):
        expected = sorted((one for one in everything if belongs(one, wanted)), key=lambda one: key_of(one, order))
        found: list[Request] = []
        after, pages = "", 0
        while pages == 0 or after:
            page = many.store.list_requests(wanted, order, after)
            assert len(page.requests) <= 50
            found += page.requests
            after, pages = page.after, pages + 1
        assert [one.id for one in found] == [one.id for one in expected], (wanted, order)
        assert pages == max(1, -(-len(expected) // 50)), (wanted, order)
        assert many.store.count_requests(wanted) == len(expected), (wanted, order)


@pytest.mark.parametrize("after", ["x", "9" * 40, "1.0", "-.1", "999999999999999999.1", "1.9999999999", "٣.1", "."])
def test_a_place_that_is_none_is_the_beginning_or_the_end(many: World, after: str) -> None:
    for order in Order:
        many.store.list_requests(RequestFilter(), order, after)


def test_a_list_knows_what_it_points_to(world: World) -> None:
    (request,) = world.store.list_requests(RequestFilter(), Order.NUMBER).requests
    assert (request.requester.name, request.service.name, request.group.name) == ("Maria", "Falha", "SDNIVEL1")
    assert request.responsible is None


def test_a_long_list_is_counted_as_far_as_it_matters(world: World) -> None:
    with world.store.writing() as session:
        row = {column.name: getattr(world.request, column.name) for column in Request.__table__.columns}
        rows = [{**row, "id": None, "origin_key": None} for _ in range(MOST_COUNTED + 10)]
        for one in rows:
            del one["id"]
        session.execute(Request.__table__.insert(), rows)
    for wanted in (RequestFilter(), RequestFilter(ALL), RequestFilter(requester_id=world.maria.id)):
        assert world.store.count_requests(wanted) == MOST_COUNTED + 1


def test_every_list_comes_from_an_index_in_its_order_and_every_count_too(world: World) -> None:
    def ask(asked: World) -> None:
        for wanted, order in wanted_lists(world):
            asked.store.list_requests(wanted, order)
            asked.store.list_requests(wanted, order, "1793707200000000.5")
            asked.store.count_requests(wanted)

    asked = statements_of(world, ask)
    assert len(asked) > 300
    for (statement, _), plan in zip(asked, plans_of(world.store, asked, shuns_sorting=True), strict=True):
        told = f"{statement}\n" + "\n".join(plan)
        if statement.partition("FROM request")[2].strip().startswith("ORDER BY request.id DESC"):
            continue  # all there is, in the order of the table itself, up to the limit
        assert [step for step in plan if _reads_all(step)] == [], told
        if "LEFT OUTER JOIN" not in statement and "UNION" not in statement:
            assert [step for step in plan if "TEMP B-TREE" in step or "Sort" in step] == [], told


def _reads_all(step: str) -> bool:
    if "Seq Scan" in step:
        return True
    is_bounded = any(word in step for word in ("INDEX", "CONSTANT ROW", "(subquery", "anon_", "SCAN (", "USING"))
    return step.startswith("SCAN") and not is_bounded
