"""Make a database of any size, in the service's own schema: `python -m bench.dataset FILE REQUESTS`.

One requester in five requests; the documents are those of `document`. A twelfth of the requests is in progress, one
in sixty suspended and one in 600 reclassified, opened in the last sixty days; the others were finished in two years.
They belong to `GROUPS` groups of unlike size, and their descriptions are of words as unlike. One requester more,
`HEAVY`, has 100,000 requests of their own (a tenth of all in a smaller database), half of them in progress.
"""

import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from soap_service.demo import prepare_demo
from soap_service.model import Requester
from soap_service.rules.names import entries_of
from soap_service.store import Store

HEAVY = "99999999999"
GROUPS = 12
FIRST = 1_000_000
_BATCH = 100_000
_NAMES = (
    "Ana João Maria José Antônia Francisco Luíza Carlos Paula Pedro Márcia Lucas Sônia Rafael Júlia Marcos Inês Tiago "
    "Célia Bruno"
)
_SURNAMES = (
    "Silva Santos Oliveira Souza Lima Pereira Ferreira Alves Ribeiro Araújo Gonçalves Barbosa Rocha Dias Nascimento "
    "Cardoso Teixeira Correia Mendes Conceição"
)


_STEMS = (
    "rede impressora acesso senha monitor teclado sistema erro lento tela servidor pasta e-mail telefone ramal cabo "
    "instalação configuração atualização permissão relatório planilha certificado backup toner scanner câmera projetor"
)
#: From the most common to the rarest.
_WORDS = [f"{stem}{number}" for number in ("", *range(100)) for stem in _STEMS.split()]


def document(index: int) -> str:
    """Return the document of the requester with that index, from 0."""
    return f"{(index * 7_919 + 13) % 99_999_999_999:011}"


def name(index: int) -> str:
    """Return the name of that requester: words that many have, and one of their own."""
    first, last = _NAMES.split(), _SURNAMES.split()
    return f"{first[index % 20]} {last[index // 20 % 20]} {last[index // 400 % 20]} P{index}"


def contacts(index: int) -> tuple[str, str, str]:
    """Return e-mail, telephone and extension of that requester; an extension has some 30 of a million."""
    return f"p{index}@exemplo.com.br", f"(62) 3{index:07}", f"{2000 + index % 7000}"


def description(index: int) -> str:
    """Return a text of some 25 words: a few that most have, many that few have, and one of its own."""
    subject = [_WORDS[(index * step) % count] for step, count in ((7, 12), (11, 60), (13, 400))]
    body = [_WORDS[int(len(_WORDS) * ((index * 31 + place * 17) * 0.618034 % 1) ** 4)] for place in range(20)]
    return f"{' '.join(subject).capitalize()}\nPatrimônio {index}: {' '.join(body)}."


