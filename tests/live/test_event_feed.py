"""What happens in one place reaches the browsers concerned at every node, and ends the streams that it must end."""

import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from soap_service.model import Agent, Call
from soap_service.rules.live_events import LiveEvent, LiveEventKind
from soap_service.storage.live_events import publish
from tests.conftest import Service, element, start_service, wait_until
from tests.demonstration import create_demo_database
from tests.event_streams import Listener, announce, listening, log_in
from tests.postgres import drop_database

#: Two seconds are promised, on a machine that is not as busy as that of tests.
SECONDS = 4.0


Nodes = tuple[Service, Service]


@pytest.fixture(scope="module")
def one_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """One process on SQLite that is both nodes."""
    service = start_service(tmp_path_factory.mktemp("node"))
    yield service, service
    stop(service)


@pytest.fixture(scope="module")
def two_nodes(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Nodes]:
    url = create_demo_database(postgres_url)
    folder = tmp_path_factory.mktemp("nodes")
    here, there = start_service(folder / "a", database_url=url), start_service(folder / "b", database_url=url)
    yield here, there
    stop(here)
    stop(there)
    drop_database(postgres_url, url)


@pytest.fixture(params=["one_node", "two_nodes"])
def nodes(request: pytest.FixtureRequest) -> Nodes:
    found: Nodes = request.getfixturevalue(request.param)
    return found


def stop(service: Service) -> None:
    service.stop()
    assert "Traceback" not in service.log, service.log


def tell(service: Service, event: LiveEvent) -> None:
    with service.store._database.writing(notifies=True) as session:
        publish(session, event, service.store.now())


def test_an_event_reaches_an_agent_an_extension_or_everybody(nodes: Nodes) -> None:
    here, there = nodes
    kind = LiveEventKind.REQUEST_CHANGED
    caio = there.store.staff.find_agent("consulta").id
    with (
        listening(here, log_in(here, "atendente", "4067")) as ana,
        listening(there, log_in(there, "consulta", "4068")) as other,
    ):
        tell(here, LiveEvent(kind, extension="4067", ref="1"))
        tell(here, LiveEvent(kind, agent_id=caio, ref="2"))
        tell(there, LiveEvent(kind, ref="3"))
        wait_until(lambda: len(ana.live_events(kind)) == len(other.live_events(kind)) == 2, SECONDS)
        assert [one["ref"] for one in ana.live_events(kind)] == ["1", "3"]
        assert [one["ref"] for one in other.live_events(kind)] == ["2", "3"]


def test_who_comes_back_is_told_what_happened_meanwhile(nodes: Nodes) -> None:
    here, there = nodes
    cookie = log_in(here, "atendente", "4067")
    with listening(here, log_in(here, "consulta", "4068")) as other:
        tell(there, LiveEvent(LiveEventKind.CALL_ANSWERED, extension="4067", ref="gone"))
        tell(there, LiveEvent(LiveEventKind.CALL_ANSWERED, ref="all"))
        wait_until(lambda: other.live_events(LiveEventKind.CALL_ANSWERED))
    with listening(here, cookie) as ana:
        wait_until(lambda: ana.live_events(LiveEventKind.CALL_ANSWERED))
        told = [one["ref"] for one in ana.live_events(LiveEventKind.CALL_ANSWERED)]
        assert told[-2:] == ["gone", "all"]


def log_out(service: Service, cookie: str) -> None:
    service.store.logins.close(cookie)


def change_password(service: Service, _cookie: str) -> None:
    service.command("agent", "password", "atendente", stdin="outra senha longa\n")


def disable(service: Service, _cookie: str) -> None:
    service.command("agent", "disable", "atendente")


@pytest.fixture
def agent_again(nodes: Nodes) -> Iterator[None]:
    """Afterwards the agent may log in as before."""
    store = nodes[0].store
    before = store.staff.find_agent("atendente")
    yield
    with store._database.writing() as session:
        kept = {"is_active": True, "password_hash": before.password_hash, "must_change_password": False}
        session.execute(update(Agent).where(Agent.id == before.id).values(kept))


@pytest.mark.usefixtures("agent_again")
@pytest.mark.parametrize("end", [log_out, change_password, disable])
def test_a_log_in_that_ends_ends_its_streams_at_every_node(nodes: Nodes, end: Callable[[Service, str], None]) -> None:
    here, there = nodes
    cookie, another = log_in(here, "atendente", "4067"), log_in(there, "consulta", "4068")
    with listening(here, cookie) as one, listening(there, cookie) as two, listening(there, another) as stranger:
        assert element(here.call("novaSolicitacao", cpf="1", ramal="4067"), "aviso") == "ENTREGUE"
        end(there, cookie)
        wait_until(lambda: one.has_ended and two.has_ended, SECONDS)
        kind = "loginEnded" if end is log_out else "loginsEnded"
        assert len(one.live_events(kind)) == len(two.live_events(kind)) == 1
        assert not stranger.has_ended and stranger.live_events(kind) == []
        expected = "RAMAL_NAO_REGISTRADO" if end is disable else "AGUARDANDO"
        wait_until(
            lambda: element(here.call("novaSolicitacao", cpf=end.__name__, ramal="4067"), "aviso") == expected, SECONDS
        )


def age(service: Service, token: str, seconds: float) -> None:
    """Have a call be announced so long ago."""
    with service.store._database.writing() as session:
        moved = service.store.now() - timedelta(seconds=seconds)
        session.execute(update(Call).where(Call.token == token).values(created_at=moved))


