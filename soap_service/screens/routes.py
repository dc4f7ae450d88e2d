"""Every address of the screens: what answers it, and the permission that it needs."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, IntegerConverter, Map, Rule
from werkzeug.wrappers import Response

from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.rules.roles import Permission
from soap_service.screens import (
    access,
    administration,
    endpoint,
    first_run,
    home,
    panel,
    password,
    preferences,
    second_factor,
    sessions,
    sign_on,
)
from soap_service.screens.calls import call, call_list, diagnosis, extension
from soap_service.screens.people import document, record, rights
from soap_service.screens.requests import (
    bulk,
    execution,
    export,
    reclassification,
    registration,
    search,
    worklist,
)
from soap_service.screens.requests import page as request_page
from soap_service.screens.visit import Visit

Handler = Callable[..., Response]
#: How long a call's token is.
TOKEN_LENGTH = 43


class _NumberConverter(IntegerConverter):
    """A request's number: no zeros in front, and none that a database could not hold."""

    regex = "[1-9][0-9]{0,9}"

    def __init__(self, map: Map) -> None:  # noqa: A002 - Werkzeug's name
        super().__init__(map, max=HIGHEST_NUMBER)


class _TokenConverter(BaseConverter):
    """A call's token, as `secrets.token_urlsafe(32)` makes them."""

    regex = f"[0-9A-Za-z_-]{{{TOKEN_LENGTH}}}"


def _serve_asset(visit: Visit, path: str) -> Response:
    return visit.premises.assets.serve(visit.request, path)


@dataclass(frozen=True)
class Route:
    """What answers an address, and the permission that it needs; None for everybody, logged in or not.

    The form of an open page brings a token of its own.
    """

    handler: Handler
    needs: Permission | None


def _page(path: str, show: Handler, post: Handler | None, needs: Permission | None) -> list[Rule]:
    """Return the rules of a page: what shows it and, where it can be posted to, what takes the post."""
    rules = [Rule(path, methods=["GET"], endpoint=Route(show, needs))]
    return rules if post is None else [*rules, _post(path, post, needs)]


def _post(path: str, handler: Handler, needs: Permission | None) -> Rule:
    """Return the rule of what can only be posted to."""
    return Rule(path, methods=["POST"], endpoint=Route(handler, needs))


_VIEW, _WORK, _SUPERVISE, _ADMINISTER = Permission
#: Where agents choose their own password: who must is led there from everywhere else.
OWN_PASSWORD = "/preferencias/senha"  # noqa: S105
#: Every address of the screens, what answers it, and what it needs.
ADDRESSES = Map(
    [
        *_page("/entrar", access.show_login, access.log_in, None),
        *_page("/entrar/codigo", access.show_code, access.check_code, None),
        *_page(sign_on.BEGIN, sign_on.begin_sign_on, None, None),
        *_page(sign_on.RETURN, sign_on.finish_sign_on, None, None),
        *_page(access.PROVIDER_LOG_OUT, sign_on.leave_provider, None, None),
        _post("/sair", access.log_out, None),
        *_page("/sessao", access.show_login_times, access.use_login, _VIEW),
        *_page("/", home.show_home, None, _VIEW),
        _post("/primeiros-passos", first_run.dismiss_steps, _ADMINISTER),
        *_page("/soap", endpoint.show_endpoint, None, None),
        *_page("/manual-de-integracao", endpoint.show_guide, None, None),
        _post("/entrar/idioma", preferences.choose_before_login, None),
        *_page("/painel", panel.show_panel, None, _SUPERVISE),
        *_page("/preferencias", preferences.show_preferences, preferences.save_preferences, _VIEW),
        *_page(OWN_PASSWORD, password.show_password, password.save_password, _VIEW),
        *_page(second_factor.PATH, second_factor.show_second_factor, second_factor.change_second_factor, _VIEW),
        *_page(sessions.SESSIONS, sessions.show_sessions, sessions.end_sessions, _VIEW),
        *_page("/ramal", extension.show_extension, extension.save_extension, _WORK),
        _post("/ramal/pausa", extension.save_pause, _WORK),
        *_page("/chamadas", call_list.list_calls, None, _WORK),
        *_page("/chamadas/<token:token>", call.show_call, call.answer_call, _WORK),
        *_page("/chamadas/<token:token>/janela", call.show_popup, None, _WORK),
        _post("/chamadas/<token:token>/retornada", call.return_call, _WORK),
        _post("/chamadas/<token:token>/contato", record.name_contact_of_call, _WORK),
        _post("/chamadas/<token:token>/vista", call.mark_seen, _WORK),
        *_page("/diagnostico", diagnosis.show_diagnosis, diagnosis.simulate_call, _WORK),
        *_page("/solicitacoes", worklist.show_list, search.search, _VIEW),
        *_page("/solicitacoes.csv", export.export_list, None, _SUPERVISE),
        _post("/solicitacoes/filtros", worklist.remember_filters, _VIEW),
        _post("/solicitacoes/escolhidas", bulk.change_many, _SUPERVISE),
        *_page("/solicitacoes/nova", registration.start_request, registration.register_request, _WORK),
        *_page("/solicitacoes/<number:number>", request_page.show_request, None, _VIEW),
        _post("/solicitacoes/<number:number>/contato", record.name_contact_of_request, _WORK),
        *_page("/solicitacoes/<number:number>/executar", execution.show_execution, execution.execute_request, _WORK),
        *_page(
            "/solicitacoes/<number:number>/reclassificar",
            reclassification.show_classification,
            reclassification.reclassify_request,
            _WORK,
        ),
        *_page("/pessoas/<number:number>", record.show_person, None, _VIEW),
        *_page("/pessoas/<number:number>/editar", record.start_edit, record.save_person, _WORK),
        _post("/pessoas/<number:number>/situacao", record.mark_left, _WORK),
        *_page("/pessoas/<number:number>/contato", record.start_contact, record.save_contact, _WORK),
        *_page("/pessoas/<number:number>/unir", rights.start_merge, rights.merge_people, _ADMINISTER),
        _post("/pessoas/<number:number>/exportar", rights.export_person, _ADMINISTER),
        *_page("/pessoas/<number:number>/apagar", rights.ask_to_erase, rights.erase_person, _ADMINISTER),
        _post("/pessoas/<number:number>/documento", document.show_document, _VIEW),
        *(rule for path, show, post in administration.PAGES for rule in _page(path, show, post, _ADMINISTER)),
        *_page("/static/<path:path>", _serve_asset, None, None),
    ],
    converters={"number": _NumberConverter, "token": _TokenConverter},
    merge_slashes=False,  # no redirect that would repeat what a client says
)


def page_of(visit: Visit) -> str:
    """Return the page that a post belongs to: where its form leads back to, or its own address; "" for none."""
    if visit.request.method != "POST":
        return ""
    if "para" in visit.request.form:
        return visit.return_path()
    with suppress(HTTPException):
        ADDRESSES.bind("").match(visit.request.path, "GET")
        return visit.request.path
    return ""
