"""The commands import and export: files of other desks in, tables out. docs/import.md describes them."""

import argparse
import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from soap_service.cli.commands import Command, Commands, add_command, add_group, add_settings, open_store_and_settings
from soap_service.cli.sentences import tell_failure
from soap_service.errors import InputRefused, SoapServiceError
from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.rules.import_columns import DEFAULT_SOURCE
from soap_service.rules.import_values import escape_cell

if TYPE_CHECKING:
    from soap_service.importing.files import TableKind
    from soap_service.importing.running import Summary
    from soap_service.store import Store

#: Exit statuses that a cron job can tell apart.
ALL_WELL, SOME_REJECTED, NOT_DONE = 0, 1, 2
_BAR = 30
#: How often the bar is drawn, in parts of the whole.
_STEP = 0.005


def add_commands(commands: Commands) -> None:
    """Add the commands import and export."""
    status = "exit status 0: all taken; 1: some lines rejected; 2: nothing could be done, or not to the end"
    imports = add_group(
        commands, "import", "take requesters and requests in from files of another desk", "requesters people.csv"
    )
    for name, run, example in (
        ("requesters", _import_requesters, "soap-service import requesters people.csv --rejects rejects.csv"),
        ("requests", _import_requests, "soap-service import requests tickets.xlsx --source glpi --update"),
    ):
        text = f"take {name} in from CSV, XLSX or JSON lines; {status}"
        parser = add_command(imports, name, text, exiting(run), example)
        parser.add_argument("file", metavar="FILE", help="the file; - for standard input")
        parser.add_argument("--dry-run", action="store_true", help="say what would become of each line, change nothing")
        parser.add_argument(
            "--update", action="store_true", help="change those that are there; else they are left alone"
        )
        text = "OURS=COLUMN, or OURS:VALUE=OURS for a value; may be repeated"
        parser.add_argument("--map", action="append", default=[], metavar="MAP", help=text)
        text = "write the rejected lines there, to be corrected and imported again"
        parser.add_argument("--rejects", type=Path, metavar="FILE", help=text)
        parser.add_argument("--encoding", default="", help="utf-8, cp1252, utf-16 ...; found out if not given")
        parser.add_argument("--delimiter", default="", help='",", ";", "|" or tab; found out if not given')
        settings = ["database_url", "first_request_number", "time_zone", "working_days", "working_hours", "holidays"]
        if name == "requests":
            text = "name of the desk they come from, unless a column origem says it (default %(default)s)"
            parser.add_argument("--source", default=DEFAULT_SOURCE, help=text)
            text = "make services, groups and requesters that are not there; else such a line is rejected"
            parser.add_argument("--create", action="store_true", help=text)
            text = "a second file with lines of history: numero, data, quem, acao, texto"
            parser.add_argument("--history", default="", metavar="FILE", help=text)
        add_settings(parser, settings)
    exports = add_group(
        commands, "export", "write requesters, requests or calls as a table", "requesters --output people.csv"
    )
    for name in ("requesters", "requests", "calls"):
        example = f"soap-service export {name} --output {name}.csv"
        parser = add_command(exports, name, f"write all {name} as CSV or JSON lines", exiting(_export), example)
        parser.set_defaults(what=name)
        parser.add_argument("--format", choices=("csv", "jsonl"), default="csv", help="default csv")
        parser.add_argument("--output", type=Path, metavar="FILE", help="the file; else standard output")
        add_settings(parser, ["database_url", "time_zone"])


def exiting(run: Callable[[argparse.Namespace, "Store", Any], int]) -> Command:
    """Return a command that ends with one of our exit statuses."""

    def command(options: argparse.Namespace) -> None:
        try:
            store, settings = open_store_and_settings(options)
            status = run(options, store, settings)
            print(end="", flush=True)
        except (SoapServiceError, OSError) as error:
            tell_failure(error)
            status = NOT_DONE
        if status:
            raise SystemExit(status)

    return command


def _import_requesters(options: argparse.Namespace, store: "Store", settings: Any) -> int:
    from soap_service.importing.files import TableKind

    taker = store.tables.import_requesters(options.update, options.dry_run)
    summary = _run(options, options.file, TableKind.REQUESTERS, taker, options.rejects)
    return _report("requesters", summary, options)


