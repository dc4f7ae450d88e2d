"""Searching: by a request's number, by who asks, by the words of descriptions and notes.

A search is posted, so that neither a document nor a name comes into an address. One that means one request or one
person leads there; any other shows what it found.
"""

from werkzeug.wrappers import Response

from soap_service.rules.searching import request_number_of
from soap_service.screens.forms import Form
from soap_service.screens.people.check_digits import SEARCHING, warn_of_search
from soap_service.screens.visit import Visit
from soap_service.store import MOST_RANKED, FoundRequests

_LONGEST = 200


def search(visit: Visit) -> Response:
    """Lead to what was searched for, or show what there is to choose from."""
    form = visit.form()
    typed = form.line("busca", _LONGEST, visit.gettext("Digite um número, uma pessoa ou palavras."))
    if form.errors:
        return _results_page(visit, form, status=422)
    after = form.value("depois")
    if after:
        return _results_page(visit, form, visit.store.search.find_requests(typed, after, visit.scope))
    number = request_number_of(typed)
    if number is not None and not visit.store.worklist.has_request(number):
        number = None
    people = visit.store.search.find_requesters(typed)
    visit.note_search(people)
    if number is not None and not people:
        return visit.redirect(f"/solicitacoes/{number}")
    found = visit.store.search.find_requests(typed, scope=visit.scope)
    if len(people) == 1 and number is None and not found.requests:
        return visit.redirect(f"/solicitacoes?solicitante={people[0].id}")
    if not (people or found.requests):
        form.refuse("busca", visit.gettext("Nada encontrado: nem solicitação, nem solicitante. Confira o que digitou."))
        warn_of_search(visit, form)
    return _results_page(visit, form, found, number=number, people=people)


def _results_page(
    visit: Visit, form: Form, found: FoundRequests | None = None, status: int = 200, **values: object
) -> Response:
    return visit.render(
        "requests/search.html",
        status,
        form=form,
        found=found or FoundRequests(),
        most=MOST_RANKED,
        now=visit.store.now(),
        wrong_digits=visit.gettext(SEARCHING),
        **{"number": None, "people": (), **values},
    )
