"""The command integration: the telephony platforms that may call."""

import argparse

from soap_service.cli.commands import (
    Commands,
    actor,
    add_command,
    add_group,
    add_settings,
    check_name,
    open_store_of,
)
from soap_service.errors import InputRefused
from soap_service.language import LANGUAGES, SOURCE_LANGUAGE


def add_commands(commands: Commands) -> None:
    """Add the command integration and its actions."""
    actions = add_group(commands, "integration", "add, list and revoke the telephony platforms that may call")
    example = "soap-service integration list"
    show = add_command(actions, "list", "show every platform that may call", _list_integrations, example)
    example = "soap-service integration add pbx-matriz --operations novaSolicitacao,visualizarSolicitacao"
    add = add_command(actions, "add", "add a platform and print its secret, this once", _add_one_integration, example)
    example = "soap-service integration revoke pbx-matriz"
    revoke = add_command(actions, "revoke", "refuse a platform from now on", _revoke_integration, example)
    example = "soap-service integration language pbx-miami es"
    language = add_command(
        actions, "language", "choose the language of its receipts and faults", _set_language, example
    )
    for parser in (add, revoke, language):
        parser.add_argument("name", help="the platform's name: its user in HTTP Basic")
    add.add_argument("--addresses", default="", help="networks it may call from, comma separated: 10.1.0.0/16,::1")
    add.add_argument("--no-secret", action="store_true", help="know it by its addresses alone")
    add.add_argument("--operations", default="", help="operations it may call, comma separated; default all")
    text = "language of its receipts and faults; default %(default)s"
    add.add_argument("--language", choices=LANGUAGES, default=SOURCE_LANGUAGE, help=text)
    language.add_argument("language", choices=LANGUAGES, help="the language")
    for parser in (show, add, revoke, language):
        add_settings(parser, ["database_url"])


def _list_integrations(options: argparse.Namespace) -> None:
    for integration in open_store_of(options).integrations.list_all(include_revoked=True):
        how = "addresses" if integration.secret_hash is None else "secret"
        state = "revoked" if integration.revoked_at else "active"
        print(
            f"{integration.name:<24} {state:<8} {how:<10} from {integration.addresses or 'anywhere'}; "
            f"{integration.operations or 'all operations'}; {integration.language}"
        )


def _add_one_integration(options: argparse.Namespace) -> None:
    from soap_service.rules.credentials import clean_networks, make_secret
    from soap_service.services import list_descriptors, make_application

    check_name("name", options.name, 60, unwanted=" :\"'")  # a colon ends the user in HTTP Basic: RFC 7617
    addresses = clean_networks(options.addresses)
    if options.no_secret and not addresses:
        raise InputRefused("addresses", "a platform without a secret needs --addresses")
    operations = options.operations.replace(",", " ").split()
    published = list_descriptors(make_application())
    for unknown in set(operations) - set(published):
        raise InputRefused("operations", f"{unknown} is none of {', '.join(sorted(published))}")
    secret = None if options.no_secret else make_secret()
    open_store_of(options).integrations.add(
        options.name,
        secret.salt if secret else None,
        secret.digest if secret else None,
        addresses,
        " ".join(operations),
        options.language,
        actor(),
    )
    print(f"integration {options.name} added")
    if secret:
        print(f"secret, shown this once: {secret.text}")


def _revoke_integration(options: argparse.Namespace) -> None:
    open_store_of(options).integrations.revoke(options.name, actor())
    print(f"integration {options.name} revoked")


def _set_language(options: argparse.Namespace) -> None:
    open_store_of(options).integrations.set_language(options.name, options.language, actor())
    print(f"integration {options.name} is answered in {options.language}")
