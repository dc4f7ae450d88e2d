"""Twelve files as desks really write them, imported by the command, and what the IVR answers afterwards.

On both databases, each line of the table in docs/integration.md is written anew and must be the one that stands there.
"""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from openpyxl import Workbook

from soap_service.rules.documents import format_document, has_valid_check_digits
from tests.conftest import Service, element, start_service
from tests.demonstration import create_demo_database
from tests.importing import Desk
from tests.postgres import drop_database

TABLE = Path(__file__).resolve().parents[2] / "docs" / "integration.md"
COLUMNS = ("numero", "cpf", "nome", "servico", "grupo", "situacao", "aberta_em", "prazo", "encerrada_em", "descricao")
OPEN, SOLVED, SUSPENDED = "Em andamento", "Resolvida", "Suspensa"
LATE, BEGUN, ENDED = "31/12/2099 18:00", "10/03/2025 09:00", "11/03/2025 10:00"


def cpf(number: int) -> str:
    """Return a CPF by its first nine digits."""
    return next(one for end in range(100) if has_valid_check_digits(one := f"{number:09}{end:02}"))


def line(number: object, document: str, situation: str = OPEN, **more: str) -> list[str]:
    """Return the cells of a request, by our columns."""
    ended = ENDED if situation in (SOLVED, "Fechada", "Encerrada", "Concluída") else ""
    cells = {"numero": str(number), "cpf": document, "nome": "José da Silva", "servico": "Rede", "grupo": "SDNIVEL1"}
    cells |= {"situacao": situation, "aberta_em": BEGUN, "prazo": LATE, "encerrada_em": ended, "descricao": "Sem rede"}
    return list({**cells, **more}.values())


def text(*lines: list[str], delimiter: str = ";", end: str = "\n", head: tuple[str, ...] = COLUMNS) -> str:
    return end.join(delimiter.join(one) for one in (list(head), *lines)) + end


def workbook(*rows: Sequence[object], change: Callable[[str], str] = str) -> bytes:
    """Return an XLSX with these rows, its sheet's XML changed."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in rows:
        sheet.append(cells)
    file, made = io.BytesIO(), io.BytesIO()
    book.save(file)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()) if name == "xl/worksheets/sheet1.xml" else content)
    return made.getvalue()


def _mark_and_breaks() -> bytes:
    rows = line(201001, cpf(201), descricao='"Sem rede\r\nno 2º andar; ""urgente"""'), line(201002, cpf(201), SOLVED)
    return text(*rows, line(201003, cpf(202)), end="\r\n").encode("utf-8-sig")


def _windows() -> bytes:
    rows = line(202001, cpf(203), SUSPENDED, nome="Conceição"), line(202002, cpf(203), "Concluída", nome="João")
    broken = text(line(202003, cpf(203), nome="Jo§o"), delimiter=",").splitlines()[1].encode("latin-1")
    return text(*rows, delimiter=",").encode("cp1252") + broken.replace(b"\xa7", b"\x81") + b"\r\n"


def _utf_16() -> bytes:
    rows = line(203001, format_document(cpf(204))), line("2025031010000123", cpf(204))
    return text(*rows, line(203002, format_document(cpf(204))), delimiter="\t", end="\r\n").encode("utf-16")


def _excels_words() -> bytes:
    rows = (line(n, f'="{cpf(5)}"', SOLVED if n == 204002 else OPEN, nome='="Zé"') for n in (204001, 204002))
    return ("sep=|\r\n" + text(*rows, line(204003, "=1+1"), delimiter="|")).encode()


def _lost_zeros() -> bytes:
    short = cpf(1234567).lstrip("0")
    rows = line(205001, short), line("205002.0", f"{short}.0"), line(205003, f"{int(cpf(205)):.3E}".replace(".", ","))
    return text(*rows).encode()


