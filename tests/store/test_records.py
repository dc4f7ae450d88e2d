"""People as records: contacts, corrections, merges; each leaves a line of the requester's history."""

import threading

import pytest
from sqlalchemy import func, select, update

from soap_service.errors import (
    AlreadyExists,
    ChangedMeanwhile,
    ContactNotFound,
    PersonNotMergeable,
    RequesterNotFound,
    StoreUnavailable,
)
from soap_service.model import Call, Contact, Request, Requester
from soap_service.rules.edits import ContactEdit, PersonEdit
from soap_service.store import Announcement, NewRequest, Store, contact_edit_of, edit_of
from tests.store.conftest import World

OTHER, THIRD, CNPJ = "52998224725", "12345678909", "11222333000181"


def announce(world: World, document: str) -> str:
    call = Announcement(world.integration.id, "novaSolicitacao", document, extension="4067", spoken=document)
    return world.store.calls.announce(call).token


def actions(store: Store, requester_id: int) -> list[str]:
    return [change.action for change in reversed(store.people.view(requester_id).changes)]


def test_a_requester_is_changed_and_found_by_what_is_new(world: World) -> None:
    people, maria = world.store.people, world.maria
    stamp = edit_of(maria).stamp
    people.change(maria.id, PersonEdit(OTHER, "Mônica Lima", "m@x.br", "62 3000-1234", "210", "RH"), stamp, "Ana")
    assert world.store.requesters.find(OTHER).name == "Mônica Lima"
    with pytest.raises(RequesterNotFound):
        world.store.requesters.find("11144477735")
    assert [one.id for one in world.store.search.find_requesters("3000-1234")] == [maria.id]
    assert world.store.search.find_requesters("Maria") == []
    [change] = people.view(maria.id).changes
    assert (change.actor, change.action) == ("Ana", "changed")
    assert change.details["document"] == ("11144477735", OTHER)
    assert change.details["name"] == ("Maria", "Mônica Lima")
    with pytest.raises(ChangedMeanwhile):
        people.change(maria.id, PersonEdit(OTHER, "Outra"), stamp, "Bia")
    other = world.store.requesters.add(THIRD, "Zuleica")
    with pytest.raises(AlreadyExists) as caught:
        people.change(other.id, PersonEdit(OTHER, "Zuleica"), edit_of(other).stamp, "Ana")
    assert caught.value.key == maria.id


def test_who_has_left_comes_back(world: World) -> None:
    people, maria = world.store.people, world.maria.id
    for has_left in (True, True, False):
        people.set_left(maria, has_left, "Ana")
        assert (people.view(maria).requester.left_at is not None) == has_left
    assert actions(world.store, maria) == ["left", "returned"]


def test_several_people_stand_behind_one_company(world: World) -> None:
    store, people = world.store, world.store.people
    company = store.requesters.add(CNPJ, "ACME", actor="Ana")
    for _ in range(2):  # a post that comes twice
        people.add_contact(company.id, ContactEdit("José Íris", "TI", "j@acme.br", "62 4000-9999"), "Ana", "form:1")
    people.add_contact(company.id, ContactEdit("Bruna"), "Ana", "form:2")
    bruna, jose = people.list_contacts(company.id)
    assert (bruna.name, jose.name, jose.role) == ("Bruna", "José Íris", "TI")
    for typed in ("iris", "4000-9999", "j@acme.br", "acme"):
        assert [one.id for one in store.search.find_requesters(typed)] == [company.id], typed
    before = contact_edit_of(jose)
    gone = ContactEdit("José Íris", "TI", "j@acme.br", "62 4000-9999", has_left=True)
    people.change_contact(company.id, jose.id, gone, before.stamp, "Bia")
    assert [one.name for one in people.list_contacts(company.id)] == ["Bruna"]
    assert [one.name for one in people.view(company.id).contacts] == ["Bruna", "José Íris"]
    assert store.search.find_requesters("iris") == []
    with pytest.raises(ChangedMeanwhile):
        people.change_contact(company.id, jose.id, before, before.stamp, "Bia")
    with pytest.raises(ContactNotFound):
        people.find_contact(world.maria.id, jose.id)
    assert actions(store, company.id) == ["added", "contact-added", "contact-added", "contact-changed"]


def test_a_call_and_a_request_name_their_contact(world: World) -> None:
    store, people = world.store, world.store.people
    company = store.requesters.add(CNPJ, "ACME")
    people.add_contact(company.id, ContactEdit("Bruna"), "Ana", "form:1")
    [bruna] = people.list_contacts(company.id)
    token = announce(world, CNPJ)
    people.name_contact_of_call(token, bruna.id)
    assert store.calls.find(token).contact.name == "Bruna"
    new = NewRequest(company.id, world.service.id, "x", "incidente", contact_id=bruna.id)
    request = store.requests.open(new, world.ana.id, "form:company")
    assert store.execution.view(request.id, world.ana.id).request.contact.name == "Bruna"
    people.name_contact_of_request(request.id, None)
    assert store.requests.find(request.id).contact is None
    for name_another in (
        lambda: people.name_contact_of_request(world.request.id, bruna.id),
        lambda: people.name_contact_of_call(announce(world, "11144477735"), bruna.id),
    ):
        with pytest.raises(ContactNotFound):
            name_another()


