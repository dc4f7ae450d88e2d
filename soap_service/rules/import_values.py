"""Reading the cells of another desk's file: documents, numbers, moments, histories. Pure rules.

Whatever cannot be read raises `Unreadable` with its cause, and never with a document in it.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeVar

from soap_service.errors import InvalidDocument
from soap_service.rules.documents import normalise_cell
from soap_service.rules.import_causes import Cause, Unreadable
from soap_service.rules.import_columns import action_named, kind_named, level_named, situation_named
from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.rules.situations import AUTOMATIC, FINISHED_SITUATIONS, Action, Situation, priority_of

_T = TypeVar("_T")

LONGEST_TEXT = 100_000
_LONGEST = {
    "name": 200,
    "email": 200,
    "phone": 40,
    "extension": 20,
    "unit": 200,
    "external_id": 100,
    "contract": 200,
    "contact": 200,
    "contact_email": 200,
    "contact_phone": 40,
    "service": 200,
    "group": 100,
    "source": 60,
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|[\ud800-\udfff]")
#: What copying from pages brings along: marks and orders of direction, blanks without width. Never in the middle of a
#: word that anybody would search for.
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_NUMBER = re.compile(r"#?0*([0-9]{1,20})(?:[.,]0+)?", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T,]+(\d{1,2})[:h](\d{2})(?::(\d{2}))?)?", re.ASCII)
_YEAR_FIRST = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]|$)", re.ASCII)
#: As Ruby and Zammad write it.
_ZONE_APART = re.compile(r"(\d:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(?:(UTC|GMT)|([+-]\d{2}:?\d{2}))$", re.ASCII)
#: A spreadsheet's days since 30 December 1899, in a cell that was not formatted as a date.
_SERIAL = re.compile(r"\d{5,6}(?:[.,]\d{1,15})?", re.ASCII)
_FIRST_SERIAL = datetime(1899, 12, 30)
#: What databases write for no date.
_NO_DATE = re.compile(r"0000-00-00(?:[ T]00:00(?::00)?)?|null|nunca|never", re.IGNORECASE | re.ASCII)
_ESCAPED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_HISTORY_LINE = re.compile(r"([^|\n]{8,40}?) *\| *([^|\n]*?) *\| *([^|\n]*?) *(?:\| ?(.*))?")


def escape_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; `undo_cell` gives back the text. Source: OWASP."""
    return f"'{text}" if _FORMULA.match(text) else text


def undo_cell(text: str) -> str:
    """Return the text that `escape_cell` was given; any other text as it is."""
    return text[1:] if _ESCAPED.match(text) else text


@dataclass(frozen=True)
class HistoryLine:
    """A line of a request's history."""

    happened_at: datetime
    actor: str
    action: Action
    note: str

    def key(self, number: int) -> str:
        """Return what makes it the same line whenever it is imported."""
        told = f"{number}\n{self.happened_at.astimezone(UTC).isoformat()}\n{self.actor}\n{self.action}\n{self.note}"
        return hashlib.sha256(f"import\n{told}".encode()).hexdigest()


@dataclass(frozen=True)
class PersonLine:
    """What a line says of a requester: `given` has only cells that say something."""

    document: str
    given: Mapping[str, str]

    @property
    def keys(self) -> list[str]:
        """What the line is known by."""
        return [key for key in (self.document, f"id:{self.given['external_id']}" if self.has_id else "") if key]

    @property
    def has_id(self) -> bool:
        """Whether it names the person by another system's id."""
        return "external_id" in self.given


@dataclass(frozen=True)
class RequestLine:
    """What a line says of a request; None and "" for what it does not say."""

    number: int
    document: str
    external_id: str
    name: str
    situation: Situation
    opened_at: datetime
    description: str
    service: str = ""
    group: str = ""
    responsible: str = ""
    due_at: datetime | None = None
    closed_at: datetime | None = None
    suspended_at: datetime | None = None
    contract: str = ""
    kind: str = ""
    urgency: str = ""
    impact: str = ""
    priority: int | None = None
    contact: str = ""
    contact_phone: str = ""
    contact_email: str = ""
    source: str = ""
    solution: str = ""
    history: tuple[HistoryLine, ...] = ()

    @property
    def priority_or_computed(self) -> int:
        """The priority of the file, else that of urgency and impact."""
        return self.priority or priority_of(self.urgency or "B", self.impact or "B")

    def events(self, is_told_elsewhere: bool = False) -> list[HistoryLine]:
        """Return its history; without one, what the other columns tell, done by nobody in particular."""
        lines = list(self.history)
        if not lines and not is_told_elsewhere:
            lines.append(HistoryLine(self.opened_at, AUTOMATIC, Action.OPEN, ""))
        is_told = any(line.action in (Action.RESOLVE, Action.CLOSE) and line.note for line in lines)
        if (
            self.closed_at is not None
            and not is_told
            and (self.solution or (not self.history and not is_told_elsewhere))
        ):
            action = {Situation.CANCELLED: Action.CANCEL, Situation.CLOSED: Action.CLOSE}.get(
                self.situation, Action.RESOLVE
            )
            lines.append(HistoryLine(self.closed_at, AUTOMATIC, action, self.solution))
        return lines


