"""Log-ins in a real browser: kept or not when it is closed, listed, ended by their agent and by an administrator."""

from datetime import timedelta

from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import update

from soap_service.model import LoginSession
from tests.browser.looks import check_looks
from tests.conftest import PASSWORD, Service

SOON = 10_000


def log_in(service: Service, browser: Browser, login: str = "atendente", stays: bool = False) -> Page:
    context = browser.new_context(locale="pt-BR", bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{service.url}/entrar")
    page.get_by_label("Usuário").fill(login)
    page.get_by_label("Senha").fill(PASSWORD)
    if stays:
        page.get_by_label("Continuar conectado depois de fechar o navegador").check()
    page.get_by_role("button", name="Entrar").click()
    page.wait_for_url(f"{service.url}/")
    return page


def reopened(browser: Browser, context: BrowserContext) -> BrowserContext:
    """Return the browser as it is after it was closed and opened again: cookies without an end are gone."""
    kept = [cookie for cookie in context.cookies() if cookie["expires"] != -1]
    context.close()
    again = browser.new_context(locale="pt-BR")
    again.add_cookies(kept)  # type: ignore[arg-type]
    return again


def test_a_log_in_ends_with_the_browser_unless_the_agent_stays(own_service: Service, browser: Browser) -> None:
    for stays, heading in ((False, "Entrar"), (True, "Olá")):
        context = reopened(browser, log_in(own_service, browser, stays=stays).context)
        page = context.new_page()
        page.goto(f"{own_service.url}/")
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
        context.close()


def test_an_agent_and_an_administrator_end_log_ins(own_service: Service, browser: Browser) -> None:
    own, other, third = (log_in(own_service, browser) for _ in range(3))
    for page in (other, third):
        expect(page.locator("#login-end")).to_have_count(1)
    own.goto(f"{own_service.url}/preferencias")
    own.get_by_role("link", name="Suas sessões").click()
    expect(own.get_by_role("row")).to_have_count(4)
    expect(own.get_by_text("esta sessão")).to_have_count(1)
    check_looks(own, "sessoes")
    own.get_by_role("row").nth(1).get_by_role("button", name="Finalizar").click()
    expect(own.get_by_text("Sessão finalizada.")).to_be_visible()
    ended = [page for page in (other, third) if has_ended(page)]
    assert len(ended) == 1

    admin = log_in(own_service, browser, "admin")
    number = own_service.store.staff.find_agent("atendente").id
    admin.goto(f"{own_service.url}/administracao/atendentes/{number}")
    admin.get_by_role("link", name="Sessões abertas").click()
    check_looks(admin, "sessoes-de-um-atendente")
    with own_service.store._database.writing() as session:
        session.execute(update(LoginSession).values(opened_at=own_service.store.now() - timedelta(minutes=11)))
    own.reload()
    check_looks(own, "sessoes-com-senha")
    own.get_by_label("Senha atual").fill(PASSWORD)
    own.keyboard.press("Enter")  # which one is not said
    own.get_by_role("button", name="Finalizar todas as outras").click()
    expect(own.get_by_text("As outras sessões foram finalizadas.")).to_be_visible()
    admin.reload()
    expect(admin.get_by_role("row")).to_have_count(2)
    admin.get_by_role("button", name="Finalizar todas").click()
    expect(admin.get_by_text("Nenhuma sessão aberta.")).to_be_visible()
    assert has_ended(own)
    for page in (own, other, third, admin):
        page.context.close()


def has_ended(page: Page) -> bool:
    """Tell whether a page was told in time that its log-in has ended."""
    try:
        expect(page.get_by_text("Sua sessão terminou").first).to_be_visible(timeout=SOON)
    except AssertionError:
        return False
    return True