def refs(kind: LiveEventKind, *browsers: Listener) -> list[list[str]]:
    return [[one["ref"] for one in browser.live_events(kind)] for browser in browsers]


def test_an_answer_is_known_at_the_extension_and_to_the_agent(nodes: Nodes) -> None:
    here, there = nodes
    cookie, other = log_in(here, "atendente", "4067"), log_in(there, "consulta", "4068")
    second = log_in(there, "atendente")
    with listening(here, cookie) as one, listening(there, second) as two, listening(there, other) as caio:
        token = announce(here, "52998224725")
        wait_until(lambda: token in one.tokens and token in two.tokens)
        here.store.calls.answer(token, here.store.staff.find_agent("consulta").id)
        kind = LiveEventKind.CALL_ANSWERED
        wait_until(lambda: all(token in found for found in refs(kind, one, two, caio)), SECONDS)
        assert one.live_events(kind)[-1]["by"] == here.store.staff.find_agent("consulta").name
    with listening(there, second) as late:
        announced = announce(here, "12345678909")
        wait_until(lambda: announced in late.tokens)
        assert token not in late.tokens
        there.store.calls.answer(announced, there.store.staff.find_agent("atendente").id)


def test_a_pausing_agent_hears_who_answered_the_call_on_their_screen(nodes: Nodes) -> None:
    here, there = nodes
    with listening(there, log_in(there, "atendente", "4067")) as ana:
        token = announce(here, "39053344705")
        wait_until(lambda: token in ana.tokens)
        here.store.attendance.pause(here.store.staff.find_agent("atendente").id)
        try:
            here.store.calls.answer(token, here.store.staff.find_agent("consulta").id)
            wait_until(lambda: token in refs(LiveEventKind.CALL_ANSWERED, ana)[0], SECONDS)
        finally:
            here.store.attendance.resume(here.store.staff.find_agent("atendente").id)


def test_a_transfer_is_known_where_the_call_was_and_only_there(nodes: Nodes) -> None:
    here, there = nodes
    kind = LiveEventKind.CALL_TRANSFERRED
    cookie = log_in(here, "atendente", "4067")
    with listening(here, cookie) as ana, listening(there, log_in(there, "consulta", "4068")) as caio:
        earlier = announce(here, "11144477735", "4067")
        wait_until(lambda: earlier in ana.tokens)
        age(here, earlier, 10)
        later = announce(there, "11144477735", "4068")
        wait_until(lambda: earlier in refs(kind, ana)[0] and later in caio.tokens, SECONDS)
        assert ana.live_events(kind)[-1]["to"] == "4068"
        assert earlier not in refs(kind, caio)[0]
    with listening(there, cookie) as back:
        token = announce(here, "98765432100")
        wait_until(lambda: token in back.tokens)
        assert earlier not in back.tokens
        here.store.calls.answer(token, here.store.staff.find_agent("atendente").id)
        here.store.calls.answer(later, here.store.staff.find_agent("consulta").id)


def test_a_return_and_a_look_have_the_missed_counted_again(nodes: Nodes) -> None:
    here, there = nodes
    cookie = log_in(here, "atendente", "4067")
    ana = here.store.staff.find_agent("atendente").id
    with here.store._database.writing() as session:
        session.merge(here.store.staff.find_agent("atendente")).calls_looked_at = None
    calls = [announce(here, document) for document in ("86288366757", "15350946056")]
    for token in calls:
        age(here, token, 90)
    before = here.store.attendance.find(ana).missed
    assert before >= 2
    with listening(there, cookie) as browser:
        here.store.returned_calls.mark(calls[0], here.store.staff.find_agent("consulta").id)
        kind = LiveEventKind.CALL_RETURNED
        wait_until(lambda: calls[0] in refs(kind, browser)[0], SECONDS)
        wait_until(lambda: missed(browser)[-1:] == [str(before - 1)], 2 * SECONDS)
        here.store.attendance.look_at_calls(ana)
        wait_until(lambda: missed(browser)[-1:] == ["0"], 2 * SECONDS)


def missed(browser: Listener) -> list[str]:
    return [data["perdidas"] for _, name, data in browser.events if name == "atendimento" and "perdidas" in data]


def test_a_first_look_is_known_within_two_seconds(nodes: Nodes) -> None:
    here, there = nodes
    with listening(there, log_in(there, "atendente", "4067")) as ana:
        token = announce(here, "00000000191")
        wait_until(lambda: token in ana.tokens)
        here.store.calls.mark_seen(token)
        wait_until(lambda: token in refs(LiveEventKind.CALL_SEEN, ana)[0], SECONDS)
        here.store.calls.answer(token, here.store.staff.find_agent("atendente").id)


def test_a_call_that_is_over_before_it_is_read_pops_up_nowhere(nodes: Nodes) -> None:
    here, there = nodes
    with listening(there, log_in(there, "atendente", "4067")) as ana:
        store = here.store
        integration = store.calls.find(announce(here, "71428793860")).integration_id
        over = secrets.token_urlsafe(32)
        with store._database.writing(notifies=True) as session:
            now = store.now()
            session.add(
                Call(
                    token=over,
                    integration_id=integration,
                    operation="novaSolicitacao",
                    document="",
                    extension="4067",
                    notice="ENTREGUE",
                    created_at=now,
                    seen_at=now,
                    answered_at=now,
                )
            )
        after = announce(here, "74682489070")
        wait_until(lambda: after in ana.tokens)
        assert over not in ana.tokens
        with store._database.writing() as session:
            session.execute(update(Call).where(Call.extension == "4067").values(seen_at=store.now()))
