"""What administrators set: parameters with their history, integrations, the service catalogue."""

import logging
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from soap_service.catalogues import LANGUAGES, SOURCE_LANGUAGE
from soap_service.errors import AlreadyExists, IntegrationNotFound, InvalidValue, NotFound, ServiceNotFound
from soap_service.model import Group, Integration, Parameter, ParameterChange, Service
from soap_service.parameters import CHILD_REQUEST_ON, CHILD_REQUEST_SERVICE, PARAMETERS, clean_value, rule_of
from soap_service.storage.database import Database

log = logging.getLogger(__name__)


class Administration(Database):
    """Parameters, integrations, services."""

    def parameter(self, parameter_id: int) -> str:
        """Return the value of a parameter, its default where none was saved; raises NotFound."""
        with self.reading() as session:
            return value_of(session, parameter_id)

    def list_parameters(self) -> Sequence[tuple[int, str]]:
        """Return id and value of every parameter."""
        with self.reading() as session:
            saved = {row.id: row.value for row in session.scalars(select(Parameter))}
        return [(rule.id, saved.get(rule.id, rule.default)) for rule in PARAMETERS.values()]

    def set_parameter(self, parameter_id: int, value: str, actor: str) -> str:
        """Save a parameter, keep the change in its history, and return the value as stored.

        Raises: NotFound for an unknown id; InvalidValue with the reason, the last good value staying.
        """
        value = clean_value(parameter_id, value)
        with self.writing() as session:
            if parameter_id == CHILD_REQUEST_SERVICE and value:
                try:
                    active_service(session, int(value))
                except ServiceNotFound:
                    raise InvalidValue(parameter_id, "Não há serviço ativo com esse número de identificação.") from None
            before = value_of(session, parameter_id)
            session.merge(Parameter(id=parameter_id, value=value))
            session.add(
                ParameterChange(
                    parameter_id=parameter_id, before=before, after=value, actor=actor, changed_at=self.now()
                )
            )
        return value

    def list_parameter_changes(self, parameter_id: int, limit: int = 50) -> Sequence[ParameterChange]:
        """Return the latest changes of a parameter, newest first."""
        query = select(ParameterChange).where(ParameterChange.parameter_id == parameter_id)
        with self.reading() as session:
            return session.scalars(query.order_by(ParameterChange.id.desc()).limit(limit)).all()

    def child_request_problem(self) -> str:
        """Return why viewing a request would launch no child request although 282 is S; empty when all is well."""
        with self.reading() as session:
            return child_service(session)[1]

    def add_integration(
        self,
        name: str,
        salt: bytes | None,
        digest: bytes | None,
        addresses: str = "",
        operations: str = "",
        language: str = SOURCE_LANGUAGE,
    ) -> Integration:
        """Add a platform with a hashed secret, or with the networks it calls from; raises AlreadyExists."""
        integration = Integration(
            name=name,
            secret_salt=salt,
            secret_hash=digest,
            addresses=addresses,
            operations=operations,
            language=language,
            created_at=self.now(),
        )
        try:
            with self.writing() as session:
                session.add(integration)
        except IntegrityError:
            raise AlreadyExists(name) from None
        return integration

    def list_integrations(self, include_revoked: bool = False) -> Sequence[Integration]:
        """Return the platforms that may call, by name; on request those revoked too.

        One whose row cannot be read may not call; it is logged and holds up no other.
        """
        query = select(Integration).order_by(Integration.name)
        query = query if include_revoked else query.where(Integration.revoked_at.is_(None))
        with self.reading() as session:
            with suppress(ValueError, TypeError):
                return session.scalars(query).all()
            found: list[Integration] = []
            for number in session.scalars(query.with_only_columns(Integration.id)).all():
                try:
                    found += session.scalars(query.where(Integration.id == number)).all()
                except (ValueError, TypeError):
                    log.error("integration %d cannot be read and is passed over", number)
        return found

    def set_integration_language(self, name: str, language: str) -> None:
        """Have receipts and faults for the platform in that language; raises IntegrationNotFound, InvalidValue."""
        with self.writing() as session:
            integration = _active_integration(session, name)
            if language not in LANGUAGES:
                raise InvalidValue("language", f"it is one of {', '.join(LANGUAGES)}")
            integration.language = language

    def revoke_integration(self, name: str) -> None:
        """Refuse the platform from now on; raises IntegrationNotFound."""
        with self.writing() as session:
            _active_integration(session, name).revoked_at = self.now()

    def add_service(
        self, name: str, kind: str, group: str, sla_minutes: int | None = None, contract: str = ""
    ) -> Service:
        """Add a catalogue entry whose requests go to that group; raises AlreadyExists, NotFound."""
        try:
            with self.writing() as session:
                owner = session.scalar(select(Group).where(Group.name == group))
                if owner is None:
                    raise NotFound(group)
                service = Service(name=name, kind=kind, contract=contract, sla_minutes=sla_minutes, group=owner)
                session.add(service)
        except IntegrityError:
            raise AlreadyExists(name) from None
        return service

    def list_services(self) -> Sequence[Service]:
        """Return the active services, by name."""
        query = select(Service).where(Service.is_active).options(joinedload(Service.group)).order_by(Service.name)
        with self.reading() as session:
            return session.scalars(query).all()


def _active_integration(session: Session, name: str) -> Integration:
    query = select(Integration).where(Integration.name == name, Integration.revoked_at.is_(None))
    integration = session.scalar(query)
    if integration is None:
        raise IntegrationNotFound(name)
    return integration


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
