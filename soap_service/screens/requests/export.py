"""The list of requests as a file for a spreadsheet: written as it is read, so that its length costs no memory.

Source: RFC 4180; OWASP, CSV Injection.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from werkzeug.wrappers import Response

from soap_service.model import Request
from soap_service.rules.auditing import AuditKind, RecordKind
from soap_service.screens.requests.worklist import Asked, read_asked
from soap_service.screens.visit import Visit
from soap_service.store import RequestPage

_MARK = "\ufeff"  # by which Excel knows UTF-8
#: What a spreadsheet would take a cell for a formula by, the full-width forms too.
_FORMULA = r"=+@\uff1d\uff0b\uff0d\uff20\-"
_BEGIN = re.compile(rf"[{_FORMULA}\t\r\n]")
#: The same behind what parts the cells for a spreadsheet of another language.
_INSIDE = re.compile(rf"(?<=[,;\t|\r\n])([\s\"]*)(?=[{_FORMULA}])")


def export_list(visit: Visit) -> Response:
    """Send the list that the address asks for, page after page, each read when the one before it has been sent."""
    asked = read_asked(visit)
    visit.store.audit.write(AuditKind.EXPORTED, RecordKind.REQUEST)
    first = visit.store.worklist.list_page(asked.wanted, asked.order)  # what fails, fails before the head is sent
    response = Response(_lines(visit, asked, first), content_type="text/csv; charset=utf-8")
    day = visit.store.now().astimezone(visit.zone)
    subject = visit.gettext("solicitações")
    name = f"{subject}-{day:%Y-%m-%d}.csv"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _lines(visit: Visit, asked: Asked, page: RequestPage) -> Iterator[bytes]:
    # Where a comma stands in decimals, as in Portuguese and Spanish, spreadsheets part cells with a semicolon.
    delimiter = ";" if visit.formats.number(0.5)[1] == "," else ","
    gettext = visit.gettext
    heads = [
        gettext("Nº"),
        gettext("Assunto"),
        gettext("Solicitante"),
        gettext("Serviço"),
        gettext("Grupo Executor"),
        gettext("Responsável"),
        gettext("Situação"),
        gettext("Aberta em"),
        gettext("Prazo"),
        gettext("Fora do prazo"),
        gettext("Prioridade"),
    ]
    yield (_MARK + _written([heads], delimiter)).encode()
    while True:
        yield _written([_cells(visit, request) for request in page.requests], delimiter).encode()
        if not page.after:
            return
        page = visit.store.worklist.list_page(asked.wanted, asked.order, page.after)


def _cells(visit: Visit, request: Request) -> list[str]:
    moment, gettext = visit.formats.moment, visit.gettext
    return [
        str(request.id),
        request.subject,
        request.requester.name if request.requester else "",
        request.service.name if request.service else "",
        request.group.name if request.group else "",
        request.responsible.name if request.responsible else "",
        gettext(request.situation_label),
        moment(request.opened_at) if request.opened_at else "",
        moment(request.deadline) if request.deadline else "",
        gettext("sim") if request.is_late(visit.store.now()) else gettext("não"),
        str(request.priority or ""),
    ]


def _written(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows([[harmless(cell) for cell in row] for row in rows])
    return written.getvalue()


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, wherever it parts it."""
    cell = f"'{cell}" if _BEGIN.match(cell) else cell
    return _INSIDE.sub(r"\1'", cell)
