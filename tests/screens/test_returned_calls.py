"""A missed call is marked as returned in the list and on its page; who was transferred is no missed caller.

Source: `docs/rules.md`, Calls.
"""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from soap_service.model import Call

from .conftest import Browser, Desk

BUTTON = "Marcar como retornada"


@pytest.fixture(autouse=True)
def at_4067(ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")


def grow_old(desk: Desk, token: str, seconds: float = 90) -> str:
    with desk.store._database.writing() as session:
        moved = datetime.now(UTC) - timedelta(seconds=seconds)
        session.execute(update(Call).where(Call.token == token).values(created_at=moved))
    return token


def transfer(desk: Desk) -> str:
    token = grow_old(desk, desk.announce("11144477735"), 20)
    desk.announce("11144477735", extension="4068")
    return token


def row(page: str, token: str) -> str:
    """Return a call's row of a list, without the tags."""
    [found] = [part for part in re.findall(r"<tr.*?</tr>", page, re.DOTALL) if token in part]
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


@pytest.mark.parametrize("page", ["/chamadas", "/chamadas?destino=a-retornar", "/chamadas/{}"])
def test_a_missed_call_is_marked_where_it_is_shown(desk: Desk, ana: Browser, page: str) -> None:
    token = grow_old(desk, desk.announce("11144477735"))
    page = page.format(token)
    assert BUTTON in ana.get(page).text
    assert ana.hidden("para") == page
    done = ana.post(f"/chamadas/{token}/retornada", para=page)
    assert done.location.split("aviso=")[1] == "retornada"
    shown = ana.follow(done).text
    assert "Ligação marcada como retornada." in shown
    assert BUTTON not in shown
    assert desk.store.calls.find(token).returned_by_id == desk.ana.id
    again = ana.post(f"/chamadas/{token}/retornada", para=page)
    assert (again.status_code, again.location) == (done.status_code, done.location)


def test_the_list_tells_what_is_to_be_returned_and_what_was_by_whom(desk: Desk, ana: Browser, bia: Browser) -> None:
    token, other = (grow_old(desk, desk.announce(document)) for document in ("11144477735", ""))
    bia.get(f"/chamadas/{token}")
    bia.post(f"/chamadas/{token}/retornada")
    listed = {
        group: {one for one in (token, other) if one in ana.get(f"/chamadas?destino={group}").text}
        for group in ("perdida", "a-retornar", "retornada", "atendida", "transferida")
    }
    assert listed == {
        "perdida": {token, other},
        "a-retornar": {other},
        "retornada": {token},
        "atendida": set(),
        "transferida": set(),
    }
    assert "Retornada Bia" in row(ana.get("/chamadas").text, token)
    assert "Retornada por Bia" in ana.get(f"/chamadas/{token}").text


def test_to_look_at_the_list_returns_no_call(desk: Desk, ana: Browser) -> None:
    token = grow_old(desk, desk.announce("11144477735"))
    with desk.store._database.writing() as session:
        session.merge(desk.ana).calls_looked_at = None
    assert "(1) " in ana.get("/").text
    for _ in range(2):
        assert token in ana.get("/chamadas?destino=a-retornar").text
    assert "(1) " not in ana.get("/").text
    assert desk.store.calls.find(token).returned_at is None


def test_a_call_that_is_not_missed_is_refused_and_shown(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735")
    assert BUTTON not in ana.get(f"/chamadas/{token}").text
    refused = ana.post(f"/chamadas/{token}/retornada", para="/chamadas")
    assert refused.status_code == 409
    assert "Só uma ligação perdida pode ser marcada como retornada." in refused.text
    assert "Maria da Silva" in refused.text
    assert desk.store.calls.find(token).returned_at is None


def test_a_mark_needs_the_token_of_the_log_in(desk: Desk, ana: Browser) -> None:
    token = grow_old(desk, desk.announce("11144477735"))
    assert ana.post(f"/chamadas/{token}/retornada", token="x").status_code == 403
    assert ana.get(f"/chamadas/{token}/retornada").status_code == 405
    assert desk.store.calls.find(token).returned_at is None


def test_a_transferred_call_is_shown_so_and_is_not_missed(desk: Desk, ana: Browser) -> None:
    token = transfer(desk)
    assert "Transferida para o ramal 4068" in row(ana.get("/chamadas?destino=transferida").text, token)
    shown = ana.get(f"/chamadas/{token}").text
    assert "Ligação transferida" in shown and "Transferida para o ramal 4068." in shown and BUTTON not in shown
    assert ana.get(f"/chamadas/{token}/janela").status_code == 404
    grow_old(desk, token)
    assert token not in ana.get("/chamadas?destino=perdida").text
    diagnosed = ana.get(f"/diagnostico?chamada={token}").text
    assert "foi transferida para o ramal 4068 antes de ser atendida" in diagnosed


def test_a_returned_call_is_diagnosed_as_the_missed_one_it_was(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735")
    desk.store.calls.mark_delivered({token: desk.store.now()})
    grow_old(desk, token)
    before = ana.get(f"/diagnostico?chamada={token}").text
    ana.post(f"/chamadas/{token}/retornada")
    after = ana.get(f"/diagnostico?chamada={token}").text
    for page in (before, after):
        assert "chegou ao navegador e ninguém a viu" in page
    assert f"/diagnostico?chamada={token}" in ana.get(f"/chamadas/{token}").text


def test_a_request_registered_from_a_call_answers_it(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735")
    ana.get(f"/solicitacoes/nova?chamada={token}")
    fields = {name: ana.hidden(name) for name in ("chave", "chamada", "solicitante")}
    chosen = {"servico": str(desk.service.id), "descricao": "Sem rede.", "urgencia": "M", "impacto": "M", "tipo": ""}
    registered = ana.post("/solicitacoes/nova", **fields, **chosen)
    assert registered.status_code == 303, registered.text
    assert desk.store.calls.find(token).answered_by_id == desk.ana.id


def test_a_button_of_the_popup_leads_back_to_its_call_after_the_log_in(desk: Desk, ana: Browser) -> None:
    token = desk.announce("11144477735")
    ana.get(f"/chamadas/{token}")
    ana.client.delete_cookie("soap_service_session")
    for fields in ({}, {"solicitacao": str(desk.request.id)}):
        asked = ana.post(f"/chamadas/{token}", **fields)
        assert asked.status_code == 401
        assert ana.hidden("para") == f"/chamadas/{token}"
