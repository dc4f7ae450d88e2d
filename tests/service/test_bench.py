"""The bench is sound: answers are compared before they are timed, failures are told, and children may end."""

import http.client
import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bench.answers import Client, difference, meaning, sample
from bench.dataset import make
from bench.servers import NotStarted, Server, start_service
from bench.turns import Bench, Case, Turn, load, table
from soap_service.rules.situations import SITUATION_LABELS

REQUESTS = 1_000
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return the service as the bench starts it, with the bench's data."""
    folder = tmp_path_factory.mktemp("bench")
    make(folder / "requests.db", REQUESTS)
    server = start_service(f"sqlite:///{folder / 'requests.db'}", folder / "service.log")
    yield server
    server.stop()


@pytest.fixture
def peer(ours: Server) -> Iterator[Server]:
    """Return a peer for whom a cancelled request can be late: it has the service's answers but for that."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body leave together

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service = http.client.HTTPConnection("127.0.0.1", ours.port)
            service.request("POST", "/soap", body, {**self.headers, "Authorization": f"Basic {ours.credential}"})
            answer = service.getresponse()
            text = answer.read()
            service.close()
            if b"Cancelada" in text:
                text = text.replace(b"dentroDoPrazo>true", b"dentroDoPrazo>false")
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield Server("other", ours.process, server.server_port, ours.operations[:2])
        server.shutdown()


def test_a_peer_that_agrees_differs_in_nothing(ours: Server) -> None:
    twin = Server("twin", ours.process, ours.port, ours.operations[:2], ours.credential)
    assert difference(ours, twin, REQUESTS) == ""


def test_a_peer_that_answers_otherwise_is_told_with_both_answers(ours: Server, peer: Server) -> None:
    told = difference(ours, peer, REQUESTS)
    assert told.startswith("other answers '200 obterDadosSolicitacaoResponse ")
    assert "dentroDoPrazo=false' where soap_service answers '200" in told
    assert "situacao=Cancelada dentroDoPrazo=true'" in told


def test_the_sample_has_every_situation_and_late_cancelled_requests(ours: Server) -> None:
    with Client(ours) as client:
        counts, data = (
            [client.ask(operation, message) for message in sample(operation, REQUESTS)]
            for operation in ours.operations[:2]
        )
    words = {word for answer in data for word in answer.partition("situacao=")[2].split(" dentroDoPrazo=")}
    assert words >= {*SITUATION_LABELS.values(), "true", "false"}
    assert sum("prazoLimite=nil" in answer for answer in data) > 10
    assert "500 fault Client" in data
    found = {answer.partition("obterQtdeSolicitacoesResult=")[2].partition("?")[0] for answer in counts}
    assert found >= {"", "1", "50"}


def test_an_answer_means_the_same_in_other_words() -> None:
    def answer(prefix: str, moment: str, nil: str) -> bytes:
        return (
            f'<{prefix}:Envelope xmlns:{prefix}="{_SOAP}"><{prefix}:Body>'
            f'<r xmlns="urn:soap-service:telefonia:v1"><dataAbertura>{moment}</dataAbertura>'
            f'<prazoLimite xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="{nil}"/>'
            f"</r></{prefix}:Body></{prefix}:Envelope>"
        ).encode()

    one = meaning(200, answer("a", "2026-01-02T00:04:05-03:00", "true"))
    assert one == meaning(200, answer("b", "2026-01-02T03:04:05.250Z", "1"))
    assert one == "200 r dataAbertura=2026-01-02 03:04:05+00:00 prazoLimite=nil"
    assert meaning(502, b"<html>") == "502 <html>"


def test_a_peer_without_its_packages_is_left_out_and_told(
    ours: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PEERS", "spyne_orm")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with pytest.raises(SystemExit, match="spyne_orm did not start"), Bench(tmp_path) as bench:
        bench.servers.append(ours)
        bench.add_peers("gsoap", str(tmp_path / "none.db"))  # tmp_path has no gunicorn
        assert bench.servers == [ours]
    assert ours.process.poll() is None


def test_children_may_end_while_clocks_are_read() -> None:
    busy = "i=0; while [ $i -lt 1500 ]; do /bin/true & i=$((i+1)); [ $((i % 20)) -ne 0 ] || wait; done"
    with subprocess.Popen(["sh", "-c", busy]) as process:
        server = Server("children", process, 0)
        readings = 0
        while process.poll() is None:
            assert server.cpu_seconds() >= 0
            assert server.memory_mib() >= 0
            readings += 1
        assert readings > 10
    assert server.cpu_seconds() == 0


def test_a_database_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="integration add"):
        start_service("postgresql://nobody@127.0.0.1:1/none", tmp_path / "log")


def test_a_table_tells_ratios_and_failed_turns(ours: Server) -> None:
    other = Server("other", ours.process, ours.port, failures=2)
    turns = {
        "soap_service": [Turn(rate=100, cpu=10, p50=1, p99=2, wrk=0.5)],
        "other": [Turn(rate=50, cpu=15, p50=1, p99=2)],
    }
    first, second = table([ours, other], turns).splitlines()[2:]
    assert first.startswith(
        "| soap_service | 100 (100 to 100) | 10.0 (10.0 to 10.0) | 1.00 | 1.00 | 1.00 | 2.00 | 0.50 |"
    )
    assert " | 0.50 | 1.50 | " in second
    assert second.endswith("| 2 of 5 turns failed")


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_a_turn_fails_of_a_server_that_is_gone_or_refuses(ours: Server) -> None:
    turn = load(ours, Case("obterQtdeSolicitacoes", 2), seconds=1)
    assert turn.failure == ""
    assert turn.rate > 1
    assert turn.cpu > 1
    assert turn.wrk > 0
    assert load(Server("gone", ours.process, 1), Case("obterQtdeSolicitacoes", 2), seconds=1).failure
    wrong = Server("wrong", ours.process, ours.port, credential="bm9ib2R5OnNlY3JldA==")
    assert load(wrong, Case("obterQtdeSolicitacoes", 2), seconds=1).failure.startswith("Non-2xx or 3xx responses: ")
