"""The command requester: who is stored under a document that is read differently today."""

import argparse

from soap_service.cli.commands import (
    Commands,
    add_command,
    add_group,
    add_settings,
    open_store_of,
)


def add_commands(commands: Commands) -> None:
    """Add the command requester and its actions."""
    actions = add_group(commands, "requester", "look after requesters", "check-documents")
    text = "list who is stored under a document that today's rule would read differently, documents masked"
    check = add_command(actions, "check-documents", text, _check_documents, "soap-service requester check-documents")
    add_settings(check, ["database_url"])


def _check_documents(options: argparse.Namespace) -> None:
    """Print a line for each; a document is personal data, so the number and the name have to do."""
    from soap_service.rules.documents import mask_documents

    found = open_store_of(options).requesters.list_misread()
    for one in found:
        reading = f"would be read as {mask_documents(one.reading)}" if one.reading else "came from too short a number"
        other = f", which requester {one.other_id} has" if one.other_id is not None else ""
        print(f"{one.id:<8} {mask_documents(one.document):<8} {reading}{other}: {one.name}")
    print(f"{len(found)} found")
