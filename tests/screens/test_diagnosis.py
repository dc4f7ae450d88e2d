"""The page that says why a screen did not open: each failing step is marked; a call is simulated."""

import asyncio
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from werkzeug.test import Client

from soap_service.config import Settings
from soap_service.model import Call
from soap_service.rules.parameters import WEB_SERVICES_ON
from soap_service.screens.app import Screens
from soap_service.screens.calls.call_path import REASONS
from soap_service.services import make_application
from soap_service.soap.dispatcher import Dispatcher
from soap_service.soap.simulation import Simulation
from soap_service.store import Announcement, NewRefusal

from .conftest import LOGIN_LIMITS, ZONE, Browser, Desk
from .test_calls import grow_old

EXTENSION = "4067"
PARAMETER, CREDENTIAL, ADDRESS, MESSAGE, DOCUMENT, GIVEN, OWNER, SCREEN, DELIVERY, END = range(1, 11)


@pytest.fixture
def healthy(desk: Desk) -> Desk:
    """A desk at which nothing is wrong: Ana's screen listens, and her last call popped up and was answered."""
    store = desk.store
    store.parameters.change(WEB_SERVICES_ON, "S", "teste")
    ana = store.staff.find_agent("ana")
    store.extensions.register(ana.id, EXTENSION)
    listen(desk)
    token = desk.announce("11144477735")
    store.calls.mark_delivered({token: store.now()})
    store.calls.answer(token, ana.id)
    return desk


@pytest.fixture
def ana(healthy: Desk) -> Browser:
    return healthy.browser_of("ana")


@pytest.fixture
def rui(healthy: Desk) -> Browser:
    return healthy.browser_of("rui")


@pytest.fixture
def simulating(healthy: Desk) -> Iterator[Desk]:
    """The desk with a SOAP dispatcher of its own on an event loop of its own."""
    settings = Settings(database_url=healthy.store._database.url.render_as_string(hide_password=False))
    healthy.store.calls.repeat_within = timedelta(seconds=10)
    dispatcher = Dispatcher(make_application(), healthy.store, settings)
    simulation = Simulation(dispatcher, healthy.store)
    simulation.loop = asyncio.new_event_loop()
    thread = threading.Thread(target=simulation.loop.run_forever)
    thread.start()
    healthy.screens = Screens(healthy.store, ZONE, LOGIN_LIMITS, False, simulation)
    for browser in healthy.browsers.values():
        cookies = browser.client.get_cookie("soap_service_session")
        browser.client = Client(healthy.screens)
        browser.client.set_cookie("soap_service_session", cookies.value if cookies else "")

    async def close() -> None:
        dispatcher.close()

    yield healthy
    asyncio.run_coroutine_threadsafe(close(), simulation.loop).result()
    simulation.loop.call_soon_threadsafe(simulation.loop.stop)
    thread.join()
    simulation.loop.close()


def listen(desk: Desk) -> None:
    desk.store.listeners.change("node", {EXTENSION: datetime.now(UTC) + timedelta(minutes=5)}, [])


def refuse(desk: Desk, reason: str, integration: str = "pbx", operation: str = "-", minutes_ahead: int = 1) -> None:
    """Keep a refusal that came after the last call."""
    now = desk.store._database.now
    desk.store._database.now = lambda: now() + timedelta(minutes=minutes_ahead)  # type: ignore[method-assign]
    desk.store.diagnosis.note_refusals([NewRefusal(integration, operation, reason, "192.0.2.7", 2)])
    desk.store._database.now = now  # type: ignore[method-assign]


