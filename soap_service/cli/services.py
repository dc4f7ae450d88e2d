"""The command service: what requests are opened for."""

import argparse

from soap_service.cli.commands import (
    Commands,
    actor,
    add_command,
    add_group,
    add_settings,
    check_groups,
    check_name,
    open_store_of,
)


def add_commands(commands: Commands) -> None:
    """Add the command service and its actions."""
    actions = add_group(commands, "service", "add and list the services that requests are opened for")
    show = add_command(
        actions, "list", "show every active service with its id", _list_services, "soap-service service list"
    )
    example = "soap-service service add 'Falha em estação' --group SDNIVEL1 --sla-minutes 480 --contract CONTRATO01"
    add = add_command(actions, "add", "add a service", _add_one_service, example)
    add.add_argument("name", help="the service's name")
    add.add_argument("--group", required=True, help="the group that executes its requests")
    add.add_argument("--kind", choices=("incidente", "requisição"), default="requisição", help="default requisição")
    add.add_argument("--sla-minutes", type=int, help="working minutes until the deadline; without, there is none")
    add.add_argument("--contract", default="", help="the contract its requests belong to")
    for parser in (show, add):
        add_settings(parser, ["database_url"])


def _list_services(options: argparse.Namespace) -> None:
    for service in open_store_of(options).catalogue.list_services():
        sla = f"{service.sla_minutes} min" if service.sla_minutes else "no deadline"
        print(f"{service.id:<6} {service.kind:<11} {service.group.name:<20} {sla:<12} {service.name}")


def _add_one_service(options: argparse.Namespace) -> None:
    check_name("name", options.name, 200)
    if options.contract:
        check_name("contract", options.contract, 200)
    store = open_store_of(options)
    check_groups(store, [options.group])
    given = (options.name, options.kind, options.group, options.sla_minutes, options.contract)
    service = store.catalogue.add_service(*given, actor=actor())
    print(f"service {service.id} added: {service.name}")
