"""Administrators import files on a page: checked, confirmed, its rejects given; the import is a process of its own."""

import csv
import io
import re
import zipfile
from dataclasses import replace

import pytest
from openpyxl import Workbook
from werkzeug.test import TestResponse

from soap_service.asgi.wsgi_bridge import LARGEST_BODY
from soap_service.rules.import_causes import Cause
from soap_service.rules.roles import Role
from soap_service.screens.administration.import_causes import SENTENCES, cause_in
from soap_service.screens.bounded_request import LARGEST_UPLOAD
from soap_service.store import AuditFilter
from tests.screens.conftest import Browser, Desk

HERE = "/administracao/importar"
CPF, OTHER = "52998224725", "12345678909"
PEOPLE = f"cpf;nome;telefone;cor\n{CPF};João Lima;62 4000;azul\n;Sem documento;;\n{OTHER};Rita;;\n"
FIGURES = ("Linhas lidas", "Novas", "Mudadas", "Como estavam", "Rejeitadas")


def send(browser: Browser, data: bytes | str, action: str = "conferir", **fields: str) -> TestResponse:
    content = data.encode() if isinstance(data, str) else data
    checked = re.search(r'name="conferido" value="(\w*)"', browser.page)
    form = {
        "form_token": browser.token,
        "conferido": checked[1] if checked else "",
        "tabela": "solicitantes",
        "acao": action,
        "arquivo": (io.BytesIO(content), "file.csv"),
        **fields,
    }
    server = {LARGEST_BODY: LARGEST_UPLOAD}  # which has seen who sends it
    return browser._look_at(browser.client.post(HERE, data=form, environ_overrides=server))


def figures(page: str) -> list[int]:
    found = [re.search(rf"<dt>{name}</dt><dd>([\d.]+)</dd>", page) for name in FIGURES]
    return [int(one[1].replace(".", "")) for one in found if one]


def test_a_file_is_checked_and_imported_once(desk: Desk, rui: Browser) -> None:
    rui.get(HERE)
    page = send(rui, PEOPLE).text
    assert figures(page) == [3, 2, 0, 0, 1]
    assert "Nada mudou ainda" in page and "Colunas que não são lidas: cor" in page
    assert '<td data-label="Linha">3</td><td data-label="Por quê">falta o documento</td>' in page
    assert desk.store.search.find_requesters("João Lima") == []
    page = send(rui, PEOPLE, "importar").text
    assert figures(page) == [3, 2, 0, 0, 1] and "Importado" in page
    assert desk.store.requesters.find(CPF).name == "João Lima"
    page = send(rui, PEOPLE, "importar").text
    assert figures(page) == [3, 0, 0, 2, 1]
    rows = desk.store.audit.list_page(AuditFilter(kind="imported"))
    assert [(one.actor, one.record_kind) for one in rows] == [("rui", "requester")] * 2


def test_histories_come_in_a_file_of_their_own(desk: Desk, rui: Browser) -> None:
    requests = f"numero;cpf;nome;servico;grupo;situacao;aberta_em\n7001;{CPF};João;Rede;N9;aberta;2026-01-05 09:00\n"
    options = {"tabela": "solicitacoes", "criar": "S", "historico_a_parte": "S"}
    rui.get(HERE)
    send(rui, requests, **options)
    assert figures(send(rui, requests, "importar", **options).text) == [1, 1, 0, 0, 0]
    history = (
        "numero;data;quem;acao;texto\n7001;2026-01-05 09:01;Eva;abertura;\n"
        "7001;2026-01-05 10:00;Eva;anotação;Cabo trocado\n7002;2026-01-05 10:00;Eva;anotação;\n"
    )
    page = send(rui, history, tabela="historico").text
    assert figures(page) == [3, 2, 0, 0, 1]
    assert "não há solicitação com esse número da origem importacao" in page
    assert figures(send(rui, history, "importar", tabela="historico").text) == [3, 2, 0, 0, 1]
    assert figures(send(rui, history, "importar", tabela="historico").text) == [3, 0, 0, 2, 1]
    shown = rui.get("/solicitacoes/7001").text
    assert (shown.count("Cabo trocado"), shown.count("Automático")) == (1, 0)


def test_rejects_are_had_as_a_file_that_can_be_imported(rui: Browser) -> None:
    rui.get(HERE)
    send(rui, PEOPLE)
    answer = send(rui, PEOPLE, "rejeitadas")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="rejeitadas.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    assert [(row["nome"], row["erro_linha"], row["erro_causa"]) for row in rows] == [
        ("Sem documento", "3", "there is no document")
    ]
    corrected = answer.data.decode("utf-8-sig").replace("\n;Sem", f"\n{CPF};Sem")
    assert figures(send(rui, corrected).text) == [1, 1, 0, 0, 0]


