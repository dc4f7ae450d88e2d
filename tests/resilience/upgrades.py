"""0.1.0 upgraded with data: its database under its own running node, and its backup; on both databases.

A real node of 0.1.0, with an environment of its own, fills a database. Platforms call it and an agent opens requests
at its screens; then a node of today starts on the same database and migrates it, and both go on being called, each
call repeated at the other node. Every answered call and request must be there once, every row from before as it was.
Then the backup that 0.1.0 made before is restored by today's command. A clone without the history skips this.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import httpx
from sqlalchemy import inspect

from soap_service.storage.schema import newest_schema_version
from soap_service.store import Store
from tests.conftest import NAMESPACE, element
from tests.demonstration import PASSWORD
from tests.postgres import Postgres, create_database
from tests.waiting import free_port, wait_until

HERE = Path(__file__).resolve().parents[2]
#: The last commit before 0.2.0 began.
COMMIT = "bbf1131aa5a8"
PEOPLE, CALLERS, BEFORE, BESIDE = 300, 4, 3.0, 10.0
PAGES = ("/", "/chamadas", "/solicitacoes", "/solicitacoes/955", "/painel", "/administracao", "/ramal")

#: What fills a database beyond the demonstration: run by 0.1.0 itself.
_FILL = """
import sys
from soap_service.store import NewRequest, Store
store = Store(sys.argv[1])
agent = store.find_agent("admin") if hasattr(store, "find_agent") else store.list_agents()[0]
service = store.list_services()[0].id
for number in range(int(sys.argv[2])):
    person = store.add_requester(f"{70000000000 + number}", f"Requester {number}", f"p{number}@x.br").id
    for request in range(number % 4):
        text = f"Requester {number}, text {request}"
        store.open_request(NewRequest(person, service, text, "incidente"), agent.id, f"form:{number}-{request}")
"""
#: What new requests and calls change in the rows that are there.
_COUNTED = ("open_requests",)
#: What 0.1.0 has of people, requests, calls and the rest: the columns of its own tables.
Columns = dict[str, list[str]]
Rows = dict[str, Counter[tuple[str, ...]]]


def old_version() -> Path | None:
    """Return the interpreter of 0.1.0 with its own dependencies, made once; None in a clone without it."""
    folder = HERE / "var" / f"version-{COMMIT}"
    python = folder / ".venv" / "bin" / "python"
    if (folder / "installed").exists():
        return python
    known = subprocess.run(["git", "cat-file", "-e", f"{COMMIT}^{{commit}}"], cwd=HERE, capture_output=True)
    if known.returncode:
        return None
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", COMMIT], cwd=HERE, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder / ".venv")], check=True)
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-e", str(folder)]
    subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
    (folder / "installed").touch()
    return python


class Node:
    """A node of one version: its program, its address, its log."""

    def __init__(self, python: str, command: str, folder: Path, url: str) -> None:
        self.folder, port = folder, free_port()
        self.url = f"http://127.0.0.1:{port}"
        arguments = [python, "-B", "-m", "soap_service", command, "--port", str(port), "--database-url", url]
        if command == "demo":
            arguments += ["--data", str(folder)]
        settings = {"DEMO_PASSWORD": PASSWORD, "CALLS_PER_SECOND": "0", "UNKNOWN_DOCUMENTS_PER_MINUTE": "0"}
        environment = {**os.environ, **{f"SOAP_SERVICE_{name}": value for name, value in settings.items()}}
        folder.mkdir()
        with (folder / "log").open("wb") as log:
            # From a folder of its own: another one's sources must not be found first.
            self.process = subprocess.Popen(arguments, cwd=folder, env=environment, stdout=log, stderr=log)
        self._client = httpx.Client(timeout=30)
        wait_until(self._is_ready, 60)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8")

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log
        try:
            return self._client.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def call(self, operation: str, **arguments: object) -> str:
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in arguments.items())
        envelope = (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
            f'<{operation} xmlns="{NAMESPACE}">{inner}</{operation}></e:Body></e:Envelope>'
        )
        answer = self._client.post(f"{self.url}/soap", content=envelope, headers={"Content-Type": "text/xml"})
        return answer.text.replace(self.url, "")

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(20) == 0 and "Traceback" not in self.log, self.log


@dataclass
class Journal:
    """What was answered: receipts of calls by document, numbers of requests by their text; and what was not."""

    calls: dict[str, str] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    different: int = 0
    slowest: float = 0.0


class Work:
    """Callers and an agent at each node, who repeat what was not answered, and what was at another node."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes, self.journal = nodes, Journal()
        self.is_done = threading.Event()

    def call(self, caller: int) -> None:
        number = 0
        while not self.is_done.is_set():
            number += 1
            document = f"8{caller}{number:09}"
            tokens = set()
            for node in (self.nodes[0], self.nodes[-1]) if number % 2 else (self.nodes[-1], self.nodes[0]):
                while True:
                    started = time.monotonic()
                    answer = node.call("novaSolicitacao", cpf=document, ramal="4067")
                    self.journal.slowest = max(self.journal.slowest, time.monotonic() - started)
                    if "<tns:url>" in answer:
                        break
                    self.journal.refused += 1
                    time.sleep(0.1)
                tokens.add(element(answer, "url").rpartition("/")[2])
            self.journal.calls[document] = tokens.pop()
            self.journal.different += len(tokens)

    def open_requests(self, agent: "Agent", name: str) -> None:
        number = 0
        while not self.is_done.is_set():
            number += 1
            text = f"Opened at {name}, {number}."
            self.journal.requests[text] = agent.open_request(text)
            time.sleep(0.05)


