"""What happens in one place reaches the browsers concerned at every node, and ends the streams that it must end."""

from collections.abc import Callable, Iterator

import pytest

from soap_service.rules.live_events import LiveEvent, LiveEventKind
from soap_service.storage.live_events import publish
from tests.conftest import Service, element, start_service, wait_until
from tests.event_streams import listening, log_in
from tests.postgres import create_database, drop_database

SECONDS = 2.0


Nodes = tuple[Service, Service]


@pytest.fixture(scope="module")
def one_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """One process on SQLite that is both nodes."""
    service = start_service(tmp_path_factory.mktemp("node"))
    yield service, service
    stop(service)


@pytest.fixture(scope="module")
def two_nodes(tmp_path_factory: pytest.TempPathFactory, postgres_url: str, template: str) -> Iterator[Nodes]:
    url = create_database(postgres_url, template)
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
    with service.store.writing(ring=True) as session:
        publish(session, event, service.store.now())


def test_an_event_reaches_an_agent_an_extension_or_everybody(nodes: Nodes) -> None:
    here, there = nodes
    kind = LiveEventKind.REQUEST_CHANGED
    caio = there.store.find_agent("consulta").id
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
    service.store.close_session(cookie)


def change_password(service: Service, _cookie: str) -> None:
    service.command("agent", "password", "atendente", stdin="outra senha longa\n")


def disable(service: Service, _cookie: str) -> None:
    service.command("agent", "disable", "atendente")


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
