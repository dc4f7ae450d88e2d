"""Waiting for what happens, never for a time; a loop of its own; and a port that is free."""

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from soap_service.store import Missing

T = TypeVar("T")


def wait_until(happens: Callable[[], object], seconds: float = 20.0) -> None:
    """Return as soon as it is true; fail the test when it has not become so in time."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.02)


def run_in_own_loop(
    work: Coroutine[object, object, T], new_loop: Callable[[], asyncio.AbstractEventLoop] | None = None
) -> T:
    """Return what it comes to, in a thread of its own: Playwright's loop may run in this one."""

    def run() -> T:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(work)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()


async def run_operation(work: Callable[[], T]) -> T:
    """Return what an operation returns once it has all that it misses, as whoever answers a call runs it."""
    while True:
        try:
            return work()
        except Missing as missing:
            found: asyncio.Future[None] = asyncio.get_running_loop().create_future()

            def go_on(error: Exception | None, found: "asyncio.Future[None]" = found) -> None:
                if found.done():
                    return  # who waited was cancelled
                if error is None:
                    found.set_result(None)
                else:
                    found.set_exception(error)

            missing.find(go_on)
        await found


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
