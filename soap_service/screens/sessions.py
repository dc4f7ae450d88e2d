"""An agent's log-ins: in which browsers they are logged in, and how they end one that they do not want any more."""

from binascii import unhexlify
from contextlib import suppress

from werkzeug.wrappers import Response

from soap_service.screens.forms import declare_untyped
from soap_service.screens.language import N_
from soap_service.screens.notices import declare
from soap_service.screens.visit import TICKED, Visit

ENDED = declare("sessao-finalizada", N_("Sessão finalizada."))
OTHERS_ENDED = declare("sessoes-finalizadas", N_("As outras sessões foram finalizadas."))
SESSIONS = "/preferencias/sessoes"

declare_untyped("sessao", "outras")


def show_sessions(visit: Visit) -> Response:
    """Show the agent's log-ins, this one marked."""
    sessions = visit.store.logins.list_of(visit.agent.id)
    return visit.render("sessions.html", sessions=sessions, own=visit.own_login.id_hash)


def end_sessions(visit: Visit) -> Response:
    """End one of the agent's log-ins, or all but this one."""
    own = visit.own_login.id_hash
    if visit.request.form.get("outras") == TICKED:
        visit.store.logins.end_others(visit.agent.id, own)
        return visit.redirect(SESSIONS, OTHERS_ENDED)
    digest = digest_of(visit)
    if digest != own:  # this one ends by logging out
        visit.store.logins.end(visit.agent.id, digest)
    return visit.redirect(SESSIONS, ENDED)


def digest_of(visit: Visit) -> bytes:
    """Return the digest of the log-in that a form is about; that of none for what is no digest."""
    with suppress(ValueError):
        return unhexlify(visit.request.form.get("sessao", ""))
    return b""
