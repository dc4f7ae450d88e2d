"""The demonstration's desk at work: two weeks of requests and calls of other people than the sample's.

Everything follows from its place in the lists below and from the time of the first start.

Source: docs/rules.md, Sample data.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from sqlalchemy import insert
from sqlalchemy.orm import Session

from soap_service.model import Agent, Call, Group, Request, Requester, RequestEvent, Service
from soap_service.rules.deadlines import WorkingCalendar
from soap_service.rules.situations import Action, Situation, priority_of
from soap_service.storage.requests import change_situation

#: The agents of the further groups, by login; they have the password of the others.
COLLEAGUES = {"bruno": "Bruno Tavares", "carla": "Carla Menezes", "davi": "Davi Rocha", "elisa": "Elisa Prates"}
#: The one after the sample's last.
_FIRST_NUMBER = 34540
_DAYS = 14
_MORNING = time(8)
_MINUTE = timedelta(minutes=1)
_LEVELS = (("B", "B"), ("M", "B"), ("B", "M"), ("M", "M"), ("M", "M"), ("M", "A"), ("A", "M"), ("A", "A"))
#: What is still to do: opened so many hours ago, and what happened to it. The rest is finished.
_UNFINISHED = (
    (1, ""), (2, ""), (3, ""), (4, ""), (6, ""), (9, ""), (22, ""), (25, ""), (27, ""), (30, ""), (49, ""), (53, ""),
    (76, ""), (100, ""), (150, ""), (28, "suspend"), (74, "suspend"), (124, "suspend"), (200, "suspend"),
    (98, "reopen"), (170, "reopen"), (220, "reopen"), (240, "reclassify"),
)  # fmt: skip
_FINISHED = 30
_CALLS_A_DAY = 7
_CALLS_TODAY = 24


@dataclass(frozen=True)
class Desk:
    """Who and what the work is made of. `agents` execute; each works on the requests of their first group."""

    agents: Sequence[Agent]
    services: Sequence[Service]
    integration_id: int
    calendar: WorkingCalendar
    now: datetime


def enlarge(session: Session, desk: Desk, password_hash: str) -> Desk:
    """Add two more groups with their agents and services, and return the desk with them."""
    networks, systems = (Group(name=name, may_execute=True) for name in ("REDES", "SISTEMAS"))
    session.add_all([networks, systems])
    session.flush()
    services = [
        Service(name=name, kind=kind, contract="CONTRATO01", sla_minutes=minutes, group_id=group.id)
        for name, kind, minutes, group in (
            ("Rede sem conexão", "incidente", 240, networks),
            ("Novo ponto de rede", "requisição", 2400, networks),
            ("Erro em sistema", "incidente", 480, systems),
            ("Relatório novo", "requisição", 3000, systems),
        )
    ]
    agents = [
        Agent(login=login, name=name, password_hash=password_hash, groups=[group])
        for (login, name), group in zip(COLLEAGUES.items(), (networks, networks, systems, systems), strict=True)
    ]
    session.add_all([*services, *agents])
    session.flush()
    return replace(desk, agents=[*desk.agents, *agents], services=[*desk.services, *services])


def fill(session: Session, desk: Desk) -> None:
    """Add requests and calls of the last two weeks, in bulk: row by row it would be half of a first start."""
    people = [
        Requester(document=cpf, name=name, email=f"{mail}@exemplo.com.br", phone=phone, extension=number, unit=unit)
        for cpf, name, mail, phone, number, unit in _PEOPLE
    ]
    session.add_all(people)
    session.flush()
    begun = [(desk.now - timedelta(hours=hours), event) for hours, event in _UNFINISHED]
    begun += [(_moment(desk, 1 + number % (_DAYS - 1), number * 67), "finish") for number in range(_FINISHED)]
    requests: list[Request] = []
    lines: list[dict[str, object]] = []
    with session.no_autoflush:
        # Who does what follows from the place in the lists, whatever the time; numbers follow the time.
        for number, (opened_at, place, event) in enumerate(sorted((at, n, what) for n, (at, what) in enumerate(begun))):
            requester = people[place * 3 % len(people)]
            request = _new_request(desk, requester, place, opened_at)
            request.id = _FIRST_NUMBER + number
            lines += _live(session, desk, request, place, event)
            requests.append(request)
        columns = [column.key for column in Request.__table__.columns]
        session.execute(insert(Request), [{name: getattr(one, name) for name in columns} for one in requests])
        session.execute(insert(RequestEvent), lines)
    session.execute(insert(Call), list(_calls(desk, people)))


def _new_request(desk: Desk, requester: Requester, place: int, opened_at: datetime) -> Request:
    service = desk.services[place % len(desk.services)]
    texts = _TEXTS[service.name]
    urgency, impact = _LEVELS[place * 5 % len(_LEVELS)]
    sla = timedelta(minutes=service.sla_minutes or 0)
    return Request(
        requester_id=requester.id,
        service_id=service.id,
        group_id=service.group_id,
        situation=Situation.IN_PROGRESS,
        kind=service.kind,
        contract=service.contract,
        current_task="Atendimento",
        description=texts[place // len(desk.services) % len(texts)],
        urgency=urgency,
        impact=impact,
        priority=priority_of(urgency, impact),
        contact_phone=requester.phone,
        contact_email=requester.email,
        opened_at=opened_at,
        due_at=desk.calendar.add(opened_at, sla),
        version=1,
    )


def _live(session: Session, desk: Desk, request: Request, place: int, event: str) -> Iterator[dict[str, object]]:
    """Have happen to a request what happens to it, and yield the lines of its history."""
    able = [agent for agent in desk.agents if agent.groups[0].id == request.group_id]
    first, second = able[place % len(able)], able[(place + 1) % len(able)]

    def line(minutes: int, agent: Agent, action: Action, note: str = "") -> dict[str, object]:
        moment = min(request.opened_at + minutes * _MINUTE, desk.now - _MINUTE)
        told = {"happened_at": moment, "actor": agent.name, "action": action, "note": note}
        return {"request_id": request.id, **told}

    yield line(0, first, Action.OPEN)
    if event or place % 3:
        request.responsible_id = second.id
        yield line(2, first, Action.RESPONSIBLE, f"— → {second.name}")
    if place % 2:
        yield line(3, second, Action.NOTE, _NOTES[place % len(_NOTES)])
    for action, minutes, note in _LIVES[f"finish{place % 8}" if event == "finish" else event]:
        happened = line(minutes, second, action, note)
        moment = min(request.opened_at + minutes * _MINUTE, desk.now - _MINUTE)
        if action is Action.RECLASSIFY:
            request.situation = Situation.RECLASSIFIED
        else:
            change_situation(session, request, action, moment, desk.calendar)
        yield happened


def _calls(desk: Desk, people: Sequence[Requester]) -> Iterator[dict[str, object]]:
    """Yield the calls of two weeks, oldest first: most answered, one in seven missed."""
    begins_at = min(_moment(desk, 0, 0), desk.now - timedelta(hours=3))
    step = (desk.now - timedelta(minutes=4) - begins_at) / _CALLS_TODAY
    moments = [_moment(desk, day, number * 83) for day in range(_DAYS - 1, 0, -1) for number in range(_CALLS_A_DAY)]
    moments += [begins_at + step * number for number in range(1, _CALLS_TODAY + 1)]
    for number, created_at in enumerate(moments):
        requester = people[number * 7 % len(people)]
        agent = desk.agents[number % len(desk.agents)]
        is_missed = number % 7 == 3
        seen_at = None if is_missed else created_at + timedelta(milliseconds=40 + number * 37 % 400)
        yield {
            "token": secrets.token_urlsafe(32),
            "integration_id": desk.integration_id,
            "operation": "novaSolicitacao",
            "document": requester.document,
            "requester_id": requester.id,
            "extension": f"41{1 + number % len(desk.agents):02}",
            "notice": "AGUARDANDO" if is_missed else "ENTREGUE",
            "created_at": created_at,
            "delivered_at": seen_at and created_at + timedelta(milliseconds=12),
            "seen_at": seen_at,
            "answered_at": seen_at and seen_at + timedelta(seconds=3 + number % 9),
            "answered_by_id": None if is_missed else agent.id,
        }


def _moment(desk: Desk, days_ago: int, minutes: int) -> datetime:
    """Return a moment between 8 and 17 o'clock of a day, or of the Friday before a weekend."""
    local = desk.now.astimezone(desk.calendar.zone)
    day = local.date() - timedelta(days=days_ago)
    if days_ago:
        day -= timedelta(days=max(0, day.weekday() - 4))
    return datetime.combine(day, _MORNING, desk.calendar.zone) + (minutes % 540) * _MINUTE


