"""Where settings come from: a config file, environment variables and flags, in rising order."""

import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from soap_service.config import Settings
from soap_service.errors import InputRefused

PREFIX = "SOAP_SERVICE_"
_LOOPBACK_URL = re.compile(r"http://(localhost|127\.[0-9.]+|\[::1\])(:|/|$)")
#: A line of the file that names a password within the database's address.
_PASSWORD = re.compile(r"^\s*(?:direct_)?database_url\s*=.*(://[^/@\s]*:[^/@\s]+@|password=)", re.MULTILINE)


def load_settings(
    flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ, file: Path | None = None
) -> Settings:
    """Return the settings: those of the file, over them the environment's, over them the flags that are not None.

    Raises: InputRefused for a value or name that does not fit, with where it came from.
    """
    values: dict[str, Any] = {}
    known = {setting.name: setting for setting in fields(Settings)}
    for name, value in _read_file(file).items():
        if name not in known:
            raise InputRefused(name, f"there is no such setting; it stands in {file}")
        values[name] = _typed(known[name], value)
    for name, setting in known.items():
        if (text := environment.get(PREFIX + name.upper())) is not None:
            values[name] = _typed(setting, text)
        if (flag := flags.get(name)) is not None:
            values[name] = _typed(setting, flag)
    return Settings(**values)


def warnings_of(settings: Settings, file: Path | None = None) -> Iterator[str]:
    """Yield a sentence for each setting, or file of settings, that lets strangers see more than they should."""
    if file is not None and _is_told_to_all(file):
        yield f"{file} can be read by every user of this machine, and holds the database's password: chmod 0640 {file}"
    for told, what in (
        (settings.secrets_key_file, "the key of secrets"),
        (settings.oidc_client_secret_file, "a secret"),
    ):
        if told and _is_readable(Path(told)):
            yield f"{told} can be read by every user of this machine, and is {what}: chmod 0640 {told}"
    if settings.public_url.startswith("http:") and not _LOOPBACK_URL.match(settings.public_url):
        yield "public_url is http: passwords, secrets and callers' data cross the network in the clear"


def _is_readable(file: Path) -> bool:
    """Tell whether a file can be read by everybody; not for one that is not there."""
    with suppress(OSError):
        return bool(file.stat().st_mode & stat.S_IROTH)
    return False


def _is_told_to_all(file: Path) -> bool:
    """Tell whether a file with a password can be read by everybody; not for one that is gone meanwhile."""
    with suppress(OSError):
        return _is_readable(file) and _PASSWORD.search(file.read_text("utf-8-sig")) is not None
    return False


def _read_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))  # an editor may have put a byte order mark before it
    except OSError as error:
        raise InputRefused("config", f"{file} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputRefused("config", f"{file} is not valid TOML: {error}") from None


def _typed(setting: Field[Any], value: Any) -> Any:
    """Return a value as its setting's kind; raises InputRefused where that would be a guess (`port = 80.7`)."""
    kind = type(setting.default if setting.default is not MISSING else "")
    if setting.name == "workers" and isinstance(value, int):
        return str(value)
    if kind is str:
        if not isinstance(value, str):
            raise InputRefused(setting.name, "write it in quotes: it is a text")
        return value
    try:
        if isinstance(value, bool) or (kind is int and isinstance(value, float)):
            raise TypeError
        return kind(value)
    except (TypeError, ValueError):
        wanted = "a whole number" if kind is int else "a number"
        raise InputRefused(setting.name, f"{value!r} is not {wanted}") from None
