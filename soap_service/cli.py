"""The soap-service command: arguments to settings and to the store. Imports the service only where it is run."""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soap_service import __version__
from soap_service.config import PREFIX, Settings, load_settings
from soap_service.errors import AlreadyExists, InvalidValue, SoapServiceError, sentence_of
from soap_service.language import LANGUAGES, SOURCE_LANGUAGE, translations_of
from soap_service.rules.credentials import SHORTEST_PASSWORD, check_new_password

if TYPE_CHECKING:
    from soap_service.store import Store

_Command = Callable[[argparse.Namespace], None]
if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 after a sentence on standard error that says what to do."""
    given = sys.argv[1:] if arguments is None else arguments
    logging.getLogger("soap_service").addHandler(logging.NullHandler())  # the sentence says it; servers log, too
    try:
        _check_encoding(given)
        options = _parser().parse_args(given)
        options.command(options)
        print(end="", flush=True)  # so that what cannot be written is told here and not at the exit
    except KeyboardInterrupt:
        return 130
    except SoapServiceError as error:
        return _fail(_sentence_of(error))
    except OSError as error:
        if error.filename is None and sys.stdout:  # what is left to be written would fail again at the exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _fail(f"{error.filename or 'standard output'}: {error.strerror}")
    return 0


def _fail(sentence: str) -> int:
    print(f"soap-service: {sentence}", file=sys.stderr)
    return 1


def _sentence_of(error: SoapServiceError) -> str:
    """Return what an administrator reads; a rule that the screens share speaks Portuguese and is translated."""
    if isinstance(error, InvalidValue):
        return f"{error.key}: {translations_of('en').gettext(error.reason)}"
    return sentence_of(error)


def _check_encoding(arguments: Sequence[str]) -> None:
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise InvalidValue(ascii(argument), "it is not UTF-8") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="soap-service",
        description="Telephony gateway of a service desk: four SOAP web services and the agents' screens.",
        epilog="Example: soap-service demo    (then open http://127.0.0.1:8000/)",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = _add(
        commands, "demo", "run on an embedded database with sample data", _demo, "soap-service demo --port 8080"
    )
    demo.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="where the data is kept (./var)")
    demo.add_argument("--host", default="127.0.0.1", help="address to listen at (127.0.0.1)")
    demo.add_argument("--port", type=int, default=8000, help="port to listen at (8000)")
    demo.add_argument("--database-url", metavar="URL", help="keep the data there instead of in DIR: postgresql://...")
    text = "delete what an earlier demonstration left and begin anew; refused for a database with any other agent"
    demo.add_argument("--fresh", action="store_true", help=text)

    example = "soap-service serve --public-url https://telefonia.example.com --trusted-proxies 127.0.0.1"
    serve = _add(commands, "serve", "run for real", _serve, example)
    _add_settings(serve, [setting.name for setting in fields(Settings)])

    wsdl = _add(
        commands, "wsdl", "print the WSDL", _wsdl, "soap-service wsdl --public-url https://telefonia.example.com"
    )
    _add_settings(wsdl, ["public_url"])

    _add_parameter(commands)
    _add_agent(commands)
    _add_service(commands)
    _add_integration(commands)
    _add_requester(commands)
    _add_database(commands)
    return parser


def _add(commands: "_Commands", name: str, text: str, run: _Command, example: str) -> argparse.ArgumentParser:
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


def _add_settings(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """Add the flags of settings, and where else they can come from."""
    parser.add_argument("--config", type=Path, help=f"TOML file with settings ({PREFIX}CONFIG)")
    for setting in fields(Settings):
        if setting.name in names:
            flag = "--" + setting.name.replace("_", "-")
            default = f"; default {setting.default}" if setting.default not in ("", None) else ""
            text = f"{setting.metadata['help']} ({PREFIX}{setting.name.upper()}{default})"
            parser.add_argument(flag, dest=setting.name, help=text.replace("%", "%%"))


def _settings(options: argparse.Namespace) -> Settings:
    file = options.config or os.environ.get(PREFIX + "CONFIG")
    return load_settings(vars(options), os.environ, Path(file) if file else None)


def _store(options: argparse.Namespace, create: bool = False) -> "Store":
    """Return the store, brought up to this program; a file that is not there is made only by what begins a desk."""
    from soap_service.store import open_store

    return open_store(_settings(options), create)


def _store_as_it_is(options: argparse.Namespace) -> "Store":
    from soap_service.store import Store

    return Store(_settings(options).database_url)


def _group(commands: "_Commands", name: str, text: str, example: str = "list") -> "_Commands":
    parser = commands.add_parser(name, **_described(text, f"soap-service {name} {example}"))
    return parser.add_subparsers(required=True, metavar="ACTION")


def _add_parameter(commands: "_Commands") -> None:
    actions = _group(commands, "parameter", "read and set the system parameters 281, 282, 283")
    show = _add(actions, "list", "show every parameter and its value", _list_parameters, "soap-service parameter list")
    get = _add(actions, "get", "print the value of a parameter", _get_parameter, "soap-service parameter get 281")
    change = _add(actions, "set", "save the value of a parameter", _set_parameter, "soap-service parameter set 281 S")
    for parser in (get, change):
        parser.add_argument("id", type=int, help="281, 282 or 283")
    change.add_argument("value", help="S or N; for 283 the id of a service")
    for parser in (show, get, change):
        _add_settings(parser, ["database_url"])


def _add_agent(commands: "_Commands") -> None:
    actions = _group(commands, "agent", "add, change, disable and list the agents who log in")
    show = _add(actions, "list", "show every agent", _list_agents, "soap-service agent list")
    example = "soap-service agent add maria --name 'Maria Lima' --group SDNIVEL1"
    rule = f"at least {SHORTEST_PASSWORD} characters, asked for or read from standard input"
    add = _add(actions, "add", f"add an agent; the password: {rule}", _add_one_agent, example)
    example = "soap-service agent password maria"
    password = _add(
        actions, "password", f"give an agent a new password ({rule}) and end their log-ins", _set_password, example
    )
    example = "soap-service agent disable maria"
    disable = _add(actions, "disable", "refuse an agent from now on", _disable_agent, example)
    for parser in (add, password, disable):
        parser.add_argument("login", help="the name the agent logs in with")
    add.add_argument("--name", required=True, help="the name that others see")
    add.add_argument("--group", action="append", default=[], help="a group the agent belongs to; may be repeated")
    add.add_argument(
        "--executor-group", action="append", default=[], help="as --group; made, allowed to execute, if it is new"
    )
    add.add_argument("--admin", action="store_true", help="an administrator")
    for parser in (show, add, password, disable):
        _add_settings(parser, ["database_url"])


def _add_service(commands: "_Commands") -> None:
    actions = _group(commands, "service", "add and list the services that requests are opened for")
    show = _add(actions, "list", "show every active service with its id", _list_services, "soap-service service list")
    example = "soap-service service add 'Falha em estação' --group SDNIVEL1 --sla-minutes 480 --contract CONTRATO01"
    add = _add(actions, "add", "add a service", _add_one_service, example)
    add.add_argument("name", help="the service's name")
    add.add_argument("--group", required=True, help="the group that executes its requests")
    add.add_argument("--kind", choices=("incidente", "requisição"), default="requisição", help="default requisição")
    add.add_argument("--sla-minutes", type=int, help="working minutes until the deadline; without, there is none")
    add.add_argument("--contract", default="", help="the contract its requests belong to")
    for parser in (show, add):
        _add_settings(parser, ["database_url"])


def _add_integration(commands: "_Commands") -> None:
    actions = _group(commands, "integration", "add, list and revoke the telephony platforms that may call")
    example = "soap-service integration list"
    show = _add(actions, "list", "show every platform that may call", _list_integrations, example)
    example = "soap-service integration add pbx-matriz --operations novaSolicitacao,visualizarSolicitacao"
    add = _add(actions, "add", "add a platform and print its secret, this once", _add_one_integration, example)
    example = "soap-service integration revoke pbx-matriz"
    revoke = _add(actions, "revoke", "refuse a platform from now on", _revoke_integration, example)
    example = "soap-service integration language pbx-miami es"
    language = _add(actions, "language", "choose the language of its receipts and faults", _set_language, example)
    for parser in (add, revoke, language):
        parser.add_argument("name", help="the platform's name: its user in HTTP Basic")
    add.add_argument("--addresses", default="", help="networks it may call from, comma separated: 10.1.0.0/16,::1")
    add.add_argument("--no-secret", action="store_true", help="know it by its addresses alone")
    add.add_argument("--operations", default="", help="operations it may call, comma separated; default all")
    text = "language of its receipts and faults; default %(default)s"
    add.add_argument("--language", choices=LANGUAGES, default=SOURCE_LANGUAGE, help=text)
    language.add_argument("language", choices=LANGUAGES, help="the language")
    for parser in (show, add, revoke, language):
        _add_settings(parser, ["database_url"])


def _add_requester(commands: "_Commands") -> None:
    actions = _group(commands, "requester", "look after requesters", "check-documents")
    text = "list who is stored under a document that today's rule would read differently, documents masked"
    check = _add(actions, "check-documents", text, _check_documents, "soap-service requester check-documents")
    _add_settings(check, ["database_url"])


def _add_database(commands: "_Commands") -> None:
    actions = _group(commands, "db", "bring the database up or down, and check it", "check")
    upgrade = _add(actions, "upgrade", "bring it up to this program", _upgrade, "soap-service db upgrade")
    downgrade = _add(
        actions,
        "downgrade",
        "take it back to an earlier schema, before an older program is started",
        _downgrade,
        "soap-service db downgrade 0001",
    )
    downgrade.add_argument("version", help="the schema to go back to; `base` removes every table")
    check = _add(actions, "check", "say whether it is sound; exit status 1 if not", _check, "soap-service db check")
    example = "soap-service backup desk.db"
    back_up = _add(commands, "backup", "write the data to a file, while the service runs", _back_up, example)
    restore = _add(commands, "restore", "read the data from a backup", _restore, "soap-service restore desk.db")
    for parser in (back_up, restore):
        parser.add_argument("file", type=Path, metavar="FILE", help="the backup: one file, of either kind of database")
    restore.add_argument("--replace", action="store_true", help="delete what is in the database")
    for parser in (upgrade, downgrade, check, back_up, restore):
        _add_settings(parser, ["database_url"])


def _demo(options: argparse.Namespace) -> None:
    gc.disable()  # until the server is made: of what is loaded there is nothing to collect, and looking takes a fifth
    from soap_service.app import configure_logging
    from soap_service.demo import describe_demo, prepare_demo, remove_demo
    from soap_service.server import make_server
    from soap_service.store import open_store

    url = options.database_url or f"sqlite:///{options.data / 'soap-service.db'}"
    settings = load_settings({"database_url": url, "host": options.host, "port": options.port}, os.environ)
    configure_logging(settings.log_level)
    options.data.mkdir(0o700, parents=True, exist_ok=True)
    store = open_store(settings)
    if options.fresh:
        remove_demo(store, options.data)
    password = prepare_demo(store, options.data, os.environ)
    store.close()
    make_server(settings).run_saying(describe_demo(settings, password))


def _serve(options: argparse.Namespace) -> None:
    gc.disable()  # as in `_demo`
    from soap_service.app import configure_logging
    from soap_service.server import make_server

    settings = _settings(options)
    configure_logging(settings.log_level)
    public = f"; its public address is {settings.base_url}" if settings.public_url else ""
    make_server(settings).run_saying(f"soap_service listens at {settings.listening_url}{public}")


def _wsdl(options: argparse.Namespace) -> None:
    from soap_service.services import make_application
    from soap_service.soap.wsdl import build_wsdl

    sys.stdout.buffer.write(build_wsdl(make_application(), _settings(options).endpoint_url))


def _list_parameters(options: argparse.Namespace) -> None:
    from soap_service.rules.parameters import rule_of

    for parameter_id, value in _store(options).list_parameters():
        print(f"{parameter_id}  {value or '-':<6}  {rule_of(parameter_id).text}")


def _get_parameter(options: argparse.Namespace) -> None:
    print(_store(options).parameter(options.id))


def _set_parameter(options: argparse.Namespace) -> None:
    value = _store(options).set_parameter(options.id, options.value, actor=_actor())
    print(f"{options.id} = {value}")


def _actor() -> str:
    import getpass

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # KeyError until Python 3.12
        user = f"uid {os.getuid()}"
    return f"{user} (soap-service)"


def _read_password() -> str:
    import getpass

    is_typed = sys.stdin.isatty()
    try:
        password = getpass.getpass("Password: ") if is_typed else sys.stdin.readline().rstrip("\n")
        check_new_password(password)
        if is_typed and password != getpass.getpass("Again: "):
            raise InvalidValue("password", "the two are not the same; nothing was changed")
    except EOFError:
        raise InvalidValue("password", "none was typed; nothing was changed") from None
    except UnicodeDecodeError:
        raise InvalidValue("password", "it is not UTF-8") from None
    return password


def _check_name(key: str, name: str, longest: int, unwanted: str = "") -> None:
    """Raise InvalidValue for a name that the administration's screens would not take either."""
    if not name or name != " ".join(name.split()) or not name.isprintable():
        raise InvalidValue(key, "write it in one line, not empty, with single blanks at most between words")
    if len(name) > longest:
        raise InvalidValue(key, f"it is longer than {longest} characters")
    if any(character in unwanted for character in name):
        raise InvalidValue(key, f"write it without any of these: {' '.join(unwanted).strip()} or a blank")


