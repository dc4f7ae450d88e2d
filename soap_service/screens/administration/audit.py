"""The audit as administrators read it: filtered, page by page. It changes nothing; that it was read is recorded."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from soap_service.rules.auditing import ActorKind, AuditKind, RecordKind
from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.rules.roles import Permission
from soap_service.rules.texts import clean_line
from soap_service.screens.language import N_
from soap_service.screens.visit import Visit
from soap_service.storage.audit import ROWS_SHOWN
from soap_service.store import AuditFilter
from soap_service.tables.audit import AuditRow

KINDS: Mapping[str, str] = {
    AuditKind.LOGGED_IN: N_("entrou"),
    AuditKind.LOG_IN_REFUSED: N_("entrada recusada"),
    AuditKind.LOG_INS_LIMITED: N_("entradas demais, recusadas sem conferir"),
    AuditKind.LOGGED_OUT: N_("saiu"),
    AuditKind.LOGIN_ENDED: N_("finalizou uma sessão"),
    AuditKind.CODE_REFUSED: N_("código recusado"),
    AuditKind.RECOVERY_CODE_USED: N_("usou um código de recuperação"),
    AuditKind.RECOVERY_CODES_MADE: N_("gerou códigos de recuperação"),
    AuditKind.SECOND_FACTOR_SET_UP: N_("ativou o segundo fator"),
    AuditKind.SECOND_FACTOR_REMOVED: N_("removeu o segundo fator"),
    AuditKind.IDENTITY_JOINED: N_("ligou uma conta da empresa"),
    AuditKind.IDENTITY_SEPARATED: N_("desligou uma conta da empresa"),
    AuditKind.ACCESS_REFUSED: N_("acesso recusado"),
    AuditKind.INTEGRATION_REFUSED: N_("plataforma recusada"),
    AuditKind.PERSON_VIEWED: N_("viu uma pessoa"),
    AuditKind.PERSON_SEARCHED: N_("buscou pessoas"),
    AuditKind.DOCUMENT_SHOWN: N_("mostrou um documento"),
    AuditKind.PERSON_ADDED: N_("cadastrou uma pessoa"),
    AuditKind.PERSON_CHANGED: N_("mudou uma pessoa"),
    AuditKind.PERSONS_MERGED: N_("juntou duas pessoas"),
    AuditKind.PERSON_EXPORTED: N_("exportou uma pessoa"),
    AuditKind.PERSON_ERASED: N_("apagou uma pessoa"),
    AuditKind.CONTACT_ERASED: N_("apagou um contato"),
    AuditKind.MANY_PERSONS: N_("aviso: muitas pessoas em uma hora"),
    AuditKind.MANY_UNKNOWN: N_("aviso: muitos documentos ou números desconhecidos em uma hora"),
    AuditKind.EXTENSION_TAKEN: N_("assumiu um ramal"),
    AuditKind.IMPORTED: N_("importou"),
    AuditKind.EXPORTED: N_("exportou"),
    AuditKind.BACKED_UP: N_("fez uma cópia de segurança"),
    AuditKind.RESTORED: N_("restaurou uma cópia de segurança"),
    AuditKind.PURGED: N_("apagou registros antigos"),
    AuditKind.SETTING_CHANGED: N_("mudou a administração"),
    AuditKind.AUDIT_READ: N_("leu a auditoria"),
}
RECORD_KINDS: Mapping[str, str] = {
    RecordKind.REQUESTER: N_("Solicitante"),
    RecordKind.REQUEST: N_("Solicitação"),
    RecordKind.CALL: N_("Ligação"),
    RecordKind.EXTENSION: N_("Ramal"),
    RecordKind.AGENT: N_("Atendente"),
    RecordKind.GROUP: N_("Grupo"),
    RecordKind.SERVICE: N_("Serviço"),
    RecordKind.PARAMETER: N_("Parâmetro"),
    RecordKind.CALENDAR: N_("Calendário"),
    RecordKind.HOLIDAY: N_("Feriado"),
    RecordKind.INTEGRATION: N_("Integração"),
    RecordKind.AUDIT: N_("Auditoria"),
    RecordKind.DATABASE: N_("Banco de dados"),
}
_ACTOR_KINDS: Mapping[str, str] = {
    ActorKind.AGENT: "",  # the usual case
    ActorKind.INTEGRATION: N_("plataforma"),
    ActorKind.COMMAND: N_("comando"),
    ActorKind.VISITOR: N_("visitante"),
}
_ADDRESSES: Mapping[str, str] = {
    RecordKind.REQUESTER: "/solicitacoes?solicitante={}",
    RecordKind.REQUEST: "/solicitacoes/{}",
    RecordKind.AGENT: "/administracao/atendentes/{}",
    RecordKind.GROUP: "/administracao/grupos/{}",
    RecordKind.SERVICE: "/administracao/servicos/{}",
    RecordKind.INTEGRATION: "/administracao/integracoes/{}",
}
_HERE = "/administracao/auditoria"
_WARNED_WITHIN = timedelta(hours=24)
# Shorter than any document, so that none comes into an address.
_RECORD = re.compile(r"[\w.*#+@-]{1,10}", re.ASCII)


@dataclass(frozen=True)
class Shown:
    """A row in the words of the page."""

    at: datetime | None
    who: str
    who_kind: str
    address: str
    kind: str
    record: str
    link: str


def list_audit(visit: Visit) -> Response:
    """Show the newest rows, or those before the one that the address names."""
    asked = visit.request.args
    wanted, values = _read(visit)
    before = asked.get("antes", "")
    before_id = int(before) if before.isascii() and before.isdigit() and len(before) < 11 else 0
    rows = visit.store.audit.list_page(wanted, min(before_id, HIGHEST_NUMBER))
    if not before_id:
        visit.store.audit.note(AuditKind.AUDIT_READ, RecordKind.AUDIT)
    shown = rows[:ROWS_SHOWN]
    return visit.render(
        "administration/audit.html",
        rows=[_shown(visit, row) for row in shown],
        values=values,
        kinds=[(kind, visit.gettext(words)) for kind, words in KINDS.items()],
        record_kinds=[(kind, visit.gettext(words)) for kind, words in RECORD_KINDS.items()],
        newest=_address(values) if before_id else "",
        older=_address({**values, "antes": str(shown[-1].id)}) if len(rows) > ROWS_SHOWN else "",
        warnings=list_warnings(visit),
    )


def list_warnings(visit: Visit) -> Sequence[AuditRow]:
    """Return, for an administrator, who saw more persons, or asked in vain more, in an hour than is usual."""
    if not visit.may(Permission.ADMINISTER):
        return ()
    return visit.store.audit.list_warnings(visit.store.now() - _WARNED_WITHIN)


def _read(visit: Visit) -> tuple[AuditFilter, dict[str, str]]:
    """Return the filter that the address asks for, and its names and values as far as they were understood."""
    asked = visit.request.args
    since, until = _day(asked.get("de", "")), _day(asked.get("ate", ""))
    number = asked.get("numero", "").strip()
    values = {
        "quem": clean_line(asked.get("quem", ""))[:60],
        "tipo": asked.get("tipo", "") if asked.get("tipo") in KINDS else "",
        "registro": asked.get("registro", "") if asked.get("registro") in RECORD_KINDS else "",
        "numero": number if _RECORD.fullmatch(number) else "",
        "de": since.isoformat() if since else "",
        "ate": until.isoformat() if until else "",
    }
    wanted = AuditFilter(
        actor=values["quem"],
        kind=values["tipo"],
        record_kind=values["registro"],
        record=values["numero"],
        since=_midnight(visit, since) if since else None,
        until=_midnight(visit, until + timedelta(days=1)) if until else None,
    )
    return wanted, {name: value for name, value in values.items() if value}


def _day(typed: str) -> date | None:
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2100 else None


def _midnight(visit: Visit, day: date) -> datetime:
    return datetime.combine(day, time(), visit.zone)


def _address(values: Mapping[str, str]) -> str:
    return _HERE + ("?" + urlencode(values) if values else "")


def _shown(visit: Visit, row: AuditRow) -> Shown:
    gettext = visit.gettext
    kind = gettext(RECORD_KINDS.get(row.record_kind, row.record_kind))
    is_number = row.record.isascii() and row.record.isdigit()
    return Shown(
        at=row.happened_at,
        who=row.actor,
        who_kind=gettext(_ACTOR_KINDS.get(row.actor_kind, row.actor_kind)),
        address=row.address,
        kind=gettext(KINDS.get(row.kind, row.kind)),
        record=f"{kind} {row.record}".strip(),
        link=_ADDRESSES.get(row.record_kind, "").format(row.record) if is_number else "",
    )
