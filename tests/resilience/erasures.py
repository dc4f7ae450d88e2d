"""A person and a contact erased by the command beside a running service, then looked for wherever they may stand.

On both databases: every page and export of the service as an administrator, its log, what the command says, every table
and view that the database has, on PostgreSQL the planner's samples with them, the bytes of its files, and a backup
made afterwards. Then an older backup is restored and the tables are looked at again.
"""

import json
import re
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
from sqlalchemy import inspect, select

from soap_service.model import Integration
from soap_service.rules.edits import ContactEdit
from soap_service.rules.situations import Action
from soap_service.screens.routes import ADDRESSES
from soap_service.store import Announcement, NewRequest, Store
from tests.conftest import Service, start_service
from tests.demonstration import create_demo_database
from tests.postgres import Postgres, execute

CPF, CNPJ = "86288366757", "11222333000181"
#: What tells of each of them.
TRACES = {
    "person": ("Quitéria", "quiteria", "98888-7777", "98888777", CPF, "862.883.667-57", "R-55512"),
    "contact": ("Zélia", "zelia", "prado lins", "98765-4321", "98765432"),
}
_NO_PAGES = ("/sessao", "/static/")


def fill(store: Store) -> tuple[int, int, list[str]]:
    """Write a person, and a company with a contact; return the ids of company and contact, and tokens of calls."""
    person = store.requesters.add(CPF, "Quitéria Zaqueu", "quiteria@x.br", "62 98888-7777", "5512", "R-55512", "Ana")
    company = store.requesters.add(CNPJ, "Indústria Sol", "sol@sol.br", "62 3000-1000")
    zelia = ContactEdit("Zélia Prado Lins", "compras", "zelia@sol.br", "62 98765-4321", "77")
    store.people.add_contact(company.id, zelia, "Ana", "form:z")
    [contact] = store.people.list_contacts(company.id)
    agent, service = store.staff.find_agent("admin"), store.catalogue.list_services()[0]
    texts = {
        person.id: ("Quitéria Zaqueu, CPF 862.883.667-57, pede; 98888-7777.", "98888-7777", "quiteria@x.br"),
        company.id: ("Zélia Prado Lins pede; ZELIA@sol.br ou 98765-4321.", "98765-4321", "zelia@sol.br"),
    }
    for requester, (text, phone, email) in texts.items():
        its = contact.id if requester == company.id else None
        new = NewRequest(requester, service.id, text, "incidente", "", "B", "B", phone, email, its)
        request = store.requests.open(new, agent.id, f"form:{requester}")
        store.execution.execute(request.id, agent.id, Action.NOTE, text.lower())
    with store._database.reading() as session:
        integration = session.scalar(select(Integration.id).limit(1))
    assert integration is not None
    tokens = []
    for document in (CPF, CNPJ):
        call = Announcement(integration, "novaSolicitacao", document, extension="4067")
        tokens.append(store.calls.announce(call).token)
    store.people.name_contact_of_call(tokens[1], contact.id)
    return company.id, contact.id, tokens


class Look:
    """The pages of a service as an administrator sees them, in full."""

    def __init__(self, service: Service, tokens: list[str]) -> None:
        self._service, self._tokens = service, tokens
        store = service.store
        self.cookie = store.logins.open(store.staff.find_agent("admin").id, timedelta(hours=2))

    def at_pages(self) -> tuple[str, int]:
        """Return every page, by every number and token that there is, and how many there were."""
        store, seen = self._service.store, []
        with store._database.reading() as session:
            connection = session.connection()
            numbers = {
                "pessoas": connection.exec_driver_sql("SELECT id FROM requester").scalars().all(),
                "solicitacoes": connection.exec_driver_sql("SELECT id FROM request").scalars().all(),
                "administracao": [1, 2, 3],
            }
            contacts = connection.exec_driver_sql("SELECT id, requester_id FROM contact").all()
        rules = {rule.rule for rule in ADDRESSES.iter_rules() if "GET" in (rule.methods or ())}
        addresses = {"/solicitacoes.csv"}
        for rule in rules:
            if rule.startswith(_NO_PAGES):
                continue
            kind = rule.split("/")[1]
            if "<token" in rule:
                addresses |= {re.sub(r"<token:\w+>", token, rule) for token in self._tokens}
            elif "<number" in rule:
                addresses |= {re.sub(r"<number:\w+>", str(number), rule) for number in numbers[kind]}
            else:
                addresses.add(rule)
        for contact, requester in contacts:
            addresses |= {f"/pessoas/{requester}/{page}?contato={contact}" for page in ("contato", "apagar")}
        cookies = {self._service.session_cookie: self.cookie}
        with httpx.Client(base_url=self._service.url, cookies=cookies, timeout=60) as browser:
            for address in sorted(addresses):
                answer = browser.get(address)
                assert answer.status_code < 500, (address, answer.status_code)
                seen.append(answer.text)
        return "\n".join(seen), len(seen)