_RESOLVED, _CLOSED = "Orientei por telefone e testamos juntos.", "Confirmado com o solicitante."
_RESOLVE, _CLOSE = (Action.RESOLVE, 95, _RESOLVED), (Action.CLOSE, 180, _CLOSED)
#: What happens to a request after it was opened: action, minutes after the opening, note.
_LIVES: dict[str, tuple[tuple[Action, int, str], ...]] = {
    "": (),
    "suspend": ((Action.SUSPEND, 60, "Aguarda a peça do fornecedor."),),
    "reopen": (_RESOLVE, (Action.REOPEN, 1500, "O problema voltou.")),
    "reclassify": ((Action.RECLASSIFY, 40, "Importada do sistema anterior."),),
    "finish0": (_RESOLVE,),
    "finish1": (_RESOLVE, _CLOSE),
    "finish2": ((Action.RESOLVE, 1700, _RESOLVED),),
    "finish3": (_RESOLVE, _CLOSE),
    "finish4": ((Action.CANCEL, 30, "Aberta em duplicidade."),),
    "finish5": ((Action.RESOLVE, 4, "Resolvido durante a ligação."),),
    "finish6": (_RESOLVE, _CLOSE),
    "finish7": ((Action.RESOLVE, 300, _RESOLVED), (Action.CLOSE, 1600, _CLOSED)),
}
_NOTES = (
    "Liguei e pedi uma foto da tela.",
    "Reproduzi o erro na minha estação.",
    "Solicitante só pode receber o técnico à tarde.",
    "Reiniciado o equipamento, em observação.",
    "Falta a autorização do gestor.",
)
_TEXTS = {
    "Falha em estação de trabalho": (
        "Computador reinicia sozinho.\nAcontece umas três vezes por dia.",
        "Tela azul ao abrir a planilha de custos.",
        "Teclado com teclas que não respondem.",
    ),
    "Acesso a sistema": (
        "Senha do sistema de ponto bloqueada.",
        "Novo colega precisa do sistema de compras.\nPerfil: consulta.",
        "Acesso à pasta do setor.",
    ),
    "Rede sem conexão": (
        "Sala de reuniões sem rede.\nNenhum ponto funciona desde ontem.",
        "Wi-Fi cai a cada poucos minutos.",
        "Telefone IP sem registro.",
    ),
    "Novo ponto de rede": ("Dois pontos para a recepção.", "Ponto para a impressora do almoxarifado."),
    "Erro em sistema": (
        "Nota fiscal não é emitida.\nMensagem: certificado vencido.",
        "Relatório de férias sai em branco.",
        "Sistema de chamados lento à tarde.",
    ),
    "Relatório novo": ("Relatório de horas por projeto.", "Exportar o cadastro de fornecedores."),
}
_PEOPLE = (
    ("24680135735", "Beatriz Nogueira Prado", "beatriz.prado", "(62) 3945-1101", "2301", "Compras"),
    ("13579246828", "Cláudio Sampaio", "claudio.sampaio", "(62) 3945-1102", "2302", "Jurídico"),
    ("31415926590", "Débora Quintana", "debora.quintana", "(62) 3945-1103", "2303", "Contabilidade"),
    ("27182818205", "Eduardo Farias Leal", "eduardo.leal", "(62) 3945-1104", "2304", "Almoxarifado"),
    ("16180339805", "Fernanda Coutinho", "fernanda.coutinho", "(62) 3945-1105", "2305", "Comunicação"),
    ("14142135651", "Gustavo Peixoto", "gustavo.peixoto", "(62) 3945-1106", "2306", "Transportes"),
    ("17320508052", "Helena Vasconcelos", "helena.vasconcelos", "(62) 3945-1107", "2307", "Ouvidoria"),
    ("22360679767", "Ivan Meireles", "ivan.meireles", "(62) 3945-1108", "2308", "Patrimônio"),
    ("24494897469", "Júlia Bittencourt", "julia.bittencourt", "(62) 3945-1109", "2309", "Recepção"),
    ("11425836000154", "Papelaria Serra Azul Ltda.", "contato.serraazul", "(62) 3945-1110", "", "Fornecedores"),
)