def words(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def failing_step(browser: Browser, address: str = "/diagnostico") -> int | None:
    """Return which step the page marks as the first that fails, and hold heading and mark to each other."""
    page = browser.get(address).text
    marks = re.findall(r'<li class="step ([^"]*)"\s+(aria-current="step")?', page)
    assert len(marks) == 10
    marked = [n for n, (_, is_current) in enumerate(marks, 1) if is_current]
    headed = re.search(r"Parou no passo (\d+):", page)
    assert marked == ([int(headed[1])] if headed else [])
    failed = [n for n, (classes, _) in enumerate(marks, 1) if "is-failed" in classes]
    assert failed[:1] == marked
    return marked[0] if marked else None


def test_where_nothing_is_wrong_no_step_fails(healthy: Desk, ana: Browser, rui: Browser) -> None:
    assert failing_step(ana) is None
    assert "Nenhum passo falhou" in ana.page
    assert failing_step(rui, f"/diagnostico?ramal={EXTENSION}") is None


def test_parameter_281_off_is_the_first_step(healthy: Desk, ana: Browser, rui: Browser) -> None:
    healthy.store.parameters.change(WEB_SERVICES_ON, "N", "teste")
    assert failing_step(ana) == PARAMETER
    assert "Avise o administrador" in ana.page
    assert failing_step(rui, f"/diagnostico?ramal={EXTENSION}") == PARAMETER
    assert "Ligue o parâmetro 281" in rui.page


def test_a_desk_without_a_platform_fails_at_the_integration(healthy: Desk, ana: Browser) -> None:
    healthy.store.integrations.revoke("pbx")
    assert failing_step(ana) == CREDENTIAL


@pytest.mark.parametrize(
    ("reason", "integration", "step"),
    [
        ("SEGREDO_ERRADO", "pbx", CREDENTIAL),
        ("INTEGRACAO_DESCONHECIDA", "", CREDENTIAL),
        ("ENDERECO_NAO_ACEITO", "pbx", ADDRESS),
        ("SEM_CREDENCIAL", "", ADDRESS),
        ("LIMITE_EXCEDIDO", "pbx", MESSAGE),
        ("OPERACAO_NAO_PERMITIDA", "pbx", MESSAGE),
        ("PARAMETRO_INVALIDO", "pbx", MESSAGE),
        ("MENSAGEM_INVALIDA", "pbx", MESSAGE),
    ],
)
def test_a_refusal_after_the_last_call_fails_its_step(
    healthy: Desk, ana: Browser, rui: Browser, reason: str, integration: str, step: int
) -> None:
    refuse(healthy, reason, integration)
    assert failing_step(rui, f"/diagnostico?ramal={EXTENSION}") == step
    shown = words(rui.page)
    assert "192.0.2.7" in shown
    assert REASONS.get(reason, reason) in shown
    assert failing_step(ana) == step
    assert "192.0.2.7" not in ana.page, "who calls from where is for administrators"


def test_with_no_platform_known_by_address_a_call_lacks_a_credential(healthy: Desk, rui: Browser) -> None:
    healthy.store.integrations.add("com-segredo", b"salt", b"digest")
    healthy.store.integrations.revoke("pbx")
    refuse(healthy, "SEM_CREDENCIAL", "")
    assert failing_step(rui, f"/diagnostico?ramal={EXTENSION}") == CREDENTIAL


def test_a_refusal_before_the_last_call_is_listed_and_fails_nothing(healthy: Desk, rui: Browser) -> None:
    refuse(healthy, "SEGREDO_ERRADO", minutes_ahead=-5)
    assert failing_step(rui, f"/diagnostico?ramal={EXTENSION}") is None
    assert "segredo errado" in rui.page


def test_a_refused_read_stops_no_screen(healthy: Desk, rui: Browser) -> None:
    refuse(healthy, "PARAMETRO_INVALIDO", operation="obterDadosSolicitacao")
    assert failing_step(rui, f"/diagnostico?ramal={EXTENSION}") is None


def test_an_unknown_document_is_a_remark_and_no_failure(healthy: Desk, ana: Browser) -> None:
    token = healthy.announce("52998224725")
    healthy.store.calls.mark_delivered({token: healthy.store.now()})
    assert failing_step(ana) is None
    assert "sem identificar quem ligou" in ana.page
    assert "529" not in ana.page, "the document of a caller is not on this page"


def test_a_call_without_an_extension_fails_and_administrators_see_it(healthy: Desk, ana: Browser, rui: Browser) -> None:
    healthy.store.extensions.register(healthy.bia.id, "4068")  # with two registered none is chosen
    token = healthy.announce("11144477735", extension=None)
    assert failing_step(ana) == GIVEN
    assert token not in ana.page
    assert failing_step(rui, f"/diagnostico?ramal={EXTENSION}") == GIVEN
    assert f"/diagnostico?chamada={token}" in rui.page
    assert failing_step(rui, f"/diagnostico?chamada={token}") == GIVEN
    assert ana.get(f"/diagnostico?chamada={token}").status_code == 404


def test_an_agent_without_an_extension_is_told_so(healthy: Desk) -> None:
    bia = healthy.browser_of("bia")
    assert failing_step(bia) == OWNER
    assert "Você não informou em que ramal atende." in bia.page


def test_who_has_no_extension_chooses_one_and_sees_when_platforms_called(healthy: Desk, rui: Browser) -> None:
    healthy.store.integrations.note_uses({"pbx": healthy.store.now()})
    healthy.store.integrations.add("ivr", b"salt", b"digest")
    assert failing_step(rui) is None
    assert "Escolha um ramal acima." in rui.page
    assert re.search(r"Último uso aceito de cada integração: ivr \(nunca\), pbx \(\d\d/", rui.page)


def test_an_extension_that_nobody_has_registered_fails(healthy: Desk, rui: Browser) -> None:
    assert failing_step(rui, "/diagnostico?ramal=5000") == OWNER


def test_a_pause_fails_the_step_of_the_screen(healthy: Desk, ana: Browser, rui: Browser) -> None:
    healthy.store.attendance.pause(healthy.ana.id)
    assert failing_step(ana) == SCREEN
    assert "está em pausa desde" in ana.page
    assert failing_step(rui, f"/diagnostico?ramal={EXTENSION}") == SCREEN


def test_an_extension_without_a_browser_fails_but_not_for_its_owner(healthy: Desk, ana: Browser, rui: Browser) -> None:
    healthy.store.listeners.remove("node")
    assert failing_step(rui, f"/diagnostico?ramal={EXTENSION}") == SCREEN
    assert failing_step(ana) is None, "this very page is about to connect"
    assert 'data-connection="unknown"' in ana.page


def test_a_call_that_reached_no_screen_in_time_fails_at_the_delivery(healthy: Desk, ana: Browser) -> None:
    grow_old(healthy.store, healthy.announce("11144477735"))
    make_latest(healthy)
    assert failing_step(ana) == DELIVERY


def test_a_delivered_call_that_nobody_looked_at_fails_at_the_end(healthy: Desk, ana: Browser) -> None:
    token = healthy.announce("11144477735")
    make_latest(healthy)
    grow_old(healthy.store, token)
    created_at = healthy.store.calls.find(token).created_at
    healthy.store.calls.mark_delivered({token: created_at + timedelta(milliseconds=12)})
    assert failing_step(ana) == END
    assert "ninguém a viu" in ana.page


def test_a_call_delivered_too_late_to_pop_up_fails_at_the_delivery(healthy: Desk, ana: Browser) -> None:
    token = healthy.announce("11144477735")
    make_latest(healthy)
    grow_old(healthy.store, token)
    healthy.store.calls.mark_delivered({token: healthy.store.now()})
    assert failing_step(ana) == DELIVERY
    assert "tarde demais" in ana.page


def make_latest(desk: Desk) -> None:
    """Leave of the calls only the last one announced."""
    with desk.store._database.writing() as session:
        for call in session.query(Call).order_by(Call.id.desc()).offset(1):
            session.delete(call)


def test_a_missed_call_leads_to_its_own_diagnosis_which_speaks_of_then(healthy: Desk, ana: Browser) -> None:
    healthy.store.listeners.remove("node")
    token = healthy.announce("11144477735")
    grow_old(healthy.store, token)
    listen(healthy)
    assert f"/diagnostico?chamada={token}" in ana.get(f"/chamadas/{token}").text
    assert f"/diagnostico?chamada={token}" in ana.get("/chamadas").text
    assert failing_step(ana, f"/diagnostico?chamada={token}") == SCREEN
    assert "nenhuma tela escutava" in ana.page


def test_a_call_at_an_extension_that_was_registered_later_says_so(healthy: Desk, rui: Browser) -> None:
    token = healthy.announce("11144477735", extension="4069")
    healthy.store.extensions.register(healthy.bia.id, "4069")
    grow_old(healthy.store, token)
    assert failing_step(rui, f"/diagnostico?chamada={token}") == OWNER
    assert "Agora está com" in rui.page


@pytest.mark.parametrize("token", ["x", "x" * 43])
def test_a_call_that_is_none_is_not_found(ana: Browser, token: str) -> None:
    assert ana.get(f"/diagnostico?chamada={token}").status_code == 404


def test_an_agent_sees_their_own_extension_whatever_the_address_says(healthy: Desk) -> None:
    bia = healthy.browser_of("bia")
    page = bia.get(f"/diagnostico?ramal={EXTENSION}").text
    assert EXTENSION not in words(page)
    token = healthy.announce("11144477735")
    assert bia.get(f"/diagnostico?chamada={token}").status_code == 404


def test_the_latest_twenty_calls_are_listed_with_their_state(healthy: Desk, ana: Browser) -> None:
    for _ in range(22):
        healthy.announce("11144477735")
    assert len(re.findall(r'<tr class="is-', ana.get("/diagnostico").text)) == 20


def test_a_simulated_call_is_dispatched_and_brings_its_receipt(simulating: Desk) -> None:
    ana = simulating.browser_of("ana")
    ana.get("/diagnostico")
    page = ana.post("/diagnostico", cpf="111.444.777-35")
    assert page.status_code == 200
    shown = words(page.text)
    assert "ENTREGUE : A ligação foi entregue à tela do ramal 4067." in shown
    (latest, *_) = simulating.store.call_lists.list_at(EXTENSION)
    assert (latest.is_simulation, latest.requester_id) == (True, simulating.maria.id)
    assert f"/chamadas/{latest.token}" in page.text
    assert "Simulação" in page.text
    assert 'value="111.444.777-35"' in page.text, "what was typed stands"
    assert "Simulação" in ana.get(f"/chamadas/{latest.token}/janela").text


def test_a_simulated_call_without_a_document_is_of_somebody_not_identified(simulating: Desk) -> None:
    page = simulating.browser_of("ana").post("/diagnostico")
    assert "Não identificado o cliente da ligação." in page.text
    assert simulating.store.call_lists.list_at(EXTENSION)[0].document == ""


def test_pressing_twice_is_the_same_call_and_is_said_to_be(simulating: Desk) -> None:
    ana = simulating.browser_of("ana")
    assert "É a mesma ligação" not in ana.post("/diagnostico").text
    assert "É a mesma ligação" in ana.post("/diagnostico").text
    assert sum(call.is_simulation for call in simulating.store.call_lists.list_at(EXTENSION)) == 1


def test_the_receipt_speaks_the_agents_language(simulating: Desk) -> None:
    simulating.store.staff.set_language(simulating.ana.id, "en")
    page = simulating.browser_of("ana").post("/diagnostico").text
    assert "The call was delivered" in words(page)


def test_with_281_off_a_simulated_call_gets_the_fault_and_no_refusal(simulating: Desk) -> None:
    simulating.store.parameters.change(WEB_SERVICES_ON, "N", "teste")
    page = words(simulating.browser_of("ana").post("/diagnostico", cpf="11144477735").text)
    assert "O web service recusou a ligação: INTEGRACAO_DESATIVADA." in page
    assert "Parou no passo 1" in page
    assert simulating.store.diagnosis.list_refusals() == []


def test_an_agent_simulates_for_their_own_extension_only(simulating: Desk) -> None:
    simulating.browser_of("ana").post("/diagnostico", ramal="5000")
    assert simulating.store.call_lists.list_at("5000") == []
    assert simulating.store.call_lists.list_at(EXTENSION)[0].is_simulation
    refused = simulating.browser_of("bia").post("/diagnostico", ramal=EXTENSION)
    assert refused.status_code == 422


def test_an_administrator_simulates_for_any_extension(simulating: Desk) -> None:
    rui = simulating.browser_of("rui")
    page = rui.post("/diagnostico", ramal="5000", cpf="")
    assert "RAMAL_NAO_REGISTRADO" in page.text
    assert simulating.store.call_lists.list_at("5000")[0].is_simulation
    for wrong in ("", "não é ramal"):
        refused = rui.post("/diagnostico", ramal=wrong, cpf="digitado")
        assert refused.status_code == 422
        assert 'value="digitado"' in refused.text


def test_a_simulation_needs_the_form_token(simulating: Desk) -> None:
    ana = simulating.browser_of("ana")
    assert ana.post("/diagnostico", token="wrong").status_code == 403
    assert not any(call.is_simulation for call in simulating.store.call_lists.list_at(EXTENSION))


def test_words_that_are_xml_are_only_words(simulating: Desk) -> None:
    page = simulating.browser_of("ana").post("/diagnostico", cpf="</cpf><ramal>5000</ramal>&")
    assert "ENTREGUE" in page.text
    assert simulating.store.call_lists.list_at("5000") == []


def test_no_announcement_of_a_platform_counts_as_simulated(healthy: Desk) -> None:
    call = Announcement(healthy.integration_id, "novaSolicitacao", "11144477735", None, EXTENSION)
    token = healthy.store.calls.announce(call).token
    assert not healthy.store.calls.find(token).is_simulation
