"""The list of requests and its search."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from soap_service.model import Request
from soap_service.rules.situations import Action
from soap_service.store import NewRequest
from tests.databases import is_sqlite

from .conftest import Browser, Desk

LIST = "/solicitacoes"


def numbers(page: str) -> list[int]:
    """Return the numbers of the requests that a list shows, in order."""
    return [int(number) for number in re.findall(r'<td[^>]*><a href="/solicitacoes/(\d+)"[ >]', page)]


def open_requests(desk: Desk, how_many: int) -> None:
    for index in range(how_many):
        new = NewRequest(desk.maria.id, desk.service.id, "x", "incidente")
        desk.store.requests.open(new, desk.ana.id, f"form:list-{index}")


def test_the_list_shows_what_is_unfinished_with_the_bar_and_its_counts(desk: Desk, ana: Browser) -> None:
    page = ana.get(LIST).text
    assert numbers(page) == [desk.request.id]
    for words in ("Maria da Silva", "Falha &lt;em&gt; rede", "SDNIVEL1", "Em andamento", "1 solicitação"):
        assert words in page
    assert f'<a href="{LIST}" aria-current="page">' in page
    desk.store.execution.execute(desk.request.id, desk.ana.id, Action.RESOLVE, "")
    assert "Nenhuma solicitação com esses filtros." in ana.get(LIST).text
    assert numbers(ana.get(f"{LIST}?situacao=Resolvida").text) == [desk.request.id]
    assert numbers(ana.get(f"{LIST}?situacao=todas").text) == [desk.request.id]


def test_filters_leave_what_they_say(desk: Desk, ana: Browser) -> None:
    with desk.store._database.writing() as session:
        session.get_one(Request, desk.request.id).responsible_id = desk.bia.id
    assert numbers(ana.get(f"{LIST}?minhas=1").text) == []
    assert numbers(desk.browser_of("bia").get(f"{LIST}?minhas=1").text) == [desk.request.id]
    assert numbers(ana.get(f"{LIST}?grupo={desk.request.group_id}").text) == [desk.request.id]
    assert numbers(ana.get(f"{LIST}?grupo=999").text) == []
    assert numbers(ana.get(f"{LIST}?atrasadas=1").text) == []


def test_pages_follow_each_other_and_keep_the_filters(desk: Desk, ana: Browser) -> None:
    open_requests(desk, 60)
    first = ana.get(f"{LIST}?ordem=numero&grupo={desk.request.group_id}").text
    assert len(numbers(first)) == 50
    assert "61 solicitações" in first
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    second = ana.get(following[1].replace("&amp;", "&")).text
    assert len(numbers(second)) == 11
    assert sorted(numbers(first) + numbers(second), reverse=True) == numbers(first) + numbers(second)
    assert 'rel="next"' not in second
    assert "Voltar ao começo" in second


@pytest.mark.parametrize(
    "query",
    ["situacao=x", "grupo=x", "grupo=99999999999", "ordem=x", "depois=x", "solicitante=999", "solicitante=x", "a=%00"],
)
def test_an_address_that_asks_wrongly_shows_the_list(ana: Browser, query: str) -> None:
    assert ana.get(f"{LIST}?{query}").status_code == 200


@pytest.mark.parametrize(
    "typed",
    [
        "{number}",
        "#{number}",
        "nº {number}",
        "[{number}]",
        "Solicitação nº {number}",
        "0000{number}",
        "solicitud n.º {number}",
    ],
)
def test_a_number_leads_to_its_request(desk: Desk, ana: Browser, typed: str) -> None:
    response = ana.post(LIST, busca=typed.format(number=desk.request.id))
    assert response.location == f"/solicitacoes/{desk.request.id}"


@pytest.mark.parametrize("typed", ["111.444.777-35", "11144477735", "maria", "SILVA", "dá silvá"])
def test_a_document_or_a_name_leads_to_the_requests_of_who_has_it(desk: Desk, ana: Browser, typed: str) -> None:
    response = ana.post(LIST, busca=typed)
    assert response.location == f"{LIST}?solicitante={desk.maria.id}"
    page = ana.follow(response).text
    assert "Solicitações de Maria da Silva" in page
    assert numbers(page) == [desk.request.id]
    assert f"/solicitacoes/nova?solicitante={desk.maria.id}" in page


def test_a_name_that_several_have_asks_whom(desk: Desk, ana: Browser) -> None:
    other = desk.store.requesters.add("52998224725", "Mariana <b>", unit="TI")
    page = ana.post(LIST, busca="mari").text
    assert "Mariana &lt;b&gt;" in page
    for requester in (desk.maria, other):
        assert f'href="{LIST}?solicitante={requester.id}"' in page


@pytest.mark.parametrize("typed", ["Zé", "999999", "39053344705", "9" * 40])
def test_a_search_that_finds_nothing_says_so_and_keeps_what_was_typed(ana: Browser, typed: str) -> None:
    page = ana.post(LIST, busca=typed).text
    assert 'id="busca-error"' in page
    assert f'value="{typed}"' in page


def test_words_of_descriptions_and_notes_lead_to_their_requests(desk: Desk, ana: Browser) -> None:
    open_requests(desk, 55)
    other = desk.store.requests.open(
        NewRequest(desk.maria.id, desk.service.id, "Silva <b>", "incidente"), desk.ana.id, "form:words"
    )
    page = ana.post(LIST, busca="REDE").text
    assert numbers(page) == [desk.request.id]
    assert "Solicitações com estas palavras" in page
    page = ana.post(LIST, busca="silva").text  # a person and a request
    assert numbers(page) == [other.id]
    assert f'href="{LIST}?solicitante={desk.maria.id}"' in page
    first = ana.post(LIST, busca="x").text
    assert len(numbers(first)) == 50
    after = re.search(r'name="depois" value="([^"]+)"', first)
    assert after
    assert len(numbers(ana.post(LIST, busca="x", depois=after[1]).text)) == 5


def test_number_that_is_an_extension_too_shows_both(desk: Desk, ana: Browser) -> None:
    with desk.store._database.writing() as session:
        session.merge(desk.maria).extension = f"0{desk.request.id}"
    page = ana.post(LIST, busca=f"0{desk.request.id}").text
    assert f'href="/solicitacoes/{desk.request.id}"' in page
    assert f'href="{LIST}?solicitante={desk.maria.id}"' in page


@pytest.mark.parametrize("typed", ['"', "' OR 1=1", "rede:* & !x", "NEAR(a b)", "\0", "x" * 10_000, "%", "#", "nº"])
def test_hostile_search_is_answered_by_a_page(ana: Browser, typed: str) -> None:
    assert ana.post(LIST, busca=typed).status_code in (200, 422)
    assert ana.post(LIST, busca=typed, depois="' OR 1=1").status_code in (200, 422)


def test_a_search_for_nothing_asks_what_for(ana: Browser) -> None:
    assert ana.post(LIST, busca=" ").status_code == 422


def test_a_new_request_for_a_requester_on_the_list_is_filled_in(desk: Desk, ana: Browser) -> None:
    ana.get(f"/solicitacoes/nova?solicitante={desk.maria.id}")
    assert ana.hidden("solicitante") == str(desk.maria.id)


def test_the_order_by_deadline_is_said_not_to_be_had_of_finished_requests(ana: Browser) -> None:
    assert "aqui vale o número" in ana.get(f"{LIST}?situacao=Fechada&ordem=prazo").text
    assert "aqui vale o número" not in ana.get(f"{LIST}?situacao=Fechada&ordem=numero").text


def test_a_damaged_row_does_not_break_the_list(desk: Desk, ana: Browser) -> None:
    open_requests(desk, 3)
    damages = ["situation = 'Perdida'", "urgency = 'X'"]
    if is_sqlite(desk.store):
        damages += ["opened_at = 'ontem', due_at = '2099-99-99'", "group_id = 999, service_id = 999"]
    for number, damage in enumerate(damages, start=desk.request.id):
        _damage(desk, number, damage)
    for order in ("numero", "abertura", "prazo", "prioridade"):
        for situation in ("abertas", "todas"):
            assert ana.get(f"{LIST}?situacao={situation}&ordem={order}").status_code == 200
    page = ana.get(f"{LIST}?situacao=todas&ordem=numero").text
    assert set(numbers(page)) == set(range(desk.request.id, desk.request.id + 4))
    assert "Perdida" in page


def _damage(desk: Desk, number: int, damage: str) -> None:
    """Change a row as a hand would, with sqlite3 or psql."""
    with desk.store._database.writer.connect() as connection:
        if is_sqlite(desk.store):
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        connection.execute(text(f"UPDATE request SET {damage} WHERE id = :number"), {"number": number})
        connection.commit()
        if is_sqlite(desk.store):
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=ON")  # type: ignore[union-attr]


def test_filters_are_remembered_for_each_agent(desk: Desk, ana: Browser, bia: Browser) -> None:
    ana.get(LIST)
    answer = ana.post(f"{LIST}/filtros", situacao="todas", grupo="meus", livres="1", ordem="numero")
    shared = f"{LIST}?situacao=todas&grupo=meus&livres=1&ordem=numero"
    assert answer.location == shared
    assert ana.get(LIST).location == shared
    assert ana.get(f"{LIST}?aviso=de-volta").location == f"{shared}&aviso=de-volta"
    assert bia.get(LIST).status_code == 200
    assert numbers(bia.get(shared).text) == [desk.request.id]  # Bia has no groups: of all
    elsewhere = desk.visitor()
    elsewhere.log_in("ana")
    assert elsewhere.get(LIST).location == shared


def test_filters_are_forgotten_when_cleared(ana: Browser) -> None:
    ana.get(LIST)
    ana.post(f"{LIST}/filtros", atrasadas="1")
    assert ana.post(f"{LIST}/filtros", atrasadas="1", limpar="S").location == LIST
    assert ana.get(LIST).status_code == 200


def test_person_is_not_remembered_with_the_filters(desk: Desk, ana: Browser) -> None:
    ana.get(LIST)
    answer = ana.post(f"{LIST}/filtros", solicitante=str(desk.maria.id), situacao="abertas", ordem="numero")
    assert answer.location == f"{LIST}?solicitante={desk.maria.id}&situacao=abertas&ordem=numero"
    assert ana.get(LIST).location == f"{LIST}?situacao=abertas&ordem=numero"


def test_what_filters_say_wrongly_is_not_remembered(ana: Browser) -> None:
    ana.get(LIST)
    answer = ana.post(f"{LIST}/filtros", situacao="x' OR 1=1", grupo="-1", ordem="x", nome="Maria")
    assert answer.location == f"{LIST}?situacao=abertas&ordem=prazo"


def test_late_and_due_today_or_mine_and_nobodys_are_listed_together(desk: Desk, ana: Browser) -> None:
    open_requests(desk, 2)
    late, due, free = desk.request.id, desk.request.id + 1, desk.request.id + 2
    now = desk.store.now()
    with desk.store._database.writing() as session:
        session.get_one(Request, late).due_at = now - timedelta(hours=1)
        session.get_one(Request, due).due_at = now + timedelta(seconds=20)
        session.get_one(Request, free).due_at = now + timedelta(days=9)
        session.get_one(Request, late).responsible_id = desk.ana.id
        session.get_one(Request, due).responsible_id = desk.bia.id
    assert numbers(ana.get(f"{LIST}?atrasadas=1&hoje=1").text) == [late, due]
    assert numbers(ana.get(f"{LIST}?minhas=1&livres=1").text) == [late, free]
    assert numbers(ana.get(f"{LIST}?livres=1").text) == [free]


def test_row_has_subject_responsible_and_one_link(desk: Desk, ana: Browser) -> None:
    row = ana.get(LIST).text.split("<tbody>")[1].split("</tbody>")[0]
    number = desk.request.id
    assert row.count("<a ") == 1
    assert f'<a href="/solicitacoes/{number}" id="n{number}" aria-labelledby="n{number} s{number}">' in row
    assert f'<span class="subject" id="s{number}">Sem rede.</span>' in row
    assert "<span>Ninguém</span>" in row
