"""Forwarding and assigning many requests of a list at once: one post, each request judged and saved for itself.

Every request is judged by the rule of the single action and has a transaction of its own; what was refused is named by
its number with the reason. A second post of the same form changes nothing and says the same.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Response

from soap_service.errors import (
    AgentNotFound,
    ChangedMeanwhile,
    ExecutionRefused,
    GroupRefused,
    NotFound,
    RequestNotFound,
    StoreUnavailable,
    TransitionRefused,
)
from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.screens.forms import declare_untyped, form_key
from soap_service.screens.language import N_
from soap_service.screens.notices import Notice, declare_telling
from soap_service.screens.visit import Visit
from soap_service.store import NOBODY, Changes

declare_untyped("escolhida", "para_grupo", "para_responsavel")

#: What chooses no group and no responsible.
UNCHANGED = ""
_CHOSEN = re.compile(r"([1-9][0-9]{0,9})\.([0-9]{1,9})", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_REASONS: dict[type[Exception], str] = {
    RequestNotFound: N_("Ela não existe mais."),
    AgentNotFound: N_("Este atendente não está mais ativo. Escolha outro."),
    GroupRefused: N_("Nesse grupo ninguém pode executar. Escolha outro."),
    NotFound: N_("Este grupo não existe mais. Escolha outro."),
    ExecutionRefused: N_("Você não pode executar esta solicitação."),
    TransitionRefused: N_("Ela já foi finalizada."),
    ChangedMeanwhile: N_("Ela mudou enquanto você escolhia. Confira e repita."),
    StoreUnavailable: N_("O banco de dados não respondeu. Repita."),
}


@dataclass(frozen=True)
class Refused:
    """A request that was left as it is, and why."""

    number: int
    reason: str


def choices(visit: Visit) -> dict[str, Any]:
    """Return the groups and the agents that requests can be given to."""
    groups = [(str(group.id), group.name) for group in visit.store.execution.list_executing_groups()]
    agents = [(str(agent.id), agent.name) for agent in visit.store.execution.list_executors()]
    unchanged = (UNCHANGED, visit.gettext("Não mudar"))
    return {
        "targets": [unchanged, *groups],
        "assignees": [unchanged, (str(NOBODY), visit.gettext("Ninguém")), *agents],
    }


def change_many(visit: Visit) -> Response:
    """Forward and assign the chosen requests, and say of how many it was done and why not of the others."""
    form = visit.form()
    chosen = _chosen(visit)
    group, assignee = form.value("para_grupo"), form.value("para_responsavel")
    changes = Changes(group_id=_chosen_id(group), responsible_id=_chosen_id(assignee))
    if not chosen or changes == Changes() or not (_is_choice(group) and _is_choice(assignee)):
        problem = visit.gettext("Escolha pelo menos uma solicitação, e um grupo ou um responsável.")
        return _result_page(visit, problem=problem, status=422)
    key = form_key(form)
    refused = []
    for number, version in chosen:
        if (reason := _change(visit, number, version, changes, key)) is not None:
            refused.append(Refused(number, visit.gettext(reason)))
    done = len(chosen) - len(refused)
    if not refused:
        notice = FORWARDED if changes.group_id is not None else ASSIGNED
        return visit.redirect(visit.return_path(), f"{notice}-{done}")
    return _result_page(visit, _outcome(visit, done, len(refused), changes), refused)


def _chosen(visit: Visit) -> list[tuple[int, int]]:
    """Return number and version of each request that was chosen; what can be no number is passed over."""
    matches = filter(None, map(_CHOSEN.fullmatch, visit.request.form.getlist("escolhida")))
    chosen = [(int(found[1]), int(found[2])) for found in matches]
    return [(number, version) for number, version in chosen if number <= HIGHEST_NUMBER]


def _change(visit: Visit, number: int, version: int, changes: Changes, key: str) -> str | None:
    """Change one request; return why it was refused, None when it was not."""
    try:
        visit.store.execution.give(number, visit.agent.id, changes, version, key)
    except tuple(_REASONS) as refusal:
        return next(_REASONS[kind] for kind in type(refusal).__mro__ if kind in _REASONS)
    return None


def _is_choice(typed: str) -> bool:
    """Tell what the lists can send. Anything else is refused as a whole: the other half would be done unasked."""
    return typed == UNCHANGED or _NUMBER.fullmatch(typed) is not None


def _chosen_id(typed: str) -> int | None:
    return int(typed) if _NUMBER.fullmatch(typed) else None


def _outcome(visit: Visit, done: int, refused: int, changes: Changes) -> str:
    ngettext: Callable[[str, str, int], str] = visit.translations.ngettext
    if changes.group_id is not None:
        told = ngettext("%(num)d encaminhada", "%(num)d encaminhadas", done) % {"num": done}
    else:
        told = ngettext("%(num)d atribuída", "%(num)d atribuídas", done) % {"num": done}
    return f"{told}, " + ngettext("%(num)d recusada", "%(num)d recusadas", refused) % {"num": refused}


def _result_page(
    visit: Visit, outcome: str = "", refused: list[Refused] | None = None, problem: str = "", status: int = 200
) -> Response:
    return visit.render(
        "requests/bulk.html",
        status,
        outcome=outcome,
        refused=refused or [],
        problem=problem,
        back=visit.return_path(),
    )


_COUNT = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


def _tell_forwarded(visit: Visit, count: str) -> Notice | None:
    number = int(count) if _COUNT.fullmatch(count) else 0
    told = visit.translations.ngettext("%(num)d solicitação encaminhada.", "%(num)d solicitações encaminhadas.", number)
    return Notice(told % {"num": number}) if number else None


def _tell_assigned(visit: Visit, count: str) -> Notice | None:
    number = int(count) if _COUNT.fullmatch(count) else 0
    told = visit.translations.ngettext("%(num)d solicitação atribuída.", "%(num)d solicitações atribuídas.", number)
    return Notice(told % {"num": number}) if number else None


FORWARDED = declare_telling("encaminhadas", _tell_forwarded)
ASSIGNED = declare_telling("atribuidas", _tell_assigned)