def test_what_was_not_checked_is_not_imported(desk: Desk, rui: Browser) -> None:
    rui.get(HERE)
    send(rui, PEOPLE)
    for data, fields in ((PEOPLE + f"{CPF};Outro;;\n", {}), (PEOPLE, {"atualizar": "S"})):
        page = send(rui, data, "importar", **fields).text
        assert "não são os que foram conferidos" in page and "Nada mudou ainda" in page
        assert desk.store.search.find_requesters("João Lima") == []
        rui.get(HERE)
        send(rui, PEOPLE)


def test_options_are_those_of_the_command(desk: Desk, rui: Browser) -> None:
    rui.get(HERE)
    text = "nº|quem|nome|servico|grupo|estado|aberta_em\n700|11144477735|Maria|Nova|G9|parada|20/11/2026 09:00\n"
    fields = {"tabela": "solicitacoes", "criar": "S", "origem": "glpi", "separador": "|", "codificacao": "cp1252"}
    fields["mapa"] = "cpf=quem\r\nsituacao:parada=Suspensa\r\n"
    for action in ("conferir", "importar"):
        page = send(rui, text.encode("cp1252"), action, **fields).text
        assert figures(page) == [1, 1, 0, 0, 0], page
    request = desk.store.requests.find(700)
    assert (request.situation, request.source, request.service.name) == ("Suspensa", "glpi", "Nova")


def test_a_spreadsheet_is_read_and_its_size_bounded(rui: Browser) -> None:
    book, file = Workbook(), io.BytesIO()
    book.active.append(["documento", "nome"])
    book.active.append([int(CPF), "João"])
    book.save(file)
    rui.get(HERE)
    assert figures(send(rui, file.getvalue()).text) == [1, 1, 0, 0, 0]
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/sharedStrings.xml", "w") as part:
        for _ in range(65):
            part.write(bytes(1 << 20))
    answer = send(rui, bomb.getvalue())
    assert (answer.status_code, "ou de 64 MiB de textos: salve como CSV" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("text", "fields", "sentence"),
    [
        ("", {}, "O arquivo está vazio."),
        ("nome\nx\n", {}, "Falta uma coluna cpf"),
        ("cpf;nome\n", {"tabela": "solicitacoes"}, "Falta a coluna numero."),
        ("cpf;nome\n", {"mapa": "cor=nome"}, "NOSSO é um de:"),
        ("cpf;nome\n", {"mapa": "cpf=quem"}, "O arquivo não tem a coluna quem."),
        ("cpf;nome;name\n", {}, "Estas colunas dizem o mesmo"),
        ("cpf;nome\n", {"tabela": "outra"}, "Escolha o que o arquivo traz."),
        ("PK\x03\x04", {}, "Não é um XLSX que se possa ler."),
    ],
)
def test_a_file_that_is_no_table_is_told(rui: Browser, text: str, fields: dict[str, str], sentence: str) -> None:
    rui.get(HERE)
    answer = send(rui, text, **fields)
    assert (answer.status_code, sentence in answer.text) == (422, True), answer.text


def test_an_import_that_takes_too_long_ends_orderly_and_goes_on(desk: Desk, rui: Browser) -> None:
    premises = desk.screens._premises
    run = premises.import_file
    desk.screens._premises = replace(premises, import_file=replace(run, seconds=0.000001))  # type: ignore[type-var]
    rui.get(HERE)
    page = send(rui, PEOPLE).text
    assert "O tempo acabou depois de 0 linhas" in page
    page = send(rui, PEOPLE, "importar").text
    assert "Importe de novo para continuar" in page
    desk.screens._premises = premises
    assert figures(send(rui, PEOPLE, "importar").text) == [3, 2, 0, 0, 1]


def test_only_an_administrator_may_send_more_than_a_form(desk: Desk, rui: Browser, ana: Browser) -> None:
    def largest(browser: Browser) -> int:
        cookie = browser.client.get_cookie("soap_service_session")
        return desk.screens.largest_body({"HTTP_COOKIE": f"{cookie.key}={cookie.value}" if cookie else ""})

    assert largest(rui) == LARGEST_UPLOAD
    assert largest(ana) == largest(desk.visitor()) == 64 * 1024
    desk.give_role("ana", Role.SUPERVISOR)
    assert largest(ana) == 64 * 1024


def test_every_cause_has_a_sentence_with_none_but_its_values() -> None:
    assert set(SENTENCES) == set(Cause)
    for cause, sentence in SENTENCES.items():
        values = dict.fromkeys(re.findall(r"{(\w+)}", cause.value), "7")
        assert cause_in(str, cause(**values)) == sentence % values
