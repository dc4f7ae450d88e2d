"""Fixtures for all kinds of tests: a store on a file of its own, and the real service as a process of its own.

The service is the command, in a process that has loaded its modules already (`tests/forks.py`); readiness is asked for,
never slept for. Nothing here is a mock: the database, the server, the SOAP client and the browser are the real ones.
"""

import atexit
import gc
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, settings

from soap_service.rules.credentials import SESSION_COOKIE, cookie_name
from soap_service.store import Store
from tests.compiled import statements_compiled_once
from tests.demonstration import PASSWORD, copy_demo, create_demo_database, drop_demo_template, remove_demo
from tests.forks import Fork, end_loader, run_command, start_command
from tests.memory import use_memory
from tests.one_connection import one_connection_a_thread
from tests.postgres import Postgres, create_database, drop_database
from tests.waiting import free_port, wait_until

pytest_plugins = ["tests.balance", "tests.chromium"]
use_memory()
gc.disable()  # until all is imported
# How long an example of a property takes says how busy the machine is.
settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

NAMESPACE = "urn:soap-service:telefonia:v1"
READY_SECONDS = 60.0
Content = Callable[[Store], object]


def pytest_collection_finish() -> None:
    """Look for garbage seldom, and never among what was imported: looking took a seventh of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def pytest_sessionfinish() -> None:
    end_loader()
    remove_demo()


def envelope(operation: str, **arguments: object) -> bytes:
    """Return a call as plain bytes."""
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in arguments.items())
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<{operation} xmlns="{NAMESPACE}">{inner}</{operation}></e:Body></e:Envelope>'
    ).encode()


@dataclass
class Service:
    """A running service: where it listens, its data, its log file, and commands on the same database."""

    url: str
    data: Path
    process: "Fork | subprocess.Popen[bytes]"
    database_url: str
    verify: ssl.SSLContext | bool = True

    @property
    def endpoint(self) -> str:
        return f"{self.url}/soap"

    @property
    def session_cookie(self) -> str:
        """The name of the cookie of a log-in, where the service is reached."""
        return cookie_name(SESSION_COOKIE, self.url.startswith("https:"))

    @property
    def log(self) -> str:
        return (self.data / "service.log").read_text("utf-8")

    @cached_property
    def store(self) -> Store:
        """A second store on the service's own database, for looking at what it did."""
        return Store(self.database_url)

    def command(self, *arguments: str, stdin: str = "") -> str:
        """Run soap-service on the same database and return what it printed; it must succeed."""
        done = run_command(*arguments, "--database-url", self.database_url, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def call(self, operation: str, **arguments: object) -> str:
        """Call an operation with plain bytes and return the answering envelope."""
        content = envelope(operation, **arguments)
        return self.client.post(self.endpoint, content=content, headers={"Content-Type": "text/xml"}).text

    @cached_property
    def client(self) -> httpx.Client:
        """One client for all calls: a new one reads the machine's certificates, which takes 30 ms."""
        return httpx.Client(verify=self.verify, timeout=30, limits=httpx.Limits(max_connections=100))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        for held in ("store", "client"):
            if held in self.__dict__:
                self.__dict__.pop(held).close()
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(15)


def start_service(
    data: Path,
    *flags: str,
    port: int = 0,
    database_url: str = "",
    wrapper: Sequence[str] = (),
    is_plain: bool = True,
    is_first: bool = False,
    **environment: str,
) -> Service:
    """Start the demonstration on a folder or database and a free port, and return when it is ready.

    A plain one has the sample data alone, so that tests know each row. A first start makes its own database; any other
    gets a copy of a plain one where it has none.
    A `wrapper` is a command that runs the service: it exits with the service's status.
    """
    port = port or free_port()
    database_url = database_url or f"sqlite:///{data / 'soap-service.db'}"
    arguments = ["demo", "--data", str(data), "--port", str(port), *flags]
    arguments += [*(["--plain"] if is_plain else []), "--database-url", database_url]
    settings = {"SOAP_SERVICE_DEMO_PASSWORD": PASSWORD, "PYTHONUNBUFFERED": "1", **environment}
    data.mkdir(exist_ok=True)
    if is_plain and not is_first:
        copy_demo(data, database_url)
    with (data / "service.log").open("ab") as log:
        if wrapper:
            command = [*wrapper, sys.executable, "-m", "soap_service", *arguments]
            process: Fork | subprocess.Popen[bytes] = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **settings}
            )
        else:
            process = start_command(arguments, stdout=log, stderr=log, **settings)
    atexit.register(process.kill)  # nothing outlives the run, however it ends
    service = Service(f"http://127.0.0.1:{port}", data, process, database_url)
    with httpx.Client() as client:  # not the service's own, which stays open: a test may kill it and not stop it
        wait_until(lambda: _is_ready(service, client), READY_SECONDS)
    return service


