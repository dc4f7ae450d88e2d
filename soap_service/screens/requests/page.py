"""The page of a request: what it shows, and the reply box for an agent who may act on it."""

from collections.abc import Mapping

from werkzeug.wrappers import Response

from soap_service.errors import RequestHidden
from soap_service.model import Request
from soap_service.rules.situations import Action, Situation, allows, known_situation
from soap_service.screens.forms import Form, declare_untyped, form_key
from soap_service.screens.language import N_
from soap_service.screens.notices import Notice, declare, declare_telling
from soap_service.screens.people.contacts import contact_choices
from soap_service.screens.visit import Visit
from soap_service.store import NOBODY, RequestView

declare_untyped("versao", "visto", "grupo", "responsavel", "tarefa_antes", "grupo_antes", "responsavel_antes")

#: The buttons of the reply box: the action of each, and the notice when it is done.
BUTTONS = {
    "gravar": (Action.NOTE, declare("anotada", N_("Anotação gravada."))),
    "assumir": (Action.NOTE, declare("assumida", N_("Você é o responsável pela solicitação."))),
    "resolver": (Action.RESOLVE, declare("resolvida", N_("Solicitação resolvida."))),
    "reativar": (Action.REACTIVATE, declare("reativada", N_("Solicitação reativada. O prazo voltou a contar."))),
    "reabrir": (Action.REOPEN, declare("reaberta", N_("Solicitação reaberta."))),
    "suspender": (Action.SUSPEND, declare("suspensa", N_("Solicitação suspensa. O prazo está parado."))),
    "fechar": (Action.CLOSE, declare("fechada", N_("Solicitação fechada."))),
    "cancelar": (Action.CANCEL, declare("cancelada", N_("Solicitação cancelada."))),
}
CHANGED_MEANWHILE = N_("Nada foi gravado: a solicitação mudou enquanto você escrevia. Confira e repita.")


def show_request(visit: Visit, number: int) -> Response:
    """Show a request; to an agent who may act on it, with the reply box."""
    view = visit.store.execution.view(number, visit.agent.id, visit.scope)
    return render_page(visit, view, empty_form(visit, view))


def show_hidden(visit: Visit, hidden: RequestHidden) -> Response:
    """Say of a request that the agent's groups do not see what may be known, and that it was registered if it was."""
    return visit.render("requests/hidden.html", 403, hidden=hidden, notice=_registered(visit, hidden.key))


def buttons_of(request: Request) -> Mapping[str, Action]:
    """Return the buttons that the request's situation allows, with their actions; none for an unknown situation."""
    situation = known_situation(request.situation)
    if situation is None:
        return {}
    return {name: action for name, (action, _) in BUTTONS.items() if allows(Situation(situation), action)}


def empty_form(visit: Visit, view: RequestView) -> Form | None:
    """Return the reply box as it is before anything is typed; None where the agent has nothing to do."""
    if not (view.is_executor or view.may_forward) or not buttons_of(view.request):
        return None
    return visit.form(anotacao="", **current_fields(view.request))


def current_fields(request: Request) -> dict[str, str]:
    """Return the fields as the request has them, once to be changed and once as they were."""
    values = {
        "tarefa": request.current_task or "",
        "grupo": str(request.group_id),
        "responsavel": str(request.responsible_id or NOBODY),
    }
    return {**values, **{f"{name}_antes": value for name, value in values.items()}, "versao": str(request.version)}


def render_page(visit: Visit, view: RequestView, form: Form | None, status: int = 200, problem: str = "") -> Response:
    """Answer with the page; `problem` says why nothing was done."""
    visit.note_person(view.request.requester_id)
    return visit.render(
        "requests/request.html",
        status,
        view=view,
        request=view.request,
        form=form,
        problem=problem,
        notice=_notice(visit, view),
        contacts=contact_choices(visit, view.request.requester),
        **(_reply_box(visit, view, form) if form is not None else {}),
    )


def _reply_box(visit: Visit, view: RequestView, form: Form) -> dict[str, object]:
    newest = view.events[0].id if view.events else 0
    seen = form.value("visto")
    last_seen = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 19 else newest
    form.values["visto"] = str(newest)
    form_key(form)
    agents = [(str(agent.id), agent.name) for agent in visit.store.execution.list_executors()]
    responsible = view.request.responsible
    if responsible is not None and str(responsible.id) not in dict(agents):
        agents.insert(0, (str(responsible.id), responsible.name))
    buttons = [*buttons_of(view.request)]
    if view.request.responsible_id == visit.agent.id:
        buttons = [name for name in buttons if name != "assumir"]
    if not view.is_executor:
        buttons = [name for name in buttons if name == "gravar"]
    return {
        "buttons": buttons,
        "is_resolved": view.request.situation == Situation.RESOLVED,
        "news": [event for event in view.events if event.id > last_seen],
        "groups": _groups(visit, view),
        "agents": [(str(NOBODY), visit.gettext("Ninguém")), *agents],
        "sent_forms": " ".join(_sent_forms(visit, view)),
    }


def _groups(visit: Visit, view: RequestView) -> list[tuple[str, str]]:
    """Return the groups to choose from: those that can execute, and the request's own."""
    groups = {str(group.id): group.name for group in visit.store.execution.list_executing_groups()}
    own = view.request.group
    return list(({str(own.id): own.name} | groups if own else groups).items())


def _sent_forms(visit: Visit, view: RequestView) -> list[str]:
    """Return the keys of the forms that the agent has sent: a draft with one of them is none any more."""
    mine = f"{view.request.id}:{visit.agent.id}:"
    keys = [event.form_key for event in view.events if event.form_key]
    return [key.removeprefix(mine) for key in keys if key.startswith(mine)]


def _registered(visit: Visit, number: object) -> Notice | None:
    keyword = visit.request.args.get("aviso", "")
    if keyword == "registrada-resolvida":
        return Notice(visit.gettext("Solicitação nº %(number)d registrada e resolvida.") % {"number": number})
    if keyword == "registrada":
        return Notice(visit.gettext("Solicitação nº %(number)d registrada.") % {"number": number})
    return None


def _notice(visit: Visit, view: RequestView) -> Notice | None:
    """Return the notice that the address asks for, with the names and numbers of this request."""
    keyword = visit.request.args.get("aviso", "")
    if (registered := _registered(visit, view.request.id)) is not None:
        return registered
    if keyword == "encaminhada" and view.request.group:
        return Notice(visit.gettext("Encaminhada para %(group)s.") % {"group": view.request.group.name})
    for child in view.children:
        if keyword == f"{CHILD}-{child.id}":
            return Notice(visit.gettext("Solicitação filha nº %(number)d lançada.") % {"number": child.id})
    return visit.notice()


def _tell_of_no_child(visit: Visit, child_number: str) -> Notice | None:
    """Say why no child request was launched, as it is now; of one that was, its parent's page says so."""
    problem = visit.store.child_requests.find_problem() if visit.login is not None and not child_number else None
    if problem is None:
        return None
    sentence = visit.gettext("A solicitação filha não foi lançada: %(why)s") % {"why": visit.explain(problem)}
    return Notice(sentence, is_warning=True)


#: The keyword of a child request: with its number behind it when it was launched, alone when it was not.
CHILD = declare_telling("filha", _tell_of_no_child)
