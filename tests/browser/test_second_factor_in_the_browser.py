"""The second factor in a real browser: the QR code is read as an app reads it, and its codes let the agent in."""

import io
import time

import pyotp
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.looks import check_looks
from tests.conftest import PASSWORD, Service

BEGIN = "Ativar o segundo fator"


def give_password(service: Service, browser: Browser, login: str = "atendente", path: str = "/") -> Page:
    page = browser.new_context(locale="pt-BR", bypass_csp=True, reduced_motion="reduce").new_page()
    page.goto(f"{service.url}/entrar?para={path}")
    page.get_by_label("Usuário").fill(login)
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    return page


def scan(page: Page) -> pyotp.TOTP:
    """Return the app that has read the picture on the screen."""
    png = page.get_by_role("img", name="Código QR para o aplicativo").screenshot()
    [found] = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))
    app = pyotp.parse_uri(found.text)
    assert isinstance(app, pyotp.TOTP)
    return app


def key_in_sight(page: Page, width: int) -> str:
    """Return as much of the key as can be read in a window of a width, its groups whole."""
    page.set_viewport_size({"width": width, "height": 720})
    key = page.get_by_label("Ou digite esta chave no aplicativo")
    assert key.evaluate("one => one.scrollWidth <= one.clientWidth")
    lines: list[str] = key.evaluate(
        """one => {
          const text = one.firstChild, range = document.createRange(), box = one.getBoundingClientRect();
          return text.data.split(" ").map((group, at) => {
            range.setStart(text, at * 5); range.setEnd(text, at * 5 + group.length);
            const [where, ...more] = range.getClientRects();
            return !more.length && where.left >= box.left && where.right <= box.right ? group : "";
          });
        }"""
    )
    return "".join(lines)


def unused(app: pyotp.TOTP, used: str) -> str:
    """Wait for a code that is not the one before."""
    while (code := app.now()) == used:
        time.sleep(0.5)
    return code


def test_an_agent_sets_it_up_and_logs_in_with_codes(own_service: Service, browser: Browser) -> None:
    page = give_password(own_service, browser)
    page.goto(f"{own_service.url}/preferencias")
    page.get_by_role("link", name="Segundo fator").click()
    check_looks(page, "segundo-fator")
    page.get_by_role("button", name=BEGIN).click()
    page.emulate_media(color_scheme="dark")
    app = scan(page)
    check_looks(page, "segundo-fator-chave")
    assert key_in_sight(page, 320) == app.secret
    page.set_viewport_size({"width": 1280, "height": 720})
    page.get_by_label("Código que o aplicativo mostra").fill("000000")
    page.get_by_label("Senha atual").fill(PASSWORD)
    page.get_by_role("button", name="Ativar", exact=True).click()
    expect(page.get_by_text("O código não confere.")).to_be_visible()
    expect(page.get_by_label("Código que o aplicativo mostra")).to_be_focused()
    used = app.now()
    page.get_by_label("Código que o aplicativo mostra").fill(used)
    page.get_by_label("Senha atual").fill(PASSWORD)
    page.get_by_role("button", name="Ativar", exact=True).click()
    expect(page.get_by_text("Guarde agora")).to_be_visible()
    check_looks(page, "codigos-de-recuperacao")
    codes = page.locator("#codes li").all_text_contents()
    page.get_by_role("link", name="Já guardei").click()
    expect(page.get_by_text("Códigos de recuperação que restam: 8.")).to_be_visible()
    check_looks(page, "segundo-fator-ativo")

    second = give_password(own_service, browser, path="/chamadas")
    code = second.get_by_label("Código", exact=True)
    expect(code).to_be_focused()
    check_looks(second, "codigo-de-acesso")
    code.fill(used)
    second.keyboard.press("Enter")
    expect(second.get_by_text("Código incorreto ou já usado.")).to_be_visible()
    code.fill(unused(app, used))
    second.keyboard.press("Enter")
    second.wait_for_url("**/chamadas")

    third = give_password(own_service, browser)
    third.get_by_label("Código", exact=True).fill(codes[0])
    third.keyboard.press("Enter")
    third.wait_for_url(f"{own_service.url}/")

    admin = give_password(own_service, browser, "admin")
    number = own_service.store.staff.find_agent("atendente").id
    admin.goto(f"{own_service.url}/administracao/atendentes/{number}")
    admin.get_by_role("button", name="Remover o segundo fator").click()
    expect(admin.get_by_text("Segundo fator removido.")).to_be_visible()
    check_looks(admin, "segundo-fator-removido")
    give_password(own_service, browser).wait_for_url(f"{own_service.url}/")
    for context in browser.contexts:
        context.close()
