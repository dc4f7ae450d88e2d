"""The command agent: who logs in."""

import argparse
import sys
from contextlib import suppress
from dataclasses import replace

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
from soap_service.errors import AlreadyExists, InputRefused
from soap_service.rules.passwords import SHORTEST_PASSWORD, check_new_password
from soap_service.rules.roles import Role


def add_commands(commands: Commands) -> None:
    """Add the command agent and its actions."""
    actions = add_group(commands, "agent", "add, change, disable and list the agents who log in")
    show = add_command(actions, "list", "show every agent", _list_agents, "soap-service agent list")
    example = "soap-service agent add maria --name 'Maria Lima' --group SDNIVEL1"
    rule = f"at least {SHORTEST_PASSWORD} characters, not easy to guess, asked for or read from standard input"
    add = add_command(actions, "add", f"add an agent; the password: {rule}", _add_one_agent, example)
    example = "soap-service agent password maria"
    password = add_command(
        actions, "password", f"give an agent a new password ({rule}) and end their log-ins", _set_password, example
    )
    text = "give an agent another name, role or groups, or let them log in again; what is not given stays"
    change = add_command(
        actions, "change", text, _change_agent, "soap-service agent change maria --role supervisor --add-group SDNIVEL2"
    )
    example = "soap-service agent disable maria"
    disable = add_command(actions, "disable", "refuse an agent from now on", _disable_agent, example)
    example = "soap-service agent reset-second-factor maria"
    text = "let agents log in by their password alone who have lost phone and recovery codes; their log-ins end"
    reset = add_command(actions, "reset-second-factor", text, _reset_second_factors, example)
    reset.add_argument("login", nargs="*", help="the name an agent logs in with")
    text = "those whose codes cannot be checked, since the key of secrets is lost"
    reset.add_argument("--unreadable", action="store_true", help=text)
    text = "let the agent keep this password; without it they choose their own at the next log-in"
    for parser in (add, password):
        parser.add_argument("--permanent", action="store_true", help=text)
    for parser in (add, change, password, disable):
        parser.add_argument("login", help="the name the agent logs in with")
    add.add_argument("--name", required=True, help="the name that others see")
    add.add_argument("--group", action="append", default=[], help="a group the agent belongs to; may be repeated")
    add.add_argument(
        "--executor-group", action="append", default=[], help="as --group; made, allowed to execute, if it is new"
    )
    text = f"what the agent may do: {', '.join(Role)}; default %(default)s"
    add.add_argument("--role", choices=[*Role], metavar="ROLE", type=Role, default=Role.AGENT, help=text)
    text = "the same as --role administrator"
    add.add_argument("--admin", dest="role", action="store_const", const=Role.ADMINISTRATOR, help=text)
    change.add_argument("--name", help="the name that others see")
    change.add_argument("--role", choices=[*Role], metavar="ROLE", type=Role, help=f"one of {', '.join(Role)}")
    text = "a group the agent belongs to; may be repeated; all other groups are left"
    change.add_argument("--group", action="append", metavar="GROUP", help=text)
    text = "a group the agent belongs to as well; may be repeated"
    change.add_argument("--add-group", action="append", default=[], metavar="GROUP", help=text)
    text = "a group that the agent leaves; may be repeated"
    change.add_argument("--remove-group", action="append", default=[], metavar="GROUP", help=text)
    change.add_argument("--enable", action="store_true", help="let an agent who was disabled log in again")
    for parser in (show, add, change, password, disable):
        add_settings(parser, ["database_url"])
    add_settings(reset, ["database_url", "secrets_key_file"])


def _list_agents(options: argparse.Namespace) -> None:
    for agent in open_store_of(options).staff.list_agents():
        state = "" if agent.is_active else "disabled"
        groups = ",".join(group.name for group in agent.groups)
        print(f"{agent.login:<20} {agent.role:<13} {groups or '-':<20} {agent.name}  {state}".rstrip())


def _add_one_agent(options: argparse.Namespace) -> None:
    from soap_service.rules.passwords import hash_password

    check_name("login", options.login, 60, unwanted=" ")
    check_name("name", options.name, 200)
    for group in options.executor_group:
        check_name("executor-group", group, 100)
    store = open_store_of(options, create=True)
    check_groups(store, [group for group in options.group if group not in options.executor_group])
    own = (options.login, options.name)
    password_hash = hash_password(read_password(*own), *own)
    for group in options.executor_group:
        with suppress(AlreadyExists):
            store.staff.add_group(group, may_execute=True, actor=actor())
    groups = options.group + options.executor_group
    given = (options.login, options.name, password_hash, groups, options.role, actor())
    store.staff.add_agent(*given, must_change=not options.permanent)
    print(f"agent {options.login} added")


def _change_agent(options: argparse.Namespace) -> None:
    from soap_service.storage.staff import agent_edit_of

    if options.name is not None:
        check_name("name", options.name, 200)
    store = open_store_of(options)
    agent = store.staff.find_agent_by_id(store.staff.find_agent(options.login).id)
    edit = agent_edit_of(agent)
    groups = set(edit.groups if options.group is None else options.group)
    groups = groups.union(options.add_group).difference(options.remove_group)
    check_groups(store, [*groups, *options.remove_group])
    changed = replace(
        edit,
        name=edit.name if options.name is None else options.name,
        role=options.role or edit.role,
        groups=tuple(sorted(groups)),
        is_active=edit.is_active or options.enable,
    )
    if changed == edit:
        print(f"agent {options.login} is so already")
        return
    store.staff.change_agent(agent.id, changed, edit.stamp, actor())
    print(f"agent {options.login} changed: {changed.role}, {', '.join(changed.groups) or 'no group'}")


def _set_password(options: argparse.Namespace) -> None:
    from soap_service.rules.passwords import hash_password

    store = open_store_of(options)
    own = (options.login, store.staff.find_agent(options.login).name)
    password_hash = hash_password(read_password(*own), *own)
    store.staff.set_password(options.login, password_hash, actor(), must_change=not options.permanent)
    print(f"agent {options.login} has a new password")


def _reset_second_factors(options: argparse.Namespace) -> None:
    store = open_store_of(options)
    agents = [store.staff.find_agent(login) for login in options.login]
    agents += store.second_factors.list_unreadable() if options.unreadable else []
    if not agents:
        raise InputRefused("login", "name an agent, or say --unreadable where there are some")
    for agent in agents:
        store.second_factors.remove(agent.id)
        print(f"agent {agent.login} logs in by the password alone")


def _disable_agent(options: argparse.Namespace) -> None:
    open_store_of(options).staff.disable_agent(options.login, actor())
    print(f"agent {options.login} disabled")


def read_password(*own: str) -> str:
    """Return a new password that was typed twice, or read from standard input, of an agent called so.

    Raises: InputRefused; InvalidValue as `check_new_password`.
    """
    import getpass

    is_typed = sys.stdin.isatty()
    try:
        password = getpass.getpass("Password: ") if is_typed else sys.stdin.readline().rstrip("\n")
        check_new_password(password, *own)
        if is_typed and password != getpass.getpass("Again: "):
            raise InputRefused("password", "the two are not the same; nothing was changed")
    except EOFError:
        raise InputRefused("password", "none was typed; nothing was changed") from None
    except UnicodeDecodeError:
        raise InputRefused("password", "it is not UTF-8") from None
    return password
