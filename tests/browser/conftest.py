"""A real Chromium at the real service. Pictures of the screens go to `$SCREENSHOTS` when it is set."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.conftest import PASSWORD, Service

expect.set_options(timeout=20_000)


@pytest.fixture
def desk(browser: Browser, own_service: Service) -> Iterator["Desk"]:
    """A service of the test's own, and browsers of its agents."""
    desk = Desk(browser, own_service)
    yield desk
    desk.close()


@pytest.fixture
def shared_desk(browser: Browser, service: Service) -> Iterator["Desk"]:
    """The service that tests share which change nothing."""
    desk = Desk(browser, service)
    yield desk
    desk.close()


class Desk:
    """Agents at their browsers: each login has its own cookies; anything on a page's console fails the test."""

    def __init__(self, browser: Browser, service: Service) -> None:
        self.service = service
        self._browser = browser
        self._contexts: dict[str, BrowserContext] = {}
        self._url = service.url
        self.complaints: list[str] = []

    def page(self, login: str, url: str = "", has_script: bool = True) -> Page:
        """Return a new page of a logged-in agent; with a URL, the service's or of another way to it, by its form."""
        self._url = url or self.service.url
        if login in self._contexts:
            return self._new_page(login)
        self._contexts[login] = self._browser.new_context(
            locale="pt-BR", viewport={"width": 1280, "height": 800}, java_script_enabled=has_script
        )
        if url:
            page = self._new_page(login)
            self.log_in(page, login)
        else:
            self._log_in_without_form(login)
            page = self._new_page(login)
        expect(page.get_by_role("heading", level=1)).to_contain_text("Olá")
        page.wait_for_load_state()  # its styles and scripts are there
        return page

    def _log_in_without_form(self, login: str) -> None:
        """Log in as the form does, without its two pages: a fifth of a test's processor time."""
        store = self.service.store
        cookie = store.logins.open(store.staff.find_agent(login).id, timedelta(hours=8))
        name = self.service.session_cookie
        self._contexts[login].add_cookies([{"name": name, "value": cookie, "url": self._url, "httpOnly": True}])

    def log_in(self, page: Page, login: str) -> None:
        """Log in at the page that asks for it."""
        page.get_by_label("Usuário").fill(login)
        page.get_by_label("Senha").fill(PASSWORD)
        page.get_by_role("button", name="Entrar").click()

    def _new_page(self, login: str) -> Page:
        page = self._contexts[login].new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{self._url}/")
        return page

    def close(self) -> None:
        for context in self._contexts.values():
            context.close()
        assert self.complaints == []


def register_extension(page: Page, number: str) -> None:
    """Use the extension dialog as an agent does, and wait until the page listens."""
    page.get_by_role("navigation").get_by_role("link", name="Atendimento").click()
    dialog = page.get_by_role("dialog", name="Ramal")
    dialog.get_by_role("textbox").fill(number)
    dialog.get_by_role("button", name="Gravar").click()
    expect(page.get_by_text("Ramal gravado com sucesso!")).to_be_visible()
    expect(page.locator("#connection")).to_have_text("Conectado")


def picture(page: Page, name: str) -> None:
    """Take a screenshot when somebody wants to look at it."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), animations="disabled")
