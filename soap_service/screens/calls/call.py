"""Calls: the first page, the page of one call, its popup and its button. Knows no event stream."""

from collections.abc import Sequence
from typing import Any

from werkzeug.wrappers import Response

from soap_service.errors import CallNotFound, RequesterNotFound
from soap_service.model import Call, CallState, Requester
from soap_service.screens.visit import CHILD, NO_CHILD, Visit
from soap_service.store import Store

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
    """Do what the call's button says: go to the new request, or view or execute the one the call is about."""
    answer = visit.store.answer_call(token, visit.agent.id)
    call = visit.store.find_call(token)
    if call.request_id is None:
        return visit.redirect(f"/solicitacoes/nova?chamada={token}")
    page = "/executar" if visit.store.may_execute(call.request_id, visit.agent.id) else ""
    launched = f"{CHILD}{answer.child_number}" if answer.child_number else ""
    return visit.redirect(f"/solicitacoes/{call.request_id}{page}", NO_CHILD if answer.problem else launched)


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
        values["opened"] = visit.store.list_requests_of_call(call.id)
        return {**values, "request": None, "requester": caller_of(visit.store, call), "may_execute": False}
    request = visit.store.find_request(call.request_id)
    may_execute = visit.store.may_execute(request.id, visit.agent.id)
    return {**values, "request": request, "requester": request.requester, "may_execute": may_execute}
