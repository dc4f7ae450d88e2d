"""What columns and words of other desks' files mean: in Portuguese, English and Spanish, in any case. Pure rules.

Source: docs/import.md, Columns.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from soap_service.errors import InputRefused
from soap_service.rules.import_causes import Cause
from soap_service.rules.names import fold_name
from soap_service.rules.situations import SITUATION_LABELS, Action, Situation

#: Columns that this program writes beside the lines it rejected; they are not read again.
REJECTED_LINE, REJECTED_CAUSE = "erro_linha", "erro_causa"
#: The name of the desk that requests come from where nobody says it.
DEFAULT_SOURCE = "importacao"
_PERSON = {
    "document": "documento, cpf/cnpj, cpf cnpj, cpf ou cnpj, document, tax id, taxid, registration number, user login",
    "cpf": "cpf",
    "cnpj": "cnpj",
    "external_id": "id externo, external id, id da origem, id de origen, id usuario",
}
_REQUESTER = {
    **_PERSON,
    "name": "nome, name, nombre, nome completo, full name, razao social, razon social, solicitante, requester",
    "email": "e-mail, email, mail, correio eletronico, correo, correo electronico, e-mail address",
    "phone": "telefone, fone, celular, phone, telephone, mobile, telefono, movil",
    "extension": "ramal, extension, ext, extensao, anexo, interno",
    "unit": "unidade, setor, departamento, unit, department, unidad, sector, location, localizacao, organization",
}
_REQUEST = {
    **_PERSON,
    "name": "nome, name, nombre, solicitante, requester, cliente, customer",
    "number": "numero, n, nº, no, nro, num, number, id, ticket, chamado, solicitacao, solicitud, request, ticket id",
    "service": "servico, service, servicio, categoria, category, queue service",
    "situation": "situacao, situation, situacion, status, estado, state",
    "opened_at": "aberta em, aberto em, abertura, data de abertura, opened at, opened, created, created at, creado, "
    "abierta en, fecha de apertura, opening date, date",
    "due_at": "prazo, vencimento, due at, due, due date, deadline, plazo, vence en, sla due, "
    "time to resolve, escalation at",
    "closed_at": "encerrada em, encerrado em, fechada em, fechado em, resolvida em, encerramento, "
    "data de encerramento, closed at, closed, close at, close date, solved at, solvedate, closedate, "
    "closing date, cerrada en, fecha de cierre",
    "suspended_at": "suspensa em, suspended at, suspendida en",
    "description": "descricao, description, descripcion, conteudo, content, texto, body",
    "title": "titulo, assunto, subject, title, asunto, resumo, summary",
    "group": "grupo, grupo executor, group, executor group, fila, queue, equipe, team, grupo ejecutor",
    "contract": "contrato, contract",
    "urgency": "urgencia, urgency",
    "impact": "impacto, impact",
    "priority": "prioridade, priority, prioridad",
    "kind": "tipo, type, kind",
    "responsible": "responsavel, responsible, responsable, atendente, tecnico, agent, agente, owner, "
    "assigned to, assignee",
    "solution": "solucao, solution, solucion, resolucao, resolution",
    "history": "historico, history, historial",
    "contact": "contato, contact, contacto",
    "contact_email": "e-mail, email, contato e-mail, contact email",
    "contact_phone": "telefone, phone, telefono, contato telefone, contact phone",
    "source": "origem, source, origen",
}
_HISTORY = {
    "number": _REQUEST["number"],
    "happened_at": "data, quando, data e hora, date, when, happened at, created at, fecha, cuando",
    "actor": "quem, autor, por, who, author, actor, by, quien, usuario, user",
    "action": "acao, action, accion, evento, event",
    "note": "texto, nota, anotacao, note, text, comment, comentario, descricao, description, content",
    "source": _REQUEST["source"],
}


def fold_column(name: str) -> str:
    """Return the name of a column as it is compared: without case, accents and signs."""
    return fold_name(name.replace("_", " ").replace("nº", "n").replace("Nº", "n"))


def _names(described: Mapping[str, str]) -> dict[str, dict[str, None]]:
    return {
        key: dict.fromkeys([*(fold_column(one) for one in names.split(",")), fold_column(key)])
        for key, names in described.items()
    }


REQUESTER_COLUMNS = _names(_REQUESTER)
REQUEST_COLUMNS = _names(_REQUEST)
HISTORY_COLUMNS = _names(_HISTORY)


@dataclass
class ColumnMap:
    """What `--map` says: columns of the file by our names, and values by column and folded value."""

    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)


def read_maps(given: Iterable[str], known: Mapping[str, Mapping[str, None]]) -> ColumnMap:
    """Read each `OURS=COLUMN` and `OURS:VALUE=OUR VALUE`; raises InputRefused."""
    found = ColumnMap()
    for one in given:
        left, equals, right = one.partition("=")
        column, colon, value = left.partition(":")
        key = next((key for key, names in known.items() if fold_column(column) in names), None)
        if not equals or key is None:
            raise InputRefused("map", Cause.UNKNOWN_MAP(given=one, ours=", ".join(list_columns(known))))
        if colon:
            found.values.setdefault(key, {})[fold_name(value)] = right.strip()
        else:
            found.columns[fold_column(right)] = key
    return found


def list_columns(known: Mapping[str, Mapping[str, None]]) -> list[str]:
    """Return the first name of each column."""
    return [next(iter(names)).replace(" ", "_") for names in known.values()]


def find_columns(
    header: Sequence[str], known: Mapping[str, Mapping[str, None]], mapped: ColumnMap
) -> tuple[dict[str, int], list[str]]:
    """Return where each of our columns stands in a header, and the columns that mean nothing.

    Raises: InputRefused for two columns of one meaning and for a mapped column that is not there.
    """
    found: dict[str, int] = {}
    unknown = []
    folded = [fold_column(name) for name in header]
    for missing in set(mapped.columns) - set(folded):
        raise InputRefused("map", Cause.UNKNOWN_COLUMN(column=missing, others=", ".join(filter(None, header))))
    given = set(mapped.columns.values())
    for place, name in enumerate(folded):
        if name in mapped.columns:
            keys = [mapped.columns[name]]
        else:
            keys = [key for key, names in known.items() if name in names and key not in given]
        if not keys and name and name not in (fold_column(REJECTED_LINE), fold_column(REJECTED_CAUSE)):
            unknown.append(header[place])
        for key in keys:
            if key in found:
                two = {"first": header[found[key]], "second": header[place]}
                raise InputRefused("columns", Cause.SAME_MEANING(**two, column=key))
            found[key] = place
    return found, unknown


_SITUATIONS: dict[Situation, str] = {
    Situation.IN_PROGRESS: "em andamento, aberta, aberto, nova, novo, em atendimento, atribuida, atribuido, "
    "in progress, open, new, processing, processing assigned, processing planned, assigned, en curso, "
    "en progreso, abierta, abierto, nueva, nuevo, em processamento, em andamento atribuida",
    Situation.SUSPENDED: "suspensa, suspenso, pendente, em espera, suspended, pending, on hold, pending reminder, "
    "pending close, pending auto close, pending auto close+, pending auto close-, "
    "suspendida, suspendido, pendiente, en espera",
    Situation.CANCELLED: "cancelada, cancelado, cancelled, canceled, anulada, merged, removed",
    Situation.RESOLVED: "resolvida, resolvido, solucionada, solucionado, resolved, solved, closed successful, "
    "resuelta, resuelto",
    Situation.REOPENED: "reaberta, reaberto, reopened, reabierta, reabierto",
    Situation.CLOSED: "fechada, fechado, encerrada, encerrado, concluida, closed, closed unsuccessful, "
    "cerrada, cerrado",
    Situation.RECLASSIFIED: "reclassificada, reclassificado, reclassified, reclasificada",
}
_ACTIONS: dict[Action, str] = {
    Action.OPEN: "abertura, aberta, opening, opened, open, apertura, created",
    Action.NOTE: "anotacao, nota, note, comment, comentario, acompanhamento, followup, anotacion",
    Action.SUSPEND: "suspensao, suspension, suspended, pending",
    Action.REACTIVATE: "reativacao, reactivation, reactivated, reactivacion",
    Action.RESOLVE: "resolucao, solucao, resolution, resolved, solved, solution, resolucion, solucion",
    Action.CLOSE: "encerramento, fechamento, closing, closed, close, cierre",
    Action.REOPEN: "reabertura, reopening, reopened, reapertura",
    Action.CANCEL: "cancelamento, cancellation, cancelled, canceled, cancelacion",
    Action.TASK: "mudanca de tarefa, task, change of task, cambio de tarea",
    Action.FORWARD: "encaminhamento, forward, forwarding, forwarded, derivacion",
    Action.RESPONSIBLE: "responsavel, responsible, responsable, assignment",
    Action.RECLASSIFY: "reclassificacao, reclassification, reclasificacion",
}
_LEVELS = {
    "A": "a, alta, alto, high, h, muito alta, very high, muy alta, 5, 4",
    "M": "m, media, medio, medium, normal, mediana, 3",
    "B": "b, baixa, baixo, low, l, muito baixa, very low, baja, bajo, muy baja, 2, 1",
}
_KINDS = {
    "incidente": "incidente, incident, 1",
    "requisição": "requisicao, request, service request, solicitud, peticion, requerimiento, 2",
}


def _words(described: Mapping[str, str], more: Mapping[str, str] | None = None) -> dict[str, str]:
    words = {fold_name(word): key for key, names in described.items() for word in names.split(",")}
    return {**words, **{fold_name(word): key for key, word in (more or {}).items()}}


_SITUATION_WORDS = _words(
    {str(key): words for key, words in _SITUATIONS.items()},
    {str(one): str(one) for one in Situation},
) | {fold_name(label): str(one) for one, label in SITUATION_LABELS.items()}
_ACTION_WORDS = _words({str(key): words for key, words in _ACTIONS.items()}, {str(one): str(one) for one in Action})
_LEVEL_WORDS = _words(_LEVELS)
_KIND_WORDS = _words(_KINDS)


#: The same few words come in every line.
fold_word = lru_cache(maxsize=4096)(fold_name)


def situation_named(word: str) -> Situation | None:
    """Return the situation that a word of some desk names; None for an unknown word."""
    known = _SITUATION_WORDS.get(fold_word(word))
    return None if known is None else Situation(known)


def action_named(word: str) -> Action | None:
    """Return the action that a word of a history names; None for an unknown word."""
    known = _ACTION_WORDS.get(fold_word(word))
    return None if known is None else Action(known)


def level_named(word: str) -> str | None:
    """Return A, M or B for a word of urgency or impact; None for an unknown word."""
    return _LEVEL_WORDS.get(fold_word(word))


def kind_named(word: str) -> str | None:
    """Return the kind of request that a word names; None for an unknown word."""
    return _KIND_WORDS.get(fold_word(word))
