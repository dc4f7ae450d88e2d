"""The agent's extension: registered, taken over from somebody, paused, given up. Knows nothing of calls."""

from werkzeug.wrappers import Response

from soap_service.errors import ExtensionTaken, InvalidValue
from soap_service.screens.forms import Form, declare_untyped
from soap_service.screens.language import N_
from soap_service.screens.notices import declare
from soap_service.screens.visit import Visit

REGISTERED = declare("ramal-gravado", N_("Ramal gravado com sucesso!"))
RELEASED = declare("ramal-liberado", N_("Ramal liberado. Você não receberá ligações até informar outro."))
PAUSED = declare("em-pausa", N_("Em pausa: as ligações não aparecem na sua tela até você voltar."))
BACK = declare("de-volta", N_("Você voltou a receber ligações."))

declare_untyped("assumir", "ciente")


def show_extension(visit: Visit) -> Response:
    """Show the extension's form on a page of its own: the dialog of every page, for browsers without the script."""
    return _extension_page(visit, visit.form(ramal=visit.extension or ""))


def save_extension(visit: Visit) -> Response:
    """Register what was typed, or give the extension up when nothing was; take somebody else's only when told to."""
    form = visit.form()
    if form.value("ciente"):
        visit.store.extensions.acknowledge_takeover(visit.agent.id)
        return visit.redirect(visit.return_path())
    number = form.line("ramal", 20)
    if not number:
        visit.store.extensions.release(visit.agent.id)
        return visit.redirect(visit.return_path(), RELEASED)
    try:
        visit.store.extensions.register(visit.agent.id, number, take_over=form.value("assumir") == number)
    except InvalidValue as refusal:
        form.errors["ramal"] = visit.explain(refusal.reason)
        return _extension_page(visit, form, 422)
    except ExtensionTaken as taken:
        return _extension_page(visit, form, 409, taken)
    return visit.redirect(visit.return_path(), REGISTERED)


def save_pause(visit: Visit) -> Response:
    """Stop calls from popping up, or let them again."""
    is_pausing = visit.form().value("pausa") == "S"
    if is_pausing:
        visit.store.attendance.pause(visit.agent.id)
    else:
        visit.store.attendance.resume(visit.agent.id)
    return visit.redirect(visit.return_path(), PAUSED if is_pausing else BACK)


def _extension_page(visit: Visit, form: Form, status: int = 200, taken: ExtensionTaken | None = None) -> Response:
    return visit.render("calls/extension.html", status, form=form, taken=taken, return_path=visit.return_path())
