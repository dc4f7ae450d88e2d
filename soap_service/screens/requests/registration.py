"""Opening a request: who asks (from the call, found, or registered on the spot), for what, how urgent.

One form with several buttons, so that looking for the requester loses nothing of what was typed; documents travel in
its body, never in an address. Knows calls only as the place the requester comes from.
"""

import re
from collections.abc import Sequence
from typing import Any

from werkzeug.wrappers import Response

from soap_service.errors import (
    AlreadyExists,
    CallNotFound,
    ExecutionRefused,
    InvalidDocument,
    RequesterNotFound,
    ServiceNotFound,
)
from soap_service.model import Call, Requester, Service
from soap_service.rules.documents import correct_document, format_document, normalise_document
from soap_service.rules.situations import LEVELS, Situation
from soap_service.screens.administration.editing import actor_of
from soap_service.screens.calls.call import caller_of, glance_at, is_own
from soap_service.screens.forms import Form, declare_untyped, form_key
from soap_service.screens.people.check_digits import REGISTERING, SEARCHING, find_wrong_document, warn_of_search
from soap_service.screens.people.contacts import contact_choices
from soap_service.screens.requests.resuming import RESUME
from soap_service.screens.visit import Visit
from soap_service.store import NewRequest

declare_untyped("solicitante", "escolher", "chamada", "contato", "documento_conferido")

