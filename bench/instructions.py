"""`python -m bench.instructions`: instructions of a plain read from wire to wire, without the kernel, by callgrind.

They do not depend on the machine's mood, so a change that costs more than a tenth is told: `make bench-check` compares
with `bench/instructions.txt`; `python -m bench.instructions --keep` writes that file anew.
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
from soap_service.rules.credentials import make_secret

ARGUMENTS = {
    "obterQtdeSolicitacoes": "<t:cpf>11144477735</t:cpf>",
    "obterDadosSolicitacao": "<t:id>955</t:id>",
}
KEPT = Path(__file__).with_name("instructions.txt")
_MOST = 1.10
_FEW, _MANY = 500, 5_500


def measure() -> dict[str, int]:
    """Return the instructions of one call of each: the difference of two runs, so that the start does not count."""
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "demo.db", 0)
        return {
            operation: (_run(folder, operation, _MANY) - _run(folder, operation, _FEW)) // (_MANY - _FEW)
            for operation in ARGUMENTS
        }


def _run(folder: str, operation: str, calls: int) -> int:
    tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out"]
    done = subprocess.run(
        [*tool, sys.executable, "-m", __spec__.name, "--calls", str(calls), operation, folder],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        raise SystemExit(f"callgrind said:\n{done.stderr}")
    return int(found[1])


class _Wire:
    """A connection without a kernel: it counts the answers."""

    def __init__(self) -> None:
        self.answers = 0

    def get_extra_info(self, name: str) -> object:
        return ("127.0.0.1", 1) if name.endswith("name") else None

    def is_closing(self) -> bool:
        return False

    def resume_reading(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def write(self, answer: bytes) -> None:
        self.answers += answer.startswith(b"HTTP/1.1 200")


def _call(calls: int, operation: str, folder: Path) -> None:
    """Answer that many plain reads in this process, as production does but for the kernel's part."""
    from soap_service.config import Settings
    from soap_service.server import make_server
    from soap_service.services import NAMESPACE
    from soap_service.soap import admission
    from soap_service.store import Store

    admission.REFRESH_SECONDS = 1e9  # once a second is not once a call, least of all in callgrind's time
    settings = Settings(database_url=f"sqlite:///{folder / 'demo.db'}", calls_per_second=1e6)
    name, secret = f"bench-{secrets.token_hex(4)}", make_secret()
    Store(settings.database_url).integrations.add(name, secret.salt, secret.digest)
    body = (
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><t:{operation} '
        f'xmlns:t="{NAMESPACE}">{ARGUMENTS[operation]}</t:{operation}></e:Body></e:Envelope>'
    )
    head = (
        "POST /soap HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nContent-Type: text/xml; charset=utf-8\r\n"
        f'SOAPAction: "{NAMESPACE}:{operation}"\r\nContent-Length: {len(body)}\r\n'
        f"Authorization: Basic {base64.b64encode(f'{name}:{secret.text}'.encode()).decode()}\r\n\r\n"
    )
    request = (head + body).encode()
    server = make_server(settings)
    server.config.load()

    async def answer() -> None:
        wire = _Wire()
        protocol = server.config.http_protocol_class(server.config, server.server_state, {})
        protocol.connection_made(wire)
        for call in range(calls):
            protocol.data_received(request)
            while wire.answers <= call:  # the first is read by the strict reader, in a task
                if call:
                    raise SystemExit("a plain read was not answered on the spot")
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        os._exit(0)  # callgrind counts what was done, not how Python clears up

    asyncio.run(answer())


def main() -> None:
    """Measure, and keep or compare."""
    if sys.argv[1:2] == ["--calls"]:
        _call(int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
        return
    now = measure()
    if "--keep" in sys.argv:
        KEPT.write_text("".join(f"{operation} {count}\n" for operation, count in now.items()))
    kept = dict(line.split() for line in KEPT.read_text().splitlines())
    for operation, count in now.items():
        before = int(kept.get(operation, count))  # what was never kept is only told
        print(f"{operation}: {count:,} instructions a call; kept: {before:,} ({count / before - 1:+.1%})")
        if count > before * _MOST:
            raise SystemExit("a plain read costs over a tenth more than it did: find out why, or keep the new figure")


if __name__ == "__main__":
    main()
