"""The working calendar at the screens of Administration."""

from datetime import date

import pytest

from soap_service.rules.calendars import OwnDay, read_shifts

from .conftest import Browser, Desk
from .test_administration import ROOT, history

WEEK = {f"dia-{number}": "08:00-18:00" for number in range(5)} | {"dia-5": "", "dia-6": ""}


def test_the_shifts_of_each_weekday_are_saved(desk: Desk, rui: Browser) -> None:
    rui.get(f"{ROOT}/calendario")
    fields = {**WEEK, "dia-5": "9h00 às 13h00", "nacionais": "S", "acao": "gravar", "carimbo": rui.hidden("carimbo")}
    page = rui.follow(rui.post(f"{ROOT}/calendario", **fields))
    assert 'value="09:00-13:00"' in page.text
    assert desk.store.calendars.find().week[5] == ((540, 780),)
    assert "Sábado: em branco → 09:00-13:00" in rui.get(f"{ROOT}/historico").text
    stale = rui.post(f"{ROOT}/calendario", **{**fields, "dia-5": ""})
    assert stale.status_code == 409
    assert "Outra pessoa gravou: 09:00-13:00" in stale.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"dia-0": "22:00-06:00"}, "escreva em dois dias"),
        ({"dia-0": "de manhã"}, "Escreva os turnos como"),
        ({f"dia-{number}": "" for number in range(7)}, "pelo menos uma hora de trabalho por semana"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(desk: Desk, rui: Browser, changes: dict[str, str], sentence: str) -> None:
    rui.get(f"{ROOT}/calendario")
    fields = {**WEEK, **changes, "acao": "gravar", "carimbo": rui.hidden("carimbo")}
    response = rui.post(f"{ROOT}/calendario", **fields)
    assert response.status_code == 422
    assert sentence in response.text
    assert desk.store.calendars.find().week == desk.store.calendars.default.week


def test_the_example_is_the_check_case_of_the_manual_and_saves_nothing(desk: Desk, rui: Browser) -> None:
    fields = {**WEEK, "nacionais": "S", "acao": "exemplo", "inicio": "2016-06-30T14:10", "duracao": "8"}
    assert "01/07/2016 12:10" in rui.post(f"{ROOT}/calendario", **fields).text
    assert "01/07/2016 00:00" not in rui.post(f"{ROOT}/calendario", **fields).text
    all_day = {**fields, **{f"dia-{number}": "00:00-24:00" for number in range(7)}}
    assert "30/06/2016 22:10" in rui.post(f"{ROOT}/calendario", **all_day).text
    for odd in ("0001-01-01T00:00", "9999-12-31T23:59", "x", ""):
        assert rui.post(f"{ROOT}/calendario", **{**fields, "inicio": odd, "duracao": "9999"}).status_code == 200
    assert history(desk) == []


def test_holidays_are_added_removed_and_national_ones_worked(desk: Desk, rui: Browser) -> None:
    path = f"{ROOT}/calendario/feriados"
    own = {"dia": "2026-10-24", "nome": "Aniversário de Goiânia", "anual": "S", "acao": "incluir"}
    assert "todo ano" in rui.follow(rui.post(path, **own)).text
    rui.follow(rui.post(path, **own))
    assert rui.post(path, **{**own, "nome": "Outro"}).status_code == 422
    year = date.today().year
    rui.follow(rui.post(path, dia=f"{year}-12-25", nome="Natal", acao="trabalhar"))
    assert "Voltar a folgar" in rui.page
    assert date(year, 12, 25) not in desk.store.calendars.current.holidays
    rui.follow(rui.post(path, dia=f"{year}-12-25", acao="remover"))
    rui.follow(rui.post(path, dia=f"{year}-12-25", acao="remover"))
    assert date(year, 12, 25) in desk.store.calendars.current.holidays
    assert desk.store.calendars.find().own == (OwnDay(date(2026, 10, 24), "Aniversário de Goiânia", is_yearly=True),)
    for wrong in ({"dia": ""}, {"dia": "2026-13-01"}, {"nome": ""}):
        assert rui.post(path, **{**own, **wrong}).status_code == 422


def test_monday_to_friday_are_filled_at_once_and_saved_only_when_asked(desk: Desk, rui: Browser) -> None:
    path = f"{ROOT}/calendario"
    rui.get(path)
    typed = {"carimbo": rui.hidden("carimbo"), "dia-5": "08:00-12:00", "nacionais": "S"}
    assert rui.post(path, acao="preencher", uteis="", **typed).status_code == 422
    page = rui.post(path, acao="preencher", uteis="09:00-12:00, 13:00-17:00", **typed).text
    assert page.count('value="09:00-12:00 13:00-17:00"') == 5
    assert "Estes turnos ainda não foram gravados." in page
    assert desk.store.calendars.find().week[0] != read_shifts("09:00-12:00 13:00-17:00")
    days = {f"dia-{number}": "09:00-12:00 13:00-17:00" for number in range(5)}
    rui.follow(rui.post(path, acao="gravar", **typed, **days))
    week = desk.store.calendars.find().week
    assert [len(shifts) for shifts in week] == [2, 2, 2, 2, 2, 1, 0]