def _check_groups(store: "Store", names: Sequence[str]) -> None:
    """Raise InvalidValue for a group that there is not: no command lists groups."""
    for unknown in set(names) - {group.name for group in store.list_groups()}:
        made = "groups are made on the screen Administração or by `agent add --executor-group`"
        raise InvalidValue("group", f"there is no {unknown}; {made}")


def _add_one_agent(options: argparse.Namespace) -> None:
    from contextlib import suppress

    from soap_service.rules.credentials import hash_password

    _check_name("login", options.login, 60, unwanted=" ")
    _check_name("name", options.name, 200)
    for group in options.executor_group:
        _check_name("executor-group", group, 100)
    store = _store(options, create=True)
    _check_groups(store, [group for group in options.group if group not in options.executor_group])
    password_hash = hash_password(_read_password())
    for group in options.executor_group:
        with suppress(AlreadyExists):
            store.add_group(group, may_execute=True, actor=_actor())
    groups = options.group + options.executor_group
    store.add_agent(options.login, options.name, password_hash, groups, options.admin, _actor())
    print(f"agent {options.login} added")


def _set_password(options: argparse.Namespace) -> None:
    from soap_service.rules.credentials import hash_password

    store = _store(options)
    store.find_agent(options.login)
    store.set_password(options.login, hash_password(_read_password()), _actor())
    print(f"agent {options.login} has a new password")


