"""The first page: what there is to do, each a number and its list, and the latest calls. Changes nothing."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from soap_service.model import CallState
from soap_service.rules.roles import Permission
from soap_service.screens.administration.audit import list_warnings
from soap_service.screens.calls.call import with_states
from soap_service.screens.first_run import list_steps
from soap_service.screens.visit import Visit
from soap_service.store import MOST_COUNTED, CallChoice

_CALLS_SHOWN = 5


@dataclass(frozen=True)
class Tile:
    """A number and the address of its list; a `concern` is shown in another colour unless it is 0."""

    words: str
    number: str
    address: str
    scope: str = ""
    is_concern: bool = False


def show_home(visit: Visit) -> Response:
    """Show what there is to do and the latest calls; to an administrator also what is set up wrongly."""
    problem = visit.store.child_requests.find_problem() if visit.may(Permission.ADMINISTER) else None
    latest = visit.store.call_lists.list_at(visit.extension, _CALLS_SHOWN) if visit.extension else []
    return visit.render(
        "home.html",
        tiles=_tiles(visit),
        calls=with_states(visit.store, latest),
        problem=visit.explain(problem),
        warnings=list_warnings(visit),
        steps=list_steps(visit),
    )


def _tiles(visit: Visit) -> list[Tile]:
    gettext = visit.gettext
    groups = tuple(group.id for group in visit.groups)
    work = visit.store.worklist.count_work(visit.agent.id, groups, visit.end_of_day)
    scope = gettext("nos meus grupos") if groups else gettext("de todos os grupos")

    def address(**filters: str) -> str:
        return "/solicitacoes?" + urlencode(filters | ({"grupo": "meus"} if groups else {}))

    def number(count: int) -> str:
        return _number(visit, count)

    tiles = [
        Tile(gettext("Minhas"), number(work.mine), "/solicitacoes?minhas=1"),
        Tile(gettext("Vencem hoje"), number(work.due_today), address(hoje="1"), scope),
        Tile(gettext("Atrasadas"), number(work.late), address(atrasadas="1"), scope, work.late > 0),
        Tile(gettext("Sem responsável"), number(work.unassigned), address(livres="1"), scope),
    ]
    return [*tiles, _calls_tile(visit)] if visit.may(Permission.WORK) else tiles


def _calls_tile(visit: Visit) -> Tile:
    to_return = _calls_to_return(visit)
    # Without it an administrator's list is of all extensions; every other agent's is of their own.
    at_extension = {"ramal": visit.extension} if visit.may(Permission.ADMINISTER) and visit.extension else {}
    address = "/chamadas?" + urlencode({"destino": "a-retornar", **at_extension})
    scope = visit.gettext("hoje, no meu ramal")
    return Tile(visit.gettext("Ligações a retornar"), _number(visit, to_return), address, scope, to_return > 0)


def _calls_to_return(visit: Visit) -> int:
    if visit.extension is None:
        return 0
    day = timedelta(days=1)
    missed = CallChoice(visit.end_of_day - day, visit.end_of_day, visit.extension, (CallState.MISSED,))
    return visit.store.call_lists.count(missed)


def _number(visit: Visit, count: int) -> str:
    """Return a count as it is shown: what was not counted to its end with a plus."""
    number = visit.formats.number
    return number(count) if count <= MOST_COUNTED else f"{number(MOST_COUNTED)}+"
