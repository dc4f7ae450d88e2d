"""Executing a request: what the buttons of the reply box do, and what somebody else changed meanwhile.

The form carries the version that the agent saw, and what its fields were then: a field that the agent left alone never
undoes what somebody else did, and one that both changed is shown with both values before anything is saved.
"""

from werkzeug.wrappers import Response

from soap_service.errors import (
    AgentNotFound,
    ChangedMeanwhile,
    ExecutionRefused,
    GroupRefused,
    NotFound,
    TransitionRefused,
)
from soap_service.model import Request
from soap_service.rules.situations import SITUATION_LABELS, Action, known_situation
from soap_service.screens.forms import Form, form_key, read_version
from soap_service.screens.language import N_
from soap_service.screens.pages import NOTHING
from soap_service.screens.requests.page import (
    BUTTONS,
    CHANGED_MEANWHILE,
    buttons_of,
    current_fields,
    empty_form,
    render_page,
)
from soap_service.screens.requests.resuming import RESUME
from soap_service.screens.visit import Visit
from soap_service.store import Changes

_LONGEST_NOTE = 4000
_NEEDS_NOTE = {
    Action.NOTE: N_("Escreva a anotação que será gravada."),
    Action.SUSPEND: N_("Escreva na anotação por que a solicitação será suspensa."),
    Action.CANCEL: N_("Escreva na anotação por que a solicitação será cancelada."),
}
_WHY_NOT_GROUP = {
    "may not execute": N_("O grupo %(group)s não pode executar solicitações. Escolha outro."),
    "no member": N_("O grupo %(group)s não tem atendente ativo. Escolha outro."),
}
#: The fields that change the request, in the order of the form.
_FIELDS = ("tarefa", "grupo", "responsavel")


def show_execution(visit: Visit, number: int) -> Response:
    """Show the request's page with its reply box; raises ExecutionRefused for an agent who has none."""
    view = visit.store.execution.view(number, visit.agent.id, visit.scope)
    if not buttons_of(view.request):
        return visit.redirect(f"/solicitacoes/{number}")
    form = empty_form(visit, view)
    if form is None:
        raise ExecutionRefused(number)
    return render_page(visit, view, form)


def execute_request(visit: Visit, number: int) -> Response:
    """Do what the pressed button says, with the note; or show the page again with what was typed and why not."""
    if not visit.store.requests.may_act(number, visit.agent.id):
        raise ExecutionRefused(number)
    form = visit.form()
    if form.value("acao") == RESUME:
        return _again(visit, number, form, 200)
    button = form.value("acao") if form.value("acao") in BUTTONS else "gravar"
    action, notice = BUTTONS[button]
    changes = _changes(visit, form, button)
    needed = "" if action is Action.NOTE and changes != Changes() else visit.gettext(_NEEDS_NOTE.get(action, ""))
    note = form.text("anotacao", _LONGEST_NOTE, missing=needed)
    if form.errors:
        return _again(visit, number, form, 422)
    key, seen = form_key(form), read_version(form)
    try:
        visit.store.execution.execute(number, visit.agent.id, action, note, changes, seen, key)
    except TransitionRefused as refusal:
        known = known_situation(refusal.situation)
        situation = visit.gettext(SITUATION_LABELS[known]) if known else refusal.situation
        sentence = visit.gettext("A situação da solicitação agora é “%(situation)s”, que não permite esta ação.")
        return _again(visit, number, form, 409, sentence % {"situation": situation})
    except ChangedMeanwhile:
        sentence = visit.gettext(CHANGED_MEANWHILE)
        return _again(visit, number, form, 409, sentence)
    except ExecutionRefused:
        if button != "gravar" or changes != Changes():
            raise
        form.refuse("grupo", visit.gettext("Escolha outro grupo ou outro responsável."))
        return _again(visit, number, form, 422)
    except AgentNotFound:
        form.refuse("responsavel", visit.gettext("Este atendente não está mais ativo. Escolha outro."))
        return _again(visit, number, form, 422)
    except GroupRefused as refusal:
        form.refuse("grupo", visit.gettext(_WHY_NOT_GROUP[refusal.reason]) % {"group": refusal.key})
        return _again(visit, number, form, 422)
    except NotFound:
        form.refuse("grupo", visit.gettext("Este grupo não existe mais. Escolha outro."))
        return _again(visit, number, form, 422)
    is_forwarded = action is Action.NOTE and changes.group_id is not None
    return visit.redirect(f"/solicitacoes/{number}", "encaminhada" if is_forwarded else notice)


def _is_touched(form: Form, name: str) -> bool:
    """Tell whether the agent changed a field; that of a finished request is not there to be changed."""
    return {name, f"{name}_antes"} <= form.values.keys() and form.value(name) != form.value(f"{name}_antes")


def _changes(visit: Visit, form: Form, button: str) -> Changes:
    """Return what the agent changed in the fields; what was left alone stays as it is."""
    task = form.line("tarefa", 200) if _is_touched(form, "tarefa") else None
    group = _chosen(visit, form, "grupo")
    responsible = visit.agent.id if button == "assumir" else _chosen(visit, form, "responsavel")
    return Changes(task, group, responsible)


def _chosen(visit: Visit, form: Form, name: str) -> int | None:
    if not _is_touched(form, name):
        return None
    typed = form.value(name)
    if not (typed.isascii() and typed.isdigit() and len(typed) < 10):
        form.refuse(name, visit.gettext("Escolha um dos que estão na lista."))
        return None
    return int(typed)


def _again(visit: Visit, number: int, form: Form, status: int, problem: str = "") -> Response:
    """Show what was typed on the request as it is now; say where somebody else changed the same field."""
    view = visit.store.execution.view(number, visit.agent.id, visit.scope)
    if not (view.is_executor or view.may_forward):
        raise ExecutionRefused(number)
    current = current_fields(view.request)
    for name in _FIELDS:
        before = form.value(f"{name}_antes")
        if not _is_touched(form, name):
            form.values[name] = current[name]
        elif before != current[name]:
            form.warnings[name] = visit.gettext("Outra pessoa mudou este campo. Como está agora: %(value)s") % {
                "value": _words(visit, view.request, name)
            }
        form.values[f"{name}_antes"] = current[name]
    if status == 409:
        form.values["chave"] = ""
    form.values["versao"] = current["versao"]
    return render_page(visit, view, form, status, problem)


def _words(visit: Visit, request: Request, name: str) -> str:
    if name == "tarefa":
        return request.current_task or NOTHING
    thing = request.group if name == "grupo" else request.responsible
    return thing.name if thing else visit.gettext("Ninguém")
