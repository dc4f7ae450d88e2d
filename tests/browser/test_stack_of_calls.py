"""Several calls on one screen, and a keyboard that they leave alone. In Chromium. Source: docs/rules.md, Calls."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from soap_service.model import Agent, Call, RecentCall
from soap_service.rules.live_events import LiveEvent
from soap_service.storage.live_events import publish as publish_live_event
from tests.browser.conftest import Desk, picture, register_extension
from tests.browser.test_calls_in_the_browser import popup_of
from tests.conftest import Service, element, start_service, wait_until

MARIA, JOAO, NOBODY = "11144477735", "52998224725", "39053344705"
#: Two seconds are promised, on a machine that is not as busy as that of tests.
SOON = 4000
COUNTED = """
    window.sounds = 0;
    window.AudioContext = class { constructor() { window.sounds += 1; throw new DOMException("silent"); } };
"""
CLOCK = "const now = Date.now; window.skipped = 0; Date.now = () => now() + window.skipped;"
FORBIDDEN = """
    window.refused = 0;
    window.Notification = class {
        static permission = "granted";
        constructor() { window.refused += 1; throw new TypeError("Illegal constructor"); }
    };
    Object.defineProperty(document, "visibilityState", { get: () => window.isAway ? "hidden" : "visible" });
"""


@pytest.fixture(scope="module")
def one_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service of these tests: each has calls of its own."""
    service = start_service(tmp_path_factory.mktemp("stack"))
    yield service
    service.stop()
    assert "Traceback" not in service.log, service.log


@pytest.fixture
def desk(browser: Browser, one_service: Service) -> Iterator[Desk]:
    """The service with all earlier calls answered."""
    with one_service.store._database.writing() as session:
        session.query(RecentCall).delete()
        answered = {"seen_at": datetime.now(UTC), "answered_at": datetime.now(UTC)}
        session.query(Call).update(answered)  # type: ignore[arg-type]
    desk = Desk(browser, one_service)
    yield desk
    desk.close()


@pytest.fixture
def page(desk: Desk) -> Page:
    """The home page of an agent at extension 4067, with a clock that can be put forward and counted sounds."""
    page = desk.page("atendente")
    page.add_init_script(COUNTED + CLOCK)
    register_extension(page, "4067")
    return page


def announce(desk: Desk, cpf: str = MARIA) -> str:
    return element(desk.service.call("novaSolicitacao", cpf=cpf, ramal="4067"), "url").rpartition("/")[2]


def lines(page: Page) -> Locator:
    return page.locator("#calls-panel .call-line")


def heading(page: Page) -> Locator:
    return page.locator("#calls-panel .call-title")


def is_seen(desk: Desk, token: str) -> bool:
    return desk.service.store.calls.find(token).seen_at is not None


def type_at(page: Page, address: str = "/solicitacoes/nova") -> Locator:
    """Go to a page with a form, and begin to type at the left of it."""
    page.goto(f"{page.url.split('/', 3)[0]}//{page.url.split('/')[2]}{address}")
    expect(page.locator("#connection")).to_have_text("Conectado")
    field = page.get_by_label("Descrição")
    field.focus()
    return field


def pass_time(desk: Desk, page: Page, token: str) -> None:
    """Let two minutes pass for a call."""
    with desk.service.store._database.writing() as session:
        session.query(Call).filter_by(token=token).one().created_at -= timedelta(minutes=2)
        session.query(Agent).filter_by(login="atendente").one().calls_looked_at = datetime.now(UTC) - timedelta(hours=1)
    page.evaluate("window.skipped = 120_000")


def publish(desk: Desk, kind: str, token: str, **data: str) -> None:
    """Tell the extension's browsers, as the server does when a call is answered or transferred elsewhere."""
    store = desk.service.store
    with store._database.writing() as session:
        publish_live_event(session, LiveEvent(kind, extension="4067", ref=token, data=data), store.now())


def test_the_newest_call_is_on_top_and_each_rings(desk: Desk, page: Page) -> None:
    announce(desk)
    expect(popup_of(page)).to_contain_text("Maria Aparecida da Conceição")
    announce(desk, JOAO)
    expect(popup_of(page)).to_contain_text("João Batista Araújo")
    announce(desk, NOBODY)
    expect(popup_of(page)).to_contain_text("Não identificado o cliente da ligação")
    expect(lines(page)).to_have_count(2)
    expect(lines(page).nth(0)).to_contain_text("João Batista Araújo")
    expect(lines(page).nth(1)).to_contain_text("Maria Aparecida da Conceição")
    expect(lines(page).nth(1)).to_contain_text("há ")
    assert page.evaluate("window.sounds") == 3
    picture(page, "stack-of-three")
    lines(page).nth(1).get_by_role("button").click()
    expect(popup_of(page)).to_contain_text("Maria Aparecida da Conceição")
    expect(lines(page).nth(0)).to_contain_text("Não identificado")


