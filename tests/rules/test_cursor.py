"""How far a reader has come, whatever the order in which calls are committed."""

from hypothesis import given
from hypothesis import strategies as st

from soap_service.rules.cursor import MOST_MISSING, Position


def test_a_number_that_was_passed_over_is_not_covered_until_it_is_read() -> None:
    position = Position(10).after(13)
    assert [position.covers(number) for number in (10, 11, 12, 13, 14)] == [True, False, False, True, False]
    position = position.after(12)
    assert (position.covers(11), position.covers(12)) == (False, True)
    assert position.without([11]) == Position(13)


def test_an_id_says_what_is_missing_and_anything_else_says_nothing() -> None:
    assert str(Position(13, frozenset({9, 11}))) == "13-9.11"
    assert str(Position(7)) == "7"
    for text in ("", "x", "-1", "1-", "1-2.", "1" * 19, "1.2", "٣"):
        assert Position.parse(text) == Position()


def test_a_leap_is_waited_for_only_so_far() -> None:
    position = Position(5).after(10**12)
    assert (len(position.missing), position.last) == (MOST_MISSING, 10**12)


def test_up_to_a_number_nothing_later_is_missing() -> None:
    assert Position(20, frozenset({3, 15})).up_to(10) == Position(10, frozenset({3}))


@given(st.permutations(range(1, 12)), st.integers(0, 11))
def test_whatever_the_order_exactly_what_was_read_is_covered(order: list[int], count: int) -> None:
    position = Position()
    for number in order[:count]:
        position = position.after(number)
    assert {number for number in range(1, 12) if position.covers(number)} == set(order[:count])
    assert Position.parse(str(position)) == position


_POSITIONS = st.builds(
    lambda last, missing: Position(last, frozenset(n for n in missing if n < last)),
    st.integers(0, 20),
    st.frozensets(st.integers(1, 20)),
)


@given(_POSITIONS, _POSITIONS)
def test_who_has_read_either_has_read_the_union(one: Position, other: Position) -> None:
    joined = one.joined(other)
    for number in range(1, 22):
        assert joined.covers(number) == (one.covers(number) or other.covers(number))
