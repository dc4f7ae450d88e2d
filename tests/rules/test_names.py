import pytest
from hypothesis import given
from hypothesis import strategies as st

from soap_service.rules.names import entries_of, fold_name


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Maria Aparecida da CONCEIÇÃO", "maria aparecida da conceicao"),
        ("João  D'Ávila-Nuñez", "joao d avila nunez"),
        ("STRASSE / Straße", "strasse strasse"),
        ("100% Óbvio_", "100 obvio"),
        ("Иванов İpek", "иванов ipek"),
        ("%_\\ ' ---", ""),
    ],
)
def test_case_accents_and_signs_do_not_count(name: str, folded: str) -> None:
    assert fold_name(name) == folded


def test_a_name_is_found_by_each_of_its_words() -> None:
    assert entries_of("Ana Lúcia") == ["ana ana lucia", "lucia ana lucia"]


@given(st.text(max_size=400))
def test_what_is_folded_stays_as_it_is_and_entries_fit_their_column(name: str) -> None:
    folded = fold_name(name)
    assert fold_name(folded) == folded
    for entry in entries_of(name):
        assert len(entry) <= 320
        assert any(entry.startswith(word[:60]) for word in folded.split())
