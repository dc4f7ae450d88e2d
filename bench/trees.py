"""`python -m bench.trees OTHER [DATABASE_URL]`: this tree beside another one, turn by turn, on one database.

For a change that is to make calls cheaper: OTHER is a work tree of the commit before it (`git worktree add OTHER
HEAD~`). Without a URL it is a PostgreSQL of its own, durable, as `bench.postgresql` fills it. Told are the medians of
both, and the median of the ratios of turns that were neighbours. Both run with this Python.
"""

import sys
from pathlib import Path
from statistics import median

from bench.postgresql import make
from bench.servers import Server, start_service
from bench.turns import interleave, list_cases
from tests.postgres import Postgres

USUAL = (
    "obterQtdeSolicitacoes:64 obterQtdeSolicitacoes:16 obterQtdeSolicitacoes:1 "
    "obterDadosSolicitacao:64 obterDadosSolicitacao:1 novaSolicitacao:64 novaSolicitacao:16"
)


def main() -> None:
    """Compare on the database that is named, or on one of its own."""
    folder = Path("var/bench").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if sys.argv[2:]:
        compare(Path(sys.argv[1]), sys.argv[2], folder)
        return
    postgres = Postgres(is_durable=True, shared_buffers="1GB")
    try:
        compare(Path(sys.argv[1]), make(folder, postgres), folder)
    finally:
        postgres.close()


def compare(other: Path, url: str, folder: Path) -> None:
    """Start both trees on a database and print one line a case."""
    servers: list[Server] = []
    print("| operation, connections | CPU µs before | after | ratio | calls/s before | after | p99 ms before | after |")
    print("|---|---|---|---|---|---|---|---|")
    try:
        servers.append(start_service(url, folder / "other.log", other, "before"))
        servers.append(start_service(url, folder / "this.log", Path(), "after"))
        for case in list_cases(USUAL):
            turns = interleave(servers, case)
            before, after = turns["before"], turns["after"]
            if any(server.failures for server in servers):
                print(f"| {case.operation}, {case.connections} | turns failed |")
                continue
            ratio = median(new.cpu / old.cpu for old, new in zip(before, after, strict=True))
            figures = [
                *(f"{median(turn.cpu for turn in each):.1f}" for each in (before, after)),
                f"{ratio:.2f}",
                *(f"{median(turn.rate for turn in each):,.0f}" for each in (before, after)),
                *(f"{median(turn.p99 for turn in each):.1f}" for each in (before, after)),
            ]
            print(f"| {case.operation}, {case.connections} | {' | '.join(figures)} |", flush=True)
    finally:
        for server in servers:
            server.stop()


if __name__ == "__main__":
    main()
