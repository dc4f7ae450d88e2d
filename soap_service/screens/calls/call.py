"""Calls: the first page, the page of one call, its popup and its button. Knows no event stream."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Response

from soap_service.errors import CallNotFound, RequesterNotFound, RequestNotFound
from soap_service.model import Call, CallState, Request, Requester
from soap_service.rules.deadlines import Clock
from soap_service.screens.visit import CHILD, NO_CHILD, Visit
from soap_service.store import CallerGlance, Store

_SHOWN_AT_HOME = 5
_LIVE = (CallState.CREATED, CallState.DELIVERED, CallState.SEEN)


def show_home(visit: Visit) -> Response:
    """Show where the agent stands: the extension and its latest calls; to an administrator what is set up wrongly."""
    problem = visit.store.child_request_problem() if visit.agent.is_admin else ""
    latest = visit.store.list_calls_at(visit.extension, _SHOWN_AT_HOME) if visit.extension else []
    return visit.render("home.html", calls=with_states(visit.store, latest), problem=visit.gettext(problem))


def show_call(visit: Visit, token: str) -> Response:
    """Show a call on a page of its own; the link of a receipt leads here."""
    return visit.render("calls/call.html", **_call_values(visit, token))


def show_popup(visit: Visit, token: str) -> Response:
    """Give the call's popup to the script, as a fragment of HTML."""
    values = _call_values(visit, token)
    if not values["is_live"]:
        raise CallNotFound  # too old to pop up, or answered meanwhile: it is in the list of calls
    return visit.render("calls/popup.html", **values)


def mark_seen(visit: Visit, token: str) -> Response:
    """Record that the popup was on the screen of the agent whose call it is; nobody else's look counts."""
    if visit.store.find_call(token).extension == visit.extension:
        visit.store.mark_seen(token)
    return Response(status=204)


def answer_call(visit: Visit, token: str) -> Response:
    """Do what the pressed button says: go to the new request, or view or execute the one that was chosen."""
    call = visit.store.find_call(token)
    chosen = visit.request.form.get("solicitacao", "")
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 and int(chosen) != call.request_id:
        return _open_other(visit, call, int(chosen))
    answer = visit.store.answer_call(token, visit.agent.id)
    if call.request_id is None:
        return visit.redirect(f"/solicitacoes/nova?chamada={token}")
    launched = f"{CHILD}{answer.child_number}" if answer.child_number else ""
    return _go_to_request(visit, call.request_id, NO_CHILD if answer.problem else launched)


def _open_other(visit: Visit, call: Call, number: int) -> Response:
    """Go to another request of the caller, and link it with a call that is about none; raises RequestNotFound."""
    requester = caller_of(visit.store, call)
    if requester is None or visit.store.find_request(number).requester_id != requester.id:
        raise RequestNotFound(number)
    if call.request_id is None:
        visit.store.link_call(call.id, number, requester.id)
    visit.store.answer_call(call.token, visit.agent.id, launches_child=False)
    return _go_to_request(visit, number)


def _go_to_request(visit: Visit, number: int, notice: str = "") -> Response:
    page = "/executar" if visit.store.may_execute(number, visit.agent.id) else ""
    return visit.redirect(f"/solicitacoes/{number}{page}", notice)


def caller_of(store: Store, call: Call) -> Requester | None:
    """Return who calls; None for a caller who is not identified, unless registered since the call was announced."""
    if call.requester is not None or not call.document:
        return call.requester
    try:
        return store.find_requester(call.document)
    except RequesterNotFound:
        return None


def with_states(store: Store, calls: Sequence[Call]) -> list[tuple[Call, CallState]]:
    """Return each call with the state it is in now."""
    now = store.now()
    return [(call, call.state(now, store.call_lifetime)) for call in calls]


def _call_values(visit: Visit, token: str) -> dict[str, Any]:
    call = visit.store.find_call(token)
    now = visit.store.now()
    state = call.state(now, visit.store.call_lifetime)
    is_young = now - call.created_at <= visit.store.call_lifetime
    values = {"call": call, "state": state, "is_live": state in _LIVE and is_young, "opened": ()}
    if call.request_id is None:
        requester = caller_of(visit.store, call)
        values["opened"] = visit.store.list_requests_of_call(call.id)
        values |= {"linked": visit.store.linked_request(call.id), "glance": glance_at(visit, requester)}
        return {**values, "request": None, "requester": requester, "may_execute": False}
    request = visit.store.find_request(call.request_id)
    may_execute = visit.store.may_execute(request.id, visit.agent.id)
    values |= {"linked": None, "glance": glance_at(visit, request.requester), "clock": _clock(visit, request, now)}
    return {**values, "request": request, "requester": request.requester, "may_execute": may_execute}


def glance_at(visit: Visit, requester: Requester | None) -> CallerGlance | None:
    """Return the newest requests of a requester, if there is one."""
    return None if requester is None else visit.store.glance_at_caller(requester.id, visit.agent.id)


def _clock(visit: Visit, request: Request, now: datetime) -> Clock | None:
    return request.clock(visit.store.calendar, now)
