"""What a restricted agent sees: the same by every list, order and filter, each by an index; nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import pytest
from sqlalchemy import select, update

from soap_service.errors import ExecutionRefused, RequestHidden
from soap_service.model import Agent, Call, CallRequest, Group, Request
from soap_service.rules.roles import Role
from soap_service.rules.scopes import Scope
from soap_service.rules.situations import UNFINISHED_SITUATIONS, Action, Situation
from soap_service.storage.staff import agent_edit_of, group_edit_of
from soap_service.store import Announcement, Changes, NewRequest, Order, RequestFilter, Store
from tests.store.conftest import World
from tests.store.plans import plans_of, statements_of

#: Lists as the screens ask for them.
LISTS = [
    RequestFilter(),
    RequestFilter(is_late=True),
    RequestFilter(is_unassigned=True),
    RequestFilter(situations=tuple(Situation)),
    RequestFilter(situations=(Situation.RESOLVED,)),
    RequestFilter(situations=(Situation.RESOLVED,), group_ids=(1, 2)),
    RequestFilter(situations=tuple(Situation), group_ids=(3,)),
    RequestFilter(group_ids=(3,), is_late=True),
    RequestFilter(situations=tuple(Situation), responsible_id=1),
    RequestFilter(situations=tuple(Situation), responsible_id=2),
    RequestFilter(situations=tuple(Situation), requester_id=1),
    RequestFilter(situations=UNFINISHED_SITUATIONS, responsible_id=2),
]


@dataclass
class Desk:
    """Three groups; the agent of the first is restricted to it. In each group requests of every kind."""

    store: Store
    eva: Agent
    requests: Sequence[Request]
    own: int

    @property
    def scope(self) -> Scope:
        scope = self.store.scopes.find(self.eva.id)
        assert scope is not None
        return scope

    def seen(self, requests: Sequence[Request]) -> list[int]:
        return [one.id for one in requests if self.scope.sees(one.id, one.group_id, one.responsible_id)]


def restrict(store: Store, name: str, sees_all: bool = False) -> None:
    group = next(one for one in store.staff.list_groups() if one.name == name)
    edit = group_edit_of(group)
    store.staff.change_group(group.id, replace(edit, sees_all=sees_all), edit.stamp)


@pytest.fixture
def desk(world: World) -> Desk:
    store = world.store
    store.staff.add_group("REDES", may_execute=True)
    store.staff.add_group("RH", may_execute=True)
    eva = store.staff.add_agent("eva", "Eva", "hash", ["SDNIVEL1"])
    services = [
        store.catalogue.add_service(f"de {name}", "incidente", name, 480) for name in ("SDNIVEL1", "REDES", "RH")
    ]
    numbers = []
    for number, (service, responsible, situation) in enumerate(
        product(
            services, (None, world.ana.id, eva.id), (Situation.IN_PROGRESS, Situation.SUSPENDED, Situation.RESOLVED)
        )
    ):
        new = NewRequest(world.maria.id, service.id, f"Pedido {number}", "incidente")
        numbers.append(store.requests.open(new, world.ana.id, f"form:scope-{number}").id)
        with store._database.writing() as session:
            values = {"responsible_id": responsible, "situation": situation}
            session.execute(update(Request).where(Request.id == numbers[-1]).values(**values))
    # One of RH that Eva has opened in a call of hers.
    call = store.calls.announce(Announcement(world.integration.id, "novaSolicitacao", "11144477735", None, "4067"))
    found = store.calls.find(call.token)
    new = NewRequest(world.maria.id, services[2].id, "Aberta por Eva", "incidente")
    own = store.requests.open(new, eva.id, "form:own", found.id).id
    store.calls.answer(call.token, eva.id, launches_child=False)
    restrict(store, "SDNIVEL1")
    with store._database.reading() as session:
        requests = session.scalars(select(Request).order_by(Request.id)).all()
    return Desk(store, eva, requests, own)


def numbers_of(store: Store, wanted: RequestFilter, order: Order) -> list[int]:
    found: list[int] = []
    after = ""
    while True:
        page = store.worklist.list_page(wanted, order, after)
        found += [one.id for one in page.requests]
        if not (after := page.after):
            return found


def test_every_list_has_what_is_seen_of_the_list_of_all(desk: Desk) -> None:
    known = {one.id: one for one in desk.requests}
    for wanted, order in product(LISTS, Order):
        everything = numbers_of(desk.store, wanted, order)
        seen = numbers_of(desk.store, replace(wanted, scope=desk.scope), order)
        assert seen == desk.seen([known[number] for number in everything]), (wanted, order)
        assert desk.store.worklist.count(replace(wanted, scope=desk.scope)) == len(seen), (wanted, order)


def test_something_of_each_kind_is_seen_and_something_is_not(desk: Desk) -> None:
    seen = desk.seen(desk.requests)
    assert desk.own in seen
    assert 0 < len(seen) < len(desk.requests)
    groups = {one.group_id for one in desk.requests if one.id in seen}
    assert len(groups) == 3


def test_a_restricted_list_is_read_by_indexes(desk: Desk, world: World) -> None:
    scope = desk.scope

    def ask(asked: World) -> None:
        for wanted in LISTS:
            restricted = replace(wanted, scope=scope)
            asked.store.worklist.count(restricted)
            for order in Order:
                asked.store.worklist.list_page(restricted, restricted.order(order))

    for plan in plans_of(desk.store, statements_of(world, ask)):
        assert not [step for step in plan if step == "SCAN request" or "Seq Scan on request" in step], plan


def test_a_search_finds_and_counts_what_is_seen(desk: Desk) -> None:
    found = desk.store.search.find_requests("pedido", scope=desk.scope)
    everything = desk.store.search.find_requests("pedido")
    assert sorted(one.id for one in found.requests) == sorted(desk.seen(everything.requests))
    assert found.count == len(found.requests) < everything.count


def test_a_hidden_request_tells_its_service_and_group_alone(desk: Desk) -> None:
    hidden = next(one for one in desk.requests if one.id not in desk.seen(desk.requests))
    with pytest.raises(RequestHidden) as caught:
        desk.store.execution.view(hidden.id, desk.eva.id, desk.scope)
    assert caught.value.service.startswith("de ")
    assert caught.value.group in ("REDES", "RH")
    assert desk.store.execution.view(desk.own, desk.eva.id, desk.scope).request.id == desk.own


def test_a_restricted_supervisor_gives_away_only_what_they_see(desk: Desk) -> None:
    edit = agent_edit_of(desk.store.staff.find_agent("eva"))
    desk.store.staff.change_agent(desk.eva.id, replace(edit, role=Role.SUPERVISOR), edit.stamp)
    hidden = next(one for one in desk.requests if one.id not in desk.seen(desk.requests))
    with pytest.raises(ExecutionRefused):
        desk.store.execution.execute(hidden.id, desk.eva.id, Action.NOTE, "", Changes(responsible_id=desk.eva.id))
    desk.store.execution.execute(desk.own, desk.eva.id, Action.NOTE, "", Changes(responsible_id=desk.eva.id))


def test_a_caller_at_a_glance_has_what_is_hidden_apart(desk: Desk, world: World) -> None:
    glance = desk.store.callers.glance(world.maria.id, desk.eva.id, desk.scope)
    everything = desk.store.callers.glance(world.maria.id, desk.eva.id)
    shown = [*glance.unfinished, *glance.finished]
    assert {one.id for one in (*shown, *glance.hidden)} == {
        one.id for one in (*everything.unfinished, *everything.finished)
    }
    assert all(desk.scope.sees(one.id, one.group_id, one.responsible_id) for one in shown)
    assert glance.hidden


def test_everybody_sees_all_until_every_group_of_theirs_is_restricted(world: World) -> None:
    store = world.store
    store.staff.add_group("REDES", may_execute=True)
    assert store.scopes.find(world.ana.id) is None
    restrict(store, "SDNIVEL1")
    assert store.scopes.find(world.ana.id) is not None
    assert store.scopes.find(world.bia.id) is None  # in no group
    both = store.staff.add_agent("eva", "Eva", "hash", ["SDNIVEL1", "REDES"])
    assert store.scopes.find(both.id) is None
    restrict(store, "REDES")
    assert store.scopes.find(both.id) is not None
    rui = store.staff.add_agent("rui", "Rui", "hash", ["SDNIVEL1"], role=Role.ADMINISTRATOR)
    assert store.scopes.find(rui.id) is None
    restrict(store, "SDNIVEL1", sees_all=True)
    assert store.scopes.find(world.ana.id) is None


def test_of_many_calls_the_newest_count(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soap_service.storage.scopes.NUMBERS_SEEN", 1)
    with desk.store._database.writing() as session:
        older = session.scalars(select(Call).order_by(Call.id)).first()
        assert older is not None
        session.add(CallRequest(request_id=desk.requests[0].id, call_id=older.id))
        assert session.scalar(select(Group.id).limit(1))
    assert len(desk.scope.numbers) == 1
