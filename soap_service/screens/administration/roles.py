"""What each role may do, as a table: the words for what the routes need."""

from collections.abc import Mapping

from werkzeug.wrappers import Response

from soap_service.rules.roles import PERMISSIONS, Permission, Role
from soap_service.screens.language import N_
from soap_service.screens.visit import Visit

ROLES: Mapping[str, str] = {
    Role.VIEWER: N_("Consulta"),
    Role.AGENT: N_("Atendente"),
    Role.SUPERVISOR: N_("Supervisor"),
    Role.ADMINISTRATOR: N_("Administrador"),
}
#: What can be done, and the permission that it needs.
_DEEDS = (
    (N_("Ver e buscar solicitações e solicitantes"), Permission.VIEW),
    (N_("Atender ligações em um ramal"), Permission.WORK),
    (N_("Cadastrar solicitantes e solicitações"), Permission.WORK),
    (N_("Executar as solicitações dos seus grupos"), Permission.WORK),
    (N_("Encaminhar e atribuir qualquer solicitação, também várias de uma vez"), Permission.SUPERVISE),
    (N_("Ver o painel"), Permission.SUPERVISE),
    (N_("Exportar listas"), Permission.SUPERVISE),
    (N_("Ver e mudar tudo em Administração, e ler a auditoria"), Permission.ADMINISTER),
)


def show_roles(visit: Visit) -> Response:
    """Show which role may do what."""
    return visit.render(
        "administration/roles.html",
        roles=[visit.gettext(words) for words in ROLES.values()],
        deeds=[(visit.gettext(words), [needs in PERMISSIONS[Role(role)] for role in ROLES]) for words, needs in _DEEDS],
    )