def _blank_lines() -> bytes:
    head, *rows = text(line(206001, cpf(206)), line(206002, cpf(206), descricao='"nunca fechada')).splitlines()
    long = ";".join([*line(206003, cpf(206)), "a mais"])
    last = ";".join(line(206004, cpf(207)))
    return f"\n\n{head}\n\n{rows[0]};;\n;;;;\n{rows[1]}\n{long}\n\n{last};\n".encode()


def _spanish() -> bytes:
    head = ("Título", "ESTADO", "Fecha de apertura", "Plazo", "Fecha de cierre", "Documento", "Nombre", "Servicio")
    places = (
        "descricao",
        "situacao",
        "aberta_em",
        "prazo",
        "encerrada_em",
        "cpf",
        "nome",
        "servico",
        "grupo",
        "numero",
    )
    rows = []
    for one in (line(207001, cpf(208), "En curso"), line(207002, cpf(208), "Cerrada"), line(207003, cpf(208), "Rota")):
        cells = dict(zip(COLUMNS, one, strict=True))
        cells["encerrada_em"] = ENDED if cells["situacao"] == "Cerrada" else ""
        rows.append([*(cells[name] for name in places), "azul"])
    return text(*rows, head=(*head, "Grupo", "Número", "Color")).encode()


def _english() -> bytes:
    head = ("id", "tax_id", "customer", "category", "team", "status", "created_at", "due_at", "solved_at", "subject")
    zero = "0000-00-00 00:00:00"
    times = {"aberta_em": "2025-03-10T12:00:00Z", "prazo": "2099-12-31 21:00:00 UTC", "encerrada_em": zero}
    rows = line(208001, cpf(209), "open", **times), line(208002, cpf(209), "waiting for vendor", **times)
    closed = {**times, "encerrada_em": "2025-03-11 10:00:00 -0300"}
    return text(*rows, line(208003, cpf(209), "closed successful", **closed), delimiter=",", head=head).encode()


def _wrong_dimension() -> bytes:
    rows = line(209001, cpf(210)), line(209002, cpf(210)), line("209-3", cpf(210))

    def change(xml: str) -> str:
        assert 'ref="A1:J4"' in xml
        return xml.replace('ref="A1:J4"', 'ref="A1:B1"')

    return workbook(COLUMNS, *rows, change=change)


def _serials_and_formulas() -> bytes:
    days = {"aberta_em": "45726.375", "prazo": "73050.75"}
    first, second = line(210001, cpf(211), **days), line(210002, cpf(211))
    cells: list[list[object]] = [list(COLUMNS)]
    for one in (first, second):
        numbers = dict(zip(COLUMNS, one, strict=True))
        row: list[object] = [int(numbers["numero"]), int(numbers["cpf"]), *one[2:]]
        row[6:8] = [float(days["aberta_em"]), float(days["prazo"])]
        cells.append(row)
    cells[2][6] = "=NOW()"  # saved by a program that has computed nothing
    named = '<c r="C2" t="str"><f>UPPER("josé")</f><v>JOSÉ</v></c>'

    def change(xml: str) -> str:
        begin = xml.index('<c r="C2"')
        return xml[:begin] + named + xml[xml.index("</c>", begin) + 4 :]

    return workbook(*cells, change=change)


def _twice() -> bytes:
    rows = line(211001, cpf(212)), line(211001, cpf(212), SOLVED), line(211002, cpf(212)), line(34534, cpf(212))
    return text(*rows, line(211003, cpf(212), SOLVED, encerrada_em="")).encode()


def _bomb() -> bytes:
    packed = bytearray(workbook(COLUMNS, line(212001, cpf(213))))
    place = 0
    while (place := packed.find(b"PK\x01\x02", place)) >= 0:
        packed[place + 24 : place + 28] = (0x7FFFFFFF).to_bytes(4, "little")
        place += 4
    return bytes(packed)


@dataclass(frozen=True)
class File:
    """A file, its trouble, whom and what the IVR asks for afterwards, and what the command is told beside it."""

    name: str
    trouble: str
    make: Callable[[], bytes]
    caller: str
    number: int
    more: tuple[str, ...] = ()


