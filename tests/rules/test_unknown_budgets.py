"""The budget of an hour: what is usual, what is counted once, what is answered beyond it."""

from datetime import UTC, datetime, timedelta

import pytest

from soap_service.rules.documents import documents_to_look_up, written_forms
from soap_service.rules.unknown_budgets import LEAST_AN_HOUR, UnknownBudget, budget_of, hash_asked, hour_of

HOUR = datetime(2026, 11, 27, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def learned(counted: int = 0, most: int = LEAST_AN_HOUR, per_minute: float = 36_000, **told: bool) -> UnknownBudget:
    budget = UnknownBudget(1, per_minute)
    budget.learn(HOUR, counted, most, b"key", told.get("is_enforced", True))
    return budget


def days(*busiest: int) -> list[tuple[datetime, int]]:
    """Return hours of days: quiet ones, and one with that number."""
    return [(HOUR - DAY * day - timedelta(hours=hour), 3) for day in range(len(busiest)) for hour in (1, 2)] + [
        (HOUR - DAY * day, unknown) for day, unknown in enumerate(busiest, 1)
    ]


@pytest.mark.parametrize(
    ("busiest", "budget"),
    [
        ((), LEAST_AN_HOUR),
        ((40,) * 14, LEAST_AN_HOUR),
        ((1000,) * 4, LEAST_AN_HOUR),  # not usual yet
        ((1000,) * 5, 2000),
        ((900, 5, 1000, 1100, 5, 1200, 1000, 5), 1800),
        ((36_000, 36_000, 100, 100, 100, 100), LEAST_AN_HOUR),  # an attack of two days teaches nothing
    ],
)
def test_a_budget_is_twice_the_usual_and_at_least_220(busiest: tuple[int, ...], budget: int) -> None:
    assert budget_of(days(*busiest)) == budget


def test_who_stays_just_below_the_limit_doubles_it_in_five_days_only() -> None:
    history: list[int] = []
    budgets = []
    for _ in range(11):
        budgets.append(budget_of(days(*history[-14:])))
        history.append(budgets[-1])
    assert budgets == [220] * 5 + [440] * 5 + [880]


def test_a_large_honest_share_is_not_limited_and_36_000_tries_are() -> None:
    honest, attack = learned(most=2000), learned(most=2000)
    for number in range(1500):
        honest.note_unknown(f"{number:011}")
    assert not honest.is_over
    answered = 0
    for number in range(36_000):
        if not attack.is_over:
            attack.note_unknown(f"{number:011}")
            answered += 1
    assert answered == 2000


def test_the_same_document_counts_once_an_hour() -> None:
    budget = learned(counted=LEAST_AN_HOUR - 2)
    for _ in range(5):
        budget.note_unknown("11144477735")
    assert not budget.is_over
    budget.learn(HOUR + timedelta(hours=1), LEAST_AN_HOUR - 1, LEAST_AN_HOUR, b"key", is_enforced=True)
    budget.note_unknown("11144477735")
    assert budget.is_over


def test_documents_and_numbers_share_a_budget() -> None:
    budget = learned(counted=LEAST_AN_HOUR - 3)
    for asked in ("00000000955", 955):
        budget.note_unknown(asked)
    assert not budget.is_over
    budget.note_unknown((955, "00000000955"))
    assert budget.is_over


def test_what_another_node_counted_counts_and_an_older_read_does_not() -> None:
    budget = learned(counted=100)
    budget.learn(HOUR, LEAST_AN_HOUR, LEAST_AN_HOUR, b"key", is_enforced=True)
    assert budget.is_over
    budget.learn(HOUR, 100, LEAST_AN_HOUR, b"key", is_enforced=True)
    assert budget.is_over
    budget.learn(HOUR + timedelta(hours=1), 0, LEAST_AN_HOUR, b"key", is_enforced=True)
    assert not budget.is_over


def test_what_could_not_be_written_is_still_counted() -> None:
    budget = learned(counted=LEAST_AN_HOUR - 2)
    budget.note_unknown("1")
    assert budget.begin_writing() == 1
    budget.note_unknown("2")
    assert budget.is_over
    budget.end_writing(HOUR, None)
    assert budget.is_over
    assert budget.begin_writing() == 2
    budget.end_writing(HOUR, LEAST_AN_HOUR)
    assert (budget.is_over, budget.begin_writing()) == (True, 0)


@pytest.mark.parametrize("is_enforced", [True, False])
def test_much_that_may_pass_a_limit_is_written_at_once(is_enforced: bool) -> None:
    woken: list[bool] = []
    budget = UnknownBudget(1, 36_000, lambda: woken.append(True))
    budget.learn(HOUR, 0, LEAST_AN_HOUR, b"key", is_enforced)
    for number in range(19):
        budget.note_unknown(number)
    assert not woken
    budget.note_unknown(19)
    assert bool(woken) == is_enforced


def test_an_empty_desk_and_a_rate_of_0_are_not_limited() -> None:
    budget = learned(counted=36_000, is_enforced=False)
    budget.note_unknown("11144477735")
    assert not budget.is_over


def test_the_rate_of_a_process_limits_too() -> None:
    budget = learned(per_minute=3)
    for number in range(3):
        assert not budget.is_over
        budget.note_unknown(number)
    assert budget.is_over


def test_what_was_told_is_known_before_it_is_written() -> None:
    budget = learned()
    budget.answered.add("11144477735")
    assert budget.take_answered() == ["11144477735"]
    assert budget.was_told("11144477735")
    assert not budget.was_told("52998224725")
    assert budget.take_answered() == []


def test_hashes_tell_integrations_and_kinds_apart() -> None:
    hashes = {hash_asked(key, one, asked) for key in (b"a", b"b") for one in (1, 2) for asked in (955, "955")}
    assert len(hashes) == 8
    assert learned().hash(955) == hash_asked(b"key", 1, 955)


def test_an_hour_begins_at_minute_0() -> None:
    assert hour_of(HOUR + timedelta(minutes=59, seconds=59, microseconds=9)) == HOUR


@pytest.mark.parametrize("document", ["11144477735", "00022233000140", "11222333000181"])
def test_all_that_is_looked_up_as_a_document_is_a_written_form_of_it(document: str) -> None:
    forms = list(written_forms(document))
    assert document in forms
    asked = {document, f"000{document}"[:14], document.removeprefix("000")}
    assert {one for one in asked if len(one) in (11, 14) and document in documents_to_look_up(one)} <= set(forms)
