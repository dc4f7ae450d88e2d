"""`python -m bench.instructions`: instructions of a call from wire to wire, without the kernel, by callgrind.

Plain reads and an announcement, each on both databases; of PostgreSQL the service's part alone. They do not depend on
the machine's mood, so a change that costs more than a tenth is told: `make bench-check` compares with
`bench/instructions.txt`; `python -m bench.instructions --keep` writes that file anew.
"""

import asyncio
import base64
import os
import re
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.dataset import make
from soap_service.demo import prepare_demo
from soap_service.rules.credentials import make_secret
from soap_service.store import Store
from tests.postgres import Postgres

ARGUMENTS = {
    "obterQtdeSolicitacoes": "<t:cpf>11144477735</t:cpf>",
    "obterDadosSolicitacao": "<t:id>955</t:id>",
    "novaSolicitacao": "<t:cpf>{call:011}</t:cpf><t:ramal>4067</t:ramal>",  # a repeat would be another thing
}
KEPT = Path(__file__).with_name("instructions.txt")
_MOST = 1.10
#: How many calls the two runs have whose difference is told: those that wait take longer.
_COUNTS = {"sqlite obterQtdeSolicitacoes": (500, 5_500), "sqlite obterDadosSolicitacao": (500, 5_500)}
_COUNTS_OF_OTHERS = (200, 1_200)


def measure() -> dict[str, int]:
    """Return the instructions of one call of each: the difference of two runs, so that the start does not count."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "demo.db"
        make(file, 0)
        postgres = Postgres()
        try:
            store = Store(postgres.url)
            store.schema.upgrade()
            prepare_demo(store, Path(folder), {"SOAP_SERVICE_DEMO_PASSWORD": "quatro pontes sem rio"}, True)
            store.close()
            urls = {"sqlite": f"sqlite:///{file}", "postgresql": postgres.url}
            return {
                f"{kind} {operation}": _instructions_of(kind, url, operation)
                for operation in ARGUMENTS
                for kind, url in urls.items()
            }
        finally:
            postgres.close()


def _instructions_of(kind: str, url: str, operation: str) -> int:
    few, many = _COUNTS.get(f"{kind} {operation}", _COUNTS_OF_OTHERS)
    return (_run(url, operation, many) - _run(url, operation, few)) // (many - few)


def _run(url: str, operation: str, calls: int) -> int:
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    done = subprocess.run(
        [*tool, sys.executable, "-m", __spec__.name, "--calls", str(calls), operation, url],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None or done.returncode:
        raise SystemExit(f"callgrind said:\n{done.stderr}")
    return int(found[1])


class _Wire:
    """A connection without a kernel; `answered` is done with the answer to a request."""

    answered: "asyncio.Future[None]"

    def get_extra_info(self, name: str) -> object:
        return ("127.0.0.1", 1) if name.endswith("name") else None

    def is_closing(self) -> bool:
        return False

    def resume_reading(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def write(self, answer: bytes) -> None:
        if answer.startswith(b"HTTP/1.1 ") and not answer.startswith(b"HTTP/1.1 200"):
            print(answer, file=sys.stderr)
            os._exit(1)
        if answer.endswith(b"Envelope>"):  # uvicorn writes head and body apart
            self.answered.set_result(None)

    def close(self) -> None:
        pass


def _call(calls: int, operation: str, url: str) -> None:
    """Answer that many calls in this process, as production does but for the kernel's part."""
    from soap_service.config import Settings
    from soap_service.services import NAMESPACE
    from soap_service.serving.server import make_server
    from soap_service.soap import admission

    admission.REFRESH_SECONDS = 1e9  # once a second is not once a call, least of all in callgrind's time
    settings = Settings(database_url=url, calls_per_second=1e6, unknown_documents_per_minute=0)
    name, secret = f"bench-{secrets.token_hex(4)}", make_secret()
    Store(settings.database_url).integrations.add(name, secret.salt, secret.digest)
    first = secrets.randbelow(10**6) * 10**4  # documents that no other run has announced

    def request(call: int) -> bytes:
        argument = ARGUMENTS[operation].format(call=first + call)
        body = (
            f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><t:{operation} '
            f'xmlns:t="{NAMESPACE}">{argument}</t:{operation}></e:Body></e:Envelope>'
        )
        head = (
            "POST /soap HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nContent-Type: text/xml; charset=utf-8\r\n"
            f'SOAPAction: "{NAMESPACE}:{operation}"\r\nContent-Length: {len(body)}\r\n'
            f"Authorization: Basic {base64.b64encode(f'{name}:{secret.text}'.encode()).decode()}\r\n\r\n"
        )
        return (head + body).encode()

    requests = [request(call) for call in range(calls)]
    server = make_server(settings)
    server.config.load()

    async def answer() -> None:
        wire = _Wire()
        protocol = server.config.http_protocol_class(server.config, server.server_state, {})
        protocol.connection_made(wire)
        is_inline = url.startswith("sqlite") and operation != "novaSolicitacao"
        for call, request in enumerate(requests):
            wire.answered = asyncio.get_running_loop().create_future()
            protocol.data_received(request)
            if call and is_inline and not wire.answered.done():  # the first is read by the strict reader, in a task
                raise SystemExit("a plain read was not answered on the spot")
            await wire.answered
        await asyncio.sleep(0.2)
        os._exit(0)  # callgrind counts what was done, not how Python clears up

    asyncio.run(answer())


def main() -> None:
    """Measure, and keep or compare."""
    if sys.argv[1:2] == ["--calls"]:
        _call(int(sys.argv[2]), sys.argv[3], sys.argv[4])
        return
    now = measure()
    if "--keep" in sys.argv:
        KEPT.write_text("".join(f"{operation} {count}\n" for operation, count in now.items()))
    kept = dict(line.rsplit(" ", 1) for line in KEPT.read_text().splitlines())
    for operation, count in now.items():
        before = int(kept.get(operation, count))  # what was never kept is only told
        print(f"{operation}: {count:,} instructions a call; kept: {before:,} ({count / before - 1:+.1%})")
        if count > before * _MOST:
            raise SystemExit("a call costs over a tenth more than it did: find out why, or keep the new figure")


if __name__ == "__main__":
    main()
