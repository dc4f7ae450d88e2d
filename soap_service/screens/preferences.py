"""What an agent chooses for themselves: language, theme, keys. Before the log-in a browser chooses the language."""

from werkzeug.wrappers import Response

from soap_service.screens.access import is_of_login_page
from soap_service.screens.language import LANGUAGES, N_
from soap_service.screens.notices import declare
from soap_service.screens.visit import KEYS_OFF, LANGUAGE_COOKIE, THEMES, TICKED, Visit, login_path
from soap_service.store import Choice

PREFERRED = declare("preferencias", N_("Preferências gravadas."))

_ONE_YEAR = 365 * 24 * 3600


def show_preferences(visit: Visit) -> Response:
    """Show what can be chosen."""
    themes = (
        ("", visit.gettext("Automático, como no sistema")),
        ("light", visit.gettext("Claro")),
        ("dark", visit.gettext("Escuro")),
    )
    return visit.render("preferences.html", languages=LANGUAGES, chosen=visit.agent.language, themes=themes)


def save_preferences(visit: Visit) -> Response:
    """Keep what the agent chose; any other word means what the browser prefers."""
    form = visit.request.form
    language, theme = form.get("idioma", ""), form.get("tema", "")
    visit.store.staff.set_language(visit.agent.id, language if language in LANGUAGES else "")
    keys = "" if form.get("teclas") == TICKED else KEYS_OFF
    visit.store.choices.choose(visit.agent.id, {Choice.THEME: theme if theme in THEMES else "", Choice.KEYS: keys})
    return visit.redirect("/preferencias", PREFERRED)


def choose_before_login(visit: Visit) -> Response:
    """Speak another language on the log-in page, and wherever the agent who logs in has not chosen one."""
    response = visit.redirect(login_path(visit.return_path()))
    chosen = visit.request.form.get("idioma", "")
    if is_of_login_page(visit) and chosen in LANGUAGES:
        visit.keep_cookie(response, LANGUAGE_COOKIE, chosen, _ONE_YEAR)
    return response
