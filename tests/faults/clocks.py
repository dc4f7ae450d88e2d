"""Two nodes whose clocks differ by two minutes, in zones with and without summer time: the database's clock decides."""

import tempfile
import time
from pathlib import Path

from tests.conftest import element, start_service
from tests.faults.browsers import Browser
from tests.postgres import Postgres, create_database
from tests.service.test_stream import log_in
from tests.waiting import wait_until

ZONES = (("America/Sao_Paulo", "America/Sao_Paulo"), ("America/New_York", "Europe/Lisbon"))


def main() -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    assert library, "libfaketime is needed: apt-get install faketime"
    server = Postgres()
    folder = Path(tempfile.mkdtemp(prefix="soap-faults-"))
    for skew in ("+120s", "-120s"):
        for number, (zone, machine) in enumerate(ZONES):
            url = create_database(server.url)
            clock = {
                "LD_PRELOAD": str(library),
                "FAKETIME": skew,
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "TZ": machine,
                "SOAP_SERVICE_TIME_ZONE": zone,
            }
            right = start_service(folder / f"right{skew}{number}", database_url=url, SOAP_SERVICE_TIME_ZONE=zone)
            wrong = start_service(folder / f"wrong{skew}{number}", database_url=url, **clock)
            browser = Browser([wrong.url], log_in(right, "atendente", "4067"))
            browser.start()
            wait_until(lambda browser=browser: browser.opened)
            answers = [node.call("novaSolicitacao", cpf="1", ramal="4067") for node in (right, wrong, right)]
            assert len({element(answer, "url").rpartition("/")[2] for answer in answers}) == 1
            assert {element(answer, "aviso") for answer in answers} == {"ENTREGUE"}
            wait_until(lambda browser=browser: browser.tokens)
            second = wrong.call("novaSolicitacao", cpf="2", ramal="4067")
            wait_until(lambda browser=browser: len(browser.tokens) == 2)
            time.sleep(11)
            later = right.call("novaSolicitacao", cpf="2", ramal="4067")
            assert element(later, "url") != element(second, "url").replace(wrong.url, right.url)
            told = {element(node.call("obterDadosSolicitacao", id=34534), "dataAbertura") for node in (right, wrong)}
            assert len(told) == 1
            print(
                f"service desk in {zone}, one node's machine in {machine}, its clock {skew}: a repeat at either node "
                f"is one call, both calls popped, after 10 s it is another call; opened {told.pop()}"
            )
            browser.stop()
            right.stop()
            wrong.stop()
    server.close()


if __name__ == "__main__":
    main()
