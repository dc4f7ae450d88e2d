"""Runs pytest again and again in forks of one process, which has loaded the libraries but nothing of this project.

Started by tests.mutants in a copy of the tree. Each line of the input is a JSON list: pytest's arguments and the file
for what it prints; each line of the output is the exit status, or -1 for a run that did not end in time.
"""

import json
import os
import signal
import sys
import time
from contextlib import suppress
from importlib import import_module

LIBRARIES = (
    "pytest",
    "hypothesis",
    "sqlalchemy.orm",
    "alembic.command",
    "psycopg",
    "werkzeug.test",
    "jinja2",
    "httpx",
    "lxml.etree",
    "babel.dates",
    "holidays",
    "argon2",
    "uvicorn",
    "playwright.sync_api",
)


def run(arguments: list[str], output: str, seconds: float) -> int:
    child = os.fork()
    if child == 0:
        os.setsid()
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        import pytest

        status = int(pytest.main(arguments))
        sys.stdout.flush()
        os._exit(status)
    deadline, parent = time.monotonic() + seconds, os.getppid()
    while time.monotonic() < deadline and os.getppid() == parent:  # with the one who asked all ends
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            _kill(child)  # services that a test had started and left
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    _kill(child)
    os.waitpid(child, 0)
    return -1


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def main() -> None:
    for name in LIBRARIES:
        import_module(name)
    assert "soap_service" not in sys.modules
    for line in sys.stdin:
        arguments, output, seconds = json.loads(line)
        print(run(arguments, output, seconds), flush=True)


if __name__ == "__main__":
    main()
