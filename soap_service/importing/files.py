"""One file taken in, whoever wants it: the command, or an administrator's page by `import_process`."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from soap_service.errors import InputRefused
from soap_service.importing.running import Rejects, Run, Summary
from soap_service.importing.tables import opened_table
from soap_service.rules.import_causes import Cause
from soap_service.rules.import_columns import (
    HISTORY_COLUMNS,
    REQUEST_COLUMNS,
    REQUESTER_COLUMNS,
    find_columns,
    read_maps,
)

_LONGEST_SOURCE = 60
_SPOKEN = {
    "number": "numero",
    "service": "servico",
    "situation": "situacao",
    "opened_at": "aberta_em",
    "happened_at": "data",
}


class TableKind(StrEnum):
    """What the lines of a file are."""

    REQUESTERS = "requesters"
    REQUESTS = "requests"
    HISTORY = "history"


_COLUMNS = {
    TableKind.REQUESTERS: REQUESTER_COLUMNS,
    TableKind.REQUESTS: REQUEST_COLUMNS,
    TableKind.HISTORY: HISTORY_COLUMNS,
}
_NEEDED = {
    TableKind.REQUESTERS: (),
    TableKind.REQUESTS: ("number", "service", "situation", "opened_at"),
    TableKind.HISTORY: ("number", "happened_at"),
}


@dataclass(frozen=True)
class Reading:
    """How a file is to be read: `OURS=COLUMN` maps, its encoding and delimiter; "" to find them out."""

    maps: Sequence[str] = ()
    encoding: str = ""
    delimiter: str = ""


def take_file(
    name: str,
    kind: TableKind,
    reading: Reading,
    taker: Any,
    rejects: Path | None = None,
    tell: Callable[[float, int], None] = lambda part, lines: None,
    seconds: float = 0,
) -> Summary:
    """Take a file in, `-` for standard input, for so many seconds at most where that is not 0.

    Raises: InputRefused for what is no table, or lacks a column; OSError.
    """
    known = _COLUMNS[kind]
    mapped = read_maps(reading.maps, known)
    with ExitStack() as stack:
        table = stack.enter_context(opened_table(name, reading.encoding, reading.delimiter))
        columns, unread = find_columns(table.header, known, mapped)
        _check(kind, columns)
        run = Run(table, columns, mapped, taker, Rejects(rejects, table, stack), tell, seconds)
        run.summary.unread = unread
        return run()


def check_source(name: str) -> str:
    """Return the name of a source, trimmed; raises InputRefused."""
    trimmed = name.strip()
    if not trimmed or len(trimmed) > _LONGEST_SOURCE:
        raise InputRefused("source", Cause.INVALID_SOURCE())
    return trimmed


def _check(kind: TableKind, found: Mapping[str, int]) -> None:
    is_of_person = kind is not TableKind.HISTORY
    if is_of_person and found.keys().isdisjoint(("document", "cpf", "cnpj", "external_id")):
        raise InputRefused("columns", Cause.NO_IDENTITY_COLUMN())
    for key in _NEEDED[kind]:
        if key not in found:
            raise InputRefused("columns", Cause.MISSING_COLUMN(column=_SPOKEN[key]))
