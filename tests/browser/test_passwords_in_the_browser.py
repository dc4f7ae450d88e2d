"""Passwords of one's own in a real browser: asked for at the first log-in, changed later, other browsers logged out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import picture
from tests.browser.looks import check_looks
from tests.conftest import PASSWORD, Service, start_service

GIVEN, OWN, NEXT = "cavalo bateria grampo", "quatro pontes sem rio", "um relógio de bolso"
SOON = 10_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = start_service(tmp_path_factory.mktemp("passwords"))
    yield service
    service.stop()
    assert "Traceback" not in service.log, service.log


def log_in(service: Service, page: Page, password: str, path: str = "/", login: str = "eva") -> None:
    page.goto(f"{service.url}/entrar?para={path}")
    page.get_by_label("Usuário").fill(login)
    page.get_by_label("Senha").fill(password)
    page.get_by_role("button", name="Entrar").click()


def choose(page: Page, former: str, password: str, again: str = "") -> None:
    page.get_by_label("Senha atual").fill(former)
    page.get_by_label("Nova senha").fill(password)
    page.get_by_label("A mesma senha de novo").fill(again or password)
    page.get_by_role("button", name="Trocar a senha").click()


def test_a_given_password_is_changed_first_and_later_again(service: Service, browser: Browser) -> None:
    service.command("agent", "add", "eva", "--name", "Eva Reis", "--group", "SDNIVEL1", stdin=f"{GIVEN}\n")
    context = browser.new_context(locale="pt-BR", bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    log_in(service, page, GIVEN, "/chamadas")
    expect(page.get_by_role("heading", name="Escolha a sua senha")).to_be_visible()
    check_looks(page, "senha-escolher")
    page.goto(f"{service.url}/solicitacoes")
    expect(page.get_by_role("heading", name="Escolha a sua senha")).to_be_visible()
    choose(page, GIVEN, "1234567890")
    expect(page.get_by_text("Esta senha é fácil de adivinhar")).to_be_visible()
    expect(page.get_by_label("Nova senha")).to_be_focused()
    picture(page, "senha-recusada")
    choose(page, GIVEN, OWN)
    page.wait_for_url("**/solicitacoes?aviso=senha-escolhida")
    expect(page.get_by_text("Senha trocada. Suas outras sessões terminaram.")).to_be_visible()

    another = browser.new_context(locale="pt-BR").new_page()
    log_in(service, another, OWN, "/chamadas")
    another.wait_for_url("**/chamadas")
    expect(another.locator("#login-end")).to_have_count(1)
    page.goto(f"{service.url}/preferencias")
    page.get_by_role("link", name="Trocar a senha").click()
    choose(page, OWN, NEXT)
    page.wait_for_url("**/preferencias?aviso=senha-escolhida")
    expect(another.get_by_text("Sua sessão terminou")).to_be_visible(timeout=SOON)
    page.goto(f"{service.url}/solicitacoes")
    expect(page.get_by_role("heading", level=1)).to_have_text("Solicitações")
    log_in(service, another, NEXT)
    another.wait_for_url(f"{service.url}/")
    another.context.close()
    context.close()


def test_an_administrator_has_a_password_drawn(service: Service, browser: Browser) -> None:
    context = browser.new_context(locale="pt-BR", bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    log_in(service, page, PASSWORD, "/administracao/atendentes/novo", login="admin")
    page.get_by_label("Usuário").fill("ivo")
    page.get_by_label("Nome").fill("Ivo Dias")
    check_looks(page, "atendente-novo")
    page.get_by_role("button", name="Gravar").click()
    check_looks(page, "senha-sorteada")
    password = page.get_by_label("Senha", exact=True).text_content() or ""
    page.get_by_role("link", name="Já copiei").click()
    expect(page.get_by_role("link", name="Ivo Dias").or_(page.get_by_text("Ivo Dias")).first).to_be_visible()
    context.clear_cookies()
    log_in(service, page, password, login="ivo")
    expect(page.get_by_role("heading", name="Escolha a sua senha")).to_be_visible()
    context.close()
