"""What an agent chooses for themselves: the language. Before the log-in a browser chooses it."""

from werkzeug.wrappers import Response

from soap_service.screens.access import is_of_login_page
from soap_service.screens.language import LANGUAGES
from soap_service.screens.visit import LANGUAGE_COOKIE, Visit, login_path

_ONE_YEAR = 365 * 24 * 3600


def show_preferences(visit: Visit) -> Response:
    """Show what can be chosen."""
    return visit.render("preferences.html", languages=LANGUAGES, chosen=visit.agent.language)


def save_preferences(visit: Visit) -> Response:
    """Keep the agent's language; any other word means that of the browser."""
    chosen = visit.request.form.get("idioma", "")
    visit.store.set_language(visit.agent.id, chosen if chosen in LANGUAGES else "")
    return visit.redirect("/preferencias", "idioma")


def choose_before_login(visit: Visit) -> Response:
    """Speak another language on the log-in page, and wherever the agent who logs in has not chosen one."""
    response = visit.redirect(login_path(visit.return_path()))
    chosen = visit.request.form.get("idioma", "")
    if is_of_login_page(visit) and chosen in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE,
            chosen,
            max_age=_ONE_YEAR,
            path="/",
            httponly=True,
            samesite="Lax",
            secure=visit.premises.is_https,
        )
    return response
