"""The service catalogue: what requests are opened for, until when they are due, who executes them."""

import re

from werkzeug.wrappers import Response

from soap_service.errors import AlreadyExists, ChangedMeanwhile
from soap_service.rules.edits import LONGEST_SLA_MINUTES, PRIORITIES, ServiceEdit
from soap_service.rules.parameters import CHILD_REQUEST_SERVICE
from soap_service.screens.administration.editing import ROWS_SHOWN, actor_of, flag, key_of, new_key, warn_of_changes
from soap_service.screens.forms import Form
from soap_service.screens.notices import SAVED
from soap_service.screens.visit import Visit
from soap_service.storage.catalogue import service_edit_of

_KINDS = ("incidente", "requisição")
_FIELDS = {
    "name": "nome",
    "kind": "tipo",
    "group": "grupo",
    "sla_minutes": "horas",
    "contract": "contrato",
    "is_active": "ativo",
    "description_template": "modelo",
    **{f"sla_minutes-{priority}": f"sla-{priority}" for priority in PRIORITIES},
}
_HOURS = re.compile(r"([0-9]{1,4})(?:[:hH]([0-5][0-9])?)?", re.ASCII)


def list_services(visit: Visit) -> Response:
    """Show the services, active or not, some at a time."""
    after = visit.request.args.get("depois", "")
    services = visit.store.catalogue.list_services(include_inactive=True, after=after, limit=ROWS_SHOWN)
    return visit.render(
        "administration/services.html",
        services=services,
        chosen=visit.store.parameters.value(CHILD_REQUEST_SERVICE),
        after=after,
        next=services[-1].name if len(services) == ROWS_SHOWN else "",
    )


def start_service(visit: Visit) -> Response:
    """Show the form of a new service."""
    return _service_page(visit, visit.form(tipo=_KINDS[0], ativo="S", chave=new_key()))


def add_service(visit: Visit) -> Response:
    """Add the service that was typed."""
    form = visit.form()
    edit = _read(visit, form, is_active=True)
    if not form.errors:
        given = (edit.name, edit.kind, edit.group, edit.sla_minutes, edit.contract)
        try:
            visit.store.catalogue.add_service(
                *given,
                actor=actor_of(visit),
                form_key=key_of(form),
                priority_slas=edit.priority_slas,
                description_template=edit.description_template,
            )
            return visit.redirect("/administracao/servicos", SAVED)
        except AlreadyExists:
            form.refuse("nome", visit.gettext("Já existe um serviço com este nome."))
    return _service_page(visit, form, status=422)


def show_service(visit: Visit, number: int) -> Response:
    """Show a service's form."""
    edit = service_edit_of(visit.store.catalogue.find_service(number))
    hours, minutes = divmod(edit.sla_minutes or 0, 60)
    form = visit.form(
        nome=edit.name,
        tipo=edit.kind,
        grupo=edit.group,
        horas=str(hours) if edit.sla_minutes else "",
        minutos=str(minutes) if edit.sla_minutes and minutes else "",
        contrato=edit.contract,
        ativo=flag(edit.is_active),
        modelo=edit.description_template,
        carimbo=edit.stamp,
        **{f"sla-{priority}": f"{minutes // 60}:{minutes % 60:02}" for priority, minutes in edit.priority_slas},
    )
    return _service_page(visit, form, number)


def save_service(visit: Visit, number: int) -> Response:
    """Save a service; ask first before the one of parameter 283 is deactivated."""
    form = visit.form()
    edit = _read(visit, form, is_active=form.value("ativo") == "S")
    if form.errors:
        return _service_page(visit, form, number, 422)
    is_chosen = visit.store.parameters.value(CHILD_REQUEST_SERVICE) == str(number)
    if is_chosen and not edit.is_active and form.value("ciente") != "S":
        form.values["ciente"] = "S"
        form.warnings["ativo"] = visit.gettext(
            "Este serviço é o do parâmetro 283: sem ele, nenhuma solicitação filha será lançada. "
            "Grave de novo para desativar assim mesmo."
        )
        return _service_page(visit, form, number, 409)
    try:
        visit.store.catalogue.change_service(number, edit, form.value("carimbo"), actor_of(visit))
    except AlreadyExists:
        form.refuse("nome", visit.gettext("Já existe um serviço com este nome."))
        return _service_page(visit, form, number, 422)
    except ChangedMeanwhile:
        warn_of_changes(visit, form, _FIELDS, service_edit_of(visit.store.catalogue.find_service(number)), edit)
        return _service_page(visit, form, number, 409, is_outdated=True)
    return visit.redirect("/administracao/servicos", SAVED)


def _read(visit: Visit, form: Form, is_active: bool) -> ServiceEdit:
    """Return what was typed; what cannot be taken is refused in the form."""
    groups = [group.name for group in visit.store.staff.list_groups()]
    return ServiceEdit(
        name=form.line("nome", 200, missing=visit.gettext("Informe o nome do serviço.")),
        kind=form.choice("tipo", _KINDS, visit.gettext("Escolha o tipo.")),
        group=form.choice("grupo", groups, visit.gettext("Escolha o grupo executor.")),
        sla_minutes=_read_sla(visit, form),
        contract=form.line("contrato", 200),
        is_active=is_active,
        priority_slas=_read_priority_slas(visit, form),
        description_template=form.text("modelo", 4000),
    )


def _read_sla(visit: Visit, form: Form) -> int | None:
    """Return the working minutes until the deadline; None when neither hours nor minutes were typed."""
    typed = [form.line(name, 6) for name in ("horas", "minutos")]
    if typed == ["", ""]:
        return None
    if all(not part or (part.isascii() and part.isdigit()) for part in typed):
        minutes = int(typed[0] or 0) * 60 + int(typed[1] or 0)
        if 0 < minutes <= LONGEST_SLA_MINUTES:
            return minutes
    form.refuse("horas", visit.gettext("Informe de 1 minuto a 8760 horas, ou deixe os dois campos em branco."))
    return None


def _read_priority_slas(visit: Visit, form: Form) -> tuple[tuple[int, int], ...]:
    """Return priority and minutes of each SLA that was typed as hours and minutes (4, 4:30)."""
    slas = []
    for priority in PRIORITIES:
        name = f"sla-{priority}"
        typed = form.line(name, 7)
        found = _HOURS.fullmatch(typed)
        minutes = int(found[1]) * 60 + int(found[2] or 0) if found else 0
        if 0 < minutes <= LONGEST_SLA_MINUTES:
            slas.append((priority, minutes))
        elif typed:
            form.refuse(name, visit.gettext("Escreva horas e minutos como 4:30, até 8760 horas, ou deixe em branco."))
    return tuple(slas)


def _service_page(
    visit: Visit, form: Form, number: int = 0, status: int = 200, *, is_outdated: bool = False
) -> Response:
    return visit.render(
        "administration/service.html",
        status,
        form=form,
        number=number,
        priorities=PRIORITIES,
        group_options=[(group.name, group.name) for group in visit.store.staff.list_groups()],
        is_outdated=is_outdated,
    )
