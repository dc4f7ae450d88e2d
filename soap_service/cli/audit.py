"""The command audit: who saw and did what, as a table or JSON lines; and whether the audit is whole."""

import argparse
import csv
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from soap_service.cli.commands import Commands, add_command, add_settings
from soap_service.cli.tables import ALL_WELL, SOME_REJECTED, exiting, written
from soap_service.errors import InputRefused
from soap_service.rules.auditing import AuditKind, RecordKind, as_line, told_row
from soap_service.rules.import_values import escape_cell

if TYPE_CHECKING:
    from soap_service.store import AuditFilter, Store

_HEADER = ("id", "at", "who_kind", "who", "agent_id", "from", "kind", "record_kind", "record")
_POLL_SECONDS = 1.0


def add_commands(commands: Commands) -> None:
    """Add the command audit."""
    text = "show who saw and did what, or verify that no row is missing or changed"
    example = "soap-service audit --who maria --since 2026-11-01 --format jsonl"
    parser = add_command(commands, "audit", text, exiting(_audit), example)
    parser.add_argument("--who", default="", help="login of an agent, name of a platform, user of a command")
    parser.add_argument("--kind", choices=[*AuditKind], metavar="KIND", help=f"one of: {', '.join(AuditKind)}")
    record = f"KIND, or KIND:ID, of {', '.join(filter(None, RecordKind))}"
    parser.add_argument("--record", default="", help=record)
    parser.add_argument("--since", default="", help="a day or an instant: 2026-11-20, 2026-11-20T09:00")
    parser.add_argument("--until", default="", help="a day, which is shown, or an instant")
    parser.add_argument("--format", choices=("table", "csv", "jsonl"), default="table", help="default %(default)s")
    parser.add_argument("--output", type=Path, metavar="FILE", help="the file; else standard output")
    parser.add_argument("--follow", action="store_true", help="go on with rows as they are sealed, until Ctrl+C")
    text = "recompute every seal: exit status 0: whole; 1: rows were changed or are missing; 2: nothing could be done"
    parser.add_argument("--verify", action="store_true", help=text)
    text = "with --verify: a digest that an earlier verification printed, which must still be there"
    parser.add_argument("--expect", default="", metavar="DIGEST", help=text)
    add_settings(parser, ["database_url", "time_zone"])


def _audit(options: argparse.Namespace, store: "Store", settings: Any) -> int:
    if options.verify or options.expect:
        return _verify(store, options.expect)
    if options.follow and options.output is not None:
        raise InputRefused("follow", "it goes to standard output alone")
    wanted = _wanted(options, settings.zone)
    store.audit.write(AuditKind.AUDIT_READ, RecordKind.AUDIT)
    if options.follow:
        _write(sys.stdout, options.format, _following(store, wanted), settings.zone)
        return ALL_WELL
    with written(options.output) as stream:
        _write(stream, options.format, store.audit.iterate(wanted), settings.zone)
    return ALL_WELL


def _verify(store: "Store", expected: str) -> int:
    found = store.audit_seals.verify(expected)
    for problem in found.problems:
        print(problem, file=sys.stderr)
    verdict = "not whole" if found.problems else "whole"
    print(
        f"the audit is {verdict}: {found.row_count} rows in {found.seal_count} seals, {found.unsealed} not sealed yet"
    )
    if found.digest:
        print(f"digest of the newest seal: {found.digest}")
    return SOME_REJECTED if found.problems else ALL_WELL


def _following(store: "Store", wanted: "AuditFilter") -> Iterator[Any]:
    """Yield the sealed rows that there are, then those that are sealed meanwhile."""
    seal = store.audit_seals.newest()
    yield from (row for row in store.audit.iterate(wanted) if row.seal_id is not None and row.seal_id <= seal)
    while True:
        newest = store.audit_seals.newest()
        yield from store.audit.iterate_sealed(wanted, seal, newest)
        seal = newest
        sys.stdout.flush()
        time.sleep(_POLL_SECONDS)


def _wanted(options: argparse.Namespace, zone: tzinfo) -> "AuditFilter":
    from soap_service.store import AuditFilter

    record_kind, _, record = options.record.partition(":")
    if record_kind not in [*RecordKind]:
        raise InputRefused("record", f"choose from {', '.join(filter(None, RecordKind))}")
    since, until = _instant("since", options.since, zone), _instant("until", options.until, zone)
    if until is not None and "T" not in options.until and " " not in options.until:
        until += timedelta(days=1)
    return AuditFilter(options.who, options.kind or "", record_kind, record, since, until)


def _instant(name: str, typed: str, zone: tzinfo) -> datetime | None:
    if not typed:
        return None
    try:
        instant = datetime.fromisoformat(typed)
    except ValueError:
        raise InputRefused(name, f"{typed!r} is no day and no instant; write 2026-11-20 or 2026-11-20T09:00") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)


def _write(stream: IO[str], kind: str, rows: Iterable[Any], zone: tzinfo) -> None:
    if kind == "csv":
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(_HEADER)
        for row in rows:
            writer.writerow([escape_cell(str("" if cell is None else cell)) for cell in told_row(row).values()])
        return
    for row in rows:
        stream.write((as_line(told_row(row)) if kind == "jsonl" else _line(row, zone)) + "\n")


def _line(row: Any, zone: tzinfo) -> str:
    at = f"{row.happened_at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if row.happened_at else "?"
    who = f"{row.actor_kind} {row.actor}".rstrip()
    record = f"{row.record_kind} {row.record}".strip()
    return f"{row.id:<8} {at}  {who:<28} {row.address or '-':<15}  {row.kind:<20} {record}".rstrip()