def element(envelope: str, name: str) -> str:
    """Return the text of the first element of that local name in an envelope."""
    found = re.search(rf"<(?:\w+:)?{name}>([^<]*)<", envelope)
    assert found, f"no {name} in {envelope}"
    return found[1]


@pytest.fixture(scope="session", autouse=True)
def compiled_statements() -> Iterator[None]:
    with statements_compiled_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def held_connections() -> Iterator[None]:
    with one_connection_a_thread():
        yield


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The demonstration, shared by the tests that only ask."""
    service = start_service(tmp_path_factory.mktemp("shared"))
    yield service
    assert service.stop() == 0, service.log
    assert "Traceback" not in service.log, service.log


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server in which databases can be made."""
    if given := os.environ.get("TEST_POSTGRESQL_URL"):
        yield given
        drop_demo_template(given)
        return
    server = Postgres()
    yield server.url
    server.close()


@pytest.fixture(scope="session")
def template(postgres_url: str) -> Iterator[str]:
    """The name of an empty database with the newest schema."""
    url = create_database(postgres_url)
    store = Store(url)
    store.schema.upgrade()
    store.close()
    yield url.rpartition("/")[2]
    drop_database(postgres_url, url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty database with the newest schema."""
    file = tmp_path_factory.mktemp("template") / "store.db"
    store = Store(f"sqlite:///{file}")
    store.schema.upgrade()
    store.close()
    return file


@pytest.fixture
def content() -> Content | None:
    """What is written into a test's database before it begins; nothing, but where tests have a world of their own."""
    return None


@pytest.fixture(scope="session")
def sqlite_templates(sqlite_template: Path) -> Callable[[Content | None], Path]:
    """Make the file of a database with some content, once for each."""

    @cache
    def make(content: Content | None) -> Path:
        if content is None:
            return sqlite_template
        file = sqlite_template.with_name(f"{content.__name__}.db")
        shutil.copy(sqlite_template, file)
        _write(content, f"sqlite:///{file}")
        return file

    return make


@pytest.fixture(scope="session")
def templates(postgres_url: str, template: str) -> Iterator[Callable[[Content | None], str]]:
    """Make a database on PostgreSQL with some content, once for each, and return its name."""
    made: dict[Content, str] = {}

    def make(content: Content | None) -> str:
        if content is None:
            return template
        if content not in made:
            made[content] = create_database(postgres_url, template)
            _write(content, made[content])
        return made[content].rpartition("/")[2]

    yield make
    for url in made.values():
        drop_database(postgres_url, url)


def _write(content: Content, url: str) -> None:
    store = Store(url)
    content(store)
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, content: Content | None) -> Iterator[str]:
    """A database of the test's own, of each kind: a copy of one with its content, which costs less than writing it."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_templates")(content)
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'store.db')}"
        return
    server = request.getfixturevalue("postgres_url")
    url = create_database(server, request.getfixturevalue("templates")(content))
    yield url
    drop_database(server, url)


@pytest.fixture
def postgresql_database_url(postgres_url: str, template: str) -> Iterator[str]:
    """An empty database of the test's own on PostgreSQL."""
    url = create_database(postgres_url, template)
    yield url
    drop_database(postgres_url, url)


@pytest.fixture(params=["sqlite", "postgresql"])
def demo_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The database of a demonstration, the test's own, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'soap-service.db'}"  # copied when the service is started there
    else:
        yield request.getfixturevalue("postgresql_demo_url")


@pytest.fixture
def postgresql_demo_url(postgres_url: str) -> Iterator[str]:
    """The database of a demonstration, the test's own, on PostgreSQL."""
    url = create_demo_database(postgres_url)
    yield url
    drop_database(postgres_url, url)


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    """A store on a database of its own, of each kind."""
    store = Store(database_url, key_file=None if database_url.startswith("sqlite") else tmp_path / "store.db-key")
    yield store
    store.close()


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Service]:
    """A demonstration of the test's own, for what changes it; on SQLite."""
    service = start_service(tmp_path)
    yield service
    service.stop()
    assert "Traceback" not in service.log, service.log


def _is_ready(service: Service, client: httpx.Client) -> bool:
    assert service.process.poll() is None, service.log
    try:
        return client.get(f"{service.url}/readyz").status_code == 200
    except httpx.TransportError:
        return False
