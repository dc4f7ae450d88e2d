"""`python -m bench.workers [FOLDER]`: two workers of the service, one worker and a peer on one SQLite file."""

import sys
from pathlib import Path

from bench.dataset import make
from bench.servers import start_service
from bench.turns import REQUESTS, Bench, list_cases


def main() -> None:
    """Make the data, start everybody, and print the table."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "var/bench").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / f"requests-{REQUESTS}.db"
    make(database, REQUESTS)
    with Bench(folder) as bench:
        for workers in (1, 2):
            log = folder / f"workers-{workers}.log"
            flags = ("--workers", str(workers))
            bench.add(start_service(f"sqlite:///{database}", log, name=f"serve --workers {workers}", flags=flags))
        bench.add_peers("gsoap", str(database))
        for case in list_cases("obterQtdeSolicitacoes:64"):
            bench.measure(case)


if __name__ == "__main__":
    main()
