"""The list of requests: filtered, in an order, page by page. Knows nothing of what is done to a request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from soap_service.errors import RequesterNotFound
from soap_service.model import Requester
from soap_service.rules.roles import Permission
from soap_service.rules.situations import SITUATION_LABELS, UNFINISHED_SITUATIONS, Situation
from soap_service.screens.forms import form_key
from soap_service.screens.people.check_digits import SEARCHING
from soap_service.screens.requests import bulk
from soap_service.screens.visit import Visit
from soap_service.store import MOST_COUNTED, Choice, Order, RequestFilter

_OPEN, _ALL, _MINE = "abertas", "todas", "meus"
_ID = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class Asked:
    """The list that an address or a form asks for, as far as it was understood; `values` are its names and values.

    The list can be had in `order`, whichever was asked for.
    """

    wanted: RequestFilter
    order: Order
    requester: Requester | None
    values: Mapping[str, str]


def show_list(visit: Visit) -> Response:
    """Show a page of the list that the address asks for; what it asks for wrongly is as if it were not there.

    An address that asks for nothing leads to the filters that the agent used last.
    """
    asked = visit.request.args
    kept = visit.choices.get(Choice.LIST, "")
    if kept and not asked.keys() - {"aviso"}:
        return visit.redirect(f"/solicitacoes?{kept}", asked.get("aviso", ""))
    read = read_asked(visit)
    if read.requester is not None:
        visit.note_person(read.requester.id)
    wanted, order, values = read.wanted, read.order, read.values
    after = asked.get("depois", "")
    page = visit.store.worklist.list_page(wanted, order, after)
    is_all = not after and not page.after
    count = len(page.requests) if is_all else visit.store.worklist.count(wanted)
    typed_order = asked.get("ordem", "")
    may_choose = visit.may(Permission.SUPERVISE)
    return visit.render(
        "requests/requests.html",
        form=visit.form(busca=""),
        wrong_digits=visit.gettext(SEARCHING),
        requester=read.requester,
        requests=page.requests,
        now=visit.store.now(),
        count=str(count) if count <= MOST_COUNTED else "",
        most=MOST_COUNTED,
        values=values,
        filter_count=len(values.keys() - {"solicitante", "ordem", "situacao"}),
        is_other_order=bool(typed_order) and typed_order in [*Order] and order != typed_order,
        beginning=_address(values) if after else "",
        following=_address({**values, "depois": page.after}) if page.after else "",
        may_choose=may_choose,
        bulk_key=form_key(visit.form(chave="")) if may_choose else "",
        here=_address({**values, "depois": after} if after else values),
        **(bulk.choices(visit) if may_choose else {}),
        **_choices(visit),
    )


def remember_filters(visit: Visit) -> Response:
    """Keep the filters that were chosen for this agent, without the person they are about, and show that list."""
    form = visit.request.form
    if form.get("limpar"):
        visit.store.choices.choose(visit.agent.id, {Choice.LIST: ""})
        return visit.redirect("/solicitacoes")
    values = _read(visit, form).values
    kept = {name: value for name, value in values.items() if name != "solicitante"}
    visit.store.choices.choose(visit.agent.id, {Choice.LIST: urlencode(kept)})
    return visit.redirect(_address(values))


def read_asked(visit: Visit) -> Asked:
    """Return the list that the address asks for; what it asks for wrongly is as if it were not there."""
    return _read(visit, visit.request.args)


def _read(visit: Visit, asked: Mapping[str, str]) -> Asked:
    requester = _requester(visit, asked.get("solicitante", ""))
    situation = asked.get("situacao", "")
    if situation not in (_OPEN, _ALL, *Situation):
        situation = _OPEN if requester is None else _ALL
    wanted = RequestFilter(
        situations=_situations(situation),
        group_ids=_groups(visit, asked.get("grupo", "")),
        responsible_id=visit.agent.id if asked.get("minhas") else None,
        requester_id=None if requester is None else requester.id,
        is_late=bool(asked.get("atrasadas")),
        due_by=visit.end_of_day if asked.get("hoje") else None,
        is_unassigned=bool(asked.get("livres")),
        scope=visit.scope,
    )
    typed_order = asked.get("ordem", "")
    order = wanted.order(Order(typed_order) if typed_order in [*Order] else Order.DUE)
    return Asked(wanted, order, requester, _values(asked, situation, wanted, order, requester))


def _requester(visit: Visit, typed: str) -> Requester | None:
    try:
        return visit.store.requesters.find_by_id(int(typed)) if _ID.fullmatch(typed) else None
    except RequesterNotFound:
        return None


def _groups(visit: Visit, typed: str) -> tuple[int, ...]:
    """Return the groups that the address means: the agent's own, whoever it is, or one; none for all."""
    if typed == _MINE:
        return tuple(group.id for group in visit.groups)
    return (int(typed),) if _ID.fullmatch(typed) else ()


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
        "grupo": _group(asked.get("grupo", ""), wanted),
        "minhas": "1" if asked.get("minhas") else "",
        "livres": "1" if wanted.is_unassigned else "",
        "atrasadas": "1" if wanted.is_late else "",
        "hoje": "" if wanted.due_by is None else "1",
        "ordem": str(order),
    }
    return {name: value for name, value in values.items() if value}


def _group(typed: str, wanted: RequestFilter) -> str:
    if not wanted.group_ids:
        return ""
    return typed if typed == _MINE else str(wanted.group_ids[0])


def _address(values: Mapping[str, str]) -> str:
    return f"/solicitacoes?{urlencode(values)}"


def _choices(visit: Visit) -> dict[str, Any]:
    """Return what can be chosen in the list's form: values and words."""
    groups = [(str(group.id), group.name) for group in visit.store.staff.list_groups()]
    open_and_all = [(_OPEN, visit.gettext("Em aberto")), (_ALL, visit.gettext("Todas"))]
    orders = {
        Order.DUE: visit.gettext("Prazo: vence antes"),
        Order.PRIORITY: visit.gettext("Prioridade: mais urgente"),
        Order.OPENED: visit.gettext("Abertura: mais antigas"),
        Order.NUMBER: visit.gettext("Número: mais novas"),
    }
    return {
        "situations": open_and_all + [(str(one), visit.gettext(label)) for one, label in SITUATION_LABELS.items()],
        "groups": [(_MINE, visit.gettext("Meus grupos")), *groups],
        "orders": [(str(order), words) for order, words in orders.items()],
    }
