"""A request's page and its execution. Every right is asked of the store again when a button is pressed."""

from werkzeug.wrappers import Response

from soap_service.errors import ExecutionRefused, TransitionRefused
from soap_service.model import Request
from soap_service.screens.forms import Form
from soap_service.screens.language import N_
from soap_service.screens.visit import Notice, Visit
from soap_service.situations import FINISHED_SITUATIONS, SITUATION_LABELS, Action, Situation, allows

_LONGEST_NOTE = 4000
#: The buttons of the execution page: the action of each, and the notice when it is done.
_BUTTONS = {
    "gravar": (Action.NOTE, "anotada"),
    "resolver": (Action.RESOLVE, "resolvida"),
    "suspender": (Action.SUSPEND, "suspensa"),
    "reativar": (Action.REACTIVATE, "reativada"),
}
_NEEDS_NOTE = {
    Action.NOTE: N_("Escreva a anotação que será gravada."),
    Action.SUSPEND: N_("Escreva na anotação por que a solicitação será suspensa."),
}


def show_request(visit: Visit, number: int) -> Response:
    """Show a request with its requester, history, parent and children."""
    request = visit.store.find_request(number)
    notice = visit.notice()
    if visit.request.args.get("aviso") == "registrada":
        notice = Notice(visit.gettext("Solicitação nº %(number)d registrada.") % {"number": number})
    return visit.render(
        "request.html",
        request=request,
        children=visit.store.list_children(number),
        is_late=request.is_late(visit.store.now()),
        may_execute=visit.store.may_execute(number, visit.agent.id),
        may_reactivate=_allows(request, Action.REACTIVATE) and visit.store.may_act(number, visit.agent.id),
        notice=notice,
    )


def show_execution(visit: Visit, number: int) -> Response:
    """Show the execution page to an executor of the request; raises ExecutionRefused for anybody else."""
    if Situation(visit.store.find_request(number).situation) in FINISHED_SITUATIONS:
        return visit.redirect(f"/solicitacoes/{number}")
    return _execution_page(visit, number, visit.form(anotacao=""))


def execute_request(visit: Visit, number: int) -> Response:
    """Do what the pressed button says, with the note; or show the page again with what was typed and why not."""
    if not visit.store.may_act(number, visit.agent.id):
        raise ExecutionRefused(number)
    form = visit.form()
    action, notice = _BUTTONS.get(form.value("acao"), _BUTTONS["gravar"])
    note = form.text("anotacao", _LONGEST_NOTE, missing=visit.gettext(_NEEDS_NOTE.get(action, "")))
    if form.errors:
        return _execution_page(visit, number, form, 422)
    try:
        visit.store.execute_request(number, visit.agent.id, action, note)
    except TransitionRefused as refusal:
        situation = visit.gettext(SITUATION_LABELS[Situation(refusal.situation)])
        sentence = visit.gettext("A situação da solicitação agora é “%(situation)s”, que não permite esta ação.")
        return _execution_page(visit, number, form, 409, sentence % {"situation": situation})
    return visit.redirect(f"/solicitacoes/{number}", notice)


def _execution_page(visit: Visit, number: int, form: Form, status: int = 200, problem: str = "") -> Response:
    request = visit.store.find_request(number)
    if not visit.store.may_act(number, visit.agent.id):
        raise ExecutionRefused(number)
    return visit.render(
        "execution.html",
        status,
        request=request,
        is_late=request.is_late(visit.store.now()),
        buttons=[name for name, (action, _) in _BUTTONS.items() if _allows(request, action)],
        form=form,
        problem=problem,
    )


def _allows(request: Request, action: Action) -> bool:
    return allows(Situation(request.situation), action)
