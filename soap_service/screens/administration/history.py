"""The history of Administration: who changed what, and when."""

import json

from werkzeug.wrappers import Response

from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.screens.administration.editing import told
from soap_service.screens.language import N_
from soap_service.screens.visit import Visit
from soap_service.storage.history import CHANGES_SHOWN
from soap_service.tables.administration import AdminChange

_SUBJECTS = {
    "parameter": N_("Parâmetro"),
    "calendar": N_("Calendário"),
    "holiday": N_("Feriado"),
    "service": N_("Serviço"),
    "agent": N_("Atendente"),
    "group": N_("Grupo"),
    "integration": N_("Integração"),
    "extension": N_("Ramal"),
}
_ACTIONS = {
    "added": N_("inclusão"),
    "changed": N_("alteração"),
    "removed": N_("remoção"),
    "worked": N_("passa a ser dia de trabalho"),
    "password": N_("nova senha"),
    "renewed": N_("novo segredo"),
    "revoked": N_("revogação, sem volta"),
}
_FIELDS = {
    "value": N_("Valor"),
    "name": N_("Nome"),
    "kind": N_("Tipo"),
    "contract": N_("Contrato"),
    "sla_minutes": N_("SLA em minutos"),
    "sla_minutes-1": N_("SLA em minutos, prioridade 1"),
    "sla_minutes-2": N_("SLA em minutos, prioridade 2"),
    "sla_minutes-3": N_("SLA em minutos, prioridade 3"),
    "sla_minutes-4": N_("SLA em minutos, prioridade 4"),
    "sla_minutes-5": N_("SLA em minutos, prioridade 5"),
    "group": N_("Grupo executor"),
    "groups": N_("Grupos"),
    "is_active": N_("Ativo"),
    "description_template": N_("Modelo da descrição"),
    "role": N_("Papel"),
    "agents": N_("Atendentes"),
    "is_admin": N_("Administrador"),  # until there were roles
    "may_execute": N_("Pode executar"),
    "sees_all": N_("Vê todas as solicitações"),
    "addresses": N_("Endereços"),
    "operations": N_("Operações"),
    "language": N_("Idioma"),
    "skips_national": N_("Pula feriados nacionais"),
    "skips_optional": N_("Pula pontos facultativos"),
    "weekday-0": N_("Segunda-feira"),
    "weekday-1": N_("Terça-feira"),
    "weekday-2": N_("Quarta-feira"),
    "weekday-3": N_("Quinta-feira"),
    "weekday-4": N_("Sexta-feira"),
    "weekday-5": N_("Sábado"),
    "weekday-6": N_("Domingo"),
}
_HERE = "/administracao/historico"
#: The names of the weekdays from Monday on.
WEEKDAYS = tuple(_FIELDS[f"weekday-{number}"] for number in range(7))


def list_changes(visit: Visit) -> Response:
    """Show the latest changes, or those before the one that the address names."""
    before = visit.request.args.get("antes", "")
    is_number = before.isdecimal() and 0 < int(before) <= HIGHEST_NUMBER
    changes = visit.store.history.list_changes(int(before) if is_number else None)
    return visit.render(
        "administration/history.html",
        changes=[(change, *_sentences(visit, change)) for change in changes],
        newest=_HERE if is_number else "",
        older=f"{_HERE}?antes={changes[-1].id}" if len(changes) == CHANGES_SHOWN else "",
    )


def _sentences(visit: Visit, change: AdminChange) -> tuple[str, str, list[tuple[str, str, str]]]:
    """Return what was changed, how, and each field before and after."""
    details = [
        (visit.gettext(_FIELDS.get(name, name)), told(visit, before), told(visit, after))
        for name, (before, after) in json.loads(change.details).items()
    ]
    subject, action = _SUBJECTS.get(change.subject, change.subject), _ACTIONS.get(change.action, change.action)
    return visit.gettext(subject), visit.gettext(action), details
