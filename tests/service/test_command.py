"""The soap-service command as an administrator meets it."""

import os
import re
import shutil
import signal
import subprocess
import sys
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from soap_service.cli import FAMILIES
from soap_service.cli.agents import read_password
from soap_service.cli.commands import actor
from soap_service.cli.sentences import sentence_of
from soap_service.errors import SoapServiceError
from soap_service.rules.totp import code_at, step_at
from soap_service.store import Store
from tests.conftest import PASSWORD, Service, free_port, start_service, wait_until
from tests.forks import run_command as run

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
    ["agent", "reset-second-factor"],
    ["service"],
    ["service", "add"],
    ["service", "list"],
    ["integration"],
    ["integration", "add"],
    ["integration", "list"],
    ["integration", "revoke"],
    ["audit"],
    ["db"],
    ["db", "upgrade"],
    ["db", "downgrade"],
    ["db", "check"],
    ["backup"],
    ["restore"],
]


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
def database(tmp_path: Path, sqlite_template: Path) -> str:
    """An empty database."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'cli.db')}"


def test_only_what_begins_a_desk_makes_a_database(tmp_path: Path) -> None:
    missing = tmp_path / "folder" / "desk.db"
    flag = ("--database-url", f"sqlite:///{missing}")
    told = f"soap-service: there is no database at {missing}; check --database-url\n"
    for command in (
        ("parameter", "get", "281"),
        ("integration", "add", "pbx"),
        ("backup", str(tmp_path / "desk.backup")),
        ("db", "check"),
        ("db", "downgrade", "0001"),
    ):
        failed = run(*command, *flag)
        assert (failed.returncode, failed.stdout, failed.stderr) == (1, "", told)
    assert run("restore", "setup.cfg", *flag).returncode == 1
    assert list(tmp_path.iterdir()) == []
    assert run("agent", "add", "maria", "--name", "Maria", *flag, stdin="uma senha longa\n").returncode == 0
    assert run("db", "check", *flag).stdout == "the database is sound\n"


def test_parameters_are_read_and_set(database: str) -> None:
    flag = ("--database-url", database)
    assert run("parameter", "get", "281", *flag).stdout == "N\n"
    assert run("parameter", "set", "281", "y", *flag).stdout == "281 = S\n"
    assert "281  S" in run("parameter", "list", *flag).stdout
    refused = run("parameter", "set", "281", "talvez", *flag)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "the value must be S or N" in refused.stderr
    assert run("parameter", "get", "999", *flag).returncode == 1


def test_agents_are_added_changed_and_disabled(database: str) -> None:
    def agent(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return run("agent", *arguments, "--database-url", database, stdin=stdin)

    added = agent("add", "maria", "--name", "Maria Lima", "--executor-group", "SDNIVEL1", stdin="uma senha longa\n")
    assert added.returncode == 0, added.stderr
    assert "maria" in agent("list").stdout
    assert "SDNIVEL1" in agent("list").stdout
    assert "exists already" in agent("add", "maria", "--name", "X", stdin="uma senha longa\n").stderr
    assert "password: the password needs at least 10 characters" in agent("password", "maria", stdin="curta\n").stderr
    assert agent("password", "maria", stdin="outra senha longa\n").returncode == 0
    assert agent("disable", "maria").returncode == 0
    assert "disabled" in agent("list").stdout
    assert "there is no joana" in agent("disable", "joana").stderr
    refused = agent("add", "z", "--name", "Z", "--group", "NENHUM", stdin="uma senha longa\n")
    assert "there is no NENHUM; groups are made on the screen" in refused.stderr


def test_an_agents_role_and_groups_are_changed(database: str) -> None:
    def agent(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return run("agent", *arguments, "--database-url", database, stdin=stdin)

    for login, group in (("maria", "SDNIVEL1"), ("joao", "SDNIVEL2")):
        added = agent("add", login, "--name", login, "--executor-group", group, stdin="uma senha longa\n")
        assert added.returncode == 0, added.stderr
    changed = agent("change", "maria", "--role", "administrator", "--add-group", "SDNIVEL2", "--name", "Maria Lima")
    assert changed.stdout == "agent maria changed: administrator, SDNIVEL1, SDNIVEL2\n", changed.stderr
    assert "administrator SDNIVEL1,SDNIVEL2    Maria Lima" in agent("list").stdout
    assert agent("change", "maria", "--role", "administrator").stdout == "agent maria is so already\n"
    assert "no group" in agent("change", "maria", "--remove-group", "SDNIVEL1", "--remove-group", "SDNIVEL2").stdout
    assert "SDNIVEL2" in agent("change", "maria", "--group", "SDNIVEL2").stdout
    for refused, said in (
        (("maria", "--role", "viewer"), "maria is the last active administrator"),
        (("maria", "--role", "chefe"), "chefe"),
        (("maria", "--add-group", "NENHUM"), "there is no NENHUM"),
        (("maria", "--remove-group", "NENHUM"), "there is no NENHUM"),
        (("ninguem", "--role", "viewer"), "there is no ninguem"),
        (("maria", "--name", " "), "name: write it in one line"),
    ):
        answer = agent("change", *refused)
        assert answer.returncode and said in answer.stderr, (refused, answer.stderr)
    agent("disable", "joao")
    assert agent("change", "joao", "--enable", "--role", "viewer").returncode == 0
    assert "disabled" not in agent("list").stdout


def test_services_are_added_and_chosen_for_the_child_requests(database: str) -> None:
    flag = ("--database-url", database)
    run("agent", "add", "m", "--name", "M", "--executor-group", "SDNIVEL1", *flag, stdin="uma senha longa\n")
    added = run("service", "add", "Falha", "--group", "SDNIVEL1", "--sla-minutes", "480", *flag)
    assert added.stdout == "service 1 added: Falha\n"
    assert "480 min" in run("service", "list", *flag).stdout
    assert run("parameter", "set", "283", "1", *flag).stdout == "283 = 1\n"
    assert (
        "there is no NENHUM; groups are made on the screen"
        in run("service", "add", "X", "--group", "NENHUM", *flag).stderr
    )
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
    failed = run("db", "upgrade", "--database-url", "sqlite:////proc/nowhere/x.db")
    assert (failed.returncode, "Traceback" in failed.stderr) == (1, False)
    assert "the database cannot be opened" in failed.stderr


def test_a_port_that_is_taken_is_told(service: Service, tmp_path: Path) -> None:
    port = service.url.rpartition(":")[2]
    failed = run("demo", "--data", str(tmp_path / "second"), "--port", port)
    assert (failed.returncode, "Traceback" in failed.stderr) == (1, False)
    assert "choose others" in failed.stderr


def test_the_demonstration_is_kept_and_begun_anew_only_on_request(tmp_path: Path) -> None:
    port = free_port()
    service = start_service(tmp_path, port=port, is_first=True)
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
    flag = ("--database-url", f"sqlite:///{tmp_path}/real.db")
    run("agent", "add", "maria", "--name", "Maria", *flag, stdin="uma senha longa\n")
    run("integration", "add", "pbx-all", "--no-secret", "--addresses", "10.1.0.0/16 ::/0", *flag)
    run("integration", "add", "pbx-some", "--no-secret", "--addresses", "10.1.0.0/16", *flag)
    run("integration", "add", "pbx-secret", "--addresses", "0.0.0.0/0", *flag)
    environment = {**os.environ, "SOAP_SERVICE_PUBLIC_URL": "https://t.example.com", "TZ": "America/Sao_Paulo"}
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
    told = output.decode()
    assert "integration pbx-all has no secret and is open to every address" in told
    assert "pbx-some" not in told and "pbx-secret" not in told
    lines = re.findall(r"^(.*?) (?:INFO|WARNING) ", told, re.MULTILINE)
    assert len(lines) >= 2  # of the log and of the calls
    assert [line for line in lines if not re.fullmatch(r"[0-9-]{10} [0-9:]{8},[0-9]{3}-0300", line)] == []


def test_a_fresh_demonstration_deletes_no_other_database(tmp_path: Path, database: str) -> None:
    beside = tmp_path / "soap-service.db"
    beside.write_text("somebody else's")
    run("agent", "add", "maria", "--name", "Maria", "--database-url", database, stdin="uma senha longa\n")
    refused = run("demo", "--fresh", "--data", str(tmp_path), "--port", str(free_port()), "--database-url", database)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr
    assert "nothing was deleted" in refused.stderr
    assert "maria" in run("agent", "list", "--database-url", database).stdout
    assert beside.read_text() == "somebody else's"


@pytest.mark.parametrize(
    "arguments",
    [
        ("integration", "add", "pbx:x"),
        ("integration", "add", "pbx matriz"),
        ("integration", "add", ""),
        ("integration", "add", "x" * 61),
        ("agent", "add", "", "--name", "Maria"),
        ("agent", "add", "maria lima", "--name", "Maria"),
        ("agent", "add", "maria", "--name", " "),
        ("agent", "add", "maria", "--name", "Maria\nLima"),
        ("agent", "add", "maria", "--name", "M" * 201),
        ("agent", "add", "maria", "--name", b"Jos\xe9"),
        ("agent", "add", "maria", "--name", "Maria", "--executor-group", ""),
        ("service", "add", "", "--group", "SDNIVEL1"),
        ("service", "add", "Falha", "--group", "SDNIVEL1", "--contract", "C" * 201),
    ],
    ids=ascii,
)
def test_a_name_that_the_screens_would_not_take_is_refused(database: str, arguments: tuple[str | bytes, ...]) -> None:
    file = Path(database.removeprefix("sqlite:///"))
    before = file.read_bytes()
    refused = run(*arguments, "--database-url", database, stdin="uma senha longa\n")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1), refused.stderr
    assert file.read_bytes() == before


def test_a_password_that_is_not_utf_8_is_told(database: str) -> None:
    command = [sys.executable, "-m", "soap_service", "agent", "add", "m", "--name", "M", "--database-url", database]
    for locale in ("C", "C.UTF-8"):
        environment = {**os.environ, "LC_ALL": locale}
        done = subprocess.run(command, input="senha é longa\n".encode("latin-1"), capture_output=True, env=environment)
        assert (done.returncode, done.stderr) == (1, b"soap-service: password: it is not UTF-8\n")


def test_the_command_and_the_pages_refuse_the_same_passwords(database: str) -> None:
    flag = ("--database-url", database)
    told = (
        "soap-service: password: it is easy to guess: a common one, digits alone, or made of the agent's name or login"
    )
    for password in ("1234567890", "maria.lima", "soap_service"):
        refused = run("agent", "add", "maria", "--name", "Maria Lima", *flag, stdin=f"{password}\n")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith(told)
    run("agent", "add", "maria", "--name", "Maria Lima", *flag, stdin="uma senha longa\n")
    refused = run("agent", "password", "maria", *flag, stdin="lima-maria-2026\n")
    assert (refused.returncode, refused.stderr.startswith(told)) == (1, True)


def test_a_password_that_the_command_gives_is_permanent_or_not(database: str) -> None:
    flag = ("--database-url", database)
    store = Store(database)

    def must_change(*command: str) -> bool:
        done = run("agent", *command, *flag, stdin="uma senha longa\n")
        assert done.returncode == 0, done.stderr
        return store.staff.find_agent("maria").must_change_password

    assert must_change("add", "maria", "--name", "Maria Lima")
    assert not must_change("password", "maria", "--permanent")
    assert must_change("password", "maria")
    assert must_change("change", "maria", "--role", "supervisor")
    store.close()


def test_second_factors_are_reset_and_their_key_is_missed_by_a_restore(database: str, tmp_path: Path) -> None:
    flag = ("--database-url", database)
    for login in ("maria", "joana"):
        run("agent", "add", login, "--name", login.title(), *flag, stdin="uma senha longa\n")
    store = Store(database)
    for login in ("maria", "joana"):
        agent = store.staff.find_agent(login)
        key = store.second_factors.begin(agent.id)
        store.second_factors.confirm(agent.id, code_at(key, step_at(store.now().timestamp())), b"")
    backup, other = tmp_path / "desk.backup", tmp_path / "other" / "desk.db"
    other.parent.mkdir()
    run("backup", str(backup), *flag)
    restored = run("restore", str(backup), "--database-url", f"sqlite:///{other}")
    assert "agents whose codes cannot be checked: joana, maria" in restored.stdout
    assert f"put the key of the backup's database back as {other}-key" in restored.stdout
    key_file = Path(f"{database.removeprefix('sqlite:///')}-key")
    kept = run(
        "restore", str(backup), "--replace", "--database-url", f"sqlite:///{other}", "--secrets-key-file", str(key_file)
    )
    assert kept.returncode == 0 and "codes" not in kept.stdout
    assert key_file.read_bytes().strip() not in backup.read_bytes()

    reset = run("agent", "reset-second-factor", "maria", *flag)
    assert reset.stdout == "agent maria logs in by the password alone\n"
    assert store.staff.find_agent("maria").second_factor_at is None
    assert run("agent", "reset-second-factor", "--unreadable", *flag).returncode == 1
    key_file.unlink()
    assert run("agent", "reset-second-factor", "--unreadable", *flag).stdout.startswith("agent joana")
    assert run("agent", "reset-second-factor", *flag).returncode == 1
    assert run("agent", "reset-second-factor", "nobody", *flag).returncode == 1
    store.close()


def test_output_that_cannot_be_written_is_told(database: str) -> None:
    command = [sys.executable, "-m", "soap_service", "parameter", "list", "--database-url", database]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "soap-service: standard output: No space left on device\n")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (1, b"soap-service: standard output: Broken pipe\n")


def test_a_file_in_place_of_the_demonstrations_folder_is_told(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.touch()
    failed = run("demo", "--data", str(file))
    assert (failed.returncode, failed.stderr) == (1, f"soap-service: {file}: File exists\n")


def test_a_user_without_a_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 424242)
    assert actor() == "uid 424242 (soap-service)"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ([], "none was typed"),
        (["curta"], "10"),
        (["uma senha longa"], "none was typed"),
        (["uma senha longa", "outra senha longa"], "not the same"),
        (["1234567890"], "easy to guess"),
    ],
)
def test_a_typed_password_is_refused_as_soon_as_it_is_wrong(
    monkeypatch: pytest.MonkeyPatch, typed: list[str], sentence: str
) -> None:
    def answer(prompt: str) -> str:
        if not typed:
            raise EOFError
        return typed.pop(0)

    monkeypatch.setattr("getpass.getpass", answer)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(SoapServiceError) as caught:
        read_password()
    assert sentence in sentence_of(caught.value)
    assert not typed


def test_an_example_can_be_copied_in_one_line() -> None:
    assert "--sla-minutes 480 --contract CONTRATO01\n" in run("service", "add", "--help", COLUMNS="80").stdout
    assert "Print the WSDL." in run("wsdl", "--help").stdout


def test_each_command_is_found_in_the_module_that_has_it() -> None:
    for family, names in FAMILIES.items():
        commands = ArgumentParser().add_subparsers()
        import_module(f"soap_service.cli.{family}").add_commands(commands)
        assert list(commands.choices) == [*names]
