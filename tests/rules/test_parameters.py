"""What values the numbered parameters take. Source: docs/rules.md, Parameters."""

import pytest

from soap_service.errors import InvalidValue, NotFound, Reason
from soap_service.rules.parameters import clean_value


@pytest.mark.parametrize(("typed", "value"), [("S", "S"), ("s", "S"), ("Y", "S"), (" y ", "S"), ("n", "N")])
def test_a_switch_is_s_or_n(typed: str, value: str) -> None:
    assert clean_value(281, typed) == clean_value(282, typed) == value


@pytest.mark.parametrize(
    ("parameter", "typed"), [(281, ""), (281, "1"), (282, "sim"), (283, "x"), (283, "-1"), (283, "²")]
)
def test_other_values_are_refused_with_a_reason(parameter: int, typed: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        clean_value(parameter, typed)
    assert caught.value.reason is (Reason.NO_SERVICE_NUMBER if parameter == 283 else Reason.NO_SWITCH)


def test_an_unknown_parameter_is_not_found() -> None:
    with pytest.raises(NotFound):
        clean_value(280, "S")