def read_person(cells: Mapping[str, str]) -> PersonLine:
    """Read a line of requesters; raises Unreadable."""
    given = {
        key: read_text(cells, key)
        for key in ("name", "email", "phone", "extension", "unit", "external_id")
        if cells.get(key, "").strip()
    }
    document = read_document(cells)
    if not document and "external_id" not in given:
        raise Unreadable(Cause.NO_DOCUMENT())
    return PersonLine(document, given)


def read_request(cells: Mapping[str, str], zone: tzinfo, now: datetime) -> RequestLine:
    """Read a line of requests; raises Unreadable."""
    number = read_number(cells.get("number", ""))
    document, external_id = read_document(cells), read_text(cells, "external_id")
    if not document and not external_id:
        raise Unreadable(Cause.NO_REQUESTER_DOCUMENT())
    situation = _word(cells, "situation", situation_named)
    if situation is None:
        raise Unreadable(Cause.NO_SITUATION())
    opened_at = read_moment(cells, "opened_at", zone)
    if opened_at is None:
        raise Unreadable(Cause.NO_OPENING())
    if opened_at > now:
        raise Unreadable(Cause.OPENED_IN_FUTURE())
    closed_at = read_moment(cells, "closed_at", zone) if situation in FINISHED_SITUATIONS else None
    if situation in FINISHED_SITUATIONS and closed_at is None:
        raise Unreadable(Cause.NO_CLOSING())
    if closed_at is not None and closed_at < opened_at:
        raise Unreadable(Cause.CLOSED_TOO_EARLY())
    title, description = read_text(cells, "title"), read_text(cells, "description", is_long=True)
    if title and not description.startswith(title):
        description = f"{title}\n\n{description}".strip()
    return RequestLine(
        number,
        document,
        external_id,
        read_text(cells, "name"),
        situation,
        opened_at,
        description,
        service=read_text(cells, "service"),
        group=read_text(cells, "group"),
        responsible=read_text(cells, "responsible"),
        due_at=read_moment(cells, "due_at", zone),
        closed_at=closed_at,
        suspended_at=read_moment(cells, "suspended_at", zone) if situation is Situation.SUSPENDED else None,
        contract=read_text(cells, "contract"),
        kind=_word(cells, "kind", kind_named) or "",
        urgency=_word(cells, "urgency", level_named) or "",
        impact=_word(cells, "impact", level_named) or "",
        priority=_priority(cells),
        contact=read_text(cells, "contact"),
        contact_phone=read_text(cells, "contact_phone"),
        contact_email=read_text(cells, "contact_email"),
        source=read_text(cells, "source"),
        solution=read_text(cells, "solution", is_long=True),
        history=read_history(cells.get("history", ""), zone),
    )


def read_history_line(cells: Mapping[str, str], zone: tzinfo) -> tuple[int, HistoryLine]:
    """Read a line of a file of history, of which request it is and what; raises Unreadable."""
    number = read_number(cells.get("number", ""))
    happened_at = read_moment(cells, "happened_at", zone)
    if happened_at is None:
        raise Unreadable(Cause.NO_TIME())
    line = _line(happened_at, cells.get("actor", ""), cells.get("action", ""), read_text(cells, "note", is_long=True))
    return number, line


def read_document(cells: Mapping[str, str]) -> str:
    """Return the normalised document of a line, "" where there is none; raises Unreadable."""
    for key, length in (("document", 0), ("cpf", 11), ("cnpj", 14)):
        written = undo_cell(_visible(cells.get(key, "")))
        if written:
            try:
                return normalise_cell(written, length)
            except InvalidDocument:
                raise Unreadable(Cause.INVALID_DOCUMENT()) from None
    return ""


def read_number(written: str) -> int:
    """Return the number of a request; raises Unreadable."""
    written = _visible(written)
    if not written:
        raise Unreadable(Cause.NO_NUMBER())
    found = _NUMBER.fullmatch(written)
    if not found:
        raise Unreadable(Cause.INVALID_NUMBER())
    number = int(found[1])
    if not 0 < number <= HIGHEST_NUMBER:
        raise Unreadable(Cause.NUMBER_TOO_LARGE(most=HIGHEST_NUMBER))
    return number