def test_a_merge_takes_everything_along_and_loses_nothing(world: World) -> None:
    store, people = world.store, world.store.people
    double = store.requesters.add(OTHER, "Maria S. Lima", "maria@x.br", "62 5000-1111", actor="Bia")
    with store._database.writing() as session:
        session.execute(update(Requester).where(Requester.id == double.id).values(external_id="77"))
    people.add_contact(double.id, ContactEdit("Filha"), "Bia", "form:1")
    request = store.requests.open(NewRequest(double.id, world.service.id, "y", "incidente"), world.ana.id, "form:y")
    token = announce(world, OTHER)
    for _ in range(2):  # again, and nothing is left to do
        people.merge(world.maria.id, double.id, "Rui")
    view = people.view(double.id)
    assert view.requester.id == world.maria.id
    assert (view.requester.email, view.requester.phone, view.requester.external_id) == (
        "maria@x.br",
        "62 5000-1111",
        "77",
    )
    assert (view.request_count, view.call_count, len(view.contacts)) == (2, 1, 1)
    assert store.requests.find(request.id).requester_id == store.calls.find(token).requester_id == world.maria.id
    merged = next(change for change in view.changes if change.action == "merged")
    assert merged.actor == "Rui"
    assert {name: before for name, (before, _) in merged.details.items() if before} == {
        "document": OTHER,
        "name": "Maria S. Lima",
        "email": "maria@x.br",
        "phone": "62 5000-1111",
        "external_id": "77",
    }
    assert {name: after for name, (_, after) in merged.details.items() if after} == {
        "requests": "1",
        "calls": "1",
        "contacts": "1",
    }
    assert actions(store, world.maria.id) == ["added", "contact-added", "merged", "changed"]
    for document in ("11144477735", OTHER):  # both lead to the one that is left
        assert store.telephony.count_open_requests(document) == (2, None)
        assert store.requesters.find(document).id == world.maria.id
        assert store.calls.find(announce(world, document)).requester_id == world.maria.id
    for typed in ("lima", "5000-1111", "filha"):
        assert [one.id for one in store.search.find_requesters(typed)] == [world.maria.id], typed
    assert store.schema.problems() == []
    again = Announcement(world.integration.id, "visualizarSolicitacao", OTHER, world.request.id, "4067")
    assert store.calls.announce(again).is_identified


def test_a_chain_of_merges_leads_to_the_last(world: World) -> None:
    store = world.store
    second, third = store.requesters.add(OTHER, "B"), store.requesters.add(THIRD, "C")
    store.people.merge(second.id, world.maria.id, "Rui")
    store.people.merge(third.id, second.id, "Rui")
    assert store.telephony.count_open_requests("11144477735") == (1, world.request.id)
    assert store.people.view(world.maria.id).requester.id == third.id
    for kept, merged in ((third.id, third.id), (second.id, third.id), (third.id, world.maria.id + 999)):
        with pytest.raises((PersonNotMergeable, RequesterNotFound)):
            store.people.merge(kept, merged, "Rui")


def test_requests_opened_during_a_merge_are_not_left_behind(world: World) -> None:
    store = world.store
    double = store.requesters.add(OTHER, "Maria 2")
    done = threading.Event()
    opened = []

    def work() -> None:
        number = 0
        while not done.is_set():
            number += 1
            new = NewRequest(double.id, world.service.id, "z", "incidente")
            try:
                opened.append(store.requests.open(new, world.ana.id, f"form:z{number}").id)
            except StoreUnavailable:
                continue

    worker = threading.Thread(target=work)
    worker.start()
    try:
        while len(opened) < 3:
            pass
        store.people.merge(world.maria.id, double.id, "Rui")
    finally:
        done.set()
        worker.join()
    with store._database.reading() as session:
        query = select(func.count()).select_from(Request).where(Request.requester_id == double.id)
        assert session.scalar(query) == 0
    assert store.telephony.count_open_requests(OTHER)[0] == len(opened) + 1


def test_merged_and_left_rows_survive_a_backup(world: World, tmp_path: object) -> None:
    store = world.store
    younger = store.requesters.add(OTHER, "B")
    store.people.merge(younger.id, world.maria.id, "Rui")  # the merged one is the older row
    file = tmp_path / "b.backup"  # type: ignore[operator]
    store.backups.back_up(file)
    store.backups.restore(file, is_replacing=True)
    assert store.requesters.find("11144477735").id == younger.id


def test_a_merge_of_many_rows_keeps_the_counts(world: World) -> None:
    store = world.store
    double = store.requesters.add(OTHER, "Maria 2")
    for number in range(1100):
        with store._database.writing() as session:
            request = session.get_one(Request, world.request.id)
            values = {c.name: getattr(request, c.name) for c in Request.__table__.columns if c.name != "id"}
            session.execute(
                Request.__table__.insert(),  # type: ignore[attr-defined]
                [{**values, "requester_id": double.id, "origin_key": None} for _ in range(550)],
            )
        if number:
            break
    store.people.merge(world.maria.id, double.id, "Rui")
    assert store.telephony.count_open_requests("11144477735") == (1101, None)
    with store._database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Call)) == 0
        assert session.scalar(select(func.count()).select_from(Contact)) == 0
