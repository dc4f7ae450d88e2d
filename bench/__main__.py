"""`python -m bench [FOLDER]`: the service and its peers on one SQLite file, turn by turn."""

from statistics import mean

from bench.disk import bare_commits
from bench.servers import PEERS, start_service
from bench.turns import Bench, given_folder, list_cases, median_and_range, requests_file


def main() -> None:
    """Make the data, start everybody, and print the tables."""
    folder = given_folder()
    database = requests_file(folder)
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
