"""What only administrators do to a person's record: merge two, export all that is kept, erase it."""

import json

from werkzeug.wrappers import Response

from soap_service.errors import PersonNotMergeable, RequesterNotFound
from soap_service.model import Requester
from soap_service.screens.administration.editing import actor_of
from soap_service.screens.forms import Form, declare_untyped
from soap_service.screens.language import N_
from soap_service.screens.notices import declare
from soap_service.screens.people.check_digits import SEARCHING, warn_of_search
from soap_service.screens.people.contacts import read_id
from soap_service.screens.visit import Visit
from soap_service.store import PersonView, write_text

MERGED = declare("unida", N_("Os dois cadastros são um agora."))
ERASED = declare("apagada", N_("Os dados da pessoa foram apagados. Contagens e prazos ficaram."))
CONTACT_ERASED = declare("contato-apagado", N_("Os dados do contato foram apagados."))

declare_untyped("escolher", "outro", "formato")


def start_merge(visit: Visit, number: int) -> Response:
    """Show the page on which a double record is found and merged into this one."""
    return _merge_page(visit, visit.form(busca=""), visit.store.people.view(number))


def merge_people(visit: Visit, number: int) -> Response:
    """Search for the double record, show both beside each other, or merge them: as the button says."""
    form = visit.form()
    kept = visit.store.people.view(number)
    chosen = _chosen(visit, form)
    if form.value("acao") == "unir" and chosen is not None:
        try:
            visit.store.people.merge(kept.requester.id, chosen.requester.id, actor_of(visit))
            return visit.redirect(f"/pessoas/{kept.requester.id}", MERGED)
        except (PersonNotMergeable, RequesterNotFound):
            form.refuse("busca", visit.gettext("Estes dois cadastros não podem ser unidos. Procure de novo."))
            return _merge_page(visit, form, kept, status=422)
    if chosen is not None:
        return _merge_page(visit, form, kept, chosen=chosen)
    typed = form.line("busca", 200, visit.gettext("Digite o CPF/CNPJ ou o nome."))
    found = visit.store.search.find_requesters(typed) if typed else []
    visit.note_search(found)
    others = [one for one in found if one.id != kept.requester.id]
    if typed and not others:
        form.refuse("busca", visit.gettext("Nenhum outro cadastro encontrado. Confira o que digitou."))
        warn_of_search(visit, form)
    return _merge_page(visit, form, kept, others, status=422 if form.errors else 200)


def export_person(visit: Visit, number: int) -> Response:
    """Give all that is kept about a person, as a file: to read or for a machine."""
    found = visit.store.person_exports.export(number, visit.zone)
    if visit.form().value("formato") == "texto":
        answer = Response(write_text(found), content_type="text/plain; charset=utf-8")
        name = f"pessoa-{number}.txt"
    else:
        answer = Response(json.dumps(found, ensure_ascii=False, indent=2), content_type="application/json")
        name = f"pessoa-{number}.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def ask_to_erase(visit: Visit, number: int) -> Response:
    """Ask whether to erase a person, or the contact that the address names, and say what goes and what stays."""
    return _erase_page(visit, visit.form(confirmo=""), number)


def erase_person(visit: Visit, number: int) -> Response:
    """Erase a person, or the contact that the address names, once the box is ticked."""
    form = visit.form()
    if form.value("confirmo") != "S":
        form.refuse("confirmo", visit.gettext("Marque a confirmação: não há volta."))
        return _erase_page(visit, form, number, 422)
    if contact_id := read_id(visit.request.args.get("contato", "")):
        visit.store.erasures.erase_contact(number, contact_id, actor_of(visit))
        return visit.redirect(f"/pessoas/{number}", CONTACT_ERASED)
    visit.store.erasures.erase(number, actor_of(visit))
    return visit.redirect(f"/pessoas/{number}", ERASED)


def _chosen(visit: Visit, form: Form) -> PersonView | None:
    chosen = read_id(form.value("escolher") or form.value("outro"))
    try:
        return visit.store.people.view(chosen) if chosen else None
    except RequesterNotFound:
        return None


def _merge_page(
    visit: Visit,
    form: Form,
    kept: PersonView,
    found: list[Requester] | None = None,
    chosen: PersonView | None = None,
    status: int = 200,
) -> Response:
    visit.note_person(kept.requester.id)
    if chosen is not None:
        visit.note_person(chosen.requester.id)
    is_same = chosen is not None and chosen.requester.id == kept.requester.id
    return visit.render(
        "people/merge.html",
        status,
        form=form,
        kept=kept,
        requester=kept.requester,
        found=found or [],
        chosen=None if is_same else chosen,
        wrong_digits=visit.gettext(SEARCHING),
    )


def _erase_page(visit: Visit, form: Form, number: int, status: int = 200) -> Response:
    view = visit.store.people.view(number)
    visit.note_person(view.requester.id)
    contact_id = read_id(visit.request.args.get("contato", ""))
    contact = visit.store.people.find_contact(view.requester.id, contact_id) if contact_id else None
    page = "people/erase_contact.html" if contact else "people/erase.html"
    return visit.render(page, status, form=form, view=view, requester=view.requester, contact=contact)
