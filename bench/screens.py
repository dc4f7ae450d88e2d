"""What every page and search takes with 1,000,000 requests, on both databases: `python -m bench.screens FOLDER`.

The service is the real one, with the data set of `bench.dataset`, a desk at work upon it (`bench.desk`), and the same
rows on SQLite and on a PostgreSQL of its own. Each page is asked for `TIMES` times over one connection after a first
one; the table has median and 95th percentile of the milliseconds to the first byte. It ends with 1 when one is over.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import httpx

from bench import dataset, desk
from bench.copies import copy_to_postgresql
from soap_service.rules.credentials import SESSION_COOKIE
from soap_service.rules.documents import format_document
from soap_service.store import Order, Store
from tests.browser.pages import prepare
from tests.conftest import Service, start_service
from tests.postgres import Postgres

TIMES = 60
DATABASES = ("sqlite", "postgresql")
#: The group of the sample data, which has a handful of requests.
_SMALL_GROUP = "1"
#: The requester whose document and name the searches look for.
_INDEX = 4242
#: What an agent types, by what it is.
SEARCHES = {
    "number": "1004242",
    "number, as written": "Solicitação nº 1.004.242",
    "document": dataset.document(_INDEX),
    "document, as written": format_document(dataset.document(_INDEX)),
    "document of nobody": "111.444.777-35",
    "name": dataset.name(_INDEX),
    "first name of many": "Maria",
    "two names of many": "José Silva",
    "name of nobody": "Zzyx Qwertz",
    "telephone": dataset.contacts(_INDEX)[1],
    "e-mail": dataset.contacts(_INDEX)[0],
    "extension": f"ramal {dataset.contacts(_INDEX)[2]}",
    "word of most": "patrimônio",
    "word of many": "impressora",
    "two words of many": "impressora senha",
    "rare word": "toner87",
    "common and rare word": "rede projetor99",
    "three words": "certificado relatório câmera",
    "words that nothing has together": "toner87 scanner93 cabo99",
    "beginning of a word": "impr",
    "beginnings of two words": "atual perm",
    "word of one request": f"patrimônio {_INDEX}",
}


class Look(NamedTuple):
    """Something to ask for, as an administrator or as an agent of one group; with a form it is posted."""

    address: str
    form: Mapping[str, str] | None = None
    is_agents: bool = False


class Spent(NamedTuple):
    """Milliseconds to the first byte, those of the processor alone, and the status of the answer.

    The processor's are of the service and its PostgreSQL: what a busy machine's other work leaves as it is.
    """

    median: float
    p95: float
    cpu_median: float
    cpu_p95: float
    status: int


def list_looks(service: Service) -> dict[str, Look]:
    """Return every page, the lists and their filters, and the searches, by name."""
    walk = prepare(service)
    looks = {name: Look(address) for name, address in walk.addresses().items()}
    url = service.url
    looks["janela"] = Look(f"{url}/chamadas/{walk.tokens['known']}/janela?antiga=S")
    for name, address in (("inicio", ""), ("solicitacoes", "solicitacoes"), ("chamadas", "chamadas")):
        looks[f"{name}, an agent's"] = Look(f"{url}/{address}", is_agents=True)
    heavy = service.store.requesters.find(dataset.HEAVY).id
    for name, filters in _lists(heavy).items():
        looks[f"solicitacoes, {name}"] = Look(
            f"{url}/solicitacoes?{urlencode(filters)}", is_agents=filters.get("grupo") == "meus"
        )
    looks["solicitacoes.csv"] = Look(f"{url}/solicitacoes.csv?situacao=abertas")
    for name, filters in _CALLS.items():
        looks[f"chamadas, {name}"] = Look(f"{url}/chamadas?{urlencode(filters)}")
    for name, typed in SEARCHES.items():
        looks[f"search: {name}"] = Look(f"{url}/solicitacoes", {"busca": typed})
    looks["search: word of many, next page"] = Look(f"{url}/solicitacoes", {"busca": "impressora", "depois": "1000500"})
    return looks


def _lists(heavy: int) -> dict[str, dict[str, str]]:
    lists = {f"open, by {order}": {"situacao": "abertas", "ordem": str(order)} for order in Order}
    narrow = {"late": {"atrasadas": "1"}, "due today": {"hoje": "1"}, "nobody's": {"livres": "1"}, "": {}}
    lists |= {f"my groups' {name}".strip(): {"grupo": "meus", **filters} for name, filters in narrow.items()}
    lists |= {f"all groups' {name}": filters for name, filters in narrow.items() if filters}
    lists |= {f"a small group's {name}".strip(): {"grupo": _SMALL_GROUP, **filters} for name, filters in narrow.items()}
    return lists | {
        "mine": {"minhas": "1"},
        "mine, by prioridade": {"minhas": "1", "ordem": "prioridade"},
        "all": {"situacao": "todas"},
        "closed": {"situacao": "Fechada", "ordem": "abertura"},
        "suspended": {"situacao": "Suspensa"},
        "reclassified, by prioridade": {"situacao": "Reclassificada", "ordem": "prioridade"},
        "my groups' finished": {"grupo": "meus", "situacao": "todas"},
        "of one requester": {"solicitante": str(heavy)},
        "in progress of one requester": {"solicitante": str(heavy), "situacao": "EmAndamento", "ordem": "abertura"},
        "second page": {"situacao": "abertas", "depois": "1700000000000000.1000000"},
    }


_CALLS = {
    "all extensions": {"ramal": ""},
    "of one extension": {"ramal": "4100"},
    "missed": {"destino": "perdida"},
    "to return": {"destino": "a-retornar"},
    "returned": {"destino": "retornada"},
    "answered": {"destino": "atendida"},
}


def measure(service: Service, server: Postgres | None, only: str) -> dict[str, Spent]:
    """Return what each look takes whose name begins as `only`."""
    spent = {}
    with _browser(service, "admin") as admin, _browser(service, desk.AGENT) as agent:
        for name, look in sorted(list_looks(service).items()):
            client, token = agent if look.is_agents else admin
            if name.startswith(only):
                spent[name] = _spent(partial(_first_byte, client, token, look), partial(_cpu_ms, service, server))
    return spent


@contextmanager
def _browser(service: Service, login: str) -> Iterator[tuple[httpx.Client, str]]:
    """Give a client with a log-in of that agent, and its form token."""
    agent = service.store.staff.find_agent(login)
    cookie = service.store.logins.open(agent.id, timedelta(hours=1))
    with httpx.Client(cookies={SESSION_COOKIE: cookie}, timeout=30) as client:
        yield client, service.store.logins.find(cookie).form_token


def _spent(ask: Callable[[], tuple[float, int]], cpu_ms: Callable[[], float]) -> Spent:
    _, status = ask()
    wall, cpu = [], []
    for _ in range(TIMES):
        before = cpu_ms()
        wall.append(ask()[0])
        cpu.append(max(0.0, cpu_ms() - before))
    return Spent(statistics.median(wall), _p95(wall), statistics.median(cpu), _p95(cpu), status)


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95) - 1]


def _cpu_ms(service: Service, server: Postgres | None) -> float:
    """Return the processor time that the service and its PostgreSQL have had, in milliseconds."""
    processes = [service.process.pid, *(server.list_processes() if server else ())]
    spent = 0
    for task in (task for pid in processes for task in Path(f"/proc/{pid}/task").glob("*/schedstat")):
        with suppress(OSError):  # it has just ended
            spent += int(task.read_text().split()[0])
    return spent / 1e6


def _first_byte(client: httpx.Client, token: str, look: Look) -> tuple[float, int]:
    """Return the milliseconds from asking to the head of the answer, and its status."""
    method, data = ("GET", None) if look.form is None else ("POST", {**look.form, "form_token": token})
    began = time.perf_counter()
    with client.stream(method, look.address, data=data) as answer:
        spent = time.perf_counter() - began
        if "/entrar" in answer.headers.get("location", ""):
            raise SystemExit("nobody is logged in")
        if not look.address.partition("?")[0].endswith(".csv"):
            answer.read()
    return spent * 1000, answer.status_code


def run(folder: Path, database_url: str, server: Postgres | None, only: str) -> dict[str, Spent]:
    """Start the service on a database and measure it."""
    store = Store(database_url)
    while store.panel.count_hours():
        pass
    store.close()
    service = start_service(folder, database_url=database_url)
    try:
        return measure(service, server, only)
    finally:
        service.stop()


def print_table(found: Mapping[str, Mapping[str, Spent]], limit: float, is_of_cpu: bool) -> list[str]:
    """Print a row for each look, and return the names of those that are over the limit on a database."""
    heads = " | ".join(f"{name}: median | p95 | processor: median | p95" for name in found)
    print(f"| page or search | {heads} | status |\n" + "|---" * (2 + 4 * len(found)) + "|")
    slow = []
    for name in next(iter(found.values())):
        rows = [spent[name] for spent in found.values()]
        is_slow = any((row.cpu_p95 if is_of_cpu else row.p95) > limit for row in rows)
        figures = " | ".join(f"{one:.1f}" for row in rows for one in row[:4])
        print(f"| {name} | {figures} | {rows[0].status}{' SLOW' if is_slow else ''} |")
        slow += [name] if is_slow else []
    return slow


def main() -> None:
    """Make the data, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--limit", type=float, default=50, help="milliseconds, of the 95th percentile (default 50)")
    parser.add_argument(
        "--processor", action="store_true", help="hold the processor's time to the limit, not the clock's"
    )
    parser.add_argument("--only", default="", help="measure what has a name that begins so")
    parser.add_argument("--on", choices=DATABASES, action="append", help="measure on this database only")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"screens-{arguments.requests}.db"
    dataset.make(file, arguments.requests)
    desk.put_to_work(file)
    url, found = f"sqlite:///{file}", {}
    wanted = arguments.on or DATABASES
    if "postgresql" in wanted:
        server = Postgres(is_durable=True, shared_buffers="1GB")
        try:
            copy_to_postgresql(url, server.url)
            found["PostgreSQL"] = run(folder, server.url, server, arguments.only)
        finally:
            server.close()
    if "sqlite" in wanted:
        found["SQLite"] = run(folder, url, None, arguments.only)
    slow = print_table(found, arguments.limit, arguments.processor)
    if slow:
        sys.exit(f"over {arguments.limit:g} ms: {', '.join(slow)}")


if __name__ == "__main__":
    main()
