"""The commands `person export`, `person erase` and `purge`: what the law asks for. docs/privacy.md describes them."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from soap_service.cli.commands import Commands, actor, add_command, add_group, add_settings, open_store_and_settings
from soap_service.cli.tables import written
from soap_service.errors import ContactNotFound, InputRefused, InvalidDocument, RequesterNotFound
from soap_service.rules.documents import normalise_document

if TYPE_CHECKING:
    from soap_service.store import Erased, Store

#: What an erasure leaves, and why it may. Source: Lei 13.709/2018 (LGPD), articles 12 and 16.
KEPT = (
    "kept, without the person (LGPD, art. 12 and 16): numbers, services, situations, dates and deadlines of requests, "
    "times of calls, and counts; what the law makes you keep of the person, keep outside of this program"
)
_BACKUPS = "backups made before still hold the person: restore leaves them out, from the list beside the database"
_NOBODY = "nobody has that document, and no call or text names it"


def add_commands(commands: Commands) -> None:
    """Add the commands person export, person erase and purge."""
    actions = add_group(commands, "person", "export or erase all that is kept about one person", "export -")
    text = "write all that is kept about a person, as JSON or as a text to read"
    export = add_command(actions, "export", text, _export, "soap-service person export -")
    export.add_argument("--format", choices=("json", "text"), default="json", help="default json")
    export.add_argument("--output", type=Path, metavar="FILE", help="the file; else standard output")
    text = "erase a person: what is known of them goes, counts and deadlines stay; there is no way back"
    example = "soap-service person erase - --yes < document.txt"
    erase = add_command(actions, "erase", text, _erase, example)
    text = "erase this contact of theirs alone: the number that the export has, and the address of the contact's page"
    erase.add_argument("--contact", type=int, metavar="NUMBER", help=text)
    erase.add_argument("--yes", action="store_true", help="do not ask")
    for parser in (export, erase):
        text = "CPF or CNPJ; - reads it from standard input, so that it stands in no list of processes and no history"
        parser.add_argument("document", metavar="DOCUMENT", help=text)
    add_settings(export, ["database_url", "time_zone"])
    add_settings(erase, ["database_url"])
    text = "take away what the settings keep no longer, as the service does every night"
    purge = add_command(commands, "purge", text, _purge, "soap-service purge --dry-run")
    purge.add_argument("--dry-run", action="store_true", help="say how many of each it would be, change nothing")
    days = ["calls_days", "unknown_documents_days", "finished_requests_days", "refusals_days"]
    add_settings(purge, ["database_url", *days])


def _purge(options: argparse.Namespace) -> None:
    from soap_service.keepers.retention import retention_of

    store, settings = open_store_and_settings(options)
    kept = retention_of(settings)
    purged = store.retention.count(kept) if options.dry_run else store.retention.purge(kept)
    for name, count in vars(purged).items():
        days = getattr(kept, name)
        print(f"{name.replace('_', ' '):<18} {f'{count} older than {days} days' if days else 'kept for ever'}")
    print("dry run: nothing was changed" if options.dry_run else f"{purged.total} rows purged")


def _document_of(options: argparse.Namespace) -> str:
    typed = sys.stdin.readline().strip() if options.document == "-" else options.document
    try:
        return normalise_document(typed)
    except InvalidDocument:
        raise InputRefused("document", "it is no CPF or CNPJ") from None


def _export(options: argparse.Namespace) -> None:
    from soap_service.store import write_text

    document = _document_of(options)
    store, settings = open_store_and_settings(options)
    with _telling_of_nobody():
        found = store.person_exports.export_document(document, settings.zone)
    is_text = options.format == "text"
    with written(options.output) as stream:
        stream.write(write_text(found) if is_text else json.dumps(found, ensure_ascii=False, indent=2) + "\n")


def _erase(options: argparse.Namespace) -> None:
    document = _document_of(options)
    store, _ = open_store_and_settings(options)
    with _telling_of_nobody():
        if options.contact is not None:
            _erase_contact(options, store, document)
            return
        if not options.yes:
            _ask(store.erasures.count(document), options.document == "-")
        erased = store.erasures.erase_document(document, actor())
    print(_told(erased))
    if erased.has_changed:
        print(KEPT)
        print(_BACKUPS)


def _erase_contact(options: argparse.Namespace, store: "Store", document: str) -> None:
    try:
        requester_id = store.requesters.find(document).id
        contact = store.people.find_contact(requester_id, options.contact)
        if not options.yes:
            _confirm(f"the contact {contact.name}", options.document == "-")
        erased = store.erasures.erase_contact(requester_id, contact.id, actor())
    except ContactNotFound:
        raise InputRefused("contact", "who has that document has no contact with that number") from None
    if not erased.has_changed:
        print("the contact was erased already; nothing was left to do")
        return
    print(
        f"contact erased: {erased.requests} requests and {erased.calls} calls name nobody of theirs now; "
        f"{erased.texts + erased.other_texts} texts changed"
    )
    print(_BACKUPS)


@contextmanager
def _telling_of_nobody() -> Iterator[None]:
    try:
        yield
    except RequesterNotFound:
        raise InputRefused("document", _NOBODY) from None


def _ask(found: "Erased", is_read: bool) -> None:
    """Ask whether to go on, with what there is; raises InputRefused for any other answer than yes."""
    counts = f"{found.requests} requests, {found.calls} calls, {found.contacts} contacts"
    print(f"Of this person there are {counts}.", flush=True)
    _confirm("the person", is_read)


def _confirm(whom: str, is_read: bool) -> None:
    """Ask whether to erase somebody; raises InputRefused for any other answer than yes."""
    if is_read and not sys.stdin.isatty():
        raise InputRefused("yes", "the document comes from standard input, so nobody can be asked: add --yes")
    if input(f"This cannot be taken back. Erase {whom}? Type yes: ").strip().lower() not in ("yes", "sim"):
        raise InputRefused("person", "nothing was erased")


def _told(erased: "Erased") -> str:
    if not erased.has_changed:
        return "the person was erased already; nothing was left to do"
    return (
        f"person erased: {erased.requests} requests, {erased.calls} calls and {erased.contacts} contacts "
        f"name nobody now; {erased.texts} texts of theirs and {erased.other_texts} of others changed"
    )
