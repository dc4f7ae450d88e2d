"""Browsers of agents against the real screens on a real store; no server between, no mock behind."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import Client, TestResponse

from soap_service import import_process
from soap_service.config import Settings
from soap_service.import_process import ImportProcess
from soap_service.model import Agent, Request, Requester, Service
from soap_service.rules.calendars import Holidays, NationalHolidays
from soap_service.rules.credentials import SESSION_COOKIE
from soap_service.rules.deadlines import WorkingCalendar
from soap_service.rules.login_limits import LoginLimits
from soap_service.rules.parameters import CHILD_REQUEST_ON, CHILD_REQUEST_SERVICE
from soap_service.rules.roles import Role
from soap_service.screens.app import Screens
from soap_service.storage.staff import agent_edit_of
from soap_service.store import Announcement, NewRequest, Store
from tests.compiled import templates_compiled_once
from tests.conftest import Content
from tests.demonstration import cheap_hash
from tests.forks import run_import

PASSWORD = "uma senha comprida"
ZONE = ZoneInfo("America/Sao_Paulo")
LOGIN_LIMITS = LoginLimits(timedelta(hours=8), timedelta(hours=24))


@pytest.fixture(scope="session", autouse=True)
def compiled_templates() -> Iterator[None]:
    with templates_compiled_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def forked_imports() -> Iterator[None]:
    """Tables are taken in by a process of its own, as ever, but by one that has its modules loaded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_process, "subprocess", SimpleNamespace(**vars(subprocess) | {"run": run_import}))
        yield


@dataclass
class Browser:
    """A browser at the screens: posts carry the form token of the page it is on."""

    client: Client
    token: str = ""
    page: str = ""

    def get(self, path: str, **options: object) -> TestResponse:
        return self._look_at(self.client.get(path, **options))

    def post(self, path: str, token: str | None = None, **fields: str) -> TestResponse:
        data = {"form_token": self.token if token is None else token, **fields}
        return self._look_at(self.client.post(path, data=data))

    def follow(self, response: TestResponse) -> TestResponse:
        assert response.status_code == 303, response.text
        return self.get(response.location)

    def log_in(self, login: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        self.get("/entrar")
        response = self.post("/entrar", usuario=login, senha=password, **fields)
        if response.status_code == 303:
            self.get("/")
        return response

    def hidden(self, name: str) -> str:
        """Return the value of a hidden field of the page."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found, f"no {name}"
        return unescape(found[1])

    def _look_at(self, response: TestResponse) -> TestResponse:
        if response.mimetype == "text/html":
            self.page = response.text
            if found := re.search(r'name="form_token" value="([^"]+)"', self.page):
                self.token = found[1]
        return response


@dataclass
class Desk:
    """A service desk: Ana may execute, Bia may not, Rui administers; Maria has a request in progress."""

    store: Store
    screens: Screens
    ana: Agent
    bia: Agent
    maria: Requester
    service: Service
    request: Request
    integration_id: int
    browsers: dict[str, Browser] = field(default_factory=dict)

    def give_role(self, login: str, role: Role) -> None:
        """Make an agent what they were not."""
        agent = self.store.staff.find_agent(login)
        edit = agent_edit_of(agent)
        self.store.staff.change_agent(agent.id, replace(edit, role=role), edit.stamp)

    def visitor(self) -> Browser:
        """Return a new browser that is not logged in."""
        return Browser(Client(self.screens))

    def browser_of(self, login: str) -> Browser:
        """Return the browser in which that agent is logged in."""
        if login not in self.browsers:
            browser = self.browsers[login] = self.visitor()
            agent = self.store.staff.find_agent(login)
            cookie = self.store.logins.open(agent.id, timedelta(hours=8))
            browser.client.set_cookie(SESSION_COOKIE, cookie)
            browser.token = self.store.logins.find(cookie).form_token  # as the first page would say
        return self.browsers[login]

    def announce(self, document: str, request_id: int | None = None, extension: str | None = "4067") -> str:
        """Announce a call and return its token."""
        operation = "novaSolicitacao" if request_id is None else "visualizarSolicitacao"
        call = Announcement(self.integration_id, operation, document, request_id, extension)
        return self.store.calls.announce(call).token

    def launch_children(self, service_id: str = "") -> None:
        """Set parameters 282 and 283."""
        self.store.parameters.change(CHILD_REQUEST_ON, "S", "teste")
        self.store.parameters.change(CHILD_REQUEST_SERVICE, service_id, "teste")


def write_desk(store: Store) -> None:
    """What `Desk` says."""
    store.staff.add_group("SDNIVEL1", may_execute=True)
    ana = store.staff.add_agent("ana", "Ana Souza", cheap_hash(PASSWORD), ["SDNIVEL1"])
    store.staff.add_agent("bia", "Bia <b>Lima</b>", cheap_hash(PASSWORD))
    store.staff.add_agent("rui", "Rui Costa", cheap_hash(PASSWORD), role=Role.ADMINISTRATOR)
    maria = store.requesters.add(
        "11144477735", "Maria da Silva", "maria@exemplo.com.br", "62 3000", "210", "Financeiro"
    )
    service = store.catalogue.add_service("Falha <em> rede", "incidente", "SDNIVEL1", sla_minutes=480, contract="C1")
    new = NewRequest(maria.id, service.id, "Sem rede.\n<script>alert(1)</script>", "incidente")
    store.requests.open(new, ana.id, "form:first")
    store.integrations.add("pbx", None, None, "127.0.0.0/8")


@pytest.fixture
def content(request: pytest.FixtureRequest) -> Content | None:
    return write_desk if "desk" in request.fixturenames else None


@pytest.fixture
def desk(store: Store) -> Desk:
    store.calls.repeat_within = timedelta(0)
    ana, bia = store.staff.find_agent("ana"), store.staff.find_agent("bia")
    maria = store.requesters.find("11144477735")
    service, request = store.catalogue.find_service(1), store.requests.find(1)
    [integration] = store.integrations.list_all()
    url = store._database.url.render_as_string(hide_password=False)
    importing = ImportProcess(Settings(database_url=url))
    screens = Screens(store, ZONE, LOGIN_LIMITS, is_https=False, import_file=importing)
    return Desk(store, screens, ana, bia, maria, service, request, integration.id)


@pytest.fixture
def ana(desk: Desk) -> Browser:
    return desk.browser_of("ana")


@pytest.fixture
def rui(desk: Desk) -> Browser:
    """The administrator's browser; the desk keeps the national holidays."""
    desk.store.calendars.default = WorkingCalendar(ZONE, holidays=Holidays(NationalHolidays("BR")))
    return desk.browser_of("rui")


@pytest.fixture
def bia(desk: Desk) -> Browser:
    return desk.browser_of("bia")
