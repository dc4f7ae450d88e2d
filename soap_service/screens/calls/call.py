"""Calls: the page of one call, its popup and its button. Knows no event stream."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from werkzeug.wrappers import Response

from soap_service.errors import CallNotFound, CallNotMissed, RequesterNotFound, RequestNotFound
from soap_service.model import Call, CallState, Request, Requester
from soap_service.rules.deadlines import Clock
from soap_service.screens.forms import declare_untyped
from soap_service.screens.language import N_
from soap_service.screens.notices import Notice, declare
from soap_service.screens.people.contacts import contact_choices
from soap_service.screens.requests.page import CHILD
from soap_service.screens.visit import Visit
from soap_service.store import CallerGlance, Store

RETURNED = declare("retornada", N_("Ligação marcada como retornada."))

declare_untyped("solicitacao")

#: So long after its announcement a call that nobody answered is still that of whose extension it is.
_OWN_FOR = timedelta(hours=1)
_LIVE = (CallState.CREATED, CallState.DELIVERED, CallState.SEEN)


def show_call(visit: Visit, token: str) -> Response:
    """Show a call on a page of its own; the link of a receipt leads here."""
    return visit.render("calls/call.html", **_call_values(visit, token))


def show_popup(visit: Visit, token: str) -> Response:
    """Give the call's popup to the script as a fragment of HTML; if it is over, only to a screen that has it."""
    values = _call_values(visit, token)
    if not values["is_live"] and visit.request.args.get("antiga") != "S":
        raise CallNotFound  # too old to pop up, or answered meanwhile: it is in the list of calls
    return visit.render("calls/popup.html", **values)


def mark_seen(visit: Visit, token: str) -> Response:
    """Record that the popup was on the screen of the agent whose call it is; nobody else's look counts."""
    if visit.store.calls.find(token).extension == visit.extension:
        visit.store.calls.mark_seen(token)
    return Response(status=204)


def answer_call(visit: Visit, token: str) -> Response:
    """Do what the pressed button says: go to the new request, or view or execute the one that was chosen."""
    call = visit.store.calls.find(token)
    chosen = visit.request.form.get("solicitacao", "")
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 and int(chosen) != call.request_id:
        return _open_other(visit, call, int(chosen))
    answer = visit.store.calls.answer(token, visit.agent.id)
    if call.request_id is None:
        return visit.redirect(f"/solicitacoes/nova?chamada={token}")
    launched = f"{CHILD}-{answer.child_number}" if answer.child_number else ""
    return _go_to_request(visit, call.request_id, CHILD if answer.problem else launched)


def return_call(visit: Visit, token: str) -> Response:
    """Mark a missed call as returned by the agent; where it is none, show it and say so."""
    try:
        visit.store.returned_calls.mark(token, visit.agent.id)
    except CallNotMissed:
        notice = Notice(visit.gettext("Só uma ligação perdida pode ser marcada como retornada."), is_warning=True)
        return visit.render("calls/call.html", 409, notice=notice, **_call_values(visit, token))
    return visit.redirect(visit.return_path(), RETURNED)


def _open_other(visit: Visit, call: Call, number: int) -> Response:
    """Go to another request of the caller, and link it with a call that is about none; raises RequestNotFound."""
    requester = caller_of(visit.store, call)
    if requester is None or visit.store.requests.find(number).requester_id != requester.id:
        raise RequestNotFound(number)
    if call.request_id is None:
        visit.store.callers.link(call.id, number, requester.id)
    visit.store.calls.answer(call.token, visit.agent.id, launches_child=False)
    return _go_to_request(visit, number)


def _go_to_request(visit: Visit, number: int, notice: str = "") -> Response:
    page = "/executar" if visit.store.requests.may_execute(number, visit.agent.id) else ""
    return visit.redirect(f"/solicitacoes/{number}{page}", notice)


def caller_of(store: Store, call: Call) -> Requester | None:
    """Return who calls; None for a caller who is not identified, unless registered since the call was announced."""
    if call.requester is not None or not call.document:
        return call.requester
    try:
        return store.requesters.find(call.document)
    except RequesterNotFound:
        return None


def is_own(visit: Visit, call: Call) -> bool:
    """Tell whether it is the agent's own call: answered by them, or by nobody yet, a moment ago, at their extension.

    One without an extension is opened by its secret address alone: it is that agent's.
    """
    if call.answered_by_id is not None:
        return call.answered_by_id == visit.agent.id
    return call.extension in (None, visit.extension) and visit.store.now() - call.created_at <= _OWN_FOR


def with_states(store: Store, calls: Sequence[Call]) -> list[tuple[Call, CallState]]:
    """Return each call with the state it is in now."""
    now = store.now()
    return [(call, call.state(now, store.calls.lifetime)) for call in calls]


def _call_values(visit: Visit, token: str) -> dict[str, Any]:
    call = visit.store.calls.find(token)
    now = visit.store.now()
    state = call.state(now, visit.store.calls.lifetime)
    is_young = now - call.created_at <= visit.store.calls.lifetime
    values: dict[str, Any] = {"is_hidden": False, "is_own": is_own(visit, call)}
    values |= {"call": call, "state": state, "is_live": state in _LIVE and is_young, "opened": ()}
    values |= {"age": now - call.created_at, "lifetime": visit.store.calls.lifetime}
    if call.request_id is None:
        requester = caller_of(visit.store, call)
        if requester is not None:
            visit.note_person(requester.id)
        values["opened"] = visit.store.requests.list_of_call(call.id)
        values |= {"linked": visit.store.callers.linked_request(call.id), "glance": glance_at(visit, requester)}
        contacts = contact_choices(visit, requester)
        return {**values, "request": None, "requester": requester, "may_execute": False, "contacts": contacts}
    request = visit.store.requests.find(call.request_id)
    visit.note_person(request.requester_id)
    may_execute = visit.store.requests.may_execute(request.id, visit.agent.id)
    scope = visit.scope
    values["is_hidden"] = scope is not None and not scope.sees(request.id, request.group_id, request.responsible_id)
    values |= {"linked": None, "glance": glance_at(visit, request.requester), "clock": _clock(visit, request, now)}
    values["contacts"] = contact_choices(visit, call.requester)
    return {**values, "request": request, "requester": request.requester, "may_execute": may_execute}


def glance_at(visit: Visit, requester: Requester | None) -> CallerGlance | None:
    """Return the newest requests of a requester, if there is one."""
    return None if requester is None else visit.store.callers.glance(requester.id, visit.agent.id, visit.scope)


def _clock(visit: Visit, request: Request, now: datetime) -> Clock | None:
    return request.clock(visit.store.calendars.current, now)
