"""The first run: what leads an administrator from an empty database to the first popup; changes only who sees it."""

from dataclasses import dataclass

from werkzeug.wrappers import Response

from soap_service.rules.roles import Permission
from soap_service.screens.language import N_
from soap_service.screens.visit import Visit
from soap_service.store import Choice

HOME = "/"


@dataclass(frozen=True)
class Step:
    """Something to do, where, and whether it is done."""

    words: str
    address: str
    is_done: bool


_STEPS = {
    "agent": (N_("Cadastre um grupo que pode executar e os atendentes dele"), "/administracao/atendentes"),
    "service": (N_("Cadastre um serviço do catálogo"), "/administracao/servicos"),
    "integration": (N_("Cadastre a plataforma de telefonia"), "/administracao/integracoes"),
    "telephony": (N_("Ligue a integração com a telefonia (parâmetro 281)"), "/administracao/parametros"),
    "extension": (N_("Informe o ramal em que um atendente atende"), "/ramal"),
    "call": (N_("Simule uma ligação e veja a tela abrir"), "/diagnostico"),
}


def list_steps(visit: Visit) -> list[Step]:
    """Return the steps to the first popup; none for whoever is no administrator, has dismissed them, or is through."""
    found = visit.store.first_steps.find(visit.agent.id) if visit.may(Permission.ADMINISTER) else None
    if found is None or found.is_done:
        return []
    return [Step(visit.gettext(words), address, getattr(found, name)) for name, (words, address) in _STEPS.items()]


def dismiss_steps(visit: Visit) -> Response:
    """Show the steps to this agent no more."""
    visit.store.choices.choose(visit.agent.id, {Choice.CHECKLIST: "off"})
    return visit.redirect(HOME)