KINDS = ("incidente", "requisição")
#: The button that registers a request and resolves it at once.
RESOLVE = "resolver"
_LONGEST_SOLUTION = 4000
_TOKEN = re.compile(r"[\w-]{43}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


def start_request(visit: Visit) -> Response:
    """Show the form, filled in with what the call tells, or for a requester chosen elsewhere."""
    call = _call_of(visit, visit.request.args.get("chamada", ""))
    chosen = _requester_with_id(visit, visit.request.args.get("solicitante", ""))
    requester = caller_of(visit.store, call) if call else chosen
    form = visit.form(chamada=call.token if call else "", urgencia="M", impacto="M")
    if requester is not None:
        _choose(form, requester)
    elif call is not None and call.document and is_own(visit, call):
        form.values["novo_documento"] = format_document(call.document)
    return _registration_page(visit, form, requester, call)


def register_request(visit: Visit) -> Response:
    """Do what the pressed button says: find, choose or change the requester, or register the request."""
    form = visit.form()
    call = _call_of(visit, form.value("chamada"))
    requester = _requester_with_id(visit, form.value("escolher") or form.value("solicitante"))
    button = form.value("acao")
    if form.value("escolher") and requester is not None:
        _choose(form, requester)
        return _registration_page(visit, form, requester, call)
    if button == RESUME:
        return _registration_page(visit, form, requester, call)
    if button == "trocar":
        return _registration_page(visit, form, None, call)
    means_search = form.line("busca", 200) != "" and not form.value("novo_nome")
    if requester is None and (button == "buscar" or (button == "continuar" and means_search)):
        return _registration_page(visit, form, None, call, _search(visit, form))
    return _register(visit, form, requester, call)


def _register(visit: Visit, form: Form, requester: Requester | None, call: Call | None) -> Response:
    """Open the request and, where nobody was chosen, register the requester first; or show the form again."""
    matches: Sequence[Requester] = ()
    document = ""
    if requester is None and form.value("busca") and not form.value("novo_nome"):
        matches = _search(visit, form)
        form.refuse("busca", visit.gettext("Escolha um dos solicitantes encontrados, ou cadastre um novo."))
    elif requester is None:
        document = _read_new_requester(visit, form)
    service_id, wanted = _read_wanted(visit, form)
    solution = _read_solution(visit, form)
    if form.errors:
        return _registration_page(visit, form, requester, call, matches, status=422)
    if requester is None and find_wrong_document(document) not in ("", form.value("documento_conferido")):
        return _registration_page(visit, form, None, call)
    try:
        requester = requester or _register_requester(visit, form, document)
    except AlreadyExists:
        owner = visit.store.requesters.find(document)
        form.refuse("novo_documento", visit.gettext("Já existe um solicitante com esse CPF/CNPJ."))
        return _registration_page(visit, form, None, call, [owner], status=422)
    contact_id = _read_contact(visit, form, requester)
    new = NewRequest(requester_id=requester.id, service_id=service_id, contact_id=contact_id, **wanted)
    try:
        call_id = call.id if call else None
        request = visit.store.requests.open(new, visit.agent.id, f"form:{form_key(form)}", call_id, solution)
    except ServiceNotFound:
        form.refuse("servico", visit.gettext("Este serviço não está mais ativo. Escolha outro."))
        _choose(form, requester)
        return _registration_page(visit, form, requester, call, status=422)
    except ExecutionRefused:
        sentence = visit.gettext(
            "Você não executa solicitações deste serviço: apague a solução e registre, que o grupo dele resolve."
        )
        form.refuse("solucao", sentence)
        _choose(form, requester)
        return _registration_page(visit, form, requester, call, status=422)
    if call is not None:
        if contact_id is not None and call.requester_id == requester.id:
            visit.store.people.name_contact_of_call(call.token, contact_id)
        visit.store.calls.answer(call.token, visit.agent.id, launches_child=False)
    is_resolved = solution and request.situation == Situation.RESOLVED
    return visit.redirect(f"/solicitacoes/{request.id}", "registrada-resolvida" if is_resolved else "registrada")


def _read_solution(visit: Visit, form: Form) -> str:
    """Return what solved it; it is needed by the one button, and would be lost by the others."""
    is_to_resolve = form.value("acao") == RESOLVE
    missing = visit.gettext("Escreva o que resolveu a solicitação.") if is_to_resolve else ""
    solution = form.text("solucao", _LONGEST_SOLUTION, missing=missing)
    if solution and not is_to_resolve:
        sentence = visit.gettext("Para gravar a solução, use “Registrar e resolver”; ou apague-a para só registrar.")
        form.refuse("solucao", sentence)
    return solution


def _read_wanted(visit: Visit, form: Form) -> tuple[int, dict[str, Any]]:
    """Return the service's id and the rest of what is wanted; what cannot be taken is refused at its field."""
    services = {str(service.id): service for service in visit.store.catalogue.list_services()}
    service = services.get(form.choice("servico", services, visit.gettext("Escolha o serviço.")))
    kind = form.choice("tipo", ("", *KINDS), visit.gettext("Escolha o tipo."))
    wanted = {
        "kind": kind or (service.kind if service else ""),
        "contract": form.line("contrato", 200),
        "urgency": form.choice("urgencia", LEVELS, visit.gettext("Escolha a urgência.")),
        "impact": form.choice("impacto", LEVELS, visit.gettext("Escolha o impacto.")),
        "description": _read_description(visit, form, service),
        "contact_phone": form.line("telefone_contato", 40),
        "contact_email": form.email("email_contato", 200),
    }
    return service.id if service else 0, wanted


def _read_contact(visit: Visit, form: Form, requester: Requester) -> int | None:
    """Return the id of the chosen contact of a requester; None for none, and for one who is gone."""
    chosen = form.value("contato")
    return int(chosen) if chosen in dict(contact_choices(visit, requester)) else None


def _read_description(visit: Visit, form: Form, service: Service | None) -> str:
    """Return the description; where there is none, the form comes back with the service's template in it."""
    description = form.text("descricao", 8000, visit.gettext("Descreva a solicitação."))
    if not description and service is not None:
        form.values["descricao"] = service.description_template
    return description


def _read_new_requester(visit: Visit, form: Form) -> str:
    """Return the normalised document of the requester to register; what cannot be taken is refused at its field."""
    form.line("novo_nome", 200, visit.gettext("Informe o nome, ou encontre o solicitante na busca."))
    form.email("novo_email", 200)
    form.line("novo_telefone", 40)
    form.line("novo_ramal", 20)
    form.line("novo_unidade", 200)
    try:
        return normalise_document(form.line("novo_documento", 40, visit.gettext("Informe o CPF ou o CNPJ.")))
    except InvalidDocument:
        form.refuse("novo_documento", visit.gettext("Informe um CPF (11 dígitos) ou um CNPJ (14 caracteres)."))
        return ""


def _register_requester(visit: Visit, form: Form, document: str) -> Requester:
    """Return the new requester; raises AlreadyExists, except to a second post of the same form."""
    name = form.value("novo_nome")
    try:
        return visit.store.requesters.add(
            _document_to_store(visit, document),
            name,
            form.value("novo_email"),
            form.value("novo_telefone"),
            form.value("novo_ramal"),
            form.value("novo_unidade"),
            actor=actor_of(visit),
        )
    except AlreadyExists:
        existing = visit.store.requesters.find(document)
        if existing.name != name:
            raise
        return existing


def _document_to_store(visit: Visit, document: str) -> str:
    """Return the document as somebody has it, else corrected where check digits confirm it, else as it stands."""
    try:
        return visit.store.requesters.find(document).document
    except RequesterNotFound:
        return correct_document(document) or document


def _warn_of_check_digits(visit: Visit, form: Form) -> None:
    """Warn beside a document whose check digits are wrong, and note in the form that it was said: it is no refusal."""
    if document := find_wrong_document(form.value("novo_documento")):
        form.values["documento_conferido"] = document
        form.warnings["novo_documento"] = visit.gettext(REGISTERING)


def _search(visit: Visit, form: Form) -> Sequence[Requester]:
    """Return whom a document, a name, a telephone, an e-mail or an extension means; say so at the field if nobody."""
    search = form.line("busca", 200)
    if not search:
        form.refuse("busca", visit.gettext("Digite o CPF/CNPJ ou o nome."))
        return []
    found = visit.store.search.find_requesters(search)
    visit.note_search(found)
    if not found:
        form.refuse("busca", visit.gettext("Nenhum solicitante encontrado. Confira, ou cadastre um novo abaixo."))
        warn_of_search(visit, form)
    return found


def _choose(form: Form, requester: Requester) -> None:
    """Put the requester's contacts where nothing was typed."""
    for name, value in (("telefone_contato", requester.phone), ("email_contato", requester.email)):
        form.values[name] = form.value(name) or value


def _call_of(visit: Visit, token: str) -> Call | None:
    try:
        return visit.store.calls.find(token) if _TOKEN.fullmatch(token) else None
    except CallNotFound:
        return None


def _requester_with_id(visit: Visit, typed: str) -> Requester | None:
    try:
        return visit.store.requesters.find_by_id(int(typed)) if _NUMBER.fullmatch(typed) else None
    except RequesterNotFound:
        return None


def _is_own_caller(visit: Visit, call: Call | None, requester: Requester | None) -> bool:
    """Tell whether it is who calls in the agent's own call, and not somebody chosen meanwhile."""
    if call is None or requester is None or not is_own(visit, call):
        return False
    caller = caller_of(visit.store, call)
    return caller is not None and caller.id == requester.id


def _registration_page(
    visit: Visit,
    form: Form,
    requester: Requester | None,
    call: Call | None,
    matches: Sequence[Requester] = (),
    status: int = 200,
) -> Response:
    form_key(form)
    if requester is not None:
        visit.note_person(requester.id)
    else:
        _warn_of_check_digits(visit, form)
    services = visit.store.catalogue.list_services()
    return visit.render(
        "requests/registration.html",
        status,
        form=form,
        requester=requester,
        call=call,
        matches=matches,
        is_own=_is_own_caller(visit, call, requester),
        glance=glance_at(visit, requester),
        contacts=contact_choices(visit, requester),
        may_resolve=visit.may_execute_any,
        services=[(str(service.id), service.name) for service in services],
        templates={service.id: service.description_template for service in services if service.description_template},
        contracts=sorted({service.contract for service in services if service.contract}),
        kinds=[(kind, visit.gettext(kind).capitalize()) for kind in KINDS],
        levels=[(level, visit.gettext(name)) for level, name in LEVELS.items()],
        wrong_digits={"busca": visit.gettext(SEARCHING), "novo_documento": visit.gettext(REGISTERING)},
    )
