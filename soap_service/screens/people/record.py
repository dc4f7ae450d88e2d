"""A requester's page, and what agents change on it. Its address has the requester's id, never a document."""

from werkzeug.wrappers import Response

from soap_service.errors import AlreadyExists, ChangedMeanwhile, InvalidDocument
from soap_service.model import Requester
from soap_service.rules.documents import format_document, normalise_document
from soap_service.rules.edits import ContactEdit, PersonEdit
from soap_service.screens.administration.editing import actor_of, flag, key_of, new_key, warn_of_changes
from soap_service.screens.calls.call import glance_at, with_states
from soap_service.screens.forms import Form, declare_untyped
from soap_service.screens.language import N_
from soap_service.screens.notices import SAVED
from soap_service.screens.people.check_digits import REGISTERING, find_wrong_document
from soap_service.screens.people.contacts import read_id
from soap_service.screens.visit import Visit
from soap_service.store import PersonView, contact_edit_of, edit_of

declare_untyped("carimbo", "contato", "documento_conferido")

_FIELDS = {"document": "documento", "name": "nome", "email": "email", "phone": "telefone"}
_FIELDS |= {"extension": "ramal", "unit": "unidade", "role": "funcao", "has_left": "saiu"}
#: What the history says of a person, in words.
ACTIONS = {
    "added": N_("Cadastro"),
    "changed": N_("Alteração"),
    "imported": N_("Alteração por importação"),
    "left": N_("Saiu"),
    "returned": N_("Voltou"),
    "contact-added": N_("Novo contato"),
    "contact-changed": N_("Alteração de contato"),
    "contact-erased": N_("Dados de um contato apagados"),
    "merged": N_("União com outro cadastro"),
    "erased": N_("Dados pessoais apagados"),
}
FIELDS = {
    "document": N_("CPF/CNPJ"),
    "name": N_("Nome"),
    "email": N_("E-mail"),
    "phone": N_("Telefone"),
    "extension": N_("Ramal"),
    "unit": N_("Unidade"),
    "role": N_("Função"),
    "external_id": N_("Identificador em outro sistema"),
    "contact": N_("Contato"),
    "has_left": N_("Saiu"),
    "requests": N_("Solicitações"),
    "calls": N_("Ligações"),
    "contacts": N_("Contatos"),
}


def show_person(visit: Visit, number: int) -> Response:
    """Show a requester: data, contacts, requests, calls, history. One that was merged leads to the other."""
    view = visit.store.people.view(number)
    if view.requester.id != number:
        return visit.redirect(f"/pessoas/{view.requester.id}", visit.request.args.get("aviso", ""))
    visit.note_person(number)
    return render_person(visit, view)


def render_person(visit: Visit, view: PersonView, status: int = 200) -> Response:
    """Answer with a requester's page."""
    return visit.render(
        "people/person.html",
        status,
        view=view,
        requester=view.requester,
        glance=glance_at(visit, view.requester),
        calls=with_states(visit.store, view.calls),
        actions=ACTIONS,
        fields=FIELDS,
    )


def start_edit(visit: Visit, number: int) -> Response:
    """Show the form of a requester's data."""
    requester = visit.store.people.view(number).requester
    visit.note_person(requester.id)
    edit = edit_of(requester)
    form = visit.form(
        documento=format_document(edit.document),
        nome=edit.name,
        email=edit.email,
        telefone=edit.phone,
        ramal=edit.extension,
        unidade=edit.unit,
        carimbo=edit.stamp,
    )
    return _edit_page(visit, form, requester)


def save_person(visit: Visit, number: int) -> Response:
    """Save a requester's data; a document that somebody else has is refused, with the way to that record."""
    requester = visit.store.people.view(number).requester
    form = visit.form()
    edit = _read_person(visit, form)
    if form.errors:
        return _edit_page(visit, form, requester, status=422)
    is_other = edit.document != requester.document
    if is_other and find_wrong_document(edit.document) not in ("", form.value("documento_conferido")):
        form.values["documento_conferido"] = edit.document
        form.warnings["documento"] = visit.gettext(REGISTERING)
        return _edit_page(visit, form, requester)
    try:
        visit.store.people.change(requester.id, edit, form.value("carimbo"), actor_of(visit))
    except AlreadyExists as other:
        form.refuse("documento", visit.gettext("Outro cadastro já tem esse CPF/CNPJ."))
        return _edit_page(visit, form, requester, status=422, other=other.key)
    except ChangedMeanwhile:
        now = visit.store.people.view(number).requester
        warn_of_changes(visit, form, _FIELDS, edit_of(now), edit)
        return _edit_page(visit, form, now, status=409, is_outdated=True)
    return visit.redirect(f"/pessoas/{requester.id}", SAVED)


