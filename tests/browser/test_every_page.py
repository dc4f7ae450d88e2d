"""Every page in every language: for everybody (axe-core), on small screens, enlarged, dark, without a script."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from soap_service.rules.situations import Situation
from soap_service.store import RequestFilter
from tests.browser.looks import findings
from tests.browser.pages import LANGUAGES, Walk, prepare, widest
from tests.conftest import PASSWORD, start_service

FOCUSABLE = ", ".join(
    f"{kind}:visible:not([aria-hidden=true])"  # the button that a form's Enter key presses
    for kind in ("a[href]", "button", "input:not([type=hidden])", "select", "textarea", "summary")
)
#: The rules that are about colours: what else there is, is the same in either theme.
COLOURS = ("color-contrast", "link-in-text-block")
#: A phone, and 1280 pixels enlarged to 200 %.
WIDTHS = (320, 640)
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    service = start_service(tmp_path_factory.mktemp("walk"), is_plain=False)
    yield prepare(service)
    service.stop()
    assert "Traceback" not in service.log, service.log


def open_everything(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")


@dataclass(frozen=True)
class Seen:
    """What was found on a page: by axe in the light, its width by the window's; in one language, colours in both."""

    language: str | None
    light: list[str]
    dark: list[str]
    widths: dict[int, int]


@pytest.fixture(scope="module", params=LANGUAGES)
def pages(walk: Walk, browser: Browser, request: pytest.FixtureRequest) -> tuple[str, dict[str, Seen]]:
    """Every page in a language, opened once and looked at in each way, with all that folds open."""
    language = request.param
    # axe-core is put into the page as a script of ours would never be allowed to.
    context = walk.context(browser, language, bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    seen = {}
    for name, address in walk.addresses().items():
        page.set_viewport_size({"width": 1280, "height": 720})
        page.emulate_media(color_scheme="light")
        page.goto(address)
        open_everything(page)
        if language == LANGUAGES[0]:
            light = findings(page)
            page.emulate_media(color_scheme="dark")
            dark = findings(page, COLOURS)
        else:  # colours are the same in every language, and take axe longer than all other rules together
            light, dark = findings(page, without=COLOURS), []
        told = page.locator("html").get_attribute("lang")
        seen[name] = Seen(told, light, dark, {width: width_within(page, width) for width in WIDTHS})
    context.close()
    return language, seen


def width_within(page: Page, width: int) -> int:
    page.set_viewport_size({"width": width, "height": 640})
    return widest(page)


def test_axe_finds_nothing_on_any_page_in_either_theme(pages: tuple[str, dict[str, Seen]]) -> None:
    language, seen = pages
    assert {name: found.language for name, found in seen.items() if found.language != language} == {}
    assert {name: found.light for name, found in seen.items() if found.light} == {}
    assert {name: found.dark for name, found in seen.items() if found.dark} == {}


def test_no_page_scrolls_sideways(pages: tuple[str, dict[str, Seen]]) -> None:
    _, seen = pages
    wide = {name: found.widths for name, found in seen.items() if any(at > of for of, at in found.widths.items())}
    assert wide == {}


def test_dark_colours_are_looked_at_in_the_dark(walk: Walk, browser: Browser) -> None:
    context = walk.context(browser, bypass_csp=True, color_scheme="light")
    page = context.new_page()
    page.goto(f"{walk.service.url}/painel")
    page.emulate_media(color_scheme="dark")
    page.add_style_tag(content="h1 { color: #333 !important }")  # good on white
    assert any(found.startswith("color-contrast: <h1") for found in findings(page, COLOURS))
    context.close()


def test_the_walk_is_through_a_desk_at_work(walk: Walk) -> None:
    store = walk.service.store
    assert len(store.staff.list_agents()) >= 7
    assert store.worklist.count(RequestFilter(tuple(Situation))) >= 60


def test_axe_finds_nothing_on_the_log_in_page(walk: Walk, browser: Browser) -> None:
    for language in LANGUAGES:
        page = browser.new_page(locale=language, bypass_csp=True)
        page.goto(f"{walk.service.url}/entrar")
        assert findings(page) == []
        page.close()


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


def test_without_a_script_an_agent_registers_and_answers_a_call(walk: Walk, browser: Browser) -> None:
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
    page.get_by_role("link", name="Ligações", exact=True).click()
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
    expect(popup.get_by_role("heading", level=2)).to_be_focused()
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.innerText.trim()"))
        if "Cadastrar nova solicitação" in reached:
            break
    assert {"Cadastrar nova solicitação", "(62) 3945-1001"} <= reached
    page.keyboard.press("Escape")
    expect(popup).to_be_hidden()
    expect(before).to_be_focused()
    context.close()


WATCH_FOCUS = """
    document.activeElement.blur();
    window.reached = [];
    const places = [...document.querySelectorAll("*")];
    document.addEventListener("focusin", event => reached.push(places.indexOf(event.target)));
"""


def test_every_link_and_field_is_reached_by_tab(walk: Walk, browser: Browser) -> None:
    context = walk.context(browser)
    page = context.new_page()
    for name, address in walk.addresses().items():
        page.goto(address)
        page.evaluate(WATCH_FOCUS)
        wanted = page.locator(FOCUSABLE).count()
        reached: list[int] = []
        presses = 0
        while len(reached) < 3 or reached[0] not in reached[2:]:  # round once
            for _ in range(max(1, wanted - presses)):
                page.keyboard.press("Tab")
                presses += 1
            assert presses < 3 * wanted + 40, name  # a date takes three: day, month, year
            reached = page.evaluate("reached")
        radios = page.locator("input[type=radio]:visible").count()  # a group is one stop
        assert len(set(reached)) >= wanted - radios, (name, len(set(reached)), wanted)
    context.close()


def test_pictures_need_no_more_room_than_allowed() -> None:
    sheet = Path(__file__).parents[2] / "docs" / "screens.png"
    assert sheet.stat().st_size < 1_500_000
