"""A large desk at work, upon the data set of `bench.dataset`: agents, their history of requests, two weeks of calls."""

import secrets
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path

from bench.dataset import GROUPS
from soap_service.rules.situations import Action

CALLS = 500_000
#: An agent of one group, the smallest.
AGENT = "agente05"
_AGENTS = 60
_DAYS = 14
_FIRST = 1000

#: Seven tenths of what is unfinished have a responsible, of their group; every group has some that nobody has.
_RESPONSIBLE = (
    "UPDATE request SET responsible_id = :first + group_id % :groups + :groups * (id % :each) "
    "WHERE situation NOT IN ('Fechada', 'Resolvida', 'Cancelada') AND group_id > 100 AND id % 10 < 7"
)
_OPENED = (
    "INSERT INTO request_event (request_id, happened_at, actor, action, note) "
    "SELECT id, opened_at, 'Agente ' || (1 + id % :agents), :action, '' FROM request WHERE id >= 1000000"
)
_ENDED = (
    "INSERT INTO request_event (request_id, happened_at, actor, action, note) "
    "SELECT id, closed_at, 'Agente ' || (1 + id % :agents), :action, '' FROM request "
    "WHERE id >= 1000000 AND closed_at IS NOT NULL"
)


def put_to_work(file: Path) -> None:
    """Add agents, responsibles, history and calls to a database that has none; what is there already is kept."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA synchronous=OFF")
        if not database.execute("SELECT 1 FROM agent WHERE login = ?", (AGENT,)).fetchone():
            _add_agents(database)
            _add_history(database)
        _add_calls(database)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _add_agents(database: sqlite3.Connection) -> None:
    """Add agents in turn to the groups, so that each has five; nobody can log in as one of them."""
    for number in range(1, _AGENTS + 1):
        database.execute(
            "INSERT INTO agent (id, login, name, password_hash, is_admin, is_active) VALUES (?, ?, ?, '', 0, 1)",
            (_FIRST + number, f"agente{number:02}", f"Agente {number}"),
        )
        group = 101 + (number - 1 - 101) % GROUPS  # so that `_RESPONSIBLE` finds them
        database.execute("INSERT INTO membership (agent_id, group_id) VALUES (?, ?)", (_FIRST + number, group))
    database.execute(_RESPONSIBLE, {"first": _FIRST + 1, "groups": GROUPS, "each": _AGENTS // GROUPS})


def _add_history(database: sqlite3.Connection) -> None:
    database.execute(_OPENED, {"agents": _AGENTS, "action": Action.OPEN})
    database.execute(_ENDED, {"agents": _AGENTS, "action": Action.RESOLVE})


def _add_calls(database: sqlite3.Connection) -> None:
    """Put calls into the 14 days before now, between 8 and 18 o'clock, in their order; those there already are kept."""
    (there,) = database.execute("SELECT count(*) FROM call").fetchone()
    (integration,) = database.execute("SELECT min(id) FROM integration").fetchone()
    people = [row[0] for row in database.execute("SELECT id FROM requester ORDER BY id LIMIT 10000")]
    now = datetime.now(UTC)
    rows = []
    for number in range(there, CALLS):
        spread = (number * 7_919) % (_DAYS * 36_000)
        day, second = divmod(spread, 36_000)
        created = (now - timedelta(days=day)).replace(hour=11, minute=0, second=0) + timedelta(seconds=second)
        if created > now:
            continue
        seen = None if number % 11 == 0 else created + timedelta(milliseconds=5 + number % 97)
        texts = [one and one.strftime("%Y-%m-%d %H:%M:%S.%f") for one in (created, seen)]
        caller = None if number % 4 == 0 else people[number * 31 % len(people)]
        rows.append((secrets.token_urlsafe(32), integration, caller, f"{4000 + number % 200}", *texts))
    database.executemany(
        "INSERT INTO call (token, integration_id, operation, document, requester_id, extension, notice, created_at, "
        "seen_at) VALUES (?, ?, 'novaSolicitacao', '', ?, ?, 'ENTREGUE', ?, ?)",
        sorted(rows, key=itemgetter(4)),
    )
