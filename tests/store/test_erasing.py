"""A person exported, erased, and looked for everywhere; an older backup restored without them."""

import io
import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from soap_service import cli
from soap_service.errors import ChangedMeanwhile, ContactNotFound, InputRefused, RequesterNotFound
from soap_service.model import Base, Requester
from soap_service.rules.edits import ContactEdit, PersonEdit
from soap_service.rules.situations import Action
from soap_service.store import Announcement, NewRequest, Store, contact_edit_of, edit_of
from tests.postgres import execute
from tests.store.conftest import World

CPF, MERGED, FORMER, UNKNOWN = "52998224725", "12345678909", "98765432100", "39053344705"
#: Everything by which the person would be recognised, as it stands in the rows.
TRACES = ["52998224725", "529.982.247-25", "12345678909", "98765432100", "Quitéria", "quiteria", "Zaqueu", "zaqueu"]
TRACES += ["quiteria@", "98888-7777", "988887777", "88887777", "R-55512"]


def fill(world: World) -> int:
    """Give a person everything that can be kept of one; return the id."""
    store = world.store
    person = store.requesters.add(FORMER, "Quitéria Zaqueu", "quiteria@x.br", "62 98888-7777", "5512", "RH", "Ana")
    with store._database.writing() as session:
        session.execute(update(Requester).where(Requester.id == person.id).values(external_id="R-55512"))
    edit = PersonEdit(CPF, "Quitéria Zaqueu", "quiteria@x.br", "62 98888-7777", "5512", "RH")
    store.people.change(person.id, edit, edit_of(person).stamp, "Ana")
    other = store.requesters.add(MERGED, "Quitéria Z. Zaqueu", actor="Bia")
    store.people.merge(person.id, other.id, "Rui")
    store.people.add_contact(
        person.id, ContactEdit("Zaqueu Filho", "filho", "z@x.br", "62 98888-7777"), "Ana", "form:c"
    )
    [contact] = store.people.list_contacts(person.id)
    texts = "Quitéria Zaqueu (CPF 529.982.247-25) ligou de 62 98888 7777.\nPede QUITERIA@X.BR."
    new = NewRequest(
        person.id, world.service.id, texts, "incidente", "", "B", "B", "988887777", "quiteria@y.br", contact.id
    )
    request = store.requests.open(new, world.ana.id, "form:q")
    store.execution.execute(request.id, world.ana.id, Action.NOTE, "falei com a quiteria zaqueu, 52998224725")
    store.execution.execute(world.request.id, world.ana.id, Action.NOTE, "igual ao CPF 529982247-25; a quiteria sabe")
    for document in (CPF, MERGED, UNKNOWN):
        call = Announcement(world.integration.id, "novaSolicitacao", document, extension="4067")
        token = store.calls.announce(call).token
        if document == CPF:
            store.people.name_contact_of_call(token, contact.id)
    return person.id


def rows(store: Store) -> str:
    """Return everything that stands in any table, those of the full-text index too."""
    with store._database.reading() as session:
        names = [table.name for table in Base.metadata.sorted_tables]
        found = [str(session.execute(text(f"SELECT * FROM {name}")).all()) for name in names]
        if store._database.backend.file is None:
            found.append(str(session.execute(text("SELECT fulltext_lexemes FROM request_words")).all()))
            statistics = "SELECT most_common_vals, histogram_bounds, most_common_elems FROM pg_stats"
            found.append(str(session.execute(text(f"{statistics} WHERE schemaname = 'public'")).all()))
    return "\n".join(found)


def take_statistics(store: Store) -> None:
    """Have a server take samples of all rows, as its autovacuum does sooner or later."""
    if store._database.backend.file is None:
        execute(store._database.url.render_as_string(hide_password=False), "ANALYZE")


def bytes_of(world: World, folder: Path) -> str:
    """Return all bytes of the files of an embedded database, and of a backup made now."""
    newer = folder / "newer.backup"
    world.store.backups.back_up(newer)
    with closing(Store(f"sqlite:///{newer}")) as kept:
        copied = rows(kept)
    files = (newer, *folder.glob("store.db*"))
    return copied + "".join(file.read_bytes().decode("utf-8", "replace") for file in files)


