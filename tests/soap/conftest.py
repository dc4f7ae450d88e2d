"""The demonstration on either database, shared by the tests that only ask."""

from collections.abc import Iterator

import pytest

from tests.conftest import Service, start_service
from tests.postgres import create_database, drop_database


@pytest.fixture(scope="session")
def postgresql_service(postgres_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    url = create_database(postgres_url, template)
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
