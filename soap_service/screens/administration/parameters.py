"""Parameters 281, 282 and 283: their published texts, their values, and who changed them."""

from werkzeug.wrappers import Response

from soap_service.errors import ChangedMeanwhile, InvalidValue, NotFound
from soap_service.rules.parameters import CHILD_REQUEST_SERVICE, PARAMETERS, WEB_SERVICES_ON
from soap_service.screens.administration.editing import actor_of
from soap_service.screens.forms import declare_untyped
from soap_service.screens.notices import SAVED
from soap_service.screens.visit import Visit

declare_untyped("antes", "parametro", "ciente")

_CHANGES_SHOWN = 10


def lead_to_parameters(visit: Visit) -> Response:
    """Lead on to the first page of Administration."""
    return visit.redirect("/administracao/parametros")


def show_parameters(visit: Visit) -> Response:
    """Show each parameter with its value and its latest changes."""
    return _parameters_page(visit)


def save_parameter(visit: Visit) -> Response:
    """Save one parameter; a wrong value is refused beside its field and the last good one stays.

    What would stop the telephony is asked about first.
    """
    form = visit.form()
    value, typed_id = form.value("valor"), form.value("parametro")
    if not typed_id.isdecimal() or int(typed_id) not in PARAMETERS:
        raise NotFound(typed_id)
    parameter_id = int(typed_id)
    if _stops_telephony(visit, parameter_id, value) and form.value("ciente") != "S":
        return _parameters_page(visit, status=409, asked=parameter_id)
    try:
        visit.store.parameters.change(parameter_id, value, actor_of(visit), expected=form.value("antes"))
    except InvalidValue as refusal:
        return _parameters_page(visit, parameter_id, visit.explain(refusal.reason), 422)
    except ChangedMeanwhile:
        sentence = visit.gettext(
            "Outra pessoa mudou este parâmetro agora. Confira o valor e, se for o caso, grave de novo."
        )
        return _parameters_page(visit, parameter_id, sentence, 409)
    return visit.redirect("/administracao/parametros", SAVED)


def _stops_telephony(visit: Visit, parameter_id: int, value: str) -> bool:
    return parameter_id == WEB_SERVICES_ON and value == "N" and visit.store.first_steps.is_telephony_on()


def _parameters_page(
    visit: Visit, refused: int = 0, sentence: str = "", status: int = 200, *, asked: int = 0
) -> Response:
    services = visit.store.catalogue.list_services(include_inactive=True)
    return visit.render(
        "administration/parameters.html",
        status,
        parameters=[
            (PARAMETERS[number], value, visit.store.parameters.list_changes(number, _CHANGES_SHOWN))
            for number, value in visit.store.parameters.list_values()
        ],
        services=services,
        names={str(service.id): service.name for service in services},
        service_parameter=CHILD_REQUEST_SERVICE,
        refused=refused,
        asked=asked,
        sentence=sentence,
        problem=visit.explain(visit.store.child_requests.find_problem()),
    )
