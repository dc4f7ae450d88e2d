"""People and requests from a file: it is checked first, then imported; what is rejected can be had as a file.

The file comes with each of the three and is kept nowhere: the page keeps it chosen, and a digest tells whether what is
imported is what was checked. So nothing of it lies on a disk between two visits, and any node can do any of them.
"""

import hashlib
import tempfile
from dataclasses import replace
from typing import IO

from werkzeug.wrappers import Response

from soap_service.errors import InputRefused
from soap_service.importing.jobs import Imported, ImportFailed, ImportJob
from soap_service.rules.import_columns import DEFAULT_SOURCE
from soap_service.screens.administration.import_causes import cause_in, refusal_in
from soap_service.screens.bounded_request import LARGEST_UPLOAD
from soap_service.screens.forms import Form, declare_untyped
from soap_service.screens.language import N_
from soap_service.screens.visit import TICKED, Visit

declare_untyped("tabela", "atualizar", "criar", "historico_a_parte", "conferido", "codificacao", "separador")

_KINDS = {"solicitantes": "requesters", "solicitacoes": "requests", "historico": "history"}
_ENCODINGS = ("utf-8", "cp1252", "utf-16")
_DELIMITERS = {
    ";": N_("Ponto e vírgula"),
    ",": N_("Vírgula"),
    "tab": N_("Tabulação"),
    "|": N_("Barra vertical"),
}
_LONGEST_MAP = 4000
_BLOCK = 256 * 1024


def show_import(visit: Visit) -> Response:
    """Show the page on which a file is chosen."""
    return _page(visit, visit.form(tabela="solicitantes", origem=DEFAULT_SOURCE))


def import_file(visit: Visit) -> Response:
    """Check the file, import it, or give what of it is rejected: as the button says."""
    form = visit.form()
    kind = form.choice("tabela", _KINDS, visit.gettext("Escolha o que o arquivo traz."))
    source = form.line("origem", 60) or DEFAULT_SOURCE
    maps = form.text("mapa", _LONGEST_MAP).splitlines()
    uploaded = visit.request.files.get("arquivo")
    if uploaded is None or not uploaded.filename:
        form.refuse("arquivo", visit.gettext("Escolha o arquivo."))
    if form.errors or uploaded is None:
        return _page(visit, form, status=422)
    job = ImportJob(
        _KINDS[kind],
        is_updating=form.value("atualizar") == TICKED,
        is_creating=form.value("criar") == TICKED and kind == "solicitacoes",
        has_history_file=form.value("historico_a_parte") == TICKED and kind == "solicitacoes",
        source=source,
        maps=tuple(line.strip() for line in maps if line.strip()),
        encoding=form.value("codificacao") if form.value("codificacao") in _ENCODINGS else "",
        delimiter=form.value("separador") if form.value("separador") in _DELIMITERS else "",
    )
    digest = _digest(uploaded.stream, job)
    is_same = form.value("conferido") == digest
    form.values["conferido"] = digest
    action = form.value("acao")
    try:
        if action == "rejeitadas":
            return _rejects(visit, job, uploaded.stream)
        if action == "importar" and is_same:
            return _page(visit, form, _run(visit, replace(job, is_dry=False), uploaded.stream), is_done=True)
        found = _run(visit, job, uploaded.stream)
    except InputRefused as refusal:
        field, sentence = refusal_in(visit.gettext, refusal)
        form.refuse(field, sentence)
        return _page(visit, form, status=422)
    return _page(visit, form, found, is_other=action == "importar")


def _run(visit: Visit, job: ImportJob, file: IO[bytes], rejects: IO[bytes] | None = None) -> Imported:
    run = visit.premises.import_file
    if run is None:
        raise ImportFailed("nothing imports files here")
    with tempfile.TemporaryFile() as plain:  # what the form was read into may be in memory: it has no descriptor
        while block := file.read(_BLOCK):
            plain.write(block)
        file.seek(0)
        return run(job, plain, rejects, visit.actor())


def _rejects(visit: Visit, job: ImportJob, file: IO[bytes]) -> Response:
    """Give the lines that would be rejected now, with their causes, to be corrected and imported again."""
    with tempfile.TemporaryFile() as rejects:
        _run(visit, job, file, rejects)
        rejects.seek(0)
        answer = Response(rejects.read(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="rejeitadas.csv"'
    return answer


def _digest(file: IO[bytes], job: ImportJob) -> str:
    digest = hashlib.sha256(repr(job).encode())
    while block := file.read(_BLOCK):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()


def _page(
    visit: Visit,
    form: Form,
    found: Imported | None = None,
    is_done: bool = False,
    is_other: bool = False,
    status: int = 200,
) -> Response:
    return visit.render(
        "administration/import.html",
        status,
        form=form,
        found=found,
        is_done=is_done,
        is_other=is_other,
        problems=[(line, cause_in(visit.gettext, cause)) for line, cause in found.problems] if found else [],
        kinds=[
            ("solicitantes", visit.gettext("Solicitantes")),
            ("solicitacoes", visit.gettext("Solicitações")),
            ("historico", visit.gettext("Histórico das solicitações")),
        ],
        encodings=[(name, name) for name in _ENCODINGS],
        delimiters=[(value, visit.gettext(name)) for value, name in _DELIMITERS.items()],
        largest=LARGEST_UPLOAD >> 20,
    )
