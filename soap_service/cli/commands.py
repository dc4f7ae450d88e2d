"""What every command is made of: its help and example, its settings, its store, and who runs it."""

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from soap_service.config import Settings
from soap_service.config_sources import PREFIX, load_settings
from soap_service.errors import InputRefused

if TYPE_CHECKING:
    from soap_service.store import Store

Command = Callable[[argparse.Namespace], None]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
_open_stores: "list[Store]" = []


def add_command(commands: Commands, name: str, text: str, run: Command, example: str) -> argparse.ArgumentParser:
    """Add a command with its help, its example and what it runs."""
    parser = commands.add_parser(name, **_described(text, example))
    parser.set_defaults(command=run)
    return parser


def _described(text: str, example: str) -> dict[str, Any]:
    """Return a command's help, with an example that no line end breaks: it can be copied."""
    return {
        "help": text,
        "description": f"{text[0].upper()}{text[1:]}.",
        "epilog": f"Example: {example}",
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }


def add_group(commands: Commands, name: str, text: str, example: str = "list") -> Commands:
    """Add a command that has actions."""
    parser = commands.add_parser(name, **_described(text, f"soap-service {name} {example}"))
    return parser.add_subparsers(required=True, metavar="ACTION")


def add_settings(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """Add the flags of settings, and where else they can come from."""
    parser.add_argument("--config", type=Path, help=f"TOML file with settings ({PREFIX}CONFIG)")
    for setting in fields(Settings):
        if setting.name in names:
            flag = "--" + setting.name.replace("_", "-")
            default = f"; default {setting.default}" if setting.default not in ("", None) else ""
            text = f"{setting.metadata['help']} ({PREFIX}{setting.name.upper()}{default})"
            parser.add_argument(flag, dest=setting.name, help=text.replace("%", "%%"))


def settings_of(options: argparse.Namespace) -> Settings:
    """Return the settings that a command was given; raises InputRefused."""
    return load_settings(vars(options), os.environ, config_of(options))


def config_of(options: argparse.Namespace) -> Path | None:
    """Return the file of settings that a command was told to read, if any."""
    file = options.config or os.environ.get(PREFIX + "CONFIG")
    return Path(file) if file else None


def open_store_of(options: argparse.Namespace, create: bool = False) -> "Store":
    """Return the store, brought up to this program; a file that is not there is made only by what begins a desk."""
    from soap_service.store import open_store

    return _to_be_closed(open_store(settings_of(options), create))


def open_store_and_settings(options: argparse.Namespace) -> "tuple[Store, Settings]":
    """Return the store, brought up to this program, with the settings."""
    from soap_service.store import open_store

    settings = settings_of(options)
    return _to_be_closed(open_store(settings, create=False)), settings


def store_as_it_is(options: argparse.Namespace) -> "Store":
    """Return the store without looking at its schema."""
    from soap_service.store import Store

    settings = settings_of(options)
    return _to_be_closed(
        Store(settings.database_url, key_file=settings.secret_key, direct_url=settings.direct_database_url)
    )


def _to_be_closed(store: "Store") -> "Store":
    _open_stores.append(store)
    return store


def close_stores() -> None:
    """Close what commands have opened: what was noted for the audit is written then."""
    while _open_stores:
        _open_stores.pop().close()


def actor() -> str:
    """Return who changes something, as the history names them."""
    return f"{user()} (soap-service)"


def user() -> str:
    """Return the name of who runs the command."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # KeyError until Python 3.12
        return f"uid {os.getuid()}"


def check_name(key: str, name: str, longest: int, unwanted: str = "") -> None:
    """Raise InputRefused for a name that the administration's screens would not take either."""
    if not name or name != " ".join(name.split()) or not name.isprintable():
        raise InputRefused(key, "write it in one line, not empty, with single blanks at most between words")
    if len(name) > longest:
        raise InputRefused(key, f"it is longer than {longest} characters")
    if any(character in unwanted for character in name):
        raise InputRefused(key, f"write it without any of these: {' '.join(unwanted).strip()} or a blank")


def check_groups(store: "Store", names: Sequence[str]) -> None:
    """Raise InputRefused for a group that there is not: no command lists groups."""
    for unknown in set(names) - {group.name for group in store.staff.list_groups()}:
        made = "groups are made on the screen Administração or by `agent add --executor-group`"
        raise InputRefused("group", f"there is no {unknown}; {made}")