def test_a_call_in_use_stays_open_and_the_next_is_listed(desk: Desk, page: Page) -> None:
    announce(desk)
    popup_of(page).get_by_text("111.444.777-35").click()
    announce(desk, JOAO)
    expect(lines(page)).to_have_count(1)
    expect(lines(page)).to_contain_text("João Batista Araújo")
    expect(popup_of(page)).to_contain_text("Maria Aparecida da Conceição")
    assert page.evaluate("window.sounds") == 2


def test_a_line_is_opened_by_the_enter_key(desk: Desk, page: Page) -> None:
    announce(desk)
    expect(popup_of(page)).to_be_visible()
    announce(desk, JOAO)
    lines(page).get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(popup_of(page)).to_contain_text("Maria Aparecida da Conceição")
    expect(heading(page)).to_be_focused()


def test_no_typed_letter_is_lost_to_three_calls(desk: Desk, page: Page) -> None:
    field = type_at(page)
    text = "Impressora do financeiro parada desde cedo, sem toner novo. "
    assert len(text) == 60
    tokens = []
    for number, letter in enumerate(text):
        if number in (5, 25, 45):
            tokens.append(announce(desk, (MARIA, JOAO, NOBODY)[number // 20]))
        page.keyboard.type(letter, delay=15)
    wait_until(lambda: page.evaluate("window.sounds") == 3)
    expect(page.locator("#calls-panel")).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_value(text)
    page.keyboard.press("Enter")
    expect(field).to_have_value(text + "\n")
    assert all(desk.service.store.calls.find(token).answered_at is None for token in tokens)


def test_space_and_enter_answer_nothing(desk: Desk, page: Page) -> None:
    token = announce(desk)
    expect(heading(page)).to_be_focused()
    address = page.url
    for key in ("Space", "Enter"):
        page.keyboard.press(key)
    page.wait_for_timeout(500)
    assert page.url == address
    assert page.evaluate("scrollY") == 0
    assert desk.service.store.calls.find(token).answered_at is None
    expect(popup_of(page)).to_be_visible()


def test_escape_hides_the_stack_and_dismisses_nothing(desk: Desk, page: Page) -> None:
    link = page.get_by_role("navigation").get_by_role("link", name="Solicitações")
    link.focus()
    announce(desk)
    announce(desk, JOAO)
    expect(lines(page)).to_have_count(1)
    expect(heading(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#calls-panel")).to_be_hidden()
    expect(link).to_be_focused()
    picture(page, "stack-hidden")
    link.press("Enter")
    page.wait_for_url("**/solicitacoes")
    page.get_by_role("button", name="2 ligações").click()
    expect(popup_of(page)).to_contain_text("João Batista Araújo")
    expect(lines(page)).to_contain_text("Maria Aparecida da Conceição")


def test_f8_leads_from_a_field_to_the_call_and_escape_back(desk: Desk, page: Page) -> None:
    field = type_at(page)
    page.keyboard.type("Sem rede")
    announce(desk)
    expect(page.locator("#calls-panel")).to_be_visible()
    page.keyboard.press("F8")
    expect(heading(page)).to_be_focused()
    expect(popup_of(page)).to_contain_text("Maria Aparecida da Conceição")
    page.keyboard.press("Escape")
    expect(page.locator("#calls-panel")).to_be_hidden()
    page.keyboard.type(" no setor")
    expect(field).to_have_value("Sem rede no setor")
    page.keyboard.press("F8")
    expect(heading(page)).to_be_focused()


def test_a_field_that_the_popup_would_cover_stays_in_sight(desk: Desk, page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    field = type_at(page)
    announce(desk)
    expect(lines(page)).to_contain_text("Maria Aparecida da Conceição")
    box, panel = field.bounding_box(), page.locator("#calls-panel").bounding_box()
    assert box and panel and box["y"] + box["height"] <= panel["y"]
    expect(field).to_be_focused()
    lines(page).get_by_role("button").click()
    expect(popup_of(page)).to_be_visible()


def test_screen_readers_are_told_of_a_call(desk: Desk, page: Page) -> None:
    announce(desk)
    news = page.locator("[aria-live=assertive]")
    expect(news).to_have_text("Você está recebendo uma ligação: Maria Aparecida da Conceição. F8 leva à ligação.")


def test_a_call_shows_over_an_open_dialog(desk: Desk, page: Page) -> None:
    page.get_by_role("navigation").get_by_role("link", name="Atendimento").click()
    field = page.get_by_role("dialog", name="Ramal").get_by_role("textbox")
    announce(desk)
    expect(popup_of(page)).to_be_visible()
    expect(field).to_be_focused()
    page.keyboard.press("F8")
    expect(heading(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(popup_of(page)).to_be_hidden()
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()


def test_what_was_answered_elsewhere_says_by_whom_and_makes_room(desk: Desk, page: Page) -> None:
    announce(desk, JOAO)
    expect(popup_of(page)).to_contain_text("João Batista Araújo")
    token = announce(desk)
    expect(popup_of(page)).to_contain_text("Maria Aparecida da Conceição")
    publish(desk, "callAnswered", token, by="Caio Consulta")
    line = lines(page).filter(has_text="Maria Aparecida")
    expect(line).to_contain_text("Atendida por Caio Consulta", timeout=SOON)
    expect(popup_of(page)).to_contain_text("João Batista Araújo")
    publish(desk, "callAnswered", token, by="Caio Consulta")  # an event may come twice
    page.wait_for_timeout(300)
    expect(line).to_have_count(1)


def test_a_transferred_call_is_a_line_that_can_be_opened(desk: Desk, page: Page) -> None:
    token = announce(desk)
    expect(popup_of(page)).to_be_visible()
    publish(desk, "callTransferred", token, to="4068")
    expect(lines(page)).to_contain_text("Transferida para 4068 · Abrir", timeout=SOON)
    expect(popup_of(page)).to_have_count(0)
    expect(page).not_to_have_title("Você está recebendo uma ligação")
    lines(page).get_by_role("button").click()
    expect(page.get_by_role("dialog", name="Ligação transferida")).to_contain_text("Maria Aparecida da Conceição")


def test_unseen_calls_go_to_whoever_takes_the_extension_over(desk: Desk, page: Page) -> None:
    announce(desk)
    expect(heading(page)).to_have_text("Você está recebendo uma ligação")
    store = desk.service.store
    store.extensions.register(store.staff.find_agent("consulta").id, "4067", take_over=True)
    expect(page.locator("#calls-panel")).to_be_hidden(timeout=SOON)
    expect(page.get_by_text("assumi")).to_be_visible()
    store.extensions.register(store.staff.find_agent("atendente").id, "4067", take_over=True)


def test_a_notification_that_throws_keeps_neither_sound_nor_focus(desk: Desk) -> None:
    page = desk.page("atendente")
    page.add_init_script(COUNTED + FORBIDDEN)
    register_extension(page, "4067")
    page.evaluate("window.isAway = true")
    token = announce(desk)
    wait_until(lambda: page.evaluate("window.refused") == 1)
    expect(heading(page)).to_be_focused()
    assert page.evaluate("window.sounds") == 1
    page.evaluate("window.isAway = false")
    page.keyboard.press("Shift")
    wait_until(lambda: is_seen(desk, token))


def test_a_popup_on_an_empty_chair_is_missed(desk: Desk, page: Page) -> None:
    token = announce(desk)
    expect(popup_of(page)).to_be_visible()
    page.wait_for_timeout(1500)
    assert not is_seen(desk, token)
    pass_time(desk, page, token)
    expect(heading(page)).to_have_text("Ligação perdida")
    expect(page.locator(".popup .call-age")).to_have_text("Perdida · há 2 min")
    expect(page).not_to_have_title("Você está recebendo uma ligação")
    page.keyboard.press("Shift")
    page.wait_for_timeout(500)
    assert not is_seen(desk, token)


@pytest.mark.parametrize("sign", ["key", "pointer", "another tab"])
def test_a_visible_call_is_seen_at_a_sign_of_the_agent(desk: Desk, page: Page, sign: str) -> None:
    tokens = [announce(desk)]
    expect(popup_of(page)).to_be_visible()
    tokens.append(announce(desk, JOAO))
    expect(lines(page)).to_have_count(1)
    if sign == "key":
        page.keyboard.press("Shift")
    elif sign == "pointer":
        page.mouse.move(10, 10)
        page.mouse.move(30, 30)
    else:
        desk.page("atendente").keyboard.press("Shift")
    wait_until(lambda: all(is_seen(desk, token) for token in tokens))
    pass_time(desk, page, tokens[1])


def test_a_seen_call_is_told_again_to_a_server_that_was_away(desk: Desk, page: Page) -> None:
    tries: list[str] = []

    def fail_twice(route: Route) -> None:
        tries.append(route.request.url)
        route.abort() if len(tries) < 3 else route.continue_()

    page.route("**/vista", fail_twice)
    token = announce(desk)
    expect(popup_of(page)).to_contain_text("Maria Aparecida da Conceição")
    with page.expect_response("**/vista"):
        page.get_by_role("button", name="Dispensar").first.click()
    wait_until(lambda: is_seen(desk, token))
    assert len(tries) == 3


def test_a_hidden_line_is_not_seen_until_it_is_scrolled_to(desk: Desk, page: Page) -> None:
    tokens = []
    for number in range(12):
        tokens.append(announce(desk, f"{10_000_000_000 + number}"))
        expect(lines(page)).to_have_count(number)
    page.keyboard.press("Shift")
    wait_until(lambda: is_seen(desk, tokens[-1]) and is_seen(desk, tokens[-2]))
    page.wait_for_timeout(400)
    assert not is_seen(desk, tokens[0])
    lines(page).last.hover()
    page.mouse.wheel(0, 3000)
    wait_until(lambda: is_seen(desk, tokens[0]))


def test_a_seen_call_says_later_that_it_was_received(desk: Desk, page: Page) -> None:
    token = announce(desk)
    expect(popup_of(page)).to_be_visible()
    page.keyboard.press("Shift")
    wait_until(lambda: is_seen(desk, token))
    pass_time(desk, page, token)
    expect(heading(page)).to_have_text("Ligação recebida")
    expect(page.locator(".popup .call-age")).to_have_text("há 2 min")


def test_the_stack_comes_along_to_the_next_page_and_tab(desk: Desk, page: Page) -> None:
    announce(desk)
    expect(popup_of(page)).to_be_visible()
    announce(desk, JOAO)
    expect(lines(page)).to_have_count(1)
    page.get_by_role("navigation").get_by_role("link", name="Solicitações").click()
    page.wait_for_url("**/solicitacoes")
    expect(popup_of(page)).to_contain_text("João Batista Araújo")
    expect(lines(page)).to_have_count(1)
    assert page.evaluate("window.sounds") == 0
    other = desk.page("atendente")
    expect(popup_of(other)).to_contain_text("João Batista Araújo")
    expect(page.locator("#calls-panel")).to_be_hidden()
    popup_of(other).get_by_role("button", name="Dispensar esta ligação").click()
    expect(popup_of(other)).to_contain_text("Maria Aparecida da Conceição")
    page.keyboard.press("Shift")
    expect(popup_of(page)).to_contain_text("Maria Aparecida da Conceição")
    expect(lines(page)).to_have_count(0)


@pytest.mark.timeout(180)
def test_thirty_calls_are_dismissed_by_one_click(desk: Desk, page: Page) -> None:
    for number in range(30):
        announce(desk, f"{10_000_000_000 + number}")
    expect(lines(page)).to_have_count(29)
    page.get_by_role("button", name="Dispensar todas").click()
    expect(page.locator("#calls-panel")).to_be_hidden()
    page.reload()
    expect(page.locator("#connection")).to_have_text("Conectado")
    page.wait_for_timeout(500)
    expect(page.locator("#calls-panel")).to_be_hidden()


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("calls", [1, 3, 30])
def test_the_stack_fits_its_window(desk: Desk, page: Page, calls: int, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for number in range(calls - 1):
        announce(desk, f"{number:011}")
    announce(desk, "12312312312")  # whose request has the longest subject
    expect(page.locator(".popup").get_by_text("Usuário do Manual")).to_be_visible()
    expect(heading(page)).to_have_text("Você está recebendo uma ligação")
    expect(page.locator(".call-line")).to_have_count(calls - 1)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        picture(page, f"stack-{calls}-{width}-{theme}")
    for part in (".calls-panel", ".popup", ".call-head", ".call-body", ".call-lines"):
        if page.locator(part).count():
            wide, room = page.locator(part).first.evaluate("part => [part.scrollWidth, part.clientWidth]")
            assert wide <= room, part
    box = page.locator(".calls-panel").bounding_box()
    assert box is not None
    assert min(box["x"], box["y"], width - box["x"] - box["width"], 800 - box["y"] - box["height"]) >= 0