def make(file: Path, requests: int) -> int:
    """Make the database and return how many requesters it has; one of that size already there is kept."""
    requesters = requests // 5
    store = Store(f"sqlite:///{file}")
    store.schema.upgrade()
    with store._database.reading() as session:
        is_there = session.query(Requester).filter_by(document=HEAVY).first() is not None
    if not is_there:
        prepare_demo(store, file.parent, {"SOAP_SERVICE_DEMO_PASSWORD": "quatro pontes sem rio"}, True)
        store.schema.downgrade("0016")  # what a search looks into is made at the end, by its migration
    store.close()
    if not is_there:
        _fill(file, requests, requesters)
        began = time.monotonic()
        store.schema.upgrade()
        store.close()
        print(f"words indexed in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return requesters


def _fill(file: Path, requests: int, requesters: int) -> None:
    database = sqlite3.connect(file)
    database.execute("PRAGMA synchronous=OFF")
    database.execute("PRAGMA cache_size=-2000000")  # in KiB: those of unique columns are not filled in their own order
    indexes = _drop_indexes(database)  # the others are, at the end
    services = _add_services(database)
    for start in range(0, requesters, _BATCH):
        database.executemany(
            _insert("requester", _REQUESTER),
            [
                (FIRST + index, document(index), name(index), *contacts(index))
                for index in range(start, min(start + _BATCH, requesters))
            ],
        )
        database.executemany(
            "INSERT INTO requester_name (entry, requester_id) VALUES (?, ?)",
            [
                (entry, FIRST + index)
                for index in range(start, min(start + _BATCH, requesters))
                for entry in entries_of(name(index))
            ],
        )
    heavy_id = FIRST + requesters + 1
    of_heavy = (heavy_id, HEAVY, "Muitas", "", "", "")
    database.execute(_insert("requester", _REQUESTER), of_heavy)
    heavy = min(100_000, requests // 10)
    columns = (
        "id",
        "requester_id",
        "service_id",
        "group_id",
        "situation",
        "priority",
        "opened_at",
        "closed_at",
        "due_at",
        "description",
    )
    statement = _insert("request", {**dict.fromkeys(columns, "?"), **_SAME_IN_ALL})
    now = datetime.now(UTC).replace(tzinfo=None)
    for start in range(0, requests + heavy, _BATCH):
        rows = []
        for index in range(start, min(start + _BATCH, requests + heavy)):
            is_heavy = index >= requests
            owner = heavy_id if is_heavy else FIRST + index % requesters
            is_open = index % (2 if is_heavy else 12) == 0
            service = services[int(len(services) * (index * 0.618034 % 1) ** 2)]
            rows.append((FIRST + index, owner, *service, *_life(index, is_open, now), description(index)))
        database.executemany(statement, rows)
        database.commit()
        print(f"\r{min(start + _BATCH, requests + heavy):>12,} requests", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for statement in indexes:
        database.execute(statement)
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def _drop_indexes(database: sqlite3.Connection) -> list[str]:
    """Drop the indexes of the large tables, and return the statements that make them again."""
    found = database.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        "AND tbl_name IN ('request', 'requester', 'requester_name')"
    ).fetchall()
    for index, _ in found:
        database.execute(f"DROP INDEX {index}")
    return [statement for _, statement in found]


def _add_services(database: sqlite3.Connection) -> list[tuple[int, int]]:
    """Add two services for each group, and return the numbers of service and group."""
    added = []
    for group in range(1, GROUPS + 1):
        database.execute(
            "INSERT INTO executor_group (id, name, may_execute) VALUES (?, ?, 1)", (100 + group, f"GRUPO{group:02}")
        )
        for service in (2 * group, 2 * group + 1):
            database.execute(
                "INSERT INTO service (id, name, kind, contract, sla_minutes, group_id, is_active) "
                "VALUES (?, ?, 'incidente', '', 480, ?, 1)",
                (100 + service, f"Serviço {service:02}", 100 + group),
            )
            added.append((100 + service, 100 + group))
    return added


def _life(index: int, is_open: bool, now: datetime) -> Iterator[object]:
    """Yield situation, priority, opening, closing and deadline of a request."""
    spread = index * 0.754878 % 1
    is_suspended = not is_open and index % 60 == 1
    is_reclassified = index % 600 == 7
    is_unfinished = is_open or is_suspended or is_reclassified
    opened = now - timedelta(days=spread * (60 if is_unfinished else 730))
    if is_open:
        yield "Reaberta" if index % 120 == 0 else "EmAndamento"
    elif is_suspended:
        yield "Suspensa"
    elif is_reclassified:
        yield "Reclassificada"
    else:
        yield ("Fechada", "Fechada", "Fechada", "Resolvida", "Cancelada")[index % 5]
    yield 1 + index % 5
    yield _stored(opened)
    yield None if is_unfinished else _stored(opened + timedelta(hours=1 + index % 90))
    yield None if index % 20 == 3 else _stored(opened + timedelta(hours=8 + index % 120))


def _stored(moment: datetime) -> str:
    return moment.isoformat(" ", "microseconds")


def _insert(table: str, columns: dict[str, str]) -> str:
    """Return the statement that inserts these columns."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(columns.values())})"


_REQUESTER = {**dict.fromkeys(("id", "document", "name", "email", "phone", "extension"), "?"), "unit": "''"}
_SAME_IN_ALL = {
    "kind": "'incidente'",
    "contract": "''",
    "current_task": "'Atendimento'",
    "urgency": "'M'",
    "impact": "'M'",
    "contact_phone": "''",
    "contact_email": "''",
}


if __name__ == "__main__":
    print(make(Path(sys.argv[1]).resolve(), int(sys.argv[2])))
