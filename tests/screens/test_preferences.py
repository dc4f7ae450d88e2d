"""Which language each reads: an agent's choice, a browser's choice, what a browser prefers."""

from tests.screens.conftest import Browser, Desk


def lang_of(browser: Browser) -> str:
    return browser.page.split('<html lang="')[1].split('"')[0]


def test_a_page_speaks_the_language_that_the_browser_prefers(desk: Desk) -> None:
    visitor = desk.visitor()
    for accepted, spoken in (("es-MX,es;q=0.9", "es"), ("en-US", "en"), ("ja", "pt-BR"), ("pt-PT", "pt-BR")):
        visitor.get("/entrar", headers={"Accept-Language": accepted})
        assert lang_of(visitor) == spoken


def test_the_language_chosen_on_the_log_in_page_goes_before_that_of_the_browser(desk: Desk) -> None:
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
    opened = desk.request.opened_at.astimezone(desk.store.calendar.zone)
    assert shown["pt-BR"] == opened.strftime("%d/%m/%Y %H:%M")
    assert shown["en"] == f"{opened.day} {opened:%b %Y, %H:%M}"
    assert shown["es"].startswith(f"{opened.day} ")
    assert shown["es"].endswith(f" {opened.year}, {opened.hour}:{opened:%M}")
