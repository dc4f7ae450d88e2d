"""Telephony platforms: who may call, from where, what, and when they last did. Knows no call."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from soap_service.errors import AlreadyExists, IntegrationNotFound, InvalidValue, Reason
from soap_service.language import LANGUAGES, SOURCE_LANGUAGE
from soap_service.model import Integration
from soap_service.rules.calls import SIMULATION
from soap_service.rules.edits import IntegrationEdit
from soap_service.storage.history import COMMAND, is_recorded, is_to_be_made, record
from soap_service.storage.part import Part
from soap_service.tables.administration import IntegrationUse

log = logging.getLogger(__name__)


@dataclass(slots=True)
class KnownIntegration:
    """An integration as its calls are judged by: plain values, each a third of the price of a row's.

    One without `operations` may call them all.
    """

    id: int
    name: str
    language: str
    operations: frozenset[str] = frozenset()
    addresses: str = ""
    secret_salt: bytes | None = None
    secret_hash: bytes | None = None

    @classmethod
    def of(cls, row: Integration) -> "KnownIntegration":
        """Return what is known of a stored integration."""
        operations = frozenset(row.operations.split())
        return cls(row.id, row.name, row.language, operations, row.addresses, row.secret_salt, row.secret_hash)


class Integrations(Part):
    """The platforms that may call the web services. Of a secret only salt and digest come here, and into no history.

    The integration of simulated calls is none of them: no list has it, so admission does not know
    it, and nobody can change it.
    """

    def add(
        self,
        name: str,
        salt: bytes | None,
        digest: bytes | None,
        addresses: str = "",
        operations: str = "",
        language: str = SOURCE_LANGUAGE,
        actor: str = COMMAND,
        form_key: str | None = None,
    ) -> Integration:
        """Add a platform with a hashed secret, or with the networks it calls from; raises AlreadyExists.

        A second post of the same form gives the first one's platform the second secret: that one was shown last.
        """
        edit = IntegrationEdit(addresses, operations, language)
        found = self._database.retrying(lambda: self._add_integration(name, salt, digest, edit, actor, form_key))
        return self.find(found)

    def _add_integration(
        self,
        name: str,
        salt: bytes | None,
        digest: bytes | None,
        edit: IntegrationEdit,
        actor: str,
        form_key: str | None,
    ) -> int:
        if name == SIMULATION:
            raise AlreadyExists(name)
        with self._database.writing() as session:
            integration = session.scalar(select(Integration).where(Integration.name == name))
            if integration is not None:
                if not is_recorded(session, form_key):
                    raise AlreadyExists(name)
                integration.secret_salt, integration.secret_hash = salt, digest
                if digest is not None:
                    now = self._database.now()
                    record(session, now, actor, "integration", "renewed", name, record_id=integration.id)
                return integration.id
            now = self._database.now()
            integration = Integration(
                name=name,
                secret_salt=salt,
                secret_hash=digest,
                addresses=edit.addresses,
                operations=edit.operations,
                language=edit.language,
                created_at=now,
            )
            session.add(integration)
            session.flush()
            record(session, now, actor, "integration", "added", name, origin_key=form_key, record_id=integration.id)
            return integration.id

    def find(self, integration_id: int) -> Integration:
        """Return a platform, revoked or not; raises IntegrationNotFound."""
        with self._database.reading() as session:
            integration = session.get(Integration, integration_id)
        if integration is None or integration.name == SIMULATION:
            raise IntegrationNotFound(integration_id)
        return integration

    def find_simulation(self) -> Integration:
        """Return the integration of simulated calls, made when it is first asked for: no secret, no address."""
        return self._database.retrying(self._find_simulation)

    def _find_simulation(self) -> Integration:
        query = select(Integration).where(Integration.name == SIMULATION)
        with self._database.reading() as session:
            found = session.scalar(query)
        if found is None:
            with self._database.writing() as session:
                found = session.scalar(query) or Integration(name=SIMULATION, created_at=self._database.now())
                session.add(found)
        return found

    def list_all(self, include_revoked: bool = False) -> Sequence[Integration]:
        """Return the platforms that may call, by name; on request those revoked too.

        One whose row cannot be read may not call; it is logged and holds up no other.
        """
        query = select(Integration).where(Integration.name != SIMULATION).order_by(Integration.name)
        query = query if include_revoked else query.where(Integration.revoked_at.is_(None))
        with self._database.reading() as session:
            with suppress(ValueError, TypeError):
                return session.scalars(query).all()
            found: list[Integration] = []
            for number in session.scalars(query.with_only_columns(Integration.id)).all():
                try:
                    found += session.scalars(query.where(Integration.id == number)).all()
                except (ValueError, TypeError):
                    log.error("integration %d cannot be read and is passed over", number)
        return found

    def change(self, integration_id: int, edit: IntegrationEdit, stamp: str, actor: str = COMMAND) -> None:
        """Change from where and for what a platform may call, and the language it is answered in.

        Raises: IntegrationNotFound, for one that was revoked too; InvalidValue when nothing would identify it;
        ChangedMeanwhile when it is no longer the one with that stamp.
        """
        with self._database.writing() as session:
            integration = _integration(session, integration_id)
            before = integration_edit_of(integration)
            if not is_to_be_made(edit, before, stamp, "integration"):
                return
            if integration.secret_hash is None and not edit.addresses:
                raise InvalidValue("addresses", Reason.NEEDS_ADDRESSES)
            integration.addresses, integration.operations = edit.addresses, edit.operations
            integration.language = edit.language
            now, changed = self._database.now(), before.differences(edit)
            record(session, now, actor, "integration", "changed", integration.name, changed, record_id=integration.id)

    def set_language(self, name: str, language: str, actor: str = COMMAND) -> None:
        """Have receipts and faults for the platform in that language; raises IntegrationNotFound, InvalidValue."""
        with self._database.writing() as session:
            integration = _integration(session, name)
            if language not in LANGUAGES:
                raise InvalidValue("language", Reason.NO_LANGUAGE)
            details = {"language": (integration.language, language)}
            integration.language = language
            now = self._database.now()
            record(session, now, actor, "integration", "changed", name, details, record_id=integration.id)

    def renew_secret(self, integration_id: int, salt: bytes, digest: bytes, actor: str = COMMAND) -> None:
        """Give a platform a new secret; the old one is refused from now on. Raises IntegrationNotFound."""
        with self._database.writing() as session:
            integration = _integration(session, integration_id)
            integration.secret_salt, integration.secret_hash = salt, digest
            now = self._database.now()
            record(session, now, actor, "integration", "renewed", integration.name, record_id=integration_id)

    def revoke(self, name: str, actor: str = COMMAND) -> None:
        """Refuse the platform from now on; raises IntegrationNotFound."""
        with self._database.writing() as session:
            integration = _integration(session, name)
            integration.revoked_at = self._database.now()
            record(session, integration.revoked_at, actor, "integration", "revoked", name, record_id=integration.id)

    def note_uses(self, uses: Mapping[str, datetime]) -> None:
        """Keep when platforms last called, by name; unknown names are left out, a later use of another node stays."""
        self._database.retrying(lambda: self._note_integration_uses(uses))

    def _note_integration_uses(self, uses: Mapping[str, datetime]) -> None:
        with self._database.writing() as session:
            known = select(Integration.id, Integration.name).where(Integration.name.in_(uses)).order_by(Integration.id)
            for integration_id, name in session.execute(known).all():
                kept = session.get(IntegrationUse, integration_id, with_for_update=True)
                if kept is None:
                    session.add(IntegrationUse(integration_id=integration_id, used_at=uses[name]))
                else:
                    kept.used_at = max(kept.used_at, uses[name])

    def list_uses(self) -> dict[int, datetime]:
        """Return when each platform last called, by its id, to the minute; those that never did are not there."""
        with self._database.reading() as session:
            return {use.integration_id: use.used_at for use in session.scalars(select(IntegrationUse))}


def integration_edit_of(integration: Integration) -> IntegrationEdit:
    """Return what can be changed of an integration."""
    return IntegrationEdit(integration.addresses, integration.operations, integration.language)


def _integration(session: Session, key: int | str) -> Integration:
    """Return the one with that id, or of that name, that was not revoked, locked; raises IntegrationNotFound."""
    is_it = Integration.id == key if isinstance(key, int) else Integration.name == key
    query = select(Integration).where(is_it, Integration.revoked_at.is_(None), Integration.name != SIMULATION)
    integration = session.scalar(query.with_for_update())
    if integration is None:
        raise IntegrationNotFound(key)
    return integration
