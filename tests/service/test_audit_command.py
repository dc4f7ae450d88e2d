"""The audit of a running service: the command, the file it is passed on to, a stop that loses nothing."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import httpx
from sqlalchemy import text

from soap_service.keepers.audit import Output
from soap_service.rules.auditing import AuditKind
from soap_service.store import Store
from tests.conftest import PASSWORD, Service, start_service
from tests.databases import is_sqlite
from tests.forks import run_command


def audit(service: Service, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return run_command("audit", *arguments, "--database-url", service.database_url)


def log_in(service: Service, client: httpx.Client) -> None:
    page = client.get(f"{service.url}/entrar").text
    token = page.split('name="form_token" value="')[1].split('"')[0]
    answer = client.post(f"{service.url}/entrar", data={"form_token": token, "usuario": "atendente", "senha": PASSWORD})
    assert answer.status_code == 303


def test_what_was_looked_at_is_there_after_a_stop_and_whole(tmp_path: Path, demo_database_url: str) -> None:
    lines = tmp_path / "audit.jsonl"
    service = start_service(tmp_path, database_url=demo_database_url, SOAP_SERVICE_AUDIT_OUTPUT=str(lines))
    with httpx.Client() as client:
        log_in(service, client)
        for _ in range(30):
            client.get(f"{service.url}/solicitacoes/955")
    assert service.stop() == 0
    told = [json.loads(line) for line in audit(service, "--format", "jsonl", "--who", "atendente").stdout.splitlines()]
    assert [one["kind"] for one in told] == ["log-in", *["person-viewed"] * 30]
    assert {(one["who_kind"], one["from"], one["record_kind"]) for one in told[1:]} == {
        ("agent", "127.0.0.1", "requester")
    }
    passed_on = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [one["id"] for one in passed_on if one.get("who") == "atendente"] == [one["id"] for one in told]
    assert lines.stat().st_mode & 0o777 == 0o600
    verified = audit(service, "--verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    digest = verified.stdout.split()[-1]
    assert passed_on[-1]["digest"] == digest
    assert audit(service, "--verify", "--expect", digest).returncode == 0
    assert audit(service, "--verify", "--expect", "0" * 64).returncode == 1


def test_a_deleted_row_gives_the_command_another_exit_status(own_service: Service) -> None:
    own_service.store.audit.write(AuditKind.EXPORTED)
    own_service.stop()
    store = Store(own_service.database_url)
    with store._database.writing() as session:
        on = "" if is_sqlite(store) else " ON audit"
        session.execute(text(f"DROP TRIGGER audit_delete_refused{on}"))
        session.execute(text("DELETE FROM audit WHERE id = (SELECT min(id) FROM audit WHERE seal_id IS NOT NULL)"))
    store.close()
    found = audit(own_service, "--verify")
    assert (found.returncode, "rows and" in found.stderr) == (1, True)


def test_the_command_says_what_it_cannot_understand(own_service: Service) -> None:
    for wrong in (["--since", "ontem"], ["--record", "x:1"], ["--follow", "--output", "x"]):
        refused = audit(own_service, *wrong)
        assert (refused.returncode, refused.stdout) == (2, ""), wrong
        assert refused.stderr.startswith("soap-service: ")


def test_rows_are_followed_as_they_are_sealed(own_service: Service) -> None:
    command = [sys.executable, "-m", "soap_service", "audit", "--follow", "--format", "jsonl"]
    command += ["--kind", "exported", "--database-url", own_service.database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        own_service.command("export", "calls", "--output", str(own_service.data / "calls.csv"))
        line = json.loads(following.stdout.readline())  # within 11 s
        assert (line["who_kind"], line["kind"], line["record_kind"]) == ("command", "exported", "call")
        following.kill()


def test_rows_are_passed_on_to_a_syslog(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    store.schema.upgrade()
    store.audit.write(AuditKind.EXPORTED)
    sealed = store.audit_seals.seal()
    assert sealed is not None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as syslog:
        syslog.bind(("127.0.0.1", 0))
        syslog.settimeout(10)
        output = Output(f"syslog:127.0.0.1:{syslog.getsockname()[1]}")
        output.write(sealed)
        row, seal = (syslog.recv(65536).decode().rstrip("\0") for _ in range(2))
        output.close()
    store.close()
    assert "soap-service-audit: {" in row
    assert json.loads(row[row.index("{") :])["kind"] == "exported"
    assert json.loads(seal[seal.index("{") :])["digest"] == sealed.seal.digest
