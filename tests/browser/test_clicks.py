"""How many clicks an agent's usual ways take: docs/decisions.md has them beside those of version 0.1.0.

A field is clicked into unless it has the focus already. Choosing from a list takes two clicks, one to open it and one
to choose; keys are no clicks. The seconds are the browser's and the service's: a script types at once and reads
nothing. They are printed (`pytest -s`), not judged.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import Desk, register_extension
from tests.browser.test_calls_in_the_browser import announce, popup_of
from tests.browser.test_requests_in_the_browser import expect_request, fact
from tests.conftest import PASSWORD
from tests.waiting import free_port, wait_until


class Hand:
    """An agent's hand at the mouse, which counts, and a clock that starts with it."""

    def __init__(self) -> None:
        self.clicks = 0
        self._began = time.monotonic()

    def click(self, target: Locator) -> None:
        target.click()
        self.clicks += 1

    def write(self, field: Locator, text: str) -> None:
        """Type into a field, after a click into it unless it has the focus."""
        expect(field).to_be_visible()
        if not field.evaluate("field => field === document.activeElement"):
            self.click(field)
        field.page.keyboard.insert_text(text)

    def choose(self, field: Locator, label: str) -> None:
        """Open a list and choose from it."""
        field.select_option(label=label)
        self.clicks += 2

    def expect_clicks(self, clicks: int, way: str) -> None:
        """Hold the way that ends here to its clicks, and tell its seconds."""
        print(f"{way}: {self.clicks} clicks, {time.monotonic() - self._began:.1f} s")
        assert self.clicks == clicks


def test_the_open_request_of_a_known_caller_is_resolved_in_3_clicks(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    hand = Hand()
    announce(desk.service)
    hand.click(popup_of(page).get_by_role("button", name="Executar 34534"))
    hand.write(page.get_by_label("Anotação"), "Cabo trocado por telefone.")
    hand.click(page.get_by_role("button", name="Resolver", exact=True))
    expect_request(page, "Solicitação resolvida.", "Resolvida", "Dentro do prazo")
    hand.expect_clicks(3, "known caller")
    expect(page.get_by_role("listitem").filter(has_text="Resolução")).to_contain_text("Cabo trocado por telefone.")


def test_what_an_unknown_caller_asks_is_resolved_in_8_clicks(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    hand = Hand()
    announce(desk.service, cpf="39053344705")
    hand.click(popup_of(page).get_by_role("button", name="Cadastrar nova solicitação"))
    hand.write(page.get_by_label("Nome", exact=True), "Zulmira Prates")
    hand.choose(page.get_by_label("Serviço"), "Acesso a sistema")
    hand.write(page.get_by_label("Descrição"), "Esqueceu a senha.")
    hand.click(page.get_by_text("Já resolveu por telefone?"))
    hand.write(page.get_by_label("Solução"), "Senha trocada.")
    hand.click(page.get_by_role("button", name="Registrar e resolver"))
    expect(fact(page, "Situação")).to_have_text("Resolvida")
    hand.expect_clicks(8, "unknown caller")
    expect(fact(page, "Nome")).to_have_text("Zulmira Prates")
    expect(page.get_by_role("listitem").filter(has_text="Resolução")).to_contain_text("Senha trocada.")


def test_a_request_is_found_and_forwarded_in_3_clicks(desk: Desk) -> None:
    desk.service.store.staff.add_group("REDES", may_execute=True)
    desk.service.store.staff.add_agent("rita", "Rita Redes", "hash", ["REDES"])
    page = desk.page("atendente")
    hand = Hand()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    hand.write(page.get_by_role("searchbox"), "34534")
    page.keyboard.press("Enter")
    hand.choose(page.get_by_label("Grupo Executor"), "REDES")
    hand.click(page.get_by_role("button", name="Gravar", exact=True))
    expect(page.get_by_text("Encaminhada para REDES")).to_be_visible()
    hand.expect_clicks(3, "find and forward")


@pytest.fixture
def empty_url(tmp_path: Path) -> Iterator[str]:
    """The address of a service whose database, in the test's folder, is empty."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {"SOAP_SERVICE_DATABASE_URL": f"sqlite:///{tmp_path}/real.db", "SOAP_SERVICE_PUBLIC_URL": url}
    command = [sys.executable, "-m", "soap_service", "serve", "--port", str(port)]
    log = tmp_path / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=output, stderr=output)

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return httpx.get(f"{url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(is_ready, 30)
    yield url
    process.terminate()
    assert process.wait(15) == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def test_the_first_administrator_comes_to_a_popup_in_8_clicks(browser: Browser, empty_url: str, tmp_path: Path) -> None:
    context = browser.new_context(locale="pt-BR", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    hand = Hand()
    add_first_administrator(tmp_path)
    page.goto(empty_url)
    hand.write(page.get_by_label("Usuário"), "rui")
    page.keyboard.press("Tab")
    hand.write(page.get_by_label("Senha"), PASSWORD)
    page.keyboard.press("Enter")
    steps = page.get_by_role("region", name="Primeiros passos")
    hand.click(steps.get_by_role("link", name="parâmetro 281"))
    hand.choose(page.get_by_label("Valor do parâmetro 281"), "S – Sim")
    hand.click(page.get_by_role("button", name="Gravar 281"))
    hand.click(page.get_by_role("navigation").get_by_role("link", name="Início"))
    hand.click(page.get_by_role("main").get_by_role("link", name="Informar ramal"))
    hand.write(page.get_by_role("dialog", name="Ramal").get_by_role("textbox"), "4067")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ramal gravado com sucesso!")).to_be_visible()
    hand.click(steps.get_by_role("link", name="Simule uma"))
    hand.click(page.get_by_role("button", name="Simular"))
    expect(popup_of(page)).to_be_visible()
    hand.expect_clicks(8, "first administrator")
    context.close()


def add_first_administrator(folder: Path) -> None:
    """Run the command that the log-in page names."""
    command = [sys.executable, "-m", "soap_service", "agent", "add", "rui", "--name", "Rui", "--admin", "--permanent"]
    settings = {**os.environ, "SOAP_SERVICE_DATABASE_URL": f"sqlite:///{folder}/real.db"}
    done = subprocess.run(command, env=settings, input=f"{PASSWORD}\n", text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
