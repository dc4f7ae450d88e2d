"""Why did the screen not open: a call's way step by step, and a call simulated. Knows no SOAP."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from werkzeug.wrappers import Response

from soap_service.errors import CallNotFound
from soap_service.model import Call
from soap_service.rules.calls import Simulated
from soap_service.rules.extensions import is_extension
from soap_service.rules.parameters import WEB_SERVICES_ON
from soap_service.rules.roles import Permission
from soap_service.rules.texts import clean_line
from soap_service.screens.calls.call import with_states
from soap_service.screens.calls.call_path import REASONS, Facts, Said, Step, first_failing, walk
from soap_service.screens.forms import Form
from soap_service.screens.language import N_
from soap_service.screens.visit import Visit
from soap_service.store import ExtensionStatus

_CALLS_SHOWN = 20
_HOMELESS_SHOWN = 5
_RECENT = timedelta(hours=24)
_TOKEN = re.compile(r"[0-9A-Za-z_-]{43}")
_FAULTS = {
    "INTEGRACAO_DESATIVADA": N_("A integração com a telefonia está desativada (parâmetro 281)."),
    "LIMITE_EXCEDIDO": N_("Chamadas demais em pouco tempo. Aguarde e tente novamente."),
    "INDISPONIVEL": N_("O serviço está indisponível no momento. Tente novamente."),
}


def show_diagnosis(visit: Visit) -> Response:
    """Show the way of one call (`chamada`), or how an extension stands: an agent's own, for an administrator any."""
    call = _call_asked_for(visit)
    extension = visit.extension
    if call is not None:
        extension = call.extension
    elif visit.may(Permission.ADMINISTER):
        extension = clean_line(visit.request.args.get("ramal", ""))[:20] or visit.extension
    return _diagnosis_page(visit, visit.form(ramal=extension or ""), extension, call)


def simulate_call(visit: Visit) -> Response:
    """Send a call through the SOAP endpoint as a platform would, and show what it answered beside the diagnosis."""
    form = visit.form()
    document = form.line("cpf", 40)
    extension = form.line("ramal", 20) if visit.may(Permission.ADMINISTER) else visit.extension or ""
    if not extension:
        form.refuse("ramal", visit.gettext("Informe o ramal em que a ligação deve aparecer."))
    elif not is_extension(extension):
        form.refuse("ramal", visit.gettext("O ramal tem até 20 caracteres: dígitos, letras e * # + - . @ _"))
    if form.errors or visit.premises.simulate is None:
        return _diagnosis_page(visit, form, visit.extension, status=422)
    began = visit.store.now()
    simulated = visit.premises.simulate(document, extension, visit.language)
    is_repeat = bool(simulated.token) and visit.store.calls.find(simulated.token).created_at < began
    return _diagnosis_page(visit, form, extension, simulated=simulated, is_repeat=is_repeat)


def _call_asked_for(visit: Visit) -> Call | None:
    """Return the call that the address names; raises CallNotFound for none, and to an agent for somebody else's."""
    token = visit.request.args.get("chamada", "")
    if not token:
        return None
    if not _TOKEN.fullmatch(token):
        raise CallNotFound
    call = visit.store.calls.find(token)
    if not visit.may(Permission.ADMINISTER) and (call.extension is None or call.extension != visit.extension):
        raise CallNotFound
    return call


def _diagnosis_page(
    visit: Visit,
    form: Form,
    extension: str | None,
    call: Call | None = None,
    status: int = 200,
    *,
    simulated: Simulated | None = None,
    is_repeat: bool = False,
) -> Response:
    facts = _facts(visit, extension, call)
    steps = walk(facts)
    return visit.render(
        "calls/diagnosis.html",
        status,
        form=form,
        facts=facts,
        steps=[_spoken(visit, step) for step in steps],
        failing=first_failing(steps),
        calls=with_states(visit.store, facts.calls),
        simulated=simulated,
        fault=visit.gettext(_FAULTS.get(simulated.fault, "")) if simulated else "",
        is_repeat=is_repeat,
        reasons=REASONS,
        may_simulate=visit.premises.simulate is not None,
        repeat_seconds=round(visit.store.calls.repeat_within.total_seconds()),
    )


def _facts(visit: Visit, extension: str | None, call: Call | None) -> Facts:
    store, now = visit.store, visit.store.now()
    calls = store.call_lists.list_at(extension, _CALLS_SHOWN) if extension else []
    return Facts(
        now=now,
        lifetime=store.calls.lifetime,
        is_admin=visit.may(Permission.ADMINISTER),
        is_on=store.parameters.value(WEB_SERVICES_ON) == "S",
        platforms=store.integrations.list_all(),
        uses=store.integrations.list_uses(),
        newest_call_at=store.diagnosis.find_newest_call_at(now - _RECENT),
        refusals=store.diagnosis.list_refusals(),
        extension=extension,
        is_own=extension == visit.extension and (extension is not None or not visit.may(Permission.ADMINISTER)),
        status=store.diagnosis.find_extension_status(extension) if extension else ExtensionStatus(),
        call=call or (calls[0] if calls else None),
        is_given=call is not None,
        calls=calls,
        homeless=store.diagnosis.list_calls_without_extension(now - _RECENT, _HOMELESS_SHOWN),
    )


def _spoken(visit: Visit, step: Step) -> dict[str, Any]:
    """Return a step with its sentences in the visit's language."""
    return {
        "title": visit.gettext(step.title),
        "verdict": step.verdict,
        "found": _say(visit, step.found),
        "advice": _say(visit, step.advice),
        "is_live": step.is_live,
    }


def _say(visit: Visit, said: Said) -> str:
    return visit.gettext(said.sentence) % _written(visit, said.values) if said.sentence else ""


def _written(visit: Visit, values: Mapping[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Said):
            written[name] = _say(visit, value)
        elif isinstance(value, tuple):
            moments = ((one, visit.formats.moment(at) if at else visit.gettext("nunca")) for one, at in value)
            written[name] = ", ".join(f"{one} ({moment})" for one, moment in moments)
        else:
            written[name] = visit.formats.moment(value) if isinstance(value, datetime) else value
    return written