def traces_in(told: str, but: tuple[str, ...] = ()) -> list[str]:
    return [trace for trace in TRACES if trace in told and trace not in but]


def test_a_person_is_exported_with_all_that_is_kept(world: World) -> None:
    person = fill(world)
    found = world.store.person_exports.export(person, world.store.calendars.current.zone)
    told = json.dumps(found, ensure_ascii=False)
    assert [one["document"] for one in found["people"]] == [CPF, MERGED]
    assert len(found["requests"]) == 1
    [told_request] = found["requests"]
    zone = world.store.calendars.current.zone
    opened = world.store.requests.find(told_request["number"]).opened_at
    assert told_request["opened_at"] == opened.astimezone(zone).replace(microsecond=0).isoformat(" ")
    assert (told_request["situation"], told_request["closed_at"]) == ("Em andamento", "")
    assert [line["action"] for line in told_request["history"]] == ["abertura", "anotação"]
    assert len(found["calls"]) == 2
    assert found["mentioned_in_requests"] == [world.request.id]
    assert UNKNOWN not in told
    assert {change["action"] for change in found["changes"]} == {"added", "changed", "merged", "contact-added"}
    unknown = world.store.person_exports.export_document(UNKNOWN, world.store.calendars.current.zone)
    assert (unknown["people"], len(unknown["calls"])) == ([], 1)
    with pytest.raises(RequesterNotFound):
        world.store.person_exports.export_document("86288366757", world.store.calendars.current.zone)


def test_an_erased_person_is_nowhere_and_what_was_done_stays(world: World, tmp_path: Path) -> None:
    store = world.store
    person = fill(world)
    store.requesters.add("11222333000181", "Sol", "sol@sol.br")  # a table without a row keeps its last sample
    take_statistics(store)
    assert traces_in(rows(store))
    older = tmp_path / "older.backup"
    store.backups.back_up(older)
    before = {request.id: request for request in (store.requests.find(n) for n in (1, 2))}
    erased = store.erasures.erase(person, "Rui")
    assert (erased.requests, erased.calls, erased.contacts, erased.texts, erased.other_texts) == (1, 2, 1, 1, 1)
    left = ("quiteria",)  # a first name in a text of somebody else stays
    assert traces_in(rows(store), left) == []
    assert UNKNOWN in rows(store)
    assert not store.erasures.erase(person, "Rui").has_changed
    for number, request in before.items():
        now = store.requests.find(number)
        assert (now.due_at, now.opened_at, now.situation, now.service_id) == (
            request.due_at,
            request.opened_at,
            request.situation,
            request.service_id,
        )
    view = store.people.view(person)
    assert (view.requester.open_requests, view.request_count, view.call_count) == (1, 1, 2)
    assert view.changes[0].action == "erased"
    for document in (CPF, MERGED):
        with pytest.raises(RequesterNotFound):
            store.requesters.find(document)
    for typed in ("zaqueu", "98888-7777", "quiteria@x.br", "quiteria"):
        assert store.search.find_requesters(typed) == [], typed
    assert [one.id for one in store.search.find_requests("zaqueu").requests] == []
    assert traces_in(bytes_of(world, tmp_path), left) == []


def test_an_erased_person_gets_no_contact_afterwards(world: World) -> None:
    person = fill(world)
    world.store.erasures.erase_document(CPF, "Rui")
    with pytest.raises(ChangedMeanwhile):
        world.store.people.add_contact(person, ContactEdit("Zaqueu Filho"), "Ana", "form:late")
    assert "Zaqueu" not in rows(world.store)


