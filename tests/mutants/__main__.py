"""Make small changes to the code, one at a time, and tell which of them no test notices.

    python -m tests.mutants [--count 300] [--seed 1] [--processes 2] [--minutes 120] [PACKAGE_OR_MODULE ...]

It works in copies of the tree under var/mutants, never in the tree itself. What is known of a change is kept in
var/mutants/known.json, and is not tried again as long as its module and the tests stay as they are: a run that was
stopped goes on where it was. Ends with an error below 92 %.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.changes import Change, list_changes
from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.which_tests import FOLDERS, LEFT_OUT, TYPES, Covering, covering_name, package_of
from tests.postgres import Postgres

ROOT = Path(__file__).parents[2]
WHERE = ROOT / "var" / "mutants"
PACKAGES = (
    "soap_service/rules",
    "soap_service/storage",
    "soap_service/soap",
    "soap_service/live",
    "soap_service/screens/access.py",
)
LEAST_PERCENT = 92
#: A stage that takes longer is given up; so is a test.
STAGE_SECONDS, TEST_SECONDS = 1200, 90
#: How the outcome begins of a change whose tests were too slow: on a busy machine that does not say that one noticed
#: it. Such a change counts among those that were not noticed, is reported apart, and is tried again by the next run.
OUT_OF_TIME = "out of time"


def choose(parts: list[str], count: int, seed: int) -> list[Change]:
    """Return changes drawn from every module, each with the share that its size gives it, and at least one."""
    modules = sorted(str(found.relative_to(ROOT)) for part in parts for found in _modules(ROOT / part))
    changes = {module: list_changes(ROOT, module) for module in modules}
    total = sum(map(len, changes.values()))
    drawn = []
    for module, possible in changes.items():
        dice = random.Random(f"{seed} {module}")  # a module's changes do not depend on which others are drawn
        share = max(1, round(count * len(possible) / total))
        drawn += dice.sample(possible, min(share, len(possible)))
    return drawn


def _modules(part: Path) -> list[Path]:
    return [part] if part.is_file() else sorted(part.rglob("*.py"))


class Copy:
    """A copy of the tree in which one change at a time is made and its tests are run."""

    def __init__(self, folder: Path, number: int) -> None:
        self.root = folder / f"copy{number}"
        self._sound: set[str] = set()
        self._unsound: list[str] = []
        shutil.rmtree(self.root, ignore_errors=True)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)
        if (checked := ROOT / ".mypy_cache").exists():  # what mypy knows already
            shutil.copytree(checked, self.root / checked.name)
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.root),  # for the services that tests start, too
            "PYTHONDONTWRITEBYTECODE": "",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self.root / "hypothesis"),
        }
        self._runner = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(ROOT / "tests" / "mutants" / "runner.py")],
            cwd=self.root,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        self._runner.communicate(timeout=60)

    def cover(self, test_file: Path, output: Path) -> None:
        """Write which lines the tests of a file run."""
        recording = output.with_suffix(".recording")
        self._pytest(["-p", "tests.mutants.covering", "--covering", str(recording), str(test_file)], STAGE_SECONDS)
        recording.rename(output)

    def notice(self, change: Change, stage: list[str], deadline: float) -> str:
        """Return which test of a stage noticed the change; empty if none did, OUT_OF_TIME if one was too slow to tell.

        Raises TimeoutError at the deadline.
        """
        file = self.root / change.path
        source = file.read_bytes()
        while True:
            _write(file, change.apply(source))
            try:
                failed = self._run(stage, deadline)
            finally:
                _write(file, source)
            if not failed or failed.startswith(OUT_OF_TIME) or self._is_sound(failed, deadline):
                return failed

    def _is_sound(self, failed: str, deadline: float) -> bool:
        """Tell whether the test passes without the change; one that does not is asked no more."""
        test = failed.partition(" ")[2]
        if not test.startswith("tests/") or test in self._sound:
            return True
        if self._run([test], deadline):
            print(f"fails by itself: {test}", flush=True)
            self._unsound.append(test)
            return False
        self._sound.add(test)
        return True

    def _run(self, stage: list[str], deadline: float) -> str:
        """Run tests until one fails, or check types; return what failed."""
        if stage == [TYPES]:
            return self._check_types()
        left_out = [f"--ignore={name}" for name in LEFT_OUT] + [f"--deselect={name}" for name in self._unsound]
        seconds = min(STAGE_SECONDS, max(1.0, deadline - time.monotonic()))
        status, told = self._pytest(["-x", "-r", "fE", *left_out, *stage], seconds)
        if status == -1 and time.monotonic() >= deadline:
            raise TimeoutError
        if status == -1:
            return f"{OUT_OF_TIME} after {STAGE_SECONDS} s"
        if status in (0, 5):  # passed, or none of the tests is chosen
            return ""
        lines = [line for line in told if line.startswith(("FAILED", "ERROR", "ImportError while loading conftest"))]
        if not lines:
            raise RuntimeError("pytest could not run: " + "\n".join(told[-20:]))
        test, _, reason = lines[0].partition(" - ")
        return f"{OUT_OF_TIME}: {test}" if reason.startswith("Failed: Timeout") else test

    def _check_types(self) -> str:
        """Return what mypy says first, if anything; what it knows of the other modules is kept."""
        told = subprocess.run(
            [sys.executable, "-m", "mypy", "--no-error-summary"], cwd=self.root, capture_output=True, text=True
        )
        return f"{TYPES}: {told.stdout.splitlines()[0]}" if told.returncode == 1 else ""

    def _pytest(self, arguments: list[str], seconds: float) -> tuple[int, list[str]]:
        """Run pytest; return its status, -1 for one that did not end in time, and the lines that it printed."""
        plain = ["-n", "0", "-p", "no:cacheprovider", "--tb=no", "-W", "ignore:Module already imported"]
        output = self.root.with_suffix(".txt")
        assert self._runner.stdin is not None and self._runner.stdout is not None
        command = [[*plain, f"--timeout={TEST_SECONDS}", *arguments], str(output), seconds]
        print(json.dumps(command), file=self._runner.stdin, flush=True)
        status = int(self._runner.stdout.readline())
        return status, output.read_text(errors="replace").splitlines()


def _write(file: Path, source: bytes) -> None:
    """Write a module, a second later than before: changes of one second and size look the same to Python and mypy."""
    later = int(file.stat().st_mtime) + 1
    file.write_bytes(source)
    os.utime(file, (later, later))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("parts", nargs="*", default=list(PACKAGES), metavar="PACKAGE_OR_MODULE")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=240)
    parser.add_argument("--folder", type=Path, default=WHERE)
    given = parser.parse_args()
    changes = choose([part.rstrip("/") for part in given.parts], given.count, given.seed)
    given.folder = given.folder.resolve()
    given.folder.mkdir(parents=True, exist_ok=True)
    known = Known(given.folder / "known.json")
    unknown = [change for change in changes if is_open(known.get(change))]
    if unknown:
        server = Postgres()
        os.environ["TEST_POSTGRESQL_URL"] = server.url
        copies = [Copy(given.folder, number) for number in range(given.processes)]
        try:
            covering = _cover(given.folder / "covering", copies)
            _try_all(unknown, known, covering, copies, given.minutes * 60)
        finally:
            for copy in copies:
                copy.close()
            server.close()
    text, percent = report(changes, known)
    (given.folder / "report.txt").write_text(text)
    print(text)
    return 0 if percent >= LEAST_PERCENT else 1


def _cover(folder: Path, copies: list[Copy]) -> Covering:
    """Find out which tests run which lines, file by file; what is known of a file and product is kept."""
    folder.mkdir(exist_ok=True)
    files = sorted(found for name in FOLDERS for found in (ROOT / name).glob("test_*.py"))
    wanted = {folder / covering_name(ROOT, file): file.relative_to(ROOT) for file in files}
    free = _queue(copies)

    def cover(output: Path) -> None:
        copy = free.get()
        try:
            copy.cover(wanted[output], output)
            print(f"seen     {wanted[output]}", flush=True)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        list(pool.map(cover, (output for output in wanted if not output.exists())))
    return Covering(list(wanted))


def _queue(copies: list[Copy]) -> SimpleQueue[Copy]:
    free: SimpleQueue[Copy] = SimpleQueue()
    for copy in copies:
        free.put(copy)
    return free


def _try_all(changes: list[Change], known: "Known", covering: Covering, copies: list[Copy], seconds: float) -> None:
    """Run the quickest tests for every change, then the next stage for those that these did not notice, and so on."""
    deadline = time.monotonic() + seconds
    free = _queue(copies)

    def try_one(change: Change, stages: list[list[str]]) -> bool:
        stage, is_last = stages[0], len(stages) == 1
        copy = free.get()
        try:
            if time.monotonic() >= deadline:
                return False
            noticed = copy.notice(change, stage, deadline)
        except TimeoutError:
            return False
        finally:
            free.put(copy)
        word = "noticed " if noticed and not is_open(noticed) else "slow    " if noticed else "passed  "
        print(f"{'SURVIVED' if is_last and not noticed else word} {change.name}  {noticed}", flush=True)
        if noticed or is_last:
            known.put(change, noticed)
        return not noticed

    left = {change: covering.stages_of(ROOT, change) for change in changes}
    left = dict(sorted(left.items(), key=lambda found: "::" not in found[1][1][0]))  # those in their own process last
    with ThreadPoolExecutor(len(copies)) as pool:
        while left:
            tried = pool.map(try_one, left.keys(), left.values())
            left = {
                change: stages[1:]
                for (change, stages), passed in zip(left.items(), list(tried), strict=True)
                if passed and len(stages) > 1
            }


def is_open(outcome: str | None) -> bool:
    """Tell whether a change is still to be tried: it never was, or its tests were too slow to tell."""
    return outcome is None or outcome.startswith(OUT_OF_TIME)


class Known:
    """What came of changes in runs before; forgotten when the module or the tests that noticed nothing have changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._outcomes: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        tests = sorted((ROOT / "tests").rglob("*.py"))
        self._tests = hashlib.sha256(b"".join(found.read_bytes() for found in tests)).hexdigest()[:12]

    def get(self, change: Change) -> str | None:
        return self._outcomes.get(self._key(change, "")) or self._outcomes.get(self._key(change, self._tests))

    def put(self, change: Change, noticed: str) -> None:
        is_noticed = noticed and not is_open(noticed)
        self._outcomes[self._key(change, "" if is_noticed else self._tests)] = noticed
        self._file.write_text(json.dumps(self._outcomes, indent=0))

    def _key(self, change: Change, tests: str) -> str:
        module = hashlib.sha256((ROOT / change.path).read_bytes()).hexdigest()[:12]
        return f"{module} {tests} {change.start} {change.name}"


