"""Every page in every language: for everybody (axe-core), on small screens, enlarged, dark, without a script."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import LANGUAGES, Walk, prepare, widest
from tests.conftest import PASSWORD, start_service

IS_IN_DIALOG = "document.querySelector('dialog[open]').contains(document.activeElement)"
FOCUSABLE = ", ".join(
    f"{kind}:visible:not([aria-hidden=true])"  # the button that a form's Enter key presses
    for kind in ("a[href]", "button", "input:not([type=hidden])", "select", "textarea", "summary")
)
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    service = start_service(tmp_path_factory.mktemp("walk"))
    yield prepare(service)
    service.stop()
    assert "Traceback" not in service.log, service.log


def findings(page: Page) -> list[str]:
    """Return what axe-core finds on a page, but for what is minor, with the elements concerned."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found if one["impact"] != "minor" for node in one["nodes"]]


def open_everything(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(walk: Walk, browser: Browser, language: str, scheme: str) -> None:
    if scheme == "dark" and language != LANGUAGES[0]:
        pytest.skip("colours are the same in every language")
    # axe-core is put into the page as a script of ours would never be allowed to.
    context = walk.context(browser, language, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    found = {}
    for name, address in walk.addresses().items():
        page.goto(address)
        assert page.locator("html").get_attribute("lang") == language, name
        open_everything(page)
        found[name] = findings(page)
    context.close()
    assert {name: told for name, told in found.items() if told} == {}


def test_axe_finds_nothing_on_the_log_in_page(walk: Walk, browser: Browser) -> None:
    for language in LANGUAGES:
        page = browser.new_page(locale=language, bypass_csp=True)
        page.goto(f"{walk.service.url}/entrar")
        assert findings(page) == []
        page.close()


@pytest.mark.parametrize(("width", "scale"), [(320, 1), (640, 2)], ids=["320 pixels", "1280 pixels at 200 %"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_scrolls_sideways(walk: Walk, browser: Browser, language: str, width: int, scale: int) -> None:
    view = {"width": width, "height": 640}
    context = walk.context(browser, language, viewport=view, device_scale_factor=scale)
    page = context.new_page()
    wide = {}
    for name, address in walk.addresses().items():
        page.goto(address)
        open_everything(page)
        wide[name] = widest(page)
    context.close()
    assert {name: found for name, found in wide.items() if found > width} == {}


IN_A_PAUSE = """
    for (const one of document.querySelectorAll(".bar [data-when]")) one.hidden = one.dataset.when !== "paused";
    document.getElementById("missed").hidden = false;
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bar_of_an_administrator_is_one_line(walk: Walk, browser: Browser, language: str) -> None:
    context = walk.context(browser, language, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{walk.service.url}/painel")
    sign = page.locator("#connection")
    expect(sign).not_to_be_empty()
    for change in ("one => one", "one => one.classList.add('is-lost')", f"one => {{ {IN_A_PAUSE} }}"):
        sign.evaluate(change)
        box = page.locator(".bar").bounding_box()
        assert box is not None
        assert (box["height"] < 64, widest(page)) == (True, 1280), change
    context.close()


def test_every_page_is_there_without_a_script(walk: Walk, browser: Browser) -> None:
    context = walk.context(browser, java_script_enabled=False)
    page = context.new_page()
    for name, address in walk.addresses().items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == (404 if name == "pagina-que-nao-existe" else 200), name
        expect(page.locator("h1")).to_have_count(1)
    context.close()


def test_an_agent_registers_an_extension_and_answers_a_call_without_a_script(walk: Walk, browser: Browser) -> None:
    context = browser.new_context(locale="pt-BR", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{walk.service.url}/ramal")
    page.get_by_label("Usuário").fill("atendente")
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    page.get_by_label("Número do ramal").fill("5001")
    page.get_by_role("button", name="Gravar").click()
    expect(page.get_by_text("Ramal gravado com sucesso!")).to_be_visible()
    walk.service.call("novaSolicitacao", cpf="11144477735", ramal="5001")
    page.get_by_role("link", name="Chamadas").click()
    page.locator("table.calls a").first.click()
    page.get_by_role("button", name="Cadastrar nova solicitação").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nova solicitação")
    context.close()


def test_the_language_is_chosen_on_the_log_in_page(walk: Walk, browser: Browser) -> None:
    page = browser.new_page(locale="pt-BR")
    page.goto(f"{walk.service.url}/entrar")
    page.get_by_role("button", name="Español").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ingresar")
    page.close()


def test_a_popup_is_worked_by_keyboard_alone(walk: Walk, browser: Browser) -> None:
    context = walk.context(browser)
    page = context.new_page()
    page.goto(f"{walk.service.url}/chamadas")
    expect(page.locator("#connection")).to_have_text("Conectado")
    before = page.locator("main a").first
    before.focus()
    walk.service.call("novaSolicitacao", cpf="52998224725", ramal="4067")
    popup = page.get_by_role("dialog", name="Você está recebendo uma ligação")
    expect(popup).to_be_visible()
    assert page.evaluate(IS_IN_DIALOG)
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate(f"document.activeElement === document.body || {IS_IN_DIALOG}")
    page.keyboard.press("Escape")
    expect(popup).to_be_hidden()
    expect(before).to_be_focused()
    context.close()


def test_every_link_and_field_is_reached_by_tab(walk: Walk, browser: Browser) -> None:
    context = walk.context(browser)
    page = context.new_page()
    for name, address in walk.addresses().items():
        page.goto(address)
        page.evaluate("document.activeElement.blur()")
        wanted = page.locator(FOCUSABLE).count()
        reached: list[int] = []
        while len(reached) < 3 or reached[-1] != reached[0] or len(set(reached)) < 3:  # round once
            page.keyboard.press("Tab")
            reached.append(page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
            assert len(reached) < 3 * wanted + 40, name  # a date takes three: day, month, year
        radios = page.locator("input[type=radio]:visible").count()  # a group is one stop
        assert len(set(reached)) >= wanted - radios, (name, len(set(reached)), wanted)
    context.close()


def test_pictures_need_no_more_room_than_allowed() -> None:
    sheet = Path(__file__).parents[2] / "docs" / "screens.png"
    assert sheet.stat().st_size < 1_500_000