def fill_company(world: World) -> tuple[int, int]:
    """Give a company two contacts, of whom one has everything; return the ids of the company and of that one."""
    store = world.store
    company = store.requesters.add("11222333000181", "Indústria Sol", "sol@sol.br", "62 3000-1000")
    zelia = ContactEdit("Zélia Prado", "compras", "zelia@sol.br", "62 98765-4321", "77")
    store.people.add_contact(company.id, zelia, "Ana", "form:z")
    store.people.add_contact(company.id, ContactEdit("Otto Reis", "", "otto@sol.br", "62 3000-1000"), "Ana", "form:o")
    contact = next(one for one in store.people.list_contacts(company.id) if one.name == "Zélia Prado")
    renamed = ContactEdit("Zélia Prado Lins", "compras", "zelia@sol.br", "62 3000-1000", "77")
    store.people.change_contact(company.id, contact.id, renamed, contact_edit_of(contact).stamp, "Ana")
    text_ = "Zélia Prado pede; ligar 62 98765 4321 ou ZELIA@sol.br. Otto Reis sabe. Sede: 62 3000-1000."
    new = NewRequest(company.id, world.service.id, text_, "incidente", "", "B", "B", "987654321", "", contact.id)
    request = store.requests.open(new, world.ana.id, "form:q")
    store.execution.execute(request.id, world.ana.id, Action.NOTE, "a zelia prado lins confirmou")
    store.execution.execute(world.request.id, world.ana.id, Action.NOTE, "copiar zelia@sol.br, diz a zelia prado")
    call = Announcement(world.integration.id, "novaSolicitacao", "11222333000181", extension="4067")
    store.people.name_contact_of_call(store.calls.announce(call).token, contact.id)
    return company.id, contact.id


def test_one_contact_is_erased_alone_and_older_backups_come_without(world: World, tmp_path: Path) -> None:
    store = world.store
    company, contact = fill_company(world)
    traces = ["Zélia", "zelia@sol.br", "ZELIA@", "98765", "987654321", "prado lins"]
    take_statistics(store)
    assert [trace for trace in traces if trace in rows(store)] == traces
    older = tmp_path / "older.backup"
    store.backups.back_up(older)
    exported = store.person_exports.export(company, store.calendars.current.zone)
    assert {one["name"]: one["number"] for one in exported["contacts"]}["Zélia Prado Lins"] == contact
    with pytest.raises(ContactNotFound):
        store.erasures.erase_contact(world.maria.id, contact, "Rui")
    erased = store.erasures.erase_contact(company, contact, "Rui")
    assert (erased.requests, erased.calls, erased.contacts, erased.other_texts) == (1, 1, 1, 1)
    told = rows(store)
    assert [trace for trace in traces if trace in told] == []
    for kept in ("Indústria Sol", "Otto Reis", "otto@sol.br", "62 3000-1000", "diz a zelia prado"):
        assert kept in told, kept
    assert [one.name for one in store.people.list_contacts(company)] == ["Otto Reis"]
    assert store.people.view(company).changes[0].action == "contact-erased"
    assert [one.name for one in store.search.find_requesters("zelia")] == []
    assert [one.id for one in store.search.find_requesters("otto")] == [company]
    assert not store.erasures.erase_contact(company, contact, "Rui").has_changed
    told = bytes_of(world, tmp_path)
    assert [trace for trace in (*traces, "prado lins", "98765-4321") if trace in told] == []
    restored = store.backups.restore(older, is_replacing=True)
    assert (restored.erased, restored.without_key) == (1, 0)
    assert [trace for trace in traces if trace in rows(store)] == []
    assert [one.name for one in store.people.list_contacts(company)] == ["Otto Reis"]


