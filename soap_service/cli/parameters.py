"""The command parameter: the numbered system parameters."""

import argparse

from soap_service.cli.commands import (
    Commands,
    actor,
    add_command,
    add_group,
    add_settings,
    open_store_of,
)


def add_commands(commands: Commands) -> None:
    """Add the command parameter and its actions."""
    actions = add_group(commands, "parameter", "read and set the system parameters 281, 282, 283")
    show = add_command(
        actions, "list", "show every parameter and its value", _list_parameters, "soap-service parameter list"
    )
    get = add_command(
        actions, "get", "print the value of a parameter", _get_parameter, "soap-service parameter get 281"
    )
    change = add_command(
        actions, "set", "save the value of a parameter", _set_parameter, "soap-service parameter set 281 S"
    )
    for parser in (get, change):
        parser.add_argument("id", type=int, help="281, 282 or 283")
    change.add_argument("value", help="S or N; for 283 the id of a service")
    for parser in (show, get, change):
        add_settings(parser, ["database_url"])


def _list_parameters(options: argparse.Namespace) -> None:
    from soap_service.rules.parameters import rule_of

    for parameter_id, value in open_store_of(options).parameters.list_values():
        print(f"{parameter_id}  {value or '-':<6}  {rule_of(parameter_id).text}")


def _get_parameter(options: argparse.Namespace) -> None:
    print(open_store_of(options).parameters.value(options.id))


def _set_parameter(options: argparse.Namespace) -> None:
    value = open_store_of(options).parameters.change(options.id, options.value, actor=actor())
    print(f"{options.id} = {value}")
