"""A table in a file, as Excel and other desks write it: CSV in any usual encoding, JSON lines, or XLSX.

It is read as a stream, so that its length costs no memory. A line that cannot be read never stops the rest.
"""

import codecs
import csv
import io
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from soap_service.errors import InputRefused
from soap_service.importing.spreadsheets import is_spreadsheet, read_spreadsheet
from soap_service.rules.import_causes import Cause, Told, Unreadable
from soap_service.rules.import_values import one_line

DELIMITERS = {",": ",", ";": ";", "tab": "\t", "\t": "\t", "\\t": "\t", "|": "|", "comma": ",", "semicolon": ";"}
_SAMPLE = 65536
#: A quoted cell goes on for so many lines and characters at most; a quote that nothing closes ends there.
_MOST_LINES_OF_A_CELL = 5000
_LONGEST_LINE = 1_000_000
#: How Excel is told that digits are a text.
_TEXT_FORMULA = re.compile('="((?:[^"]|"")*)"')
_TOO_LONG = Cause.TOO_LONG(column="line", longest=_LONGEST_LINE)
_REPLACED = "�"

csv.field_size_limit(2 * _LONGEST_LINE)


@dataclass
class Row:
    """A line of the table: where it begins in the file, its cells, and why it cannot be read if so."""

    line: int
    cells: list[str]
    cause: Told | None = None

    def check(self, columns: int) -> None:
        """Raise Unreadable for a line that could not be read, or that has more cells than the header."""
        if self.cause:
            raise Unreadable(self.cause)
        if len(self.cells) > columns and any(self.cells[columns:]):
            raise Unreadable(Cause.TOO_MANY_CELLS(cells=len(self.cells), columns=columns))


@dataclass
class Table:
    """A table's header, and its rows as they are read; `progress` tells the part that is read, from 0 to 1."""

    header: list[str]
    rows: Iterator[Row]
    delimiter: str = ";"
    progress: Callable[[], float] = field(default=lambda: 0.0)


@contextmanager
def opened_table(name: str, encoding: str = "", delimiter: str = "") -> Iterator[Table]:
    """Give the table in a file, `-` for standard input.

    Raises: InputRefused for what is no table, an unknown encoding or delimiter; OSError.
    """
    with _opened(name) as file:
        yield _table(file, name, encoding, delimiter)


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name != "-":
        with Path(name).open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as kept:  # it is read twice: once for its encoding
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.seek(0)
        yield kept


def _table(file: BinaryIO, name: str, encoding: str, delimiter: str) -> Table:
    size = max(1, file.seek(0, io.SEEK_END))
    file.seek(0)
    if is_spreadsheet(file):
        rows = read_spreadsheet(file)
        table = _headed(name, (Row(line, cells) for line, cells in rows))
        table.delimiter = ";"
        return table
    chosen = _check_encoding(encoding) if encoding else find_encoding(file)
    file.seek(0)
    lines = _Lines(file, chosen)
    first = lines.peek()
    if first.lstrip().startswith("{"):
        table = _json_lines(name, lines)
    else:
        chosen_delimiter = _delimiter(delimiter, first, lines)
        table = _headed(name, _split(lines, chosen_delimiter))
        table.delimiter = chosen_delimiter
    table.progress = lambda: min(1.0, lines.read_bytes() / size)
    return table


