"""README's tables are those of the code."""

import re
from dataclasses import fields
from pathlib import Path

from soap_service.config import Settings
from soap_service.rules.glossary import GLOSSARY
from soap_service.soap.faults import FAULTS, INTERNAL_ERROR

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, without backticks."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_the_settings_are_those_of_the_class() -> None:
    expected = [[s.name, str(s.default), s.metadata["help"]] for s in fields(Settings)]
    assert table("Settings") == expected


def test_the_fault_codes_are_those_of_the_endpoint() -> None:
    raised = {(code, faultcode) for faultcode, code, _ in FAULTS.values() if code} | {(INTERNAL_ERROR, "Server")}
    assert {(row[0], row[1]) for row in table("Fault codes")} == raised


def test_the_words_are_those_of_the_glossary() -> None:
    assert {row[0]: row[1] for row in table("Words")} == GLOSSARY


def test_the_glossary_holds_together_with_the_code() -> None:
    sources = "\n".join(
        path.read_text("utf-8").lower() for path in (Path(__file__).parents[2] / "soap_service").rglob("*.py")
    )
    for english in GLOSSARY.values():
        assert re.search(rf"\b{english.replace(' ', '[ _]')}", sources), english


def test_faultstrings_are_within_latin_1() -> None:
    for _, _, sentence in FAULTS.values():
        sentence.encode("latin-1")
