"""The agents' screens as a plain WSGI application. Knows the store and HTTP; nothing of SOAP or streams.

One URL map, one handler a screen, one place where what goes wrong becomes a page.
"""

import logging
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from werkzeug.exceptions import Forbidden, HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.exceptions import NotFound as PageNotFound
from werkzeug.routing import BaseConverter, IntegerConverter, Map, Rule
from werkzeug.wrappers import Response

from soap_service.asgi.wsgi_bridge import IS_BUSY
from soap_service.errors import ExecutionRefused, NotFound, RequestHidden, StoreUnavailable
from soap_service.rules.auditing import AuditKind, RecordKind, acting
from soap_service.rules.calls import Simulated
from soap_service.rules.login_limits import LoginLimits
from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.rules.roles import Permission, Role
from soap_service.rules.single_sign_on import Provider
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
from soap_service.screens.assets import Assets
from soap_service.screens.calls import call, call_list, diagnosis, extension
from soap_service.screens.language import N_
from soap_service.screens.pages import Pages
from soap_service.screens.people import document, record, rights
from soap_service.screens.requests import (
    bulk,
    execution,
    export,
    reclassification,
    registration,
    resuming,
    search,
    worklist,
)
from soap_service.screens.requests import page as request_page
from soap_service.screens.visit import (
    LARGEST_UPLOAD,
    BoundedRequest,
    ImportFile,
    Premises,
    Visit,
    WrongFormToken,
)
from soap_service.store import Store

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["ADDRESSES", "Screens"]

log = logging.getLogger(__name__)

Handler = Callable[..., Response]

_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
    )
)


class _NumberConverter(IntegerConverter):
    """A request's number: no zeros in front, and none that a database could not hold."""

    regex = "[1-9][0-9]{0,9}"

    def __init__(self, map: Map) -> None:  # noqa: A002 - Werkzeug's name
        super().__init__(map, max=HIGHEST_NUMBER)


_TOKEN_LENGTH = 43


class _TokenConverter(BaseConverter):
    """A call's token, as `secrets.token_urlsafe(32)` makes them."""

    regex = f"[0-9A-Za-z_-]{{{_TOKEN_LENGTH}}}"


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

_TITLES = {
    401: N_("Sua sessão terminou"),
    403: N_("Você não tem permissão"),
    404: N_("Página não encontrada"),
    405: N_("Esta página não aceita essa ação"),
    413: N_("O formulário é grande demais"),
    500: N_("Algo deu errado"),
    503: N_("O sistema está ocupado"),
}
_ADVICE = {
    401: N_("Entre de novo para continuar."),
    403: N_("Seu usuário não pode fazer isso. Se precisar, fale com o administrador."),
    404: N_("O endereço não existe, ou o que ele mostrava não existe mais."),
    405: N_("Volte ao início e tente pelo menu."),
    413: N_("Volte, encurte o texto e envie de novo."),
    500: N_("O erro foi registrado. Se ele se repetir, informe o número abaixo."),
    503: N_("O banco de dados não respondeu a tempo. Aguarde um instante e tente de novo."),
}
_FILE_TOO_LARGE = N_(
    "O arquivo passa de %(size)d MiB. Divida-o, ou use o comando soap-service import, que não tem limite."
)
_TOO_MANY_LOGINS = N_("Muitas pessoas estão entrando ao mesmo tempo. Aguarde alguns segundos e tente de novo.")
_ANY_TITLE, _ANY_ADVICE = N_("O pedido não pôde ser atendido"), N_("Volte ao início e tente de novo.")


