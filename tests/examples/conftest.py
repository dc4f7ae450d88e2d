"""The demonstration that the kits call, and a line at the end for each kit: run, or why not."""

import os
import sys
from collections.abc import Callable

import pytest

from tests.interop.conftest import secured
from tests.interop.stacks import OLD, needs_old

__all__ = ["secured"]

#: Kit and what came of it, for the summary.
KITS: dict[str, str] = {}
#: The Pythons that kits of the standard library alone run under: command, and what tells that it is missing.
PYTHONS: dict[str, tuple[str, Callable[[], str]]] = {
    "this Python": (sys.executable, lambda: ""),
    "Python 3.9": (str(OLD / "python3"), needs_old("python3")),
}


def require(kit: str, missing: Callable[[], str]) -> None:
    """Go on when a kit's platform is installed; else name it, and fail where all are required."""
    if absent := missing():
        KITS[kit] = f"NOT RUN: {absent} is missing; `make interop` installs it"
        if os.environ.get("INTEROP_REQUIRED"):
            pytest.fail(f"{kit}: {absent} is missing")
        pytest.skip(f"{kit}: {absent} is missing; `make interop` installs it")
    KITS.setdefault(kit, "run")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every kit."""
    if KITS:
        terminalreporter.section("kits of examples/ against the real service")
        for kit, outcome in KITS.items():
            terminalreporter.write_line(f"{kit:<22} {outcome}", yellow=outcome != "run")
