"""What is a CPF or CNPJ, and what is not. Source: docs/rules.md, Documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soap_service.errors import InvalidDocument
from soap_service.rules.documents import (
    documents_to_look_up,
    format_document,
    has_valid_check_digits,
    mask_documents,
    normalise_document,
    written_forms,
)
from soap_service.rules.former_documents import read_again


@pytest.mark.parametrize(
    ("typed", "document"),
    [
        ("11144477735", "11144477735"),
        ("111.444.777-35", "11144477735"),
        (" 111 444 777 35 ", "11144477735"),
        ("12312312312", "12312312312"),
        ("12345678901", "12345678901"),
        ("1234567890", "01234567890"),
        ("191", "00000000191"),
        ("11222333000181", "11222333000181"),
        ("11.222.333/0001-81", "11222333000181"),
        ("7526557000100", "07526557000100"),
        ("CPF/CNPJ: 111.444.777-35", "11144477735"),
        ("360305000104", "00360305000104"),
        ("00011144477735", "00011144477735"),
        ("CPF 111.444.777-35", "11144477735"),
        ("cpf:11144477735", "11144477735"),
        ("CNPJ: 11.222.333/0001-81", "11222333000181"),
        ("CPF11144477735", "11144477735"),
        ("CPF: 111.444.777-35 #", "11144477735"),
        ("11144477735*", "11144477735"),
        ("11144477735.0", "11144477735"),
        ("11144477735.00", "11144477735"),
        ("11144477735,0", "11144477735"),
        ("1234567890.0", "01234567890"),
        ("11222333000181.0", "11222333000181"),
        ("CPF 11144477735.0#", "11144477735"),
        ("1.1144477735E10", "11144477735"),
        ("1,1144477735e+10", "11144477735"),
        ("1.11444777350000e+010", "11144477735"),
        ("11144477735E0", "11144477735"),
        ("1.1222333000181E13", "11222333000181"),
        ("11144477735E10", "11144477735E10"),
        ("12.abc.345/01de-35", "12ABC34501DE35"),
    ],
)
def test_a_document_is_normalised(typed: str, document: str) -> None:
    assert normalise_document(typed) == document


@pytest.mark.parametrize(
    "typed",
    [
        *("", "   ", "---", "A", "1114447773A", "123456789012345", "12ABC34501DEXX", "ABC", "ç", "CPF", "CNPJ:"),
        *("1,11445E+10", "1.11445E10", "1.1144477735E11", "1.1222333000E13", "1.5E10", "11144477735E-1"),
        *("11144477735.5", "11.144.477.735,00", "11,144,477,735.00", "11144477735,", "+11144477735", "CPF x"),
        *(
            "0",
            "00",
            "000",
            "1",
            "12",
            "4067",
            "1111111111",
            "000000000000",
            "5511400440",
            "1144477735",
            "(111)44477735",
        ),
        *("11144477735##", "#", "#11144477735", "111_444_777_35", "CNPJ 1234567891"),
    ],
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


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("GET /x?cpf=111.444.777%2D35&y", "GET /x?cpf=***35&y"),
        ("GET /x/11.222.333%2F0001-81 500", "GET /x/***81 500"),
        ("GET /x/11.222.333%2f0001-81 500", "GET /x/***81 500"),
        ("GET /x/12ABC345%2F01DE35", "GET /x/***35"),
        ("GET /x?q=%2011144477735%20", "GET /x?q=%20***35%20"),
        ("q=111+444+777+35&", "q=***35&"),
        ("111 444 777 35 ligou", "***35 ligou"),
        ("11 222 333 0001 81 ligou", "***81 ligou"),
        ("111.444.777 35", "***35"),
        ("cpf11144477735x", "cpf***35x"),
        ("CNPJ11222333000181", "CNPJ***81"),
        ("_11144477735_", "_***35_"),
        ("ação11144477735ção", "ação***35ção"),
    ],
)
def test_a_document_is_blotted_out_however_it_is_written(line: str, masked: str) -> None:
    assert mask_documents(line) == masked


@pytest.mark.parametrize(
    "line",
    [
        "address=192.168.100.12 and 203.0.113.77:12345",
        "2026-11-23 15:35:52,123-0300 INFO soap_service took 12.345 s",
        "he was not here at 12, nor had been seen by 14",
        "2001:db8:1:2::1 at 1764268259.123456, +55 62 98888-1234",
        "1234567890 123456789012 1234567890123",
    ],
)
def test_addresses_times_and_words_stay_readable(line: str) -> None:
    assert mask_documents(line) == line


def test_other_numbers_stay_readable_in_a_log_line() -> None:
    line = "request 34534 at 4067 took 12.345 s on 2026-11-23 15:35:52,123"
    assert mask_documents(line) == line


CPFS = st.from_regex(r"[0-9]{9}", fullmatch=True).map(lambda body: complete(body, 11))
CNPJS = st.from_regex(r"[0-9A-Z]{12}", fullmatch=True).map(lambda body: complete(body, 14))
NUMERIC_CNPJS = st.from_regex(r"[0-9]{12}", fullmatch=True).map(lambda body: complete(body, 14))


def complete(body: str, length: int) -> str:
    """Return the body of a document with its right check digits, by a sum of its own."""
    values = [ord(character) - 48 for character in body]
    weights = range(2, 12) if length == 11 else [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5, 6]
    for _ in range(2):
        rest = sum(value * weight for value, weight in zip(reversed(values), weights, strict=False)) % 11
        values.append(0 if rest < 2 else 11 - rest)
    return body + "".join(map(str, values[-2:]))


def read(text: str) -> str:
    try:
        return normalise_document(text)
    except InvalidDocument:
        return ""


@given(st.one_of(CPFS, CNPJS), st.sampled_from(["", "CPF", "CPF: ", "cnpj ", "CNPJ:"]), st.sampled_from(["", "#", "*"]))
def test_a_right_document_reads_as_itself(document: str, label: str, key: str) -> None:
    for written in (document, format_document(document), document.lower(), f" {document}\n"):
        if document.startswith(("CPF", "CNPJ")) and read(document) != document:
            # The exception: a CNPJ that is a label and a document behind it, as it stands.
            assert read(document) == read(document.removeprefix("CPF").removeprefix("CNPJ"))
            return
        assert read(f"{label}{written}{key}") == document


@given(st.one_of(CPFS, NUMERIC_CNPJS), st.sampled_from([".0", ".00", ",0", "#"]))
def test_a_right_document_written_as_a_number_reads_as_itself(document: str, ending: str) -> None:
    assert read(f"{document}{ending}") == document
    exponent = len(document) - 1
    if not document.startswith("0"):  # the exception: the digits of a mantissa begin with another than 0
        assert read(f"{document[0]}.{document[1:]}E{exponent}") == document
        assert read(f"{document[0]},{document[1:]}00e+0{exponent}") == document


@given(st.integers(1, 99_999_999_999), st.sampled_from(["", ".0", "#"]))
def test_a_right_document_that_lost_zeros_reads_as_itself(body: int, ending: str) -> None:
    for document in (complete(f"{body % 10**8:09}", 11), complete(f"{body:012}", 14)):
        short = document.lstrip("0")
        if len(set(short)) == 1 or len(short) < 3:
            assert read(short + ending) == ""  # the exceptions: no document is a digit repeated, or of one or two
        elif len(document) == 14 and len(short) == 11:
            # Of the length of a CPF: it is looked up as it stands, and as a CNPJ unless a CPF reads so.
            is_cpf = has_valid_check_digits(short)
            assert list(documents_to_look_up(read(short + ending))) == [short, *([] if is_cpf else [document])]
        elif len(document) == 14 and len(short) < 11 and has_valid_check_digits(short.rjust(11, "0")):
            assert read(short + ending) == short.rjust(11, "0")  # the exception: a CPF reads so
        else:
            assert read(short + ending) == document


@given(CPFS)
def test_a_padded_cpf_is_looked_up_as_it_stands_then_as_a_cpf(document: str) -> None:
    padded = f"000{document}"
    meant = [] if has_valid_check_digits(padded) or len(set(document)) == 1 else [document]
    assert list(documents_to_look_up(read(padded))) == [padded, *meant]


def test_what_stands_for_a_stored_document_has_zeros_added_or_dropped() -> None:
    assert list(written_forms("11144477735")) == ["11144477735", "00011144477735"]
    assert list(written_forms("00011144477735")) == ["00011144477735", "11144477735"]
    assert list(written_forms("11222333000181")) == ["11222333000181"]


@pytest.mark.parametrize(
    "digits", ["0" * 11, "1" * 11, "0" * 14, "9" * 14, "12ABC34501DE36", "11144477734", "12311144477735"]
)
def test_what_no_check_digits_confirm_is_looked_up_as_it_stands(digits: str) -> None:
    assert list(documents_to_look_up(digits)) == [digits]


@pytest.mark.parametrize(
    ("stored", "reading"),
    [
        ("CPF11144477735", "11144477735"),
        ("CPF12312312312", "12312312312"),
        ("CNPJ1234567890", "01234567890"),
        ("11144477735E10", "11144477735"),
        ("00111444777350", "11144477735"),
        ("01114447773500", "11144477735"),
        ("12345678900", "01234567890"),
        ("00000012345", ""),
        ("00000000000", ""),
        ("00123456780912", ""),
        ("11144477735", None),
        ("12312312312", None),
        ("12312312310", None),
        ("00000000191", None),
        ("12ABC34501DE36", None),
        ("00012345678901", None),
    ],
)
def test_what_the_former_rule_made_of_a_text_is_found(stored: str, reading: str | None) -> None:
    assert read_again(stored) == reading