class Screens:
    """The screens of the service desk on a store. Times are shown in `zone`; cookies are Secure when `is_https`.

    `simulate` announces a call as a platform does, `import_file` takes a file in: what is behind them the screens do
    not know. The last four are those of `Premises`.
    """

    def __init__(
        self,
        store: Store,
        zone: ZoneInfo,
        login_limits: LoginLimits,
        is_https: bool,
        simulate: Callable[[str, str, str], Simulated] | None = None,
        endpoint_url: str = "",
        import_file: ImportFile | None = None,
        second_factor_of: frozenset[Role] = frozenset(),
        provider: Provider | None = None,
        password_logins: frozenset[str] = frozenset(),
        framing_origins: tuple[str, ...] = (),
    ) -> None:
        assets = Assets()
        pages = Pages(zone, assets)
        self._premises = Premises(
            store,
            pages,
            assets,
            login_limits,
            is_https,
            simulate,
            endpoint_url,
            import_file,
            second_factor_of,
            provider,
            password_logins,
            framing_origins,
        )

    def largest_body(self, environ: "WSGIEnvironment") -> int:
        """Return how many bytes a post may have that can bring a file: a form's, unless an administrator sends it."""
        visit = Visit(BoundedRequest(environ), self._premises)
        with suppress(StoreUnavailable):
            if visit.login is not None and visit.may(Permission.ADMINISTER):
                return LARGEST_UPLOAD
        return visit.request.largest_body

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; whatever happens, with a page."""
        visit = Visit(BoundedRequest(environ), self._premises)
        try:
            response = _busy_page(visit) if environ.get(IS_BUSY) else self._answer(visit)
        except StoreUnavailable:
            response = _failure_page(visit, 503)
            response.headers["Retry-After"] = "5"
        except Exception:
            incident = secrets.token_hex(4).upper()
            log.exception("incident %s: %s %r", incident, visit.request.method, visit.request.path)
            response = _failure_page(visit, 500, incident)
        finally:
            visit.request.close()  # a file that was uploaded
        _protect(response)
        return response(environ, start_response)

    def _answer(self, visit: Visit) -> Response:
        """Find the handler and let it answer; a refusal becomes its page."""
        try:
            if (visit.request.content_length or 0) > visit.request.largest_body:
                raise RequestEntityTooLarge
            route, arguments = ADDRESSES.bind("").match(visit.request.path, visit.request.method)
            visit.check_frame()
            handler = _admit(visit, route)
            with acting(visit.actor()):
                return handler(visit, **arguments)
        except HTTPException as refusal:
            if isinstance(refusal, Forbidden):
                _record_refusal(visit, RecordKind.NONE, _without_tokens(visit.request.path))
            return _refusal_page(visit, refusal)
        except RequestHidden as hidden:
            _record_refusal(visit, RecordKind.REQUEST, hidden.key)
            return request_page.show_hidden(visit, hidden)
        except NotFound:
            return _refusal_page(visit, PageNotFound())
        except ExecutionRefused as refusal:
            _record_refusal(visit, RecordKind.REQUEST, refusal.key)
            return _refusal_page(visit, Forbidden(), request_number=refusal.key)


def _record_refusal(visit: Visit, kind: RecordKind, record: object) -> None:
    """Have the audit know of what somebody who is logged in may not have."""
    if visit.login is not None:
        with acting(visit.actor()):
            visit.store.audit.note(AuditKind.ACCESS_REFUSED, kind, record)


def _without_tokens(path: str) -> str:
    """Return a path without the secret part of a call's address."""
    return "/".join("*" if len(part) >= _TOKEN_LENGTH else part for part in path.split("/"))


def _admit(visit: Visit, route: Route) -> Handler:
    """Return the handler when the visit may have it, else the one that asks to log in.

    Raises: WrongFormToken; Forbidden when the agent's role has not what the route needs.
    """
    if route.needs is None:
        if route.handler is access.log_out and visit.login is not None:
            visit.check_form_token()
        return route.handler
    if visit.login is None:
        return lambda visit, **_: visit.ask_to_log_in()
    if not visit.may(route.needs):
        raise Forbidden
    if visit.request.method == "POST":
        visit.check_form_token()
    if not visit.is_settled and route.handler not in _BEFORE_SETTLED:
        return _lead_to_password if visit.agent.must_change_password else _lead_to_second_factor
    if _is_use(visit):
        visit.extend_login()
    return route.handler