FILES = [
    File("1.csv", "UTF-8 with mark, `;`, CRLF, quoted line breaks and quotes", _mark_and_breaks, cpf(201), 201002),
    File("2.csv", "Windows-1252, commas, a byte that is no letter there", _windows, cpf(203), 202001),
    File("3.txt", "UTF-16, tabs, documents with points, a number of 16 digits", _utf_16, cpf(204), 203001),
    File("4.csv", 'Excel\'s `sep=\\|` and `="…"`, a formula as document', _excels_words, cpf(5), 204001),
    File("5.csv", "documents without zeros, as floats, rounded", _lost_zeros, cpf(1234567), 205001),
    File("6.csv", "blank lines, delimiters at the end, an open quote, a cell too many", _blank_lines, cpf(206), 206001),
    File("7.csv", "Spanish, in another order, one column and one word unknown", _spanish, cpf(208), 207002),
    File(
        "8.csv",
        "English, moments of other zones, `0000-00-00`, a word mapped",
        _english,
        cpf(209),
        208002,
        ("--map", "situacao:waiting for vendor=Suspensa"),
    ),
    File("9.xlsx", "a dimension that is wrong, a number that is none", _wrong_dimension, cpf(210), 209002),
    File("10.xlsx", "dates as days, formulas with and without a value", _serials_and_formulas, cpf(211), 210001),
    File("11.csv", "a number twice, one of ours, no time of closing", _twice, cpf(212), 211001),
    File("12.xlsx", "an archive that says it unpacks to 20 GiB", _bomb, cpf(213), 212001),
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A demonstration of the module's own, on each database."""
    url = "" if request.param == "sqlite" else create_demo_database(request.getfixturevalue("postgres_url"))
    service = start_service(tmp_path_factory.mktemp("imported"), database_url=url)
    yield service
    assert service.stop() == 0 and "Traceback" not in service.log, service.log
    if url:
        drop_database(request.getfixturevalue("postgres_url"), url)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_ivr_knows_what_was_imported(
    desk: Service, file: File, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / file.name).write_bytes(file.make())
    command = Desk(desk.store, tmp_path, capsys)
    rejects = tmp_path / "rejects.csv"
    command.run("import", "requests", tmp_path / file.name, "--create", "--rejects", rejects, *file.more)
    row = _row(desk, file, command)
    assert row in TABLE.read_text("utf-8").splitlines(), f"{row}\n{command.err}"
    rejected = command.counts()[4] if command.out else 0
    assert (len(command.rows(rejects)) if rejects.exists() else 0) == rejected


def _row(desk: Service, file: File, command: Desk) -> str:
    """Return the line of the table."""
    counts = command.counts() if command.out.strip() else (0, 0, 0, 0, 0)
    causes = [
        said.partition(": ")[2].removeprefix("file: ")
        for said in command.err.splitlines()
        if said.startswith(("line ", "soap-service"))
    ]
    count = element(desk.call("obterQtdeSolicitacoes", cpf=file.caller), "obterQtdeSolicitacoesResult")
    answer = desk.call("obterDadosSolicitacao", id=file.number)
    if "<faultcode>" in answer:
        told = element(answer, "codigo")
    else:
        due = "no deadline" if "<tns:prazoLimite xsi:nil" in answer else element(answer, "prazoLimite")
        late = {"true": "in time", "false": "late"}[element(answer, "dentroDoPrazo")]
        told = f"{element(answer, 'situacao')}, {element(answer, 'dataAbertura')}, {due}, {late}"
    said = "; ".join(causes).replace("|", "\\|")
    added = f"{counts[1]} of {counts[0]}" + (f", {counts[3]} left alone" if counts[3] else "")
    spoken = f"`{count}`" if count else "nothing"
    return f"| {file.name} | {file.trouble} | {added} | {said or '-'} | {spoken} | {file.number}: {told} |"
