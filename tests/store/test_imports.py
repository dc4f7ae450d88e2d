"""Files as Excel and other desks write them, each with its trouble, taken in by the command; both databases."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from soap_service.cli import tables
from soap_service.errors import RequestNotFound
from soap_service.importing import spreadsheets
from soap_service.model import Request, Requester, RequesterName, RequestEvent
from soap_service.rules.edits import ContactEdit
from soap_service.rules.situations import AUTOMATIC, Situation
from soap_service.store import Announcement, NewRequest, Store
from soap_service.tables.search import RequestWords, Unindexed
from tests.forks import start_command
from tests.importing import Desk
from tests.store.counting import count, count_at_once

CPF, OTHER_CPF, CNPJ = "11144477735", "52998224725", "11222333000181"


@pytest.fixture
def desk(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    store.staff.add_group("SDNIVEL1", may_execute=True)
    store.catalogue.add_service("Falha em estação", "incidente", "SDNIVEL1", sla_minutes=480, contract="C1")
    return Desk(store, tmp_path, capsys)


# Twelve files.


def test_file_1_english_commas_without_mark(desk: Desk) -> None:
    head = "Document,Name,Email,Phone,Extension,Unit\n"
    text = f'{head}111.444.777-35,"Lima, José",j@x.br,+55 11 4004-1234,4067,RH\n{CNPJ},ACME,,,,\n'
    file = desk.file("1.csv", text)
    assert desk.run("import", "requesters", file) == 0
    assert desk.counts() == (2, 2, 0, 0, 0)
    found = desk.store.requesters.find(CPF)
    assert (found.name, found.email, found.phone) == ("Lima, José", "j@x.br", "+55 11 4004-1234")
    assert (found.extension, found.unit) == ("4067", "RH")
    assert [one.name for one in desk.store.requesters.list_named("jose")] == ["Lima, José"]
    for typed in ("j@x.br", "11 4004-1234", "ramal 4067"):
        assert [one.name for one in desk.store.search.find_requesters(typed)] == ["Lima, José"], typed
    assert desk.run("import", "requesters", file) == 0
    assert desk.counts() == (2, 0, 0, 2, 0)


def test_file_2_mark_and_semicolons(desk: Desk) -> None:
    file = desk.file("2.csv", f"CPF/CNPJ;NOME;E-MAIL\r\n{CPF};João;j@x.br\r\n", "utf-8-sig")
    assert desk.run("import", "requesters", file) == 0
    assert desk.store.requesters.find(CPF).name == "João"


def test_file_3_windows_1252(desk: Desk) -> None:
    file = desk.file("3.csv", f"CPF;Nome;Unidade\n{CPF};Conceição – “Ção”;São Paulo\n", "cp1252")
    assert desk.run("import", "requesters", file) == 0
    found = desk.store.requesters.find(CPF)
    assert (found.name, found.unit) == ("Conceição – “Ção”", "São Paulo")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_file_4_utf_16_with_tabs(desk: Desk, encoding: str) -> None:
    file = desk.file("4.txt", f"cpf\tnome\n{CPF}\tÂngela\n", encoding)
    assert desk.run("import", "requesters", file) == 0
    assert desk.store.requesters.find(CPF).name == "Ângela"


def test_file_5_line_breaks_in_cells_and_blank_lines(desk: Desk) -> None:
    text = f'\n\ncpf;nome;unidade\n\n{CPF};"Ana\nMaria";"A ""B"" C"\n;;\n\n{OTHER_CPF};Tela 19" plana;x\nabc;Zé;y\n'
    rejects = desk.folder / "rejects.csv"
    assert desk.run("import", "requesters", desk.file("5.csv", text), "--rejects", rejects) == 1
    assert desk.counts() == (3, 2, 0, 0, 1)
    assert desk.store.requesters.find(CPF).name == "Ana Maria"
    assert desk.store.requesters.find(CPF).unit == 'A "B" C'
    assert desk.store.requesters.find(OTHER_CPF).name == 'Tela 19" plana'
    assert "line 10: the document is no CPF or CNPJ" in desk.err
    assert desk.rows(rejects)[0]["erro_linha"] == "10"


def test_file_6_spanish_in_another_order(desk: Desk) -> None:
    file = desk.file("6.csv", f"Teléfono|NOMBRE|Correo electrónico|documento|Color\n4004|Íñigo|i@x.es|{CPF}|azul\n")
    assert desk.run("import", "requesters", file) == 0
    found = desk.store.requesters.find(CPF)
    assert (found.name, found.phone, found.email) == ("Íñigo", "4004", "i@x.es")
    assert "columns not read: Color" in desk.err


def test_file_7_another_desks_columns_and_values_are_mapped(desk: Desk) -> None:
    desk.store.requesters.add(CPF, "Maria")
    text = "ID;name;registration;itilcategories;status;date;closedate\n"
    text += f"7;Sem rede;{CPF};Hardware > PC;2;2026-11-20 09:00:00;0000-00-00 00:00:00\n"
    text += f"8;Velho;{CPF};Hardware > PC;6;2026-11-02 09:00:00;2026-11-03 10:00:00\n"
    maps = ["titulo=name", "cpf=registration", "servico=itilcategories"]
    maps += ["servico:Hardware > PC=Falha em estação", "situacao:2=Em andamento", "situacao:6=Fechada"]
    given = [part for one in maps for part in ("--map", one)]
    assert desk.run("import", "requests", desk.file("7.csv", text), "--source", "glpi", *given) == 0
    request = desk.store.requests.find(7)
    assert (request.source, request.subject, request.service.name) == ("glpi", "Sem rede", "Falha em estação")
    assert desk.store.requests.find(8).situation == Situation.CLOSED
    assert desk.store.requesters.find(CPF).open_requests == 1


def test_file_8_documents_without_zeros_and_as_floats(desk: Desk) -> None:
    text = "cpf;cnpj;nome\n191;;Zeros\n"
    text += "11144477735.0;;Float\n1.1222333000181E+13;;Exponent\n;191;Banco\n;11222333000262,0;B\n"
    assert desk.run("import", "requesters", desk.file("8.csv", text)) == 0
    documents = ["00000000191", CPF, CNPJ, "00000000000191", "11222333000262"]
    names = [desk.store.requesters.find(document).name for document in documents]
    assert names == ["Zeros", "Float", "Exponent", "Banco", "B"]


def test_file_9_spreadsheet_with_numbers_and_dates(desk: Desk) -> None:
    desk.store.requesters.add(CPF, "Maria")
    desk.store.requesters.add("00000000191", "Zero")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Número", "CPF", "Serviço", "Situação", "Aberta em", "Prazo", "Descrição"])
    sheet.append([955, 11144477735, "falha em ESTACAO", "Em andamento", datetime(2026, 11, 20, 9), None, "Olá"])
    sheet.append([])
    sheet.append([956.0, 191, "Falha em estação", "Reaberta", "20/11/2026 09:30", datetime(2026, 11, 25, 9), "=1+1"])
    book.save(desk.folder / "9.xlsx")
    assert desk.run("import", "requests", desk.folder / "9.xlsx") == 0, desk.err
    first, second = desk.store.requests.find(955), desk.store.requests.find(956)
    assert first.opened_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert first.due_at == datetime(2026, 11, 23, 20, tzinfo=UTC) or first.due_at is not None
    assert second.due_at == datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert (second.requester.document, second.situation) == ("00000000191", Situation.REOPENED)


def test_file_10_broken_lines_stop_no_other(desk: Desk) -> None:
    good = f"{CPF};Ana;RH".encode()
    lines = [b"cpf;nome;unidade", '52998224725;Bráulio;"aberta'.encode(), b"39053344705;Jo\xe3o;x", good]
    lines += ["16899535009;Zoé;São".encode(), b"1;2;3;4", b"12345678909;;no name"]
    file = desk.folder / "10.csv"
    file.write_bytes(b"\n".join(lines) + b"\n")
    rejects = desk.folder / "rejects.csv"
    assert desk.run("import", "requesters", file, "--rejects", rejects) == 1
    assert desk.counts() == (6, 2, 0, 0, 4)
    causes = [line.partition(": ")[2] for line in desk.err.splitlines() if line.startswith("line ")]
    assert causes == [
        "a quote is not closed",
        "a character is not in the encoding",
        "it has 4 cells, the header 3",
        "there is no name",
    ]
    assert CPF not in desk.err
    # Corrected by hand, the rejects are imported as they stand.
    corrected = rejects.read_text("utf-8-sig").replace("12345678909;;", "12345678909;Nova;")
    rejects.write_text(corrected, "utf-8")
    assert desk.run("import", "requesters", rejects, "--rejects", desk.folder / "again.csv") == 1
    assert desk.store.requesters.find("12345678909").name == "Nova"
    assert desk.rows(desk.folder / "again.csv")[0].keys() == desk.rows(rejects)[0].keys()


def test_file_11_formulas_and_excels_own_first_line(desk: Desk) -> None:
    text = f"sep=|\ncpf|nome|telefone\n{CPF}|'=HYPERLINK(1)|'+55 11 4004\n{OTHER_CPF}|-Ana|@x\n"
    assert desk.run("import", "requesters", desk.file("11.csv", text)) == 0
    assert desk.store.requesters.find(CPF).name == "=HYPERLINK(1)"
    output = desk.folder / "out.csv"
    assert desk.run("export", "requesters", "--output", output) == 0
    written = desk.rows(output)
    assert [row["nome"] for row in written] == ["'=HYPERLINK(1)", "'-Ana"]
    assert [row["telefone"] for row in written] == ["'+55 11 4004", "'@x"]
    assert desk.run("import", "requesters", output, "--update") == 0
    assert desk.counts() == (2, 0, 0, 2, 0)


def test_file_12_requests_with_histories_and_what_is_refused(desk: Desk) -> None:
    ana = desk.store.staff.add_agent("ana", "Ana", "hash", ["SDNIVEL1"])
    maria = desk.store.requesters.add(CPF, "Maria")
    service = desk.store.catalogue.list_services()[0]
    own = desk.store.requests.open(NewRequest(maria.id, service.id, "Nossa.", "incidente"), ana.id, "form:x")
    history = "2026-11-19 09:00 | Bia | abertura |\n2026-11-19 10:00 | Bia | nota | ligou\n  de novo\n"
    history += "2026-11-19 11:00 | Bia | suspensão | aguarda peça"
    head = "numero;cpf;servico;situacao;aberta_em;encerrada_em;descricao;responsavel;solucao;historico;prioridade\n"
    late = "2147483647"
    lines = [
        f'500;{CPF};Falha em estação;Suspensa;2026-11-19 09:00;;"Monitor\npiscando";ana;;"{history}";2',
        f"501;{CPF};Falha em estação;resolvida;2026-11-18T09:00:00Z;2026-11-18T10:00:00-03:00;x;Ana;Trocado o cabo;;",
        f"502;{CPF};Falha em estação;Em andamento;18/11/2026;;x;ninguem;;;",
        f"{own.id};{CPF};Falha em estação;Fechada;2026-11-18 09:00;2026-11-19 09:00;x;;;;",
        f"{late};{CPF};Falha em estação;Em andamento;2026-11-18 09:00;;x;;;;",
        f"2026112010000123;{CPF};Falha em estação;Em andamento;2026-11-18 09:00;;x;;;;",
        f"503;{CPF};Outra coisa;Em andamento;2026-11-18 09:00;;x;;;;",
        f"504;{OTHER_CPF};Falha em estação;Em andamento;2026-11-18 09:00;;x;;;;",
        f"505;{CPF};Falha em estação;Meio aberta;2026-11-18 09:00;;x;;;;",
        f"506;{CPF};Falha em estação;Fechada;2026-11-18 09:00;;x;;;;",
        f"507;{CPF};Falha em estação;Em andamento;31/02/2026;;x;;;;",
    ]
    file = desk.file("12.csv", head + "\n".join(lines))
    rejects = desk.folder / "rejects.csv"
    assert desk.run("import", "requests", file, "--source", "antigo", "--rejects", rejects, "--update") == 1
    assert desk.counts() == (11, 3, 0, 0, 8), desk.err
    causes = [row["erro_causa"] for row in desk.rows(rejects)]
    words = ["opened here", "first_request_number", "internal id", "no service", "no such requester"]
    words += ["unknown: Meio aberta", "no time of closing", "no date"]
    assert sorted(word for word in words if any(word in cause for cause in causes)) == sorted(words)
    first, second = desk.store.requests.find(500), desk.store.requests.find(501)
    told = [(line.actor, str(line.action), line.note) for line in first.events]
    assert told[1] == ("Bia", "anotação", "ligou\nde novo")
    assert first.stopped_at == datetime(2026, 11, 19, 14, tzinfo=UTC)
    assert first.remaining_seconds == 6 * 3600
    assert (first.responsible_id, first.priority) == (ana.id, 2)
    assert [(str(line.action), line.note) for line in second.events][-1] == ("resolução", "Trocado o cabo")
    assert (second.closed_at, second.due_at is not None) == (datetime(2026, 11, 18, 13, tzinfo=UTC), True)
    assert desk.store.requests.find(own.id).description == "Nossa."
    assert desk.store.requesters.find(CPF).open_requests == 2  # 502 and our own
    with desk.store._database.reading() as session:
        words = session.scalar(select(RequestWords.words).where(RequestWords.request_id == 500))
    assert {"piscando", "ligou", "aguarda"} <= set((words or "").split())
    assert count(desk.store, Unindexed) == 0
    assert desk.run("import", "requests", file, "--source", "antigo", "--update") == 1
    assert desk.counts() == (11, 0, 0, 3, 8)
    new = desk.store.requests.open(NewRequest(maria.id, service.id, "Outra.", "incidente"), ana.id, "form:y")
    assert new.id == 503


# What is changed, made and kept.


def test_an_update_knows_people_by_document_or_other_id(desk: Desk) -> None:
    desk.run("import", "requesters", desk.file("a.csv", f"cpf;nome;e-mail;id_externo\n{CPF};Ana;a@x.br;u7\n"))
    text = f"cpf;nome;e-mail;id_externo\n;Ana Lima;;u7\n{OTHER_CPF};Bia;;u8\n"
    assert desk.run("import", "requesters", desk.file("b.csv", text), "--update") == 0
    assert desk.counts() == (2, 1, 1, 0, 0)
    found = desk.store.requesters.find(CPF)
    assert (found.name, found.email) == ("Ana Lima", "a@x.br")
    assert [one.name for one in desk.store.requesters.list_named("lima")] == ["Ana Lima"]
    assert count(desk.store, RequesterName) == 3
    # The document is corrected by the other desk's id.
    desk.run("import", "requesters", desk.file("c.csv", f"cpf;id_externo\n{CNPJ};u7\n"), "--update")
    assert desk.store.requesters.find(CNPJ).id == found.id
    assert desk.run("import", "requesters", desk.file("d.csv", f"cpf;nome;id_externo\n{CPF};X;u7\n")) == 2
    assert desk.counts() == (1, 0, 0, 0, 1)


def _request_line(number: int, situation: str, closed: str = "", more: str = "") -> str:
    return f"{number};{CPF};Falha em estação;{situation};2026-11-18 09:00;{closed};Texto {number}{more}\n"


HEAD = "numero;cpf;servico;situacao;aberta_em;encerrada_em;descricao\n"


def test_an_update_moves_situation_count_and_version(desk: Desk) -> None:
    desk.store.requesters.add(CPF, "Maria")
    first = desk.file("a.csv", HEAD + _request_line(10, "Em andamento") + _request_line(11, "Suspensa"))
    assert desk.run("import", "requests", first, "--source", "x") == 0
    assert desk.store.requesters.find(CPF).open_requests == 1
    text = HEAD + _request_line(10, "Fechada", "2026-11-19 09:00", " girafa") + _request_line(11, "Em andamento")
    second = desk.file("b.csv", text)
    assert desk.run("import", "requests", second, "--source", "x") == 0
    assert desk.counts() == (2, 0, 0, 2, 0)
    assert desk.run("import", "requests", second, "--source", "x", "--update", "--dry-run") == 0
    assert desk.counts() == (2, 0, 2, 0, 0)
    assert desk.store.requests.find(10).version == 1
    assert desk.run("import", "requests", second, "--source", "x", "--update") == 0
    assert desk.counts() == (2, 0, 2, 0, 0)
    request = desk.store.requests.find(10)
    assert (request.situation, request.version, request.description) == (Situation.CLOSED, 2, "Texto 10 girafa")
    assert [(line.actor, str(line.action)) for line in request.events][-1] == (AUTOMATIC, "encerramento")
    assert desk.store.requests.find(11).stopped_at is None
    assert desk.store.requesters.find(CPF).open_requests == 1
    assert desk.run("import", "requests", second, "--source", "x", "--update") == 0
    assert desk.counts() == (2, 0, 0, 2, 0)
    assert desk.run("import", "requests", second, "--source", "y", "--update") == 2
    assert "of the source x" in desk.err


def test_an_update_moves_when_a_suspension_began(desk: Desk) -> None:
    desk.store.requesters.add(CPF, "Maria")
    head = "numero;cpf;servico;situacao;aberta_em;suspensa_em\n"
    for hour in (10, 14):
        line = f"10;{CPF};Falha em estação;Suspensa;2026-11-18 09:00;2026-11-18 {hour}:00\n"
        assert desk.run("import", "requests", desk.file("a.csv", head + line), "--source", "x", "--update") == 0
        stopped = desk.store.requests.find(10).stopped_at
        assert stopped is not None and stopped.astimezone(desk.store.calendars.current.zone).hour == hour


def test_a_trial_counts_a_number_that_comes_twice_once(desk: Desk) -> None:
    desk.store.requesters.add(CPF, "Maria")
    file = desk.file("a.csv", HEAD + 2 * _request_line(10, "Em andamento"))
    for more in (["--dry-run"], []):
        assert desk.run("import", "requests", file, "--source", "x", *more) == 0
        assert desk.counts() == (2, 1, 0, 1, 0)


def test_a_million_numbers_are_left_to_the_requests_opened_here(desk: Desk) -> None:
    desk.store.requesters.add(CPF, "Maria")
    lines = (_request_line(number, "Em andamento") for number in (2_146_483_647, 2_146_483_648))
    assert desk.run("import", "requests", desk.file("a.csv", HEAD + "".join(lines)), "--source", "x") == 1
    assert desk.counts() == (2, 1, 0, 0, 1)


def test_a_service_is_made_on_request_alone(desk: Desk) -> None:
    text = "numero;cpf;nome;servico;grupo;situacao;aberta_em\n"
    text += f"10;{CPF};Maria;Novo serviço;SDNIVEL1;Em andamento;2026-11-18 09:00\n"
    desk.store.requesters.add(CPF, "Maria")
    assert desk.run("import", "requests", desk.file("a.csv", text)) == 2
    assert "Novo serviço" in desk.err
    assert [one.name for one in desk.store.catalogue.list_services()] == ["Falha em estação"]


def test_what_a_line_names_is_made_with_create(desk: Desk) -> None:
    text = "numero;cpf;nome;servico;grupo;situacao;aberta_em\n"
    text += f"10;{CPF};Maria;Novo serviço;N2;Em andamento;2026-11-18 09:00\n"
    text += f"11;{CPF};Maria;Novo serviço;N2;Em andamento;2026-11-18 09:00\n"
    file = desk.file("a.csv", text)
    assert desk.run("import", "requests", file) == 2
    assert desk.run("import", "requests", file, "--create", "--dry-run") == 0
    assert desk.counts() == (2, 2, 0, 0, 0)
    assert len(desk.store.catalogue.list_services()) == 1
    assert desk.run("import", "requests", file, "--create") == 0
    request = desk.store.requests.find(10)
    assert (request.service.name, request.group.name, request.requester.name) == ("Novo serviço", "N2", "Maria")


def test_a_second_file_brings_the_history(desk: Desk) -> None:
    desk.store.requesters.add(CPF, "Maria")
    requests = desk.file("a.csv", HEAD + _request_line(10, "Em andamento"))
    text = "numero;data;quem;acao;texto\n10;2026-11-18 09:00;Bia;abertura;\n10;2026-11-18 10:00;Bia;nota;zebra\n"
    history = desk.file("h.csv", text + "99;2026-11-18 10:00;Bia;nota;x\n")
    rejects = desk.folder / "r.csv"
    assert desk.run("import", "requests", requests, "--history", history, "--rejects", rejects) == 1
    assert desk.counts() == (3, 2, 0, 0, 1)
    assert [line.note for line in desk.store.requests.find(10).events] == ["", "zebra"]
    assert len(desk.rows(desk.folder / "r-history.csv")) == 1
    with desk.store._database.reading() as session:
        assert "zebra" in (session.scalar(select(RequestWords.words)) or "")
    desk.run("import", "requests", requests, "--history", history)
    assert desk.counts() == (3, 0, 0, 2, 1)


def test_a_first_own_number_keeps_ours_and_theirs_apart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOAP_SERVICE_FIRST_REQUEST_NUMBER", "1000000")
    maria = desk.store.requesters.add(CPF, "Maria")
    ana = desk.store.staff.add_agent("ana", "Ana", "hash", ["SDNIVEL1"])
    file = desk.file("a.csv", HEAD + _request_line(500, "Em andamento") + _request_line(1000000, "Em andamento"))
    assert desk.run("import", "requests", file) == 1
    service = desk.store.catalogue.list_services()[0]
    opened = desk.store.requests.open(NewRequest(maria.id, service.id, "x", "incidente"), ana.id, "form:x")
    assert opened.id == 1000000
    with pytest.raises(RequestNotFound):
        desk.store.requests.find(1000001)


def test_what_is_exported_can_be_imported(desk: Desk, tmp_path: Path) -> None:
    desk.store.requesters.add(CPF, "Maria", email="m@x.br")
    history = '"2026-11-18 09:00 | Bia | abertura |\n2026-11-18 10:00 | Bia | nota | a\n  b"'
    text = HEAD.replace("descricao", "historico;descricao") + _request_line(10, "Suspensa").replace(
        ";Texto", f";{history};-Texto"
    )
    assert desk.run("import", "requests", desk.file("a.csv", text), "--source", "x") == 0
    people, requests = desk.folder / "people.csv", desk.folder / "requests.csv"
    assert desk.run("export", "requesters", "--output", people) == 0
    assert desk.run("export", "requests", "--output", requests) == 0
    assert people.stat().st_mode & 0o777 == 0o600
    assert [row["aberta_em"] for row in desk.rows(requests)] == ["2026-11-18 09:00:00-03:00"]
    assert desk.run("import", "requests", requests, "--update") == 0
    assert desk.counts() == (1, 0, 0, 1, 0)
    assert desk.run("export", "requests", "--format", "jsonl") == 0
    assert desk.run("export", "calls") == 0
    other = Store(f"sqlite:///{tmp_path / 'other.db'}")
    other.schema.upgrade()
    there = Desk(other, desk.folder, desk._capsys)
    assert there.run("import", "requesters", people) == 0
    assert there.run("import", "requests", requests, "--create") == 0
    copied, original = other.requests.find(10), desk.store.requests.find(10)
    assert copied.description == original.description == "-Texto 10"
    assert (copied.stopped_at, copied.source) == (original.stopped_at, "x")
    assert [(e.happened_at, e.actor, e.action, e.note) for e in copied.events] == [
        (e.happened_at, e.actor, e.action, e.note) for e in original.events
    ]
    other.close()


def test_contacts_of_requests_and_calls_go_out_and_come_back(desk: Desk) -> None:
    company = desk.store.requesters.add(CNPJ, "ACME")
    for name in ("Rita Sá", "Otávio"):
        desk.store.people.add_contact(company.id, ContactEdit(name), "test", f"form:{name}")
    rita = next(one for one in desk.store.people.list_contacts(company.id) if one.name == "Rita Sá")
    head = "numero;cnpj;contato;servico;situacao;aberta_em\n"
    lines = (f"{n};{CNPJ};{who};Falha em estação;aberta;2026-11-20 09:00\n" for n, who in ((1, "RITA SA"), (2, "Zé")))
    assert desk.run("import", "requests", desk.file("a.csv", head + "".join(lines))) == 0
    assert "contact unknown, left without: 1" in desk.err
    assert [desk.store.requests.find(number).contact_id for number in (1, 2)] == [rita.id, None]
    integration = desk.store.integrations.add("pbx", None, None, "127.0.0.0/8")
    call = desk.store.calls.announce(Announcement(integration.id, "novaSolicitacao", CNPJ, None, "4067"))
    desk.store.people.name_contact_of_call(call.token, rita.id)
    for what, names in (("requests", ["Rita Sá", ""]), ("calls", ["Rita Sá"])):
        file = desk.folder / f"{what}.csv"
        assert desk.run("export", what, "--output", file) == 0
        assert [row["contato"] for row in desk.rows(file)] == names
    changed = (desk.folder / "requests.csv").read_text("utf-8").replace("Rita Sá", "Otávio")
    assert desk.run("import", "requests", desk.file("b.csv", changed), "--update") == 0
    assert desk.counts() == (2, 0, 1, 1, 0)


def test_json_lines_are_read_and_written(desk: Desk) -> None:
    line = json.dumps({"cpf": CPF, "nome": "Zoé", "ramal": None})
    assert desk.run("import", "requesters", desk.file("a.jsonl", f"{line}\nno json\n")) == 1
    assert desk.store.requesters.find(CPF).name == "Zoé"


def test_a_spreadsheet_of_too_many_parts_is_refused(desk: Desk) -> None:
    with zipfile.ZipFile(desk.folder / "many.xlsx", "w") as archive:
        for number in range(10_001):
            archive.writestr(f"{number}", "")
    assert desk.run("import", "requesters", str(desk.folder / "many.xlsx")) == 2
    assert "more than 10000 parts" in desk.err


def test_json_that_is_too_deep_is_refused(desk: Desk) -> None:
    deep = '{"cpf": ' + "[" * 100_000
    assert desk.run("import", "requesters", desk.file("a.jsonl", f"{deep}\n")) == 2
    line = json.dumps({"cpf": CPF, "nome": "Zoé"})
    assert desk.run("import", "requesters", desk.file("b.jsonl", f"{line}\n{deep}\n")) == 1


# Files that are refused as a whole.


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("", (), "it is empty"),
        ("nome;telefone\nAna;1\n", (), "there is no column cpf"),
        (f"cpf;documento\n{CPF};{CPF}\n", ("--map", "nome=nada"), "has no column nada"),
        (f"cpf;nome;cliente nome\n{CPF};a;b\n", ("--map", "cor=nome"), "write OURS=COLUMN"),
        (f"cpf;nome;nombre\n{CPF};a;b\n", (), "mean the same"),
        (f"cpf;nome\n{CPF};a\n", ("--encoding", "klingon"), "there is no encoding"),
        (f"cpf;nome\n{CPF};a\n", ("--delimiter", "x"), "choose"),
    ],
)
def test_a_file_that_is_no_table_is_told(desk: Desk, text: str, arguments: tuple[str, ...], said: str) -> None:
    assert desk.run("import", "requesters", desk.file("a.csv", text), *arguments) == 2
    assert said in desk.err
    assert count(desk.store, Requester) == 0


def test_a_file_that_is_not_there_is_told(desk: Desk) -> None:
    assert desk.run("import", "requesters", desk.folder / "none.csv") == 2
    assert "No such file" in desk.err


def test_a_spreadsheet_has_a_limit_of_unpacked_size(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "MOST_UNPACKED", 1 << 20)
    with zipfile.ZipFile(desk.folder / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (2 << 20))
    assert desk.run("import", "requesters", desk.folder / "bomb.xlsx") == 2
    assert "unpacked it has more than" in desk.err


def test_standard_input_is_read(desk: Desk) -> None:
    url = desk.store._database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "soap_service", "import", "requesters", "-", "--database-url", url]
    done = subprocess.run(command, input=f"cpf;nome\n{CPF};Ção\n".encode(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert desk.store.requesters.find(CPF).name == "Ção"


def test_a_bar_is_drawn_on_a_terminal_alone(capsys: pytest.CaptureFixture[str]) -> None:
    class Terminal:
        def __init__(self) -> None:
            self.text = ""

        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> None:
            self.text += text

        def flush(self) -> None: ...

    terminal = Terminal()
    bar = tables._Bar(terminal)  # type: ignore[arg-type]
    bar.draw(0.5, 1234)
    bar.draw(0.501, 1235)
    bar.end()
    assert terminal.text == f"\r[{'#' * 15}{'.' * 15}]  50%  1,234 lines\r\x1b[K"


@pytest.mark.timeout(300)  # ten starts of the command
def test_killed_imports_leave_nothing_half_and_the_next_ends_it(desk: Desk) -> None:
    desk.store.requesters.add(CPF, "Maria")
    lines = 6000
    file = desk.file("a.csv", HEAD + "".join(_request_line(number, "Em andamento") for number in range(1, lines + 1)))
    url = desk.store._database.url.render_as_string(hide_password=False)
    command = ["import", "requests", str(file), "--database-url", url]
    seen = []
    for kill in range(10):
        with Path(os.devnull).open("wb") as nowhere:
            process = start_command(command, stdout=nowhere)
        before = desk.store.requesters.find(CPF).open_requests
        deadline = time.monotonic() + 20
        while desk.store.requesters.find(CPF).open_requests == before and time.monotonic() < deadline:
            time.sleep(0.01 * (kill + 1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        whole, events, words, unindexed = count_at_once(desk.store, Request, RequestEvent, RequestWords, Unindexed)
        assert (events, words, unindexed) == (whole, whole, 0)
        seen.append(whole)
        if whole == lines:
            break
    assert seen == sorted(seen)
    assert seen[0] < lines
    assert desk.run("import", "requests", file) == 0
    assert desk.counts() == (lines, lines - seen[-1], 0, seen[-1], 0)
    assert desk.store.requesters.find(CPF).open_requests == lines


def test_two_imports_at_once_take_each_line_once(desk: Desk) -> None:
    people = desk.file("p.csv", "documento;nome\n" + "".join(f"{n:014};P{n}\n" for n in range(1, 2001)))
    url = desk.store._database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "soap_service", "import", "requesters", str(people), "--database-url", url]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], told
    added = sum(int(text.split(", ")[1].split()[0]) for text in told)
    assert (added, count(desk.store, Requester), count(desk.store, Unindexed)) == (2000, 2000, 0)


def test_a_suspended_request_goes_on_with_what_was_left(desk: Desk) -> None:
    desk.store.requesters.add(CPF, "Maria")
    desk.run("import", "requests", desk.file("a.csv", HEAD + _request_line(11, "Suspensa")), "--source", "x")
    left = desk.store.requests.find(11).remaining_seconds
    desk.run(
        "import", "requests", desk.file("b.csv", HEAD + _request_line(11, "Reaberta")), "--source", "x", "--update"
    )
    request = desk.store.requests.find(11)
    assert request.remaining_seconds is None
    assert request.due_at is not None
    assert left is not None
    worked = desk.store.calendars.current.between(desk.store.now() - timedelta(minutes=1), request.due_at)
    assert request.due_at < desk.store.now() or abs(worked.total_seconds() - max(left, 0)) < 120