def mark_left(visit: Visit, number: int) -> Response:
    """Mark a requester as having left, or as back."""
    visit.store.people.set_left(number, visit.form().value("saiu") == "S", actor_of(visit))
    return visit.redirect(f"/pessoas/{number}", SAVED)


def start_contact(visit: Visit, number: int) -> Response:
    """Show the form of a contact: of the one that the address names, else of a new one."""
    requester = visit.store.people.view(number).requester
    visit.note_person(requester.id)
    contact_id = read_id(visit.request.args.get("contato", ""))
    if not contact_id:
        return _contact_page(visit, visit.form(chave=new_key()), requester)
    edit = contact_edit_of(visit.store.people.find_contact(requester.id, contact_id))
    form = visit.form(
        contato=str(contact_id),
        nome=edit.name,
        funcao=edit.role,
        email=edit.email,
        telefone=edit.phone,
        ramal=edit.extension,
        saiu=flag(edit.has_left),
        carimbo=edit.stamp,
    )
    return _contact_page(visit, form, requester)


def save_contact(visit: Visit, number: int) -> Response:
    """Save a contact, or add one."""
    requester = visit.store.people.view(number).requester
    form = visit.form()
    contact_id = read_id(form.value("contato"))
    edit = ContactEdit(
        name=form.line("nome", 200, missing=visit.gettext("Informe o nome do contato.")),
        role=form.line("funcao", 100),
        email=form.email("email", 200),
        phone=form.line("telefone", 40),
        extension=form.line("ramal", 20),
        has_left=form.value("saiu") == "S",
    )
    if form.errors:
        return _contact_page(visit, form, requester, status=422)
    people = visit.store.people
    try:
        if contact_id:
            people.change_contact(requester.id, contact_id, edit, form.value("carimbo"), actor_of(visit))
        else:
            people.add_contact(requester.id, edit, actor_of(visit), key_of(form))
    except ChangedMeanwhile:
        if contact_id:
            now = contact_edit_of(people.find_contact(requester.id, contact_id))
            warn_of_changes(visit, form, _FIELDS, now, edit)
        return _contact_page(visit, form, requester, status=409, is_outdated=True)
    return visit.redirect(f"/pessoas/{requester.id}", SAVED)


def name_contact_of_call(visit: Visit, token: str) -> Response:
    """Record which contact calls, and show the call again."""
    visit.store.people.name_contact_of_call(token, read_id(visit.form().value("contato")) or None)
    return visit.redirect(f"/chamadas/{token}", SAVED)


def name_contact_of_request(visit: Visit, number: int) -> Response:
    """Record for which contact a request is, and show it again."""
    visit.store.execution.view(number, visit.agent.id, visit.scope)  # who may not see it may not change it
    visit.store.people.name_contact_of_request(number, read_id(visit.form().value("contato")) or None)
    return visit.redirect(f"/solicitacoes/{number}", SAVED)


def _read_person(visit: Visit, form: Form) -> PersonEdit:
    document = ""
    try:
        document = normalise_document(form.line("documento", 40, visit.gettext("Informe o CPF ou o CNPJ.")))
    except InvalidDocument:
        form.refuse("documento", visit.gettext("Informe um CPF (11 dígitos) ou um CNPJ (14 caracteres)."))
    return PersonEdit(
        document=document,
        name=form.line("nome", 200, missing=visit.gettext("Informe o nome.")),
        email=form.email("email", 200),
        phone=form.line("telefone", 40),
        extension=form.line("ramal", 20),
        unit=form.line("unidade", 200),
    )


def _edit_page(
    visit: Visit,
    form: Form,
    requester: Requester,
    status: int = 200,
    *,
    is_outdated: bool = False,
    other: object = None,
) -> Response:
    return visit.render(
        "people/edit.html",
        status,
        form=form,
        requester=requester,
        is_outdated=is_outdated,
        other=other,
        wrong_digits=visit.gettext(REGISTERING),
    )


def _contact_page(
    visit: Visit, form: Form, requester: Requester, status: int = 200, *, is_outdated: bool = False
) -> Response:
    return visit.render("people/contact.html", status, form=form, requester=requester, is_outdated=is_outdated)
