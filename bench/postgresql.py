"""`python -m bench.postgresql [FOLDER]`: the service and its peers on a durable PostgreSQL of their own, turn by turn.

It has the rows of the SQLite file of `python -m bench`. The database's processes share the cores; their time is told
apart from the servers'.
"""

from pathlib import Path

from sqlalchemy import make_url

from bench.copies import copy_to_postgresql
from bench.servers import start_service
from bench.turns import Bench, given_folder, list_cases, requests_file
from tests.postgres import Postgres


def make(folder: Path, postgres: Postgres) -> str:
    """Fill a server's database with `REQUESTS` requests, and return its URL."""
    copy_to_postgresql(f"sqlite:///{requests_file(folder)}", postgres.url)
    return make_url(postgres.url).render_as_string(hide_password=False)


def main() -> None:
    """Fill a database, start everybody on it, and print the tables."""
    folder = given_folder()
    postgres = Postgres(is_durable=True, shared_buffers="1GB")
    try:
        url = make(folder, postgres)
        with Bench(folder) as bench:
            ours = bench.add(start_service(url, folder / "postgresql.log"))
            ours.database = postgres.process
            bench.add_peers("go node_soap spyne_orm", url)
            for case in list_cases(
                "obterQtdeSolicitacoes:64 obterQtdeSolicitacoes:1 obterDadosSolicitacao:64 obterDadosSolicitacao:1 "
                "novaSolicitacao:16"
            ):
                bench.measure(case)
    finally:
        postgres.close()


if __name__ == "__main__":
    main()
