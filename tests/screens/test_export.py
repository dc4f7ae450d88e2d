"""The list of requests as a CSV file."""

import csv
import io
import re

import pytest

from soap_service.model import Request
from soap_service.rules.roles import Role
from soap_service.rules.situations import Action
from soap_service.screens.requests.export import harmless
from soap_service.store import NewRequest

from .conftest import Browser, Desk

FILE = "/solicitacoes.csv"


@pytest.fixture(autouse=True)
def ana_supervises(desk: Desk) -> None:
    desk.give_role("ana", Role.SUPERVISOR)


def rows(browser: Browser, query: str = "", delimiter: str = ";") -> list[list[str]]:
    response = browser.client.get(f"{FILE}?{query}")
    assert (response.status_code, response.mimetype) == (200, "text/csv")
    octets = response.get_data()
    assert octets.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(octets.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def open_request(desk: Desk, key: str, description: str) -> Request:
    new = NewRequest(desk.maria.id, desk.service.id, description, "incidente")
    return desk.store.requests.open(new, desk.ana.id, f"form:{key}")


def test_the_file_has_what_the_list_shows(desk: Desk, ana: Browser) -> None:
    head, row = rows(ana)
    assert head[:3] == ["Nº", "Assunto", "Solicitante"]
    cells = dict(zip(head, row, strict=True))
    assert (cells["Nº"], cells["Assunto"], cells["Solicitante"]) == (
        str(desk.request.id),
        "Sem rede.",
        "Maria da Silva",
    )
    assert (cells["Grupo Executor"], cells["Responsável"], cells["Situação"]) == ("SDNIVEL1", "", "Em andamento")
    assert (cells["Fora do prazo"], cells["Prioridade"]) == ("não", "5")


def test_documents_are_not_in_it_and_it_is_an_attachment(desk: Desk, ana: Browser) -> None:
    response = ana.client.get(FILE)
    assert "attachment" in response.headers["Content-Disposition"]
    assert response.headers["Cache-Control"] == "no-store"
    assert desk.maria.document not in response.text
    assert ana.client.get(FILE).content_length is None


def test_filters_and_order_are_those_of_the_list_and_every_page_is_in_it(desk: Desk, ana: Browser) -> None:
    numbers = [open_request(desk, str(index), f"n {index}").id for index in range(120)]
    desk.store.execution.execute(numbers[0], desk.ana.id, Action.RESOLVE, "")
    found = [row[0] for row in rows(ana, "ordem=numero")[1:]]
    assert found == [str(number) for number in [*reversed(numbers[1:]), desk.request.id]]
    assert [row[0] for row in rows(ana, "situacao=Resolvida")[1:]] == [str(numbers[0])]
    assert rows(ana, "minhas=1")[1:] == []


def test_the_link_on_the_list_keeps_its_filters(ana: Browser) -> None:
    page = ana.get("/solicitacoes?situacao=todas&ordem=numero").text
    assert f'href="{FILE}?situacao=todas&amp;ordem=numero"' in page


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "＝1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert harmless(cell)[:2] == f"'{cell[0]}"


def test_no_part_of_a_cell_is_a_formula_where_others_part_it() -> None:
    """Excel parts a file by the language of its machine, whichever the file was written in."""
    for cell in ("a,=1+1", "a;-1", "a,,@x", "a|+1", 'a,"=1', "a, =1", "a;\n=1", "=1,=1", ",＝1"):
        for delimiter in ",;|":
            written = io.StringIO()
            csv.writer(written, delimiter=delimiter).writerow(["1", harmless(cell), "x"])
            for other in ",;\t|":
                for part in re.split(rf"[{other}\r\n]", written.getvalue()):
                    assert not part.strip('" ').startswith(("=", "+", "-", "@", "＝")), written.getvalue()


def test_plain_texts_have_no_mark() -> None:
    for text in ("rede, sem sinal", "a - b", "1+1=2", "x@example.com", "a; b", "e-mail"):
        assert harmless(text) == text


def test_what_people_wrote_stays_one_cell_and_no_formula(desk: Desk, ana: Browser) -> None:
    number = open_request(desk, "evil", '=cmd|"/c calc"!A1; "x"\nsegunda linha').id
    cells = next(row for row in rows(ana) if row[0] == str(number))
    assert cells[1] == '\'=cmd|"/c calc"!A1; "x"'


def test_english_has_commas(desk: Desk, ana: Browser) -> None:
    desk.store.staff.set_language(desk.ana.id, "en")
    assert rows(ana, delimiter=",")[1][0] == str(desk.request.id)


def test_nobody_gets_it_without_logging_in(desk: Desk) -> None:
    assert desk.visitor().get(FILE).status_code == 303
