"""Reading other desks' columns, documents, moments, numbers and histories."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soap_service.errors import InvalidDocument
from soap_service.rules.documents import normalise_cell
from soap_service.rules.import_causes import Unreadable
from soap_service.rules.import_columns import (
    REQUEST_COLUMNS,
    REQUESTER_COLUMNS,
    ColumnMap,
    find_columns,
    situation_named,
)
from soap_service.rules.import_values import (
    escape_cell,
    read_history,
    read_moment,
    read_number,
    read_person,
    read_request,
    read_text,
    undo_cell,
    write_history_line,
)

ZONE = ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-11-20 09:00", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20 09:00:30.500", datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)),
        ("20/11/2026 09:00", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("20/11/2026 9h05", datetime(2026, 11, 20, 12, 5, tzinfo=UTC)),
        ("1/2/2026", datetime(2026, 2, 1, 3, tzinfo=UTC)),
        ("2026-11-20T09:00:00Z", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("2026-11-20T09:00:00-05:00", datetime(2026, 11, 20, 14, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, 3, tzinfo=UTC)),
        ("2026-11-20 09:00:00 -0500", datetime(2026, 11, 20, 14, tzinfo=UTC)),
        ("2026-11-20 09:00:00 UTC", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("46346.375", datetime(2026, 11, 20, 12, tzinfo=UTC)),  # Excel's days, of a cell without a format
        ("46346,3784722222", datetime(2026, 11, 20, 12, 5, tzinfo=UTC)),
        ("\u200e20/11/2026\u200f", datetime(2026, 11, 20, 3, tzinfo=UTC)),
        ("0000-00-00 00:00:00", None),
        ("", None),
    ],
)
def test_moments_are_read_in_the_desks_zone(written: str, instant: datetime | None) -> None:
    assert read_moment({"opened_at": written}, "opened_at", ZONE) == instant


@pytest.mark.parametrize(
    "written",
    [
        "31/02/2026",
        "2026-13-01",
        "ontem",
        "20260",
        "2026-11-20-0300",
        "2026-11-20 09:00 BRT",
        "0001-01-01",
        "20/11/26",
        "9999-12-31",
    ],
)
def test_what_is_no_moment_is_told(written: str) -> None:
    with pytest.raises(Unreadable, match="opened_at is"):
        read_moment({"opened_at": written}, "opened_at", ZONE)


@pytest.mark.parametrize(("written", "number"), [("1", 1), ("#00955", 955), ("955.0", 955), ("2147483647", 2147483647)])
def test_numbers_are_read(written: str, number: int) -> None:
    assert read_number(written) == number


@pytest.mark.parametrize("written", ["", "0", "-1", "2147483648", "2026112010000123", "1.5", "abc", "1e3", "٣"])
def test_what_is_no_number_is_told(written: str) -> None:
    with pytest.raises(Unreadable):
        read_number(written)


@pytest.mark.parametrize(
    ("written", "length", "document"),
    [
        ("191", 0, "00000000191"),
        ("191", 11, "00000000191"),
        ("191", 14, "00000000000191"),
        ("191.0", 14, "00000000000191"),
        ("11144477735.0", 0, "11144477735"),
        ("111.444.777-35", 11, "11144477735"),
        ("11222333000181", 11, "11222333000181"),
    ],
)
def test_cells_are_documents_that_lost_zeros(written: str, length: int, document: str) -> None:
    assert normalise_cell(written, length) == document


def test_a_cell_that_is_no_document_is_refused() -> None:
    with pytest.raises(InvalidDocument):
        normalise_cell("abc", 11)


@given(st.text())
def test_what_is_escaped_is_undone(text: str) -> None:
    assert undo_cell(escape_cell(text)) == text
    assert not escape_cell(text).startswith(("=", "+", "-", "@"))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="|"), max_size=40))
def test_a_written_history_is_read_again(note: str) -> None:
    written = write_history_line("2026-11-20 09:00:00-03:00", "Bia", "anotação", f"{note}\nsegunda")
    (line,) = read_history(written, ZONE)
    assert line.note == f"{note}\nsegunda".strip()
    assert line.happened_at == datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_columns_are_known_in_any_case_and_with_or_without_accents() -> None:
    header = ["NÚMERO", "Cpf", "servico", "SITUAÇÃO", "Aberta_Em", "prazo", "ENCERRADA EM", "Descrição", "grupo"]
    header += ["Contrato", "urgência", "IMPACTO", "histórico", "responsável", "prioridade", "solução"]
    found, unknown = find_columns(header, REQUEST_COLUMNS, ColumnMap())
    assert (len(found), unknown) == (16, [])
    header = ["cnpj", "CPF", "CPF/CNPJ", "Nome", "E-Mail", "TELEFONE", "ramal", "Unidade", "erro_linha", "erro_causa"]
    found, unknown = find_columns(header, REQUESTER_COLUMNS, ColumnMap())
    assert (len(found), unknown) == (8, [])


@pytest.mark.parametrize(
    ("word", "situation"),
    [
        ("EmAndamento", "EmAndamento"),
        ("RESOLVIDA", "Resolvida"),
        ("pending reminder", "Suspensa"),
        ("Cerrada", "Fechada"),
    ],
)
def test_situations_are_known_in_three_languages(word: str, situation: str) -> None:
    assert situation_named(word) == situation
    assert situation_named("meio aberta") is None


@pytest.mark.parametrize(
    ("key", "longest"),
    [
        ("name", 200),
        ("email", 200),
        ("phone", 40),
        ("extension", 20),
        ("unit", 200),
        ("external_id", 100),
        ("contract", 200),
        ("contact", 200),
        ("contact_email", 200),
    ],
)
def test_a_text_is_as_long_as_its_column_and_no_longer(key: str, longest: int) -> None:
    assert read_text({key: "x" * longest}, key) == "x" * longest
    with pytest.raises(Unreadable):
        read_text({key: "x" * (longest + 1)}, key)


def test_a_person_is_known_by_document_and_by_an_external_id() -> None:
    cells = {"document": "52998224725", "external_id": "a1"}
    assert read_person(cells).keys == ["52998224725", "id:a1"]
    assert read_person({"external_id": "a1"}).keys == ["id:a1"]
    assert read_person({"document": "52998224725"}).keys == ["52998224725"]
    with pytest.raises(Unreadable):
        read_person({"name": "Ana"})


NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
REQUEST = {"number": "7", "document": "52998224725", "opened_at": "2026-11-20 09:00", "situation": "Aberta"}


def test_a_requests_person_is_named_by_document_or_external_id() -> None:
    for key, value in (("document", "52998224725"), ("external_id", "a1")):
        line = read_request({**REQUEST, "document": "", key: value}, ZONE, NOW)
        assert {"document": line.document, "external_id": line.external_id}[key] == value
    with pytest.raises(Unreadable):
        read_request({**REQUEST, "document": ""}, ZONE, NOW)


@pytest.mark.parametrize(("situation", "is_kept"), [("Suspensa", True), ("Em andamento", False)])
def test_only_a_suspended_request_says_since_when_it_is(situation: str, is_kept: bool) -> None:
    line = read_request({**REQUEST, "situation": situation, "suspended_at": "2026-11-21 09:00"}, ZONE, NOW)
    assert line.suspended_at == (datetime(2026, 11, 21, 12, tzinfo=UTC) if is_kept else None)
