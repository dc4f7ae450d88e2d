"""The soap-service command as an administrator meets it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PASSWORD, Service, free_port, start_service, wait_until

COMMANDS = [
    [],
    ["demo"],
    ["serve"],
    ["wsdl"],
    ["parameter"],
    ["parameter", "get"],
    ["parameter", "set"],
    ["parameter", "list"],
    ["agent"],
    ["agent", "add"],
    ["agent", "password"],
    ["agent", "disable"],
    ["agent", "list"],
    ["service"],
    ["service", "add"],
    ["service", "list"],
    ["integration"],
    ["integration", "add"],
    ["integration", "list"],
    ["integration", "revoke"],
    ["db"],
    ["db", "upgrade"],
    ["db", "downgrade"],
    ["db", "check"],
    ["backup"],
    ["restore"],
]


def run(*arguments: str, stdin: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "soap_service", *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_help_shows_an_example(command: list[str]) -> None:
    shown = run(*command, "--help")
    assert shown.returncode == 0
    assert f"Example: soap-service {' '.join(command)}".strip() in " ".join(shown.stdout.split())


def test_the_wsdl_is_printed_for_the_public_address() -> None:
    printed = run("wsdl", "--public-url", "https://t.example.com").stdout
    assert 'location="https://t.example.com/soap"' in printed


def test_an_empty_name_of_the_settings_file_is_none() -> None:
    printed = run("wsdl", "--public-url", "https://t.example.com", SOAP_SERVICE_CONFIG="")
    assert (printed.returncode, printed.stderr) == (0, "")


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'cli.db'}"


def test_parameters_are_read_and_set(database: str) -> None:
    flag = ("--database-url", database)
    assert run("parameter", "get", "281", *flag).stdout == "N\n"
    assert run("parameter", "set", "281", "y", *flag).stdout == "281 = S\n"
    assert "281  S" in run("parameter", "list", *flag).stdout
    refused = run("parameter", "set", "281", "talvez", *flag)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "O valor deve ser S ou N" in refused.stderr
    assert run("parameter", "get", "999", *flag).returncode == 1


def test_agents_are_added_changed_and_disabled(database: str) -> None:
    def agent(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return run("agent", *arguments, "--database-url", database, stdin=stdin)

    added = agent("add", "maria", "--name", "Maria Lima", "--executor-group", "SDNIVEL1", stdin="uma senha longa\n")
    assert added.returncode == 0, added.stderr
    assert "maria" in agent("list").stdout
    assert "SDNIVEL1" in agent("list").stdout
    assert "exists already" in agent("add", "maria", "--name", "X", stdin="uma senha longa\n").stderr
    assert "10 caracteres" in agent("password", "maria", stdin="curta\n").stderr
    assert agent("password", "maria", stdin="outra senha longa\n").returncode == 0
    assert agent("disable", "maria").returncode == 0
    assert "disabled" in agent("list").stdout
    assert "there is no joana" in agent("disable", "joana").stderr
    assert (
        "there is no NENHUM" in agent("add", "z", "--name", "Z", "--group", "NENHUM", stdin="uma senha longa\n").stderr
    )


def test_services_are_added_and_chosen_for_the_child_requests(database: str) -> None:
    flag = ("--database-url", database)
    run("agent", "add", "m", "--name", "M", "--executor-group", "SDNIVEL1", *flag, stdin="uma senha longa\n")
    added = run("service", "add", "Falha", "--group", "SDNIVEL1", "--sla-minutes", "480", *flag)
    assert added.stdout == "service 1 added: Falha\n"
    assert "480 min" in run("service", "list", *flag).stdout
    assert run("parameter", "set", "283", "1", *flag).stdout == "283 = 1\n"
    assert "there is no NENHUM" in run("service", "add", "X", "--group", "NENHUM", *flag).stderr
    assert "exists already" in run("service", "add", "Falha", "--group", "SDNIVEL1", *flag).stderr


def test_integrations_are_added_listed_and_revoked(database: str) -> None:
    def integration(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return run("integration", *arguments, "--database-url", database)

    secret = integration("add", "pbx").stdout.split("once: ")[1].strip()
    assert secret not in integration("list").stdout
    assert "pbx" in integration("list").stdout
    assert "needs --addresses" in integration("add", "ivr", "--no-secret").stderr
    assert "none of" in integration("add", "ivr", "--operations", "apagar").stderr
    assert integration("revoke", "pbx").returncode == 0
    assert "revoked" in integration("list").stdout
    assert integration("revoke", "pbx").returncode == 1


def test_a_mistake_in_the_settings_is_a_sentence_and_not_a_traceback(tmp_path: Path) -> None:
    failed = run("serve", SOAP_SERVICE_PORT="http")
    assert (failed.returncode, "Traceback" in failed.stderr) == (1, False)
    assert "port: 'http' is not a whole number" in failed.stderr
    failed = run("agent", "list", "--database-url", "sqlite:////proc/nowhere/x.db")
    assert (failed.returncode, "Traceback" in failed.stderr) == (1, False)
    assert "the database cannot be opened" in failed.stderr


def test_a_port_that_is_taken_is_told(service: Service, tmp_path: Path) -> None:
    port = service.url.rpartition(":")[2]
    failed = run("demo", "--data", str(tmp_path / "second"), "--port", port)
    assert (failed.returncode, "Traceback" in failed.stderr) == (1, False)
    assert "choose another" in failed.stderr


def test_the_demonstration_is_kept_between_starts_and_begun_anew_on_request(tmp_path: Path) -> None:
    port = free_port()
    service = start_service(tmp_path, port=port)
    assert PASSWORD in service.log
    service.command("parameter", "set", "282", "N")
    assert service.stop() == 0
    service = start_service(tmp_path, port=port)
    assert service.command("parameter", "get", "282") == "N\n"
    assert service.stop(signal.SIGINT) in (0, 130)
    service = start_service(tmp_path, "--fresh", port=port)
    assert service.command("parameter", "get", "282") == "S\n"
    assert service.stop() == 0
    assert "Traceback" not in service.log


def test_serve_runs_on_settings_from_file_environment_and_flags(tmp_path: Path) -> None:
    import httpx

    port = free_port()
    config = tmp_path / "soap-service.toml"
    config.write_text(f'database_url = "sqlite:///{tmp_path}/real.db"\nport = 1\n')
    command = [sys.executable, "-m", "soap_service", "serve", "--config", str(config), "--port", str(port)]
    environment = {**os.environ, "SOAP_SERVICE_PUBLIC_URL": "https://t.example.com"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:

        def answers() -> bool:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
            except httpx.TransportError:
                return False

        wait_until(answers)
        assert b"https://t.example.com/soap" in httpx.get(f"http://127.0.0.1:{port}/soap?wsdl").content
        assert httpx.post(f"http://127.0.0.1:{port}/soap", content="x").status_code == 401
        process.terminate()
        output = process.communicate(timeout=15)[0]
    assert process.returncode == 0, output
    assert f"at http://127.0.0.1:{port}; its public address is https://t.example.com" in output.decode()
    assert (tmp_path / "real.db").exists()


def test_a_fresh_demonstration_deletes_no_other_database(tmp_path: Path, database: str) -> None:
    beside = tmp_path / "soap-service.db"
    beside.write_text("somebody else's")
    run("agent", "add", "maria", "--name", "Maria", "--database-url", database, stdin="uma senha longa\n")
    refused = run("demo", "--fresh", "--data", str(tmp_path), "--port", str(free_port()), "--database-url", database)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr
    assert "nothing was deleted" in refused.stderr
    assert "maria" in run("agent", "list", "--database-url", database).stdout
    assert beside.read_text() == "somebody else's"
