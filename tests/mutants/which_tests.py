"""What is run for a changed line until it is noticed: the check of types, tests that run it and little else, others."""

import hashlib
import json
from collections import defaultdict
from pathlib import Path

from tests.mutants.changes import Change, statement_lines

PACKAGES = (
    "soap_service/rules",
    "soap_service/storage",
    "soap_service/soap",
    "soap_service/live",
    "soap_service/screens",
)
#: Folders whose tests run the product in their own process, where it can be seen which lines they run.
FOLDERS = ("tests/rules", "tests/store", "tests/soap", "tests/live", "tests/screens")
#: By package: tests that start the service as a process of its own, for what those above do not notice.
_PROCESSES = {
    "soap_service/rules": (),
    "soap_service/storage": ("tests/service/test_damaged_rows.py", "tests/service/test_database_outages.py"),
    "soap_service/soap": (
        "tests/soap",
        "tests/service/test_admission.py",
        "tests/service/test_refusals.py",
        "tests/service/test_call_log.py",
        "tests/service/test_failures.py",
    ),
    "soap_service/live": ("tests/service/test_stream.py", "tests/live"),
    "soap_service/screens": ("tests/service/test_log_in_floods.py",),
}
#: These look at the text of the code, at what is installed, or at the clock of the machine: no word on behaviour.
LEFT_OUT = (
    "tests/rules/test_readme.py",
    "tests/rules/test_script_check.py",
    "tests/rules/test_spyne_compat.py",
)
#: The stage of the types, which the suite checks before it runs a test.
TYPES = "mypy"
#: How many tests are tried at first, for every change, and how many of the others when these notice nothing.
_FIRST, _MOST = 60, 150


def package_of(path: str) -> str:
    """Return the package of a module, as the report counts it."""
    return next(package for package in PACKAGES if path.startswith(f"{package}/"))


class Covering:
    """Which tests run which lines: read from what `tests.mutants.covering` wrote."""

    def __init__(self, files: list[Path]) -> None:
        self._breadth: dict[str, int] = {}
        self._tests: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for file in files:
            for module, lines in json.loads(file.read_text()).items():
                for line, tests in lines.items():
                    self._tests[module][int(line)] |= set(tests)
                    for test in tests:
                        self._breadth[test] = self._breadth.get(test, 0) + 1

    def stages_of(self, root: Path, change: Change) -> list[list[str]]:
        """Return what is given to pytest for a change, one stage after the other.

        A line that is run when its module is imported belongs to no test: all tests that run something of the module
        are tried. Where none does, a process of its own may; then come all the tests that there are.
        """
        module = self._tests[change.path]
        lines = statement_lines((root / change.path).read_bytes(), change.line)
        running = set[str]().union(*(module[line] for line in lines if line in module)) or set().union(*module.values())
        ordered = self._in_order(running or set(self._breadth))
        quick = [test for test in ordered if "postgresql" not in test][:_FIRST]
        others = [test for test in ordered if test not in set(quick)][:_MOST]
        processes = list(_PROCESSES[package_of(change.path)])
        stages = [[TYPES], *([quick, others, processes] if running else [processes, quick, others])]
        return [stage for stage in stages if stage]

    def _in_order(self, tests: set[str]) -> list[str]:
        """Order tests as they are worth trying: first those that run little else, and one case of each function."""
        cases: dict[str, int] = defaultdict(int)
        ranked = []
        for test in sorted(tests, key=lambda test: (self._breadth[test], test)):
            function = test.partition("[")[0]
            ranked.append((cases[function], self._breadth[test], test))
            cases[function] += 1
        return [test for _, _, test in sorted(ranked)]


def covering_name(root: Path, test_file: Path) -> str:
    """Return the name under which is kept which lines a file of tests runs: another for any other product or file."""
    digest = hashlib.sha256(test_file.read_bytes())
    for module in sorted((root / "soap_service").rglob("*.py")):
        digest.update(module.read_bytes())
    return f"{test_file.stem}-{digest.hexdigest()[:16]}.json"
