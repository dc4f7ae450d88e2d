"""Names of tests are sentences that fit on a line of a report."""

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]
LONGEST = 70


def test_no_name_of_a_test_is_longer_than_a_line_of_a_report() -> None:
    names = {
        f"{file.relative_to(TESTS)}: {node.name}"
        for file in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }
    assert len(names) > 1000
    assert [name for name in sorted(names) if len(name.partition(": ")[2]) > LONGEST] == []


def test_no_two_tests_of_a_file_have_one_name() -> None:
    for file in TESTS.rglob("test_*.py"):
        functions = [node.name for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
        twice = {name for name in functions if functions.count(name) > 1}
        assert not twice, f"{file.relative_to(TESTS)}: the first of two is never run: {twice}"
