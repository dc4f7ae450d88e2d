import re

from .conftest import Browser, Desk


def test_registering_an_extension_says_so_and_shows_it_in_the_bar(desk: Desk, ana: Browser) -> None:
    page = ana.follow(ana.post("/ramal", ramal=" 4067 "))
    assert "Ramal gravado com sucesso!" in page.text
    assert "Ramal 4067" in page.text
    assert desk.store.extensions.number_of(desk.ana.id) == "4067"


def test_saving_leads_back_to_the_page_it_was_opened_on(ana: Browser) -> None:
    response = ana.post("/ramal", ramal="4067", para="/chamadas?x=1&aviso=saiu")
    assert response.location == "/chamadas?x=1&aviso=ramal-gravado"


def test_an_empty_field_gives_the_extension_up(desk: Desk, ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    assert "Ramal liberado." in ana.follow(ana.post("/ramal", ramal="  ")).text
    assert desk.store.extensions.number_of(desk.ana.id) is None


def test_a_number_that_cannot_be_an_extension_is_refused_beside_its_field(ana: Browser) -> None:
    response = ana.post("/ramal", ramal='40"67;')
    assert response.status_code == 422
    assert "O ramal tem até 20 caracteres" in response.text
    assert 'value="40&#34;67;"' in response.text
    assert 'aria-describedby="ramal-hint ramal-error"' in response.text


def test_an_extension_that_is_too_long_is_refused(ana: Browser) -> None:
    assert ana.post("/ramal", ramal="4" * 21).status_code == 422


def test_a_taken_extension_is_asked_about_and_stays_until_taken_over(desk: Desk, ana: Browser, bia: Browser) -> None:
    bia.post("/ramal", ramal="4067")
    response = ana.post("/ramal", ramal="4067", para="/chamadas")
    assert response.status_code == 409
    assert "O ramal 4067 está com Bia &lt;b&gt;Lima&lt;/b&gt;. Assumir?" in response.text
    assert desk.store.extensions.number_of(desk.ana.id) is None

    taken = ana.post("/ramal", ramal="4067", assumir="4067", para="/chamadas")
    assert taken.location == "/chamadas?aviso=ramal-gravado"
    assert desk.store.extensions.number_of(desk.ana.id) == "4067"


def test_agreeing_to_one_extension_takes_no_other(desk: Desk, ana: Browser, bia: Browser) -> None:
    bia.post("/ramal", ramal="4067")
    assert ana.post("/ramal", ramal="4067", assumir="4068").status_code == 409
    assert desk.store.extensions.number_of(desk.bia.id) == "4067"


def test_the_former_owner_is_told_until_they_say_they_know(ana: Browser, bia: Browser) -> None:
    bia.post("/ramal", ramal="4067")
    ana.post("/ramal", ramal="4067", assumir="4067")
    for path in ("/", "/chamadas"):
        assert "O ramal 4067 foi assumido por Ana Souza." in bia.get(path).text
    response = bia.post("/ramal", ciente="1", para="/chamadas")
    assert response.location == "/chamadas"
    assert "foi assumido por Ana" not in bia.follow(response).text


def test_the_bar_opens_the_dialog_and_leads_to_the_page_without_the_script(ana: Browser) -> None:
    page = ana.get("/").text
    assert '<a href="/ramal" data-opens="extension-dialog">' in page
    assert re.search(
        '<form action="/ramal">\\s*<button type="submit" class="extension [^"]*" data-opens="extension-dialog"', page
    )
    assert re.search(
        r'<form action="/ramal">\s*<button type="submit" class="extension [^"]*" data-opens="extension-dialog"', page
    )
    assert '<dialog class="card extension-dialog" id="extension-dialog"' in page
    assert "<h1>Ramal</h1>" in ana.get("/ramal").text