def read_moment(cells: Mapping[str, str], key: str, zone: tzinfo) -> datetime | None:
    """Return an instant to the second, None where there is none; one without a zone is the desk's own time.

    Raises: Unreadable.
    """
    written = _visible(cells.get(key, ""))
    if not written or _NO_DATE.fullmatch(written):
        return None
    try:
        if _YEAR_FIRST.match(written):
            moment = datetime.fromisoformat(_ZONE_APART.sub(_zone_beside, written))
        elif found := _DAY_FIRST.fullmatch(written):
            day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
            moment = datetime(year, month, day, hour, minute, second)
        elif _SERIAL.fullmatch(written):
            moment = _FIRST_SERIAL + timedelta(days=float(written.replace(",", ".")), milliseconds=500)
        else:
            raise ValueError
        moment = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
        moment = moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise Unreadable(Cause.NO_DATE(column=key)) from None
    if not 1970 <= moment.year <= 2199:
        raise Unreadable(Cause.DATE_OUT_OF_RANGE(column=key))
    return moment


def _zone_beside(found: re.Match[str]) -> str:
    return f"{found[1]}{'+00:00' if found[2] else found[3]}"


def read_history(written: str, zone: tzinfo) -> tuple[HistoryLine, ...]:
    """Read `moment | who | action | text` lines; a line that begins otherwise goes on with the text before it.

    Raises: Unreadable.
    """
    lines: list[HistoryLine] = []
    for row in _clean(undo_cell(written)).split("\n"):
        found = None if row.startswith("  ") else _HISTORY_LINE.fullmatch(row.lstrip())
        moment = None
        if found and (_YEAR_FIRST.match(found[1]) or _DAY_FIRST.match(found[1])):
            moment = read_moment({"historico": found[1]}, "historico", zone)
        if found and moment is not None:
            lines.append(_line(moment, found[2], found[3], found[4] or ""))
        elif lines:
            last = lines[-1]
            lines[-1] = HistoryLine(last.happened_at, last.actor, last.action, f"{last.note}\n{row.removeprefix('  ')}")
        elif row.strip():
            raise Unreadable(Cause.NOT_HISTORY())
    return tuple(
        HistoryLine(line.happened_at, line.actor, line.action, line.note.strip()[:LONGEST_TEXT]) for line in lines
    )


def write_history_line(happened_at: str, actor: str, action: str, note: str) -> str:
    """Return a line of history as `read_history` reads it."""
    note = note.replace("\r\n", "\n").replace("\n", "\n  ")
    return f"{happened_at} | {actor.replace('|', '/')} | {action} | {note}"


def _line(moment: datetime, actor: str, action: str, note: str) -> HistoryLine:
    known = action_named(action)
    if known is None and action.strip():
        note = f"{action.strip()}: {note}" if note else action.strip()
    return HistoryLine(moment, one_line(actor)[:200] or AUTOMATIC, known or Action.NOTE, note)


def read_text(cells: Mapping[str, str], key: str, is_long: bool = False) -> str:
    """Return a text without signs that no screen shows; raises Unreadable for one that is too long."""
    written = cells.get(key)
    if not written:
        return ""
    text = undo_cell(written)
    text = _clean(text).strip() if is_long else one_line(text)
    longest = LONGEST_TEXT if is_long else _LONGEST.get(key, 1000)
    if len(text) > longest:
        raise Unreadable(Cause.TOO_LONG(column=key, longest=longest))
    return text


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text) if not text.isascii() or not text.isprintable() else text


def one_line(text: str) -> str:
    """Return a short text without line breaks, signs that no screen shows and orders of direction."""
    return " ".join(_visible(_clean(text)).split())


def _visible(text: str) -> str:
    return (text if text.isascii() else _INVISIBLE.sub("", text)).strip()


def _word(cells: Mapping[str, str], key: str, named: Callable[[str], _T | None]) -> _T | None:
    written = cells.get(key, "").strip()
    if not written:
        return None
    found = named(written)
    if found is None:
        raise Unreadable(Cause.UNKNOWN_WORD(column=key, value=one_line(written)[:60]))
    return found


def _priority(cells: Mapping[str, str]) -> int | None:
    written = cells.get("priority", "").strip()
    if not written:
        return None
    if written[0] in "12345" and not written[1:2].isdigit():  # Znuny and Zammad write "3 normal"
        return int(written[0])
    level = level_named(written)
    if level is None:
        raise Unreadable(Cause.NO_PRIORITY())
    return {"A": 2, "M": 3, "B": 4}[level]
