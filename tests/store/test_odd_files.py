"""Files that nobody would want to get: each has a clear end, in little time and memory, and stops no other line."""

import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from soap_service.store import Store
from tests.importing import Desk

CPF, OTHER, THIRD = "11144477735", "52998224725", "39053344705"
HEAD = "cpf;nome\n"
DEEP = "[" * 100_000
LEVELS = [f"&{name};" for name in "abcdefghi"]
COLUMNS = ";".join(f"c{number}" for number in range(5000))


@pytest.fixture
def desk(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(store, tmp_path, capsys)


def sheet(rows: str, doctype: str = "", texts: str = "", more: str = "") -> bytes:
    """Return an XLSX whose sheet has these rows of XML."""
    book = Workbook()
    file = io.BytesIO()
    book.save(file)
    made = io.BytesIO()
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content: str | bytes = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = f"{doctype}<worksheet {main}>{more}<sheetData>{rows}</sheetData></worksheet>"
            elif name == "xl/sharedStrings.xml" and texts:
                content = f"{doctype}<sst {main}>{texts}</sst>"
            new.writestr(name, content)
    return made.getvalue()


def row(*cells: str) -> str:
    written = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f"<row>{written}</row>"


def entities() -> str:
    """Return the declaration of a text that is ten thousand million characters long."""
    levels = "".join(f'<!ENTITY {name} "{inner * 10}">' for name, inner in zip("bcdefghij", LEVELS, strict=True))
    return f'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "aaaaaaaaaa">{levels}]>'


def lying_archive() -> bytes:
    """Return an XLSX that unpacks to 120 MB, and says 1,000 bytes of each of its parts."""
    packed = bytearray(sheet(row("cpf", "nome") + row(CPF, "A" * 1000) * 110_000))
    place = 0
    while (place := packed.find(b"PK\x01\x02", place)) >= 0:
        packed[place + 24 : place + 28] = (1000).to_bytes(4, "little")
        place += 4
    return bytes(packed)


TOP = row("cpf", "nome")
FAR = '<row r="2000000000"><c r="A2000000000" t="inlineStr"><is><t>11144477735</t></is></c></row>'
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE z [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
#: Contents, the exit status, counts, what is said of it, and the names that are there afterwards.
Odd = tuple[Callable[[], "str | bytes"], int, tuple[int, ...], str, list[str]]
FILES: dict[str, Odd] = {
    "bytes of zero": (lambda: f"{HEAD}{CPF};A\0na\n\0\0;x\n", 1, (2, 1, 0, 0, 1), "no CPF or CNPJ", ["Ana"]),
    "zeros in the header": (lambda: f"cpf;no\0me\n{CPF};Ana\n", 0, (1, 1, 0, 0, 0), "", ["Ana"]),
    "a cell of 10 MB": (
        lambda: f"{HEAD}{CPF};{'x' * 10_000_000}\n{OTHER};Bia\n",
        1,
        (2, 1, 0, 0, 1),
        "line 2: line has more than 1000000 characters",
        ["Bia"],
    ),
    "no line at all": (lambda: "x" * 3_000_000, 2, (), "line has more than 1000000 characters", []),
    "5,000 columns": (
        lambda: f"cpf;nome;{COLUMNS}\n{CPF};Ana{';v' * 5000}\n",
        0,
        (1, 1, 0, 0, 0),
        "columns not read: c0, c1",
        ["Ana"],
    ),
    "a heading twice": (lambda: f"cpf;nome;nome\n{CPF};a;b\n", 2, (), "nome and nome mean the same", []),
    "a header alone": (lambda: "cpf;nome", 0, (0, 0, 0, 0, 0), "", []),
    "lines that end in three ways": (
        lambda: f"cpf;nome\r\n{CPF};Ana\r{OTHER};Bia\n\r\n\r\r\n{THIRD};Caio",
        0,
        (3, 3, 0, 0, 0),
        "",
        ["Ana", "Bia", "Caio"],
    ),
    "sep= in quotes": (lambda: f'"sep=;"\r\ncpf;nome\r\n{CPF};Ana\r\n', 0, (1, 1, 0, 0, 0), "", ["Ana"]),
    "delimiters at the end": (
        lambda: f"cpf;nome;;\n{CPF};Ana;;\n{OTHER};B;;;;\n",
        0,
        (2, 2, 0, 0, 0),
        "",
        ["Ana", "B"],
    ),
    "emoji and combining accents": (
        lambda: f"{HEAD}{CPF};Zoe\u0301 👩\u200d👧\n{OTHER};Straße\n",
        0,
        (2, 2, 0, 0, 0),
        "",
        ["Straße", "Zoe\u0301 👩\u200d👧"],
    ),
    "marks of direction": (
        lambda: f"{HEAD}\u200e{CPF}\u200f;\u202eanA\u202c\n\ufeff{OTHER};Bia\u200b\n",
        0,
        (2, 2, 0, 0, 0),
        "",
        ["Bia", "anA"],
    ),
    "formulas that are texts": (lambda: f'{HEAD}="{CPF}";"=""Ana"""\n', 0, (1, 1, 0, 0, 0), "", ["Ana"]),
    "a quote opened in every line": (
        lambda: f'{HEAD}{CPF};"Ana\n{OTHER};"Bia\n{THIRD};Caio\n',
        1,
        (3, 1, 0, 0, 2),
        "line 3: a quote is not closed",
        ["Caio"],
    ),
    "quoted cells that go on twice": (
        lambda: f'nome;cpf;unidade\n"A\nB" ;{CPF};"x ""y""\n"\nC;{OTHER};z\n',
        0,
        (2, 2, 0, 0, 0),
        "",
        ["A B", "C"],
    ),
    "signs for the terminal": (lambda: f"{HEAD[:-1]};\x1b[2J\x9bz\n{CPF};Ana;x\n", 0, (1, 1, 0, 0, 0), "[2Jz", ["Ana"]),
    "JSON nested 100,000 deep": (
        lambda: f'{{"cpf":"{CPF}","nome":"Ana"}}\n{{"cpf":{DEEP}\n[1]\n{{"cpf":{{}}}}\n',
        1,
        (4, 1, 0, 0, 3),
        "line 2: it is no JSON object",
        ["Ana"],
    ),
    "JSON nested in its first line": (lambda: '{"a":' + DEEP, 2, (), "its first line is no JSON", []),
    "an XLSX of entities": (lambda: sheet(TOP + row(CPF, "&j;"), entities()), 2, (), "no readable XLSX", []),
    "an XLSX whose texts are entities": (
        lambda: sheet('<row><c t="s"><v>0</v></c></row>', entities(), "<si><t>&j;</t></si>"),
        2,
        (),
        "no readable XLSX",
        [],
    ),
    "an XLSX that names another file": (lambda: sheet(TOP + row(CPF, "&x;"), EXTERNAL), 2, (), "no readable XLSX", []),
    "an XLSX with a line far away": (lambda: sheet(TOP + FAR), 2, (), "no readable XLSX", []),
    "an XLSX that lies of its size": (lying_archive, 2, (), "no readable XLSX", []),
    "an XLSX that is half": (lambda: sheet(TOP + row(CPF, "Ana"))[:-700], 2, (), "no readable XLSX", []),
    "an XLSX with a damaged part": (
        lambda: (made := sheet(TOP + row(CPF, "Ana") * 500)) and made[:200] + b"\xff" * 400 + made[600:],
        2,
        (),
        "no readable XLSX",
        [],
    ),
    "an XLSX with dates that are none": (
        lambda: sheet(TOP + f"<row><c t='e'><v>#REF!</v></c></row><row><c t='d'><v>?</v></c></row>{row(CPF, 'Ana')}"),
        2,
        (),
        "no readable XLSX",
        [],
    ),
    "a DOCX": (
        lambda: archive({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"}),
        2,
        (),
        "no readable",
        [],
    ),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400, 2, (), "soap-service: ", []),
}


def archive(parts: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize("name", FILES)
def test_an_odd_file_has_a_clear_end(desk: Desk, name: str) -> None:
    content, status, counts, said, names = FILES[name]
    made = content()
    file = desk.folder / ("file.xlsx" if "XLSX" in name else "file.csv")
    file.write_bytes(made.encode() if isinstance(made, str) else made)
    rejects = desk.folder / "rejects.csv"
    assert (desk.run("import", "requesters", file, "--rejects", rejects), said in desk.err) == (status, True), desk.err
    assert not counts or desk.counts() == counts
    assert "\x1b" not in desk.err and "\x9b" not in desk.err
    assert "Warning" not in desk.err
    found = [desk.store.search.find_requesters(one) for one in (CPF, OTHER, THIRD)]
    assert sorted(one.name for people in found for one in people) == names


#: Takes each file in turn, and prints the statuses; 30 s of a processor and 1 GiB are the most it may take in all.
_WITHIN_LIMITS = """
import resource, sys
from soap_service.cli import main
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
for file in sys.argv[2:]:
    try:
        status = main(["import", "requesters", file, "--dry-run", "--database-url", sys.argv[1]])
    except SystemExit as end:
        status = end.code
    print("status", status, flush=True)
"""


@pytest.mark.timeout(300)
def test_odd_files_take_little_time_and_memory(sqlite_template: Path, tmp_path: Path) -> None:
    files, statuses = [], []
    for number, (content, status, *_) in enumerate(FILES.values()):
        made = content()
        files.append(tmp_path / f"{number}")
        files[-1].write_bytes(made.encode() if isinstance(made, str) else made)
        statuses.append(f"status {status}")
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'desk.db')}"
    command = [sys.executable, "-c", _WITHIN_LIMITS, url, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert [line for line in done.stdout.splitlines() if line.startswith("status")] == statuses, done.stderr[-3000:]
