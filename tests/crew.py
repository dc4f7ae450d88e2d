"""A service of several workers, as `serve --workers` starts it, and its processes."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import READY_SECONDS, Service
from tests.postgres import list_family
from tests.waiting import free_port, wait_until

WORKERS = 2


def start_workers(data: Path, database_url: str, *flags: str) -> Service:
    """Start a service of two workers, and return when each is ready."""
    port = free_port()
    command = [sys.executable, "-m", "soap_service", "serve", "--database-url", database_url, "--port", str(port)]
    (data / "temporary").mkdir()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": str(data / "temporary")}
    with (data / "service.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--workers", str(WORKERS), *flags], stdout=log, stderr=log, env=environment
        )
    service = Service(f"http://127.0.0.1:{port}", data, process, database_url)
    wait_until(lambda: "listens at" in service.log or process.poll() is not None, READY_SECONDS)
    assert process.poll() is None, service.log
    return service


def workers_of(service: Service) -> set[int]:
    """Return the processes of a service's workers."""
    return set(list_family(service.process.pid)[1:])
