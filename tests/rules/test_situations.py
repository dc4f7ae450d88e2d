"""Transitions of a request and its priority. Source: docs/rules.md."""

from itertools import product

import pytest

from soap_service.errors import TransitionRefused
from soap_service.rules.situations import LEVELS, Action, Situation, next_situation, priority_of

ALLOWED = {
    (Situation.IN_PROGRESS, Action.SUSPEND): Situation.SUSPENDED,
    (Situation.REOPENED, Action.SUSPEND): Situation.SUSPENDED,
    (Situation.SUSPENDED, Action.REACTIVATE): Situation.IN_PROGRESS,
    (Situation.IN_PROGRESS, Action.RESOLVE): Situation.RESOLVED,
    (Situation.REOPENED, Action.RESOLVE): Situation.RESOLVED,
    (Situation.RESOLVED, Action.REOPEN): Situation.REOPENED,
    (Situation.CLOSED, Action.REOPEN): Situation.REOPENED,
    (Situation.IN_PROGRESS, Action.CANCEL): Situation.CANCELLED,
    (Situation.REOPENED, Action.CANCEL): Situation.CANCELLED,
    (Situation.SUSPENDED, Action.CANCEL): Situation.CANCELLED,
    (Situation.RECLASSIFIED, Action.CANCEL): Situation.CANCELLED,
    **{
        (situation, Action.CLOSE): Situation.CLOSED
        for situation in Situation
        if situation not in (Situation.CANCELLED, Situation.CLOSED)
    },
    **{
        (situation, Action.NOTE): situation
        for situation in (Situation.IN_PROGRESS, Situation.REOPENED, Situation.SUSPENDED, Situation.RECLASSIFIED)
    },
}


@pytest.mark.parametrize(
    ("situation", "action"), [*product(Situation, [action for action in Action if action is not Action.OPEN])]
)
def test_every_pair_of_situation_and_action_is_allowed_or_refused(situation: Situation, action: Action) -> None:
    if (situation, action) in ALLOWED:
        assert next_situation(7, situation, action) is ALLOWED[situation, action]
    else:
        with pytest.raises(TransitionRefused) as caught:
            next_situation(7, situation, action)
        assert caught.value.key == 7


def test_priority_comes_from_urgency_and_impact() -> None:
    table = {f"{urgency}{impact}": priority_of(urgency, impact) for urgency, impact in product(LEVELS, LEVELS)}
    assert table == {"AA": 1, "AM": 2, "MA": 2, "MM": 3, "AB": 3, "BA": 3, "MB": 4, "BM": 4, "BB": 5}
