"""The soap-service command: arguments to settings and to the store. Imports the service only where it is run."""

import argparse
import logging
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib import import_module

from soap_service import __version__
from soap_service.cli.commands import close_stores, user
from soap_service.cli.sentences import tell_failure
from soap_service.errors import InputRefused, SoapServiceError
from soap_service.rules.auditing import Actor, ActorKind, acting

#: The modules of commands, in the order of the help; only that of the command which is given is imported.
FAMILIES: Mapping[str, Collection[str]] = {
    "running": ("demo", "serve", "wsdl"),
    "parameters": ("parameter",),
    "agents": ("agent",),
    "services": ("service",),
    "integrations": ("integration",),
    "requesters": ("requester",),
    "databases": ("db", "backup", "restore"),
    "tables": ("import", "export"),
    "audit": ("audit",),
    "people": ("person", "purge"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 after a sentence on standard error that says what to do."""
    given = sys.argv[1:] if arguments is None else arguments
    logging.getLogger("soap_service").addHandler(logging.NullHandler())  # the sentence says it; servers log, too
    try:
        _check_encoding(given)
        options = _parser(_families(given)).parse_args(given, argparse.Namespace(arguments=given))
        with acting(Actor(ActorKind.COMMAND, user())):
            try:
                options.command(options)
            finally:
                close_stores()
        print(end="", flush=True)  # so that what cannot be written is told here and not at the exit
    except KeyboardInterrupt:
        return 130
    except (SoapServiceError, OSError) as error:
        tell_failure(error)
        return 1
    return 0


def _check_encoding(arguments: Sequence[str]) -> None:
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise InputRefused(ascii(argument), "it is not UTF-8") from None


def _families(arguments: Sequence[str]) -> Collection[str]:
    """Return the modules that can read these arguments: all of them for the help, or for a command that is none."""
    first = arguments[0] if arguments else ""
    if first == "--version":
        return ()
    return [family for family, names in FAMILIES.items() if first in names] or FAMILIES


def _parser(families: Collection[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="soap-service",
        description="Telephony gateway of a service desk: four SOAP web services and the agents' screens.",
        epilog="Example: soap-service demo    (then open http://127.0.0.1:8000/)",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    for family in families:
        import_module(f"soap_service.cli.{family}").add_commands(commands)
    return parser
