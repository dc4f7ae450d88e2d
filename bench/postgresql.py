"""`python -m bench.postgresql [FOLDER]`: the hot reads of one node on a PostgreSQL of its own, with 1,000,000 requests.

The database's own processes take the larger part of both cores; the node's share is told apart from theirs.
"""

import sys
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from bench.__main__ import REQUESTS, interleave, table
from bench.servers import Server, start_service
from soap_service.demo import prepare_demo
from soap_service.store import Store
from tests.postgres import Postgres

_FILL = (
    "ALTER TABLE request DISABLE TRIGGER USER",
    "INSERT INTO requester (id, document, name, email, phone, extension, unit) "
    "SELECT 1000000 + i, lpad(((i * 7919 + 13) % 99999999999)::text, 11, '0'), 'Pessoa ' || i, '', '', '', '' "
    "FROM generate_series(0::bigint, {requesters} - 1) i",
    "INSERT INTO request (id, requester_id, service_id, group_id, situation, kind, contract, current_task, "
    "description, urgency, impact, priority, contact_phone, contact_email, opened_at, due_at) "
    "SELECT 1000000 + i, 1000000 + i % {requesters}, s.id, s.group_id, "
    "CASE WHEN i % 12 = 0 THEN 'EmAndamento' ELSE 'Fechada' END, 'incidente', '', 'Atendimento', 'Sem rede.', "
    "'M', 'M', 3, '', '', '2026-11-01 12:00Z', '2026-11-03 12:00Z' "
    "FROM generate_series(0, {requests} - 1) i, (SELECT id, group_id FROM service ORDER BY id LIMIT 1) s",
    "UPDATE requester SET open_requests = found.open FROM (SELECT requester_id, count(*) AS open FROM request "
    "WHERE situation IN ('EmAndamento', 'Reaberta') GROUP BY 1) found WHERE found.requester_id = requester.id",
    "ALTER TABLE request ENABLE TRIGGER USER",
    "ANALYZE",
)


def make(folder: Path, postgres: Postgres) -> str:
    """Return the URL of a new database with `REQUESTS` requests."""
    store = Store(postgres.url)
    store.schema.upgrade()
    prepare_demo(store, folder, {"SOAP_SERVICE_DEMO_PASSWORD": "quatro pontes sem rio"}, True)
    store.close()
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        for statement in _FILL:
            print(f"  {statement[:60]}...", file=sys.stderr, flush=True)
            connection.execute(statement.format(requests=REQUESTS, requesters=REQUESTS // 5).encode())
    return make_url(postgres.url).render_as_string(hide_password=False)


def main() -> None:
    """Fill a database, start a node on it, and print the tables."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "var/bench").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    postgres = Postgres(is_durable=True, shared_buffers="1GB")
    ours: Server | None = None
    try:
        ours = start_service(make(folder, postgres), folder / "postgresql.log")
        for operation, connections, keys in (
            ("obterQtdeSolicitacoes", 64, REQUESTS // 5),
            ("obterQtdeSolicitacoes", 16, REQUESTS // 5),
            ("obterDadosSolicitacao", 64, REQUESTS),
            ("novaSolicitacao", 16, REQUESTS // 5),
        ):
            print(f"\n{operation} on PostgreSQL, {REQUESTS:,} requests, {connections} connections\n")
            print(table([ours], interleave([ours], operation, keys, connections)), flush=True)
    finally:
        if ours is not None:
            ours.stop()
        postgres.close()


if __name__ == "__main__":
    main()