def tables_of(store: Store) -> str:
    """Return the rows of every table that the database has, whoever made it, and what the planner has sampled."""
    with store._database.reading() as session:
        connection = session.connection()
        names = inspect(connection).get_table_names()
        found = [str(connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()) for name in names]
        if store._database.backend.file is None:
            found.append(str(connection.exec_driver_sql("SELECT * FROM pg_stats WHERE schemaname = 'public'").all()))
    return "\n".join(found)


def bytes_of(store: Store, server: Postgres) -> str:
    """Return the bytes of the database's files; of a server's after VACUUM FULL, as its documents say."""
    file = store._database.backend.file
    if file is not None:
        files = [one for one in file.parent.glob(f"{file.name}*") if one.is_file()]
    else:
        url = store._database.url.render_as_string(hide_password=False)
        execute(url, "VACUUM FULL")
        execute(url, "CHECKPOINT")
        [(number,)] = execute(url, "SELECT oid FROM pg_database WHERE datname = current_database()")
        files = list((server.data / "base" / str(number)).iterdir())
    assert files
    return "".join(one.read_bytes().decode("utf-8", "replace") for one in files)


def judge(whom: str, where: str, text: str, is_there: bool) -> None:
    """Assert that all traces are there, or none."""
    found = [trace for trace in TRACES[whom] if trace in text]
    assert bool(found) == is_there, (whom, where, found)


def erase(service: Service, *arguments: str, document: str) -> str:
    return service.command("person", "erase", "-", "--yes", *arguments, stdin=f"{document}\n")


def main() -> None:
    server = Postgres(is_durable=True)
    for kind in ("sqlite", "postgresql"):
        folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
        service = start_service(folder, database_url=create_demo_database(server.url) if kind == "postgresql" else "")
        _prove(kind, service, server, folder)
        assert service.stop() == 0 and "Traceback" not in service.log, service.log
    server.close()


def _prove(kind: str, service: Service, server: Postgres, folder: Path) -> None:
    store = service.store
    company, contact, tokens = fill(store)
    if kind == "postgresql":
        execute(service.database_url, "ANALYZE")
    look, older, newer = Look(service, tokens), folder / "older.backup", folder / "newer.backup"
    service.command("backup", str(older))
    exported = service.command("person", "export", "-", stdin=f"{CPF}\n")
    company_exported = service.command("person", "export", "-", stdin=f"{CNPJ}\n")
    assert json.loads(exported)["people"][0]["name"] == "Quitéria Zaqueu"
    pages, _ = look.at_pages()
    for whom in TRACES:
        for where, text in (("pages", pages), ("tables", tables_of(store)), ("files", bytes_of(store, server))):
            judge(whom, where, text, is_there=True)
    judge("contact", "export", company_exported, is_there=True)
    said = erase(service, "--contact", str(contact), document=CNPJ)
    judge("contact", "tables", tables_of(store), is_there=False)
    judge("person", "tables", tables_of(store), is_there=True)
    assert [one.id for one in store.search.find_requesters("sol")] == [company]
    said += erase(service, document=CPF)
    service.command("backup", str(newer))
    with closing(Store(f"sqlite:///{newer}")) as kept:
        backup = tables_of(kept) + newer.read_bytes().decode("utf-8", "replace")
    pages, count = look.at_pages()
    places = {
        "pages": pages,
        "the commands' words": said,
        "the log": service.log,
        "tables": tables_of(store),
        "the backup": backup,
        "its list": Path(f"{newer}-erasures").read_text(),
        "files": bytes_of(store, server),
    }
    for whom in TRACES:
        for where, text in places.items():
            judge(whom, where, text, is_there=False)
    service.stop()
    service.command("restore", str(older), "--replace")
    with closing(Store(service.database_url)) as restored:
        told = tables_of(restored) + bytes_of(restored, server)
        for whom in TRACES:
            judge(whom, "an older backup restored", told, is_there=False)
    print(
        f"{kind}: a person and a contact erased: {count} pages, the log, every table, the files and a backup made "
        f"afterwards: 0 traces; an older backup restored: 0 traces",
        flush=True,
    )


if __name__ == "__main__":
    main()
