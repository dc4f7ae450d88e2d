"""The first page: each number is that of the list one click away."""

import re
from datetime import timedelta
from html import unescape

from sqlalchemy import update

from soap_service.model import Call, Request
from soap_service.store import NewRequest
from tests.screens.conftest import Browser, Desk

TILE = (
    r'<a href="([^"]+)" class="tile[^>]*>\s*<span class="tile-number">([^<]*)</span>\s*<span class="tile-words">([^<]*)'
)


def tiles(browser: Browser) -> dict[str, tuple[str, str]]:
    """Return the number and the address of each tile, by its words."""
    return {words: (number, unescape(address)) for address, number, words in re.findall(TILE, browser.get("/").text)}


def open_requests(desk: Desk, *changes: dict[str, object]) -> None:
    """Open a request for each of these changes, which are made to its row."""
    for index, changed in enumerate(changes):
        new = NewRequest(desk.maria.id, desk.service.id, "Sem rede.", "incidente")
        request = desk.store.requests.open(new, desk.ana.id, f"form:home-{index}")
        with desk.store._database.writing() as session:
            session.execute(update(Request).where(Request.id == request.id).values(**changed))


def listed(browser: Browser, address: str) -> int:
    """Return how many requests the list at an address shows."""
    return len(re.findall(r'<td[^>]*><a href="/solicitacoes/\d+"', browser.get(address).text))


def test_each_number_is_that_of_the_list_behind_it(desk: Desk, ana: Browser) -> None:
    now = desk.store.now()
    other = desk.store.staff.add_group("OUTRO", may_execute=True)
    late = now - timedelta(hours=1)
    open_requests(
        desk,
        {"responsible_id": desk.ana.id},
        {"due_at": late},
        {"due_at": late, "group_id": other.id},
        {"due_at": late, "situation": "Suspensa"},
        {"due_at": late, "situation": "Resolvida", "responsible_id": desk.ana.id},
        {"due_at": now + timedelta(seconds=30), "responsible_id": desk.bia.id},
    )
    found = tiles(ana)
    numbers = {words: number for words, (number, _) in found.items()}
    # the desk's first request is due today or later: the clock of the test says which
    assert numbers["Minhas"] == "1"
    assert numbers["Atrasadas"] == "1"
    assert numbers["Sem responsável"] == "3"
    assert numbers["Ligações a retornar"] == "0"
    assert int(numbers["Vencem hoje"]) >= 1
    for words in ("Minhas", "Vencem hoje", "Atrasadas", "Sem responsável"):
        number, address = found[words]
        assert listed(ana, address) == int(number), words


def test_agent_without_groups_sees_the_numbers_of_all(desk: Desk) -> None:
    rui = desk.browser_of("rui")
    open_requests(desk, {"due_at": desk.store.now() - timedelta(hours=1)})
    number, address = tiles(rui)["Atrasadas"]
    assert (number, address) == ("1", "/solicitacoes?atrasadas=1")
    assert "de todos os grupos" in rui.page


def test_addresses_of_the_lists_name_no_person(desk: Desk, ana: Browser) -> None:
    addresses = [address for _, address in tiles(ana).values()]
    assert addresses[:4] == [
        "/solicitacoes?minhas=1",
        "/solicitacoes?hoje=1&grupo=meus",
        "/solicitacoes?atrasadas=1&grupo=meus",
        "/solicitacoes?livres=1&grupo=meus",
    ]


def test_what_is_not_counted_to_its_end_has_a_plus(desk: Desk, ana: Browser) -> None:
    row = {column.name: getattr(desk.request, column.name) for column in Request.__table__.columns}
    del row["id"]
    with desk.store._database.writing() as session:
        session.execute(Request.__table__.insert(), [{**row, "origin_key": None} for _ in range(1010)])
    assert tiles(ana)["Sem responsável"][0] == "1.000+"


def test_agent_without_an_extension_is_asked_for_one(ana: Browser) -> None:
    assert re.search(r'<div class="notice is-hint" data-when="none">', ana.get("/").text)
    ana.post("/ramal", ramal="4067")
    assert re.search(r'<div class="notice is-hint" data-when="none" hidden>', ana.get("/").text)


def test_calls_to_return_are_those_of_today_that_nobody_returned(desk: Desk, ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    token = desk.announce("11144477735")
    desk.announce("11144477735", extension="9")
    assert tiles(ana)["Ligações a retornar"][0] == "0"
    with desk.store._database.writing() as session:  # their lifetime passes
        session.execute(update(Call).values(created_at=desk.store.now() - timedelta(seconds=61)))
    number, address = tiles(ana)["Ligações a retornar"]
    assert (number, address) == ("1", "/chamadas?destino=a-retornar")
    assert ana.get(address).text.count(f'href="/chamadas/{token}"') == 1
    rui = desk.browser_of("rui")
    rui.post("/ramal", ramal="9")
    assert tiles(rui)["Ligações a retornar"] == ("1", "/chamadas?destino=a-retornar&ramal=9")