def _check_encoding(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except (LookupError, ValueError):
        raise InputRefused("encoding", Cause.UNKNOWN_ENCODING(name=encoding)) from None
    return "utf-8-sig" if name == "utf-8" else name


def find_encoding(file: BinaryIO) -> str:
    """Return the encoding of a file from its mark, its zeros, and which of UTF-8 and Windows-1252 fits more lines."""
    begin = file.read(_SAMPLE)
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if begin.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    even, odd = begin[0::2].count(0), begin[1::2].count(0)
    if max(even, odd) > len(begin) // 8:
        return "utf-16-le" if odd > even else "utf-16-be"
    file.seek(0)
    unicode_lines = other_lines = 0
    while line := file.readline(_LONGEST_LINE):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            unicode_lines += 1
        except UnicodeDecodeError:
            other_lines += 1
    return "cp1252" if other_lines > unicode_lines else "utf-8-sig"


def _is_cut(line: str) -> bool:
    """Tell whether a line was too long: its end was not read."""
    return len(line) >= _LONGEST_LINE and line[-1] not in "\r\n"


class _Lines:
    """The lines of a file, each with its end, or without what is too long of it.

    Broken characters are replaced, and told by their line.
    """

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._text = io.TextIOWrapper(_Unclosed(file), encoding, errors="replace", newline="")
        self._back: list[str] = []
        self.number = 0

    def next(self) -> str:
        """Return the next line, "" at the end of the file."""
        self.number += 1
        if self._back:
            return self._back.pop()
        line = self._text.readline(_LONGEST_LINE)
        if _is_cut(line):
            while _is_cut(self._text.readline(_LONGEST_LINE)):
                pass
        return line

    def give_back(self, lines: Sequence[str]) -> None:
        self.number -= len(lines)
        self._back += reversed(lines)

    def peek(self) -> str:
        """Return the first line that says something, which stays to be read."""
        seen: list[str] = []
        while (line := self.next()) and not line.strip() and len(seen) < _MOST_LINES_OF_A_CELL:
            seen.append(line)
        self.give_back([*seen, line])
        return line

    def read_bytes(self) -> int:
        return self._file.tell()


class _Unclosed(io.BufferedReader):
    """A file that the text around it does not close."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)  # type: ignore[arg-type]

    def close(self) -> None:
        self.detach()


def _delimiter(given: str, first: str, lines: _Lines) -> str:
    if given:
        if given not in DELIMITERS:
            raise InputRefused("delimiter", Cause.UNKNOWN_DELIMITER())
        return DELIMITERS[given]
    said = first.lstrip('"')
    if said.lower().startswith("sep=") and len(said) > 4:  # Excel's own word
        while not lines.next().strip():
            pass
        return said[4]
    outside = "".join(first.split('"')[::2])
    return max(";,\t|", key=outside.count)


def _split(lines: _Lines, delimiter: str) -> Iterator[Row]:
    while line := lines.next():
        number = lines.number
        if '"' in line and _is_open(line, delimiter):
            rest = _rest_of(lines, delimiter, len(line))
            if not rest:
                yield Row(number, [line.strip()], Cause.OPEN_QUOTE())
                continue
            line += rest
        if len(line) >= _LONGEST_LINE:
            yield Row(number, [line[:_SAMPLE].strip()], _TOO_LONG)
            continue
        if not line.strip():
            continue
        try:
            cells = next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter))
        except (csv.Error, StopIteration) as error:
            yield Row(number, [line.strip()], Cause.NOT_CSV(error=error))
            continue
        if '="' in line:
            cells = [_TEXT_FORMULA.sub(_text_of, cell) if cell.startswith('="') else cell for cell in cells]
        if any(cell.strip() for cell in cells):
            yield Row(number, cells, Cause.NOT_IN_ENCODING() if _REPLACED in line else None)


def _is_open(line: str, delimiter: str) -> bool:
    """Tell whether a quoted cell goes on after the line; a quote within a plain cell is a letter like others."""
    place, length = 0, len(line)
    while place < length:
        if line[place] == '"':
            place += 1
            while True:
                place = line.find('"', place)
                if place < 0:
                    return True
                if line[place + 1 : place + 2] != '"':
                    break
                place += 2
        place = line.find(delimiter, place)
        if place < 0:
            return False
        place += 1
    return False


def _rest_of(lines: _Lines, delimiter: str, length: int) -> str:
    """Return the lines that a quoted cell goes on in; "" if it never ends, or ends in the middle of a text."""
    taken: list[str] = []
    while len(taken) < _MOST_LINES_OF_A_CELL and length < _LONGEST_LINE and (more := lines.next()):
        taken.append(more)
        length += len(more)
        if '"' not in more.replace('""', ""):
            continue
        rest = more[_end_of_quoted(more) :].lstrip(" ")
        if rest.strip() and not rest.startswith(delimiter):
            break  # the quote is another line's
        if not _is_open(rest, delimiter):
            return "".join(taken)
    lines.give_back(taken)
    return ""


def _end_of_quoted(text: str) -> int:
    """Return where a quoted cell has ended that a line goes on with."""
    place = text.index('"')
    while text[place + 1 : place + 2] == '"':
        place = text.index('"', place + 2)
    return place + 1


def _text_of(formula: re.Match[str]) -> str:
    return formula[1].replace('""', '"')


def _headed(name: str, rows: Iterator[Row]) -> Table:
    first = next(rows, None)
    if first is None:
        raise InputRefused("file", Cause.EMPTY_FILE(file=name))
    if first.cause:
        raise InputRefused("file", Cause.UNREADABLE_HEADER(file=name, cause=first.cause))
    return Table([one_line(cell) for cell in first.cells], rows)


def _json_lines(name: str, lines: _Lines) -> Table:
    first = lines.peek()
    try:
        header = list(json.loads(first))
    except (ValueError, RecursionError) as error:
        raise InputRefused("file", Cause.NOT_JSON(file=name, error=error)) from None

    def rows() -> Iterator[Row]:
        while line := lines.next():
            if not line.strip():
                continue
            try:
                found = json.loads(line)
                cells = ["" if found.get(key) is None else str(found[key]) for key in header]
            except (ValueError, AttributeError, RecursionError):
                yield Row(lines.number, [line.strip()], Cause.NOT_JSON_OBJECT())
                continue
            yield Row(lines.number, cells, Cause.NOT_IN_ENCODING() if _REPLACED in line else None)

    return Table(header, rows(), ",")
