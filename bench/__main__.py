"""`python -m bench [FOLDER]`: the service and its peers on one SQLite file, turn by turn."""

import sys
from pathlib import Path
from statistics import mean

from bench.dataset import make
from bench.disk import bare_commits
from bench.servers import PEERS, start_service
from bench.turns import REQUESTS, Bench, list_cases, median_and_range


def main() -> None:
    """Make the data, start everybody, and print the tables."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "var/bench").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / f"requests-{REQUESTS}.db"
    make(database, REQUESTS)
    bare: list[float] = []
    with Bench(folder) as bench:
        bench.add(start_service(f"sqlite:///{database}", folder / "soap_service.log"))
        bench.add_peers(" ".join(sorted(path.parent.name for path in PEERS.glob("*/start"))), str(database))
        for case in list_cases("obterQtdeSolicitacoes:64 obterDadosSolicitacao:64 novaSolicitacao:16"):
            if case.operation == "novaSolicitacao":
                bench.measure(case, lambda: bare.append(1000 / mean(bare_commits(folder))))
                print(f"\nA bare sqlite3 loop of durable commits meanwhile: {median_and_range(bare)} a second.")
            else:
                bench.measure(case)


if __name__ == "__main__":
    main()
