"""The list of requests: filtered, in an order, page by page. Knows nothing of what is done to a request."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from soap_service.errors import RequesterNotFound
from soap_service.model import Requester
from soap_service.rules.situations import SITUATION_LABELS, UNFINISHED_SITUATIONS, Situation
from soap_service.screens.people.check_digits import SEARCHING
from soap_service.screens.visit import Visit
from soap_service.store import MOST_COUNTED, Order, RequestFilter

_OPEN, _ALL = "abertas", "todas"
_ID = re.compile(r"[1-9][0-9]{0,8}")


def show_list(visit: Visit) -> Response:
    """Show a page of the list that the address asks for; what it asks for wrongly is as if it were not there."""
    asked = visit.request.args
    requester = _requester(visit, asked.get("solicitante", ""))
    situation = asked.get("situacao", "")
    if situation not in (_OPEN, _ALL, *Situation):
        situation = _OPEN if requester is None else _ALL
    wanted = RequestFilter(
        situations=_situations(situation),
        group_id=_id(asked.get("grupo", "")),
        responsible_id=visit.agent.id if asked.get("minhas") else None,
        requester_id=None if requester is None else requester.id,
        is_late=bool(asked.get("atrasadas")),
    )
    typed_order = asked.get("ordem", "")
    order = Order(typed_order) if typed_order in [*Order] else Order.DUE
    after = asked.get("depois", "")
    page = visit.store.list_requests(wanted, order, after)
    is_all = not after and not page.after
    count = len(page.requests) if is_all else visit.store.count_requests(wanted)
    values = _values(asked, situation, wanted, wanted.order(order), requester)
    return visit.render(
        "requests/requests.html",
        form=visit.form(busca=""),
        wrong_digits=visit.gettext(SEARCHING),
        wanted=wanted,
        requester=requester,
        requests=page.requests,
        now=visit.store.now(),
        count=str(count) if count <= MOST_COUNTED else "",
        most=MOST_COUNTED,
        values=values,
        is_other_order=bool(typed_order) and wanted.order(order) != order,
        beginning=_address(values) if after else "",
        following=_address({**values, "depois": page.after}) if page.after else "",
        **_choices(visit),
    )


def _requester(visit: Visit, typed: str) -> Requester | None:
    try:
        return visit.store.find_requester_by_id(int(typed)) if _ID.fullmatch(typed) else None
    except RequesterNotFound:
        return None


def _id(typed: str) -> int | None:
    return int(typed) if _ID.fullmatch(typed) else None


def _situations(chosen: str) -> tuple[Situation, ...]:
    if chosen == _ALL:
        return tuple(Situation)
    return UNFINISHED_SITUATIONS if chosen == _OPEN else (Situation(chosen),)


def _values(
    asked: Mapping[str, str], situation: str, wanted: RequestFilter, order: Order, requester: Requester | None
) -> dict[str, str]:
    """Return the list's address as names and values: what of it was understood."""
    values = {
        "solicitante": "" if requester is None else str(requester.id),
        "situacao": situation,
        "grupo": "" if wanted.group_id is None else str(wanted.group_id),
        "minhas": "1" if asked.get("minhas") else "",
        "atrasadas": "1" if wanted.is_late else "",
        "ordem": str(order),
    }
    return {name: value for name, value in values.items() if value}


def _address(values: Mapping[str, str]) -> str:
    return f"/solicitacoes?{urlencode(values)}"


def _choices(visit: Visit) -> dict[str, Any]:
    """Return what can be chosen in the list's form: values and words."""
    open_and_all = [(_OPEN, visit.gettext("Em aberto")), (_ALL, visit.gettext("Todas"))]
    orders = {
        Order.DUE: visit.gettext("Prazo: vence antes"),
        Order.PRIORITY: visit.gettext("Prioridade: mais urgente"),
        Order.OPENED: visit.gettext("Abertura: mais antigas"),
        Order.NUMBER: visit.gettext("Número: mais novas"),
    }
    return {
        "situations": open_and_all + [(str(one), visit.gettext(label)) for one, label in SITUATION_LABELS.items()],
        "groups": [(str(group.id), group.name) for group in visit.store.list_groups()],
        "orders": [(str(order), words) for order, words in orders.items()],
    }
