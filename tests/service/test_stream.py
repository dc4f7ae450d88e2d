"""Calls reach the browser: the event stream of the real service, read as a browser reads it."""

import operator
import signal
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from soap_service.live.browser_stream import LONGEST_QUEUE, BrowserStream
from soap_service.live.streams import MOST_REPLAYED
from soap_service.model import LoginSession
from soap_service.rules.credentials import SESSION_COOKIE
from soap_service.rules.cursor import Position
from soap_service.store import Delivery
from tests.conftest import Service, element, start_service, wait_until
from tests.event_streams import announce, listening, log_in


def test_a_call_reaches_the_listening_browser_in_well_under_a_second(own_service: Service) -> None:
    with listening(own_service, log_in(own_service, "atendente", "4067")) as listener:
        called, tokens = [], []
        for number in range(1, 6):
            called.append(time.monotonic())
            answer = own_service.call("novaSolicitacao", cpf=f"{number:011}", ramal="4067")
            assert element(answer, "aviso") == "ENTREGUE"
            tokens.append(element(answer, "url").rpartition("/")[2])
            wait_until(lambda: len(listener.tokens) == len(tokens))
        assert listener.tokens == tokens
        arrived = [time for time, event in zip(listener.times, listener.events, strict=True) if event[1] == "chamada"]
        assert statistics.median(map(operator.sub, arrived, called)) < 0.5
        wait_until(lambda: own_service.store.calls.find(listener.tokens[0]).delivered_at)
        assert "call_delivery_seconds_count 5.0" in own_service.client.get(f"{own_service.url}/metrics").text


def test_a_repeated_call_pops_up_once(own_service: Service) -> None:
    with listening(own_service, log_in(own_service, "atendente", "4067")) as listener:
        assert announce(own_service) == announce(own_service)
        announce(own_service, cpf="52998224725")
        wait_until(lambda: len(listener.tokens) >= 2)
        time.sleep(0.3)
        assert len(listener.tokens) == len(set(listener.tokens)) == 2


def test_a_call_at_another_extension_is_not_heard(own_service: Service) -> None:
    own_service.store.extensions.register(own_service.store.staff.find_agent("consulta").id, "4068")
    with listening(own_service, log_in(own_service, "atendente", "4067")) as listener:
        other = announce(own_service, ramal="4068")
        without = element(own_service.call("novaSolicitacao", cpf="11144477735"), "aviso")
        mine = announce(own_service)
        wait_until(lambda: listener.tokens)
        assert listener.tokens == [mine]
        assert other != mine
        assert without == "RAMAL_NAO_INFORMADO"


def test_what_was_missed_is_replayed_once_after_a_reconnect(own_service: Service) -> None:
    cookie = log_in(own_service, "atendente", "4067")
    with listening(own_service, cookie) as listener:
        first = announce(own_service)
        wait_until(lambda: listener.tokens)
        last_event_id = listener.events[-1][0]
    missed = announce(own_service, cpf="52998224725")
    with listening(own_service, cookie, last_event_id) as listener:
        wait_until(lambda: listener.tokens)
        later = announce(own_service, cpf="12345678909")
        wait_until(lambda: len(listener.tokens) == 2)
        assert listener.tokens == [missed, later]
    assert first not in listener.tokens


def test_a_call_that_was_seen_is_not_replayed_on_a_fresh_page(own_service: Service) -> None:
    cookie = log_in(own_service, "atendente", "4067")
    seen = announce(own_service)
    own_service.store.calls.mark_seen(seen)
    unseen = announce(own_service, cpf="52998224725")
    with listening(own_service, cookie) as listener:
        wait_until(lambda: listener.tokens)
        time.sleep(0.2)
        assert listener.tokens == [unseen]


def test_a_call_that_is_too_old_is_not_popped(tmp_path: Path) -> None:
    service = start_service(tmp_path, SOAP_SERVICE_CALL_SECONDS="0.5")
    announce(service)
    time.sleep(0.6)
    with listening(service, log_in(service, "atendente", "4067")) as listener:
        fresh = announce(service, cpf="52998224725")
        wait_until(lambda: listener.tokens)
        assert listener.tokens == [fresh]
    service.stop()


def test_a_takeover_tells_the_first_and_calls_go_to_the_second_only(own_service: Service) -> None:
    first, second = log_in(own_service, "atendente", "4067"), log_in(own_service, "consulta")
    with listening(own_service, first) as loser, listening(own_service, second) as winner:
        store = own_service.store
        store.extensions.register(store.staff.find_agent("consulta").id, "4067", take_over=True)
        wait_until(lambda: loser.events)
        told = {"perdido": "4067", "dono": "Caio Consulta", "mensagem": "O ramal 4067 foi assumido por Caio Consulta."}
        assert loser.events[0][1:] == ("ramal", told)
        token = announce(own_service)
        wait_until(lambda: winner.tokens)
        time.sleep(0.2)
        assert (loser.tokens, winner.tokens) == ([], [token])


