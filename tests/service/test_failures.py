"""What the platform hears when something inside fails: a sentence and a code, in time, and nothing of the inside."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import psycopg

from soap_service.store import Store
from tests.conftest import Service, element, start_service, wait_until
from tests.databases import is_sqlite


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """Hold a lock under which no call can be written, as an administrator's session might."""
    if is_sqlite(store):
        with closing(sqlite3.connect(str(store._database.url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(store._database.url.render_as_string(hide_password=False)) as connection:
            connection.execute("LOCK TABLE call IN ACCESS EXCLUSIVE MODE")
            yield
            connection.rollback()


def test_a_failure_inside_is_told_with_the_incident_number_of_the_log(tmp_path: Path, demo_database_url: str) -> None:
    service = start_service(tmp_path, database_url=demo_database_url)
    with service.store._database.writing() as session:
        session.merge(service.store.requests.find(955)).situation = "Estranha"  # type: ignore[assignment]
    answer = service.call("obterDadosSolicitacao", id=955)
    incident = element(answer, "incidente")
    assert (element(answer, "codigo"), element(answer, "faultcode")) == ("ERRO_INTERNO", "soap11env:Server")
    assert incident in element(answer, "faultstring")
    assert "Estranha" not in answer
    assert re.search(rf"incident={incident}\nTraceback", service.log)
    assert "1?34534" in service.call("obterQtdeSolicitacoes", cpf="11144477735")
    service.stop()


def test_a_locked_database_is_told_in_time_and_the_retry_is_the_same_call(own_service: Service) -> None:
    own_service.call("obterQtdeSolicitacoes", cpf="11144477735")
    with locked(own_service.store):
        started = time.monotonic()
        answer = own_service.call("novaSolicitacao", cpf="11144477735", ramal="4067")
        assert time.monotonic() - started < 4
        assert element(answer, "codigo") == "INDISPONIVEL"
        assert "1?34534" in own_service.call("obterQtdeSolicitacoes", cpf="11144477735")
    retried = element(own_service.call("novaSolicitacao", cpf="11144477735", ramal="4067"), "url")
    assert element(own_service.call("novaSolicitacao", cpf="11144477735", ramal="4067"), "url") == retried
    time.sleep(0.5)
    assert len(own_service.store.call_lists.list_at("4067")) == 1


def test_the_probes_tell_process_and_database_apart(own_service: Service) -> None:
    assert httpx.get(f"{own_service.url}/healthz").status_code == 200
    assert httpx.get(f"{own_service.url}/readyz").status_code == 200
    with own_service.store._database.writing() as session:
        from sqlalchemy import text

        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    wait_until(lambda: own_service.client.get(f"{own_service.url}/readyz").status_code == 503)
    assert httpx.get(f"{own_service.url}/healthz").status_code == 200


def test_the_figures_are_for_this_machine_only(service: Service) -> None:
    service.call("obterDadosSolicitacao", id=955)
    figures = httpx.get(f"{service.url}/metrics").text
    assert re.search(r'soap_calls_total\{operation="obterDadosSolicitacao",outcome="ok"\} [1-9]', figures)
    assert re.search(r'soap_call_seconds_count\{operation="obterDadosSolicitacao"\} [1-9]', figures)
    assert re.search(r'soap_call_seconds_sum\{operation="obterDadosSolicitacao"\} 0\.0*[1-9]', figures)
    assert httpx.get(f"{service.url}/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403


def test_no_document_is_ever_written_to_the_log(own_service: Service) -> None:
    own_service.call("obterQtdeSolicitacoes", cpf="11144477735")
    own_service.call("novaSolicitacao", cpf="111.444.777-35", ramal="4067")
    httpx.get(f"{own_service.url}/solicitacoes/11144477735?cpf=111.444.777-35")
    httpx.post(f"{own_service.endpoint}?ramal=11144477735", content="11144477735")
    wait_until(lambda: "novaSolicitacao integration=" in own_service.log)  # the call log is written in batches
    printed_at_start, _, written = own_service.log.partition("begins anew.")
    assert printed_at_start
    assert "soap_service.soap" in written
    assert not re.search(r"111\.?444\.?777-?35", written)
