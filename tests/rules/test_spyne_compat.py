"""Spyne imports on every Python, whichever module of ours is imported first."""

import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "soap_service"
USERS = sorted(
    ".".join(path.relative_to(SOURCES).with_suffix("").parts)
    for path in SOURCES.rglob("*.py")
    if "from spyne" in path.read_text("utf-8")
)


@pytest.mark.parametrize("module", USERS)
def test_a_module_that_uses_spyne_can_be_imported_first(module: str) -> None:
    command = [sys.executable, "-W", "error::ImportWarning", "-c", f"import soap_service.{module}"]
    subprocess.run(command, check=True, timeout=60)


def test_there_are_modules_to_check() -> None:
    assert {"services", "soap.message", "soap.writer", "soap.wsdl"} <= set(USERS)
