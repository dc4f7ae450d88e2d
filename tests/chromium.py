"""The one Chromium of a test session, for whatever test or proof wants a real browser."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--host-resolver-rules=MAP desk.example 127.0.0.1",  # a host that a browser does not trust without HTTPS
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str:
    """Return the program; it is installed when there is none."""
    script = Path(__file__).parent / "browser" / "find-chromium.sh"
    found = subprocess.run(
        ["sh", str(script)], env={**os.environ, "VENV": sys.prefix}, capture_output=True, text=True, timeout=600
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.split()[-1]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a real browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
