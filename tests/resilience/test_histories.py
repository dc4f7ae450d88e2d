"""The check of histories itself, held to a search through every order."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.resilience.histories import Operation, is_linearizable

FIRST = Operation(True, "first", 0, 1)


def fits_some_order(history: list[Operation]) -> bool:
    """Try them all."""
    return any(_is_register(order) and _keeps_times(order) for order in permutations(history))


def _is_register(order: tuple[Operation, ...]) -> bool:
    value = None
    for operation in order:
        if operation.is_write:
            value = operation.value
        elif operation.value != value:
            return False
    return True


def _keeps_times(order: tuple[Operation, ...]) -> bool:
    return not any(
        later.answered < earlier.began for place, earlier in enumerate(order) for later in order[place + 1 :]
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    """Up to three writes of different values and four reads, at instants that are all different."""
    writes = draw(st.integers(1, 3))
    values = [FIRST.value, *range(writes)]
    kinds = [(True, value) for value in values[1:]]
    kinds += [(False, value) for value in draw(st.lists(st.sampled_from(values), max_size=4))]
    instants = draw(st.permutations(range(2, 2 + 2 * len(kinds))))
    spans = [sorted(instants[place * 2 : place * 2 + 2]) for place in range(len(kinds))]
    operations = [Operation(is_write, value, *span) for (is_write, value), span in zip(kinds, spans, strict=True)]
    return [FIRST, *operations]


@settings(max_examples=600)
@given(histories())
def test_it_says_what_a_search_through_every_order_finds(history: list[Operation]) -> None:
    assert is_linearizable(history) == fits_some_order(history)


def test_a_value_that_comes_back_and_one_that_was_never_written_are_found() -> None:
    new = Operation(True, "new", 2, 3)
    assert is_linearizable([FIRST, new, Operation(False, "new", 4, 5)])
    assert not is_linearizable([FIRST, new, Operation(False, "first", 4, 5)])
    assert not is_linearizable([FIRST, new, Operation(False, "another", 4, 5)])
    with pytest.raises(ValueError, match="twice"):
        is_linearizable([FIRST, FIRST])
