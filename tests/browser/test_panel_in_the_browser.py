"""The panel as administrators leave it open: it follows what happens and disturbs nobody who reads it."""

from playwright.sync_api import expect

from soap_service.rules.situations import Action
from tests.browser.conftest import Desk, picture


def test_the_panel_follows_and_leaves_focus_scrolling_and_what_is_unfolded(desk: Desk) -> None:
    page = desk.page("admin")
    page.set_viewport_size({"width": 320, "height": 640})
    page.clock.install()
    page.goto(f"{desk.service.url}/painel")
    days = page.locator("#work-chart")
    assert days.evaluate("one => one.scrollLeft + one.clientWidth >= one.scrollWidth - 1")
    days.evaluate("one => { one.scrollLeft = 40 }")
    page.locator("summary").nth(2).click()
    resolved = page.locator("#totals div").filter(has_text="Resolvidas hoje").locator("dd")
    before = int(resolved.inner_text())
    store = desk.service.store
    store.execution.execute(34534, store.staff.find_agent("atendente").id, Action.RESOLVE, "Feito.")
    page.clock.run_for(61_000)
    expect(resolved).to_have_text(str(before + 1))
    assert days.evaluate("one => one.scrollLeft") == 40
    expect(page.locator("summary").nth(2)).to_be_focused()
    assert page.locator("details").nth(2).evaluate("one => one.open")
    picture(page, "panel-phone")
