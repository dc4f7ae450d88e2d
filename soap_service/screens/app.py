"""The agents' screens as a plain WSGI application. Knows the store and HTTP; nothing of SOAP or streams.

One URL map, one handler a screen, one place where what goes wrong becomes a page.
"""

import logging
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from werkzeug.exceptions import Forbidden, HTTPException, RequestEntityTooLarge
from werkzeug.exceptions import NotFound as PageNotFound
from werkzeug.wrappers import Response

from soap_service.asgi.wsgi_bridge import IS_BUSY
from soap_service.errors import ExecutionRefused, NotFound, RequestHidden, StoreUnavailable
from soap_service.rate_limit import OWN_LIMITS, Limits
from soap_service.rules.auditing import AuditKind, RecordKind, acting
from soap_service.rules.calls import Simulated
from soap_service.rules.login_limits import LoginLimits
from soap_service.rules.roles import Permission, Role
from soap_service.rules.single_sign_on import Provider
from soap_service.screens import access, password, second_factor
from soap_service.screens.assets import Assets
from soap_service.screens.bounded_request import LARGEST_UPLOAD, BoundedRequest
from soap_service.screens.pages import Pages
from soap_service.screens.premises import ImportFile, Premises, begun_sign_ons, recorded_refusals
from soap_service.screens.refusals import busy_page, failure_page, refusal_page
from soap_service.screens.requests import page as request_page
from soap_service.screens.routes import ADDRESSES, OWN_PASSWORD, TOKEN_LENGTH, Handler, Route, page_of
from soap_service.screens.visit import Visit
from soap_service.store import Store

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

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


class Screens:
    """The screens of the service desk on a store. Times are shown in `zone`; cookies are Secure when `is_https`.

    `simulate` announces a call as a platform does, `import_file` takes a file in: what is behind them the screens do
    not know. Visitors are limited where the `limits` are counted; the four before are those of `Premises`.
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
        limits: Limits = OWN_LIMITS,
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
            begun_sign_ons(limits),
            recorded_refusals(limits),
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
            response = busy_page(visit) if environ.get(IS_BUSY) else self._answer(visit)
        except StoreUnavailable:
            response = failure_page(visit, 503)
            response.headers["Retry-After"] = "5"
        except Exception:
            incident = secrets.token_hex(4).upper()
            log.exception("incident %s: %s %r", incident, visit.request.method, visit.request.path)
            response = failure_page(visit, 500, incident)
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
            return refusal_page(visit, refusal)
        except RequestHidden as hidden:
            _record_refusal(visit, RecordKind.REQUEST, hidden.key)
            return request_page.show_hidden(visit, hidden)
        except NotFound:
            return refusal_page(visit, PageNotFound())
        except ExecutionRefused as refusal:
            _record_refusal(visit, RecordKind.REQUEST, refusal.key)
            return refusal_page(visit, Forbidden(), request_number=refusal.key)


def _record_refusal(visit: Visit, kind: RecordKind, record: object) -> None:
    """Have the audit know of what somebody who is logged in may not have."""
    if visit.login is not None:
        with acting(visit.actor()):
            visit.store.audit.note(AuditKind.ACCESS_REFUSED, kind, record)


def _without_tokens(path: str) -> str:
    """Return a path without the secret part of a call's address."""
    return "/".join("*" if len(part) >= TOKEN_LENGTH else part for part in path.split("/"))


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
    page = visit.here if visit.request.method == "GET" else page_of(visit)
    return visit.redirect(f"{first}?{urlencode({'para': page})}")


def _is_use(visit: Visit) -> bool:
    """Tell whether somebody clicked: a form was posted, or a page asked for in a browser that says so.

    What scripts post is no use of the log-in, and has its token in a header. Source: W3C Fetch Metadata.
    """
    if visit.request.method == "POST":
        return "form_token" in visit.request.form
    return visit.request.headers.get("Sec-Fetch-User") == "?1"


def _protect(response: Response) -> None:
    """Set the headers that every page has beside the server's; pages are never kept by a browser or a proxy."""
    response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
