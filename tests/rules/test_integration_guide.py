"""The integration guide speaks of every fault code, every situation and every delivery state."""

from pathlib import Path

import pytest

import soap_service
from soap_service.model import Notice
from soap_service.rules.situations import SITUATION_LABELS, Situation
from soap_service.soap.faults import FAULTS, INTERNAL_ERROR

GUIDE = Path(soap_service.__file__).with_name("static").joinpath("integration-guide.md").read_text("utf-8")
CODES = {code for _, code, _ in FAULTS.values() if code} | {INTERNAL_ERROR}


@pytest.mark.parametrize("word", sorted(CODES | {str(notice) for notice in Notice}))
def test_the_guide_says_what_to_do(word: str) -> None:
    assert f"`{word}`" in GUIDE


@pytest.mark.parametrize("situation", Situation)
def test_the_guide_names_every_situation(situation: Situation) -> None:
    assert f"*{SITUATION_LABELS[situation]}*" in GUIDE
