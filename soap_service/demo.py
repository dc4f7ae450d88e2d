"""The demonstration: sample data in an embedded database, and the words that say what to do with it.

Source: docs/rules.md, Sample data.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from soap_service import demo_work
from soap_service.config import Settings
from soap_service.errors import InputRefused
from soap_service.model import Agent, Group, Integration, Parameter, Request, Requester, Service
from soap_service.rules.parameters import CHILD_REQUEST_ON, CHILD_REQUEST_SERVICE, WEB_SERVICES_ON
from soap_service.rules.passwords import hash_password
from soap_service.rules.roles import Role
from soap_service.rules.situations import Action, Situation, priority_of
from soap_service.services import NAMESPACE
from soap_service.storage.requests import add_event, deadline_of, sla_of
from soap_service.storage.sequences import advance_sequences
from soap_service.store import Store

#: Those who are told how to log in; the others have the same password.
AGENTS = ("atendente", "consulta", "admin")
PASSWORD_VARIABLE = "SOAP_SERVICE_DEMO_PASSWORD"  # noqa: S105
_GROUP = "SDNIVEL1"
_ALICE = "Alice Atendente"
_INTEGRATION = "demonstracao"


def remove_demo(store: Store, data: Path) -> None:
    """Empty a demonstration's database and forget its password, so that the next start begins anew.

    Raises: InputRefused, and deletes nothing, when the database is not, or no longer only, a demonstration's.
    """
    logins = {agent.login for agent in store.staff.list_agents()}
    is_unused = not (logins or store.integrations.list_all(include_revoked=True) or store.catalogue.list_services(True))
    if not is_unused and not (logins <= {*AGENTS, *demo_work.COLLEAGUES} and _is_demo(store)):
        raise InputRefused("fresh", "the database holds more than a demonstration; nothing was deleted")
    store.schema.downgrade("base")
    store.schema.upgrade()
    (data / "password").unlink(missing_ok=True)


def prepare_demo(store: Store, data: Path, environment: Mapping[str, str], is_plain: bool = False) -> str:
    """Fill an empty store with the sample data, give its agents their password, and return it.

    A plain one has only what the documentation lists, without the two weeks of work around it.

    The password is the environment's, else the one kept beside the database, else a new one.
    Raises: InputRefused when the store is not empty and not a demonstration's: its agents keep their passwords.
    """
    file = data / "password"
    kept = file.read_text("utf-8").strip() if file.exists() else ""
    password = environment.get(PASSWORD_VARIABLE) or kept or secrets.token_urlsafe(9)
    is_new = not store.staff.list_agents()
    if is_new or password != kept:
        password_hash = hash_password(password)
        if is_new:
            _fill(store, password_hash, is_plain)
            while store.panel.count_hours():
                pass  # so that the panel is not empty at first
        elif not _is_demo(store):
            raise InputRefused("database_url", "the database is not a demonstration's; nothing was changed")
        else:
            logins = {agent.login for agent in store.staff.list_agents()}
            for login in logins.intersection((*AGENTS, *demo_work.COLLEAGUES)):
                store.staff.set_password(login, password_hash)
        file.touch(mode=0o600)
        file.write_text(password + "\n", "utf-8")
    return password


def _is_demo(store: Store) -> bool:
    """Tell whether the store was filled by `prepare_demo`: neither agents nor integrations are ever deleted."""
    logins = {agent.login for agent in store.staff.list_agents()}
    names = {integration.name for integration in store.integrations.list_all(include_revoked=True)}
    return logins.issuperset(AGENTS) and _INTEGRATION in names


def describe_demo(settings: Settings, password: str) -> str:
    """Return what the demonstration prints: where to go, what to call, how to see a popup."""
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<{{operation}} xmlns="{NAMESPACE}">{{arguments}}</{{operation}}></e:Body></e:Envelope>'
    )

    def curl(operation: str, arguments: str) -> str:
        envelope = body.format(operation=operation, arguments=arguments)
        return f"curl -s -H 'Content-Type: text/xml' {settings.endpoint_url} -d '{envelope}'"

    return f"""
soap_service, demonstration

  Screens    {settings.base_url}/
  Agents     {", ".join(AGENTS)}
  Password   {password}
  Endpoint   {settings.endpoint_url}
  WSDL       {settings.endpoint_url}?wsdl

How many requests does a caller have in progress? (answers 1?34534)

  {curl("obterQtdeSolicitacoes", "<cpf>11144477735</cpf>")}

See a call pop up:
  1. Open {settings.base_url}/ and log in as atendente.
  2. Click Atendimento, type 4067, click Gravar.
  3. Announce a call at that extension:

  {curl("novaSolicitacao", "<cpf>11144477735</cpf><ramal>4067</ramal>")}

