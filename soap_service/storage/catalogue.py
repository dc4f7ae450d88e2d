"""The service catalogue: what a request can be about, and who works on it within which time."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from soap_service.errors import AlreadyExists, NotFound, ServiceNotFound
from soap_service.model import Group, PrioritySla, Service
from soap_service.rules.edits import ServiceEdit
from soap_service.storage.history import COMMAND, is_recorded, is_to_be_made, record, refuse_taken
from soap_service.storage.part import Part


class Catalogue(Part):
    """The services of the catalogue."""

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
        description_template: str = "",
    ) -> Service:
        """Add a catalogue entry whose requests go to that group; a second post of the same form finds the first one's.

        Raises: AlreadyExists with the name, NotFound with the group's name, InvalidValue for an SLA that is none.
        """
        edit = ServiceEdit(name, kind, group, sla_minutes, contract, True, priority_slas, description_template)
        edit.check()
        return self.find_service(self._database.retrying(lambda: self._add_service(edit, actor, form_key)))

    def _add_service(self, edit: ServiceEdit, actor: str, form_key: str | None) -> int:
        with self._database.writing() as session:
            existing = session.scalar(select(Service.id).where(Service.name == edit.name))
            if existing is not None:
                if is_recorded(session, form_key):
                    return existing
                raise AlreadyExists(edit.name)
            service = Service()
            _fill(session, service, edit)
            session.add(service)
            session.flush()
            now = self._database.now()
            record(session, now, actor, "service", "added", edit.name, origin_key=form_key, record_id=service.id)
            return service.id

    def change_service(self, service_id: int, edit: ServiceEdit, stamp: str, actor: str = COMMAND) -> None:
        """Change a catalogue entry; requests opened before keep their deadline and group.

        Raises: ServiceNotFound; AlreadyExists, NotFound, InvalidValue as `add_service`; ChangedMeanwhile when it is no
        longer the one with that stamp.
        """
        edit.check()
        self._database.retrying(lambda: self._change_service(service_id, edit, stamp, actor))

    def _change_service(self, service_id: int, edit: ServiceEdit, stamp: str, actor: str) -> None:
        with self._database.writing() as session:
            service = _service(session, service_id, is_changed=True)
            before = service_edit_of(service)
            if not is_to_be_made(edit, before, stamp, "service"):
                return
            if edit.name != before.name:
                refuse_taken(session, Service.name, edit.name)
            _fill(session, service, edit)
            now, changed = self._database.now(), before.differences(edit)
            record(session, now, actor, "service", "changed", before.name, changed, record_id=service_id)

    def find_service(self, service_id: int) -> Service:
        """Return a catalogue entry, active or not, with its group and SLAs; raises ServiceNotFound."""
        with self._database.reading() as session:
            return _service(session, service_id)

    def list_services(
        self, include_inactive: bool = False, after: str = "", limit: int | None = None
    ) -> Sequence[Service]:
        """Return the active services, by name, on request the others too: all, or some of those after a name."""
        query = select(Service).where(Service.name > after).options(joinedload(Service.group)).order_by(Service.name)
        query = query.limit(limit)
        with self._database.reading() as session:
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
        service.description_template,
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
    service.description_template = edit.description_template
    known = {one.priority: one for one in service.priority_slas}
    service.priority_slas = [known.get(priority, PrioritySla(priority=priority)) for priority, _ in edit.priority_slas]
    for one, (_, minutes) in zip(service.priority_slas, edit.priority_slas, strict=True):
        one.sla_minutes = minutes


def active_service(session: Session, service_id: int) -> Service:
    """Return an active service with its group; raises ServiceNotFound."""
    query = select(Service).where(Service.id == service_id, Service.is_active).options(joinedload(Service.group))
    service = session.scalar(query)
    if service is None:
        raise ServiceNotFound(service_id)
    return service
