"""An agent's log-ins: in which browsers they are logged in, and how they end one that they do not want any more.

Who ends one has just logged in, or gives the password: a screen that was left alone is not enough.
"""

from binascii import unhexlify
from contextlib import suppress
from datetime import timedelta

from werkzeug.wrappers import Response

from soap_service.screens.forms import Form, declare_untyped
from soap_service.screens.language import N_
from soap_service.screens.notices import declare
from soap_service.screens.password import refuse_own_password
from soap_service.screens.visit import TICKED, Visit

ENDED = declare("sessao-finalizada", N_("Sessão finalizada."))
OTHERS_ENDED = declare("sessoes-finalizadas", N_("As outras sessões foram finalizadas."))
SESSIONS = "/preferencias/sessoes"
#: So long after the log-in its agent is known to be at the screen.
_JUST_NOW = timedelta(minutes=10)

declare_untyped("sessao", "outras")


def show_sessions(visit: Visit) -> Response:
    """Show the agent's log-ins, this one marked."""
    return _page(visit, visit.form(senha_atual=""))


def end_sessions(visit: Visit) -> Response:
    """End one of the agent's log-ins, or all but this one, if they have just logged in or give the password."""
    own, form = visit.own_login.id_hash, visit.form()
    if refused := 0 if _has_just_logged_in(visit) else refuse_own_password(visit, form):
        return _page(visit, form, refused)
    if visit.request.form.get("outras") == TICKED:
        visit.store.logins.end_others(visit.agent.id, own)
        return visit.redirect(SESSIONS, OTHERS_ENDED)
    digest = digest_of(visit)
    if digest != own:  # this one ends by logging out
        visit.store.logins.end(visit.agent.id, digest)
    return visit.redirect(SESSIONS, ENDED)


def _has_just_logged_in(visit: Visit) -> bool:
    opened_at = visit.own_login.opened_at
    return opened_at is not None and visit.store.now() < opened_at + _JUST_NOW


def _page(visit: Visit, form: Form, status: int = 200) -> Response:
    return visit.render(
        "sessions.html",
        status,
        form=form,
        sessions=visit.store.logins.list_of(visit.agent.id),
        own=visit.own_login.id_hash,
        must_prove=not _has_just_logged_in(visit),
    )


def digest_of(visit: Visit) -> bytes:
    """Return the digest of the log-in that a form is about; that of none for what is no digest."""
    with suppress(ValueError):
        return unhexlify(visit.request.form.get("sessao", ""))
    return b""
