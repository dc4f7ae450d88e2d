"""Working from a list: rows by pointer and by keys, cards on a phone, many requests at once, and the theme chosen."""

from playwright.sync_api import Page, expect

from soap_service.store import Changes
from tests.browser.conftest import Desk, register_extension

ROWS = "table.requests tbody tr"
FOCUSED_ROW = f"[...document.querySelectorAll('{ROWS}')].findIndex(row => row.contains(document.activeElement))"


def list_page(desk: Desk, path: str = "/solicitacoes", login: str = "atendente") -> Page:
    page = desk.page(login)
    page.goto(desk.service.url + path)
    return page


def test_row_is_low_and_leads_to_its_request_wherever_pressed(desk: Desk) -> None:
    page = list_page(desk)
    for row in page.locator(ROWS).all():
        box = row.bounding_box()
        assert box is not None and 44 <= box["height"] <= 56, box
    row = page.locator(ROWS).nth(1)
    number = row.locator("a").inner_text()
    place = row.locator(".whose").bounding_box()
    assert place is not None
    page.mouse.click(place["x"] + 10, place["y"] + 10)  # the link lies over it
    expect(page).to_have_url(f"{desk.service.url}/solicitacoes/{number}")


def test_list_is_worked_by_keys(desk: Desk) -> None:
    page = list_page(desk)
    for key, row in (("j", 0), ("j", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        assert page.evaluate(FOCUSED_ROW) == row, key
    page.keyboard.press("/")
    field = page.get_by_role("searchbox")
    expect(field).to_be_focused()
    page.keyboard.type("j/k?")
    expect(field).to_have_value("j/k?")
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    help_dialog = page.get_by_role("dialog", name="Atalhos de teclado")
    expect(help_dialog).to_be_visible()
    page.keyboard.press("j")
    assert page.evaluate(FOCUSED_ROW) == -1
    page.keyboard.press("Escape")
    page.keyboard.press("Control+j")
    assert page.evaluate(FOCUSED_ROW) == -1
    page.keyboard.press("j")
    number = page.locator(ROWS).first.locator("a").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{desk.service.url}/solicitacoes/{number}")  # and for its scripts, which take the keys
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_keys_that_are_switched_off_do_nothing(desk: Desk) -> None:
    page = list_page(desk, "/preferencias")
    page.get_by_role("checkbox", name="Atalhos de teclado").uncheck()
    page.get_by_role("button", name="Gravar").first.click()
    expect(page.get_by_text("Preferências gravadas.")).to_be_visible()
    page.goto(f"{desk.service.url}/solicitacoes")
    for key in ("j", "/", "?"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement === document.body")
    expect(page.locator("#keys-dialog")).to_have_count(0)


def test_chosen_requests_are_given_away_together(desk: Desk) -> None:
    page = list_page(desk, login="admin")
    rows = page.get_by_role("checkbox", name="Escolher a solicitação")
    rows.nth(0).check()
    rows.nth(1).check()
    form = page.get_by_role("form", name="Com as escolhidas")
    expect(form.get_by_role("status")).to_have_text("2 escolhidas")
    form.get_by_label("Responsável").select_option(label="Alice Atendente")
    form.get_by_role("button", name="Aplicar").click()
    expect(page.get_by_text("2 solicitações atribuídas.")).to_be_visible()
    page.get_by_role("checkbox", name="Escolher todas desta página").check()
    expect(form.get_by_role("status")).to_have_text(f"{rows.count()} escolhidas")


def test_phone_has_cards_of_three_lines_and_folded_filters(desk: Desk) -> None:
    page = desk.page("atendente")
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{desk.service.url}/solicitacoes")
    fold = page.locator("details.fold > summary")
    expect(fold).to_be_visible()
    expect(page.get_by_role("button", name="Filtrar")).to_be_hidden()
    for row in page.locator(ROWS).all():
        box = row.bounding_box()
        assert box is not None and box["height"] < 100, box
    fold.click()
    page.get_by_role("checkbox", name="Vencem hoje").check()
    page.get_by_role("button", name="Filtrar").click()
    expect(page).to_have_url(f"{desk.service.url}/solicitacoes?situacao=abertas&hoje=1&ordem=prazo")
    expect(fold).to_have_text("Filtros (1)")
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.get_by_role("button", name="Filtrar")).to_be_visible()
    expect(fold).to_be_hidden()


def test_theme_that_was_chosen_goes_before_that_of_the_system(desk: Desk) -> None:
    page = desk.page("atendente")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(ground)
    assert dark != light
    for theme, system, shown in (("light", "dark", light), ("dark", "light", dark), ("", "dark", dark)):
        page.emulate_media(color_scheme="light" if system == "light" else "dark")
        page.goto(f"{desk.service.url}/preferencias")
        page.get_by_label("Tema").select_option(theme)
        page.get_by_role("button", name="Gravar").first.click()
        expect(page.get_by_text("Preferências gravadas.")).to_be_visible()
        assert page.evaluate(ground) == shown, theme
    page.emulate_media(media="print")
    assert page.evaluate(ground) == "rgba(0, 0, 0, 0)"
    expect(page.locator(".bar")).to_be_hidden()


def test_numbers_of_the_first_page_follow_what_happens(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    page.goto(f"{desk.service.url}/")
    expect(page.locator("#connection")).to_have_text("Conectado")
    number = page.get_by_role("link", name="Minhas").locator(".tile-number")
    before = int(number.inner_text())
    store, request = desk.service.store, desk.service.store.requests.find(34534)
    agent = store.staff.find_agent("atendente")
    assert request.responsible_id != agent.id
    store.execution.give(request.id, agent.id, Changes(responsible_id=agent.id), request.version)
    expect(number).to_have_text(str(before + 1), timeout=15_000)
