"""An agent's log-ins as an administrator sees and ends them."""

from werkzeug.wrappers import Response

from soap_service.screens.sessions import ENDED, SESSIONS, digest_of
from soap_service.screens.visit import TICKED, Visit

_EVERY_ONE = b""


def show_sessions(visit: Visit, number: int) -> Response:
    """Show an agent's log-ins; the administrator's own have a page that knows which is this one."""
    if number == visit.agent.id:
        return visit.redirect(SESSIONS)
    agent = visit.store.staff.find_agent_by_id(number)
    sessions = visit.store.logins.list_of(number)
    return visit.render("administration/sessions.html", agent=agent, sessions=sessions)


def end_sessions(visit: Visit, number: int) -> Response:
    """End one of an agent's log-ins, or all of them."""
    if number == visit.agent.id:
        return visit.redirect(SESSIONS)
    if visit.request.form.get("outras") == TICKED:
        visit.store.logins.end_others(number, _EVERY_ONE)
    else:
        visit.store.logins.end(number, digest_of(visit))
    return visit.redirect(f"/administracao/atendentes/{number}/sessoes", ENDED)