def _disable_agent(options: argparse.Namespace) -> None:
    _store(options).disable_agent(options.login, _actor())
    print(f"agent {options.login} disabled")


def _list_agents(options: argparse.Namespace) -> None:
    for agent in _store(options).list_agents():
        state = "" if agent.is_active else "disabled"
        role = "admin" if agent.is_admin else "agent"
        groups = ",".join(group.name for group in agent.groups)
        print(f"{agent.login:<20} {role:<6} {groups or '-':<20} {agent.name}  {state}".rstrip())


def _add_one_service(options: argparse.Namespace) -> None:
    _check_name("name", options.name, 200)
    if options.contract:
        _check_name("contract", options.contract, 200)
    store = _store(options)
    _check_groups(store, [options.group])
    given = (options.name, options.kind, options.group, options.sla_minutes, options.contract)
    service = store.add_service(*given, actor=_actor())
    print(f"service {service.id} added: {service.name}")


def _list_services(options: argparse.Namespace) -> None:
    for service in _store(options).list_services():
        sla = f"{service.sla_minutes} min" if service.sla_minutes else "no deadline"
        print(f"{service.id:<6} {service.kind:<11} {service.group.name:<20} {sla:<12} {service.name}")


def _add_one_integration(options: argparse.Namespace) -> None:
    from soap_service.rules.credentials import clean_networks, make_secret
    from soap_service.services import list_descriptors, make_application

    _check_name("name", options.name, 60, unwanted=" :\"'")  # a colon ends the user in HTTP Basic: RFC 7617
    addresses = clean_networks(options.addresses)
    if options.no_secret and not addresses:
        raise InvalidValue("addresses", "a platform without a secret needs --addresses")
    operations = options.operations.replace(",", " ").split()
    published = list_descriptors(make_application())
    for unknown in set(operations) - set(published):
        raise InvalidValue("operations", f"{unknown} is none of {', '.join(sorted(published))}")
    secret = None if options.no_secret else make_secret()
    _store(options).add_integration(
        options.name,
        secret.salt if secret else None,
        secret.digest if secret else None,
        addresses,
        " ".join(operations),
        options.language,
        _actor(),
    )
    print(f"integration {options.name} added")
    if secret:
        print(f"secret, shown this once: {secret.text}")


