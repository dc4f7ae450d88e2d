"""The tables of ASVS name files that are there, and the counts said of them are theirs."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "asvs.md").read_text("utf-8")
SECURITY = (ROOT / "docs" / "security.md").read_text("utf-8")
IS = ("met", "not met", "not applicable")
#: How many requirements of the levels 1 and 2 ASVS 5.0.0 has.
LEVELS = {"1": 70, "2": 183}


def rows() -> list[list[str]]:
    """Return the cells of the tables of all chapters."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line[:1] == "|"]
    return [row for row in cells if len(row) == 5 and row[0][0].isdigit()]


def test_every_requirement_has_one_row() -> None:
    assert Counter(row[1] for row in rows()) == LEVELS
    numbers = [row[0] for row in rows()]
    assert len(numbers) == len(set(numbers))
    assert {row[3] for row in rows()} == set(IS)


def test_the_counts_are_those_of_the_tables() -> None:
    said = Counter(row[3] for row in rows())
    met, missing = said["met"], said["not met"]
    prose = " ".join(PAGE.split())
    assert f"Of {len(rows())} requirements {met + missing} are applicable here and **{met} are met**" in prose
    assert f", {missing} are not." in prose
    assert f"{met} of the {met + missing} applicable requirements are met" in " ".join(SECURITY.split())
    for chapter, of_met, of_all in re.findall(r"^## V(\d+) .*: (\d+) of (\d+)$", PAGE, re.MULTILINE):
        mine = Counter(row[3] for row in rows() if row[0].split(".")[0] == chapter)
        assert (mine["met"], mine["met"] + mine["not met"]) == (int(of_met), int(of_all)), chapter


def test_the_list_of_gaps_is_that_of_the_tables() -> None:
    listed = PAGE.split("## What is not met")[1].split("\n## ")[0]
    assert re.findall(r"^\| (\d[\d.]*) ", listed, re.MULTILINE) == [row[0] for row in rows() if row[3] == "not met"]


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"`([\w./-]+/[\w./-]+|[\w-]+\.(?:py|md|cfg|toml))`", PAGE + SECURITY))
    assert len(named) > 100
    for path in named:
        assert (ROOT / path).exists() or (ROOT / "soap_service" / path).exists(), path


def test_what_is_met_says_by_what() -> None:
    for number, _, _, state, by in rows():
        assert by and (state != "met" or "`" in by or "none" in by or "no " in by), number
