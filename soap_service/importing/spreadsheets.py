"""The first sheet of an XLSX file as lines of text. What it unpacks to has a bound: a small file may hold gigabytes."""

import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import BinaryIO

from soap_service.errors import InputRefused
from soap_service.rules.import_causes import Cause

#: All that is unpacked, and its table of texts, which is kept in memory.
MOST_UNPACKED = 1 << 30
MOST_TEXTS = 64 << 20
#: Files within the file: those of Excel have some dozens.
MOST_PARTS = 10_000
_TEXTS = "xl/sharedStrings.xml"
#: A sheet has no more. A line may claim any number, and those before it would be made up.
_MOST_LINES = 1 << 20
#: What reading a broken, foreign or encrypted archive raises.
_BROKEN = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def is_spreadsheet(file: BinaryIO) -> bool:
    """Tell whether a file is a ZIP archive, as XLSX is; raises InputRefused for an XLS of long ago."""
    begin = file.read(8)
    file.seek(0)
    if begin == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise InputRefused("file", Cause.OLD_XLS())
    return begin.startswith(b"PK\x03\x04")


def read_spreadsheet(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of each line that says something; raises InputRefused."""
    _check_size(file)
    from openpyxl import load_workbook  # who reads no spreadsheet does not wait for it

    warnings.filterwarnings("ignore", module="openpyxl")  # of styles, and of dates that are none
    try:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what is written there is often wrong
        for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            if line > _MOST_LINES:
                raise ValueError
            written = [_text(cell) for cell in cells]
            while written and not written[-1]:
                written.pop()
            if written:
                yield line, written
    except _BROKEN as error:
        raise InputRefused("file", Cause.UNREADABLE_XLSX(error=type(error).__name__)) from None


def _check_size(file: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile:
        raise InputRefused("file", Cause.UNREADABLE_XLSX(error="the archive is damaged")) from None
    if len(parts) > MOST_PARTS:
        raise InputRefused("file", Cause.UNREADABLE_XLSX(error=f"it has more than {MOST_PARTS} parts"))
    unpacked = sum(part.file_size for part in parts)
    texts = sum(part.file_size for part in parts if part.filename.lower() == _TEXTS.lower())
    if unpacked > MOST_UNPACKED or texts > MOST_TEXTS:
        raise InputRefused("file", Cause.TOO_LARGE_UNPACKED(all=MOST_UNPACKED >> 20, texts=MOST_TEXTS >> 20))
    file.seek(0)


def _text(cell: object) -> str:
    """Return a cell as CSV would have it: whole numbers without a point, moments as ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
    if isinstance(cell, time):
        return cell.isoformat()
    return str(cell)
