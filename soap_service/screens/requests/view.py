"""A request's page. Loads what it shows once."""

from werkzeug.wrappers import Response

from soap_service.rules.situations import OPEN_SITUATIONS, Action
from soap_service.screens.forms import form_key
from soap_service.screens.requests.execution import buttons_of
from soap_service.screens.visit import Notice, Visit


def show_request(visit: Visit, number: int) -> Response:
    """Show a request with its requester, history, parent and children."""
    view = visit.store.view_request(number, visit.agent.id)
    notice = visit.notice()
    if visit.request.args.get("aviso") == "registrada":
        notice = Notice(visit.gettext("Solicitação nº %(number)d registrada.") % {"number": number})
    buttons = buttons_of(view.request) if view.is_executor else {}
    is_open = view.request.situation in OPEN_SITUATIONS
    return visit.render(
        "requests/request.html",
        view=view,
        request=view.request,
        may_execute=is_open and view.is_executor,
        may_reactivate=Action.REACTIVATE in buttons.values(),
        may_reopen=Action.REOPEN in buttons.values(),
        may_take=Action.NOTE in buttons.values() and view.request.responsible_id != visit.agent.id,
        may_reclassify=Action.NOTE in buttons.values(),
        form_key=form_key(visit.form(chave="")),
        notice=notice,
    )