def _list_integrations(options: argparse.Namespace) -> None:
    for integration in _store(options).list_integrations(include_revoked=True):
        how = "addresses" if integration.secret_hash is None else "secret"
        state = "revoked" if integration.revoked_at else "active"
        print(
            f"{integration.name:<24} {state:<8} {how:<10} from {integration.addresses or 'anywhere'}; "
            f"{integration.operations or 'all operations'}; {integration.language}"
        )


def _revoke_integration(options: argparse.Namespace) -> None:
    _store(options).revoke_integration(options.name, _actor())
    print(f"integration {options.name} revoked")


def _set_language(options: argparse.Namespace) -> None:
    _store(options).set_integration_language(options.name, options.language, _actor())
    print(f"integration {options.name} is answered in {options.language}")


def _check_documents(options: argparse.Namespace) -> None:
    """Print a line for each; a document is personal data, so the number and the name have to do."""
    from soap_service.rules.documents import mask_documents

    found = _store(options).list_misread_requesters()
    for one in found:
        reading = f"would be read as {mask_documents(one.reading)}" if one.reading else "came from too short a number"
        other = f", which requester {one.other_id} has" if one.other_id is not None else ""
        print(f"{one.id:<8} {mask_documents(one.document):<8} {reading}{other}: {one.name}")
    print(f"{len(found)} found")


def _upgrade(options: argparse.Namespace) -> None:
    print(f"schema {_store(options, create=True).schema_version()}")


def _downgrade(options: argparse.Namespace) -> None:
    store = _store_as_it_is(options)
    store.downgrade(options.version)
    print(f"schema {store.schema_version() or 'base'}")


def _check(options: argparse.Namespace) -> None:
    problems = _store_as_it_is(options).problems()
    if problems:
        raise InvalidValue("database", "; ".join(problems))
    print("the database is sound")


def _back_up(options: argparse.Namespace) -> None:
    rows = _store_as_it_is(options).back_up(options.file)
    print(f"{rows} rows written to {options.file}")


def _restore(options: argparse.Namespace) -> None:
    rows = _store_as_it_is(options).restore(options.file, options.replace)
    print(f"{rows} rows read from {options.file}")
