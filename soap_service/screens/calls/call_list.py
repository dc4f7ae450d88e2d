"""The list of calls: a day's, at the agent's extension; an administrator's, at any. Knows no event stream."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from soap_service.model import CallState
from soap_service.rules.roles import Permission
from soap_service.rules.texts import clean_line
from soap_service.screens.calls.call import with_states
from soap_service.screens.language import N_
from soap_service.screens.visit import Visit
from soap_service.store import CALLS_SHOWN, CallChoice


class _Group(NamedTuple):
    """What can be chosen, in the words of an agent: calls in any of these states."""

    words: str
    states: tuple[CallState, ...]


#: By `destino` in the address.
GROUPS: Mapping[str, _Group] = {
    "perdida": _Group(N_("Perdidas"), (CallState.MISSED, CallState.RETURNED)),
    "a-retornar": _Group(N_("A retornar"), (CallState.MISSED,)),
    "retornada": _Group(N_("Retornadas"), (CallState.RETURNED,)),
    "transferida": _Group(N_("Transferidas"), (CallState.TRANSFERRED,)),
    "vista": _Group(N_("Vistas, não atendidas"), (CallState.SEEN,)),
    "atendida": _Group(N_("Atendidas"), (CallState.ANSWERED,)),
}


class _Wish(NamedTuple):
    """What the address asks for, as far as it makes sense; the days are those of the desk."""

    day: date
    today: date
    extension: str
    group: str
    before: int

    def address(self, **changes: Any) -> str:
        """Return the address of the list with something else chosen."""
        wish = self._replace(**changes)
        fields = {"ramal": wish.extension, "destino": wish.group, "antes": wish.before or ""}
        fields["dia"] = "" if wish.day == wish.today else wish.day.isoformat()
        chosen = {name: value for name, value in fields.items() if value}
        return "/chamadas" + ("?" + urlencode(chosen) if chosen else "")


def list_calls(visit: Visit) -> Response:
    """Show a day's calls; to look at today's is to have seen which were missed, and returns none."""
    wish = _read_wish(visit)
    extension = wish.extension if visit.may(Permission.ADMINISTER) else visit.extension
    if not visit.may(Permission.ADMINISTER) and extension is None:
        return visit.render("calls/calls.html", calls=None)
    calls = visit.store.call_lists.list_page(_choice(visit, wish, extension or None), wish.before)
    before = visit.attendance
    if wish.day == wish.today and not wish.before and visit.extension in (extension or visit.extension,):
        _forget_missed(visit)
    shown = calls[:CALLS_SHOWN]
    return visit.render(
        "calls/calls.html",
        calls=with_states(visit.store, shown),
        wish=wish,
        groups=GROUPS,
        is_everywhere=not extension,
        extension=extension,
        earlier=wish.address(day=wish.day - timedelta(days=1), before=0),
        later=wish.address(day=wish.day + timedelta(days=1), before=0) if wish.day < wish.today else "",
        more=wish.address(before=shown[-1].id) if len(calls) > CALLS_SHOWN else "",
        missed_before=_missed_before(visit, wish, before.missed_from),
    )


def _read_wish(visit: Visit) -> _Wish:
    asked = visit.request.args
    today = visit.store.now().astimezone(visit.zone).date()
    try:
        day = min(date.fromisoformat(asked.get("dia", "")), today)
    except ValueError:
        day = today
    group = asked.get("destino", "")
    before = asked.get("antes", "")
    return _Wish(
        day=max(day, date(2000, 1, 1)),
        today=today,
        extension=clean_line(asked.get("ramal", ""))[:20] if visit.may(Permission.ADMINISTER) else "",
        group=group if group in GROUPS else "",
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 10 else 0,
    )


def _choice(visit: Visit, wish: _Wish, extension: str | None) -> CallChoice:
    since, until = (datetime.combine(wish.day + timedelta(days=n), time(), visit.zone) for n in (0, 1))
    return CallChoice(since, until, extension, GROUPS[wish.group].states if wish.group else ())


def _forget_missed(visit: Visit) -> None:
    """Record that the agent has looked, if there was anything new to see; the page's own bar counts from here."""
    if visit.attendance.missed:
        visit.store.attendance.look_at_calls(visit.agent.id)
        visit.attendance = replace(visit.attendance, missed=0)


def _missed_before(visit: Visit, wish: _Wish, missed_from: datetime | None) -> tuple[str, date] | None:
    """Return where and on which earlier day calls were missed that the agent has not been shown yet."""
    day = missed_from.astimezone(visit.zone).date() if missed_from else wish.today
    return (wish.address(day=day, before=0), day) if day < wish.day else None
