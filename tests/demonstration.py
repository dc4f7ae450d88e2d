"""A plain demonstration as its first start leaves it, made once and copied: most tests begin after that start.

The agents' password is hashed at the least cost that argon2 knows: a real hash, which a real log-in verifies. What a
hash costs is the subject of tests/rules/test_credentials.py and tests/service/test_log_in_floods.py.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy import make_url, update

from soap_service.config import Settings
from soap_service.demo import PASSWORD_VARIABLE, prepare_demo
from soap_service.model import Agent
from soap_service.store import open_store
from tests.postgres import create_database, drop_database

PASSWORD = "senha-de-teste"
_DATABASE, _PASSWORD_FILE = "soap-service.db", "password"
#: The database to copy, by server, and the names of its copies.
_templates: dict[str, str] = {}
_copies: set[str] = set()


@cache
def cheap_hash(password: str) -> str:
    """Return a hash of the password that takes no time to verify."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


def create_demo_database(server_url: str) -> str:
    """Create a database on a PostgreSQL server, as a demonstration's first start leaves it; return its URL."""
    if server_url not in _templates:
        url = create_database(server_url)
        with tempfile.TemporaryDirectory() as folder:
            _fill(url, Path(folder))
        _templates[server_url] = url
    url = create_database(server_url, str(make_url(_templates[server_url]).database))
    _copies.add(str(make_url(url).database))
    return url


def drop_demo_template(server_url: str) -> None:
    """Drop what `create_demo_database` copies, from a server that stays."""
    if url := _templates.pop(server_url, ""):
        drop_database(server_url, url)


def copy_demo(folder: Path, database_url: str) -> None:
    """Prepare the folder of a start: the password of a database that is such a copy; both where there is neither."""
    file = folder / _DATABASE
    if file.exists() or (folder / _PASSWORD_FILE).exists():
        return
    is_new = database_url == f"sqlite:///{file}"
    if is_new:
        shutil.copy(_made() / _DATABASE, file)
    if is_new or make_url(database_url).database in _copies:
        shutil.copy(_made() / _PASSWORD_FILE, folder)


def remove_demo() -> None:
    """Remove what `copy_demo` copies: a worker of the tests ends without its exit functions."""
    if _made.cache_info().currsize:
        shutil.rmtree(_made(), ignore_errors=True)
        _made.cache_clear()


@cache
def _made() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="soap-demonstration-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _fill(f"sqlite:///{folder / _DATABASE}", folder)
    return folder


def _fill(database_url: str, folder: Path) -> None:
    """Do what the first start does to a database and the folder beside it."""
    store = open_store(Settings(database_url=database_url))
    prepare_demo(store, folder, {PASSWORD_VARIABLE: PASSWORD}, is_plain=True)
    with store._database.writing() as session:
        session.execute(update(Agent).values(password_hash=cheap_hash(PASSWORD)))
    store.close()
