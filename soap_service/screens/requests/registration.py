"""Opening a request: who asks (from the call, found, or registered on the spot), for what, how urgent.

One form with several buttons, so that looking for the requester loses nothing of what was typed; documents travel in
its body, never in an address. Knows calls only as the place the requester comes from.
"""

import re
from collections.abc import Sequence

from werkzeug.wrappers import Response

from soap_service.errors import AlreadyExists, CallNotFound, InvalidDocument, RequesterNotFound, ServiceNotFound
from soap_service.model import Call, Requester
from soap_service.rules.documents import correct_document, format_document, normalise_document
from soap_service.rules.situations import LEVELS
from soap_service.screens.calls.call import caller_of, glance_at
from soap_service.screens.forms import Form, form_key
from soap_service.screens.people.check_digits import REGISTERING, SEARCHING, find_wrong_document, warn_of_search
from soap_service.screens.requests.resuming import RESUME
from soap_service.screens.visit import Visit
from soap_service.store import NewRequest

KINDS = ("incidente", "requisição")
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
    elif call is not None and call.document:
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
    if form.errors:
        return _registration_page(visit, form, requester, call, matches, status=422)
    if requester is None and find_wrong_document(document) not in ("", form.value("documento_conferido")):
        return _registration_page(visit, form, None, call)
    try:
        requester = requester or _register_requester(visit, form, document)
    except AlreadyExists:
        owner = visit.store.find_requester(document)
        form.refuse("novo_documento", visit.gettext("Já existe um solicitante com esse CPF/CNPJ."))
        return _registration_page(visit, form, None, call, [owner], status=422)
    new = NewRequest(requester_id=requester.id, service_id=service_id, **wanted)
    try:
        request = visit.store.open_request(new, visit.agent.id, f"form:{form_key(form)}", call.id if call else None)
    except ServiceNotFound:
        form.refuse("servico", visit.gettext("Este serviço não está mais ativo. Escolha outro."))
        _choose(form, requester)
        return _registration_page(visit, form, requester, call, status=422)
    return visit.redirect(f"/solicitacoes/{request.id}", "registrada")


def _read_wanted(visit: Visit, form: Form) -> tuple[int, dict[str, str]]:
    """Return the service's id and the rest of what is wanted; what cannot be taken is refused at its field."""
    services = {str(service.id): service for service in visit.store.list_services()}
    service = services.get(form.choice("servico", services, visit.gettext("Escolha o serviço.")))
    kind = form.choice("tipo", ("", *KINDS), visit.gettext("Escolha o tipo."))
    wanted = {
        "kind": kind or (service.kind if service else ""),
        "contract": form.line("contrato", 200),
        "urgency": form.choice("urgencia", LEVELS, visit.gettext("Escolha a urgência.")),
        "impact": form.choice("impacto", LEVELS, visit.gettext("Escolha o impacto.")),
        "description": form.text("descricao", 8000, visit.gettext("Descreva a solicitação.")),
        "contact_phone": form.line("telefone_contato", 40),
        "contact_email": form.email("email_contato", 200),
    }
    return service.id if service else 0, wanted


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
        return visit.store.add_requester(
            _document_to_store(visit, document),
            name,
            form.value("novo_email"),
            form.value("novo_telefone"),
            form.value("novo_ramal"),
            form.value("novo_unidade"),
        )
    except AlreadyExists:
        existing = visit.store.find_requester(document)
        if existing.name != name:
            raise
        return existing


def _document_to_store(visit: Visit, document: str) -> str:
    """Return the document as somebody has it, else corrected where check digits confirm it, else as it stands."""
    try:
        return visit.store.find_requester(document).document
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
    found = visit.store.search_requesters(search)
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
        return visit.store.find_call(token) if _TOKEN.fullmatch(token) else None
    except CallNotFound:
        return None


def _requester_with_id(visit: Visit, typed: str) -> Requester | None:
    try:
        return visit.store.find_requester_by_id(int(typed)) if _NUMBER.fullmatch(typed) else None
    except RequesterNotFound:
        return None


def _registration_page(
    visit: Visit,
    form: Form,
    requester: Requester | None,
    call: Call | None,
    matches: Sequence[Requester] = (),
    status: int = 200,
) -> Response:
    form_key(form)
    if requester is None:
        _warn_of_check_digits(visit, form)
    services = visit.store.list_services()
    return visit.render(
        "requests/registration.html",
        status,
        form=form,
        requester=requester,
        call=call,
        matches=matches,
        glance=glance_at(visit, requester),
        services=[(str(service.id), service.name) for service in services],
        contracts=sorted({service.contract for service in services if service.contract}),
        kinds=[(kind, visit.gettext(kind).capitalize()) for kind in KINDS],
        levels=[(level, visit.gettext(name)) for level, name in LEVELS.items()],
        wrong_digits={"busca": visit.gettext(SEARCHING), "novo_documento": visit.gettext(REGISTERING)},
    )
