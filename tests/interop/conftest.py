"""Two demonstrations for the client stacks, one of which asks for credentials, and the table printed at the end.

INTEROP_REQUIRED=1 (`make interop`) fails a stack that is not installed, else it is named as not run.
INTEROP_REPORT=FILE keeps the table in a document.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Service, start_service
from tests.interop.report import Report

REPORT = Report()
USER = "interop"


@dataclass(frozen=True)
class Secured:
    """A service that knows its callers by HTTP Basic alone."""

    service: Service
    user: str
    secret: str


@pytest.fixture(scope="session")
def open_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A demonstration on which nobody has registered an extension."""
    service = start_service(tmp_path_factory.mktemp("open"))
    yield service
    service.stop()
    assert "Traceback" not in service.log, service.log


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A demonstration whose only integration has a secret; with two extensions, none is the only one."""
    service = start_service(tmp_path_factory.mktemp("secured"))
    for login, number in (("atendente", "9001"), ("consulta", "9002")):
        service.store.extensions.register(service.store.staff.find_agent(login).id, number)
    service.command("integration", "revoke", "demonstracao")
    secret = service.command("integration", "add", USER).rpartition(": ")[2].strip()
    yield Secured(service, USER, secret)
    service.stop()
    assert "Traceback" not in service.log, service.log


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, and what was not run."""
    if not (REPORT.outcomes or REPORT.not_run):
        return
    terminalreporter.section("interop: client stacks against the real service")
    terminalreporter.write(REPORT.table())
    for name, reason in REPORT.not_run.items():
        terminalreporter.write_line(f"NOT RUN: {name}: {reason}; `make interop` installs it", yellow=True)
    if (document := os.environ.get("INTEROP_REPORT")) and REPORT.outcomes:
        REPORT.keep_in(Path(document))