def test_all_tabs_of_an_agent_hear_a_call(own_service: Service) -> None:
    cookie = log_in(own_service, "atendente", "4067")
    with listening(own_service, cookie) as one, listening(own_service, cookie) as two:
        token = announce(own_service)
        wait_until(lambda: one.tokens and two.tokens)
        assert one.tokens == two.tokens == [token]


def test_when_the_last_stream_ends_calls_wait(own_service: Service) -> None:
    with listening(own_service, log_in(own_service, "atendente", "4067")):
        assert element(own_service.call("novaSolicitacao", cpf="1", ramal="4067"), "aviso") == "ENTREGUE"

    numbers = iter(range(2, 1000))

    def is_waiting() -> bool:
        answer = own_service.call("novaSolicitacao", cpf=next(numbers), ramal="4067")
        return element(answer, "aviso") == "AGUARDANDO"

    wait_until(is_waiting)


def test_the_service_stops_in_order_with_streams_open(own_service: Service) -> None:
    with listening(own_service, log_in(own_service, "atendente", "4067")) as listener:
        started = time.monotonic()
        assert own_service.stop(signal.SIGTERM) == 0
        assert time.monotonic() - started < 5
        wait_until(lambda: listener.has_ended)


@pytest.mark.parametrize(
    "before", [b'prefs={"a":1}; ', "nome=joão; ".encode(), b"nome=jo\xe3o; ", b"a b=1; ", b"x@y=1; ", b"__utm=1; "]
)
def test_cookies_of_other_sites_do_not_keep_an_agent_from_their_calls(service: Service, before: bytes) -> None:
    headers = {"Cookie": before + f"{SESSION_COOKIE}={log_in(service, 'admin')}".encode()}
    with httpx.stream("GET", f"{service.url}/eventos", headers=headers) as response:
        assert response.status_code == 200


@pytest.mark.parametrize("cookie", ["", "wrong", 'x"; y'])
def test_without_a_log_in_there_is_no_stream(service: Service, cookie: str) -> None:
    refused = httpx.get(f"{service.url}/eventos", headers={"Cookie": f"{SESSION_COOKIE}={cookie}"})
    assert refused.status_code == 401


def test_over_https_a_neighbour_host_sets_no_log_in_of_a_stream(tmp_path: Path) -> None:
    service = start_service(tmp_path, SOAP_SERVICE_PUBLIC_URL="https://desk.example")
    cookie = log_in(service, "admin")

    def status_with(name: str) -> int:
        with httpx.stream("GET", f"{service.url}/eventos", headers={"Cookie": f"{name}={cookie}"}) as response:
            return response.status_code

    assert status_with(f"__Host-{SESSION_COOKIE}") == 200
    assert status_with(SESSION_COOKIE) == 401
    with service.store._database.writing() as session:
        session.execute(update(LoginSession).values(opened_at=None))  # of before 0.2.0
    assert status_with(SESSION_COOKIE) == 200
    service.stop()


def test_a_hundred_calls_to_twenty_streams_are_all_heard_once(own_service: Service) -> None:
    from contextlib import ExitStack

    log_in(own_service, "atendente", "4067")
    with ExitStack() as stack:
        cookies = [log_in(own_service, "atendente") for _ in range(20)]
        listeners = [stack.enter_context(listening(own_service, cookie)) for cookie in cookies]
        tokens = [announce(own_service, cpf=f"{number:011}") for number in range(100)]
        wait_until(lambda: all(len(listener.tokens) >= 100 for listener in listeners))
        for listener in listeners:
            assert listener.tokens == tokens


def test_of_too_many_waiting_calls_the_newest_come_once(own_service: Service) -> None:
    cookie = log_in(own_service, "atendente", "4067")
    tokens = [announce(own_service, cpf=f"{number:011}") for number in range(MOST_REPLAYED + 20)]
    with listening(own_service, cookie) as listener:
        wait_until(lambda: listener.tokens == tokens[-MOST_REPLAYED:])
    tokens.append(announce(own_service, cpf="52998224725"))
    with listening(own_service, cookie, listener.events[-1][0]) as again:
        wait_until(lambda: again.tokens == tokens[-1:])


def test_a_browser_that_falls_behind_is_cut_and_goes_on_from_there() -> None:
    stream = BrowserStream(1, "", Position())
    stream.begin()
    for number in range(1, LONGEST_QUEUE + 20):
        stream.push(Delivery(number, f"t{number}", "4067", datetime.now(UTC)), Position(number))
    assert stream.is_full
    queued = [stream.queue.get_nowait() for _ in range(stream.queue.qsize())]
    assert [event.call.id for event in queued if event and event.call] == list(range(1, LONGEST_QUEUE + 1))
