"""The warning of wrong check digits where a document is typed. Knows the rules of documents and forms, no store.

The server says it when a form comes; `document.js` says the same sentence, from the field's attribute, as it is typed.
"""

from soap_service.errors import InvalidDocument
from soap_service.rules.documents import correct_document, has_valid_check_digits, normalise_document
from soap_service.screens.forms import Form
from soap_service.screens.language import N_
from soap_service.screens.visit import Visit

REGISTERING = N_(
    "Os dígitos verificadores não conferem. Confirme o número com o solicitante; se estiver certo, registre."
)
SEARCHING = N_("Os dígitos verificadores não conferem. Confira o número; a busca vale assim mesmo.")


def find_wrong_document(typed: str) -> str:
    """Return the normalised document whose check digits are wrong; empty for any other text.

    They are right where they confirm what it stands for, as rule 5 of docs/rules.md has it.
    """
    try:
        document = normalise_document(typed)
    except InvalidDocument:
        return ""
    return "" if has_valid_check_digits(document) or correct_document(document) else document


def warn_of_search(visit: Visit, form: Form) -> None:
    """Warn beside a search that found nobody."""
    if find_wrong_document(form.value("busca")):
        form.warnings["busca"] = visit.gettext(SEARCHING)
