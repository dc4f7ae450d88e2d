"""What administrators set: parameters with their history, the service catalogue."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from soap_service.errors import AlreadyExists, ChangedMeanwhile, InvalidValue, NotFound, ServiceNotFound
from soap_service.model import Group, Parameter, ParameterChange, PrioritySla, Service
from soap_service.rules.edits import ServiceEdit
from soap_service.rules.parameters import CHILD_REQUEST_ON, CHILD_REQUEST_SERVICE, PARAMETERS, clean_value, rule_of
from soap_service.storage.database import Database
from soap_service.storage.history import COMMAND, is_recorded, record


class Administration(Database):
    """Parameters and services."""

    def parameter(self, parameter_id: int) -> str:
        """Return the value of a parameter, its default where none was saved; raises NotFound."""
        with self.reading() as session:
            return value_of(session, parameter_id)

    def list_parameters(self) -> Sequence[tuple[int, str]]:
        """Return id and value of every parameter."""
        with self.reading() as session:
            saved = {row.id: row.value for row in session.scalars(select(Parameter))}
        return [(rule.id, saved.get(rule.id, rule.default)) for rule in PARAMETERS.values()]

    def set_parameter(self, parameter_id: int, value: str, actor: str, expected: str | None = None) -> str:
        """Save a parameter, keep the change in its history, and return the value as stored.

        Raises: NotFound for an unknown id; InvalidValue with the reason, the last good value staying; ChangedMeanwhile
        when an `expected` value is given and another stands there.
        """
        value = clean_value(parameter_id, value)
        self.resolving(lambda: self._set_parameter(parameter_id, value, actor, expected))
        return value

    def _set_parameter(self, parameter_id: int, value: str, actor: str, expected: str | None) -> None:
        with self.writing() as session:
            if parameter_id == CHILD_REQUEST_SERVICE and value:
                try:
                    active_service(session, int(value))
                except ServiceNotFound:
                    raise InvalidValue(parameter_id, "Não há serviço ativo com esse número de identificação.") from None
            session.get(Parameter, parameter_id, with_for_update=True)
            before = value_of(session, parameter_id)
            if expected is not None and before not in (expected, value):
                raise ChangedMeanwhile("parameter")
            session.merge(Parameter(id=parameter_id, value=value))
            now = self.now()
            session.add(
                ParameterChange(parameter_id=parameter_id, before=before, after=value, actor=actor, changed_at=now)
            )
            record(session, now, actor, "parameter", "changed", str(parameter_id), {"value": (before, value)})

    def list_parameter_changes(self, parameter_id: int, limit: int = 50) -> Sequence[ParameterChange]:
        """Return the latest changes of a parameter, newest first."""
        query = select(ParameterChange).where(ParameterChange.parameter_id == parameter_id)
        with self.reading() as session:
            return session.scalars(query.order_by(ParameterChange.id.desc()).limit(limit)).all()

    def child_request_problem(self) -> str:
        """Return why viewing a request would launch no child request although 282 is S; empty when all is well."""
        with self.reading() as session:
            return child_service(session)[1]

    def add_service(
        self,
        name: str,
        kind: str,
        group: str,
        sla_minutes: int | None = None,
        contract: str = "",
        actor: str = COMMAND,
        form_key: str | None = None,
        priority_slas: tuple[tuple[int, int], ...] = (),
    ) -> Service:
        """Add a catalogue entry whose requests go to that group; a second post of the same form finds the first one's.

        Raises: AlreadyExists with the name, NotFound with the group's name, InvalidValue for an SLA that is none.
        """
        edit = ServiceEdit(name, kind, group, sla_minutes, contract, priority_slas=priority_slas)
        edit.check()
        return self.find_service(self.resolving(lambda: self._add_service(edit, actor, form_key)))

    def _add_service(self, edit: ServiceEdit, actor: str, form_key: str | None) -> int:
        with self.writing() as session:
            existing = session.scalar(select(Service.id).where(Service.name == edit.name))
            if existing is not None:
                if is_recorded(session, form_key):
                    return existing
                raise AlreadyExists(edit.name)
            service = Service()
            _fill(session, service, edit)
            session.add(service)
            session.flush()
            record(session, self.now(), actor, "service", "added", edit.name, origin_key=form_key)
            return service.id

    def change_service(self, service_id: int, edit: ServiceEdit, stamp: str, actor: str = COMMAND) -> None:
        """Change a catalogue entry; requests opened before keep their deadline and group.

        Raises: ServiceNotFound; AlreadyExists, NotFound, InvalidValue as `add_service`; ChangedMeanwhile when it is no
        longer the one with that stamp.
        """
        edit.check()
        self.resolving(lambda: self._change_service(service_id, edit, stamp, actor))

    def _change_service(self, service_id: int, edit: ServiceEdit, stamp: str, actor: str) -> None:
        with self.writing() as session:
            service = _service(session, service_id, is_changed=True)
            before = service_edit_of(service)
            if before == edit:
                return
            if before.stamp != stamp:
                raise ChangedMeanwhile("service")
            if edit.name != before.name and session.scalar(select(Service.id).where(Service.name == edit.name)):
                raise AlreadyExists(edit.name)
            _fill(session, service, edit)
            record(session, self.now(), actor, "service", "changed", before.name, before.differences(edit))

    def find_service(self, service_id: int) -> Service:
        """Return a catalogue entry, active or not, with its group and SLAs; raises ServiceNotFound."""
        with self.reading() as session:
            return _service(session, service_id)

    def list_services(
        self, include_inactive: bool = False, after: str = "", limit: int | None = None
    ) -> Sequence[Service]:
        """Return the active services, by name, on request the others too: all, or some of those after a name."""
        query = select(Service).where(Service.name > after).options(joinedload(Service.group)).order_by(Service.name)
        query = query.limit(limit)
        with self.reading() as session:
            return session.scalars(query if include_inactive else query.where(Service.is_active)).all()


def service_edit_of(service: Service) -> ServiceEdit:
    """Return what can be changed of a service that was loaded with its group and SLAs."""
    return ServiceEdit(
        service.name,
        service.kind,
        service.group.name,
        service.sla_minutes,
        service.contract,
        service.is_active,
        tuple((one.priority, one.sla_minutes) for one in service.priority_slas),
    )


def _service(session: Session, service_id: int, is_changed: bool = False) -> Service:
    parts = joinedload(Service.group, innerjoin=True), selectinload(Service.priority_slas)
    query = select(Service).where(Service.id == service_id).options(*parts)
    service = session.scalar(query.with_for_update(of=Service) if is_changed else query)
    if service is None:
        raise ServiceNotFound(service_id)
    return service


def _fill(session: Session, service: Service, edit: ServiceEdit) -> None:
    group = session.scalar(select(Group).where(Group.name == edit.group))
    if group is None:
        raise NotFound(edit.group)
    service.name, service.kind, service.contract = edit.name, edit.kind, edit.contract
    service.sla_minutes, service.group, service.is_active = edit.sla_minutes, group, edit.is_active
    known = {one.priority: one for one in service.priority_slas}
    service.priority_slas = [known.get(priority, PrioritySla(priority=priority)) for priority, _ in edit.priority_slas]
    for one, (_, minutes) in zip(service.priority_slas, edit.priority_slas, strict=True):
        one.sla_minutes = minutes


def value_of(session: Session, parameter_id: int) -> str:
    """Return a parameter's value within a session."""
    rule = rule_of(parameter_id)
    saved = session.get(Parameter, parameter_id)
    return rule.default if saved is None else saved.value


def active_service(session: Session, service_id: int) -> Service:
    """Return an active service with its group; raises ServiceNotFound."""
    query = select(Service).where(Service.id == service_id, Service.is_active).options(joinedload(Service.group))
    service = session.scalar(query)
    if service is None:
        raise ServiceNotFound(service_id)
    return service


def child_service(session: Session) -> tuple[Service | None, str]:
    """Return the service of parameter 283 when 282 is S, else None; and the reason when it is missing."""
    if value_of(session, CHILD_REQUEST_ON) != "S":
        return None, ""
    chosen = value_of(session, CHILD_REQUEST_SERVICE)
    if not chosen:
        return None, "O parâmetro 282 está ativado, mas o parâmetro 283 não informa o serviço."
    try:
        # Somebody may have written it by hand.
        return active_service(session, int(clean_value(CHILD_REQUEST_SERVICE, chosen))), ""
    except (ServiceNotFound, InvalidValue, ValueError):
        return None, "O parâmetro 283 informa um serviço que não existe ou não está ativo."