def _import_requests(options: argparse.Namespace, store: "Store", settings: Any) -> int:
    from soap_service.importing.files import TableKind, check_source
    from soap_service.storage.history_imports import RequestImportOptions

    told = RequestImportOptions(
        check_source(options.source),
        store.calendars.current,
        settings.first_request_number,
        options.update,
        options.create,
        options.dry_run,
        bool(options.history),
    )
    taker = store.tables.import_requests(told)
    summary = _run(options, options.file, TableKind.REQUESTS, taker, options.rejects)
    status = _report("requests", summary, options)
    if taker.unknown_responsibles:
        print(f"responsible unknown, left without: {taker.unknown_responsibles}", file=sys.stderr)
    if taker.unknown_contacts:
        print(f"contact unknown, left without: {taker.unknown_contacts}", file=sys.stderr)
    if options.history:
        rejects = options.rejects and options.rejects.with_name(f"{options.rejects.stem}-history.csv")
        history = store.tables.import_history(told)
        summary = _run(options, options.history, TableKind.HISTORY, history, rejects)
        status = max(status, _report("lines of history", summary, options))
    return status


def _run(options: argparse.Namespace, name: str, kind: "TableKind", taker: Any, rejects: Path | None) -> "Summary":
    from soap_service.importing.files import Reading, take_file

    if rejects is not None and name != "-" and rejects.exists() and rejects.samefile(name):
        raise InputRefused("rejects", "it is the file that is imported")
    reading = Reading(_maps_for(options.map, kind), options.encoding, options.delimiter)
    bar = _Bar(sys.stderr)
    try:
        return take_file(name, kind, reading, taker, rejects, bar.draw)
    finally:
        bar.end()


def _maps_for(given: Sequence[str], kind: str) -> Sequence[str]:
    """Return the maps of a file; those of requests are not those of its second file."""
    if kind != "history":
        return [one for one in given if not one.startswith("history.")]
    return [one.removeprefix("history.") for one in given if one.startswith("history.")]


def _report(what: str, summary: "Summary", options: argparse.Namespace) -> int:
    if summary.unread:
        print(f"columns not read: {', '.join(summary.unread)}", file=sys.stderr)
    for line, cause in summary.problems:
        print(f"line {line}: {cause}", file=sys.stderr)
    if summary.rejected > len(summary.problems):
        print(f"and {summary.rejected - len(summary.problems)} more", file=sys.stderr)
    counts = summary.counts
    dry = " (dry run: nothing was changed)" if options.dry_run else ""
    print(
        f"{what}: {summary.lines} read, {counts['added']} added, {counts['changed']} changed, "
        f"{counts['left alone']} left alone, {summary.rejected} rejected{dry}"
    )
    if not summary.rejected:
        return ALL_WELL
    return SOME_REJECTED if counts.total() else NOT_DONE


class _Bar:
    """A bar on a terminal, and nothing elsewhere."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._is_shown = stream.isatty()
        self._drawn = -1.0

    def draw(self, part: float, lines: int) -> None:
        """Draw how far it is."""
        if self._is_shown and part - self._drawn >= _STEP:
            self._drawn = part
            full = round(part * _BAR)
            self._stream.write(f"\r[{'#' * full}{'.' * (_BAR - full)}] {part:4.0%}  {lines:,} lines")
            self._stream.flush()

    def end(self) -> None:
        """Clear the line."""
        if self._is_shown and self._drawn >= 0:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


_EXPORTED = {"requesters": RecordKind.REQUESTER, "requests": RecordKind.REQUEST, "calls": RecordKind.CALL}


def _export(options: argparse.Namespace, store: "Store", settings: Any) -> int:
    from soap_service.storage import exports

    desk = store.tables.export(settings.zone)
    header, rows = {
        "requesters": (exports.REQUESTER_HEADER, desk.requesters),
        "requests": (exports.REQUEST_HEADER, desk.requests),
        "calls": (exports.CALL_HEADER, desk.calls),
    }[options.what]
    store.audit.write(AuditKind.EXPORTED, _EXPORTED[options.what])
    with written(options.output) as stream:
        _write(stream, options.format, header, rows())
    return ALL_WELL


@contextmanager
def written(file: Path | None) -> Iterator[IO[str]]:
    """Give a stream to a file, which is there once it is whole, for its owner alone; else standard output."""
    if file is None:
        stream = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
        try:
            yield stream
            stream.flush()
        finally:
            stream.detach()
        return
    partial = file.with_name(f"{file.name}.partial")
    descriptor = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.rename(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _write(stream: IO[str], kind: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    if kind == "jsonl":
        for row in rows:
            stream.write(json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) + "\n")
        return
    stream.write("\ufeff")  # by which Excel knows UTF-8
    writer = csv.writer(stream, delimiter=";")
    writer.writerow(header)
    for row in rows:
        writer.writerow([escape_cell(cell) for cell in row])