def test_the_command_erases_one_contact(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    company, contact = fill_company(world)
    assert run(world, capsys, "person", "erase", "11222333000181", "--contact", "999", "--yes")[0] == 1
    status, told, _ = run(world, capsys, "person", "erase", "11222333000181", "--contact", str(contact), "--yes")
    assert (status, told.splitlines()[0].partition(":")[0]) == (0, "contact erased")
    assert [one.name for one in world.store.people.list_contacts(company)] == ["Otto Reis"]


def test_an_older_backup_comes_back_without_who_was_erased(world: World, tmp_path: Path) -> None:
    store = world.store
    fill(world)
    older = tmp_path / "older.backup"
    store.backups.back_up(older)
    store.erasures.erase_document(CPF, "Rui")
    store.erasures.erase_document(UNKNOWN, "Rui")
    restored = store.backups.restore(older, is_replacing=True)
    assert (restored.has_list, restored.without_key) == (True, 0)
    assert restored.erased == 1
    assert traces_in(rows(store), ("quiteria",)) == []
    assert UNKNOWN not in rows(store)
    assert store.requesters.find("11144477735").name == "Maria"


def test_a_list_or_a_newer_backup_tells_a_new_machine_who_was_erased(world: World, tmp_path: Path) -> None:
    store = world.store
    fill(world)
    older, newer = tmp_path / "older.backup", tmp_path / "newer.backup"
    store.backups.back_up(older)
    store.erasures.erase_document(CPF, "Rui")
    store.backups.back_up(newer)
    written = (tmp_path / "newer.backup-erasures").read_text()
    assert len(written.splitlines()) == 3  # the documents there were: their own, the merged one's, the former
    assert traces_in(written) == []
    for number, given in enumerate((newer, tmp_path / "newer.backup-erasures", None)):
        other = Store(f"sqlite:///{tmp_path / f'machine{number}.db'}")
        restored = other.backups.restore(older, erasures=given)
        is_there = "52998224725" in rows(other)
        assert (is_there, restored.has_list) == (given is None, True)
        assert (tmp_path / f"machine{number}.db-erasures").exists()
        other.close()
    (tmp_path / "older.backup-erasures").unlink()
    other = Store(f"sqlite:///{tmp_path / 'last.db'}")
    assert not other.backups.restore(older).has_list
    with pytest.raises(InputRefused):
        other.backups.restore(older, is_replacing=True, erasures=Path(__file__))
    other.close()


def test_the_list_beside_a_lost_database_is_enough(tmp_path: Path) -> None:
    file, older = tmp_path / "desk.db", tmp_path / "older.backup"
    store = Store(f"sqlite:///{file}")
    store.schema.upgrade()
    store.requesters.add(CPF, "Quitéria")
    store.backups.back_up(older)
    store.erasures.erase_document(CPF, "Rui")
    store.close()
    for one in tmp_path.glob("desk.db*"):
        if not one.name.endswith("-erasures"):
            one.unlink()
    store = Store(f"sqlite:///{file}")
    assert store.backups.restore(older).erased == 1
    with pytest.raises(RequesterNotFound):
        store.requesters.find(CPF)
    store.close()


def test_a_list_of_another_key_is_told(world: World, tmp_path: Path) -> None:
    world.store.backups.back_up(tmp_path / "b.backup")
    foreign = tmp_path / "foreign"
    foreign.write_text(f"{'ab' * 8} {'0' * 64} 2026-11-20T10:00:00+00:00\n")
    assert world.store.backups.restore(tmp_path / "b.backup", True, foreign).without_key == 1


def test_who_comes_back_after_an_erasure_is_not_erased_by_a_later_restore(world: World, tmp_path: Path) -> None:
    store = world.store
    fill(world)
    store.erasures.erase_document(CPF, "Rui")
    store.requesters.add(CPF, "De novo")
    store.backups.back_up(tmp_path / "b.backup")
    assert store.backups.restore(tmp_path / "b.backup", is_replacing=True).erased == 0
    assert store.requesters.find(CPF).name == "De novo"


def test_a_restore_leaves_log_ins_out_and_says_what_is_back(world: World, tmp_path: Path) -> None:
    store = world.store
    cookie = store.logins.open(world.ana.id, timedelta(hours=1))
    store.backups.back_up(tmp_path / "b.backup")
    store.integrations.revoke("pbx", "Rui")
    store.staff.set_password("ana", "another")
    restored = store.backups.restore(tmp_path / "b.backup", is_replacing=True)
    assert (restored.reopened, restored.passwords) == (["pbx"], ["ana"])
    with pytest.raises(Exception):  # noqa: B017 - any: the log-in is not there
        store.logins.find(cookie)
    again = store.backups.restore(tmp_path / "b.backup", is_replacing=True)
    assert (again.reopened, again.passwords) == ([], [])


def run(world: World, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    url = world.store._database.url.render_as_string(hide_password=False)
    capsys.readouterr()
    status = cli.main([*arguments, "--database-url", url])
    return status, *capsys.readouterr()


def test_the_commands_take_the_document_from_standard_input(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fill(world)
    monkeypatch.setattr("sys.stdin", io.StringIO("529.982.247-25\n"))
    output = tmp_path / "person.json"
    assert run(world, capsys, "person", "export", "-", "--output", str(output))[0] == 0
    assert json.loads(output.read_text())["people"][0]["name"] == "Quitéria Zaqueu"
    assert output.stat().st_mode & 0o077 == 0
    status, told, _ = run(world, capsys, "person", "export", CPF, "--format", "text")
    assert status == 0
    assert "CPF/CNPJ: 529.982.247-25" in told
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{CPF}\n"))
    assert run(world, capsys, "person", "erase", "-")[0] == 1  # nobody can be asked
    monkeypatch.setattr("builtins.input", lambda prompt: "no")
    assert run(world, capsys, "person", "erase", CPF)[0] == 1
    assert world.store.requesters.find(CPF)
    monkeypatch.setattr("builtins.input", lambda prompt: "yes")
    status, told, error = run(world, capsys, "person", "erase", CPF)
    assert (status, traces_in(told + error)) == (0, [])
    assert "LGPD" in told
    status, told, _ = run(world, capsys, "person", "erase", CPF, "--yes")
    assert (status, "already" in told) == (0, True)
    for wrong in ("86288366757", "abc"):
        assert run(world, capsys, "person", "erase", wrong, "--yes")[0] == 1


def test_an_import_makes_no_erased_person_again(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fill(world)
    world.store.erasures.erase_document(CPF, "Rui")
    file = tmp_path / "people.csv"
    file.write_text(f"cpf;nome\n{CPF};Quitéria\n{MERGED};Q\n")
    url = world.store._database.url.render_as_string(hide_password=False)
    with pytest.raises(SystemExit):
        cli.main(["import", "requesters", str(file), "--update", "--database-url", url])
    assert "was erased" in capsys.readouterr().err
    with pytest.raises(RequesterNotFound):
        world.store.requesters.find(CPF)
    with world.store._database.reading() as session:
        assert session.scalar(select(Requester.id).where(Requester.document == MERGED)) is None


def test_erased_words_leave_the_file_of_the_index(tmp_path: Path) -> None:
    """With as many requests that a page of the index has words of many."""
    file = tmp_path / "store.db"
    store = Store(f"sqlite:///{file}")
    store.schema.upgrade()
    store.staff.add_group("G", may_execute=True)
    ana = store.staff.add_agent("ana", "Ana", "hash", ["G"])
    service = store.catalogue.add_service("S", "incidente", "G")
    person, other = store.requesters.add(CPF, "Quitéria"), store.requesters.add(MERGED, "Outra")
    for number in range(150):
        owner = person if number % 3 else other
        words = "rede xylofone52 52998224725" if number % 50 == 0 else "rede impressora"
        store.requests.open(
            NewRequest(owner.id, service.id, f"{words} {number}", "incidente"), ana.id, f"form:{number}"
        )
    store.erasures.erase(person.id, "Rui")
    store.close()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM request_words WHERE words LIKE '%52998224725%'").fetchone() == (
            0,
        )
        terms = connection.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, fulltext_words, row)")
        terms.close()
        found = connection.execute("SELECT count(*) FROM temp.terms WHERE term LIKE '%52998224725%'").fetchone()
    assert found == (0,)
    assert b"52998224725" not in file.read_bytes()