class Agent:
    """A log-in at the screens of a node."""

    def __init__(self, node: Node, cookies: httpx.Cookies | None = None) -> None:
        self.browser = httpx.Client(base_url=node.url, cookies=cookies, timeout=30)
        if cookies is None:
            page = self.browser.get("/entrar").text
            fields = {"form_token": hidden(page, "form_token"), "usuario": "admin", "senha": PASSWORD, "para": "/"}
            assert self.browser.post("/entrar", data=fields).status_code == 303

    def open_request(self, text: str) -> str:
        """Open a request by the form, which is sent twice; return its number."""
        page = self._page("/solicitacoes/nova?solicitante=1")
        service = re.search(r'<option value="(\d+)"', page.partition('name="servico"')[2])
        assert service, page
        fields = {name: hidden(page, name) for name in ("form_token", "chave")}
        fields |= {"solicitante": "1", "servico": service[1], "urgencia": "B", "impacto": "B", "descricao": text}
        numbers = {self._post(fields) for _ in range(2)}
        assert len(numbers) == 1, numbers
        return numbers.pop()

    def _page(self, address: str) -> str:
        while (answer := self.browser.get(address)).status_code != 200:
            assert answer.status_code == 503, (address, answer.status_code, answer.text)
            time.sleep(0.1)
        return answer.text

    def _post(self, fields: dict[str, str]) -> str:
        while (answer := self.browser.post("/solicitacoes/nova", data={**fields, "acao": "registrar"})).is_error:
            assert answer.status_code == 503, (answer.status_code, answer.text)
            time.sleep(0.1)
        found = re.search(r"/solicitacoes/(\d+)", answer.headers["Location"])
        assert found
        return found[1]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no {name} in {page}"
    return unescape(found[1])


def columns_of(store: Store) -> Columns:
    """Return the tables and columns that a database has."""
    with store._database.reading() as session:
        found = inspect(session.connection())
        names = [name for name in found.get_table_names() if name not in ("alembic_version", "recent_call")]
        return {
            name: [str(column["name"]) for column in found.get_columns(name) if column["name"] not in _COUNTED]
            for name in names
        }


def rows_of(store: Store, columns: Columns) -> Rows:
    """Return the rows of those tables, by those columns, each with how often it is there."""
    found: Rows = {}
    with store._database.reading() as session:
        for table, names in columns.items():
            listed = ", ".join(f'"{name}"' for name in names)
            rows = session.connection().exec_driver_sql(f'SELECT {listed} FROM "{table}"').all()
            found[table] = Counter(tuple(map(_plain, row)) for row in rows)
    return found