Stop with Ctrl+C. The data stays in {_place_of(settings.database_url)}; --fresh begins anew.
"""


def _place_of(database_url: str) -> str:
    """Return where the data is, without a password."""
    return database_url.removeprefix("sqlite:///").rpartition("@")[2]


def _fill(store: Store, password_hash: str, is_plain: bool = False) -> None:
    """Put the sample data of the manual and its neighbours in, in one transaction: all of it or none."""
    calendar = store.calendars.current
    with store._database.writing() as session:
        group = Group(name=_GROUP, may_execute=True)
        readers = Group(name="CONSULTA", may_execute=False)
        session.add_all([group, readers])
        session.flush()
        incident = Service(
            name="Falha em estação de trabalho",
            kind="incidente",
            contract="CONTRATO01",
            sla_minutes=480,
            group_id=group.id,
        )
        access = Service(
            name="Acesso a sistema", kind="requisição", contract="CONTRATO01", sla_minutes=1200, group_id=group.id
        )
        viewed = Service(
            name="Informação sobre solicitação",
            kind="requisição",
            contract="CONTRATO01",
            sla_minutes=60,
            group_id=group.id,
        )
        project = Service(name="Projeto sob demanda", kind="requisição", contract="CONTRATO02", group_id=group.id)
        session.add_all([incident, access, viewed, project])
        people = [
            Requester(document=document, name=name, email=email, phone=phone, extension=extension, unit=unit)
            for document, name, email, phone, extension, unit in _PEOPLE
        ]
        session.add_all(people)
        session.flush()
        maria, joao, ana, manual = people
        now = store.now().replace(microsecond=0)
        opened_955 = datetime(2016, 6, 30, 14, 10, tzinfo=calendar.zone)
        for number, requester, service, opened_at, situation, description in (
            (955, manual, incident, opened_955, Situation.IN_PROGRESS, "Estação não liga após queda de energia."),
            (34534, maria, incident, now - timedelta(hours=3), Situation.IN_PROGRESS, "Impressora sem rede."),
            (34535, joao, access, now - timedelta(days=1), Situation.IN_PROGRESS, "Acesso ao sistema financeiro."),
            (34536, joao, incident, now - timedelta(days=9), Situation.REOPENED, "Monitor piscando outra vez."),
            (
                34537,
                joao,
                project,
                now - timedelta(days=2),
                Situation.IN_PROGRESS,
                "Painel de indicadores da diretoria.",
            ),
            (34538, ana, incident, now - timedelta(days=20), Situation.CLOSED, "Troca de teclado."),
            (34539, ana, access, now - timedelta(days=4), Situation.SUSPENDED, "Acesso remoto, aguarda o gestor."),
        ):
            due_at = deadline_of(sla_of(session, service, priority_of("M", "M")), opened_at, calendar)
            request = Request(
                id=number,
                requester_id=requester.id,
                service_id=service.id,
                group_id=service.group_id,
                situation=situation,
                kind=service.kind,
                contract=service.contract,
                current_task="Atendimento",
                description=description,
                urgency="M",
                impact="M",
                priority=priority_of("M", "M"),
                contact_phone=requester.phone,
                contact_email=requester.email,
                opened_at=opened_at,
                closed_at=opened_at + timedelta(hours=5) if situation is Situation.CLOSED else None,
                due_at=due_at,
                remaining_seconds=4 * 3600 if situation is Situation.SUSPENDED else None,
            )
            session.add(request)
            session.flush()
            add_event(session, number, _ALICE, Action.OPEN, opened_at)
            if request.closed_at is not None:
                add_event(session, number, _ALICE, Action.CLOSE, request.closed_at, "Teclado trocado.")
            elif situation is Situation.SUSPENDED:
                request.stopped_at = opened_at + timedelta(hours=2)
                add_event(session, number, _ALICE, Action.SUSPEND, request.stopped_at, "Aguarda o gestor.")
            elif situation is Situation.REOPENED:
                add_event(session, number, _ALICE, Action.RESOLVE, opened_at + timedelta(hours=3), "Cabo trocado.")
                add_event(session, number, _ALICE, Action.REOPEN, opened_at + timedelta(days=2), "Voltou a piscar.")
        agents = [
            Agent(login=login, name=name, password_hash=password_hash, groups=[its], role=role)
            for login, name, its, role in (
                ("atendente", _ALICE, group, Role.AGENT),
                ("consulta", "Caio Consulta", readers, Role.AGENT),
                ("admin", "Adriana Administradora", group, Role.ADMINISTRATOR),
            )
        ]
        session.add_all(agents)
        platform = Integration(name=_INTEGRATION, addresses="127.0.0.0/8 ::1/128", created_at=now)
        session.add(platform)
        for parameter_id, value in (
            (WEB_SERVICES_ON, "S"),
            (CHILD_REQUEST_ON, "S"),
            (CHILD_REQUEST_SERVICE, str(viewed.id)),
        ):
            session.add(Parameter(id=parameter_id, value=value))
        session.flush()
        if not is_plain:
            executors = [agent for agent in agents if agent.groups[0] is group]
            desk = demo_work.Desk(executors, [incident, access], platform.id, calendar, now)
            demo_work.fill(session, demo_work.enlarge(session, desk, password_hash))
        session.flush()
        advance_sequences(store._database, session.connection())


_PEOPLE = (
    (
        "11144477735",
        "Maria Aparecida da Conceição",
        "maria.conceicao@exemplo.com.br",
        "(62) 3945-1000",
        "2210",
        "Financeiro",
    ),
    ("52998224725", "João Batista Araújo", "joao.araujo@exemplo.com.br", "(62) 3945-1001", "2211", "Diretoria"),
    (
        "12345678909",
        "Ana Lúcia Gonçalves",
        "ana.goncalves@exemplo.com.br",
        "(62) 3945-1002",
        "2212",
        "Recursos Humanos",
    ),
    ("12312312312", "Usuário do Manual", "usuario@exemplo.com.br", "(62) 3945-1003", "4067", "Goiânia"),
)
