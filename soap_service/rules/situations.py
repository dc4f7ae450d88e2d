"""Situations of a request, the actions that change them, and its priority. Pure rules.

Source: docs/rules.md, Situations; the manual's "em andamento".
"""

from enum import StrEnum

from soap_service.errors import TransitionRefused


class Situation(StrEnum):
    """Where a request stands. The values are the product's own and are stored."""

    IN_PROGRESS = "EmAndamento"
    SUSPENDED = "Suspensa"
    CANCELLED = "Cancelada"
    RESOLVED = "Resolvida"
    REOPENED = "Reaberta"
    CLOSED = "Fechada"
    RECLASSIFIED = "Reclassificada"


SITUATION_LABELS = {
    Situation.IN_PROGRESS: "Em andamento",
    Situation.SUSPENDED: "Suspensa",
    Situation.CANCELLED: "Cancelada",
    Situation.RESOLVED: "Resolvida",
    Situation.REOPENED: "Reaberta",
    Situation.CLOSED: "Fechada",
    Situation.RECLASSIFIED: "Reclassificada",
}

#: What "em andamento" counts, everywhere: obterQtdeSolicitacoes, the right to execute, resolve and suspend.
OPEN_SITUATIONS = (Situation.IN_PROGRESS, Situation.REOPENED)
FINISHED_SITUATIONS = (Situation.CANCELLED, Situation.RESOLVED, Situation.CLOSED)
UNFINISHED_SITUATIONS = tuple(situation for situation in Situation if situation not in FINISHED_SITUATIONS)
#: In which the clock of the deadline stands.
STOPPED_SITUATIONS = (Situation.SUSPENDED, *FINISHED_SITUATIONS)


def known_situation(stored: str | None) -> Situation | None:
    """Return the situation that a stored word means; None for one that a hand has damaged."""
    try:
        return Situation(stored or "")
    except ValueError:
        return None


#: Who did what no agent did.
AUTOMATIC = "Automático"


class Action(StrEnum):
    """What happened to a request; every one leaves a line in its history."""

    OPEN = "abertura"
    NOTE = "anotação"
    SUSPEND = "suspensão"
    REACTIVATE = "reativação"
    RESOLVE = "resolução"
    CLOSE = "encerramento"
    REOPEN = "reabertura"
    CANCEL = "cancelamento"
    TASK = "mudança de tarefa"
    FORWARD = "encaminhamento"
    RESPONSIBLE = "responsável"
    RECLASSIFY = "reclassificação"


#: What is kept of an action in another word than the button has.
_ACTION_WORDS = {Action.CLOSE: "fechamento"}


def word_of_action(stored: str) -> str:
    """Return the word, in Portuguese, that a line of the history shows."""
    return next((word for action, word in _ACTION_WORDS.items() if action == stored), stored)


_TRANSITIONS: dict[Action, tuple[tuple[Situation, ...], Situation]] = {
    Action.SUSPEND: (OPEN_SITUATIONS, Situation.SUSPENDED),
    Action.REACTIVATE: ((Situation.SUSPENDED,), Situation.IN_PROGRESS),
    Action.RESOLVE: (OPEN_SITUATIONS, Situation.RESOLVED),
    Action.CLOSE: (tuple(s for s in Situation if s not in (Situation.CANCELLED, Situation.CLOSED)), Situation.CLOSED),
    Action.REOPEN: ((Situation.RESOLVED, Situation.CLOSED), Situation.REOPENED),
    Action.CANCEL: (tuple(s for s in Situation if s not in FINISHED_SITUATIONS), Situation.CANCELLED),
}


def allows(situation: Situation, action: Action) -> bool:
    """Tell whether the action may be done in that situation. A note may until the request is finished."""
    if action is Action.NOTE:
        return situation not in FINISHED_SITUATIONS
    return action in _TRANSITIONS and situation in _TRANSITIONS[action][0]


def next_situation(number: int, situation: Situation, action: Action) -> Situation:
    """Return the situation after the action; raises TransitionRefused with the request's number."""
    if not allows(situation, action):
        raise TransitionRefused(number, action, situation)
    return situation if action is Action.NOTE else _TRANSITIONS[action][1]


_PRIORITIES = {"AA": 1, "AM": 2, "MA": 2, "MM": 3, "AB": 3, "BA": 3, "MB": 4, "BM": 4, "BB": 5}
LEVELS = {"A": "Alta", "M": "Média", "B": "Baixa"}


def priority_of(urgency: str, impact: str) -> int:
    """Return 1 (most pressing) to 5 from urgency and impact, each A, M or B. Source: docs/rules.md, Screens."""
    return _PRIORITIES[urgency + impact]
