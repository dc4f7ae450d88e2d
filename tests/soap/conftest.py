"""The demonstration on either database, shared by the tests that only ask."""

from collections.abc import Iterator

import pytest

from tests.conftest import Service, start_service
from tests.demonstration import create_demo_database
from tests.postgres import drop_database
from tests.soap.wire import Connection


@pytest.fixture(scope="session")
def postgresql_service(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    url = create_demo_database(postgres_url)
    service = start_service(tmp_path_factory.mktemp("postgresql"), database_url=url)
    yield service
    assert service.stop() == 0, service.log
    assert "Traceback" not in service.log, service.log
    drop_database(postgres_url, url)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def either_service(request: pytest.FixtureRequest) -> Service:
    """The service on each database."""
    name = "service" if request.param == "sqlite" else "postgresql_service"
    service: Service = request.getfixturevalue(name)
    return service


@pytest.fixture(autouse=True)
def somebody_else(request: pytest.FixtureRequest) -> Iterator[None]:
    """A client beside the test's own: answers are gathered only where several are connected."""
    found = [name for name in ("either_service", "service") if name in request.fixturenames]
    if not found:
        yield
        return
    with Connection(request.getfixturevalue(found[0])):
        yield