_BEFORE_SETTLED = (
    access.show_login_times,
    access.use_login,
    password.show_password,
    password.save_password,
    second_factor.show_second_factor,
    second_factor.change_second_factor,
)


def _lead_to_password(visit: Visit, **_: object) -> Response:
    return _lead_first_to(visit, OWN_PASSWORD)


def _lead_to_second_factor(visit: Visit, **_: object) -> Response:
    return _lead_first_to(visit, second_factor.PATH)


def _lead_first_to(visit: Visit, first: str) -> Response:
    page = visit.here if visit.request.method == "GET" else _page_of(visit)
    return visit.redirect(f"{first}?{urlencode({'para': page})}")


def _is_use(visit: Visit) -> bool:
    """Tell whether somebody clicked: a form was posted, or a page asked for in a browser that says so.

    What scripts post is no use of the log-in, and has its token in a header. Source: W3C Fetch Metadata.
    """
    if visit.request.method == "POST":
        return "form_token" in visit.request.form
    return visit.request.headers.get("Sec-Fetch-User") == "?1"


def _refusal_page(visit: Visit, refusal: HTTPException, request_number: object = None) -> Response:
    code = refusal.code or 400
    kept = resuming.keep_form(visit) if code == 401 or isinstance(refusal, WrongFormToken) else None
    page = "" if code == 413 else _page_of(visit)
    if code == 401 and "form_token" in visit.request.form and (kept is not None or not visit.typed_texts()):
        return access.ask_again(visit, page, kept)
    title = visit.gettext(_TITLES.get(code, _ANY_TITLE))
    advice = visit.gettext(_ADVICE.get(code, _ANY_ADVICE))
    if code == 413 and visit.request.path == administration.IMPORTING:
        advice = visit.gettext(_FILE_TOO_LARGE) % {"size": LARGEST_UPLOAD >> 20}
    elif isinstance(refusal, WrongFormToken):
        title = visit.gettext("Esta página ficou aberta por muito tempo")
        advice = visit.gettext("Nada foi gravado. Abra a página de novo e repita o que fez.")
        if kept is not None:
            advice = visit.gettext("Nada foi gravado. Volte ao formulário, confira o que digitou e envie de novo.")
    elif request_number is not None:
        advice = visit.gettext("Você não pode executar esta solicitação. Quem executa é o grupo executor dela.")
    response = visit.render(
        "error.html",
        code,
        title=title,
        advice=advice,
        incident="",
        typed=[] if code == 413 else visit.typed_texts(),
        kept=kept if visit.login else None,  # a button that leads back to the form needs a log-in's token
        back=f"/solicitacoes/{request_number}" if request_number is not None else "",
        page=page,
        is_outsider=visit.login is None,
        notice=None,
    )
    if isinstance(refusal, MethodNotAllowed) and refusal.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(refusal.valid_methods))
    return response


def _page_of(visit: Visit) -> str:
    """Return the page that a post belongs to: where its form leads back to, or its own address; "" for none."""
    if visit.request.method != "POST":
        return ""
    if "para" in visit.request.form:
        return visit.return_path()
    with suppress(HTTPException):
        ADDRESSES.bind("").match(visit.request.path, "GET")
        return visit.request.path
    return ""


def _busy_page(visit: Visit) -> Response:
    """Say, at little cost, that too many passwords wait to be checked."""
    response = _failure_page(visit, 503, advice=_TOO_MANY_LOGINS)
    response.headers["Retry-After"] = "5"
    return response


def _failure_page(visit: Visit, code: int, incident: str = "", advice: str = "") -> Response:
    visit.ask_no_more()
    return visit.render_alone(
        "error.html",
        code,
        title=visit.gettext(_TITLES[code]),
        advice=visit.gettext(advice or _ADVICE[code]),
        incident=incident,
        typed=visit.typed_texts() if code == 503 and not advice else [],
        kept=None,
        back="",
        page="",
        is_outsider=False,
    )


def _protect(response: Response) -> None:
    """Set the headers that every page has beside the server's; pages are never kept by a browser or a proxy."""
    response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
