"""Two nodes whose clocks differ by two minutes, in zones with and without summer time: the database's clock decides.

Then a node on SQLite, whose own clock decides, through the hours in which summer time begins and ends.
"""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.conftest import element, start_service
from tests.event_streams import log_in
from tests.postgres import Postgres, create_database
from tests.resilience.browsers import Browser
from tests.waiting import wait_until

ZONES = (("America/Sao_Paulo", "America/Sao_Paulo"), ("America/New_York", "Europe/Lisbon"))


#: When the clocks of a zone are changed. Source: the tz database.
CHANGES = (
    ("Europe/Lisbon", datetime(2027, 10, 31, 1, tzinfo=UTC), "an hour back"),
    ("America/New_York", datetime(2027, 3, 14, 7, tzinfo=UTC), "an hour forward"),
)
#: A node starts so long before the change, in seconds; then there are calls at both sides of it.
LEAD, BEFORE = 40.0, 4.0


def main() -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    assert library, "libfaketime is needed: apt-get install faketime"
    _differ(library)
    for zone, change, direction in CHANGES:
        _change_clocks(library, zone, change, direction)


def _change_clocks(library: Path, zone: str, change: datetime, direction: str) -> None:
    """Announce a call before the change and again after it: it is one call, popped once; the next is another."""
    changed_at = time.time() + LEAD
    clock = {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"+{change.timestamp() - changed_at:.0f}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": zone,
        "SOAP_SERVICE_TIME_ZONE": zone,
    }
    folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
    node = start_service(folder, **clock)
    agent = node.store.staff.find_agent("atendente")
    node.store.extensions.register(agent.id, "4067")
    browser = Browser([node.url], node.store.logins.open(agent.id, timedelta(days=1000)))
    browser.start()
    wait_until(lambda: browser.opened)
    assert time.time() < changed_at - BEFORE, "the machine is too slow for this proof"
    time.sleep(changed_at - BEFORE - time.time())

    def announce(cpf: str) -> str:
        return element(node.call("novaSolicitacao", cpf=cpf, ramal="4067"), "url").rpartition("/")[2]

    before = announce("1")
    time.sleep(changed_at + 1 - time.time())
    after = announce("1")
    other = announce("2")
    wait_until(lambda: len(browser.tokens) == 2)
    assert before == after and browser.tokens == [before, other]
    calls = [node.store.calls.find(token) for token in (before, other)]
    assert calls[0].created_at < change < calls[1].created_at < change + timedelta(seconds=30)
    told = element(node.call("obterDadosSolicitacao", id=34534), "dataAbertura")
    offsets = [call.created_at.astimezone(ZoneInfo(zone)).strftime("%H:%M:%S %z") for call in calls]
    print(
        f"{zone}, {direction}: calls at {offsets[0]} and {offsets[1]}; a repeat on the other side of the change is one "
        f"call, both calls popped once; 34534 opened {told}",
        flush=True,
    )
    browser.stop()
    assert node.stop() == 0


def _differ(library: Path) -> None:
    server = Postgres()
    folder = Path(tempfile.mkdtemp(prefix="soap-resilience-"))
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
