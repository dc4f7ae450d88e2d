"""The filter of a list of requests as SQL conditions, written so that the index meant for it is the one that is taken.

What is unfinished is small beside all there is, and has indexes that hold it alone, with all that filters it. Of the
rest there is a query a situation, and a group where groups are asked for: their rows, merged, are the list.
"""

from datetime import datetime
from itertools import product

from sqlalchemy import ColumnElement, func, literal_column

from soap_service.model import Request
from soap_service.rules.scopes import Scope
from soap_service.rules.situations import FINISHED_SITUATIONS, OPEN_SITUATIONS, UNFINISHED_SITUATIONS, Situation
from soap_service.storage.request_filter import Order, RequestFilter
from soap_service.storage.scopes import is_in

# Each group and situation is a query of its own within a list of finished requests.
_MOST_GROUPS = 40
# As the indexes of unfinished requests have it, and of no use to any other index.
_IS_UNFINISHED = Request.situation.not_in([literal_column(f"'{situation}'") for situation in FINISHED_SITUATIONS])
# As `ix_request_load` has it.
_IS_OPEN = Request.situation.in_([literal_column(f"'{situation}'") for situation in OPEN_SITUATIONS])


def conditions_of(wanted: RequestFilter, order: Order, now: datetime) -> list[list[ColumnElement[bool]]]:
    """Return the conditions of each of the queries whose rows, merged, are the list.

    Expressions instead of plain columns keep a database from a filter's own index where the order's has all it needs.
    """
    timed = _times(wanted, now)
    if wanted.is_of_unfinished:
        conditions = [_IS_UNFINISHED, *timed, *_nobodys(wanted)]
        if set(wanted.situations) != set(UNFINISHED_SITUATIONS):
            conditions.append(Request.situation.concat("").in_(wanted.situations))
        if wanted.group_ids:
            conditions.append((Request.group_id + 0).in_(wanted.group_ids))
        if wanted.responsible_id is not None and not wanted.is_unassigned:
            conditions.append(Request.responsible_id + 0 == wanted.responsible_id)
        return [conditions + _seen(wanted)]
    owners: list[ColumnElement[bool]] = _nobodys(wanted)
    if wanted.requester_id is not None:
        owners.append(Request.requester_id == wanted.requester_id)
    if wanted.responsible_id is not None and not wanted.is_unassigned:
        owners.append((Request.responsible_id + 0 if owners else Request.responsible_id) == wanted.responsible_id)
    grouped: list[list[ColumnElement[bool]]] = [[]]
    if owners:
        owners += _seen(wanted)
    elif wanted.scope is not None:
        return [
            [*group, _is_in(situation), *timed]
            for group, situation in product(_in_scope(wanted, wanted.scope), _situations(wanted))
        ]
    if wanted.group_ids and (owners or len(wanted.group_ids) > _MOST_GROUPS):
        grouped = [[(Request.group_id + 0).in_(wanted.group_ids)]]
    elif wanted.group_ids:
        grouped = [[Request.group_id == group_id] for group_id in wanted.group_ids]
    is_of_all = set(wanted.situations) == set(Situation)
    if order is Order.NUMBER and is_of_all and not (owners or timed or wanted.group_ids):
        return [[]]
    return [
        [*owners, *groups, _is_in(situation), *timed] for groups, situation in product(grouped, _situations(wanted))
    ]


def sought_by_index(wanted: RequestFilter, now: datetime) -> list[list[ColumnElement[bool]]]:
    """Return the conditions by which an index finds what a list of unfinished requests holds, and little else.

    They need no order, and leave out what is not in the list's scope. None for a list that no index has, as all that is
    unfinished is.
    """
    if not wanted.is_of_unfinished:
        return []
    timed, seen = _times(wanted, now), _seen(wanted)
    possible = [s for s in UNFINISHED_SITUATIONS if not (timed and s == Situation.SUSPENDED)]
    situations = [s for s in wanted.situations if s in possible]
    some = [] if set(situations) == set(possible) else [Request.situation.concat("").in_(situations)]
    groups = [Request.group_id == group_id for group_id in wanted.group_ids]
    any_group = [(Request.group_id + 0).in_(wanted.group_ids)] if groups else []
    is_each_sought = 0 < len(groups) <= _MOST_GROUPS
    if wanted.is_unassigned:
        if wanted.responsible_id is not None:
            return []
        nobodys = [_IS_UNFINISHED, Request.responsible_id.is_(None), *timed, *some, *seen]
        return [[*nobodys, group] for group in groups] if is_each_sought else [[*nobodys, *any_group]]
    if wanted.responsible_id is not None:
        owner = Request.responsible_id == wanted.responsible_id
        return [[owner, _is_in(situation), *timed, *any_group, *seen] for situation in situations]
    if is_each_sought or (some and not groups and not timed):
        return [
            [*([_IS_OPEN] if timed and situation in OPEN_SITUATIONS else []), _is_in(situation), *group, *timed, *seen]
            for group, situation in product([[one] for one in groups] or [[]], situations)
        ]
    return [[_IS_UNFINISHED, *timed, *some, *any_group, *seen]] if timed else []


def _situations(wanted: RequestFilter) -> list[Situation]:
    return [s for s in wanted.situations if not wanted.is_narrow or s in UNFINISHED_SITUATIONS]


def _seen(wanted: RequestFilter) -> list[ColumnElement[bool]]:
    """Return what leaves only what is in the list's scope; nothing where all its requests are."""
    if wanted.scope is None or (wanted.responsible_id == wanted.scope.agent_id and not wanted.is_unassigned):
        return []
    return [is_in(wanted.scope)]


def _in_scope(wanted: RequestFilter, scope: Scope) -> list[list[ColumnElement[bool]]]:
    """Return the conditions of queries that have what is in a scope, each once: by group, then the agent's own."""
    asked: list[ColumnElement[bool]] = [(Request.group_id + 0).in_(wanted.group_ids)] if wanted.group_ids else []
    groups = [one for one in wanted.group_ids or scope.group_ids if one in scope.group_ids]
    found: list[list[ColumnElement[bool]]] = [[Request.group_id == group_id] for group_id in groups]
    if len(groups) > _MOST_GROUPS:
        found = [[(Request.group_id + 0).in_(groups)]]
    others = (Request.group_id + 0).not_in(scope.group_ids)
    found.append([Request.responsible_id == scope.agent_id, others, *asked])
    if scope.numbers:
        is_anothers = func.coalesce(Request.responsible_id, 0) != scope.agent_id
        found.append([Request.id.in_(sorted(scope.numbers)), others, is_anothers, *asked])
    return found


def _times(wanted: RequestFilter, now: datetime) -> list[ColumnElement[bool]]:
    """Return what holds for what is late, due today, or either."""
    if not wanted.is_timed:
        return []
    times: list[ColumnElement[bool]] = [Request.due_at < (wanted.due_by or now), is_not_suspended()]
    return times if wanted.is_late else [Request.due_at >= now, *times]


def _nobodys(wanted: RequestFilter) -> list[ColumnElement[bool]]:
    if not wanted.is_unassigned:
        return []
    if wanted.responsible_id is None:
        return [Request.responsible_id.is_(None)]
    return [func.coalesce(Request.responsible_id, wanted.responsible_id) == wanted.responsible_id]


def is_not_suspended() -> ColumnElement[bool]:
    """Return what holds for a request whose deadline runs, in the words of the indexes."""
    return Request.situation != literal_column(f"'{Situation.SUSPENDED}'")


def _is_in(situation: Situation) -> ColumnElement[bool]:
    return Request.situation == literal_column(f"'{situation}'")
