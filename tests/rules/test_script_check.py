"""`make check` reads the scripts: each kind of mistake that no browser test may happen upon is refused."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OXLINT = Path(sys.prefix) / "bin" / "oxlint"
MISTAKES = {
    "eslint(no-undef)": "export const a = () => adress.href;",
    "eslint(no-unused-vars)": "const forgotten = 1;",
    "eslint(no-global-assign)": "export const c = () => (window = null);",
    "eslint(eqeqeq)": "export const d = (x) => x == 1;",
    "import(named)": 'import { nobody } from "./ticks.js";\nexport const e = () => nobody();',
    "import(no-cycle)": 'import "./second.js";',
    "eslint(no-const-assign)": "const f = 1;\nexport const g = () => (f = 2);",
    "eslint(no-shadow)": "const h = 1;\nexport const i = (h) => h;\nexport const j = () => h;",
    "eslint(no-console)": "export const k = () => console.log(1);",
}


def check(scripts: Path) -> subprocess.CompletedProcess[str]:
    command = [OXLINT, "--config", ROOT / "oxlint.json", "--deny-warnings", "--quiet", scripts]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("rule", MISTAKES)
def test_a_mistake_in_a_script_is_refused(tmp_path: Path, rule: str) -> None:
    shutil.copytree(ROOT / "soap_service" / "static", tmp_path / "static")
    (tmp_path / "static" / "live" / "first.js").write_text(MISTAKES[rule] + "\n")
    (tmp_path / "static" / "live" / "second.js").write_text('import "./first.js";\n')
    found = check(tmp_path / "static")
    assert found.returncode != 0
    assert rule in found.stdout


def test_the_scripts_pass() -> None:
    found = check(ROOT / "soap_service" / "static")
    assert found.returncode == 0, found.stdout
    assert found.stdout.count("Found 0 warnings and 0 errors") == 1