def report(changes: list[Change], known: Known) -> tuple[str, float]:
    """Return the figures by package with the survivors, and the share that was noticed of those that matter.

    The share is 0 while changes are undecided.
    """
    lines = [f"{'package':<28}{'tried':>7}{'noticed':>9}{'by types':>10}{'equal':>7}{'slow':>6}{'share':>8}"]
    totals = [0, 0]
    survivors, slow = [], []
    for package in dict.fromkeys(package_of(change.path) for change in changes):
        outcomes = {change: known.get(change) for change in changes if package_of(change.path) == package}
        tried = {change: outcome for change, outcome in outcomes.items() if outcome is not None}
        equal = [change for change, outcome in tried.items() if not outcome and change.what in EQUIVALENT]
        noticed = [change for change, outcome in tried.items() if outcome and not is_open(outcome)]
        typed = sum((outcome or "").startswith(f"{TYPES}:") for outcome in tried.values())
        late = [change for change, outcome in tried.items() if outcome and is_open(outcome)]
        slow += late
        survivors += [change for change, outcome in tried.items() if not outcome and change not in equal]
        matter = len(tried) - len(equal)
        lines.append(
            f"{package:<28}{len(tried):>7}{len(noticed):>9}{typed:>10}{len(equal):>7}{len(late):>6}"
            f"{_percent(len(noticed), matter):>7.0f}%"
        )
        totals = [totals[0] + matter, totals[1] + len(noticed)]
    share = _percent(totals[1], totals[0])
    lines.append(f"{totals[1]} of {totals[0]} that matter were noticed: {share:.1f} %")
    undecided = sum(known.get(change) is None for change in changes)
    if undecided:  # the quick tests are run for all changes first: those decided so far are those that were noticed
        lines.append(f"{undecided} of {len(changes)} are not decided yet: the share is too high")
    lines += [f"SURVIVED {change.name}  ({change.kind})" for change in survivors]
    lines += [f"SLOW {change.name}  ({known.get(change)})" for change in slow]
    return "\n".join(lines), 0.0 if undecided else share


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 100.0


if __name__ == "__main__":
    sys.exit(main())
