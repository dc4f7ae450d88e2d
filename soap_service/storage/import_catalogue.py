"""Services, groups and agents as an imported file names them; what is not there is made if that is wanted."""

from typing import NamedTuple

from sqlalchemy import select

from soap_service.model import Agent, Group, PrioritySla, Service
from soap_service.rules.import_causes import Cause, Unreadable
from soap_service.rules.import_columns import fold_word
from soap_service.rules.import_values import RequestLine
from soap_service.rules.names import fold_name
from soap_service.storage.database import Database
from soap_service.storage.history import COMMAND, record


class CatalogueEntry(NamedTuple):
    """A service, as a request needs to know it."""

    id: int
    group_id: int
    kind: str
    contract: str
    sla_minutes: int | None


class ImportCatalogue:
    """Services, groups and agents by the names that a file gives them, folded; read again for what is new."""

    def __init__(self, database: Database, is_creating: bool, is_dry: bool) -> None:
        self._database = database
        self._is_creating = is_creating
        self._is_dry = is_dry
        self._load()

    def _load(self) -> None:
        with self._database.reading() as session:
            services = session.scalars(select(Service).order_by(Service.is_active, Service.id.desc())).all()
            self._services = {fold_name(one.name): _of(one) for one in services}
            self._slas = {
                (one.service_id, one.priority): one.sla_minutes for one in session.scalars(select(PrioritySla))
            }
            self._groups = {fold_name(one.name): one.id for one in session.scalars(select(Group))}
            agents = session.scalars(select(Agent).order_by(Agent.is_active, Agent.id.desc())).all()
            self._agents = {fold_name(one.name): one.id for one in agents} | {
                fold_name(one.login): one.id for one in agents
            }

    def sla_minutes(self, service: CatalogueEntry, priority: int) -> int | None:
        """Return what the service promises for a priority."""
        return self._slas.get((service.id, priority), service.sla_minutes)

    def agent(self, name: str) -> int | None:
        """Return the id of the agent with that login or name; None if there is none."""
        return self._agents.get(fold_word(name))

    def service_and_group(self, line: RequestLine) -> tuple[CatalogueEntry, int]:
        """Return the service of a line and the group that has it; raises Unreadable."""
        if not line.service:
            raise Unreadable(Cause.NO_SERVICE())
        service = self._services.get(fold_word(line.service))
        group_id = self._groups.get(fold_word(line.group)) if line.group else None
        if line.group and group_id is None:
            if not self._is_creating:
                raise Unreadable(Cause.UNKNOWN_GROUP(name=line.group))
            group_id = self._make_group(line.group)
        if service is None:
            if not self._is_creating:
                raise Unreadable(Cause.UNKNOWN_SERVICE(name=line.service))
            if group_id is None:
                raise Unreadable(Cause.SERVICE_NEEDS_GROUP(name=line.service))
            service = self._make_service(line, group_id)
        return service, service.group_id if group_id is None else group_id

    def _make_group(self, name: str) -> int:
        if self._is_dry:
            return self._groups.setdefault(fold_word(name), -1)
        with self._database.writing() as session:
            group = session.scalar(select(Group).where(Group.name == name))
            if group is None:
                group = Group(name=name, may_execute=True)
                session.add(group)
                session.flush()
                record(session, self._database.now(), COMMAND, "group", "added", name, record_id=group.id)
            self._groups[fold_word(name)] = group.id
            return group.id

    def _make_service(self, line: RequestLine, group_id: int) -> CatalogueEntry:
        kind = line.kind or "requisição"
        key = fold_word(line.service)
        if self._is_dry:
            return self._services.setdefault(key, CatalogueEntry(-1, group_id, kind, line.contract, None))
        with self._database.writing() as session:
            service = session.scalar(select(Service).where(Service.name == line.service))
            if service is None:
                service = Service(name=line.service, kind=kind, contract="", group_id=group_id, sla_minutes=None)
                session.add(service)
                session.flush()
                now = self._database.now()
                record(session, now, COMMAND, "service", "added", line.service, record_id=service.id)
            return self._services.setdefault(key, _of(service))


def _of(service: Service) -> CatalogueEntry:
    return CatalogueEntry(service.id, service.group_id, service.kind, service.contract, service.sla_minutes)
