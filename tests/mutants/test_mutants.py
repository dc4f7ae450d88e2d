"""The changes are such that a test can notice them, and a change that matters is noticed."""

import json
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.__main__ import OUT_OF_TIME, Copy, Known, is_open, report
from tests.mutants.changes import Change, list_changes, statement_lines
from tests.mutants.which_tests import PACKAGES, TYPES, Covering

ROOT = Path(__file__).parents[2]
SOURCE = '''"""A docstring that says 5."""

import logging

log = logging.getLogger(__name__)
LIMIT: int = 3


def is_small(number: int, name: str) -> bool:
    """Return True, or 7."""
    log.warning("seen %d", number + 1)
    if not name and number < LIMIT:
        raise ValueError(f"{number + 1}")
    return number == 2
'''


def test_each_change_is_one_and_leaves_words_alone(tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(SOURCE)
    changes = {(change.line, change.before, change.after) for change in list_changes(tmp_path, "small.py")}
    assert changes == {
        (6, "3", "4"),
        (12, "not name and number < LIMIT", "(not name or number < LIMIT)"),
        (12, "not name and number < LIMIT", "(not name)"),
        (12, "not name", "(name)"),
        (12, "number < LIMIT", "(number <= LIMIT)"),
        (13, 'raise ValueError(f"{number + 1}")', "pass"),
        (14, "return number == 2", "return None"),
        (14, "number == 2", "(number != 2)"),
        (14, "2", "3"),
    }


def test_every_changed_module_is_one_that_python_reads(tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(SOURCE)
    for change in list_changes(tmp_path, "small.py"):
        compile(change.apply(SOURCE.encode()), change.name, "exec")


def test_a_statement_has_its_lines_and_a_block_those_of_its_head() -> None:
    source = b"if (\n    a\n    and b\n):\n    f(\n        1,\n    )\n    g()\n"
    assert [statement_lines(source, line) for line in (2, 6, 8)] == [range(1, 5), range(5, 8), range(8, 9)]


def test_tests_that_run_a_line_and_little_else_come_first(tmp_path: Path) -> None:
    (tmp_path / "soap_service" / "rules").mkdir(parents=True)
    path = "soap_service/rules/small.py"
    (tmp_path / path).write_text(SOURCE)
    wide, narrow, other, case = "t.py::test_wide", "t.py::test_narrow[a]", "t.py::test_other", "t.py::test_narrow[b]"
    seen = {path: {"12": [wide, narrow, case], "14": [wide, other]}, "soap_service/x.py": {"1": [wide], "2": [wide]}}
    (tmp_path / "seen.json").write_text(json.dumps(seen))
    covering = Covering([tmp_path / "seen.json"])
    stages = {change.line: covering.stages_of(tmp_path, change) for change in list_changes(tmp_path, path)}
    assert stages[12] == [[TYPES], [narrow, wide, case]]
    assert stages[14] == [[TYPES], [other, wide]]
    assert stages[6] == [
        [TYPES],
        [narrow, other, wide, case],
    ]  # run by the import: whatever runs something of the module


def test_which_lines_tests_run_is_written_down(tmp_path: Path) -> None:
    with closing(Copy(tmp_path, 0)) as copy:
        copy.cover(Path("tests/rules/test_documents.py"), tmp_path / "seen.json")
    covering = Covering([tmp_path / "seen.json"])
    path = "soap_service/rules/documents.py"
    change = next(one for one in list_changes(ROOT, path) if one.before == "len(digits) == 11")
    _, stage = covering.stages_of(ROOT, change)
    assert stage and all(test.startswith("tests/rules/test_documents.py::") for test in stage)


@pytest.mark.parametrize("package", PACKAGES)
def test_tests_that_are_run_in_processes_exist(package: str) -> None:
    module = next((ROOT / package).glob("*.py"))
    change = Change(str(module.relative_to(ROOT)), 1, 0, 0, "", "", "")
    for stage in Covering([]).stages_of(ROOT, change)[1:]:
        assert [name for name in stage if not (ROOT / name).exists()] == []


@pytest.mark.timeout(300)
def test_a_change_that_matters_is_noticed_and_its_module_restored(tmp_path: Path) -> None:
    path = "soap_service/rules/documents.py"
    change = next(one for one in list_changes(ROOT, path) if one.before == "len(digits) == 11")
    with closing(Copy(tmp_path, 0)) as copy:
        noticed = copy.notice(change, ["tests/rules/test_documents.py"], time.monotonic() + 200)
    assert noticed.startswith("FAILED tests/rules/test_documents.py::")
    assert (copy.root / path).read_bytes() == (ROOT / path).read_bytes()
    known = Known(tmp_path / "known.json")
    known.put(change, noticed)
    assert report([change], known)[1] == 100


@pytest.mark.timeout(300)
def test_a_change_of_types_is_noticed_before_any_test(tmp_path: Path) -> None:
    path = "soap_service/rules/documents.py"
    change = next(one for one in list_changes(ROOT, path) if one.kind == "return")
    with closing(Copy(tmp_path, 0)) as copy:
        noticed = copy.notice(change, [TYPES], time.monotonic() + 200)
        sound = copy.notice(replace(change, after=change.before), [TYPES], time.monotonic() + 200)
    assert (noticed.partition(":")[0], sound) == (TYPES, "")


def test_a_change_that_nothing_notices_is_told(tmp_path: Path) -> None:
    change = next(iter(list_changes(ROOT, "soap_service/rules/documents.py")))
    known = Known(tmp_path / "known.json")
    known.put(change, "")
    text, percent = report([change], known)
    assert percent == 0
    assert f"SURVIVED {change.name}" in text


def test_tests_that_are_too_slow_have_noticed_nothing(tmp_path: Path) -> None:
    change = next(iter(list_changes(ROOT, "soap_service/rules/documents.py")))
    known = Known(tmp_path / "known.json")
    known.put(change, f"{OUT_OF_TIME} after 3600 s")
    text, percent = report([change], known)
    assert percent == 0
    assert is_open(known.get(change))
    assert f"SLOW {change.name}" in text
    assert "SURVIVED" not in text
    known.put(change, "FAILED tests/rules/test_documents.py::test_a")  # the next run
    assert report([change], known)[1] == 100


def test_a_run_that_was_stopped_has_no_share(tmp_path: Path) -> None:
    noticed, undecided = list_changes(ROOT, "soap_service/rules/documents.py")[:2]
    known = Known(tmp_path / "known.json")
    known.put(noticed, "FAILED tests/rules/test_documents.py::test_a")
    text, percent = report([noticed, undecided], known)
    assert percent == 0
    assert "1 of 2 are not decided yet" in text
