"""From an empty database to the first popup: what the pages say to do next."""

from datetime import timedelta

from werkzeug.test import Client

from soap_service.rules.credentials import FIRST_COMMAND, SESSION_COOKIE
from soap_service.rules.roles import Role
from soap_service.screens.app import Screens
from soap_service.store import Announcement, FirstSteps, Store

from .conftest import LOGIN_LIMITS, ZONE, Browser, Desk

COMMAND = FIRST_COMMAND.replace("'", "&#39;")
STEPS = "Primeiros passos"
OFF = "A telefonia está desligada"


def test_the_log_in_page_says_how_to_add_the_first_agent_and_only_then(store: Store) -> None:
    browser = Browser(Client(Screens(store, ZONE, LOGIN_LIMITS, is_https=False)))
    assert COMMAND in browser.get("/entrar").text
    assert COMMAND in browser.log_in("nobody").text
    store.staff.add_agent("rui", "Rui", "hash", role=Role.ADMINISTRATOR)
    assert COMMAND not in browser.get("/entrar").text


def test_the_checklist_ticks_itself_off_and_disappears(store: Store) -> None:
    rui = store.staff.add_agent("rui", "Rui", "hash", role=Role.ADMINISTRATOR)
    browser = Browser(Client(Screens(store, ZONE, LOGIN_LIMITS, is_https=False)))
    browser.client.set_cookie(SESSION_COOKIE, store.logins.open(rui.id, timedelta(hours=1)))

    def done() -> int:
        page = browser.get("/").text
        return page.count('<li class="is-done">') if STEPS in page else -1

    assert done() == 0
    store.staff.add_group("SDNIVEL1", may_execute=True)
    store.staff.add_agent("ana", "Ana", "hash", ["SDNIVEL1"])
    assert done() == 1
    store.catalogue.add_service("Falha", "incidente", "SDNIVEL1")
    assert done() == 2
    integration = store.integrations.add("pbx", None, None, "127.0.0.0/8")
    assert done() == 3
    store.parameters.change(281, "S", "rui")
    assert done() == 4
    store.extensions.register(rui.id, "4067")
    assert done() == 5
    store.calls.announce(Announcement(integration.id, "novaSolicitacao", "", None, "4067"))
    assert done() == -1


def test_a_group_without_permission_and_a_revoked_platform_do_not_count(store: Store) -> None:
    rui = store.staff.add_agent("rui", "Rui", "hash", role=Role.ADMINISTRATOR)
    store.staff.add_group("CONSULTA", may_execute=False)
    store.staff.add_agent("bia", "Bia", "hash", ["CONSULTA"])
    store.integrations.add("pbx", None, None, "127.0.0.0/8")
    store.integrations.revoke("pbx")
    store.integrations.find_simulation()
    assert store.first_steps.find(rui.id) == FirstSteps(False, False, False, False, False, False)


def test_each_administrator_dismisses_the_checklist_others_never_see_it(desk: Desk, rui: Browser, ana: Browser) -> None:
    assert STEPS in rui.get("/").text
    assert STEPS not in ana.get("/").text
    for _ in range(2):
        rui.follow(rui.post("/primeiros-passos"))
        assert STEPS not in rui.page
    desk.store.staff.add_agent("eva", "Eva", "hash", role=Role.ADMINISTRATOR)
    assert STEPS in desk.browser_of("eva").get("/").text


def test_administrators_alone_are_told_that_the_telephony_is_off(desk: Desk, rui: Browser, ana: Browser) -> None:
    for path in ("/", "/solicitacoes", "/administracao/servicos"):
        assert OFF in rui.get(path).text
    assert OFF not in ana.get("/").text
    desk.store.parameters.change(281, "S", "rui")
    assert OFF not in rui.get("/").text


def test_pages_without_anything_say_what_to_do(desk: Desk, rui: Browser, ana: Browser) -> None:
    with desk.store._database.writing() as session:
        session.merge(desk.service).is_active = False
    assert "Peça a um administrador." in ana.get("/solicitacoes/nova").text
    assert 'href="/administracao/servicos/novo"' in rui.get("/solicitacoes/nova").text
