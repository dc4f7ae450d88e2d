"""Single sign-on in a real browser with a real provider: waiting, joined by an administrator, in, and out at both."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looks import check_looks
from tests.conftest import PASSWORD, Service, free_port, start_service
from tests.sign_on.provider import SECRET, RealProvider


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    port = free_port()
    accounts = {"sub-1": {"name": "Eva Reis", "preferred_username": "eva", "groups": ["desk"]}}
    provider = RealProvider(f"http://127.0.0.1:{port}", accounts)
    (tmp_path / "secret").write_text(SECRET)
    settings = {
        "SOAP_SERVICE_OIDC_ISSUER": provider.url,
        "SOAP_SERVICE_OIDC_CLIENT_ID": "desk",
        "SOAP_SERVICE_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        "SOAP_SERVICE_PASSWORD_LOGINS": "admin",
    }
    service = start_service(tmp_path, port=port, **settings)
    yield service
    service.stop()
    provider.stop()
    assert "Traceback" not in service.log, service.log


def vouch(page: Page) -> None:
    """Log in at the provider's own pages."""
    page.locator("input[name=login]").fill("sub-1")
    page.locator("input[name=password]").fill("x")
    page.locator("button[type=submit]").click()
    page.get_by_role("button", name="Continue").click()


def new_page(browser: Browser) -> Page:
    return browser.new_context(locale="pt-BR", bypass_csp=False, reduced_motion="reduce").new_page()


def test_an_agent_comes_in_by_the_provider_and_leaves_both(service: Service, browser: Browser) -> None:
    eva = new_page(browser)
    eva.goto(f"{service.url}/entrar")
    eva.get_by_role("link", name="Entrar com a conta da empresa").click()
    vouch(eva)
    expect(eva.get_by_text("ainda não está ligada a um atendente")).to_be_visible()

    admin = browser.new_context(locale="pt-BR", bypass_csp=True, reduced_motion="reduce").new_page()
    admin.goto(f"{service.url}/entrar")
    check_looks(admin, "entrar-com-provedor")
    admin.get_by_text("Entrar com senha").click()
    admin.get_by_label("Usuário").fill("admin")
    admin.get_by_label("Senha").fill(PASSWORD)
    admin.get_by_role("button", name="Entrar", exact=True).click()
    admin.wait_for_url(f"{service.url}/")
    number = service.store.staff.find_agent("atendente").id
    admin.goto(f"{service.url}/administracao/atendentes/{number}")
    check_looks(admin, "conta-que-espera")
    admin.get_by_label("Conta que espera ser ligada").select_option(index=1)
    admin.get_by_role("button", name="Ligar").click()
    expect(admin.get_by_text("Alteração gravada.")).to_be_visible()
    check_looks(admin, "conta-ligada")

    eva.goto(f"{service.url}/entrar?para=/chamadas")
    eva.get_by_role("link", name="Entrar com a conta da empresa").click()
    eva.wait_for_url(f"{service.url}/chamadas")  # the provider knows them still
    eva.get_by_role("button", name="Sair").click()
    eva.wait_for_url("**/session/end?*")
    eva.get_by_role("button", name="Yes, sign me out").click()
    eva.wait_for_url(f"{service.url}/entrar")
    eva.get_by_role("link", name="Entrar com a conta da empresa").click()
    expect(eva.locator("input[name=login]")).to_be_visible()  # and asks again
    for context in browser.contexts:
        context.close()
