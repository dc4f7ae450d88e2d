"""Extensions that only some agents may take."""

from werkzeug.wrappers import Response

from soap_service.errors import AgentNotFound, InvalidValue
from soap_service.rules.texts import clean_line
from soap_service.screens.administration.editing import actor_of
from soap_service.screens.forms import Form
from soap_service.screens.notices import SAVED
from soap_service.screens.visit import Visit

_HERE = "/administracao/ramais"


def show_extensions(visit: Visit) -> Response:
    """Show the limited extensions, and the form, filled in for the one that the address names."""
    number = clean_line(visit.request.args.get("ramal", ""))[:20]
    known = dict(visit.store.extension_permits.list_all())
    return _page(visit, visit.form(ramal=number, usuarios=", ".join(known.get(number, ()))))


def limit_extension(visit: Visit) -> Response:
    """Limit an extension to the agents whose logins were typed, or let anybody take it."""
    form = visit.form()
    number = form.line("ramal", 20, visit.gettext("Informe o ramal."))
    logins = form.line("usuarios", 2000).replace(",", " ").split()
    if form.errors:
        return _page(visit, form, 422)
    try:
        visit.store.extension_permits.limit(number, logins, actor_of(visit))
    except InvalidValue as refusal:
        form.refuse("ramal", visit.explain(refusal.reason))
        return _page(visit, form, 422)
    except AgentNotFound as unknown:
        sentence = visit.gettext("Não há atendente com o usuário %(login)s.") % {"login": unknown.key}
        form.refuse("usuarios", sentence)
        return _page(visit, form, 422)
    return visit.redirect(_HERE, SAVED)


def _page(visit: Visit, form: Form, status: int = 200) -> Response:
    return visit.render(
        "administration/extensions.html", status, form=form, limited=visit.store.extension_permits.list_all()
    )
