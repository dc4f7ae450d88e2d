"""Taking a table in, batch after batch: what is read, what is rejected and why, and how far it is.

Each batch is one short transaction, made as large as fits into the time that its taker may hold up others: calls that
arrive meanwhile wait for no more than one of them.
"""

import csv
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from soap_service.importing.tables import Row, Table
from soap_service.rules.import_causes import Told, Unreadable
from soap_service.rules.import_columns import REJECTED_CAUSE, REJECTED_LINE, ColumnMap
from soap_service.rules.import_values import escape_cell, undo_cell
from soap_service.rules.names import fold_name

_FIRST_BATCH, _SMALLEST_BATCH, _LARGEST_BATCH = 100, 20, 2000
_PROBLEMS_KEPT = 20

Line = TypeVar("Line")
ADDED, CHANGED, LEFT = "added", "changed", "left alone"


class Taker(Protocol[Line]):
    """What takes lines into the database.

    `held` tells how long the last transaction kept others waiting, as a part of the time for which it may.
    """

    held: float

    def read(self, cells: Mapping[str, str]) -> Line:
        """Return what the cells of a line say, by our names of columns; raises Unreadable."""
        ...

    def keys_of(self, line: Line) -> Sequence[object]:
        """Return what makes two lines speak of the same thing: they do not come in one batch."""
        ...

    def take(self, lines: Sequence[Line]) -> list[str]:
        """Take lines in, all or none; return for each ADDED, CHANGED, LEFT or the cause of its rejection."""
        ...


@dataclass
class Summary:
    """What became of the lines, the first problems with their line numbers, and the columns that mean nothing."""

    counts: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    rejected: int = 0
    problems: list[tuple[int, Told]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    is_whole: bool = True


class Rejects:
    """The file of rejected lines: as they were, with their line and cause, for its owner alone."""

    def __init__(self, file: Path | None, table: Table, stack: ExitStack) -> None:
        self._write: Callable[[Iterable[str]], object] | None = None
        self._columns = len(table.header)
        if file is None:
            return
        # A line of an earlier file of rejects has had its cause already.
        self._kept = [n for n, name in enumerate(table.header) if name not in (REJECTED_LINE, REJECTED_CAUSE)]
        descriptor = os.open(file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        opened = stack.enter_context(os.fdopen(descriptor, "w", encoding="utf-8-sig", newline=""))
        self._write = csv.writer(opened, delimiter=table.delimiter).writerow
        self._write([*(table.header[n] for n in self._kept), REJECTED_LINE, REJECTED_CAUSE])

    def add(self, row: Row, cause: str) -> None:
        """Write a line that was rejected."""
        if self._write is not None:
            cells = [row.cells[n] if n < len(row.cells) else "" for n in self._kept]
            cells += row.cells[self._columns :]
            self._write([*(escape_cell(undo_cell(cell)) for cell in cells), str(row.line), cause])


class Run(Generic[Line]):
    """One import of one table; where `seconds` is not 0 it ends orderly after them, and the summary says so."""

    def __init__(
        self,
        table: Table,
        columns: Mapping[str, int],
        mapped: ColumnMap,
        taker: Taker[Line],
        rejects: Rejects,
        tell: Callable[[float, int], None] = lambda part, lines: None,
        seconds: float = 0,
    ) -> None:
        self._ends_at = time.monotonic() + seconds if seconds else float("inf")
        self._table = table
        self._columns = list(columns.items())
        self._values = mapped.values
        self._taker = taker
        self._rejects = rejects
        self._tell = tell
        self._batch: list[tuple[Row, Line]] = []
        self._keys: set[object] = set()
        self._size = float(_FIRST_BATCH)
        self.summary = Summary()

    def __call__(self) -> Summary:
        """Take all lines in."""
        width = len(self._table.header)
        for row in self._table.rows:
            if time.monotonic() > self._ends_at:
                self.summary.is_whole = False
                break
            self.summary.lines += 1
            try:
                row.check(width)
                line = self._taker.read(self._cells(row))
            except Unreadable as unreadable:
                self._reject(row, unreadable.told)
                continue
            keys = self._taker.keys_of(line)
            if not self._keys.isdisjoint(keys):
                self._take()
            self._keys.update(keys)
            self._batch.append((row, line))
            if len(self._batch) >= self._size:
                self._take()
        self._take()
        return self.summary

    def _cells(self, row: Row) -> dict[str, str]:
        count = len(row.cells)
        cells = {key: row.cells[place] for key, place in self._columns if place < count}
        for key, values in self._values.items():
            said = fold_name(cells.get(key, ""))
            if said in values:
                cells[key] = values[said]
        return cells

    def _take(self) -> None:
        if not self._batch:
            return
        batch, self._batch, self._keys = self._batch, [], set()
        outcomes = self._taker.take([line for _, line in batch])
        ideal = len(batch) / max(self._taker.held, 0.01)
        self._size = min(_LARGEST_BATCH, max(_SMALLEST_BATCH, (self._size + ideal) / 2))
        for (row, _), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Told):
                self._reject(row, outcome)
            else:
                self.summary.counts[outcome] += 1
        self._tell(self._table.progress(), self.summary.lines)
        time.sleep(0.002)  # a writer of another process looks every 2 ms whether it is its turn

    def _reject(self, row: Row, cause: Told) -> None:
        self.summary.rejected += 1
        if len(self.summary.problems) < _PROBLEMS_KEPT:
            self.summary.problems.append((row.line, cause))
        self._rejects.add(row, cause)
