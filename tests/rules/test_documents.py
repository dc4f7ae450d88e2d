"""What is a CPF or CNPJ, and what is not. Source: domain.md, Documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soap_service.errors import InvalidDocument
from soap_service.rules.documents import (
    format_document,
    has_valid_check_digits,
    is_written_out,
    mask_documents,
    normalise_document,
)


@pytest.mark.parametrize(
    ("typed", "document"),
    [
        ("11144477735", "11144477735"),
        ("111.444.777-35", "11144477735"),
        (" 111 444 777 35 ", "11144477735"),
        ("12312312312", "12312312312"),
        ("1234567890", "01234567890"),
        ("0", "00000000000"),
        ("11222333000181", "11222333000181"),
        ("11.222.333/0001-81", "11222333000181"),
        ("1222333000181", "01222333000181"),
        ("222333000181", "00222333000181"),
        ("12.abc.345/01de-35", "12ABC34501DE35"),
    ],
)
def test_a_document_is_normalised(typed: str, document: str) -> None:
    assert normalise_document(typed) == document


@pytest.mark.parametrize(
    "typed", ["", "   ", "---", "A", "1114447773A", "123456789012345", "12ABC34501DEXX", "ABC", "ç"]
)
def test_what_cannot_be_a_document_is_refused(typed: str) -> None:
    with pytest.raises(InvalidDocument):
        normalise_document(typed)


@given(st.text(max_size=30))
def test_a_normalised_document_stays_as_it_is(typed: str) -> None:
    try:
        document = normalise_document(typed)
    except InvalidDocument:
        return
    assert normalise_document(document) == document
    assert normalise_document(format_document(document)) == document


@pytest.mark.parametrize(
    ("document", "is_valid"),
    [
        ("11144477735", True),
        ("52998224725", True),
        ("12345678909", True),
        ("12312312312", False),
        ("11111111111", False),
        ("11222333000181", True),
        ("11222333000182", False),
        ("12ABC34501DE35", True),
        ("12ABC34501DE36", False),
    ],
)
def test_check_digits_are_told(document: str, is_valid: bool) -> None:
    assert has_valid_check_digits(document) is is_valid


@pytest.mark.parametrize(
    "text", ["11144477735", "111.444.777-35", "11.222.333/0001-81", "11222333000181", "12ABC34501DE35"]
)
def test_a_document_is_blotted_out_of_a_log_line(text: str) -> None:
    masked = mask_documents(f"caller <{text}> called")
    assert text not in masked
    assert masked == f"caller <***{text[-2:]}> called"


def test_other_numbers_stay_readable_in_a_log_line() -> None:
    line = "request 34534 at 4067 took 12.345 s on 2026-11-23 15:35:52,123"
    assert mask_documents(line) == line


@pytest.mark.parametrize(
    ("typed", "is_it"),
    [
        ("111.444.777-35", True),
        ("12.abc.345/01de-35", True),
        ("1234567890", False),
        ("1122233300018", False),
        ("955", False),
        ("", False),
    ],
)
def test_a_document_is_written_out_when_no_zero_is_put_back(typed: str, is_it: bool) -> None:
    assert is_written_out(typed) is is_it
