"""Waiting for what happens, never for a time; and a port that is free."""

import socket
import time
from collections.abc import Callable


def wait_until(happens: Callable[[], object], seconds: float = 10.0) -> None:
    """Return as soon as it is true; fail the test when it has not become so in time."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.02)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
