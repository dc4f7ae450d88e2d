"""Make a database of any size, in the service's own schema: `python -m bench.dataset FILE REQUESTS`.

One requester in five requests, a twelfth of the requests in progress; the documents are those of `document`. One
requester more, `HEAVY`, has 100,000 requests of their own (a tenth of all in a smaller database), half in progress.
"""

import sqlite3
import sys
from pathlib import Path

from soap_service.demo import prepare_demo
from soap_service.model import Requester
from soap_service.names import entries_of
from soap_service.store import Store

HEAVY = "99999999999"
_FIRST = 1_000_000
_BATCH = 100_000
_NAMES = (
    "Ana João Maria José Antônia Francisco Luíza Carlos Paula Pedro Márcia Lucas Sônia Rafael Júlia Marcos Inês Tiago "
    "Célia Bruno"
)
_SURNAMES = (
    "Silva Santos Oliveira Souza Lima Pereira Ferreira Alves Ribeiro Araújo Gonçalves Barbosa Rocha Dias Nascimento "
    "Cardoso Teixeira Correia Mendes Conceição"
)


def document(index: int) -> str:
    """Return the document of the requester with that index, from 0."""
    return f"{(index * 7_919 + 13) % 99_999_999_999:011}"


def name(index: int) -> str:
    """Return the name of that requester: words that many have, and one of their own."""
    first, last = _NAMES.split(), _SURNAMES.split()
    return f"{first[index % 20]} {last[index // 20 % 20]} {last[index // 400 % 20]} P{index}"


def make(file: Path, requests: int) -> int:
    """Make the database and return how many requesters it has; one of that size already there is kept."""
    requesters = requests // 5
    store = Store(f"sqlite:///{file}")
    store.upgrade()
    with store.reading() as session:
        is_there = session.query(Requester).filter_by(document=HEAVY).first() is not None
    if not is_there:
        prepare_demo(store, file.parent, {"SOAP_SERVICE_DEMO_PASSWORD": "bench-bench-bench"})
    store.close()
    if not is_there:
        _fill(file, requests, requesters)
    return requesters


def _fill(file: Path, requests: int, requesters: int) -> None:
    database = sqlite3.connect(file)
    database.execute("PRAGMA synchronous=OFF")
    service, group = database.execute("SELECT id, group_id FROM service ORDER BY id").fetchone()
    for start in range(0, requesters, _BATCH):
        database.executemany(
            _insert("requester", {"id": "?", "document": "?", "name": "?"}),
            [(_FIRST + index, document(index), name(index)) for index in range(start, min(start + _BATCH, requesters))],
        )
        database.executemany(
            "INSERT INTO requester_name (entry, requester_id) VALUES (?, ?)",
            [
                (entry, _FIRST + index)
                for index in range(start, min(start + _BATCH, requesters))
                for entry in entries_of(name(index))
            ],
        )
    heavy_id = _FIRST + requesters + 1
    database.execute(_insert("requester", {"id": "?", "document": "?", "name": "?"}), (heavy_id, HEAVY, "Muitas"))
    heavy = min(100_000, requests // 10)
    given = dict.fromkeys(("id", "requester_id", "service_id", "group_id", "situation"), "?")
    statement = _insert("request", {**given, **_SAME_IN_ALL})
    for start in range(0, requests + heavy, _BATCH):
        rows = []
        for index in range(start, min(start + _BATCH, requests + heavy)):
            if index < requests:
                owner, is_open = _FIRST + index % requesters, index % 12 == 0
            else:
                owner, is_open = heavy_id, index % 2 == 0
            rows.append((_FIRST + index, owner, service, group, "EmAndamento" if is_open else "Fechada"))
        database.executemany(statement, rows)
        database.commit()
        print(f"\r{min(start + _BATCH, requests + heavy):>12,} requests", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def _insert(table: str, columns: dict[str, str]) -> str:
    """Return the statement that inserts these columns; a requester's contacts are empty."""
    if table == "requester":
        columns = {**columns, **dict.fromkeys(("email", "phone", "extension", "unit"), "''")}
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(columns.values())})"


_SAME_IN_ALL = {
    "kind": "'incidente'",
    "contract": "''",
    "current_task": "'Atendimento'",
    "description": "'Sem rede.'",
    "urgency": "'M'",
    "impact": "'M'",
    "priority": "3",
    "contact_phone": "''",
    "contact_email": "''",
    "opened_at": "'2026-11-01 12:00:00.000000'",
    "due_at": "'2026-11-03 12:00:00.000000'",
}


if __name__ == "__main__":
    print(make(Path(sys.argv[1]).resolve(), int(sys.argv[2])))
