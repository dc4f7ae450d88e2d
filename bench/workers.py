"""`python -m bench.workers [FOLDER]`: two workers of the service, one worker and a peer on one SQLite file."""

from bench.servers import start_service
from bench.turns import Bench, given_folder, list_cases, requests_file


def main() -> None:
    """Make the data, start everybody, and print the table."""
    folder = given_folder()
    database = requests_file(folder)
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
