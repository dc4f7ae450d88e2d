"""The service on each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Service, start_service


@pytest.fixture
def own_service(tmp_path: Path, demo_database_url: str) -> Iterator[Service]:
    """A demonstration of the test's own, for what changes it; once on each kind of database."""
    service = start_service(tmp_path, database_url=demo_database_url)
    yield service
    service.stop()
    assert "Traceback" not in service.log, service.log