def _plain(value: object) -> str:
    """Return a value as SQLite has it, whichever database it came from."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return str(int(value) if isinstance(value, bool) else value)


def texts_of(store: Store) -> Sequence[tuple[str, int]]:
    with store._database.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT description, id FROM request").all()
        return [(str(row[0]), int(row[1])) for row in rows]


def main() -> None:
    python = old_version()
    if python is None:
        print(f"skipped: this clone has no commit {COMMIT} (git fetch --unshallow)")
        return
    server = Postgres(is_durable=True)
    for kind in ("sqlite", "postgresql"):
        folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
        url = create_database(server.url) if kind == "postgresql" else f"sqlite:///{folder}/desk.db"
        _upgrade_beside(kind, str(python), folder, url)
        for number, target in enumerate((f"sqlite:///{folder}/restored.db", create_database(server.url))):
            _restore(folder, target, is_replacing=bool(number))
    server.close()


def _upgrade_beside(kind: str, python: str, folder: Path, url: str) -> None:
    Node(python, "demo", folder / "demonstration", url).stop()
    old = Node(python, "serve", folder / "old", url)
    subprocess.run([python, "-B", "-c", _FILL, url, str(PEOPLE)], cwd=folder, check=True)
    backup = [python, "-B", "-m", "soap_service", "backup", str(folder / "backup"), "--database-url", url]
    subprocess.run(backup, cwd=folder, check=True, capture_output=True)
    store = Store(url)
    columns = columns_of(store)
    rows, version = rows_of(store, columns), store.schema.version()
    store.close()
    work = Work([old])
    agent = Agent(old)
    with ThreadPoolExecutor(CALLERS + 2) as threads:
        running = [threads.submit(work.call, caller) for caller in range(1, CALLERS + 1)]
        running.append(threads.submit(work.open_requests, agent, "the old node"))
        try:
            time.sleep(BEFORE)
            answered = len(work.journal.calls)
            started = time.monotonic()
            new = Node(sys.executable, "serve", folder / "new", url)
            took, meanwhile = time.monotonic() - started, len(work.journal.calls) - answered
            work.nodes.append(new)
            running.append(threads.submit(work.open_requests, Agent(new, agent.browser.cookies), "the new node"))
            time.sleep(BESIDE)
        finally:
            work.is_done.set()
        for one in running:
            one.result()
    different = _compare(old, new, agent)
    old.stop()
    new.stop()
    store = Store(url)
    assert store.schema.version() == newest_schema_version() and store.schema.problems() == []
    lost, doubled = _judge(store, work.journal)
    gone = _missing(rows, rows_of(store, columns))
    store.close()
    journal = work.journal
    print(
        f"{kind}: {version} to {newest_schema_version()} under a node of 0.1.0: one of today ready after {took:.1f} s, "
        f"{meanwhile} calls answered by the old one meanwhile; {len(journal.calls)} calls and "
        f"{len(journal.requests)} requests answered by both, each twice: {lost} lost, {doubled} doubled, "
        f"{journal.different} repeats with another receipt; {journal.refused} times told to call again, "
        f"the slowest answer {journal.slowest:.2f} s; {different} of {PEOPLE} callers and {len(PAGES)} pages "
        f"answered differently; rows of before that are no more as they were: {gone or 0}",
        flush=True,
    )
    assert (lost, doubled, different, journal.different, gone) == (0, 0, 0, 0, {})


def _missing(before: Rows, after: Rows) -> dict[str, int]:
    """Return by tables how many rows are not there any more, or not as they were."""
    return {table: count for table in before if (count := sum((before[table] - after[table]).values()))}


def _compare(old: Node, new: Node, agent: Agent) -> int:
    """Return how many questions the two answer differently: the IVR's, and the statuses of pages."""
    different = 0
    for number in range(PEOPLE):
        document = f"{70000000000 + number}"
        answers = [node.call("obterQtdeSolicitacoes", cpf=document) for node in (old, new)]
        different += answers[0] != answers[1]
    details = [node.call("obterDadosSolicitacao", id=955) for node in (old, new)]
    different += details[0] != details[1]
    other = Agent(new, agent.browser.cookies)
    for page in PAGES:
        statuses = [one.browser.get(page).status_code for one in (agent, other)]
        different += statuses[0] != statuses[1]
    return different


def _judge(store: Store, journal: Journal) -> tuple[int, int]:
    with store._database.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT document, token FROM call WHERE document LIKE '8%%'").all()
    tokens = {str(document): str(token) for document, token in rows}
    lost = sum(tokens.get(document) != token for document, token in journal.calls.items())
    doubled = len(rows) - len(tokens)
    texts = texts_of(store)
    numbers = {text: number for text, number in texts if text.startswith("Opened at")}
    lost += sum(str(numbers.get(text)) != number for text, number in journal.requests.items())
    doubled += sum(text.startswith("Opened at") for text, _ in texts) - len(numbers)
    return lost, doubled


def _restore(folder: Path, url: str, is_replacing: bool) -> None:
    """Restore the backup of 0.1.0 by today's command, into nothing and over a database; compare with the backup."""
    command = [sys.executable, "-B", "-m", "soap_service", "restore", str(folder / "backup"), "--database-url", url]
    for more in ([], ["--replace"]) if is_replacing else ([],):
        subprocess.run([*command, *more], check=True, capture_output=True)
    kept, store = Store(f"sqlite:///{folder / 'backup'}"), Store(url)
    columns = columns_of(kept)
    columns.pop("login_session", None)  # log-ins are left out of a restore
    before, after = rows_of(kept, columns), rows_of(store, columns)
    missing = _missing(before, after)
    total = sum(sum(rows.values()) for rows in before.values())
    assert store.schema.problems() == [] and len(after["request"]) > PEOPLE
    print(
        f"its backup of {total} rows restored into {url.partition(':')[0]}: missing or changed: {missing or 0}",
        flush=True,
    )
    assert missing == {}
    kept.close()
    store.close()


if __name__ == "__main__":
    main()
