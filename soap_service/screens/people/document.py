"""A person's document in full, where pages mask it: shown on a click, once the audit knows of it."""

from werkzeug.wrappers import Response

from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.rules.documents import format_document
from soap_service.screens.visit import Visit


def show_document(visit: Visit, number: int) -> Response:
    """Give the document to the script of the page it was clicked on; without a script, on a page of its own."""
    requester = visit.store.requesters.find_by_id(number)
    visit.store.audit.write(AuditKind.DOCUMENT_SHOWN, RecordKind.REQUESTER, number)
    if "X-Form-Token" in visit.request.headers:
        return Response(format_document(requester.document), content_type="text/plain; charset=utf-8")
    return visit.render("people/document.html", requester=requester, back=visit.return_path())
