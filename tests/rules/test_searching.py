"""What a search means by what is typed."""

import pytest

from soap_service.rules.searching import request_number_of, wanted_contacts, words_of


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("955", 955),
        ("#955", 955),
        ("nº 955", 955),
        ("Nº955", 955),
        ("n° 955", 955),
        ("n.º 955", 955),
        ("No. 955", 955),
        ("[955]", 955),
        ("Solicitação nº 955", 955),
        ("solicitacao 955", 955),
        ("SOLICITUD N.º 955:", 955),
        ("request no. 955", 955),
        ("00955", 955),
        ("34.534", 34534),
        ("34 534", 34534),
        ("1.234.567", 1234567),
        ("nº 034.534", 34534),
        ("2147483647", 2147483647),
        ("2147483648", None),
        ("0", None),
        ("", None),
        ("955 956", 955956),
        ("9 55", None),
        ("1234.567", None),
        ("955a", None),
        ("rede 955", None),
        ("no", None),
        ("9" * 40, None),
    ],
)
def test_numbers_are_read_however_they_are_written(typed: str, number: int | None) -> None:
    assert request_number_of(typed) == number


def test_words_are_kept_once_folded_and_bounded() -> None:
    assert words_of(["São João,\nsão", "AÇÃO d'água"]) == "acao agua d joao sao"
    assert len(words_of([" ".join(map(str, range(100_000)))])) <= 200_000
    assert words_of(["x" * 100]) == "x" * 60


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("@x", []),
        ("a@b", []),  # too short to tell anybody apart
        ("A@bc", [("ea@bc", True)]),
        (" ze@x.org ", [("eze@x.org", True)]),
        ("Maria", []),
    ],
)
def test_an_email_address_is_looked_for_by_its_beginning(typed: str, wanted: list[tuple[str, bool]]) -> None:
    assert [one for one in wanted_contacts(typed) if one[1]] == wanted
