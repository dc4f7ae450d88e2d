"""What the log says of calls: who called, from where; and that strangers cannot fill a disk with it."""

import re
from collections.abc import Iterator

import pytest

from tests.conftest import Service, start_service
from tests.soap.test_http_headers import basic
from tests.soap.test_message_framing import ASK, XML
from tests.soap.wire import Connection, exchange, post
from tests.waiting import wait_until

INTRANET = "https://intranet.example:8443"
BURST = 400


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Behind a proxy at 127.0.0.1, with the pages of an intranet let in; each integration has two calls at once."""
    service = start_service(
        tmp_path_factory.mktemp("log"),
        SOAP_SERVICE_TRUSTED_PROXIES="127.0.0.1",
        SOAP_SERVICE_CALLS_PER_SECOND="1",
        SOAP_SERVICE_SOAP_ORIGINS=f"https://other.example, {INTRANET.upper()}",
    )
    for number in range(1, 5):
        addresses = f"10.20.{number}.0/24"
        service.command("integration", "add", f"pbx{number}", "--no-secret", "--addresses", addresses)
    yield service
    assert service.stop() == 0
    assert "Traceback" not in service.log, service.log


def ask(*fields: str, caller: str) -> bytes:
    return post(ASK, XML, f"X-Forwarded-For: {caller}", *fields)


def lines_of(service: Service, words: str) -> list[str]:
    return [line for line in service.log.splitlines() if " outcome=" in line and words in line]


@pytest.mark.parametrize("times", [1, 2])  # the second time on the fast path
def test_a_calls_line_has_the_callers_address(desk: Service, times: int) -> None:
    wait_until(lambda: exchange(desk, ask(caller="10.20.1.7")).status == 200)
    wait_until(lambda: len(lines_of(desk, "integration=pbx1 outcome=ok")) >= times)
    for line in lines_of(desk, "integration=pbx1 outcome=ok"):
        found = re.search(
            r" obterQtdeSolicitacoes integration=pbx1 outcome=ok ms=([0-9.]+) address=10\.20\.1\.7$", line
        )
        assert found and 0 < float(found[1]) < 60_000, line


def test_a_limited_calls_line_has_its_integration_and_address(desk: Service) -> None:
    def is_limited() -> bool:
        return b"LIMITE_EXCEDIDO" in exchange(desk, ask(caller="10.20.2.9")).body

    wait_until(is_limited)
    wait_until(lambda: lines_of(desk, "outcome=LIMITE_EXCEDIDO"))
    for line in lines_of(desk, "outcome=LIMITE_EXCEDIDO"):
        if "address=10.20.2.9" in line:
            assert " integration=pbx2 " in line
            assert 0 < float(line.partition(" ms=")[2].split()[0]) < 60_000
            break
    else:
        pytest.fail(desk.log)


def test_an_address_that_nobody_can_have_is_a_dash(desk: Service) -> None:
    assert exchange(desk, ask(caller="x\ty")).status == 401
    wait_until(lambda: any(line.endswith(" address=-") for line in lines_of(desk, "outcome=NAO_AUTORIZADO")))


def test_refusals_of_strangers_are_sampled_and_those_left_out_counted(desk: Service) -> None:
    before = len(lines_of(desk, "integration=- "))
    with Connection(desk) as connection:
        for number in range(BURST):
            connection.send(ask(basic(f"x{number}", "y"), caller=f"203.0.113.{number % 250}"))
            assert connection.reply().status == 401
    wait_until(lambda: len(lines_of(desk, "integration=- ")) > before)
    listed = lines_of(desk, "integration=- ")[before:]
    by_second: dict[str, int] = {}
    for line in listed:
        by_second[line[:19]] = by_second.get(line[:19], 0) + 1
    assert len(listed) < BURST / 2
    assert max(by_second.values()) <= 20  # ten that had been saved, and ten of that second
    assert "203.0.113." in listed[0]

    def is_counted() -> bool:
        exchange(desk, ask(basic("x", "y"), caller="203.0.113.9"))
        return "refusals of strangers before this one have no line" in desk.log

    wait_until(is_counted)


def test_a_page_of_a_named_origin_may_call_by_address(desk: Service) -> None:
    for origin in (INTRANET, INTRANET.upper(), "https://other.example"):
        fields = (f"Origin: {origin}", "Sec-Fetch-Site: cross-site")
        wait_until(lambda fields=fields: exchange(desk, ask(*fields, caller="10.20.3.4")).status == 200)


@pytest.mark.parametrize(
    "origin", ["https://intranet.example", "http://intranet.example:8443", f"{INTRANET}.evil.example", "null"]
)
def test_a_page_of_an_origin_nearly_named_may_not(desk: Service, origin: str) -> None:
    assert exchange(desk, ask(f"Origin: {origin}", caller="10.20.4.4")).status == 403
