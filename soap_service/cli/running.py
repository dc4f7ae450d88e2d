"""The commands demo, serve and wsdl."""

import argparse
import gc
import logging
import os
import signal
import sys
from dataclasses import fields
from pathlib import Path

from soap_service.cli.commands import (
    Commands,
    add_command,
    add_settings,
    config_of,
    settings_of,
)
from soap_service.config import Settings
from soap_service.config_sources import load_settings, warnings_of

log = logging.getLogger(__name__)


def add_commands(commands: Commands) -> None:
    """Add the commands that run the service, and `wsdl`."""
    demo = add_command(
        commands, "demo", "run on an embedded database with sample data", _demo, "soap-service demo --port 8080"
    )
    demo.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="where the data is kept (./var)")
    demo.add_argument("--host", default="127.0.0.1", help="address to listen at (127.0.0.1)")
    demo.add_argument("--port", type=int, default=8000, help="port to listen at (8000)")
    demo.add_argument("--database-url", metavar="URL", help="keep the data there instead of in DIR: postgresql://...")
    text = "delete what an earlier demonstration left and begin anew; refused for a database with any other agent"
    plain = "only the sample data that the documentation lists, without the two weeks of work around it"
    demo.add_argument("--plain", action="store_true", help=plain)
    demo.add_argument("--fresh", action="store_true", help=text)

    example = "soap-service serve --public-url https://telefonia.example.com --trusted-proxies 127.0.0.1"
    serve = add_command(commands, "serve", "run for real", _serve, example)
    add_settings(serve, [setting.name for setting in fields(Settings)])
    serve.add_argument("--worker", help=argparse.SUPPRESS)  # what a supervisor tells a worker

    wsdl = add_command(
        commands, "wsdl", "print the WSDL", _wsdl, "soap-service wsdl --public-url https://telefonia.example.com"
    )
    add_settings(wsdl, ["public_url"])


def _demo(options: argparse.Namespace) -> None:
    gc.disable()  # until the server is made: of what is loaded there is nothing to collect, and looking takes a fifth
    from soap_service.demo import describe_demo, prepare_demo, remove_demo
    from soap_service.logs import configure_logging
    from soap_service.serving.server import make_server
    from soap_service.store import open_store

    url = options.database_url or f"sqlite:///{options.data / 'soap-service.db'}"
    settings = load_settings({"database_url": url, "host": options.host, "port": options.port}, os.environ)
    configure_logging(settings.log_level)
    options.data.mkdir(0o700, parents=True, exist_ok=True)
    store = open_store(settings)
    if options.fresh:
        remove_demo(store, options.data)
    password = prepare_demo(store, options.data, os.environ, options.plain)
    store.close()
    make_server(settings).run_saying(describe_demo(settings, password))


def _serve(options: argparse.Namespace) -> None:
    gc.disable()  # as in `_demo`
    from soap_service.logs import configure_logging

    settings = settings_of(options)
    configure_logging(settings.log_level)
    if options.worker:
        _serve_with_others(settings, options.worker)
        return
    for sentence in warnings_of(settings, config_of(options)):
        log.warning(sentence)
    public = f"; its public address is {settings.base_url}" if settings.public_url else ""
    greeting = f"soap_service listens at {settings.listening_url}{public}"
    if settings.worker_count > 1:
        from soap_service.serving.supervisor import Supervisor

        Supervisor(settings, options.arguments).run_saying(greeting)
    else:
        from soap_service.serving.server import make_server

        if sys.stdin is None or not sys.stdin.isatty():  # a terminal that goes ends what was begun there
            signal.signal(signal.SIGHUP, lambda *_: log.warning("a single worker is not replaced: restart it"))
        make_server(settings).run_saying(greeting)


def _serve_with_others(settings: Settings, argument: str) -> None:
    from soap_service.siblings import Place

    place = Place.read(argument)
    siblings = place.join()
    from soap_service.serving.worker import Worker  # imports what counts

    Worker(settings, siblings, place).run_saying("")


def _wsdl(options: argparse.Namespace) -> None:
    from soap_service.services import make_application
    from soap_service.soap.wsdl import build_wsdl

    sys.stdout.buffer.write(build_wsdl(make_application(), settings_of(options).endpoint_url))
