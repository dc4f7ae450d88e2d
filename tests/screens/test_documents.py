"""Documents: masked in lists and on pages, in full in one's own call, elsewhere on a click that the audit records."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from soap_service.model import Call
from soap_service.rules.auditing import AuditKind
from soap_service.rules.documents import masked_document
from soap_service.store import AuditFilter
from tests.screens.conftest import Browser, Desk

FULL, MASKED = "111.444.777-35", "***.***.***-35"


def shown(desk: Desk) -> list[tuple[str, str]]:
    rows = desk.store.audit.iterate(AuditFilter(kind=AuditKind.DOCUMENT_SHOWN))
    return [(row.actor, row.record) for row in rows]


@pytest.mark.parametrize(
    ("document", "masked"),
    [("11144477735", MASKED), ("11222333000181", "**.***.***/****-81"), ("12ABC34501DE35", "**.***.***/****-35")],
)
def test_two_characters_of_a_document_are_left(document: str, masked: str) -> None:
    assert masked_document(document) == masked


def test_pages_and_lists_mask_it(desk: Desk, ana: Browser) -> None:
    ana.get("/solicitacoes")
    pages = [
        ana.get(f"/solicitacoes/{desk.request.id}"),
        ana.get(f"/solicitacoes/nova?solicitante={desk.maria.id}"),
        ana.get(f"/pessoas/{desk.maria.id}"),
        ana.post("/solicitacoes/nova", acao="buscar", busca="Maria"),
        ana.post("/solicitacoes", busca="rede maria"),
    ]
    for page in pages:
        assert FULL not in page.text
    assert all(MASKED in page.text for page in pages[:4])
    assert shown(desk) == []


def test_ones_own_call_shows_it_in_full(desk: Desk, ana: Browser, bia: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    known, unknown = desk.announce("11144477735"), desk.announce("52998224725")
    for path in (f"/chamadas/{known}", f"/chamadas/{known}/janela", f"/solicitacoes/nova?chamada={known}"):
        assert FULL in ana.get(path).text, path
        assert FULL not in bia.get(path).text, path
    for path in (f"/chamadas/{unknown}", f"/solicitacoes/nova?chamada={unknown}"):
        assert "529.982.247-25" in ana.get(path).text, path
        assert "529.982.247-25" not in bia.get(path).text, path


def test_somebody_chosen_in_a_call_is_not_its_caller(desk: Desk, ana: Browser) -> None:
    ana.post("/ramal", ramal="4067")
    token = desk.announce("52998224725")
    ana.get(f"/solicitacoes/nova?chamada={token}")
    page = ana.post("/solicitacoes/nova", chamada=token, escolher=str(desk.maria.id))
    assert (MASKED in page.text, FULL in page.text) == (True, False)


def test_what_another_answered_is_theirs_and_an_old_call_is_nobodys(desk: Desk, ana: Browser, bia: Browser) -> None:
    token = desk.announce("11144477735")
    bia.post("/ramal", ramal="4067")
    desk.store.calls.answer(token, desk.ana.id)
    assert FULL in ana.get(f"/chamadas/{token}").text
    assert FULL not in bia.get(f"/chamadas/{token}").text
    old = desk.announce("11144477735")
    assert FULL in bia.get(f"/chamadas/{old}").text
    with desk.store._database.writing() as session:
        session.execute(update(Call).values(created_at=desk.store.now() - timedelta(hours=2)))
    assert FULL not in bia.get(f"/chamadas/{old}").text


def test_a_click_shows_it_and_is_recorded(desk: Desk, ana: Browser) -> None:
    ana.get(f"/solicitacoes/{desk.request.id}")
    path = f"/pessoas/{desk.maria.id}/documento"
    assert f'formaction="{path}"' in ana.page
    page = ana.post(path, para=f"/solicitacoes/{desk.request.id}")
    assert FULL in page.text and f'href="/solicitacoes/{desk.request.id}"' in page.text
    told = ana.client.post(path, headers={"X-Form-Token": ana.token})
    assert (told.text, told.mimetype) == (FULL, "text/plain")
    assert shown(desk) == [("ana", str(desk.maria.id))] * 2


def test_it_takes_a_click_and_somebody_who_is_there(desk: Desk, ana: Browser) -> None:
    path = f"/pessoas/{desk.maria.id}/documento"
    assert ana.get(path).status_code == 405
    assert ana.post(path, token="x").status_code == 403
    assert desk.visitor().client.post(path).status_code == 401
    ana.get("/")
    assert ana.post("/pessoas/999/documento").status_code == 404
    assert shown(desk) == []
