"""What a page asks of an import, and what it is told of it: plain values that pass between processes."""

from dataclasses import dataclass, field

from soap_service.rules.import_causes import Told
from soap_service.rules.import_columns import DEFAULT_SOURCE


class ImportFailed(Exception):
    """The process that should import ended without an answer."""


@dataclass(frozen=True)
class ImportJob:
    """What is to be done with a file; see docs/import.md for the options, which the command has, too."""

    kind: str
    is_dry: bool = True
    is_updating: bool = False
    is_creating: bool = False
    has_history_file: bool = False
    source: str = DEFAULT_SOURCE
    maps: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ""


@dataclass(frozen=True)
class Imported:
    """What became of the lines; it is `is_whole` unless the time was over before the file was."""

    lines: int = 0
    rejected: int = 0
    added: int = 0
    changed: int = 0
    left: int = 0
    problems: list[tuple[int, Told]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    is_whole: bool = True
    unknown_responsibles: int = 0
    unknown_contacts: int = 0
