"""How an agent notices calls: one popup over all tabs, notification, pause, missed calls. In a real browser."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from soap_service.model import Agent, Call
from tests.browser.conftest import Desk, picture, register_extension
from tests.browser.test_calls_in_the_browser import announce, popup_of
from tests.conftest import element, wait_until


def test_the_popup_is_in_the_tab_in_front_and_follows_the_agent(desk: Desk) -> None:
    first = desk.page("atendente")
    register_extension(first, "4067")
    second = desk.page("atendente")
    expect(second.locator("#connection")).to_have_text("Conectado")
    announce(desk.service)
    popup_of(second).wait_for()
    assert popup_of(first).count() == 0
    first.keyboard.press("Shift")
    popup_of(first).wait_for()
    expect(popup_of(second)).to_have_count(0)
    first.keyboard.press("Escape")
    expect(popup_of(first)).to_have_count(0)
    second.keyboard.press("Shift")
    second.wait_for_timeout(500)
    assert popup_of(second).count() == 0


def test_when_the_listening_tab_is_closed_calls_pop_up_in_another(desk: Desk) -> None:
    first = desk.page("atendente")
    register_extension(first, "4067")
    second = desk.page("atendente")
    expect(second.locator("#connection")).to_have_text("Conectado")
    announce(desk.service)
    popup_of(second).wait_for()
    second.keyboard.press("Escape")
    first.close()
    announce(desk.service, cpf="52998224725")
    popup = popup_of(second)
    popup.wait_for(timeout=2000)
    expect(popup.get_by_text("João Batista Araújo")).to_be_visible()
    second.keyboard.press("Escape")
    second.wait_for_timeout(500)
    assert popup.count() == 0


def test_when_the_tab_with_the_popup_is_closed_another_shows_it(desk: Desk) -> None:
    first = desk.page("atendente")
    register_extension(first, "4067")
    second = desk.page("atendente")
    expect(second.locator("#connection")).to_have_text("Conectado")
    announce(desk.service)
    popup_of(second).wait_for()
    second.close()
    popup_of(first).wait_for(timeout=2000)


def test_eight_tabs_share_one_stream_and_load_their_pages(desk: Desk) -> None:
    pages = [desk.page("atendente")]
    register_extension(pages[0], "4067")
    for _ in range(7):
        pages.append(desk.page("atendente"))
        expect(pages[-1].locator("#connection")).to_have_text("Conectado")
    announce(desk.service)
    popup_of(pages[-1]).wait_for()
    assert [popup_of(page).count() for page in pages] == [0] * 7 + [1]


def test_in_a_pause_calls_wait_in_the_list_and_pop_up_afterwards(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    other = desk.page("atendente")
    page.get_by_role("button", name="Não receber ligações").click()
    expect(page.get_by_text("Em pausa: as ligações não aparecem")).to_be_visible()
    expect(other.get_by_role("button", name="Voltar a receber ligações")).to_be_visible()
    picture(page, "paused")
    assert element(announce(desk.service), "aviso") == "AGUARDANDO"
    page.wait_for_timeout(700)
    assert popup_of(page).count() + popup_of(other).count() == 0
    other.get_by_role("button", name="Voltar a receber ligações").click()
    popup_of(other).wait_for()
    expect(page.get_by_role("button", name="Não receber ligações")).to_be_visible()


def test_a_hidden_tab_notifies_and_the_page_asks_only_when_told_to(desk: Desk) -> None:
    page = desk.page("atendente")
    page.context.grant_permissions(["notifications"])
    page.add_init_script("""
        window.notified = [];
        window.Notification = class {
            static permission = "granted";
            constructor(title, options) { window.notified.push([title, options.body]); }
            addEventListener() {}
            close() {}
        };
        Object.defineProperty(document, "visibilityState", {get: () => window.isAway ? "hidden" : "visible"});
    """)
    register_extension(page, "4067")
    page.evaluate("window.isAway = true")
    announce(desk.service)
    wait_until(lambda: page.evaluate("window.notified.length"))
    ((title, body),) = page.evaluate("window.notified")
    assert title == "Você está recebendo uma ligação"
    assert "Ramal 4067" in body and "111.444" not in body


def test_the_sound_can_be_switched_off_and_stays_off(desk: Desk) -> None:
    page = desk.page("atendente")
    page.add_init_script("""
        window.sounds = 0;
        window.AudioContext = class { constructor() { window.sounds += 1; throw new DOMException("silent"); } };
    """)
    register_extension(page, "4067")
    page.goto(f"{desk.service.url}/preferencias")
    sound = page.get_by_role("checkbox", name="Tocar um som a cada ligação")
    expect(sound).to_be_checked()
    sound.uncheck()
    page.reload()
    expect(sound).not_to_be_checked()
    expect(page.locator("#connection")).to_have_text("Conectado")
    announce(desk.service)
    popup_of(page).wait_for()
    assert page.evaluate("window.sounds") == 0


def test_a_missed_call_is_counted_and_called_back(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    page.goto("about:blank")
    token = element(announce(desk.service), "url").rpartition("/")[2]
    with desk.service.store._database.writing() as session:
        session.query(Call).filter_by(token=token).one().created_at -= timedelta(minutes=5)
        session.query(Agent).filter_by(login="atendente").one().calls_looked_at = datetime.now(UTC) - timedelta(hours=1)
    page.goto(f"{desk.service.url}/")
    expect(page).to_have_title("(1) Início · Central de Serviços")
    page.get_by_role("navigation").get_by_role("link", name="Ligações").click()
    expect(page.get_by_text("Perdida", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="(62) 3945-1000")).to_have_attribute("href", "tel:6239451000")
    picture(page, "calls-missed")
    page.get_by_role("row").get_by_role("link").first.click()
    expect(page.get_by_role("link", name="Ligar para (62) 3945-1000")).to_be_visible()
    picture(page, "call-back")
    page.goto(f"{desk.service.url}/")
    expect(page).to_have_title("Início · Central de Serviços")


def test_the_home_page_of_a_former_owner_follows_the_take_over(desk: Desk) -> None:
    page = desk.page("atendente")
    register_extension(page, "4067")
    store = desk.service.store
    store.extensions.register(store.staff.find_agent("consulta").id, "4067", take_over=True)
    expect(page.get_by_text("O ramal 4067 foi assumido por Caio Consulta.")).to_be_visible()
    expect(page.get_by_role("link", name="Informar ramal")).to_be_visible()
    expect(page.get_by_role("link", name="Trocar de ramal")).to_be_hidden()
    expect(page.get_by_text("As ligações para este ramal aparecem aqui")).to_be_hidden()
    expect(page.get_by_role("button", name="Não receber ligações")).to_be_hidden()
