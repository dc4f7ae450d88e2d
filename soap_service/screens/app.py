"""The HTML door: the agents' screens as a plain WSGI application. Knows the store and HTTP; nothing of SOAP or streams.

One URL map, one handler a screen, one place where what goes wrong becomes a page.
"""

import logging
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from werkzeug.exceptions import Forbidden, HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.exceptions import NotFound as PageNotFound
from werkzeug.routing import BaseConverter, IntegerConverter, Map, Rule
from werkzeug.wrappers import Response

from soap_service.asgi.wsgi_bridge import IS_BUSY
from soap_service.errors import ExecutionRefused, NotFound, StoreUnavailable
from soap_service.rules.calls import Simulated
from soap_service.rules.login_limits import LoginLimits
from soap_service.rules.numbers import HIGHEST_NUMBER
from soap_service.screens import access, administration, endpoint, panel, preferences
from soap_service.screens.assets import Assets
from soap_service.screens.calls import call, call_list, diagnosis, extension
from soap_service.screens.language import N_
from soap_service.screens.pages import Pages
from soap_service.screens.requests import execution, reclassification, registration, resuming, search, worklist
from soap_service.screens.requests import page as request_page
from soap_service.screens.visit import BoundedRequest, Premises, Visit, WrongFormToken
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
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)


class _NumberConverter(IntegerConverter):
    """A request's number: no zeros in front, and none that a database could not hold."""

    regex = "[1-9][0-9]{0,9}"

    def __init__(self, map: Map) -> None:  # noqa: A002 - Werkzeug's name
        super().__init__(map, max=HIGHEST_NUMBER)


class _TokenConverter(BaseConverter):
    """A call's token, as `secrets.token_urlsafe(32)` makes them."""

    regex = "[0-9A-Za-z_-]{43}"


def _serve_asset(visit: Visit, path: str) -> Response:
    return visit.premises.assets.serve(visit.request, path)


def _page(path: str, show: Handler, post: Handler | None = None) -> list[Rule]:
    """Return the rules of a page: what shows it and, where it can be posted to, what takes the post."""
    rules = [Rule(path, methods=["GET"], endpoint=show)]
    return rules if post is None else [*rules, Rule(path, methods=["POST"], endpoint=post)]


#: Every address of the screens and what answers it.
ADDRESSES = Map(
    [
        *_page("/entrar", access.show_login, access.log_in),
        Rule("/sair", methods=["POST"], endpoint=access.log_out),
        *_page("/sessao", access.show_login_times, access.use_login),
        *_page("/", call.show_home),
        *_page("/soap", endpoint.show_endpoint),
        Rule("/entrar/idioma", methods=["POST"], endpoint=preferences.choose_before_login),
        *_page("/painel", panel.show_panel),
        *_page("/preferencias", preferences.show_preferences, preferences.save_preferences),
        *_page("/ramal", extension.show_extension, extension.save_extension),
        Rule("/ramal/pausa", methods=["POST"], endpoint=extension.save_pause),
        *_page("/chamadas", call_list.list_calls),
        *_page("/chamadas/<token:token>", call.show_call, call.answer_call),
        *_page("/chamadas/<token:token>/janela", call.show_popup),
        Rule("/chamadas/<token:token>/vista", methods=["POST"], endpoint=call.mark_seen),
        *_page("/diagnostico", diagnosis.show_diagnosis, diagnosis.simulate_call),
        *_page("/solicitacoes", worklist.show_list, search.search),
        *_page("/solicitacoes/nova", registration.start_request, registration.register_request),
        *_page("/solicitacoes/<number:number>", request_page.show_request),
        *_page("/solicitacoes/<number:number>/executar", execution.show_execution, execution.execute_request),
        *_page(
            "/solicitacoes/<number:number>/reclassificar",
            reclassification.show_classification,
            reclassification.reclassify_request,
        ),
        *(rule for page in administration.PAGES for rule in _page(*page)),
        *_page("/static/<path:path>", _serve_asset),
    ],
    converters={"number": _NumberConverter, "token": _TokenConverter},
    merge_slashes=False,  # no redirect that would repeat what a client says
)
#: Handlers that need no log-in; the forms of the log-in page bring a token of their own.
_OPEN = (
    access.show_login,
    access.log_in,
    access.log_out,
    preferences.choose_before_login,
    endpoint.show_endpoint,
    _serve_asset,
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
_TOO_MANY_LOGINS = N_("Muitas pessoas estão entrando ao mesmo tempo. Aguarde alguns segundos e tente de novo.")
_ANY_TITLE, _ANY_ADVICE = N_("O pedido não pôde ser atendido"), N_("Volte ao início e tente de novo.")


class Screens:
    """The screens of the service desk on a store. Times are shown in `zone`; cookies are Secure when `is_https`.

    `simulate` announces a call as a platform does: what is behind it the screens do not know.
    """

    def __init__(
        self,
        store: Store,
        zone: ZoneInfo,
        login_limits: LoginLimits,
        is_https: bool,
        simulate: Callable[[str, str, str], Simulated] | None = None,
        endpoint_url: str = "",
    ) -> None:
        assets = Assets()
        self._premises = Premises(store, Pages(zone, assets), assets, login_limits, is_https, simulate, endpoint_url)

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
        _protect(response)
        return response(environ, start_response)

    def _answer(self, visit: Visit) -> Response:
        """Find the handler and let it answer; a refusal becomes its page."""
        try:
            if (visit.request.content_length or 0) > BoundedRequest.max_content_length:
                raise RequestEntityTooLarge
            handler, arguments = ADDRESSES.bind("").match(visit.request.path, visit.request.method)
            return _admit(visit, handler)(visit, **arguments)
        except HTTPException as refusal:
            return _refusal_page(visit, refusal)
        except NotFound:
            return _refusal_page(visit, PageNotFound())
        except ExecutionRefused as refusal:
            return _refusal_page(visit, Forbidden(), request_number=refusal.key)


def _admit(visit: Visit, handler: Handler) -> Handler:
    """Return the handler when the visit may have it, else the one that asks to log in; raises WrongFormToken."""
    if handler in _OPEN:
        if handler is access.log_out and visit.login is not None:
            visit.check_form_token()
        return handler
    if visit.login is None:
        return lambda visit, **_: visit.ask_to_log_in()
    if visit.request.path.startswith(administration.ROOT) and not visit.agent.is_admin:
        raise Forbidden
    if visit.request.method == "POST":
        visit.check_form_token()
    if _is_use(visit):
        visit.extend_login()
    return handler


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
    if isinstance(refusal, WrongFormToken):
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
        kept=kept,
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
    """Set the headers that every answer has; pages are never kept by a browser or a proxy."""
    response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
