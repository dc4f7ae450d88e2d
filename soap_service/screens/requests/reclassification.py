"""Reclassifying a request: its service, urgency and impact, after which its deadline is counted again."""

from werkzeug.wrappers import Response

from soap_service.errors import ChangedMeanwhile, ExecutionRefused, ServiceNotFound, TransitionRefused
from soap_service.rules.situations import LEVELS, Action
from soap_service.screens.forms import Form, form_key, read_version
from soap_service.screens.language import N_
from soap_service.screens.notices import declare
from soap_service.screens.requests.page import CHANGED_MEANWHILE, buttons_of
from soap_service.screens.visit import Visit
from soap_service.store import Changes, Classification, RequestView

RECLASSIFIED = declare("reclassificada", N_("Solicitação reclassificada. O prazo foi contado de novo."))

_LONGEST_NOTE = 4000


def show_classification(visit: Visit, number: int) -> Response:
    """Show the form; lead to the request's page where it is finished. Raises: ExecutionRefused."""
    view = visit.store.execution.view(number, visit.agent.id, visit.scope)
    request = view.request
    if Action.NOTE not in buttons_of(request).values():
        return visit.redirect(f"/solicitacoes/{number}")
    chosen = {"servico": str(request.service_id), "urgencia": request.urgency, "impacto": request.impact}
    return _classification_page(visit, view, visit.form(anotacao="", versao=str(request.version), **chosen))


def reclassify_request(visit: Visit, number: int) -> Response:
    """Classify the request as chosen, or show the form again and say why not."""
    view = visit.store.execution.view(number, visit.agent.id, visit.scope)
    form = visit.form()
    services = dict(_services(visit, view))
    service = form.choice("servico", services, visit.gettext("Escolha o serviço."))
    urgency = form.choice("urgencia", LEVELS, visit.gettext("Escolha a urgência."))
    impact = form.choice("impacto", LEVELS, visit.gettext("Escolha o impacto."))
    note = form.text("anotacao", _LONGEST_NOTE)
    if form.errors:
        return _classification_page(visit, view, form, 422)
    changes = Changes(classification=Classification(int(service), urgency, impact))
    seen = read_version(form)
    try:
        visit.store.execution.execute(number, visit.agent.id, Action.NOTE, note, changes, seen, form_key(form))
    except ServiceNotFound:
        form.refuse("servico", visit.gettext("Este serviço não está mais ativo. Escolha outro."))
        return _classification_page(visit, view, form, 422)
    except (ChangedMeanwhile, TransitionRefused):
        form.values |= {"versao": str(view.request.version), "chave": ""}
        problem = visit.gettext(CHANGED_MEANWHILE)
        return _classification_page(visit, view, form, 409, problem)
    return visit.redirect(f"/solicitacoes/{number}", RECLASSIFIED)


def _services(visit: Visit, view: RequestView) -> list[tuple[str, str]]:
    """Return the services to choose from, the request's own first even where it is no longer active."""
    own = view.request.service
    services = {str(service.id): service.name for service in visit.store.catalogue.list_services()}
    return list(({str(own.id): own.name} | services if own else services).items())


def _classification_page(visit: Visit, view: RequestView, form: Form, status: int = 200, problem: str = "") -> Response:
    if not view.is_executor:
        raise ExecutionRefused(view.request.id)
    form_key(form)
    return visit.render(
        "requests/reclassification.html",
        status,
        view=view,
        request=view.request,
        form=form,
        problem=problem,
        services=_services(visit, view),
        levels=[(level, visit.gettext(name)) for level, name in LEVELS.items()],
    )
