"""The commands db, backup and restore."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from soap_service.cli.commands import (
    Commands,
    add_command,
    add_group,
    add_settings,
    open_store_of,
    store_as_it_is,
)
from soap_service.errors import InputRefused

if TYPE_CHECKING:
    from soap_service.store import Restored


def add_commands(commands: Commands) -> None:
    """Add the commands db, backup and restore."""
    actions = add_group(commands, "db", "bring the database up or down, and check it", "check")
    upgrade = add_command(actions, "upgrade", "bring it up to this program", _upgrade, "soap-service db upgrade")
    downgrade = add_command(
        actions,
        "downgrade",
        "take it back to an earlier schema, before an older program is started",
        _downgrade,
        "soap-service db downgrade 0001",
    )
    downgrade.add_argument("version", help="the schema to go back to; `base` removes every table")
    check = add_command(
        actions, "check", "say whether it is sound; exit status 1 if not", _check, "soap-service db check"
    )
    example = "soap-service backup desk.db"
    back_up = add_command(commands, "backup", "write the data to a file, while the service runs", _back_up, example)
    restore = add_command(commands, "restore", "read the data from a backup", _restore, "soap-service restore desk.db")
    for parser in (back_up, restore):
        parser.add_argument("file", type=Path, metavar="FILE", help="the backup: one file, of either kind of database")
    restore.add_argument("--replace", action="store_true", help="delete what is in the database")
    text = "who was erased since: a list (FILE-erasures) or a newer backup; those beside database and backup are read"
    restore.add_argument("--erasures", type=Path, metavar="FILE", help=text)
    for parser in (upgrade, downgrade, check, back_up):
        add_settings(parser, ["database_url"])
    add_settings(restore, ["database_url", "secrets_key_file"])


def _upgrade(options: argparse.Namespace) -> None:
    print(f"schema {open_store_of(options, create=True).schema.version()}")


def _downgrade(options: argparse.Namespace) -> None:
    store = store_as_it_is(options)
    store.schema.downgrade(options.version)
    print(f"schema {store.schema.version() or 'base'}")


def _check(options: argparse.Namespace) -> None:
    problems = store_as_it_is(options).schema.problems()
    if problems:
        raise InputRefused("database", "; ".join(problems))
    print("the database is sound")


def _back_up(options: argparse.Namespace) -> None:
    rows = store_as_it_is(options).backups.back_up(options.file)
    print(f"{rows} rows written to {options.file}")


def _restore(options: argparse.Namespace) -> None:
    store = store_as_it_is(options)
    restored = store.backups.restore(options.file, options.replace, options.erasures)
    print(f"{restored.rows} rows read from {options.file}; log-ins are not among them: everybody logs in again")
    for sentence in _what_comes_back(restored):
        print(sentence)
    if unreadable := store.second_factors.list_unreadable():
        file = store.second_factors.secret_key.file or "the file that secrets_key_file names (it is not set)"
        print(
            f"agents whose codes cannot be checked: {', '.join(agent.login for agent in unreadable)}; "
            f"put the key of the backup's database back as {file}, or let them in by the password alone: "
            "soap-service agent reset-second-factor --unreadable"
        )


def _what_comes_back(restored: "Restored") -> Iterator[str]:
    """Yield what an administrator should look at after a restore."""
    named = "revoked or unknown here before" if restored.had_data else "as in the backup"
    if restored.reopened:
        yield f"integrations that may call again ({named}): {', '.join(restored.reopened)}"
    if restored.passwords:
        yield f"agents whose password is that of the backup again: {', '.join(restored.passwords)}"
    if not restored.has_list:
        yield (
            "no list of erased people newer than the backup was found: who was erased since is back; "
            "restore again with --replace --erasures FILE if there is one"
        )
    elif restored.newest is not None:
        yield f"erased people: the newest of the list on {restored.newest:%Y-%m-%d}; {restored.erased} erased again"
    if restored.without_key:
        yield (
            f"{restored.without_key} erased people of the list cannot be recognised, their key is missing: "
            "restore again with --erasures and the newest backup"
        )
