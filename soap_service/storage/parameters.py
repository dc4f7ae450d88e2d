"""The numbered parameters of the manual, with their history."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from soap_service.errors import ChangedMeanwhile, InvalidValue, Reason, ServiceNotFound
from soap_service.model import Parameter, ParameterChange
from soap_service.rules.parameters import CHILD_REQUEST_SERVICE, PARAMETERS, clean_value, rule_of
from soap_service.storage.catalogue import active_service
from soap_service.storage.history import record
from soap_service.storage.part import Part


class Parameters(Part):
    """Parameters by their number."""

    def value(self, parameter_id: int) -> str:
        """Return the value of a parameter, its default where none was saved; raises NotFound."""
        with self._database.reading() as session:
            return value_of(session, parameter_id)

    def list_values(self) -> Sequence[tuple[int, str]]:
        """Return id and value of every parameter."""
        with self._database.reading() as session:
            saved = {row.id: row.value for row in session.scalars(select(Parameter))}
        return [(rule.id, saved.get(rule.id, rule.default)) for rule in PARAMETERS.values()]

    def change(self, parameter_id: int, value: str, actor: str, expected: str | None = None) -> str:
        """Save a parameter, keep the change in its history, and return the value as stored.

        Raises: NotFound for an unknown id; InvalidValue with the reason, the last good value staying; ChangedMeanwhile
        when an `expected` value is given and another stands there.
        """
        value = clean_value(parameter_id, value)
        self._database.retrying(lambda: self._set_parameter(parameter_id, value, actor, expected))
        return value

    def _set_parameter(self, parameter_id: int, value: str, actor: str, expected: str | None) -> None:
        with self._database.writing() as session:
            if parameter_id == CHILD_REQUEST_SERVICE and value:
                try:
                    active_service(session, int(value))
                except ServiceNotFound:
                    raise InvalidValue(parameter_id, Reason.NO_ACTIVE_SERVICE) from None
            session.get(Parameter, parameter_id, with_for_update=True)
            before = value_of(session, parameter_id)
            if expected is not None and before not in (expected, value):
                raise ChangedMeanwhile("parameter")
            session.merge(Parameter(id=parameter_id, value=value))
            now = self._database.now()
            session.add(
                ParameterChange(parameter_id=parameter_id, before=before, after=value, actor=actor, changed_at=now)
            )
            changed, name = {"value": (before, value)}, str(parameter_id)
            record(session, now, actor, "parameter", "changed", name, changed, record_id=parameter_id)

    def list_changes(self, parameter_id: int, limit: int = 50) -> Sequence[ParameterChange]:
        """Return the latest changes of a parameter, newest first."""
        query = select(ParameterChange).where(ParameterChange.parameter_id == parameter_id)
        with self._database.reading() as session:
            return session.scalars(query.order_by(ParameterChange.id.desc()).limit(limit)).all()


def value_of(session: Session, parameter_id: int) -> str:
    """Return a parameter's value within a session."""
    rule = rule_of(parameter_id)
    saved = session.get(Parameter, parameter_id)
    return rule.default if saved is None else saved.value
