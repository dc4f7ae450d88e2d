"""Tables in and out: what `soap-service import` and `export` work with. A call of the service needs none of it."""

from datetime import tzinfo

from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.storage.audit import Audit
from soap_service.storage.database import Database
from soap_service.storage.exports import Exports
from soap_service.storage.history_imports import HistoryImport, RequestImportOptions
from soap_service.storage.imports import RequesterImport
from soap_service.storage.part import Part
from soap_service.storage.request_imports import RequestImport
from soap_service.storage.sequences import begin_numbers


class Tables(Part):
    """Importing and exporting, a piece of a table at a time."""

    def __init__(self, database: Database, audit: Audit) -> None:
        super().__init__(database)
        self._audit = audit

    def begin_numbers(self, first: int) -> None:
        """Have the requests that are opened here numbered from `first` on, or from what was given already."""
        begin_numbers(self._database, first)

    def import_requesters(self, is_updating: bool, is_dry: bool) -> RequesterImport:
        """Return what takes requesters in."""
        if not is_dry:
            self._audit.write(AuditKind.IMPORTED, RecordKind.REQUESTER)
        return RequesterImport(self._database, is_updating, is_dry)

    def import_requests(self, options: RequestImportOptions) -> RequestImport:
        """Return what takes requests in."""
        if not options.is_dry:
            self._audit.write(AuditKind.IMPORTED, RecordKind.REQUEST)
        return RequestImport(self._database, options)

    def import_history(self, options: RequestImportOptions) -> HistoryImport:
        """Return what takes lines of their history in."""
        if not options.is_dry:
            self._audit.write(AuditKind.IMPORTED, RecordKind.REQUEST)
        return HistoryImport(self._database, options)

    def export(self, zone: tzinfo) -> Exports:
        """Return what gives tables out, with times of that zone."""
        return Exports(self._database, zone)
