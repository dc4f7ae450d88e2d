"""Which language each reads: an agent's choice, a browser's choice, what a browser prefers."""

import re

import pytest

from tests.screens.conftest import Browser, Desk


def lang_of(browser: Browser) -> str:
    return browser.page.split('<html lang="')[1].split('"')[0]


def test_a_page_speaks_the_language_that_the_browser_prefers(desk: Desk) -> None:
    visitor = desk.visitor()
    for accepted, spoken in (("es-MX,es;q=0.9", "es"), ("en-US", "en"), ("ja", "pt-BR"), ("pt-PT", "pt-BR")):
        visitor.get("/entrar", headers={"Accept-Language": accepted})
        assert lang_of(visitor) == spoken


def test_the_language_of_the_log_in_page_goes_before_the_browsers(desk: Desk) -> None:
    visitor = desk.visitor()
    visitor.get("/entrar?para=/chamadas")
    answer = visitor.post("/entrar/idioma", idioma="es", para="/chamadas")
    assert answer.location == "/entrar?para=%2Fchamadas"
    visitor.get("/entrar", headers={"Accept-Language": "en"})
    assert lang_of(visitor) == "es"


def test_a_form_of_another_site_chooses_no_language(desk: Desk) -> None:
    visitor = desk.visitor()
    visitor.get("/entrar")
    visitor.post("/entrar/idioma", token="another", idioma="es")
    visitor.get("/entrar")
    assert lang_of(visitor) == "pt-BR"


def test_an_agents_own_language_is_spoken_in_every_browser_of_theirs(desk: Desk, ana: Browser) -> None:
    ana.get("/preferencias")
    page = ana.follow(ana.post("/preferencias", idioma="en"))
    assert lang_of(ana) == "en"
    assert 'value="en" lang="en" selected' in page.text
    elsewhere = desk.visitor()
    elsewhere.log_in("ana")
    elsewhere.get("/", headers={"Accept-Language": "es"})
    assert lang_of(elsewhere) == "en"


def test_an_agent_can_go_back_to_the_language_of_the_browser(ana: Browser) -> None:
    ana.get("/preferencias")
    ana.post("/preferencias", idioma="en")
    ana.post("/preferencias", idioma="klingon")
    ana.get("/", headers={"Accept-Language": "es"})
    assert lang_of(ana) == "es"


def test_every_language_writes_dates_in_its_own_form(desk: Desk, ana: Browser) -> None:
    shown = {}
    for language in ("pt-BR", "en", "es"):
        ana.post("/preferencias", idioma=language)
        page = ana.get(f"/solicitacoes/{desk.request.id}").text
        shown[language] = page.split("<time datetime=")[1].split(">")[1].split("<")[0]
    opened = desk.request.opened_at.astimezone(desk.store.calendars.current.zone)
    assert shown["pt-BR"] == opened.strftime("%d/%m/%Y %H:%M")
    assert shown["en"] == f"{opened.day} {opened:%b %Y, %H:%M}"
    assert shown["es"].startswith(f"{opened.day} ")
    assert shown["es"].endswith(f" {opened.year}, {opened.hour}:{opened:%M}")


@pytest.mark.parametrize(
    ("theme", "scheme", "sheet"),
    [("", "light dark", "screen and (prefers-color-scheme: dark)"), ("dark", "dark", "screen"), ("light", "light", "")],
)
def test_theme_is_the_browsers_or_the_one_chosen(ana: Browser, theme: str, scheme: str, sheet: str) -> None:
    ana.get("/preferencias")
    page = ana.follow(ana.post("/preferencias", tema=theme, teclas="S")).text
    assert "Preferências gravadas." in page
    assert f'<meta name="color-scheme" content="{scheme}">' in page
    assert re.findall(r'dark\.css" media="([^"]*)"', page) == ([sheet] if sheet else [])
    assert f'<option value="{theme}" selected>' in page


def test_unknown_theme_is_that_of_the_browser(ana: Browser) -> None:
    ana.get("/preferencias")
    assert 'content="light dark"' in ana.follow(ana.post("/preferencias", tema="rosa")).text


def test_keys_are_on_until_an_agent_switches_them_off(ana: Browser, bia: Browser) -> None:
    assert 'data-keys="on"' in ana.get("/preferencias").text
    assert 'data-keys="off"' in ana.follow(ana.post("/preferencias")).text
    assert 'data-keys="on"' in bia.get("/").text
    assert 'data-keys="on"' in ana.follow(ana.post("/preferencias", teclas="S")).text


def test_preferences_have_sound_notifications_and_the_extension(ana: Browser) -> None:
    ana.get("/")
    ana.post("/ramal", ramal="4067")
    page = ana.get("/preferencias").text
    for part in ('type="checkbox" id="sound"', 'id="ask-to-notify"', "Trocar de ramal", ">4067</p>"):
        assert part in page
        assert part not in ana.get("/").text
