"""`python -m bench.instructions`: instructions of a plain read, from posted bytes to answered bytes, by callgrind.

They do not depend on the machine's mood, so a change that costs more than a tenth is told: `make bench-check` compares
with `bench/instructions.txt`; `python -m bench.instructions --keep` writes that file anew.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.dataset import make

KEPT = Path(__file__).with_name("instructions.txt")
_MOST = 1.10
_FEW, _MANY = 500, 5_500


def measure() -> int:
    """Return the instructions of one call: the difference of two runs, so that start and import do not count."""
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "demo.db", 0)
        few, many = (_run(folder, calls) for calls in (_FEW, _MANY))
    return (many - few) // (_MANY - _FEW)


def _run(folder: str, calls: int) -> int:
    command = [
        "valgrind",
        "--tool=callgrind",
        f"--callgrind-out-file={folder}/out",
        sys.executable,
        "-m",
        __spec__.name,
    ]
    done = subprocess.run(
        [*command, "--calls", str(calls), folder],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        raise SystemExit(f"callgrind said:\n{done.stderr}")
    return int(found[1])


def _call(calls: int, folder: Path) -> None:
    """Answer that many plain reads in this process, with credential, limits and journal as in production."""
    import asyncio

    from soap_service import gate
    from soap_service.config import Settings
    from soap_service.door import Door, Post
    from soap_service.services import NAMESPACE, make_application
    from soap_service.store import Store

    settings = Settings(database_url=f"sqlite:///{folder / 'demo.db'}", calls_per_second=1e6)
    gate.REFRESH_SECONDS = 1e9  # once a second is not once a call, least of all in callgrind's time
    door = Door(make_application(), Store(settings.database_url), settings)
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><t:obterQtdeSolicitacoes '
        f'xmlns:t="{NAMESPACE}"><t:cpf>11144477735</t:cpf></t:obterQtdeSolicitacoes></e:Body></e:Envelope>'
    ).encode()
    post = Post(body, "text/xml; charset=utf-8", b"", "127.0.0.1")

    async def answer() -> None:
        await door.answer(post)
        for _ in range(calls):
            if door.answer_now(post) is None:
                raise SystemExit("a plain read was not answered on the spot")
        await asyncio.sleep(0.2)

    asyncio.run(answer())


def main() -> None:
    """Measure, and keep or compare."""
    if sys.argv[1:2] == ["--calls"]:
        _call(int(sys.argv[2]), Path(sys.argv[3]))
        return
    now = measure()
    if "--keep" in sys.argv:
        KEPT.write_text(f"{now}\n")
    before = int(KEPT.read_text())
    print(f"{now:,} instructions a call; kept: {before:,} ({now / before - 1:+.1%})")
    if now > before * _MOST:
        raise SystemExit("a plain read costs over a tenth more than it did: find out why, or keep the new figure")


if __name__ == "__main__":
    main()
